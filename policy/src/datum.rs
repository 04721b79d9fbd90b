//! The bytes of constants, as a server keeps them in its memory.

/// OIDs of types (src/include/catalog/pg_type.dat).
pub(crate) mod types {
    pub(crate) const BOOL: u32 = 16;
    pub(crate) const NAME: u32 = 19;
    pub(crate) const INT8: u32 = 20;
    pub(crate) const INT2: u32 = 21;
    pub(crate) const INT4: u32 = 23;
    pub(crate) const REGPROC: u32 = 24;
    pub(crate) const TEXT: u32 = 25;
    pub(crate) const UNKNOWN: u32 = 705;
    pub(crate) const TEXT_ARRAY: u32 = 1009;
    pub(crate) const BPCHAR: u32 = 1042;
    pub(crate) const VARCHAR: u32 = 1043;
    pub(crate) const INTERVAL: u32 = 1186;
    pub(crate) const REGPROCEDURE: u32 = 2202;
    pub(crate) const REGCLASS: u32 = 2205;
    pub(crate) const REGTYPE: u32 = 2206;
    pub(crate) const RECORD: u32 = 2249;
    pub(crate) const REGNAMESPACE: u32 = 4089;
    pub(crate) const REGROLE: u32 = 4096;
}

/// The order of the bytes of a number in a server's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ByteOrder {
    /// The lowest byte first.
    #[default]
    Little,
    /// The highest byte first.
    Big,
}

/// The first byte of the first constant in the text of a view that each database has. It is `'r'`,
/// passed by value, and tells the order.
pub(crate) const FIRST_BYTE: &str = "
(select pg_catalog.split_part(
            pg_catalog.split_part(r.ev_action::pg_catalog.text, ':constvalue 1 [ ', 2), ' ', 1)
   from pg_catalog.pg_rewrite r
  where r.ev_class operator(pg_catalog.=) 'pg_catalog.pg_tables'::pg_catalog.regclass
    and r.rulename operator(pg_catalog.=) '_RETURN'::pg_catalog.name)";

impl ByteOrder {
    /// Returns the order that [`FIRST_BYTE`] tells.
    pub(crate) fn told_by(first_byte: Option<&str>) -> Self {
        match first_byte {
            Some("0") => Self::Big,
            _ => Self::Little,
        }
    }

    /// Returns the bytes of a number, the lowest one first, if there are so many.
    pub(crate) fn number<const N: usize>(self, bytes: &[u8]) -> Option<[u8; N]> {
        let mut number: [u8; N] = bytes.try_into().ok()?;
        if self == Self::Big {
            number.reverse();
        }
        Some(number)
    }

    /// Returns the number of four bytes at the beginning, and what follows.
    pub(crate) fn word(self, bytes: &[u8]) -> Option<(u32, &[u8])> {
        let (word, rest) = bytes.split_at_checked(4)?;
        Some((u32::from_le_bytes(self.number(word)?), rest))
    }

    /// Returns the number of two bytes at the beginning, and what follows.
    pub(crate) fn half_word(self, bytes: &[u8]) -> Option<(u16, &[u8])> {
        let (half, rest) = bytes.split_at_checked(2)?;
        Some((u16::from_le_bytes(self.number(half)?), rest))
    }

    /// Returns the bytes of a value of this length that is passed by value: it is the lowest part
    /// of a whole `Datum`.
    pub(crate) fn by_value(self, datum: &[u8], length: usize) -> Option<&[u8]> {
        match self {
            Self::Little => datum.get(..length),
            Self::Big => datum.get(datum.len().checked_sub(length)?..),
        }
    }

    /// Returns the length of the header of a value of variable length, and that of the value with
    /// it (src/include/varatt.h): four bytes, or one for a short value. What is compressed or kept
    /// elsewhere has none.
    pub(crate) fn varlena(self, bytes: &[u8]) -> Option<(usize, usize)> {
        let first = *bytes.first()?;
        let is_short = match self {
            Self::Little => first & 1 == 1,
            Self::Big => first & 0x80 != 0,
        };
        let (header, length) = if is_short {
            let length = match self {
                Self::Little => first >> 1,
                Self::Big => first & 0x7f,
            };
            (1, usize::from(length))
        } else {
            let (word, _) = self.word(bytes)?;
            let (is_plain, length) = match self {
                Self::Little => (word & 3 == 0, word >> 2),
                Self::Big => (word & 0xc000_0000 == 0, word),
            };
            (4, usize::try_from(length).ok().filter(|_| is_plain)?)
        };
        (length >= header).then_some((header, length))
    }

    /// Returns what is behind the header of a value of variable length. It ends with the bytes.
    pub(crate) fn payload(self, bytes: &[u8]) -> Option<&[u8]> {
        let (header, length) = self.varlena(bytes)?;
        bytes.get(header..length).filter(|_| length == bytes.len())
    }
}

/// Returns the text that bytes are.
pub(crate) fn utf8(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::ByteOrder::{Big, Little};

    #[test]
    fn a_value_of_variable_length_has_either_header_in_either_order() {
        for (order, bytes) in [
            (Little, &b"\x18\0\0\0ab"[..]),
            (Little, b"\x07ab"),
            (Big, b"\0\0\0\x06ab"),
            (Big, b"\x83ab"),
        ] {
            assert_eq!(order.payload(bytes), Some(&b"ab"[..]));
        }
        // A length that does not fit, one that is shorter than its header, and compressed values.
        for (order, bytes) in [
            (Little, &b"\x1c\0\0\0ab"[..]),
            (Little, b"\x08\0\0\0"),
            (Little, b"\x01"),
            (Little, b"\x1a\0\0\0ab"),
            (Big, b"\x40\0\0\x06ab"),
            (Big, b"\x80"),
            (Big, b"\x18\0\0\0ab"),
            (Little, b""),
        ] {
            assert_eq!(order.payload(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_number_is_the_same_in_either_order() {
        assert_eq!(Little.number::<2>(&[5, 0]), Some([5, 0]));
        assert_eq!(Big.number::<2>(&[0, 5]), Some([5, 0]));
        assert_eq!(Big.number::<2>(&[0]), None);
        assert_eq!(
            Little.by_value(&[5, 0, 0, 0, 9, 9, 9, 9], 4),
            Some(&[5, 0, 0, 0][..])
        );
        assert_eq!(
            Big.by_value(&[9, 9, 9, 9, 0, 0, 0, 5], 4),
            Some(&[0, 0, 0, 5][..])
        );
        assert_eq!(Big.by_value(&[5], 2), None);
    }
}
