//! The number of a lock on a name.

use aws_lc_rs::digest::{Context, SHA256};

/// Returns the number that stands for `name` in a lock: 48 bits. Whoever does not know `secret`
/// cannot find a name that has the number of another one.
pub fn lock_number(secret: &[u8], name: &[u8]) -> (u32, u16) {
    let mut context = Context::new(&SHA256);
    context.update(secret);
    context.update(name);
    let hash = context.finish();
    match hash.as_ref() {
        [a, b, c, d, e, f, ..] => (
            u32::from_be_bytes([*a, *b, *c, *d]),
            u16::from_be_bytes([*e, *f]),
        ),
        _ => (0, 0),
    }
}
