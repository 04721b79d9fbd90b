//! Released scripts stay as they were released, and every release can be updated.

use pgrx_embed::dirs::checkout;
use pgrx_embed::released::Scripts;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const HEAD: &str = env!("CARGO_PKG_VERSION");
const UPDATE: &str = "\\echo Use \"alter extension authguard update\" to load this file. \\quit
select authguard.close_grants(keep_doors => true);
";

#[test]
fn no_released_script_has_changed_and_every_release_can_be_updated() {
    let problems = Scripts::new(checkout(), HEAD).problems().unwrap();
    assert!(problems.is_empty(), "{problems:#?}");
}

/// A checkout of version 0.3.0, with the releases 0.1.0 and 0.2.0. It is removed when dropped.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str) -> Self {
        let tree = Self(std::env::temp_dir().join(format!("embed-{name}-{}", std::process::id())));
        for dir in ["tests/schema", "sql/install"] {
            fs::create_dir_all(tree.0.join(dir)).unwrap();
        }
        for version in ["0.1.0", "0.2.0", "0.3.0"] {
            tree.write(
                &format!("tests/schema/authguard--{version}.sql"),
                "select 1;\n",
            );
        }
        for update in ["0.1.0--0.2.0", "0.2.0--0.3.0"] {
            tree.write(&format!("sql/authguard--{update}.sql"), UPDATE);
        }
        tree.release(
            "authguard--0.1.0.sql ../../sql/authguard--0.1.0--0.2.0.sql authguard--0.2.0.sql",
        );
        tree
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.0.join(path), text).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.0.join(path)).unwrap();
    }

    /// Writes the list as RELEASING.md does.
    fn release(&self, scripts: &str) {
        let sums = Command::new("sha256sum")
            .args(scripts.split(' '))
            .current_dir(self.0.join("tests/schema"))
            .output()
            .unwrap();
        assert!(sums.status.success());
        self.write(
            "tests/schema/released.sha256",
            &String::from_utf8(sums.stdout).unwrap(),
        );
    }

    fn problems(&self) -> Vec<String> {
        self.problems_of("0.3.0")
    }

    fn problems_of(&self, head: &str) -> Vec<String> {
        Scripts::new(Path::new(&self.0), head).problems().unwrap()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_released_script_that_changes_or_is_gone_is_named() {
    let tree = Tree::new("frozen");
    assert_eq!(tree.problems(), [""; 0]);
    assert_eq!(
        Scripts::new(&tree.0, "0.3.0").earlier().unwrap(),
        ["0.1.0", "0.2.0"]
    );
    tree.write("tests/schema/authguard--0.1.0.sql", "select 2;\n");
    assert_eq!(
        tree.problems(),
        ["authguard--0.1.0.sql has changed since its release"]
    );
    tree.write("tests/schema/authguard--0.1.0.sql", "select 1;\n");
    tree.write(
        "sql/authguard--0.1.0--0.2.0.sql",
        &UPDATE.replace("\nselect", "\n-- Better.\nselect"),
    );
    assert_eq!(
        tree.problems(),
        ["../../sql/authguard--0.1.0--0.2.0.sql has changed since its release"]
    );
    tree.remove("sql/authguard--0.1.0--0.2.0.sql");
    let problems = tree.problems();
    assert!(problems[0].starts_with("../../sql/authguard--0.1.0--0.2.0.sql is gone"));
    assert_eq!(problems[1..], ["no update leads from 0.1.0 to 0.3.0"]);
}

#[test]
fn the_snapshot_of_a_release_is_not_written_anew() {
    let tree = Tree::new("accept");
    let scripts = Scripts::new(&tree.0, "0.3.0");
    assert!(scripts.require_unreleased("0.2.0").is_err());
    assert!(scripts.require_unreleased("0.3.0").is_ok());
}

#[test]
fn a_script_that_was_released_without_its_hash_is_named() {
    let tree = Tree::new("list");
    tree.release("authguard--0.1.0.sql");
    assert_eq!(
        tree.problems(),
        [
            "authguard--0.2.0.sql is of another version, and not in released.sha256",
            "authguard--0.1.0--0.2.0.sql leads to a release, and is not in released.sha256",
        ]
    );
}

#[test]
fn a_release_that_cannot_be_updated_is_named() {
    let tree = Tree::new("path");
    tree.remove("sql/authguard--0.2.0--0.3.0.sql");
    assert_eq!(
        tree.problems(),
        [
            "no update leads from 0.1.0 to 0.3.0",
            "no update leads from 0.2.0 to 0.3.0",
        ]
    );
    assert_eq!(
        tree.problems_of("0.1.9")[1..],
        [
            "no update leads from 0.1.0 to 0.1.9",
            "0.2.0 is released: 0.1.9 is older",
        ]
    );
}

#[test]
fn an_update_script_without_its_first_or_last_statement_is_named() {
    let tree = Tree::new("form");
    tree.write("sql/authguard--0.2.0--0.3.0.sql", "select 1;\n");
    let problems = tree.problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("authguard--0.2.0--0.3.0.sql does not begin with: \\echo"));
    assert!(problems[1].starts_with("authguard--0.2.0--0.3.0.sql does not end with: select"));
}
