//! pgrls, a linter for policies, with the configuration of the pages.

use authguard_wire::script::installed;
use authguard_wire::transcript::{self, Reader};
use pgrx_embed::cluster::Cluster;
use pgrx_embed::{clients, dirs};
use std::path::Path;
use std::process::Command;

/// What pgrls says about the database, from its last line.
fn lint(cluster: &Cluster, packages: &Path, options: &[&str]) -> (String, String) {
    let mut python = Command::new("python3");
    python
        .env("PYTHONPATH", packages)
        .args(["-m", "pgrls", "lint"])
        .args(["--database-url", &cluster.uri("postgres", "app")])
        .args(options);
    let output = python.output().expect("Python runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let last = said.trim_end().lines().last().unwrap_or_default();
    (last.to_owned(), said)
}

#[test]
fn the_configuration_for_pgrls_leaves_no_error_and_the_warning_that_is_right() {
    let Some(packages) = installed(clients::pgrls()) else {
        return;
    };
    let cluster = transcript::server("app");
    let mut reader = Reader::new(&cluster, "app".to_owned());
    assert_eq!(reader.run("\\i setup.sql").trim(), "");
    let (last, said) = lint(&cluster, &packages, &[]);
    assert!(
        last.contains("1 error") && said.contains("authguard"),
        "without the configuration: {said}"
    );
    let file = dirs::checkout().join("docs/examples/pgrls.toml");
    let file = file.to_str().expect("a name in UTF-8");
    let (last, said) = lint(&cluster, &packages, &["--config", file]);
    assert_eq!(last, "pgrls: 1 warning, 1 info.", "{said}");
    assert!(said.contains("PERF003"), "{said}");
    reader.run("create index note_owner on note (owner);");
    let (last, said) = lint(&cluster, &packages, &["--config", file]);
    assert_eq!(last, "pgrls: 1 info.", "{said}");
}
