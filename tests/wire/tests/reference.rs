//! The pages of `docs/reference` say what the running extension says.

use authguard_wire::*;
use pgrx_embed::cluster::Config;
use pgrx_embed::reference;
use std::fs;

#[test]
fn the_reference_is_that_of_the_running_extension() {
    let cluster = server(Config::default());
    for page in reference::pages(&mut admin(&cluster)).expect("every name has its place") {
        let written = fs::read_to_string(&page.path).expect("the page is there");
        let (path, accept) = (page.path.display(), "cargo embed reference");
        assert!(
            written == page.text,
            "{path} differs: {accept} writes it anew"
        );
    }
}
