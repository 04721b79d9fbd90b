//! The tokens, the tree and the limits of the reader.

use authguard_policy::{MAX_DEPTH, MAX_TEXT_BYTES, MAX_VALUES, Node, NodeError, Value, read_node};

fn token(text: &str) -> Value<'_> {
    Value::Token(text)
}

/// The text of a field that holds this value.
fn field_text(written: &str) -> Option<String> {
    let node = format!("{{ALIAS :aliasname {written} :colnames <>}}");
    let value = read_node(&node).unwrap();
    let alias = value.as_node().unwrap();
    assert_eq!(alias.get("colnames"), Some(&Value::Null), "{written}");
    Some(alias.get("aliasname")?.as_text()?.into_owned())
}

#[test]
fn a_node_has_its_fields_in_order() {
    let text = "{OPEXPR :opno 98 :opretset false :args ({PARAM :paramid 1} <>) :location -1}";
    let args = Value::List(vec![
        Value::Node(Node {
            name: "PARAM",
            fields: vec![("paramid", token("1"))],
        }),
        Value::Null,
    ]);
    let fields = vec![
        ("opno", token("98")),
        ("opretset", token("false")),
        ("args", args),
        ("location", token("-1")),
    ];
    let node = Node {
        name: "OPEXPR",
        fields,
    };
    assert_eq!(read_node(text), Ok(Value::Node(node)));
    // Spaces separate tokens and nothing more; brackets need none.
    let spaced = text.replace('(', "\n(\t").replace('}', " } ");
    assert_eq!(read_node(&spaced), read_node(text));
}

#[test]
fn lists_of_numbers_and_sets_are_told_from_lists_of_values() {
    for (text, expected) in [
        ("(i 1 -2)", Value::Numbers(vec![1, -2])),
        (
            "(o 2950 4294967295)",
            Value::Numbers(vec![2950, 4294967295]),
        ),
        ("(x 3)", Value::Numbers(vec![3])),
        ("(b)", Value::Numbers(vec![])),
        ("(b 0 7)", Value::Numbers(vec![0, 7])),
        ("()", Value::List(vec![])),
        (
            "(\"i\" \"b\")",
            Value::List(vec![token("\"i\""), token("\"b\"")]),
        ),
        ("(b101 1.5)", Value::List(vec![token("b101"), token("1.5")])),
        (
            "((i 1) ())",
            Value::List(vec![Value::Numbers(vec![1]), Value::List(vec![])]),
        ),
    ] {
        assert_eq!(read_node(text), Ok(expected), "{text}");
    }
}

#[test]
fn a_datum_has_the_bytes_of_either_kind_of_char() {
    for (text, expected) in [
        ("4 [ -127 0 0 0 0 0 0 0 ]", vec![129, 0, 0, 0, 0, 0, 0, 0]),
        ("2 [ 195 -87 ]", vec![195, 169]),
        ("0 [ ]", vec![]),
    ] {
        assert_eq!(read_node(text), Ok(Value::Datum(expected)), "{text}");
    }
    for text in ["1 [ 256 ]", "1 [ -129 ]", "1 [ ]", "a [ 1 ]", "1 [ a ]"] {
        assert!(
            matches!(read_node(text), Err(NodeError::Unexpected(_))),
            "{text}"
        );
    }
    assert_eq!(read_node("2 [ 1"), Err(NodeError::Truncated));
}

#[test]
fn a_name_is_read_as_it_was_before_it_was_quoted() {
    for (written, name) in [
        ("notes", "notes"),
        ("my\\ notes", "my notes"),
        ("a\\(b\\)\\{c\\}", "a(b){c}"),
        ("\\<>", "<>"),
        ("\\\"quoted\"", "\"quoted\""),
        ("\\1st", "1st"),
        ("\\-1", "-1"),
        ("back\\\\slash", "back\\slash"),
        // Nothing quotes these, though they are signs elsewhere.
        (":colnames", ":colnames"),
        ("[", "["),
        ("<", "<"),
        ("\u{e9}\\ \u{1f600}", "\u{e9} \u{1f600}"),
        ("\"\"", ""),
    ] {
        assert_eq!(field_text(written).as_deref(), Some(name), "{written}");
    }
    assert_eq!(field_text("<>"), None);
}

#[test]
fn names_in_a_list_are_in_quotes() {
    let value = read_node(r#"("id" "a\ b" "say\ "hi"" "" "\}")"#).unwrap();
    let names: Vec<_> = value
        .as_list()
        .unwrap()
        .iter()
        .map(Value::as_text)
        .collect();
    let expected = ["id", "a b", "say \"hi\"", "", "}"];
    assert_eq!(names, expected.map(|name| Some(name.into())));
}

#[test]
fn a_value_is_what_it_is_asked_for_or_nothing() {
    assert_eq!(token("true").as_bool(), Some(true));
    assert_eq!(token("t").as_bool(), None);
    assert_eq!(token("65536").as_number::<u16>(), None);
    assert_eq!(token("-1").as_number::<i32>(), Some(-1));
    assert_eq!(token("1").as_list(), None);
    assert_eq!(Value::Null.as_list(), Some(&[][..]));
    assert_eq!(Value::Null.as_text(), None);
    assert_eq!(Value::Null.as_node(), None);
}

#[test]
fn a_text_that_is_no_tree_is_an_error_at_its_place() {
    for (text, error) in [
        ("", NodeError::Truncated),
        (" \n", NodeError::Truncated),
        ("{", NodeError::Truncated),
        ("{VAR", NodeError::Truncated),
        ("{VAR :varno", NodeError::Truncated),
        ("(", NodeError::Truncated),
        ("(i 1", NodeError::Truncated),
        ("{}", NodeError::Unexpected(1)),
        ("{:varno 1}", NodeError::Unexpected(1)),
        ("{VAR 1}", NodeError::Unexpected(5)),
        ("{VAR {VAR}}", NodeError::Unexpected(5)),
        ("{VAR :varno}", NodeError::Unexpected(11)),
        ("{VAR :varno 1 2}", NodeError::Unexpected(14)),
        ("{VAR)", NodeError::Unexpected(4)),
        ("({VAR}}", NodeError::Unexpected(6)),
        (")", NodeError::Unexpected(0)),
        ("{VAR} {VAR}", NodeError::Unexpected(6)),
        ("(i 1 a)", NodeError::Unexpected(5)),
        ("(i 9223372036854775808)", NodeError::Unexpected(3)),
    ] {
        assert_eq!(read_node(text), Err(error), "{text}");
    }
}

#[test]
fn each_limit_holds_to_its_edge() {
    let nested = |depth: usize| "(".repeat(depth) + &")".repeat(depth);
    assert!(read_node(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(read_node(&nested(MAX_DEPTH + 1)), Err(NodeError::TooDeep));
    // A text without an end costs no more than the limit.
    assert_eq!(
        read_node(&"(".repeat(MAX_TEXT_BYTES)),
        Err(NodeError::TooDeep)
    );

    let list = |values: usize| format!("({})", "()".repeat(values));
    assert!(read_node(&list(MAX_VALUES - 1)).is_ok());
    assert_eq!(read_node(&list(MAX_VALUES)), Err(NodeError::TooManyValues));

    let long = |bytes: usize| "a".repeat(bytes);
    assert!(read_node(&long(MAX_TEXT_BYTES)).is_ok());
    assert_eq!(
        read_node(&long(MAX_TEXT_BYTES + 1)),
        Err(NodeError::TooLong)
    );
}

#[test]
fn errors_are_said_in_words() {
    for (error, words) in [
        (NodeError::TooLong, "node text is longer than 4194304 bytes"),
        (
            NodeError::TooDeep,
            "node text is nested deeper than 500 levels",
        ),
        (
            NodeError::TooManyValues,
            "node text has more than 524288 values",
        ),
        (NodeError::Truncated, "node text ends too early"),
        (
            NodeError::Unexpected(7),
            "node text cannot be read from byte 7",
        ),
    ] {
        assert_eq!(error.to_string(), words);
    }
}
