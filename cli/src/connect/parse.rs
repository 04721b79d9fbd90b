//! The two forms of an address: a URI, and `key=value` pairs. Errors never show a value, which may
//! be a password.

use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// The parameters of an address, by libpq's names.
pub type Parameters = BTreeMap<String, String>;

/// Returns true if a text is an address, rather than the plain name of a database.
pub fn is_address(text: &str) -> bool {
    after_scheme(text).is_some() || text.contains('=')
}

/// Reads an address, or the name of a database.
pub fn parse(text: &str) -> Result<Parameters> {
    match after_scheme(text) {
        Some(rest) => uri(rest),
        None if text.contains('=') => pairs(text),
        // The server would show it as the name of a database, a password included.
        None if text.contains("://") || text.contains('@') => {
            Err(Error::new("the address has an unknown scheme")
                .hint("An address begins with postgresql:// or postgres://."))
        }
        None => Ok([("dbname".to_owned(), text.to_owned())].into()),
    }
}

fn after_scheme(text: &str) -> Option<&str> {
    ["postgresql://", "postgres://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
}

fn uri(rest: &str) -> Result<Parameters> {
    let mut found = Parameters::new();
    // As in libpq, an @ ends the user if no slash comes before it.
    let rest = match rest
        .find(['@', '/'])
        .and_then(|at| rest.split_at_checked(at))
    {
        Some((user, after)) if after.starts_with('@') => {
            let (user, password) = user.split_once(':').unwrap_or((user, ""));
            set(&mut found, "user", decoded(user)?);
            set(&mut found, "password", decoded(password)?);
            after.strip_prefix('@').unwrap_or(after)
        }
        _ => rest,
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, dbname) = rest.split_once('/').unwrap_or((rest, ""));
    // A second @, or one after the slash, is of a password: psql would show a part of it.
    if rest.contains('@') {
        return Err(Error::new("the address has an @ where none is expected")
            .hint("In a password, write @ as %40 and / as %2F."));
    }
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',') {
        let (name, port) = host_and_port(host)?;
        names.push(decoded(name)?);
        ports.push(decoded(port)?);
    }
    set(&mut found, "host", list(names));
    set(&mut found, "port", list(ports));
    set(&mut found, "dbname", decoded(dbname)?);
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (key, value) = parameter.split_once('=').ok_or_else(|| {
            Error::new("a parameter of the address has no value")
                .hint("Parameters are written ?name=value&name=value.")
        })?;
        let (key, value) = (decoded(key)?, decoded(value)?);
        match (key.as_str(), value.as_str()) {
            // What JDBC writes.
            ("ssl", "true") => found.insert("sslmode".to_owned(), "require".to_owned()),
            _ => found.insert(key, value),
        };
    }
    Ok(found)
}

/// Sets a parameter that the address names by its place. If it is empty there, it is not set.
fn set(found: &mut Parameters, key: &str, value: String) {
    if !value.is_empty() {
        found.insert(key.to_owned(), value);
    }
}

/// Returns the parts joined with commas; nothing if all are empty.
fn list(parts: Vec<String>) -> String {
    match parts.iter().all(String::is_empty) {
        true => String::new(),
        false => parts.join(","),
    }
}

fn host_and_port(text: &str) -> Result<(&str, &str)> {
    let Some(rest) = text.strip_prefix('[') else {
        return Ok(text.split_once(':').unwrap_or((text, "")));
    };
    let (host, after) = rest
        .split_once(']')
        .ok_or_else(|| Error::new("an IPv6 address has no closing bracket"))?;
    match after {
        "" => Ok((host, "")),
        after => after
            .strip_prefix(':')
            .map(|port| (host, port))
            .ok_or_else(|| Error::new("an IPv6 address is followed by something else than a port")),
    }
}

/// Decodes %XX.
fn decoded(text: &str) -> Result<String> {
    let bad = || {
        Error::new("the address has a percent sign that is not followed by two hexadecimal digits")
            .hint("Write a percent sign as %25.")
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = char::from(rest.next().ok_or_else(bad)?).to_digit(16);
            digit
                .and_then(|digit| u8::try_from(digit).ok())
                .ok_or_else(bad)
        };
        match digit()? * 16 + digit()? {
            0 => return Err(Error::new("the address has a zero byte")),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| Error::new("the address is not in UTF-8"))
}

fn pairs(text: &str) -> Result<Parameters> {
    let mut found = Parameters::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let after = after.trim_start().strip_prefix('=').ok_or_else(|| {
            Error::new("a word of the address has no value")
                .hint("Write name=value, and values with spaces between single quotes.")
        })?;
        let (value, after) = value(after.trim_start())?;
        found.insert(key.to_owned(), value);
        rest = after.trim_start();
    }
    Ok(found)
}

/// Reads a value, which may be between quotes, and returns what follows it.
fn value(text: &str) -> Result<(String, &str)> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, text.get(at + 1..).unwrap_or(""))),
            c if !quoted && c.is_whitespace() => {
                return Ok((value, text.get(at..).unwrap_or("")));
            }
            c => value.push(c),
        }
    }
    match quoted {
        true => Err(Error::new("a quote of the address is not closed")),
        false => Ok((value, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().into_iter().collect()
    }

    fn expect(text: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(read(text), expected, "{text}");
    }

    #[test]
    fn addresses_are_read_as_libpq_reads_them() {
        expect("postgresql://", &[]);
        expect("app", &[("dbname", "app")]);
        expect(
            "postgres://ada:se%40cret@db.example.com:6543/app?sslmode=require&options=-c%20a%3Db",
            &[
                ("dbname", "app"),
                ("host", "db.example.com"),
                ("options", "-c a=b"),
                ("password", "se@cret"),
                ("port", "6543"),
                ("sslmode", "require"),
                ("user", "ada"),
            ],
        );
        expect(
            "postgresql://ada@[::1]:5433,b,%2Frun%2Fpg:1/",
            &[
                ("host", "::1,b,/run/pg"),
                ("port", "5433,,1"),
                ("user", "ada"),
            ],
        );
        expect(
            "postgresql:///app?host=/run/pg&ssl=true",
            &[
                ("dbname", "app"),
                ("host", "/run/pg"),
                ("sslmode", "require"),
            ],
        );
        expect(
            "postgresql://h/?password=",
            &[("host", "h"), ("password", "")],
        );
    }

    #[test]
    fn pairs_have_quotes_and_backslashes() {
        expect(
            r"host=a port = 5  password='a b\'c\\' user=x\ y dbname=''",
            &[
                ("dbname", ""),
                ("host", "a"),
                ("password", r"a b'c\"),
                ("port", "5"),
                ("user", "x y"),
            ],
        );
    }

    #[test]
    fn what_cannot_be_read_is_an_error_that_shows_no_value() {
        for bad in [
            "postgresql://ada:sesame%zz@h/d",
            "postgresql://ada:sesame%4@h/d",
            "postgresql://ada:sesame%00@h/d",
            "postgresql://ada:sesame%ff@h/d",
            "postgresql://ada:sesame@[::1/d",
            "postgresql://ada:sesame@[::1]x/d",
            "postgresql://ada:sesame@h/d?sslmode",
            "mysql://ada:sesame@h/d",
            "ada:sesame@h/d",
            "postgresql:/ada:sesame@h/d",
            "postgresql://ada:pass@sesame@h/d",
            "postgresql://ada:5432/sesame@h/d",
            "postgresql://ada:5432/sesame@h/d?sslmode=require",
            "host=a password='sesame",
            "host=a password=sesame sesame",
        ] {
            let error = parse(bad).unwrap_err().to_string();
            assert!(
                !error.contains("sesame") && !error.contains("ada"),
                "{error}"
            );
        }
    }
}
