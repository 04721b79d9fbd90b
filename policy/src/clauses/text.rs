//! Where an SQL text may be split: at words outside of brackets, literals and quoted names.

use std::ops::Range;

/// Words that bind what is around them. If another one than that asked for stands outside of
/// brackets, the text is not of the form that Postgres writes.
const BINDING: [&str; 3] = ["AND", "OR", "BETWEEN"];

/// What may follow the condition of a sub-select.
const AFTER_WHERE: [&str; 11] = [
    "GROUP",
    "HAVING",
    "WINDOW",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "FOR",
];

/// The characters that operators are made of.
const OPERATORS: &str = "+-*/<>=~!@#%^&|`?";

/// Splits the inside of a pair of parentheses at each such word.
pub(super) fn split(sql: &str, range: &Range<usize>, word: &str) -> Option<Vec<Range<usize>>> {
    let inside = inside(sql, range)?;
    let mut parts = Vec::new();
    let mut start = inside.start;
    for (found, place) in words(sql, &inside)? {
        if found.eq_ignore_ascii_case(word) {
            parts.push(start..place.start);
            start = place.end;
        } else if is_binding(found) {
            return None;
        }
    }
    parts.push(start..inside.end);
    let is_empty = |part: &Range<usize>| trimmed(sql, part.clone()).is_empty();
    (!parts.iter().any(is_empty)).then_some(parts)
}

/// Returns what follows NOT inside a pair of parentheses.
pub(super) fn negated(sql: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let inside = trimmed(sql, inside(sql, range)?);
    let mut words = words(sql, &inside)?.into_iter();
    let (first, place) = words.next()?;
    let is_not = first.eq_ignore_ascii_case("NOT") && place.start == inside.start;
    let negated = place.end..inside.end;
    let is_not = is_not && !trimmed(sql, negated.clone()).is_empty();
    (is_not && !words.any(|(word, _)| is_binding(word))).then_some(negated)
}

/// Returns the place of the only operator inside a pair of parentheses. A cast is none.
pub(super) fn operator(sql: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let mut tokens = tokens(sql, &inside(sql, range)?)?.into_iter().peekable();
    let mut found: Option<Range<usize>> = None;
    while let Some((token, mut place)) = tokens.next() {
        if token.eq_ignore_ascii_case("OPERATOR") {
            let (_, name) = tokens.next_if(|(next, _)| next.starts_with('('))?;
            place.end = name.end;
        } else if !token.starts_with(|character| OPERATORS.contains(character)) {
            continue;
        }
        match &mut found {
            None => found = Some(place),
            Some(operator) if operator.end == place.start => operator.end = place.end,
            Some(_) => return None,
        }
    }
    found
}

/// Returns the condition after WHERE of the only sub-select in a text.
pub(super) fn sub_condition(sql: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let mut brackets = vec![range.clone()];
    let mut found = None;
    while let Some(range) = brackets.pop() {
        let tokens = tokens(sql, &range)?;
        let is =
            |token: &str, words: &[&str]| words.iter().any(|it| token.eq_ignore_ascii_case(it));
        let first = tokens.iter().find(|(token, _)| !token.trim().is_empty());
        if first.is_some_and(|(token, _)| is(token, &["SELECT"])) {
            let mut after = tokens
                .iter()
                .skip_while(|(token, _)| !is(token, &["WHERE"]))
                .skip(1);
            let start = after.next()?.1.start;
            let end = after.find(|(token, _)| is(token, &AFTER_WHERE));
            let end = end.map_or(range.end, |(_, place)| place.start);
            // There may be one only.
            if found.replace(trimmed(sql, start..end)).is_some() {
                return None;
            }
            continue;
        }
        let inner = tokens
            .iter()
            .filter(|(token, _)| token.starts_with(['(', '[']));
        brackets.extend(inner.filter_map(|(token, place)| {
            let end = place.end.checked_sub(1)?;
            (token.len() > 1).then_some(place.start.saturating_add(1)..end)
        }));
    }
    found
}

/// Takes the spaces off both ends.
pub(super) fn trimmed(sql: &str, range: Range<usize>) -> Range<usize> {
    let text = sql.get(range.clone()).unwrap_or_default();
    let start = text.len().saturating_sub(text.trim_start().len());
    let start = range.start.saturating_add(start);
    start..start.saturating_add(text.trim().len())
}

fn is_binding(word: &str) -> bool {
    BINDING
        .iter()
        .any(|binding| word.eq_ignore_ascii_case(binding))
}

/// Returns the inside of the pair of parentheses that all of a text is in.
fn inside(sql: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let text = sql.get(range.clone())?;
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let start = range.start.saturating_add(1);
    Some(start..start.saturating_add(inner.len()))
}

/// Returns the words outside of brackets with their places, or nothing if a bracket has no other.
fn words<'t>(sql: &'t str, range: &Range<usize>) -> Option<Vec<(&'t str, Range<usize>)>> {
    let mut tokens = tokens(sql, range)?;
    tokens.retain(|(token, _)| token.starts_with(in_word));
    Some(tokens)
}

/// Returns the tokens with their places. What is in brackets is one token, with its brackets.
fn tokens<'t>(sql: &'t str, range: &Range<usize>) -> Option<Vec<(&'t str, Range<usize>)>> {
    let mut depth = 0_usize;
    let mut bracket = range.start;
    let mut tokens = Vec::new();
    let mut rest = sql.get(range.clone())?;
    let mut start = range.start;
    while !rest.is_empty() {
        let (token, after) = rest.split_at_checked(length(rest)?)?;
        let end = start.saturating_add(token.len());
        match token {
            "(" | "[" => {
                if depth == 0 {
                    bracket = start;
                }
                depth = depth.saturating_add(1);
            }
            ")" | "]" => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    tokens.push((sql.get(bracket..end)?, bracket..end));
                }
            }
            _ if depth == 0 => tokens.push((token, start..end)),
            _ => {}
        }
        (rest, start) = (after, end);
    }
    (depth == 0).then_some(tokens)
}

fn in_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

/// Returns the length of the first token: a literal, a quoted name, a word or one character.
fn length(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let word = text.find(|character| !in_word(character));
    let word = word.unwrap_or(text.len());
    if let Some(tag) = dollar_tag(text) {
        let (tag, rest) = text.split_at_checked(tag.len().checked_add(2)?)?;
        return rest.find(tag)?.checked_add(tag.len().checked_mul(2)?);
    }
    match first {
        '\'' | '"' => quoted(text, first, false),
        'e' | 'E' if text.get(1..).is_some_and(|rest| rest.starts_with('\'')) => {
            quoted(text, '\'', true)
        }
        _ => Some(word.max(first.len_utf8())),
    }
}

/// Returns the length up to the closing quote, if there is one. Two in a row are none, nor is one
/// after a backslash that `escapes`.
fn quoted(text: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut characters = text.char_indices().peekable();
    characters.find(|(_, character)| *character == quote)?;
    while let Some((at, character)) = characters.next() {
        if character == '\\' && escapes {
            characters.next();
        } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return at.checked_add(1);
        }
    }
    None
}

fn dollar_tag(text: &str) -> Option<&str> {
    let (tag, _) = text.strip_prefix('$')?.split_once('$')?;
    let is_name = !tag.starts_with(|first: char| first.is_ascii_digit());
    (is_name && tag.chars().all(in_word)).then_some(tag)
}
