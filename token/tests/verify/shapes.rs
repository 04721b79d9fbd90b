//! The largest inputs, in the shapes that cost a parser most.

pub const KIB_64: usize = 65536;

/// As much of a shape as fits into so many bytes.
pub fn filled(before: &str, unit: &str, after: &str, bytes: usize) -> String {
    let times = bytes.saturating_sub(before.len() + after.len()) / unit.len();
    format!("{before}{}{after}", unit.repeat(times))
}

/// Objects of 48 KiB, which base64url makes 64, in the shapes that cost most.
pub fn shapes() -> Vec<(&'static str, String)> {
    let bytes = KIB_64 / 4 * 3 - 600;
    let keys = |each: fn(usize) -> String| {
        let mut text = String::from("{");
        for number in 0.. {
            let member = each(number);
            if text.len() + member.len() > bytes {
                break;
            }
            text.push_str(&member);
        }
        text + "\"z\":0}"
    };
    vec![
        ("numbers", filled(r#"{"a":["#, "0,", "0]}", bytes)),
        ("doubles", filled(r#"{"a":["#, "1e131071,", "0]}", bytes)),
        (
            "largest doubles",
            filled(r#"{"a":["#, "1e308,", "0]}", bytes),
        ),
        ("arrays", filled(r#"{"a":["#, "[],", "[]]}", bytes)),
        ("objects", filled(r#"{"amr":["#, "{},", "{}]}", bytes)),
        ("deep", filled(r#"{"a":"#, "[", "", bytes)),
        ("deep objects", filled("", r#"{"":"#, "", bytes)),
        (
            "bushy",
            filled(
                r#"{"app_metadata":["#,
                r#"[[[[[[[[[[[[[{"a":0}]]]]]]]]]]]]],"#,
                "0]}",
                bytes,
            ),
        ),
        ("one string", filled(r#"{"sub":""#, "a", r#""}"#, bytes)),
        (
            "escapes",
            filled(r#"{"app_metadata":{"a":""#, r"\u00e9", r#""}}"#, bytes),
        ),
        (
            "surrogates",
            filled(r#"{"a":""#, r"\ud83d\ude00", r#""}"#, bytes),
        ),
        ("one key", filled(r#"{""#, "k", r#"":0}"#, bytes)),
        ("keys", keys(|number| format!("\"{number}\":0,"))),
        (
            "escaped keys",
            keys(|number| format!("\"\\u0061{number}\":0,")),
        ),
        (
            "keys of a claim",
            format!(
                "{{\"app_metadata\":{}}}",
                keys(|number| format!("\"{number}\":0,"))
            ),
        ),
        (
            "audiences",
            filled(r#"{"aud":["#, r#""a","#, r#""a"]}"#, bytes),
        ),
        (
            "one digit after the other",
            filled(r#"{"a":"#, "1", "}", bytes),
        ),
        ("blanks", filled("{", " ", "}", bytes)),
        ("commas", filled("{", ",", "}", bytes)),
        ("quotes", filled("{", "\"", "}", bytes)),
        ("backslashes", filled("{\"a\":\"", "\\\\", "\"}", bytes)),
        ("brackets closed", filled("{", "]", "}", bytes)),
    ]
}
