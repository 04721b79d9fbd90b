//! The Test Anything Protocol: a test for each finding of a level or above.

use super::one_line;
use crate::finding::{Finding, Level};

/// Returns the lines. A finding of level `from` or above is a test that fails, unless it is
/// accepted: then it passes, and its reason is told. What is below is a remark. If there is no
/// test, one passes.
pub fn tap(findings: &[Finding], from: Level) -> Vec<String> {
    let is_test = |finding: &&Finding| finding.level >= from;
    let count = findings.iter().filter(is_test).count();
    let mut lines = vec![format!("1..{}", count.max(1))];
    let mut number: usize = 0;
    for finding in findings {
        let title = title(finding);
        if !is_test(&finding) {
            lines.push(remark(format!("{title}: {}", finding.problem)));
            continue;
        }
        number = number.saturating_add(1);
        if finding.accepted {
            lines.push(format!("ok {number} - {title}"));
            let reason = finding.reason.as_deref().unwrap_or_default();
            lines.push(remark(format!("accepted: {reason}")));
            continue;
        }
        lines.push(format!("not ok {number} - {title}"));
        let more = [
            &finding.problem,
            &finding.hint,
            finding.page,
            &finding.fingerprint,
        ];
        lines.extend(more.into_iter().filter(|line| !line.is_empty()).map(remark));
    }
    if count == 0 {
        let nothing = match from {
            Level::Error => "no errors",
            Level::Warning => "no errors and no warnings",
            Level::Info => "no findings",
        };
        lines.push(format!("ok 1 - {nothing}"));
    }
    lines
}

/// The rule and the object. A `#` would begin a directive, such as `TODO`.
fn title(finding: &Finding) -> String {
    let policy = finding
        .policy
        .as_ref()
        .map(|name| format!(", policy {name}"));
    let title = format!(
        "{}: {}{} ({})",
        finding.rule,
        finding.object,
        policy.unwrap_or_default(),
        finding.level
    );
    one_line(&title).replace('\\', "\\\\").replace('#', "\\#")
}

fn remark(text: impl AsRef<str>) -> String {
    format!("# {}", one_line(text.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::tap;
    use crate::finding::{Finding, Level};
    use crate::lint::rule::Draft;
    use crate::lint::rules;

    fn finding(object: &str, level: Level) -> Finding {
        let draft = Draft::other(rules::ALL[0], "table", object.to_owned());
        draft.level(level).problem("is odd").hint("a\nb").done()
    }

    #[test]
    fn what_is_no_error_and_no_warning_is_no_test() {
        let lines = tap(&[finding("t", Level::Info)], Level::Warning);
        assert_eq!(lines[0], "1..1");
        assert_eq!(lines[2], "ok 1 - no errors and no warnings");
        let lines = tap(&[finding("t", Level::Warning)], Level::Error);
        assert_eq!(lines[2], "ok 1 - no errors");
        let lines = tap(&[finding("t", Level::Info)], Level::Info);
        assert!(lines[1].starts_with("not ok 1 - "), "{lines:?}");
    }

    #[test]
    fn no_name_ends_a_line_or_begins_a_directive() {
        let mut accepted = finding("u", Level::Warning);
        accepted.accepted = true;
        accepted.reason = Some("known\nok 9".to_owned());
        let lines = tap(
            &[finding("t\nok 2 # TODO", Level::Error), accepted],
            Level::Warning,
        );
        assert_eq!(lines[0], "1..2");
        assert!(lines[1].starts_with("not ok 1 - ") && lines[1].contains("t ok 2 \\# TODO"));
        let passes = lines.iter().filter(|line| line.starts_with("ok "));
        assert_eq!(passes.count(), 1);
        for line in &lines {
            assert!(!line.contains('\n'), "{line}");
        }
    }
}
