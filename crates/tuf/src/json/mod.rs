//! OLPC canonical JSON, over which everything in TUF is signed (specification 4.1).
//!
//! No white space; the members of an object in the order of their names' code points; `"` and `\` escaped in strings and
//! nothing else, so that even control characters stand for themselves; integers only. Characters are never normalised.
//! This is, byte for byte, what python's securesystemslib makes, with which most of today's metadata was signed.
//!
//! Stricter than that in what is read: a text with two readings, or with none that other programs share, has no canonical
//! form here. This refuses a name twice in an object, floats, `-0`, integers beyond 64 bits, lone surrogates, deep nesting.
//!
//! ```
//! use affineur_tuf::json::canonical;
//! assert_eq!(*canonical(br#"{"b": [1, "\u00e9\n"], "a": null}"#)?, *b"{\"a\":null,\"b\":[1,\"\xC3\xA9\n\"]}");
//! # Ok::<(), affineur_tuf::json::JsonError>(())
//! ```

use std::{borrow::Cow, ops::Range};

mod error;
#[cfg(feature = "signing")]
mod members;
mod reader;
#[cfg(test)]
mod tests;

pub use error::{Found, JsonError};
#[cfg(feature = "signing")]
pub(crate) use members::{members, name_of};

use crate::limits;
use reader::{Inside, Reader, push};

/// The canonical form of one JSON text. Borrowed where the text already is canonical: then it was only scanned.
///
/// How many bytes the text may have is for the caller to limit. The form is never longer than the text, and the memory
/// needed is proportional to it.
///
/// # Errors
///
/// [`JsonError`] says why a text has no canonical form, and where.
pub fn canonical(text: &[u8]) -> Result<Cow<'_, [u8]>, JsonError> {
    std::str::from_utf8(text).map_err(|error| JsonError::NotUtf8 { at: error.valid_up_to() })?;
    let mut form = Form::new(text);
    form.value(0)?;
    let end = form.reader.at();
    form.reader.skip_space();
    form.reader.expect_end()?;
    Ok(form.finish(end))
}

/// The canonical form of what was read so far: `written`, then the bytes of the text from `run` to where the reader is.
/// While nothing in the text has to change, `written` stays empty.
///
/// Time is linear in the text, whatever it contains, up to two factors. A byte is moved once by `keep_until`, and twice in each
/// enclosing object that has to be sorted, of which there are at most [`limits::JSON_DEPTH`]. Sorting compares each name
/// about log₂(members) times, over at most its own length.
struct Form<'a> {
    reader: Reader<'a>,
    written: Vec<u8>,
    run: usize,
    /// The members read so far of every open object, the innermost object's last.
    members: Vec<Member<'a>>,
    /// Room for sorting an object.
    unsorted: Vec<u8>,
}

struct Member<'a> {
    /// Without quotes and escapes: names are compared as what they say, not as how they are written.
    name: Cow<'a, [u8]>,
    /// Where the name is in the text.
    at: usize,
    /// Where the member is in the canonical form.
    place: Range<usize>,
}

impl<'a> Form<'a> {
    fn new(text: &'a [u8]) -> Self {
        let mut reader = Reader::new(text);
        reader.skip_space();
        Self { run: reader.at(), reader, written: Vec::new(), members: Vec::new(), unsorted: Vec::new() }
    }

    fn finish(mut self, end: usize) -> Cow<'a, [u8]> {
        let rest = self.reader.between(self.run, end);
        if self.written.is_empty() {
            return Cow::Borrowed(rest);
        }
        self.written.extend_from_slice(rest);
        Cow::Owned(self.written)
    }

    /// One value, inside of `depth` arrays and objects.
    fn value(&mut self, depth: usize) -> Result<(), JsonError> {
        match self.reader.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{' | b'[') if depth == limits::JSON_DEPTH => Err(JsonError::TooDeep { at: self.reader.at() }),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.reader.integer(),
            _ => self.reader.literal(),
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), JsonError> {
        self.reader.advance(1);
        self.drop_space();
        if self.reader.eat(b']') {
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            if !self.comma_or(b']', "`,` or `]`")? {
                return Ok(());
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), JsonError> {
        self.reader.advance(1);
        self.drop_space();
        if self.reader.eat(b'}') {
            return Ok(());
        }
        let first = self.members.len();
        let mut ascending = true;
        loop {
            let member = self.member(depth)?;
            if let Some(before) = self.members.get(first..).and_then(<[_]>::last) {
                ascending &= before.name < member.name;
            }
            self.members.push(member);
            if !self.comma_or(b'}', "`,` or `}`")? {
                break;
            }
        }
        if !ascending {
            self.sort(first)?;
        }
        self.members.truncate(first);
        Ok(())
    }

    fn member(&mut self, depth: usize) -> Result<Member<'a>, JsonError> {
        let (at, start) = (self.reader.at(), self.length());
        if self.reader.peek() != Some(b'"') {
            return Err(self.reader.unexpected("a name in quotes"));
        }
        let name = self.string()?.said()?;
        self.drop_space();
        self.reader.expect(b':', "`:`")?;
        self.drop_space();
        self.value(depth + 1)?;
        Ok(Member { name, at, place: start..self.length() })
    }

    /// Puts the members of the innermost object, just closed, in order. They are `members` from `first` on.
    fn sort(&mut self, first: usize) -> Result<(), JsonError> {
        self.keep_until(self.reader.at());
        let members = self.members.get_mut(first..).unwrap_or_default();
        let start = members.first().map_or(0, |member| member.place.start);
        members.sort_unstable_by(|one, other| one.name.cmp(&other.name).then(one.at.cmp(&other.at)));
        self.unsorted.clear();
        self.unsorted.extend_from_slice(self.written.get(start..).unwrap_or_default());
        self.written.truncate(start);
        for (index, member) in members.iter().enumerate() {
            if index > 0 {
                self.written.push(b',');
            }
            let place = member.place.start - start..member.place.end - start;
            self.written.extend_from_slice(self.unsorted.get(place).unwrap_or_default());
        }
        self.written.push(b'}');
        let twice = members.windows(2).find_map(|pair| match pair {
            [one, other] if one.name == other.name => Some(other.at),
            _ => None,
        });
        twice.map_or(Ok(()), |at| Err(JsonError::DuplicateName { at }))
    }

    #[inline(always)] // As comma_or: the reader's place then stays in a register, which is worth a fifth of the time.
    fn string(&mut self) -> Result<Inside<'a>, JsonError> {
        self.reader.advance(1);
        let start = self.reader.at();
        let mut is_plain = true;
        loop {
            self.reader.skip_plain();
            match self.reader.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.escape()?;
                    is_plain = false;
                }
                _ => return Err(self.reader.unexpected("a character of a string, escaped if it is a control character")),
            }
        }
        let text = self.reader.between(start, self.reader.at());
        self.reader.advance(1);
        Ok(if is_plain { Inside::Plain(text) } else { Inside::Escaped(text) })
    }

    /// Writes an escaped character in its one canonical form; `\"` and `\\` already have it.
    fn escape(&mut self) -> Result<(), JsonError> {
        let start = self.reader.at();
        let character = self.reader.escape()?;
        let must_escape = matches!(character, '"' | '\\');
        if must_escape && self.reader.at() - start == 2 {
            return Ok(());
        }
        self.keep_until(start);
        if must_escape {
            self.written.push(b'\\');
        }
        push(&mut self.written, character);
        Ok(())
    }

    /// After an element: true if another one follows, at which the reader then is.
    #[inline(always)]
    fn comma_or(&mut self, closing: u8, expected: &'static str) -> Result<bool, JsonError> {
        self.drop_space();
        let follows = self.reader.eat(b',');
        if follows {
            self.drop_space();
        } else {
            self.reader.expect(closing, expected)?;
        }
        Ok(follows)
    }

    #[inline]
    fn drop_space(&mut self) {
        if self.reader.is_at_space() {
            let start = self.reader.at();
            self.reader.skip_space();
            self.keep_until(start);
        }
    }

    /// Writes what is pending up to `end`; what the reader has passed after that is left out.
    fn keep_until(&mut self, end: usize) {
        if self.written.capacity() == 0 {
            self.written.reserve_exact(self.reader.text_bytes());
        }
        if self.run < end {
            self.written.extend_from_slice(self.reader.between(self.run, end));
        }
        self.run = self.reader.at();
    }

    /// The bytes of the canonical form of what was read so far.
    fn length(&self) -> usize {
        self.written.len() + self.reader.at() - self.run
    }
}
