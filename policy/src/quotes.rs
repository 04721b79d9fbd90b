//! Literals and quoted names in SQL texts (src/backend/parser/scan.l).

/// Returns the length up to the closing quote, if there is one, with that of a prefix such as `E`.
/// Two quotes in a row are none, nor is one after a backslash that `escapes`.
pub(crate) fn quoted(text: &str, quote: char, escapes: bool) -> Option<usize> {
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

/// Returns the tag of the dollar quotes that a text begins with: a name, or nothing between the
/// signs.
pub(crate) fn dollar_tag(text: &str) -> Option<&str> {
    let (tag, _) = text.strip_prefix('$')?.split_once('$')?;
    let is_name = !tag.starts_with(|first: char| first.is_ascii_digit());
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    (is_name && tag.chars().all(in_word)).then_some(tag)
}

/// Returns the length of the text in dollar quotes that a text begins with, if it ends.
pub(crate) fn dollar_quoted(text: &str) -> Option<usize> {
    let tag = dollar_tag(text)?.len().checked_add(2)?;
    let (quote, rest) = text.split_at_checked(tag)?;
    rest.find(quote)?.checked_add(tag)?.checked_add(tag)
}
