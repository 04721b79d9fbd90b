//! Results as tests that pass or fail, for harnesses and CI systems.

use crate::terminal::printable;
use std::fmt::Write;

/// A test.
pub struct Check {
    /// What it is about.
    pub name: String,
    /// Why it fails, if it does: a line, and what follows it.
    pub failure: Option<(String, String)>,
}

/// Tests in the Test Anything Protocol.
pub fn tap(checks: &[Check]) -> String {
    let mut text = format!("1..{}\n", checks.len());
    for (number, check) in checks.iter().enumerate() {
        // A # would begin a directive, such as TODO.
        let name = printable(&check.name)
            .replace('\\', "\\\\")
            .replace('#', "\\#");
        let word = if check.failure.is_some() {
            "not ok"
        } else {
            "ok"
        };
        let _ = writeln!(text, "{word} {} - {name}", number + 1);
        let more = check
            .failure
            .iter()
            .flat_map(|(line, more)| line.lines().chain(more.lines()));
        for line in more {
            let _ = writeln!(text, "# {}", printable(line));
        }
    }
    text
}

/// Tests in the form of JUnit, as CI systems read it.
pub fn junit(suite: &str, checks: &[Check]) -> String {
    let failures = checks
        .iter()
        .filter(|check| check.failure.is_some())
        .count();
    let suite = escaped(suite);
    let counts = format!("tests=\"{}\" failures=\"{failures}\"", checks.len());
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"{suite}\" {counts} errors=\"0\" skipped=\"0\">\n"
    );
    for check in checks {
        let name = escaped(&check.name);
        let _ = write!(text, "    <testcase classname=\"{suite}\" name=\"{name}\"");
        let _ = match &check.failure {
            None => writeln!(text, "/>"),
            Some((line, more)) => writeln!(
                text,
                ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
                escaped(line),
                escaped(more)
            ),
        };
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

/// Returns a text for XML 1.0, which has no way to write most control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // A plain one would become a space in an attribute.
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> [Check; 2] {
        let failure = (
            "it is <open> & \"wide\"".to_owned(),
            "alter\ttable;\u{1}\nx".to_owned(),
        );
        [
            Check {
                name: "a # b".to_owned(),
                failure: None,
            },
            Check {
                name: "c".to_owned(),
                failure: Some(failure),
            },
        ]
    }

    #[test]
    fn tap_has_a_line_for_each_check() {
        assert_eq!(
            tap(&checks()),
            "1..2\nok 1 - a \\# b\nnot ok 2 - c\n# it is <open> & \"wide\"\n# alter\\ttable;\\u{1}\n# x\n"
        );
    }

    #[test]
    fn junit_is_xml_whatever_names_have() {
        let text = junit("s", &checks());
        assert!(text.contains("<testsuite name=\"s\" tests=\"2\" failures=\"1\""));
        assert!(text.contains("<testcase classname=\"s\" name=\"a # b\"/>"));
        assert!(text.contains("message=\"it is &lt;open&gt; &amp; &quot;wide&quot;\">alter&#9;table;\u{fffd}&#10;x</failure>"));
    }
}
