//! The rooms of `src/`: the imports that each room may have, and the places that may use `unsafe`.

use pgrx_embed::dirs::checkout;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms. Each may import only rooms that stand before it.
const ROOMS: [&str; 14] = [
    "error",
    "pg",
    "settings",
    "schema",
    "invalidation",
    "request",
    "attached",
    "revocation",
    "keys",
    "claims",
    "access",
    "session",
    "policies",
    "entry",
];

/// The files that say `allow(unsafe_code)`: one for a whole room, one for the expansion of a macro.
const UNSAFE: [&str; 2] = ["pg/call.rs", "pg/mod.rs"];

/// The sources of the library, by their path below `src/`, in lines of code.
fn sources() -> Vec<(PathBuf, String)> {
    let src = checkout().join("src");
    let mut left = vec![src.clone()];
    let mut sources = Vec::new();
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).expect("a folder of src/") {
            let path = entry.expect("an entry of it").path();
            if path.is_dir() {
                left.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source");
            let code: Vec<_> = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            let path = path.strip_prefix(&src).expect("a path below src/");
            sources.push((path.to_owned(), code.join("\n")));
        }
    }
    sources
}

/// The names that follow `prefix`, even in a list of several (`crate::{a, b::{c, d}}`).
fn imported<'s>(code: &'s str, prefix: &str) -> BTreeSet<&'s str> {
    let name = |text: &'s str| {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        &text[..end.unwrap_or(text.len())]
    };
    let mut names = BTreeSet::new();
    for import in code.split(prefix).skip(1) {
        let Some(list) = import.strip_prefix('{') else {
            names.insert(name(import));
            continue;
        };
        let mut depth = 0;
        for part in list.split_inclusive(['{', '}', ',']) {
            if depth == 0 {
                names.insert(name(part.trim_start()));
            }
            depth += i32::from(part.ends_with('{')) - i32::from(part.ends_with('}'));
            if depth < 0 {
                break;
            }
        }
    }
    names.remove("");
    names
}

fn room(path: &Path) -> String {
    let first = path.iter().next().expect("a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn a_room_imports_only_rooms_before_it() {
    let place = |room: &str| ROOMS.iter().position(|it| *it == room);
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let own = room(&path);
        if matches!(own.as_str(), "lib" | "tests") {
            continue;
        }
        let own = place(&own).unwrap_or_else(|| panic!("{} is in no room", path.display()));
        let mut names = imported(&code, "crate::");
        names.extend(
            imported(&code, "super::super::")
                .iter()
                .filter(|_| path.iter().count() == 2),
        );
        for name in names {
            if place(name).is_none_or(|other| other > own) {
                wrong.push(format!("{} imports {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn unsafe_is_allowed_where_the_bindings_are() {
    let allowed: BTreeSet<_> = sources()
        .into_iter()
        .filter(|(_, code)| code.contains("allow(unsafe_code)"))
        .map(|(path, _)| path.to_string_lossy().into_owned())
        .collect();
    assert_eq!(allowed, UNSAFE.map(str::to_owned).into());
}

#[test]
fn no_two_files_of_a_room_import_each_other() {
    let stem = |path: &Path| {
        path.file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    let sources = sources();
    let imports = |(path, code): &(PathBuf, String), other: &Path| {
        path.parent() == other.parent() && imported(code, "super::").contains(&*stem(other))
    };
    let mut two_way = BTreeSet::new();
    for one in sources.iter().filter(|(path, _)| path.iter().count() > 1) {
        for other in sources.iter().filter(|(path, _)| *path < one.0) {
            if imports(one, &other.0) && imports(other, &one.0) {
                two_way.insert(format!("{} and {}", other.0.display(), one.0.display()));
            }
        }
    }
    assert!(two_way.is_empty(), "{two_way:#?}");
}

#[test]
fn sql_calls_functions_of_pgrx_with_room_for_an_error() {
    let sql = fs::read_to_string(checkout().join(concat!(
        "tests/schema/authguard--",
        env!("CARGO_PKG_VERSION"),
        ".sql"
    )));
    let sql = sql.expect("the snapshot");
    let bare: Vec<_> = sql
        .lines()
        .filter(|line| line.contains("MODULE_PATHNAME") && line.contains("_wrapper'"))
        .collect();
    assert!(
        bare.is_empty(),
        "name them in src/entry/functions.rs: {bare:#?}"
    );
}

/// The functions that Postgres calls and that have no guard: none of them raises or catches an
/// error.
const UNGUARDED: [&str; 6] = [
    "pg/denials.rs: at_error",
    "pg/executor.rs: finish",
    "pg/executor.rs: run",
    "pg/planner.rs: plan",
    "pg/planner.rs: planning",
    "pg/shortage.rs: at_error",
];

/// pgrx copies an error that it catches. Without room for that copy the server goes down, so every
/// function that Postgres calls has a guard of `src/pg`, which has room.
#[test]
fn every_function_that_postgres_calls_has_room_for_an_error() {
    const GUARDS: [&str; 3] = ["guarded(", "guarded_hook(", "without_failing("];
    let mut unguarded = BTreeSet::new();
    for (path, code) in sources() {
        let path = path.to_string_lossy();
        for of_pgrx in ["pg_guard]", "pgrx_extern_c_guard"] {
            let is_guard = &*path == "pg/call.rs" && of_pgrx == "pgrx_extern_c_guard";
            let uses = code.contains(of_pgrx);
            assert!(is_guard || !uses, "{path}: {of_pgrx} has no room");
        }
        // The macros there call what the sources with the bodies guard.
        if path == "pg/call.rs" {
            continue;
        }
        for function in code.split("unsafe extern \"C-unwind\" fn ").skip(1) {
            let name = function.split(['(', '<']).next().expect("a name");
            let end = function.find("\n}").unwrap_or(function.len());
            let body = &function[..end];
            if !name.is_empty() && !GUARDS.iter().any(|guard| body.contains(guard)) {
                unguarded.insert(format!("{path}: {name}"));
            }
        }
    }
    assert_eq!(unguarded, UNGUARDED.map(str::to_owned).into());
}

#[test]
fn every_function_of_pgrx_is_called_with_room_for_an_error() {
    let sources = sources();
    let mut declared = BTreeSet::new();
    for (_, code) in &sources {
        for function in code.split("pg_extern(").skip(1) {
            let name = function.split("fn ").nth(1).expect("a function");
            declared.insert(name.split(['(', '<']).next().expect("a name"));
        }
    }
    let is_list = |(path, _): &&(PathBuf, String)| path.ends_with("entry/functions.rs");
    let (_, code) = sources.iter().find(is_list).expect("the list");
    let (_, list) = code.split_once("functions_with_room! {").expect("the list");
    let named: BTreeSet<_> = list
        .split([',', '}'])
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(declared, named);
}

/// `src/pg/crypto.rs` tells one copy of it where to allocate.
#[test]
fn the_cryptographic_library_is_linked_once() {
    let lock = fs::read_to_string(checkout().join("Cargo.lock")).expect("the lock file");
    let copies = lock.matches("name = \"aws-lc-sys\"").count();
    assert_eq!(copies, 1, "Cargo.toml names the copy that aws-lc-rs uses");
}
