//! Comments of the database as Markdown.

/// A comment with its names as code, and what it says of errors as a paragraph of its own.
pub fn paragraphs(comment: &str) -> String {
    let sentences: Vec<&str> = comment.split(". ").collect();
    let errors = sentences.iter().position(|sentence| is_of_errors(sentence));
    let (says, fails) = sentences.split_at(errors.unwrap_or(sentences.len()));
    let mut text = String::new();
    if !says.is_empty() {
        text += &format!("{}.\n", marked(says.join(". ").trim_end_matches('.')));
    }
    if !fails.is_empty() {
        text += &format!("\nErrors: {}.\n", marked(&fails.join(". ")));
    }
    text.trim_start().to_owned()
}

/// Returns true if a sentence begins with a SQLSTATE.
fn is_of_errors(sentence: &str) -> bool {
    let code = sentence.split([' ', ',']).next().unwrap_or_default();
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    let capitals = code.bytes().filter(u8::is_ascii_uppercase).count();
    code.len() == 5 && digits >= 4 && digits + capitals == 5
}

/// The text with its names and SQLSTATEs between backticks.
pub fn marked(text: &str) -> String {
    let mut words = text.split(' ');
    let mut marked = Vec::new();
    while let Some(word) = words.next() {
        let mut word = word.to_owned();
        // A call with arguments is one word.
        while word.starts_with("auth") && count(&word, '(') > count(&word, ')') {
            let Some(next) = words.next() else { break };
            word = format!("{word} {next}");
        }
        let (before, rest) = match word.strip_prefix('(') {
            Some(rest) => ("(", rest),
            None => ("", word.as_str()),
        };
        let mut name = rest.trim_end_matches(['.', ',', ';', ':']);
        while count(name, ')') > count(name, '(') {
            name = name.trim_end_matches(')');
            name = name.trim_end_matches(['.', ',', ';', ':']);
        }
        let after = &rest[name.len()..];
        marked.push(match is_name(name) {
            true => format!("{before}`{name}`{after}"),
            false => format!("{before}{name}{after}")
                .replace('<', "\\<")
                .replace('*', "\\*"),
        });
    }
    marked.join(" ")
}

/// The text in lines of at most 110 columns, but for tables and blocks.
pub fn wrapped(text: &str) -> String {
    const WIDTH: usize = 110;
    let mut lines = Vec::new();
    let mut is_block = false;
    for line in text.lines() {
        is_block ^= line.starts_with("```");
        if is_block || line.starts_with(['|', '#']) || line.starts_with("```") {
            lines.push(line.to_owned());
            continue;
        }
        let mut short = String::new();
        for word in line.split(' ') {
            if !short.is_empty() && short.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(std::mem::take(&mut short));
            }
            if !short.is_empty() {
                short.push(' ');
            }
            short += word;
        }
        lines.push(short);
    }
    lines.join("\n") + "\n"
}

fn count(text: &str, letter: char) -> usize {
    text.matches(letter).count()
}

fn is_name(word: &str) -> bool {
    word.contains('_')
        || word.contains("()")
        || word.contains("[]")
        || word.starts_with("auth.")
        || word.starts_with("authguard.")
        || word.starts_with("request.")
        || is_of_errors(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_prose_are_wrapped_and_tables_are_not() {
        let (prose, row) = ("word ".repeat(30), format!("| {} |", "x ".repeat(80)));
        let text = wrapped(&format!("{}\n{row}", prose.trim_end()));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [&"word ".repeat(22)[..109], &"word ".repeat(8)[..39], &row]
        );
    }

    #[test]
    fn names_are_code_and_errors_a_paragraph() {
        let comment = "Like auth.jwt(), see (amr[].timestamp): auth.claim('a', 'b'). NULL if sub is \
                       none. 22004 if user_id is NULL; 25006 on a standby";
        assert_eq!(
            paragraphs(comment),
            "Like `auth.jwt()`, see (`amr[].timestamp`): `auth.claim('a', 'b')`. NULL if sub is \
             none.\n\nErrors: `22004` if `user_id` is NULL; `25006` on a standby.\n"
        );
        assert_eq!(
            paragraphs("Raises 28000 unless so"),
            "Raises `28000` unless so.\n"
        );
        assert_eq!(paragraphs("25P01 without"), "Errors: `25P01` without.\n");
    }
}
