//! The form of text that rustfmt does not check: the width of comments, and the style of SQL.

use crate::dirs;
use crate::error::{Context, Result};
use crate::suites::Tally;
use std::fs;
use std::path::{Path, PathBuf};

/// The maximum number of columns of a comment, and of a line in [`SQL`].
const WIDTH: usize = 100;

/// The directories whose comments are checked, in Rust and SQL.
const COMMENTED: [&str; 7] = [
    "src",
    "token",
    "policy",
    "cli",
    "sql",
    "pgrx-embed",
    "tests/wire",
];

/// The directory of the SQL that makes the extension.
const SQL: [&str; 1] = ["sql"];

/// A file, split into lines.
struct File {
    path: PathBuf,
    lines: Vec<Line>,
    ends_with_newline: bool,
}

/// A line, with its parts in its language.
struct Line {
    text: String,
    has_comment: bool,
    /// The code of a line of SQL, without strings, comments and quoted names.
    code: String,
}

/// Runs the rules. Each rule is one check, which names every line that breaks it.
pub fn check() -> Result<Tally> {
    let commented = read(&COMMENTED, &["rs", "sql"])?;
    let sql = read(&SQL, &["sql"])?;
    Ok(judge(
        &format!("comments over {WIDTH} columns"),
        &commented,
        |line| line.has_comment && is_wide(line),
    ) + judge(&format!("SQL over {WIDTH} columns"), &sql, is_wide)
        + judge("SQL with upper case outside strings", &sql, |line| {
            line.code.contains(char::is_uppercase)
        })
        + judge("SQL with tabs", &sql, |line| line.text.contains('\t'))
        + ends(&sql))
}

fn is_wide(line: &Line) -> bool {
    line.text.chars().count() > WIDTH
}

fn judge(what: &str, files: &[File], is_broken: impl Fn(&Line) -> bool) -> Tally {
    let places = files.iter().flat_map(|file| {
        let broken = (1..).zip(&file.lines).filter(|(_, line)| is_broken(line));
        broken.map(|(number, _)| format!("{}:{number}", file.path.display()))
    });
    told(what, &places.collect::<Vec<_>>())
}

fn ends(files: &[File]) -> Tally {
    let open = files.iter().filter(|file| !file.ends_with_newline);
    let places = open.map(|file| file.path.display().to_string());
    told(
        "SQL without a newline at the end",
        &places.collect::<Vec<_>>(),
    )
}

fn told(what: &str, places: &[String]) -> Tally {
    if !places.is_empty() {
        eprintln!("error: {what}:\n  {}", places.join("\n  "));
    }
    Tally::one(places.is_empty())
}

/// The files below some directories, ordered by name, with paths relative to the checkout.
fn read(dirs: &[&str], extensions: &[&str]) -> Result<Vec<File>> {
    let mut paths = Vec::new();
    for dir in dirs {
        collect(Path::new(dir), extensions, &mut paths)?;
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(dirs::checkout().join(&path))
                .context(|| format!("cannot read {}", path.display()))?;
            let lines = match path.extension().is_some_and(|end| end == "sql") {
                true => sql_lines(&text),
                false => rust_lines(&text),
            };
            Ok(File {
                path,
                lines,
                ends_with_newline: text.ends_with('\n'),
            })
        })
        .collect()
}

fn collect(dir: &Path, extensions: &[&str], paths: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(dirs::checkout().join(dir))
        .context(|| format!("cannot read {}", dir.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = dir.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            collect(&path, extensions, paths)?;
        } else if extensions
            .iter()
            .any(|known| path.extension().is_some_and(|end| end == *known))
        {
            paths.push(path);
        }
    }
    Ok(())
}

/// Splits Rust into lines. A comment begins a line, or follows code in which every string has
/// ended. A line with nothing but a link cannot be wrapped, so it counts as none.
fn rust_lines(text: &str) -> Vec<Line> {
    let line = |text: &str| {
        let comment = text.trim_start().strip_prefix("//");
        let has_comment = comment
            .is_some_and(|it| !it.trim_start_matches('/').trim().starts_with("<https://"))
            || text
                .match_indices(" // ")
                .any(|(at, _)| text[..at].matches('"').count().is_multiple_of(2));
        Line {
            text: text.to_owned(),
            has_comment,
            code: String::new(),
        }
    };
    text.lines().map(line).collect()
}

/// The context of a character in SQL. The bodies of functions, between dollars, are SQL themselves.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Code,
    Quoted(char),
    Comment,
}

fn sql_lines(text: &str) -> Vec<Line> {
    let mut place = Place::Code;
    let line = |text: &str| {
        let mut has_comment = false;
        let mut code = String::new();
        // This is a line for psql, which stops a person who runs the script by hand.
        let text_of_sql = match place == Place::Code && text.starts_with('\\') {
            true => "",
            false => text,
        };
        let mut rest = text_of_sql.chars().peekable();
        while let Some(char) = rest.next() {
            place = match (place, char) {
                (Place::Code, '-') if rest.peek() == Some(&'-') => Place::Comment,
                (Place::Code, '\'' | '"') => Place::Quoted(char),
                (Place::Quoted(quote), _) if quote == char => Place::Code,
                _ => place,
            };
            match place {
                Place::Code if !matches!(char, '\'' | '"') => code.push(char),
                Place::Code | Place::Quoted(_) => {}
                Place::Comment => {
                    has_comment = true;
                    break;
                }
            }
        }
        if place == Place::Comment {
            place = Place::Code;
        }
        Line {
            text: text.to_owned(),
            has_comment,
            code,
        }
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_of_rust_may_follow_code_but_not_be_in_a_string() {
        let found =
            rust_lines("/// a\n    // b\nlet c = 1; // c\nf(\"a // b\");\nlet d = 2 / 3;\n");
        let found: Vec<_> = found.iter().map(|line| line.has_comment).collect();
        assert_eq!(found, [true, true, true, false, false]);
    }

    #[test]
    fn code_of_sql_has_no_strings_comments_or_quoted_names() {
        let found = sql_lines("select 'A -- b''C', \"D\", e -- F\nf('G\nH'); -- it's\ng $$ I $$\n");
        let code: Vec<_> = found.iter().map(|line| line.code.as_str()).collect();
        assert_eq!(code, ["select , , e ", "f(", "); ", "g $$ I $$"]);
        let comments: Vec<_> = found.iter().map(|line| line.has_comment).collect();
        assert_eq!(comments, [true, false, true, false]);
    }

    #[test]
    fn each_line_that_breaks_a_rule_fails_it() {
        let lines = sql_lines(&format!("-- {}\nselect\n", "a".repeat(WIDTH)));
        let file = |lines| File {
            path: "a.sql".into(),
            lines,
            ends_with_newline: false,
        };
        let files = [file(lines)];
        assert_eq!(judge("wide", &files, is_wide), Tally::one(false));
        assert_eq!(
            judge("tabs", &files, |line| line.text.contains('\t')),
            Tally::one(true)
        );
        assert_eq!(ends(&files), Tally::one(false));
    }
}
