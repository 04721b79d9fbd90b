//! The examples of `docs/lint.md`: each shows the mistake that its rule finds, and how it is
//! mended.

use authguard_policy::{facts::Facts, lint};
use authguard_wire::page::{self, Page};
use authguard_wire::policies::Session;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::postgres::Install;

#[test]
fn each_example_of_the_page_about_lint_has_the_finding_that_it_is_about() {
    let without_example = [
        "attached_table",
        "foreign_table",
        "issuer_without_audience",
        "not_judged",
        "own_table",
        "renamed_schema",
        "replaced_reader",
        "restored_database",
        "setting",
        "subscription_as_client",
        "subscription_stopped",
    ];
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    let cluster = Cluster::create(&install, Config::default()).expect("the server starts");
    page::database(&cluster, "app");
    let page = Page::read("lint.md");
    page::run(&cluster, "app", "\\i setup.sql");
    let mut wrong = Vec::new();
    for rule in lint::rules::ALL {
        let blocks = page.of_anchor(rule.name, "sql");
        assert_eq!(
            blocks.is_empty(),
            without_example.contains(&rule.name),
            "{}",
            rule.name
        );
        // The first shows the mistake, the next one how it is mended.
        for (block, is_found) in blocks.iter().zip([true, false]) {
            let mut session = Session::begin(cluster.connect("postgres", "app").unwrap());
            session.run(block);
            let facts = Facts::read(&mut session).expect("the facts are read");
            let findings = lint::lint(&facts, &lint::Options::default()).expect("no option");
            let own = findings.iter().find(|finding| finding.rule == rule.name);
            if own.is_some() != is_found {
                wrong.push(format!("{}: {is_found} expected in\n{block}", rule.name));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
