//! `jsonb` (src/include/utils/jsonb.h): containers of entries, whose values follow.

use super::{aligned, numeric};
use crate::datum::{ByteOrder, utf8};

/// The deepest containers in containers.
const MAX_DEPTH: usize = 100;

pub(super) fn text(order: ByteOrder, bytes: &[u8]) -> Option<String> {
    container(order, bytes, 0)
}

struct Entry<'b> {
    kind: u32,
    bytes: &'b [u8],
}

fn container(order: ByteOrder, bytes: &[u8], depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (header, rest) = order.word(bytes)?;
    let count = usize::try_from(header & 0x0fff_ffff).ok()?;
    let (is_object, is_scalar) = (header & 0x2000_0000 != 0, header & 0x1000_0000 != 0);
    let number = count.checked_mul(if is_object { 2 } else { 1 })?;
    let entries = entries(order, rest, number)?;
    let values = |entries: &[Entry<'_>]| {
        let values = entries.iter().map(|entry| value(order, entry, depth));
        values.collect::<Option<Vec<_>>>()
    };
    if !is_object {
        let values = values(&entries)?;
        return match is_scalar {
            true => values.into_iter().next(),
            false => Some(format!("[{}]", values.join(", "))),
        };
    }
    let (keys, entries) = entries.split_at_checked(count)?;
    let pairs = values(keys)?.into_iter().zip(values(entries)?);
    let pairs: Vec<_> = pairs
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    Some(format!("{{{}}}", pairs.join(", ")))
}

/// Returns the entries of a container. Each has its length, or the place where it ends.
fn entries(order: ByteOrder, bytes: &[u8], number: usize) -> Option<Vec<Entry<'_>>> {
    let (heads, data) = bytes.split_at_checked(number.checked_mul(4)?)?;
    let mut start = 0_usize;
    let mut entries = Vec::new();
    for head in heads.chunks_exact(4) {
        let (head, _) = order.word(head)?;
        let number = usize::try_from(head & 0x0fff_ffff).ok()?;
        let end = match head & 0x8000_0000 {
            0 => start.checked_add(number)?,
            _ => number,
        };
        let kind = head & 0x7000_0000;
        // Numbers and containers are aligned; their length has the bytes before.
        let from = match kind {
            0x1000_0000 | 0x5000_0000 => aligned(start, 4)?,
            _ => start,
        };
        let bytes = data.get(from..end)?;
        entries.push(Entry { kind, bytes });
        start = end;
    }
    Some(entries)
}

fn value(order: ByteOrder, entry: &Entry<'_>, depth: usize) -> Option<String> {
    Some(match entry.kind {
        0 => serde_json::Value::String(utf8(entry.bytes)?).to_string(),
        0x1000_0000 => {
            let (header, length) = order.varlena(entry.bytes)?;
            numeric::text(order, entry.bytes.get(header..length)?)?
        }
        0x2000_0000 => "false".to_owned(),
        0x3000_0000 => "true".to_owned(),
        0x4000_0000 => "null".to_owned(),
        0x5000_0000 => container(order, entry.bytes, depth.checked_add(1)?)?,
        _ => return None,
    })
}
