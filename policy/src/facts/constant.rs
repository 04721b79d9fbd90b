//! Values of constants, as far as rules ask for them.

use super::Facts;
use crate::datum::{types, utf8};
use crate::{Const, Expr};

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
}

impl Facts {
    /// Returns the number that a constant is.
    pub(crate) fn integer_of(&self, constant: &Const) -> Option<i64> {
        let bytes = constant.bytes.as_ref()?;
        let order = self.server.byte_order;
        Some(match constant.type_id {
            types::INT2 => i16::from_le_bytes(order.number(order.by_value(bytes, 2)?)?).into(),
            types::INT4 => i32::from_le_bytes(order.number(order.by_value(bytes, 4)?)?).into(),
            types::INT8 => i64::from_le_bytes(order.number(bytes)?),
            _ => return None,
        })
    }

    /// Returns the text that a constant is.
    fn plain_text(&self, constant: &Const) -> Option<String> {
        let bytes = constant.bytes.as_ref()?;
        match constant.type_id {
            types::TEXT | types::VARCHAR | types::BPCHAR => {
                utf8(self.server.byte_order.payload(bytes)?)
            }
            types::NAME | types::UNKNOWN => utf8(bytes.split(|byte| *byte == 0).next()?),
            _ => None,
        }
    }

    /// Returns the texts of an array of one dimension (src/include/utils/array.h).
    pub(crate) fn texts_of(&self, constant: &Const) -> Option<Vec<String>> {
        let order = self.server.byte_order;
        let bytes = constant.bytes.as_ref()?;
        let bytes = order
            .payload(bytes)
            .filter(|_| constant.type_id == types::TEXT_ARRAY)?;
        let word = |place: usize| Some(order.word(bytes.get(place..)?)?.0);
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
            let value = bytes.get(at..)?;
            let (header, length) = order.varlena(value)?;
            texts.push(utf8(value.get(header..length)?)?);
            at = at.checked_add(length)?;
        }
        Some(texts)
    }

    /// Returns the OID that a constant of a type such as `regclass`, or of an enum, is.
    fn oid_of(&self, constant: &Const) -> Option<u32> {
        let order = self.server.byte_order;
        let bytes = order.by_value(constant.bytes.as_ref()?, 4)?;
        Some(u32::from_le_bytes(order.number(bytes)?))
    }

    /// Returns the name that a constant stands for, if its type keeps OIDs: the label of an enum, a
    /// table, a function, a type, a role, a schema.
    pub fn named_constant(&self, constant: &Const) -> Option<String> {
        let oid = self.oid_of(constant);
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
                    let text = self.plain_text(constant);
                    return text.or_else(|| self.named_constant(constant));
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Facts, types};
    use crate::lint::testing::{boolean, text};
    use crate::{ByteOrder, Const, Expr};

    fn constant(type_id: u32, bytes: &[u8]) -> Const {
        Const {
            type_id,
            bytes: Some(bytes.to_vec()),
        }
    }

    fn facts(byte_order: ByteOrder) -> Facts {
        let mut facts = Facts::default();
        facts.server.byte_order = byte_order;
        facts
    }

    #[test]
    fn texts_are_those_of_their_types() {
        let facts = facts(ByteOrder::Big);
        let read = |type_id, bytes: &[u8]| facts.text_of(&Expr::Const(constant(type_id, bytes)));
        let bytes = b"\0\0\0\x06ab";
        assert_eq!(read(types::TEXT, bytes).as_deref(), Some("ab"));
        assert_eq!(read(types::NAME, b"ada\0\0\0").as_deref(), Some("ada"));
        assert_eq!(read(types::INT4, bytes), None);
        // No UTF-8.
        assert_eq!(read(types::TEXT, b"\0\0\0\x06\xff\xfe"), None);
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
        let facts = facts(ByteOrder::Little);
        let read = |bytes: &[u8]| facts.texts_of(&constant(types::TEXT_ARRAY, bytes));
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
        let (little, big) = (facts(ByteOrder::Little), facts(ByteOrder::Big));
        for type_id in [types::INT2, types::INT4, types::INT8] {
            let number = |bytes: [u8; 8]| constant(type_id, &bytes);
            assert_eq!(little.integer_of(&number((-7_i64).to_le_bytes())), Some(-7));
            assert_eq!(big.integer_of(&number(7_i64.to_be_bytes())), Some(7));
        }
        let null = Const {
            type_id: types::INT8,
            bytes: None,
        };
        assert!(null.is_null() && little.integer_of(&null).is_none());
    }
}
