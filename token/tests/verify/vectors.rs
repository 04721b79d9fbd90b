//! Where the published vectors are. They are no part of the repository.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of the vectors.
const SETTING: &str = "AUTHGUARD_VECTORS";
/// Where it is without the setting, seen from the repository's root.
const DEFAULT: &str = "../shared/vectors";

/// The JSON of one file; `None`, and a line that says so, where there is no folder.
pub fn load(file: &str) -> Option<Value> {
    let path = folder()?.join(file);
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap())
}

pub fn folder() -> Option<PathBuf> {
    if let Some(set) = std::env::var_os(SETTING) {
        let set = PathBuf::from(set);
        assert!(set.is_dir(), "{SETTING} names no folder: {}", set.display());
        return Some(set);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = root.join(DEFAULT);
    if folder.is_dir() {
        return Some(folder);
    }
    // Past the capture of the test's output: a test that did not run must not look like one that
    // did.
    let test = std::thread::current();
    let test = test.name().unwrap_or_default();
    let line = format!("skipped: {test}: no vectors in {DEFAULT}; set {SETTING} to their folder\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}
