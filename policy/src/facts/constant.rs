//! Values of constants, as far as rules ask for them.

use super::Facts;
use crate::{Const, Expr};

/// OIDs of types (src/include/catalog/pg_type.dat).
mod types {
    pub(super) const BOOL: u32 = 16;
    pub(super) const NAME: u32 = 19;
    pub(super) const INT8: u32 = 20;
    pub(super) const INT2: u32 = 21;
    pub(super) const INT4: u32 = 23;
    pub(super) const REGPROC: u32 = 24;
    pub(super) const TEXT: u32 = 25;
    pub(super) const UNKNOWN: u32 = 705;
    pub(super) const TEXT_ARRAY: u32 = 1009;
    pub(super) const BPCHAR: u32 = 1042;
    pub(super) const VARCHAR: u32 = 1043;
    pub(super) const REGPROCEDURE: u32 = 2202;
    pub(super) const REGCLASS: u32 = 2205;
    pub(super) const REGTYPE: u32 = 2206;
    pub(super) const REGNAMESPACE: u32 = 4089;
    pub(super) const REGROLE: u32 = 4096;
}

impl Const {
    /// Returns true if it is NULL.
    pub fn is_null(&self) -> bool {
        self.bytes.is_none()
    }

    /// Returns the truth value that it is.
    pub fn as_bool(&self) -> Option<bool> {
        let bytes = self
            .bytes
            .as_ref()
            .filter(|_| self.type_id == types::BOOL)?;
        Some(bytes.iter().any(|byte| *byte != 0))
    }

    /// Returns the number that it is.
    pub fn as_integer(&self) -> Option<i64> {
        let integer = [types::INT2, types::INT4, types::INT8].contains(&self.type_id);
        let bytes: [u8; 8] = self.bytes.as_ref()?.as_slice().try_into().ok()?;
        let number = if cfg!(target_endian = "big") {
            i64::from_be_bytes(bytes)
        } else {
            i64::from_le_bytes(bytes)
        };
        integer.then_some(number)
    }

    /// Returns the text that it is.
    pub fn as_text(&self) -> Option<String> {
        let bytes = self.bytes.as_ref()?;
        let text = match self.type_id {
            types::TEXT | types::VARCHAR | types::BPCHAR => payload(bytes)?,
            types::NAME | types::UNKNOWN => bytes.split(|byte| *byte == 0).next()?,
            _ => return None,
        };
        String::from_utf8(text.to_vec()).ok()
    }

    /// Returns the texts of an array of one dimension (src/include/utils/array.h).
    pub fn as_texts(&self) -> Option<Vec<String>> {
        let bytes = payload(self.bytes.as_ref()?).filter(|_| self.type_id == types::TEXT_ARRAY)?;
        let word = |place: usize| {
            let bytes = bytes.get(place..place.checked_add(4)?)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        // The number of dimensions, and where the values begin if some are NULL.
        match (word(0)?, word(4)?) {
            (0, _) => return Some(Vec::new()),
            (1, 0) => {}
            _ => return None,
        }
        let mut at: usize = 20;
        let mut texts = Vec::new();
        for _ in 0..word(12)? {
            at = at.checked_next_multiple_of(4)?;
            let length = usize::try_from(word(at)? >> 2).ok()?;
            let end = at.checked_add(length)?;
            let text = bytes.get(at.checked_add(4)?..end)?;
            texts.push(String::from_utf8(text.to_vec()).ok()?);
            at = end;
        }
        Some(texts)
    }

    /// Returns the OID that a constant of a type such as `regclass`, or of an enum, is.
    fn as_oid(&self) -> Option<u32> {
        let bytes: [u8; 8] = self.bytes.as_ref()?.as_slice().try_into().ok()?;
        let low = if cfg!(target_endian = "big") {
            u64::from_be_bytes(bytes)
        } else {
            u64::from_le_bytes(bytes)
        };
        u32::try_from(low & u64::from(u32::MAX)).ok()
    }
}

/// Returns the bytes behind the header of a value of variable length (src/include/varatt.h): four
/// bytes, or one for a short value. Neither processor's order is taken for granted: the length has
/// to fit.
fn payload(bytes: &[u8]) -> Option<&[u8]> {
    let length = bytes.len();
    if let Some((header, rest)) = bytes.split_first_chunk::<4>() {
        let little = u32::from_le_bytes(*header) >> 2;
        let big = u32::from_be_bytes(*header) & 0x3fff_ffff;
        if [little, big]
            .iter()
            .any(|l| usize::try_from(*l) == Ok(length))
        {
            return Some(rest);
        }
    }
    let (header, rest) = bytes.split_first()?;
    let short = [header >> 1, header & 0x7f];
    short
        .iter()
        .any(|l| usize::from(*l) == length)
        .then_some(rest)
}

impl Facts {
    /// Returns the name that a constant stands for, if its type keeps OIDs: the label of an enum, a
    /// table, a function, a type, a role, a schema.
    pub fn named_constant(&self, constant: &Const) -> Option<String> {
        let oid = constant.as_oid();
        match constant.type_id {
            types::REGCLASS => {
                let known = self.relations.contains_key(&oid?);
                known.then_some(self.relation_name(oid?))
            }
            types::REGPROC | types::REGPROCEDURE => {
                let known = self.functions.contains_key(&oid?);
                known.then_some(self.function_name(oid?))
            }
            types::REGTYPE => self
                .types
                .contains_key(&oid?)
                .then_some(self.type_name(oid?)),
            types::REGROLE => self
                .roles
                .contains_key(&oid?)
                .then_some(self.role_name(oid?)),
            types::REGNAMESPACE => self.schemas.get(&oid?).map(|schema| schema.name.clone()),
            other => {
                let is_enum = self.types.get(&other).is_some_and(|t| t.kind == 'e');
                let label = self.enum_labels.get(&oid?);
                label.filter(|_| is_enum).cloned()
            }
        }
    }

    /// Returns the text of a constant, through casts that only name another type: a text, or the
    /// label of an enum.
    pub fn text_of(&self, expr: &Expr) -> Option<String> {
        let mut expr = expr;
        loop {
            match expr {
                Expr::Cast { arg, .. } | Expr::Collate(arg) | Expr::NamedArg(arg) => expr = arg,
                Expr::Const(constant) => {
                    return constant.as_text().or_else(|| self.named_constant(constant));
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::types;
    use crate::Const;
    use crate::Expr;
    use crate::lint::testing::{boolean, text};

    fn constant(type_id: u32, bytes: &[u8]) -> Const {
        Const {
            type_id,
            bytes: Some(bytes.to_vec()),
        }
    }

    #[test]
    fn texts_are_read_with_each_kind_of_header_and_in_each_order() {
        let read = |bytes: &[u8]| constant(types::TEXT, bytes).as_text();
        let (little, big) = (b"\x18\0\0\0ab", b"\0\0\0\x06ab");
        assert_eq!(read(little).as_deref(), Some("ab"));
        assert_eq!(read(big).as_deref(), Some("ab"));
        assert_eq!(read(b"\x07ab").as_deref(), Some("ab"));
        assert_eq!(read(b"\x83ab").as_deref(), Some("ab"));
        // A length that does not fit, and no UTF-8.
        assert_eq!(read(b"\x1c\0\0\0ab"), None);
        assert_eq!(read(b"\x18\0\0\0\xff\xfe"), None);
        assert_eq!(read(b""), None);
        let name = constant(types::NAME, b"ada\0\0\0");
        assert_eq!(name.as_text().as_deref(), Some("ada"));
        assert_eq!(constant(types::INT4, little).as_text(), None);
    }

    #[test]
    fn an_array_of_texts_is_read_if_it_is_whole() {
        let bytes = [
            &[208, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0][..],
            &[2, 0, 0, 0, 1, 0, 0, 0, 68, 0, 0, 0][..],
            b"user_metadata\0\0\0",
            &[32, 0, 0, 0],
            b"role",
        ]
        .concat();
        let read = |bytes: &[u8]| constant(types::TEXT_ARRAY, bytes).as_texts();
        let texts = vec!["user_metadata".to_owned(), "role".to_owned()];
        assert_eq!(read(&bytes), Some(texts));
        assert_eq!(
            read(&[64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0]),
            Some(vec![])
        );
        // A length that does not fit, NULLs, two dimensions.
        for (place, byte) in [(0, 204), (24, 255), (8, 32), (4, 2), (16, 3)] {
            let mut broken = bytes.clone();
            broken[place] = byte;
            assert_eq!(read(&broken), None, "{place}");
        }
    }

    #[test]
    fn numbers_and_truth_values_are_those_of_a_datum() {
        let Expr::Const(yes) = boolean(true) else {
            panic!()
        };
        assert_eq!(yes.as_bool(), Some(true));
        let Expr::Const(word) = text("t") else {
            panic!()
        };
        assert_eq!(word.as_bool(), None);
        let seven = constant(types::INT8, &7_i64.to_ne_bytes());
        assert_eq!(seven.as_integer(), Some(7));
        let null = Const {
            type_id: types::INT8,
            bytes: None,
        };
        assert!(null.is_null() && null.as_integer().is_none());
    }
}
