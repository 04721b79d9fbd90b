//! The strict parser: what it refuses, and that the rest means one thing only.

use authguard_token::JsonError::{
    Character, DuplicateKey, NotAnObject, Number, Syntax, TooDeep, TooManyNodes,
};
use authguard_token::{MAX_DEPTH, MAX_NODES, Node, Object, parse_object};
use serde_json::{Value, json};

#[test]
fn what_is_accepted_has_the_values_that_were_written() {
    for (text, expected) in [
        ("{}", json!({})),
        (" \t\r\n{ } \n", json!({})),
        (
            r#"{"a":null,"b":[true,false],"c":{"a":"x"}}"#,
            json!({"a": null, "b": [true, false], "c": {"a": "x"}}),
        ),
        (
            r#"{"a":-9223372036854775808,"b":18446744073709551615}"#,
            json!({"a": i64::MIN, "b": u64::MAX}),
        ),
        (
            r#"{"a":-0,"b":0,"c":1.5,"d":1e3,"e":1E-3}"#,
            json!({"a": -0.0, "b": 0, "c": 1.5, "d": 1000.0, "e": 0.001}),
        ),
        (
            r#"{"a":1e308,"b":0e9,"c":0.000e-5,"d":5e-324}"#,
            json!({"a": 1e308, "b": 0.0, "c": 0.0, "d": 5e-324}),
        ),
        (
            r#"{"a":1.797693134862315700e308,"b":-1.7976931348623157e+308}"#,
            json!({"a": f64::MAX, "b": f64::MIN}),
        ),
        (
            r#"{"0.1":0.1000000000000000055511151231257827021181583404541015625}"#,
            json!({"0.1": 0.1}),
        ),
        (
            r#"{"a":"\u00e9\ud83d\ude00\uFFFF\u0001"}"#,
            json!({"a": "é😀\u{ffff}\u{1}"}),
        ),
        (
            r#"{"\\":"\\u0000","\"{":"[[[,,,1e999","b":"\\\"99999999999999999999"}"#,
            json!({"\\": "\\u0000", "\"{": "[[[,,,1e999", "b": "\\\"99999999999999999999"}),
        ),
        (
            r#"{"a":{"a":1},"b":[{"a":1},{"a":1}]}"#,
            json!({"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}]}),
        ),
        // serde_json's own names mean nothing here.
        (
            r#"{"$serde_json::private::Number":"1"}"#,
            json!({"$serde_json::private::Number": "1"}),
        ),
    ] {
        assert_eq!(
            parse_object(text).map(Value::Object),
            Ok(expected),
            "{text}"
        );
    }
}

#[test]
fn what_is_refused_says_which_rule_it_breaks() {
    for (text, expected) in [
        ("", NotAnObject),
        ("null", NotAnObject),
        ("[]", NotAnObject),
        (r#""{}""#, NotAnObject),
        ("\u{feff}{}", NotAnObject),
        ("{", Syntax),
        ("\u{c}{}", Syntax),
        ("{}\u{a0}", Syntax),
        ("{}{}", Syntax),
        ("{} x", Syntax),
        ("{},", Syntax),
        (r#"{"a":1,}"#, Syntax),
        ("{a:1}", Syntax),
        ("{'a':1}", Syntax),
        (r#"{"a":NaN}"#, Syntax),
        (r#"{"a":Infinity}"#, Syntax),
        (r#"{"a":01}"#, Syntax),
        (r#"{"a":+1}"#, Syntax),
        (r#"{"a":1.}"#, Syntax),
        (r#"{"a":.5}"#, Syntax),
        (r#"{"a":-}"#, Syntax),
        (r#"{"a":1e}"#, Syntax),
        (r#"{"a":1e+}"#, Syntax),
        (r#"{"a":"b"#, Syntax),
        (r#"{"a":"\"#, Syntax),
        (r#"{"a":"\u12"#, Syntax),
        (r#"{"a":"\u12G4"}"#, Syntax),
        (r#"{"a":"\u+123"}"#, Syntax),
        (r#"{"a":"\x"}"#, Syntax),
        ("{\"a\":\"\n\"}", Syntax),
        ("{\"a\":\"\0\"}", Syntax),
        ("{\"a\":1 /* no */}", Syntax),
        (r#"{"a":1,"a":1}"#, DuplicateKey),
        (r#"{"a":1,"\u0061":1}"#, DuplicateKey),
        (r#"{"":1,"":1}"#, DuplicateKey),
        (r#"{"b":[1,{"a":1,"c":2,"a":null}]}"#, DuplicateKey),
        (r#"{"a":"\u0000"}"#, Character),
        (r#"{"a\u0000":1}"#, Character),
        (r#"{"a":"\\\u0000"}"#, Character),
        (r#"{"a":"\ud800"}"#, Character),
        (r#"{"a":"\uDBFFx"}"#, Character),
        (r#"{"a":"\ud800\n"}"#, Character),
        (r#"{"a":"\ud800\ud800\udc00"}"#, Character),
        (r#"{"a":"\ud800\u0041"}"#, Character),
        (r#"{"a":"\udc00"}"#, Character),
        (r#"{"\udfff\ud800":1}"#, Character),
        (r#"{"a":18446744073709551616}"#, Number),
        (r#"{"a":-9223372036854775809}"#, Number),
        (r#"{"a":[{"b":99999999999999999999}]}"#, Number),
        (r#"{"a":1e309}"#, Number),
        (r#"{"a":-1e309}"#, Number),
        (r#"{"a":1e131071}"#, Number),
        (r#"{"a":1e-400}"#, Number),
        (r#"{"a":0e99999999999999999999}"#, Number),
        (r#"{"a":0e-20000}"#, Number),
        (r#"{"a":0e-999}"#, Number),
        (r#"{"a":0.0e-10}"#, Number),
    ] {
        assert_eq!(parse_object(text), Err(expected), "{text}");
    }
}

#[test]
fn a_number_is_refused_when_its_text_is_long() {
    assert!(parse_object(&format!("{{\"a\":0.{}}}", "1".repeat(62))).is_ok());
    assert_eq!(
        parse_object(&format!("{{\"a\":0.{}}}", "1".repeat(63))),
        Err(Number)
    );
    assert_eq!(
        parse_object(&format!("{{\"a\":{}}}", "1".repeat(60_000))),
        Err(Number)
    );
}

#[test]
fn depth_is_counted_from_the_object_and_does_not_add_up_beside() {
    let nested = |open: &str, close: &str, times: usize| {
        format!(
            "{{\"a\":{}0{},\"b\":[],\"c\":{{}}}}",
            open.repeat(times),
            close.repeat(times)
        )
    };
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        assert!(parse_object(&nested(open, close, MAX_DEPTH - 1)).is_ok());
        assert_eq!(parse_object(&nested(open, close, MAX_DEPTH)), Err(TooDeep));
        assert_eq!(parse_object(&nested(open, close, 100_000)), Err(TooDeep));
        assert_eq!(
            parse_object(&format!("{{\"a\":{}", open.repeat(100_000))),
            Err(TooDeep)
        );
    }
}

#[test]
fn the_number_of_values_is_limited() {
    let array = |length: usize| format!("{{\"a\":[{}]}}", vec!["0"; length].join(","));
    assert!(parse_object(&array(MAX_NODES - 1)).is_ok());
    assert_eq!(parse_object(&array(MAX_NODES)), Err(TooManyNodes));
    let objects = |length: usize| format!("{{\"a\":[{}]}}", vec!["{}"; length].join(","));
    assert!(parse_object(&objects(MAX_NODES - 1)).is_ok());
    assert_eq!(parse_object(&objects(MAX_NODES)), Err(TooManyNodes));
    let members = |length: usize| {
        let members: Vec<_> = (0..length).map(|key| format!("\"{key}\":[]")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(parse_object(&members(MAX_NODES)).is_ok());
    assert_eq!(parse_object(&members(MAX_NODES + 1)), Err(TooManyNodes));
}

#[test]
fn members_that_are_put_in_stand_in_the_order_of_those_that_are_read() {
    let mut object = Object::parse(r#"{"b":1,"aa":[1.50,"\u00e9\n"],"c":null}"#).unwrap();
    object.set("a", "\"");
    object.set("c", Node::Bool(true));
    object.set("ab", Node::Number("0.10"));
    let mut others = Object::default();
    others.set("b", Node::Object(Object::default()));
    others.set("ca", "");
    object.extend(others);
    let json = Node::Object(object.clone()).to_json();
    assert_eq!(
        json,
        r#"{"a":"\"","b":{},"c":true,"aa":[1.50,"é\n"],"ab":0.10,"ca":""}"#
    );
    assert!(Object::parse(&json) == Ok(object));
    assert_eq!(Node::Object(Object::default()).to_json(), "{}");
}

#[test]
fn what_is_put_together_keeps_to_the_limits_of_what_is_read() {
    let within = |depth: usize| {
        (1..depth).fold(Object::default(), |inner, _| {
            let mut outer = Object::default();
            outer.set("a", Node::Array(vec![]));
            outer.set("b", Node::Object(inner));
            outer
        })
    };
    assert_eq!(Node::Object(within(MAX_DEPTH)).check(), Ok(()));
    assert_eq!(Node::Object(within(MAX_DEPTH + 1)).check(), Err(TooDeep));
    let mut full = Object::default();
    full.set("a", Node::Array(vec![Node::Null; MAX_NODES - 1]));
    assert_eq!(Node::Object(full.clone()).check(), Ok(()));
    full.set("b", Node::Null);
    assert_eq!(Node::Object(full).check(), Err(TooManyNodes));
}
