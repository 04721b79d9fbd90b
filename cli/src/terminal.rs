//! Text for a terminal: names, values and messages come from a server, which may be hostile.

use std::fmt::Write as _;
use std::io::Write as _;

/// Returns a text in one line, in which nothing can steer a terminal.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            c if steers(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// Returns the same with the ends of lines as they are, for messages.
pub fn printable_lines(text: &str) -> String {
    text.split('\n')
        .map(printable)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns JSON, in which such characters are in texts only, with escapes in their place.
pub fn printable_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            // All are of the basic plane, so that four digits are enough.
            c if c != '\n' && steers(c) => {
                let _ = write!(shown, "\\u{:04x}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Returns true for a control character, for a mark that changes the direction of what follows and
/// so deceives the eye, and for what ends a line in some programs.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
}

/// Writes a line to stderr. Whoever has closed it does not want to know.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", printable_lines(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str =
        "a\u{1b}]0;x\u{7}\u{7f}\u{9b}31m\u{61c}\u{200f}\u{2028}\u{202e}\u{2066}\tb";

    #[test]
    fn nothing_steers_a_terminal() {
        let shown =
            "a\\u{1b}]0;x\\u{7}\\u{7f}\\u{9b}31m\\u{61c}\\u{200f}\\u{2028}\\u{202e}\\u{2066}\\tb";
        assert_eq!(printable(HOSTILE), shown);
        assert_eq!(printable("a\nb"), "a\\nb");
        assert_eq!(
            printable_lines(&format!("{HOSTILE}\nnext")),
            format!("{shown}\nnext")
        );
        assert_eq!(printable("naïve 日本 🦀"), "naïve 日本 🦀");
    }

    #[test]
    fn json_stays_what_it_says() {
        let value = serde_json::json!({"a": HOSTILE, HOSTILE: ["\\", "\n", "🦀"]});
        let text = printable_json(&format!("{value:#}"));
        assert!(!text.chars().any(|c| c != '\n' && steers(c)), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }
}
