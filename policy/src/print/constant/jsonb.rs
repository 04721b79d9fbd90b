//! `jsonb` (src/include/utils/jsonb.h): containers of entries, whose values follow.

use super::{aligned, numeric, payload, utf8, varlena_length};

/// The deepest containers in containers.
const MAX_DEPTH: usize = 100;

pub(super) fn text(bytes: &[u8]) -> Option<String> {
    container(bytes, 0)
}

struct Entry<'b> {
    kind: u32,
    bytes: &'b [u8],
}

fn container(bytes: &[u8], depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (header, rest) = bytes.split_first_chunk::<4>()?;
    let header = u32::from_le_bytes(*header);
    let count = usize::try_from(header & 0x0fff_ffff).ok()?;
    let (is_object, is_scalar) = (header & 0x2000_0000 != 0, header & 0x1000_0000 != 0);
    let number = count.checked_mul(if is_object { 2 } else { 1 })?;
    let entries = entries(rest, number)?;
    let values = |entries: &[Entry<'_>]| {
        let values = entries.iter().map(|entry| value(entry, depth));
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
fn entries(bytes: &[u8], number: usize) -> Option<Vec<Entry<'_>>> {
    let (heads, data) = bytes.split_at_checked(number.checked_mul(4)?)?;
    let mut start = 0_usize;
    let mut entries = Vec::new();
    for head in heads.as_chunks::<4>().0 {
        let head = u32::from_le_bytes(*head);
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

fn value(entry: &Entry<'_>, depth: usize) -> Option<String> {
    Some(match entry.kind {
        0 => serde_json::Value::String(utf8(entry.bytes)?).to_string(),
        0x1000_0000 => {
            let length = varlena_length(entry.bytes)?;
            numeric::text(payload(entry.bytes.get(..length)?)?)?
        }
        0x2000_0000 => "false".to_owned(),
        0x3000_0000 => "true".to_owned(),
        0x4000_0000 => "null".to_owned(),
        0x5000_0000 => container(entry.bytes, depth.checked_add(1)?)?,
        _ => return None,
    })
}
