//! The memory that a text may take. If memory is short, Rust ends the process, so a caller that
//! must not end makes sure of the memory first.

use crate::json::MAX_NODES;

/// Each byte is copied a few times: as a string, as a claim, and as JSON again.
const BYTES_A_BYTE: usize = 8;

/// Each value is a node, a part of a container that grows, and a value of serde_json.
const BYTES_A_VALUE: usize = 384;

/// The most bytes that are allocated in all while JSON is read, as a tree, as claims or as keys,
/// and written again. The text need not be JSON.
#[must_use]
pub fn memory_for_json(text: &str) -> usize {
    let begins_a_value = |byte: &u8| matches!(byte, b',' | b'[' | b'{');
    memory_for(
        text.len(),
        text.as_bytes()
            .iter()
            .filter(|byte| begins_a_value(byte))
            .count(),
    )
}

/// The most bytes that are allocated in all while a token of that length is verified.
#[must_use]
pub fn memory_for_token(length: usize) -> usize {
    // The shortest value has one byte and a comma, and base64url makes three bytes of four.
    memory_for(length, MAX_NODES.min(length.saturating_mul(3) / 8))
}

fn memory_for(bytes: usize, values: usize) -> usize {
    let for_values = values.saturating_add(1).saturating_mul(BYTES_A_VALUE);
    bytes
        .saturating_mul(BYTES_A_BYTE)
        .saturating_add(for_values)
}
