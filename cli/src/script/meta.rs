//! Commands of psql that tests have.

/// What a command asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Meta {
    /// Read another file; if true, beside the file that says so.
    Include(String, bool),
    /// Set a variable.
    Set(String, String),
    /// Remove a variable.
    Unset(String),
    /// Run the statement before.
    Go,
    /// Set variables from the row of the statement before, with this before their names.
    Gset(String),
    /// How something is shown, which nobody sees here.
    Nothing,
    /// Read no further.
    Quit,
}

/// Reads a command without its backslash. The error is a sentence.
pub fn read(command: &str) -> Result<Meta, String> {
    let length = command.find(char::is_whitespace).unwrap_or(command.len());
    let (name, rest) = command.split_at(length);
    let mut words = words(rest)?.into_iter();
    let mut first = || {
        words
            .next()
            .ok_or_else(|| format!("\\{name} needs an argument"))
    };
    match name {
        "i" | "include" => Ok(Meta::Include(first()?, false)),
        "ir" | "include_relative" => Ok(Meta::Include(first()?, true)),
        "set" => match first() {
            Ok(variable) => Ok(Meta::Set(variable, words.collect())),
            Err(_) => Ok(Meta::Nothing),
        },
        "unset" => Ok(Meta::Unset(first()?)),
        "g" => Ok(Meta::Go),
        "gset" => Ok(Meta::Gset(words.next().unwrap_or_default())),
        "q" | "quit" => Ok(Meta::Quit),
        "a" | "C" | "echo" | "encoding" | "f" | "H" | "o" | "prompt" | "pset" | "qecho" | "t"
        | "T" | "timing" | "warn" | "x" => Ok(Meta::Nothing),
        _ => Err(format!("\\{name} is not supported")),
    }
}

/// The words of a command: single quotes keep spaces.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '`' if !is_quoted => return Err("the output of a program is not taken".to_owned()),
            '\'' if is_quoted && characters.next_if_eq(&'\'').is_some() => {
                word.get_or_insert_default().push('\'');
            }
            '\'' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    match is_quoted {
        true => Err("a quote is not closed".to_owned()),
        false => {
            words.extend(word);
            Ok(words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_change_what_is_run_are_known() {
        assert_eq!(
            read("ir 'a b.sql'"),
            Ok(Meta::Include("a b.sql".into(), true))
        );
        assert_eq!(read("i a.sql"), Ok(Meta::Include("a.sql".into(), false)));
        assert_eq!(
            read("set x 'it''s' 1"),
            Ok(Meta::Set("x".into(), "it's1".into()))
        );
        assert_eq!(read("gset"), Ok(Meta::Gset(String::new())));
        assert_eq!(read("pset pager off"), Ok(Meta::Nothing));
        for bad in [
            "i",
            "c other",
            "! rm x",
            "if true",
            "set x `date`",
            "set x 'a",
            "copy t from x",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
