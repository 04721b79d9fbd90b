//! JSON as a `jsonb` value, byte for byte as `jsonb_in` makes it (src/include/utils/jsonb.h).
//!
//! It is built here and not by Postgres's functions, for two reasons: they take ten times as long
//! for each new token, and an error in them would jump over Rust frames. The format is the one on
//! disk, which pg_upgrade needs unchanged. The tests compare it with that of `jsonb_in` on every
//! version.

use super::numeric;
use authguard_token::{Node, Object};

// JsonbContainer: how many members or elements, and which of the two.
const IS_ARRAY: u32 = 0x4000_0000;
const IS_OBJECT: u32 = 0x2000_0000;

// JEntry: the type, and the length or, every 32 entries, the end.
const STRING: u32 = 0x0000_0000;
const NUMERIC: u32 = 0x1000_0000;
const FALSE: u32 = 0x2000_0000;
const TRUE: u32 = 0x3000_0000;
const NULL: u32 = 0x4000_0000;
const CONTAINER: u32 = 0x5000_0000;
const HAS_END: u32 = 0x8000_0000;
const STRIDE: usize = 32;

const ENTRY_BYTES: usize = 4;

/// The whole varlena of an object.
pub fn encode(object: &Object<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    numeric::varlena(&mut out, |out| self::object(out, object));
    out
}

fn object(out: &mut Vec<u8>, object: &Object<'_>) {
    // The parser's order of members is that of jsonb (lengthCompareJsonbPair in jsonb_util.c): keys
    // first, then values.
    let members = object.members();
    let mut container = Container::open(out, IS_OBJECT, members.len(), 2 * members.len());
    for (key, _) in members {
        container.add(out, |out| text(out, key));
    }
    for (_, value) in members {
        container.add(out, |out| node(out, value));
    }
}

fn array(out: &mut Vec<u8>, values: &[Node<'_>]) {
    let mut container = Container::open(out, IS_ARRAY, values.len(), values.len());
    for value in values {
        container.add(out, |out| node(out, value));
    }
}

/// Appends a value, and returns its type.
fn node(out: &mut Vec<u8>, value: &Node<'_>) -> u32 {
    match value {
        Node::Null => NULL,
        Node::Bool(false) => FALSE,
        Node::Bool(true) => TRUE,
        Node::Text(value) => text(out, value),
        Node::Number(literal) => {
            align(out);
            numeric::encode(out, literal);
            NUMERIC
        }
        Node::Array(values) => {
            array(out, values);
            CONTAINER
        }
        Node::Object(members) => {
            object(out, members);
            CONTAINER
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) -> u32 {
    out.extend_from_slice(text.as_bytes());
    STRING
}

fn align(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(ENTRY_BYTES), 0);
}

/// A container that is being written: the entries, which are reserved first, and their content.
struct Container {
    entry: usize,
    number: usize,
    content: usize,
}

impl Container {
    fn open(out: &mut Vec<u8>, kind: u32, count: usize, entries: usize) -> Self {
        align(out);
        out.extend_from_slice(&(kind | count as u32).to_ne_bytes());
        let entry = out.len();
        let content = entry + entries * ENTRY_BYTES;
        out.resize(content, 0);
        Self {
            entry,
            number: 0,
            content,
        }
    }

    /// Appends content with `write`, which returns the content's type.
    fn add(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> u32) {
        let start = out.len();
        let kind = write(out);
        let entry = match self.number.is_multiple_of(STRIDE) {
            true => HAS_END | (out.len() - self.content) as u32,
            false => (out.len() - start) as u32,
        };
        let place = self.entry..self.entry + ENTRY_BYTES;
        out[place].copy_from_slice(&(kind | entry).to_ne_bytes());
        self.entry += ENTRY_BYTES;
        self.number += 1;
    }
}

#[cfg(any(test, feature = "pg_test"))]
mod agreement;
