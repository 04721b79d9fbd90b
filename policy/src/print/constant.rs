//! Constants: their bytes as literals.

mod jsonb;
mod numeric;
mod time;

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{NotPrinted, Printed, Printer, literal};
use crate::datum::{ByteOrder, types, utf8};
use crate::node::{Node, Value};

/// Arrays in arrays do not exist, but domains and arrays of them may take turns.
const MAX_NESTED: usize = 8;

impl Printer<'_> {
    pub(super) fn constant(&self, node: &Node<'_>) -> Printed {
        let (type_id, modifier) = (node.field("consttype")?, node.field("consttypmod")?);
        if node.flag("constisnull")? {
            return Ok(format!("NULL::{}", self.type_name(type_id, modifier)?));
        }
        let text = self.text_of(node)?;
        let is_number = text.chars().all(|c| c.is_ascii_digit());
        match type_id {
            types::BOOL if text == "t" => Ok("true".to_owned()),
            types::BOOL => Ok("false".to_owned()),
            types::INT4 if is_number && modifier == -1 => Ok(text),
            _ => Ok(format!(
                "{}::{}",
                literal(&text),
                self.type_name(type_id, modifier)?
            )),
        }
    }

    /// Prints a constant as `CYCLE` takes it: the type before the literal.
    pub(super) fn typed_literal(&self, node: &Node<'_>) -> Printed {
        if node.name != "CONST" || node.flag("constisnull")? {
            return Err(NotPrinted::new("a value of CYCLE"));
        }
        let type_name = self.type_name(node.field("consttype")?, node.field("consttypmod")?)?;
        match self.constant(node)? {
            truth if truth == "true" || truth == "false" => Ok(truth),
            _ => Ok(format!("{type_name} {}", literal(&self.text_of(node)?))),
        }
    }

    /// Returns the text that a constant is, if it is a text.
    pub(super) fn text_constant(&self, node: &Node<'_>) -> Option<String> {
        let is_text = node.name == "CONST" && node.number("consttype") == Some(types::TEXT);
        is_text.then(|| self.text_of(node).ok())?
    }

    fn text_of(&self, node: &Node<'_>) -> Printed {
        let type_id: u32 = node.field("consttype")?;
        let Some(Value::Datum(bytes)) = node.get("constvalue") else {
            return Err(NotPrinted::new("CONST"));
        };
        let known = self.names.type_name(type_id)?;
        let by_value = node.flag("constbyval")?;
        let length = usize::try_from(known.length).ok().filter(|_| by_value);
        let bytes = match length {
            Some(length) => self.names.byte_order.by_value(bytes, length),
            None => Some(&bytes[..]),
        };
        let text = bytes.and_then(|bytes| self.value(type_id, bytes, 0));
        text.ok_or_else(|| NotPrinted::new(format!("a constant of type {}", known.name.quoted())))
    }

    /// Returns the text of a value of so many bytes.
    fn value(&self, type_id: u32, bytes: &[u8], depth: usize) -> Option<String> {
        let known = self.names.types.get(&type_id)?;
        let order = self.names.byte_order;
        if known.kind == 'e' {
            let oid = u32::from_le_bytes(order.number(bytes)?);
            return self.names.labels.get(&oid).cloned();
        }
        if known.kind == 'r' && depth < MAX_NESTED {
            return self.range_value(type_id, known.element, order.payload(bytes)?, depth);
        }
        if known.element != 0 && known.length == -1 && depth < MAX_NESTED {
            return self.array_value(known.element, order.payload(bytes)?, depth);
        }
        Some(match type_id {
            // bool
            16 => if bytes == [0] { "f" } else { "t" }.to_owned(),
            // "char"
            18 => match bytes {
                [byte @ 0x20..0x7f] => char::from(*byte).to_string(),
                _ => return None,
            },
            // name, cstring and unknown
            19 | 705 | 2275 => utf8(bytes.split(|byte| *byte == 0).next()?)?,
            20 => i64::from_le_bytes(order.number(bytes)?).to_string(),
            21 => i16::from_le_bytes(order.number(bytes)?).to_string(),
            types::INT4 => i32::from_le_bytes(order.number(bytes)?).to_string(),
            // oid, and the types that are written by name or by number
            26 | 24 | 2202..=2206 | 3734 | 3769 | 4089 | 4096 | 4191 => {
                u32::from_le_bytes(order.number(bytes)?).to_string()
            }
            700 => {
                let number = f32::from_le_bytes(order.number(bytes)?);
                float(number.into(), || format!("{number:e}"))
            }
            701 => {
                let number = f64::from_le_bytes(order.number(bytes)?);
                float(number, || format!("{number:e}"))
            }
            // text, json, xml, bpchar, varchar
            25 | 114 | 142 | 1042 | 1043 => utf8(order.payload(bytes)?)?,
            17 => format!("\\x{}", hex(order.payload(bytes)?)),
            2950 => uuid(bytes)?,
            1082 => time::date(i32::from_le_bytes(order.number(bytes)?))?,
            1083 => time::of_day(i64::from_le_bytes(order.number(bytes)?))?,
            1114 => time::timestamp(i64::from_le_bytes(order.number(bytes)?), "")?,
            1184 => time::timestamp(i64::from_le_bytes(order.number(bytes)?), "+00")?,
            1266 => time::of_day_in_zone(order, bytes)?,
            types::INTERVAL => time::interval(order, bytes)?,
            1700 => numeric::text(order, order.payload(bytes)?)?,
            3802 => jsonb::text(order, order.payload(bytes)?)?,
            // tid
            27 => {
                let (high, rest) = order.half_word(bytes)?;
                let (low, rest) = order.half_word(rest)?;
                let (number, _) = order.half_word(rest)?;
                format!("({},{number})", u32::from(high) << 16 | u32::from(low))
            }
            // point
            600 => {
                let (x, y) = bytes.split_at_checked(8)?;
                let [x, y] = [order.number(x)?, order.number(y)?].map(f64::from_le_bytes);
                format!(
                    "({},{})",
                    float(x, || format!("{x:e}")),
                    float(y, || format!("{y:e}"))
                )
            }
            // cidr, inet
            650 | 869 => address(order.payload(bytes)?)?,
            // bit, varbit
            1560 | 1562 => bits(order, order.payload(bytes)?)?,
            _ => return None,
        })
    }

    /// The text of a range (src/include/utils/rangetypes.h).
    fn range_value(&self, type_id: u32, bound: u32, bytes: &[u8], depth: usize) -> Option<String> {
        let (own, _) = self.names.byte_order.word(bytes)?;
        let flags = *bytes.last()?;
        let has = |bit: u8| flags & bit != 0;
        if own != type_id {
            return None;
        }
        if has(0x01) {
            return Some("empty".to_owned());
        }
        let mut at = 4;
        let mut bound = |is_infinite: bool| {
            if is_infinite {
                return Some(String::new());
            }
            let text;
            (text, at) = self.next_value(bound, bytes, at, depth)?;
            Some(element_text(&text))
        };
        let (lower, upper) = (bound(has(0x08))?, bound(has(0x10))?);
        let opening = if has(0x02) { '[' } else { '(' };
        let closing = if has(0x04) { ']' } else { ')' };
        Some(format!("{opening}{lower},{upper}{closing}"))
    }

    /// Returns the text of a value within another one, and the place after it. Places count from
    /// behind the header of four bytes, alignment with it.
    fn next_value(
        &self,
        type_id: u32,
        bytes: &[u8],
        at: usize,
        depth: usize,
    ) -> Option<(String, usize)> {
        let known = self.names.types.get(&type_id)?;
        let start = aligned(at.checked_add(4)?, known.alignment.into())?.checked_sub(4)?;
        let rest = bytes.get(start..)?;
        let length = match known.length {
            -1 => self.names.byte_order.varlena(rest)?.1,
            length => usize::try_from(length).ok()?,
        };
        let text = self.value(type_id, rest.get(..length)?, depth.checked_add(1)?)?;
        Some((text, start.checked_add(length)?))
    }

    /// The text of an array (src/include/utils/array.h).
    fn array_value(&self, element: u32, bytes: &[u8], depth: usize) -> Option<String> {
        let word = |place: usize| {
            let at = place.checked_mul(4)?;
            let (word, _) = self.names.byte_order.word(bytes.get(at..)?)?;
            Some(word.cast_signed())
        };
        let dimensions = usize::try_from(word(0)?).ok().filter(|count| *count <= 6)?;
        if u32::try_from(word(2)?) != Ok(element) {
            return None;
        }
        if dimensions == 0 {
            return Some("{}".to_owned());
        }
        let mut lengths = Vec::new();
        let mut bounds = String::new();
        for place in 0..dimensions {
            let length = word(place.checked_add(3)?)?;
            let lower = word(place.checked_add(3)?.checked_add(dimensions)?)?;
            let upper = lower.checked_add(length)?.checked_sub(1)?;
            let _ = write!(bounds, "[{lower}:{upper}]");
            lengths.push(usize::try_from(length).ok().filter(|length| *length > 0)?);
        }
        let count = lengths
            .iter()
            .try_fold(1_usize, |count, length| count.checked_mul(*length))?;
        // Places in the text of Postgres count the header of four bytes.
        let sizes = dimensions.checked_mul(8)?.checked_add(12)?;
        let (nulls, start) = match usize::try_from(word(1)?).ok()? {
            0 => (None, aligned(sizes.checked_add(4)?, 8)?),
            offset => (Some(bytes.get(sizes..)?), offset),
        };
        let mut at = start.checked_sub(4)?;
        let mut values = Vec::new();
        for number in 0..count {
            let is_there = |nulls: &[u8]| Some(nulls.get(number / 8)? >> (number % 8) & 1 == 1);
            if !nulls.map_or(Some(true), is_there)? {
                values.push("NULL".to_owned());
                continue;
            }
            let text;
            (text, at) = self.next_value(element, bytes, at, depth)?;
            values.push(format!(
                "\"{}\"",
                text.replace('\\', "\\\\").replace('"', "\\\"")
            ));
        }
        for length in lengths.iter().rev() {
            let rows = values
                .chunks(*length)
                .map(|row| format!("{{{}}}", row.join(",")));
            values = rows.collect();
        }
        let is_usual = lengths
            .iter()
            .map(|length| format!("[1:{length}]"))
            .collect::<String>()
            == bounds;
        let values = values.pop()?;
        Some(if is_usual {
            values
        } else {
            format!("{bounds}={values}")
        })
    }
}

/// Quotes an element of an array or a bound of a range.
fn element_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn aligned(at: usize, alignment: usize) -> Option<usize> {
    at.checked_next_multiple_of(alignment)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn float(number: f64, finite: impl Fn() -> String) -> String {
    match number {
        _ if number.is_nan() => "NaN".to_owned(),
        _ if number.is_infinite() && number > 0.0 => "Infinity".to_owned(),
        _ if number.is_infinite() => "-Infinity".to_owned(),
        _ => finite(),
    }
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    let digits = hex(&bytes);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part));
    Some(parts.into_iter().collect::<Option<Vec<_>>>()?.join("-"))
}

/// `inet_struct` of src/include/utils/inet.h.
fn address(bytes: &[u8]) -> Option<String> {
    let [family, bits, address @ ..] = bytes else {
        return None;
    };
    match family {
        2 => Some(format!(
            "{}/{bits}",
            Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?)
        )),
        3 => Some(format!(
            "{}/{bits}",
            Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?)
        )),
        _ => None,
    }
}

fn bits(order: ByteOrder, bytes: &[u8]) -> Option<String> {
    let (count, bytes) = order.word(bytes)?;
    let count = usize::try_from(count).ok()?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    digits.get(..count).map(str::to_owned)
}
