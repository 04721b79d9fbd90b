//! Pages that name something in the tree must stay true: the tests of `docs/security.md`, the
//! crates of `THIRD-PARTY-LICENSES.md`, the code of `docs/examples.md`, and the version in
//! `META.json`. No text of the extension opens a table.

use pgrx_embed::dirs::checkout;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Kinds of tests: for a test named `KIND/FILE: NAME`, the directory and extension of its file, and
/// the beginning of its line.
const KINDS: [(&str, &str, &str, &str); 7] = [
    ("wire", "tests/wire/tests", "rs", "fn "),
    ("token", "token/tests", "rs", "fn "),
    ("policy", "policy/tests", "rs", "fn "),
    ("lint", "policy/src/lint", "rs", "fn "),
    ("pgtest", "src", "rs", "fn "),
    ("regress", "tests/regress/sql", "sql", "--"),
    ("isolation", "tests/isolation/specs", "spec", "#"),
];

fn read(path: &str) -> String {
    fs::read_to_string(checkout().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text between single backticks.
fn code(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Returns true if the tree has `KIND/FILE: NAME`; `None` if the text is not such a name.
fn exists(name: &str) -> Option<bool> {
    let (place, test) = name.split_once(": ")?;
    let (kind, file) = place.split_once('/')?;
    let Some((_, dir, extension, mark)) = KINDS.iter().find(|of| of.0 == kind) else {
        return Some(false);
    };
    let Ok(text) = fs::read_to_string(checkout().join(format!("{dir}/{file}.{extension}"))) else {
        return Some(false);
    };
    Some(text.lines().map(str::trim_start).any(|line| {
        let Some(rest) = line.strip_prefix(mark) else {
            return false;
        };
        match *mark {
            "fn " => rest
                .strip_prefix(test)
                .is_some_and(|end| end.starts_with('(')),
            _ => rest.contains(test),
        }
    }))
}

#[test]
fn every_page_has_a_title_and_more() {
    for page in fs::read_dir(checkout().join("docs")).unwrap() {
        let path = page.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let is_page = text.starts_with("# ") && text.lines().count() > 10;
        assert!(is_page, "{} is no page", path.display());
    }
}

#[test]
fn every_test_that_the_security_page_names_exists() {
    let page = read("docs/security.md");
    let named: Vec<_> = page
        .lines()
        .flat_map(code)
        .filter_map(|name| Some((name, exists(name)?)))
        .collect();
    assert!(named.len() > 100, "only {} tests are named", named.len());
    let missing: Vec<_> = named.iter().filter(|(_, there)| !there).collect();
    assert!(missing.is_empty(), "not in the tree: {missing:#?}");
}

#[test]
fn every_row_of_the_security_page_names_a_test_or_says_that_there_is_none() {
    let page = read("docs/security.md");
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.ends_with("| test |"));
    let silent: Vec<_> = rows
        .filter(|row| {
            let last = row
                .trim_end_matches(" |")
                .rsplit(" | ")
                .next()
                .unwrap_or("");
            !code(last).any(|name| exists(name).is_some()) && !last.starts_with("none")
        })
        .collect();
    assert!(silent.is_empty(), "rows without a test: {silent:#?}");
}

#[test]
fn nothing_on_the_security_page_is_pending() {
    let page = read("docs/security.md");
    let pending: Vec<_> = page
        .lines()
        .filter(|line| line.contains("PENDING"))
        .collect();
    assert!(pending.is_empty(), "{pending:#?}");
}

#[test]
fn the_page_of_examples_shows_what_their_files_have() {
    let page = read("docs/examples.md");
    let parts: Vec<_> = page.split("```").collect();
    let mut shown = BTreeSet::new();
    // Each block follows a link to its file.
    for pair in parts.chunks_exact(2) {
        let (_, link) = pair[0].rsplit_once("](../").expect("a link");
        let (file, _) = link.split_once(')').expect("the link ends");
        let (_, code) = pair[1].split_once('\n').expect("a language");
        assert!(read(file).contains(code), "{file} does not have:\n{code}");
        let mut names = file.split('/').skip(1);
        shown.insert(names.next().expect("a directory").to_owned());
    }
    let directories: BTreeSet<_> = fs::read_dir(checkout().join("examples"))
        .expect("the examples are there")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("a name in UTF-8"))
        .collect();
    assert_eq!(shown, directories);
    for name in directories {
        let length = read(&format!("examples/{name}/README.md")).lines().count();
        assert!(length <= 40, "the README of {name} has {length} lines");
    }
}

#[test]
fn the_version_is_the_same_everywhere() {
    let meta: serde_json::Value =
        serde_json::from_str(&read("META.json")).expect("META.json is JSON");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(meta["version"], version);
    assert_eq!(meta["provides"]["authguard"]["version"], version);
    // The names of files and images, such as `authguard-0.1.0.zip` and `authguard-cli_0.1.0.deb`.
    for (page, least) in [("docs/installing.md", 8), ("README.md", 1)] {
        let page = read(page);
        let named: Vec<_> = page
            .split("authguard")
            .map(|after| after.strip_prefix("-cli").unwrap_or(after))
            .filter_map(|after| after.strip_prefix(['-', '_', ':']))
            .filter(|after| after.starts_with(|first: char| first.is_ascii_digit()))
            .collect();
        assert!(named.len() >= least, "only {} names", named.len());
        for name in named {
            assert!(name.starts_with(version), "{name:.20}");
        }
    }
}

#[test]
fn the_metadata_leads_to_the_repository() {
    let meta: serde_json::Value =
        serde_json::from_str(&read("META.json")).expect("META.json is JSON");
    let (repository, resources) = (env!("CARGO_PKG_REPOSITORY"), &meta["resources"]);
    assert_eq!(resources["homepage"], repository);
    assert_eq!(resources["repository"]["web"], repository);
    assert_eq!(resources["repository"]["url"], format!("{repository}.git"));
    assert_eq!(
        resources["bugtracker"]["web"],
        format!("{repository}/issues")
    );
    for file in ["file", "docfile"] {
        let path = meta["provides"]["authguard"][file].as_str().unwrap();
        assert!(checkout().join(path).is_file(), "{path}");
    }
}

#[test]
fn the_licences_are_those_of_the_crates_that_are_linked() {
    compare_licences("authguard", "THIRD-PARTY-LICENSES.md");
    compare_licences("authguard-cli", "cli/THIRD-PARTY-LICENSES.md");
}

fn compare_licences(package: &str, page: &str) {
    let tree = Command::new(env!("CARGO"))
        .current_dir(checkout())
        .args(["tree", "--locked", "--package", package])
        .args(["--edges", "normal,no-proc-macro"])
        .args(["--target", "x86_64-unknown-linux-gnu"])
        .args(["--prefix", "none", "--format", "| {p} | {l} |"])
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "{tree:?}");
    let linked: BTreeSet<_> = String::from_utf8(tree.stdout)
        .expect("cargo writes UTF-8")
        .lines()
        .filter(|line| !line.starts_with("| authguard"))
        .map(|line| line.replace(" v", " | ").replace(" (*)", ""))
        .collect();
    let listed: BTreeSet<_> = read(page)
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| crate"))
        .map(str::to_owned)
        .collect();
    let differences: Vec<_> = linked.symmetric_difference(&listed).collect();
    assert!(
        !listed.is_empty() && differences.is_empty(),
        "{page}: {differences:#?}"
    );
}

/// The files below a directory with this extension, with their text.
fn texts(dir: &Path, extension: &str) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => texts(&path, extension),
            false if path.extension().is_some_and(|of| of == extension) => {
                let text = fs::read_to_string(&path).unwrap();
                vec![(path, text)]
            }
            false => vec![],
        })
        .collect()
}

/// psql takes variables (`:'name'`), and no parameters.
#[test]
fn no_block_of_sql_on_a_page_has_a_parameter() {
    let readme = (checkout().join("README.md"), read("README.md"));
    let pages = [texts(&checkout().join("docs"), "md"), vec![readme]].concat();
    let mut blocks = 0;
    for (path, text) in pages {
        for block in text.split("\n```sql\n").skip(1) {
            let (block, _) = block.split_once("\n```").expect("the block ends");
            // The body of a function may name the function's own parameters.
            let outside: String = block.split("$$").step_by(2).collect();
            let mut after_dollars = outside.split('$').skip(1);
            let has_parameter =
                after_dollars.any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            assert!(!has_parameter, "{}: {block}", path.display());
            blocks += 1;
        }
    }
    assert!(blocks > 30, "only {blocks} blocks");
}

/// The anchor that a heading gets: lower case, without punctuation, hyphens for spaces.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().replace(' ', "-")
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let mut pages = texts(&checkout().join("docs"), "md");
    for name in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "RELEASING.md",
    ] {
        pages.push((checkout().join(name), read(name)));
    }
    let mut broken = Vec::new();
    for (path, text) in &pages {
        for rest in text.split("](").skip(1) {
            let Some((link, _)) = rest.split_once(')') else {
                continue;
            };
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().expect("a directory").join(file),
            };
            let has_heading = || {
                let page = fs::read_to_string(&target).unwrap_or_default();
                let mut headings = page.lines().filter(|line| line.starts_with('#'));
                headings.any(|heading| anchor(heading) == fragment)
            };
            if !target.exists() || !fragment.is_empty() && !has_heading() {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Whoever pastes a hint, or a line of a comment, must not let anybody in by it.
#[test]
fn no_hint_and_no_comment_of_the_extension_opens_a_table() {
    const OPENS: [&str; 6] = [
        "using (true)",
        "check (true)",
        "disable row level security",
        "no force row level security",
        "%i bypassrls",
        "%i superuser",
    ];
    let (sql, rust) = (checkout().join("sql"), checkout().join("src"));
    let files = [texts(&sql, "sql"), texts(&rust, "rs")].concat();
    assert!(files.len() > 100, "only {} files", files.len());
    for (path, text) in files {
        // A text that goes on in the next line is one text.
        let text = text
            .to_lowercase()
            .replace("'\n", "\n")
            .replace("\\\n", "\n");
        let words: Vec<&str> = text
            .split_whitespace()
            .filter(|word| *word != "'")
            .collect();
        let text = words.join(" ").replace(" '", " ");
        for opens in OPENS {
            assert!(!text.contains(opens), "{}: {opens}", path.display());
        }
    }
}
