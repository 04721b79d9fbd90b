//! Expressions and values as a reader sees them.

/// The characters of a value that are shown.
const MOST_SHOWN: usize = 80;

/// The expression without the parentheses around all of it, on one line.
pub(super) fn expression(sql: &str) -> String {
    let text = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match is_enclosed(&text) {
        true => text
            .strip_prefix('(')
            .and_then(|text| text.strip_suffix(')'))
            .map(|text| text.trim().to_owned())
            .unwrap_or(text),
        false => text,
    }
}

/// Returns true if the first parenthesis is closed by the last character.
fn is_enclosed(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut quote = None;
    if !text.starts_with('(') {
        return false;
    }
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(') => depth = depth.saturating_add(1),
            (None, ')') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return characters.peek().is_none();
                }
            }
            _ => {}
        }
    }
    false
}

/// The two sides of the one operator that a text in parentheses has outside of inner brackets, as
/// Postgres writes `(owner = (auth.jwt() ->> 'sub'::text))`.
pub(super) fn sides(sql: &str) -> Option<(&str, &str)> {
    const OPERATOR: &str = "+-*/<>=~!@#%^&|`?";
    let inside = sql.trim().strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0_usize;
    let mut quote = None;
    let mut found: Option<(usize, usize)> = None;
    for (place, character) in inside.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(' | '[') => depth = depth.checked_add(1)?,
            (None, ')' | ']') => depth = depth.checked_sub(1)?,
            (None, _) if depth == 0 && OPERATOR.contains(character) => {
                found = match found {
                    None => Some((place, place)),
                    Some((start, end)) if end.checked_add(1)? == place => Some((start, place)),
                    // A second operator: no text of one.
                    Some(_) => return None,
                };
            }
            _ => {}
        }
    }
    let (start, end) = found?;
    let (left, right) = (inside.get(..start)?, inside.get(end.checked_add(1)?..)?);
    let is_side = |side: &str| !side.trim().is_empty() && !side.contains(" OPERATOR(");
    (is_side(left) && is_side(right)).then(|| (left.trim(), right.trim()))
}

/// `name is value`, the value cut if it is long.
pub(super) fn value(name: &str, value: Option<&str>) -> String {
    match value {
        None => format!("{name} is null"),
        Some(value) => {
            let shown: String = value.chars().take(MOST_SHOWN).collect();
            let more = if shown.len() < value.len() { "…" } else { "" };
            format!("{name} is {shown}{more}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{expression, sides, value};

    #[test]
    fn the_sides_of_an_operator_are_told_apart() {
        let jwt = "(org = ((auth.jwt() ->> 'a = b'::text))::uuid)";
        assert_eq!(
            sides(jwt),
            Some(("org", "((auth.jwt() ->> 'a = b'::text))::uuid"))
        );
        assert_eq!(sides("(a ->> b)"), Some(("a", "b")));
        assert_eq!(sides("(a = ANY (b))"), Some(("a", "ANY (b)")));
        assert_eq!(sides("(a OPERATOR(x.=) b)"), None);
        assert_eq!(sides("(- a)"), None);
        assert_eq!(sides("a = b"), None);
        assert_eq!(sides("((a) = b) OR (c)"), None);
    }

    #[test]
    fn parentheses_around_all_are_not_shown() {
        assert_eq!(expression("(owner = auth.uid())"), "owner = auth.uid()");
        assert_eq!(expression("(a = 1) AND (b)"), "(a = 1) AND (b)");
        assert_eq!(expression("(a = ')')"), "a = ')'");
        assert_eq!(
            expression("(EXISTS ( SELECT 1\n   FROM t))"),
            "EXISTS ( SELECT 1 FROM t)"
        );
        assert_eq!(expression("true"), "true");
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(value("a", Some("é")), "a is é");
        assert_eq!(value("a", None), "a is null");
        let long = value("a", Some(&"é".repeat(81)));
        assert_eq!(long, format!("a is {}…", "é".repeat(80)));
    }
}
