//! Writes a tree as JSON: values that the parser has read keep their meaning, and numbers their
//! digits.

use super::{Node, Object};

/// The length that the claims of most tokens have at most.
const USUAL_BYTES: usize = 1024;

pub(super) fn write(node: &Node<'_>) -> String {
    let mut out = Vec::with_capacity(USUAL_BYTES);
    value(&mut out, node);
    String::from_utf8(out).unwrap_or_default()
}

fn value(out: &mut Vec<u8>, node: &Node<'_>) {
    match node {
        Node::Null => out.extend(b"null"),
        Node::Bool(false) => out.extend(b"false"),
        Node::Bool(true) => out.extend(b"true"),
        Node::Number(literal) => out.extend(literal.as_bytes()),
        Node::Text(string) => text(out, string),
        Node::Array(values) => list(out, [b'[', b']'], values, value),
        Node::Object(object) => members(out, object),
    }
}

fn members(out: &mut Vec<u8>, object: &Object<'_>) {
    list(out, [b'{', b'}'], object.members(), |out, (name, node)| {
        text(out, name);
        out.push(b':');
        value(out, node);
    });
}

fn list<T>(out: &mut Vec<u8>, [open, close]: [u8; 2], all: &[T], each: impl Fn(&mut Vec<u8>, &T)) {
    out.push(open);
    for (place, one) in all.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        each(out, one);
    }
    out.push(close);
}

/// Writing to memory does not fail.
fn text(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text);
}
