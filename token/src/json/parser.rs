//! One pass over the text, which allocates what the tree needs and no more.

use std::borrow::Cow;

use super::{JsonError, Node, Object, number};

/// How deep objects and arrays may nest; the outermost object is depth 1.
pub const MAX_DEPTH: usize = 16;

/// How many values one text may hold, keys not counted: 8 bytes a value in 64 KiB.
///
/// Counted are opening brackets and commas, which is never fewer than the values inside the object.
pub const MAX_NODES: usize = 8192;

/// Most claims have no more.
const USUAL_MEMBERS: usize = 16;

pub(super) fn parse(text: &str) -> Result<Object<'_>, JsonError> {
    if !text.trim_ascii_start().starts_with('{') {
        return Err(JsonError::NotAnObject);
    }
    let mut parser = Parser {
        rest: text,
        depth: 0,
        nodes: 0,
    };
    parser.skip_blanks();
    let object = parser.object(Vec::with_capacity(USUAL_MEMBERS))?;
    parser.skip_blanks();
    match parser.rest {
        "" => Ok(object),
        _ => Err(JsonError::Syntax),
    }
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
    nodes: usize,
}

impl<'t> Parser<'t> {
    fn next(&self) -> Option<u8> {
        self.rest.as_bytes().first().copied()
    }

    /// Takes so many bytes.
    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes one byte if it is this.
    fn takes(&mut self, byte: u8) -> bool {
        let is = self.next() == Some(byte);
        if is {
            self.take(1);
        }
        is
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        match self.takes(byte) {
            true => Ok(()),
            false => Err(JsonError::Syntax),
        }
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.next() {
            self.take(1);
        }
    }

    fn count(&mut self) -> Result<(), JsonError> {
        self.nodes = self.nodes.saturating_add(1);
        match self.nodes > MAX_NODES {
            true => Err(JsonError::TooManyNodes),
            false => Ok(()),
        }
    }

    fn value(&mut self) -> Result<Node<'t>, JsonError> {
        self.skip_blanks();
        match self.next() {
            Some(b'"') => self.string().map(Node::Text),
            Some(b'{') => self.object(Vec::new()).map(Node::Object),
            Some(b'[') => self.array().map(Node::Array),
            Some(b'-' | b'0'..=b'9') => self.number().map(Node::Number),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Node<'t>, JsonError> {
        for (word, node) in [
            ("null", Node::Null),
            ("true", Node::Bool(true)),
            ("false", Node::Bool(false)),
        ] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(node);
            }
        }
        Err(JsonError::Syntax)
    }

    fn object(
        &mut self,
        mut members: Vec<(Cow<'t, str>, Node<'t>)>,
    ) -> Result<Object<'t>, JsonError> {
        let mut more = self.opens(b'{', b'}')?;
        while more {
            self.skip_blanks();
            let key = self.string()?;
            self.skip_blanks();
            self.expect(b':')?;
            members.push((key, self.value()?));
            more = self.goes_on(b'}')?;
        }
        members.sort_unstable_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        let same = |pair: &[(Cow<str>, Node)]| matches!(pair, [(a, _), (b, _)] if a == b);
        match members.windows(2).any(same) {
            true => Err(JsonError::DuplicateKey),
            false => Ok(Object(members)),
        }
    }

    fn array(&mut self) -> Result<Vec<Node<'t>>, JsonError> {
        let mut values = Vec::new();
        let mut more = self.opens(b'[', b']')?;
        while more {
            values.push(self.value()?);
            more = self.goes_on(b']')?;
        }
        Ok(values)
    }

    /// Takes the opening bracket, and the closing one where nothing is between them; whether anything is.
    fn opens(&mut self, open: u8, close: u8) -> Result<bool, JsonError> {
        self.expect(open)?;
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.count()?;
        self.skip_blanks();
        Ok(!self.closes(close))
    }

    /// Takes the comma or the closing bracket; whether it was the comma.
    fn goes_on(&mut self, close: u8) -> Result<bool, JsonError> {
        self.skip_blanks();
        if self.closes(close) {
            return Ok(false);
        }
        self.expect(b',')?;
        self.count()?;
        Ok(true)
    }

    fn closes(&mut self, close: u8) -> bool {
        let closes = self.takes(close);
        if closes {
            self.depth = self.depth.saturating_sub(1);
        }
        closes
    }

    fn number(&mut self) -> Result<&'t str, JsonError> {
        let end = self.rest.bytes().position(|byte| !number::is_part(byte));
        let literal = self.take(end.unwrap_or(self.rest.len()));
        number::judge(literal)?;
        Ok(literal)
    }

    /// Borrowed from the text unless it has escapes.
    fn string(&mut self) -> Result<Cow<'t, str>, JsonError> {
        self.expect(b'"')?;
        let mut text = Cow::Borrowed("");
        loop {
            let is_special = |byte| matches!(byte, b'"' | b'\\' | ..0x20);
            let end = self.rest.bytes().position(is_special);
            let plain = self.take(end.unwrap_or(self.rest.len()));
            match text.is_empty() {
                true => text = Cow::Borrowed(plain),
                false => text.to_mut().push_str(plain),
            }
            match self.next() {
                Some(b'"') => {
                    self.take(1);
                    return Ok(text);
                }
                Some(b'\\') => text.to_mut().push(self.escape()?),
                _ => return Err(JsonError::Syntax),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let meant = match self.rest.as_bytes().get(1) {
            Some(b'u') => return self.unicode_escape(),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(itself @ (b'"' | b'\\' | b'/')) => char::from(*itself),
            _ => return Err(JsonError::Syntax),
        };
        self.take(2);
        Ok(meant)
    }

    /// jsonb has no U+0000, and UTF-8 has no halves of a surrogate pair.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let unit = self.code_unit()?;
        let is_first_half = matches!(unit, 0xD800..=0xDBFF) && self.rest.starts_with("\\u");
        let second = match is_first_half {
            true => Some(self.code_unit()?),
            false => None,
        };
        match char::decode_utf16([unit].into_iter().chain(second)).next() {
            Some(Ok(meant)) if meant != '\0' => Ok(meant),
            _ => Err(JsonError::Character),
        }
    }

    /// Takes `\u` and four digits.
    fn code_unit(&mut self) -> Result<u16, JsonError> {
        let digits = self.rest.get(2..6).ok_or(JsonError::Syntax)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(JsonError::Syntax);
        }
        let unit = u16::from_str_radix(digits, 16);
        self.take(6);
        unit.map_err(|_| JsonError::Syntax)
    }
}
