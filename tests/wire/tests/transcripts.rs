//! Pages that are sessions of psql, from their first block to their last.

use authguard_wire::transcript;
use pgrx_embed::dirs;

fn run(page: &str) {
    let path = dirs::checkout().join("docs").join(page);
    transcript::run(&std::fs::read_to_string(path).expect("the page is there"));
}

#[test]
fn the_page_on_sub_selects_has_both_plans_and_both_cursors() {
    run("initplan.md");
}
