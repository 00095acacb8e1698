//! Tokens of JSON (RFC 8259), as narrow as canonical JSON needs them. Knows nothing of what is written.

use std::borrow::Cow;

use super::{Found, JsonError};

/// A place in a text that is UTF-8.
pub(super) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn text_bytes(&self) -> usize {
        self.text.len()
    }

    pub(super) fn between(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), JsonError> {
        if self.eat(byte) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    pub(super) fn expect_end(&self) -> Result<(), JsonError> {
        if self.at == self.text.len() { Ok(()) } else { Err(self.unexpected("the end")) }
    }

    #[cold]
    pub(super) fn unexpected(&self, expected: &'static str) -> JsonError {
        JsonError::Unexpected { at: self.at, expected, found: Found(self.peek()) }
    }

    pub(super) fn is_at_space(&self) -> bool {
        self.peek().is_some_and(|byte| byte <= b' ' && matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
    }

    pub(super) fn skip_space(&mut self) {
        while self.is_at_space() {
            self.at += 1;
        }
    }

    /// Skips characters that stand for themselves inside of a string, eight bytes at a time.
    pub(super) fn skip_plain(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let (chunks, tail) = rest.as_chunks::<8>();
        for chunk in chunks {
            let special = special_bytes(u64::from_le_bytes(*chunk));
            if special != 0 {
                self.at += special.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        self.at += tail.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count();
    }

    /// Reads one escaped character, which may be written as two escapes (a pair of surrogates).
    pub(super) fn escape(&mut self) -> Result<char, JsonError> {
        let start = self.at;
        self.at += 1;
        let character = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.code_point(start);
            }
            _ => return Err(self.unexpected("one of `\"\\/bfnrtu`")),
        };
        self.at += 1;
        Ok(character)
    }

    /// What follows `\u`, which is at `start`.
    fn code_point(&mut self, start: usize) -> Result<char, JsonError> {
        let first = self.code_unit()?;
        if let Some(character) = char::from_u32(first.into()) {
            return Ok(character);
        }
        if !self.text.get(self.at..).unwrap_or_default().starts_with(b"\\u") {
            return Err(JsonError::LoneSurrogate { at: start });
        }
        self.at += 2;
        let second = self.code_unit()?;
        match char::decode_utf16([first, second]).next() {
            Some(Ok(character)) => Ok(character),
            _ => Err(JsonError::LoneSurrogate { at: start }),
        }
    }

    fn code_unit(&mut self) -> Result<u16, JsonError> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = match self.peek() {
                Some(byte @ b'0'..=b'9') => byte - b'0',
                Some(byte @ b'a'..=b'f') => byte - b'a' + 10,
                Some(byte @ b'A'..=b'F') => byte - b'A' + 10,
                _ => return Err(self.unexpected("a hexadecimal digit")),
            };
            unit = unit << 4 | u16::from(digit);
            self.at += 1;
        }
        Ok(unit)
    }

    /// Reads an integer. There is one way to write each, so it already is in its canonical form.
    pub(super) fn integer(&mut self) -> Result<(), JsonError> {
        let at = self.at;
        let negative = self.eat(b'-');
        let first_digit = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = self.between(first_digit, self.at);
        if let [b'0', second, ..] = digits {
            let found = Found(Some(*second));
            return Err(JsonError::Unexpected { at: first_digit + 1, expected: "no digit after a leading 0", found });
        }
        let largest = if negative { i64::MIN.unsigned_abs() } else { u64::MAX };
        let magnitude = digits.iter().try_fold(0_u64, |value, digit| {
            value.checked_mul(10)?.checked_add(u64::from(digit - b'0')).filter(|value| *value <= largest)
        });
        match (self.peek(), magnitude) {
            _ if digits.is_empty() => Err(self.unexpected("a digit")),
            (Some(b'.' | b'e' | b'E'), _) => Err(JsonError::NotAnInteger { at }),
            (_, None) => Err(JsonError::IntegerRange { at }),
            (_, Some(0)) if negative => Err(JsonError::NegativeZero { at }),
            _ => Ok(()),
        }
    }

    pub(super) fn literal(&mut self) -> Result<(), JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let found = [&b"true"[..], b"false", b"null"].into_iter().find(|literal| rest.starts_with(literal));
        self.at += found.ok_or_else(|| self.unexpected("a value"))?.len();
        Ok(())
    }
}

/// What stands between the quotes of a string that was read.
#[derive(Clone, Copy)]
pub(super) enum Inside<'a> {
    Plain(&'a [u8]),
    Escaped(&'a [u8]),
}

impl<'a> Inside<'a> {
    /// What the string says: without escapes.
    #[inline]
    pub(super) fn said(self) -> Result<Cow<'a, [u8]>, JsonError> {
        match self {
            Self::Plain(text) => Ok(Cow::Borrowed(text)),
            Self::Escaped(text) => unescaped(text).map(Cow::Owned),
        }
    }
}

fn unescaped(text: &[u8]) -> Result<Vec<u8>, JsonError> {
    let mut reader = Reader::new(text);
    let mut said = Vec::with_capacity(text.len());
    loop {
        let start = reader.at;
        reader.skip_plain();
        said.extend_from_slice(reader.between(start, reader.at));
        if reader.peek().is_none() {
            return Ok(said);
        }
        push(&mut said, reader.escape()?);
    }
}

pub(super) fn push(written: &mut Vec<u8>, character: char) {
    written.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Which of eight bytes are `"`, `\` or a control character: the lowest bit set is the highest bit of the first of them.
/// Bits above that one may be wrong, because a subtraction borrows from the next byte.
fn special_bytes(bytes: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let below = |bytes: u64, limit: u64| bytes.wrapping_sub(ONES * limit) & !bytes;
    let is = |byte: u8| below(bytes ^ (ONES * u64::from(byte)), 1);
    (below(bytes, 0x20) | is(b'"') | is(b'\\')) & (ONES * 0x80)
}
