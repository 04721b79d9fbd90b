//! Of any text: no panic, one meaning, no duplicate key, no rounded integer.

use authguard_token::JsonError::{DuplicateKey, Number};
use authguard_token::{MAX_DEPTH, Node, Object, parse_object};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Map, Value, json};

/// Any value that the parser accepts, of bounded depth.
fn value() -> impl Strategy<Value = Value> {
    let text = "[^\0]{0,8}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(text, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[^\0]{0,8}", value(), 0..6)
        .prop_map(|map| map.into_iter().collect())
}

/// Nearly JSON: pieces that matter to the parser, in any order.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\":",
        "\"b\":",
        "\\",
        "\\u",
        "\\u0000",
        "\\ud83d",
        "\\ude00",
        "\\n",
        "é",
        "\0",
        "0",
        "-",
        "1.5",
        "e",
        "1e999",
        "99999999999999999999",
        "null",
        "true",
        " ",
        "{\"a\":",
        "\"a\"",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A number as it is written: an integer, or a fraction within the limits.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[1-9][0-9]{0,17}",
        "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,20})?",
        "-?[1-9](\\.[0-9]{1,20})?[eE][+-]?[0-9]{1,2}",
    ]
}

/// One string or one number, of pieces that are often good together.
fn literal() -> impl Strategy<Value = String> {
    let escapes = vec![
        "a",
        "é",
        "\\\"",
        "\\\\",
        "\\/",
        "\\b",
        "\\f",
        "\\n",
        "\\r",
        "\\t",
        "\\u00e9",
        "\\uD83D\\uDE00",
        "\\x",
        "\n",
        "\u{1f}",
        "\u{7f}",
    ];
    let digits = vec!["0", "7", "10", "-", "+", ".", ".5", "e", "E", "e+", "e-1"];
    let pieces = |from, most| {
        prop::collection::vec(prop::sample::select(from), 0..most).prop_map(|all| all.concat())
    };
    prop_oneof![
        pieces(escapes, 6).prop_map(|text: String| format!("\"{text}\"")),
        pieces(digits, 5),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_is_accepted_is_written_and_read_again_the_same(object in object()) {
        let text = Value::Object(object.clone()).to_string();
        let once = parse_object(&text);
        prop_assert_eq!(once.as_ref(), Ok(&object));
        let again = parse_object(&Value::Object(object).to_string());
        prop_assert_eq!(once, again);
    }

    #[test]
    fn a_tree_is_written_as_it_was_read(object in object(), literal in literal()) {
        let plain = Value::Object(object).to_string();
        for text in [format!("{{\"a\":{literal},\"b\":{plain}}}"), format!("[{plain},{literal}]"), literal] {
            if let Ok(node) = Node::parse(&text) {
                let json = node.to_json();
                prop_assert!(Node::parse(&json) == Ok(node.clone()), "{}", text);
                prop_assert_eq!(node.check(), Ok(()));
            }
        }
    }

    #[test]
    fn no_text_panics_and_accepted_means_one_thing(
        text in prop_oneof!["(?s).{0,200}", soup(), soup().prop_map(|soup| format!("{{\"a\":{soup}}}"))],
        literal in literal(),
    ) {
        is_read_again_the_same(&format!("{{\"a\":{literal}}}"))?;
        is_read_again_the_same(&text)?;
    }

    #[test]
    fn an_edit_anywhere_does_not_panic(object in object(), at: prop::sample::Index, piece in soup()) {
        let mut text = Value::Object(object).to_string();
        let at = (0..=at.index(text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        text.insert_str(at, &piece);
        is_read_again_the_same(&text)?;
    }

    #[test]
    fn a_number_keeps_its_digits_whatever_stands_around_it(
        pairs in prop::collection::vec(("[^\0]{0,4}[\"\\\\0-9-]{0,4}", number(), any::<bool>()), 0..8),
    ) {
        let members: Vec<_> = pairs.iter().enumerate().map(|(at, (text, number, escaped))| {
            let text = if *escaped { escape(text) } else { json!(text).to_string() };
            let key = text.replacen('"', &format!("\"{}", char::from(b'a' + at as u8)), 1);
            format!("{key}: [{text},{number} ,true, {{{text}:{number}}}]")
        }).collect();
        let text = format!("{{{}}}", members.join(","));
        let object = Object::parse(&text).unwrap();
        for (at, (text, number, _)) in pairs.iter().enumerate() {
            let value = object.get(&format!("{}{text}", char::from(b'a' + at as u8)));
            let Some(Node::Array(values)) = value else { panic!("{text}") };
            prop_assert!(values[1] == Node::Number(number), "{}", text);
            let Node::Object(inner) = &values[3] else { panic!("{text}") };
            prop_assert!(inner.get(text) == Some(&Node::Number(number)), "{}", text);
        }
    }

    #[test]
    fn a_key_that_occurs_twice_is_refused_at_every_level(
        key in "[^\0]{0,4}",
        between in object(),
        wraps in prop::collection::vec(any::<bool>(), 0..MAX_DEPTH - 10),
    ) {
        let (plain, escaped) = (json!(&key).to_string(), escape(&key));
        let between: String = (between.iter().filter(|(other, _)| **other != key))
            .map(|(other, value)| format!("{}:{value},", json!(other)))
            .collect();
        for (first, second) in [(&plain, &plain), (&plain, &escaped), (&escaped, &plain)] {
            let mut text = format!("{{{first}:1,{between}{second}:1}}");
            for array in &wraps {
                text = if *array { format!("[0,{text}]") } else { format!("{{\"w\":{text}}}") };
            }
            if wraps.last() == Some(&true) {
                text = format!("{{\"w\":{text}}}");
            }
            prop_assert_eq!(parse_object(&text), Err(DuplicateKey), "{}", text);
        }
    }

    #[test]
    fn an_integer_is_exact_or_refused(negative: bool, digits in "[1-9][0-9]{0,24}") {
        let literal = if negative { format!("-{digits}") } else { digits };
        let exact: i128 = literal.parse().unwrap();
        let fits = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&exact);
        match parse_object(&format!("{{\"a\":[{literal}]}}")) {
            Ok(object) => {
                prop_assert!(fits);
                prop_assert_eq!(object["a"][0].to_string(), literal);
            }
            Err(error) => prop_assert!(!fits && error == Number),
        }
    }

    #[test]
    fn two_integers_never_become_one(a: u128, b: u128) {
        let read = |n: u128| parse_object(&format!("{{\"a\":{n}}}"));
        // Neighbours beyond u64 are the same double.
        let near = (u128::from(u64::MAX) + 1).saturating_add(a % 2048);
        prop_assert_eq!(read(near), Err(Number));
        prop_assert!(a == b || read(a) != read(b) || (read(a) == Err(Number) && read(b) == Err(Number)));
    }
}

fn is_read_again_the_same(text: &str) -> Result<(), TestCaseError> {
    if let Ok(object) = parse_object(text) {
        let again = Value::Object(object.clone()).to_string();
        prop_assert_eq!(parse_object(&again), Ok(object), "{}", text);
    }
    Ok(())
}

/// The same key with every character as an escape.
fn escape(key: &str) -> String {
    let units: String = key
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect();
    format!("\"{units}\"")
}
