//! Takes the members of an object apart without reading their values. The text has been accepted by
//! `jsonb`, may be nested as deeply as it likes, and is in any encoding that begins with ASCII. So
//! this counts brackets and never calls itself.

/// A key, in its quotes, and its value, both as they are written.
pub(crate) type Member<'t> = (&'t [u8], &'t [u8]);

/// Returns the members in their order; `None` if the text is no object.
pub(crate) fn split(text: &[u8]) -> Option<Vec<Member<'_>>> {
    let mut rest = text.trim_ascii().strip_prefix(b"{")?.strip_suffix(b"}")?;
    let mut members = Vec::new();
    while !rest.trim_ascii_start().is_empty() {
        let (key, after) = value(rest.trim_ascii_start())?;
        let after = after.trim_ascii_start().strip_prefix(b":")?;
        let (value, after) = value(after.trim_ascii_start())?;
        members.push((key, value));
        let after = after.trim_ascii_start();
        rest = match after.strip_prefix(b",") {
            Some(next) => next,
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(members)
}

/// Takes the value that the text begins with. Returns it, and the text behind it.
fn value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut bytes = text.iter().enumerate();
    while let Some((place, byte)) = bytes.next() {
        // The value ends behind the bracket or quote that closes it, or before what follows it.
        let mut end = None;
        match byte {
            b'\\' if in_string => {
                bytes.next();
            }
            b'"' => {
                in_string = !in_string;
                end = (!in_string && depth == 0).then_some(place.checked_add(1)?);
            }
            _ if in_string => {}
            b'{' | b'[' => depth = depth.checked_add(1)?,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                end = (depth == 0).then_some(place.checked_add(1)?);
            }
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => end = Some(place),
            _ => {}
        }
        if let Some(end) = end {
            return text.split_at_checked(end);
        }
    }
    // A number or a word at the very end.
    (depth == 0 && !in_string && !text.is_empty()).then_some((text, b""))
}

#[cfg(test)]
mod tests {
    use super::split;

    fn members(text: &str) -> Option<Vec<(String, String)>> {
        let owned = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let members = split(text.as_bytes())?.into_iter();
        Some(
            members
                .map(|(key, value)| (owned(key), owned(value)))
                .collect(),
        )
    }

    #[test]
    fn members_are_taken_apart_as_they_are_written() {
        let text = r#" {"a" : 1 ,"b\"}":[{"x":"]}\\"},2], "c":null,"d":"\\","e":{} , "f":-1e5} "#;
        let expected = [
            (r#""a""#, "1"),
            (r#""b\"}""#, r#"[{"x":"]}\\"},2]"#),
            (r#""c""#, "null"),
            (r#""d""#, r#""\\""#),
            (r#""e""#, "{}"),
            (r#""f""#, "-1e5"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(members(text), Some(expected.to_vec()));
        assert_eq!(members("{}"), Some(Vec::new()));
        assert_eq!(members(" { } "), Some(Vec::new()));
    }

    #[test]
    fn a_text_that_is_no_object_is_none() {
        for text in ["", "[]", "1", "null", "\"{}\"", "[{}]"] {
            assert_eq!(members(text), None, "{text}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(500_000), "]".repeat(500_000));
        assert_eq!(split(deep.as_bytes()).map(|members| members.len()), Some(1));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"[{}\[\]":, \\a1]{0,40}"#) {
            let _ = split(text.as_bytes());
        }
    }
}
