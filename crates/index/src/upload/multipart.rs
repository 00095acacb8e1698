//! `multipart/form-data` (RFC 7578), piece by piece: bytes in, parts out, nothing kept but what may be half a boundary.
//!
//! Pure: knows neither sockets nor fields. Takes the form that tools send: no preamble, no padding behind a boundary, a
//! `Content-Disposition` with a name. Libraries for this read ahead whatever is there, and take headers of any length.

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memmem;

use crate::limits;

/// A multipart body that is being read. Call [`push`](Self::push) with bytes, then [`event`](Self::event) until it says `None`.
#[derive(Debug)]
pub struct Multipart {
    /// A line break, two dashes and the boundary.
    delimiter: memmem::Finder<'static>,
    /// What came and was not given out.
    buffer: BytesMut,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first delimiter, which has no line break before it.
    Start,
    /// Directly behind a delimiter.
    Delimiter,
    Headers,
    Content,
    End,
}

/// What comes next in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A part begins.
    Part(Part),
    /// Some of the part's bytes.
    Content(Bytes),
    /// The part is over.
    PartEnd,
    /// The body is over.
    End,
}

/// What the headers of a part say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The file's name, if it is one.
    pub file_name: Option<String>,
}

/// Why a body is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MultipartFault {
    /// Another type, or no usable boundary.
    #[error("an upload has the content type multipart/form-data, with a boundary of at most 70 characters")]
    ContentType,
    /// The first bytes are not the boundary.
    #[error("the body does not begin with the boundary that its content type names")]
    NoBoundary,
    /// Something stands behind a boundary.
    #[error("something other than a line break stands behind a boundary")]
    BehindBoundary,
    /// More than [`limits::PART_HEADER_BYTES`].
    #[error("the headers of a part have more than {} bytes", limits::PART_HEADER_BYTES)]
    LongHeaders,
    /// No readable `Content-Disposition: form-data` with a name, or another encoding.
    #[error("a part has no header \"Content-Disposition: form-data; name=...\" that can be read, or a transfer encoding")]
    Headers,
    /// The last boundary did not come.
    #[error("the body ends before its last boundary: the upload was cut off")]
    Truncated,
    /// Something stands behind the last boundary.
    #[error("something stands behind the last boundary")]
    BehindEnd,
}

impl Multipart {
    /// A body with this `Content-Type`.
    ///
    /// # Errors
    /// [`MultipartFault::ContentType`].
    pub fn new(content_type: &str) -> Result<Self, MultipartFault> {
        let boundary = boundary(content_type).ok_or(MultipartFault::ContentType)?;
        let delimiter = memmem::Finder::new(&format!("\r\n--{boundary}")).into_owned();
        Ok(Self { delimiter, buffer: BytesMut::new(), place: Place::Start })
    }

    /// Takes the next bytes of the body.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// What comes next; `None`: more bytes are needed.
    ///
    /// # Errors
    /// See [`MultipartFault`]. After an error the body is worth nothing.
    pub fn event(&mut self) -> Result<Option<Event>, MultipartFault> {
        loop {
            match self.place {
                Place::Start => match self.taken(2)? {
                    Some(()) => self.place = Place::Delimiter,
                    None => return Ok(None),
                },
                Place::Delimiter => match self.buffer.get(..2) {
                    None => return Ok(None),
                    Some(b"\r\n") => {
                        self.buffer.advance(2);
                        self.place = Place::Headers;
                    }
                    Some(b"--") => {
                        self.buffer.advance(2);
                        self.place = Place::End;
                        return Ok(Some(Event::End));
                    }
                    Some(_) => return Err(MultipartFault::BehindBoundary),
                },
                Place::Headers => return Ok(self.headers()?.map(Event::Part)),
                Place::Content => return Ok(self.content()),
                Place::End if matches!(&self.buffer[..], b"" | b"\r" | b"\r\n") => return Ok(None),
                Place::End => return Err(MultipartFault::BehindEnd),
            }
        }
    }

    /// Whether all of it was there when no more bytes come.
    ///
    /// # Errors
    /// [`MultipartFault::Truncated`].
    pub fn finish(&self) -> Result<(), MultipartFault> {
        if self.place == Place::End { Ok(()) } else { Err(MultipartFault::Truncated) }
    }

    /// Takes the delimiter, without its first bytes.
    fn taken(&mut self, without: usize) -> Result<Option<()>, MultipartFault> {
        let wanted = self.delimiter.needle().get(without..).unwrap_or_default();
        let here = self.buffer.get(..wanted.len().min(self.buffer.len())).unwrap_or_default();
        if !wanted.starts_with(here) {
            return Err(MultipartFault::NoBoundary);
        }
        if here.len() < wanted.len() {
            return Ok(None);
        }
        self.buffer.advance(wanted.len());
        Ok(Some(()))
    }

    fn headers(&mut self) -> Result<Option<Part>, MultipartFault> {
        let most = self.buffer.len().min(limits::PART_HEADER_BYTES);
        let Some(end) = memmem::find(self.buffer.get(..most).unwrap_or_default(), b"\r\n\r\n") else {
            return if most == limits::PART_HEADER_BYTES { Err(MultipartFault::LongHeaders) } else { Ok(None) };
        };
        let headers = self.buffer.split_to(end);
        self.buffer.advance(4);
        let part = str::from_utf8(&headers).ok().and_then(part).ok_or(MultipartFault::Headers)?;
        self.place = Place::Content;
        Ok(Some(part))
    }

    /// Gives out what cannot belong to a delimiter, or goes over one.
    fn content(&mut self) -> Option<Event> {
        let delimiter = self.delimiter.needle().len();
        match self.delimiter.find(&self.buffer) {
            Some(0) => {
                self.buffer.advance(delimiter);
                self.place = Place::Delimiter;
                Some(Event::PartEnd)
            }
            Some(at) => Some(Event::Content(self.buffer.split_to(at).freeze())),
            None => {
                let free = (self.buffer.len() + 1).checked_sub(delimiter).filter(|free| *free > 0)?;
                Some(Event::Content(self.buffer.split_to(free).freeze()))
            }
        }
    }
}

/// The boundary that a content type names (RFC 2046 5.1.1: at most 70 characters of these).
fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut named = parameters_of(parameters)?.into_iter().filter(|(name, _)| name == "boundary");
    let (_, boundary) = named.next().filter(|_| named.next().is_none())?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let fits = (1..=70).contains(&boundary.len()) && !boundary.ends_with(' ') && boundary.bytes().all(allowed);
    fits.then_some(boundary)
}

/// Reads the headers of a part.
fn part(headers: &str) -> Option<Part> {
    let mut found = None;
    for line in headers.split("\r\n") {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-disposition") {
            if found.replace(disposition(value)?).is_some() {
                return None;
            }
        } else if name.eq_ignore_ascii_case("content-transfer-encoding")
            && !["binary", "8bit", "7bit"].iter().any(|encoding| value.trim().eq_ignore_ascii_case(encoding))
        {
            return None;
        }
    }
    found
}

/// `form-data; name="…"; filename="…"`. Other parameters could be other names (`filename*`), so there are none.
fn disposition(value: &str) -> Option<Part> {
    let (kind, parameters) = value.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let (mut name, mut file_name) = (None, None);
    for (key, value) in parameters_of(parameters)? {
        let place = match &*key {
            "name" => &mut name,
            "filename" => &mut file_name,
            _ => return None,
        };
        if place.replace(value).is_some() {
            return None;
        }
    }
    Some(Part { name: name?, file_name })
}

/// `name=value; name="value"`, names in lower case. Nothing that tools send needs an escape, and readers differ in what it means.
fn parameters_of(mut text: &str) -> Option<Vec<(String, String)>> {
    let mut parameters = Vec::new();
    loop {
        let (name, rest) = text.trim_start_matches([' ', '\t']).split_once('=')?;
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => rest.split_at(rest.find([';', ' ', '\t']).unwrap_or(rest.len())),
        };
        if value.contains(|character: char| matches!(character, '\\' | '"') || character.is_control()) {
            return None;
        }
        parameters.push((name.to_ascii_lowercase(), value.to_owned()));
        match rest.trim_start_matches([' ', '\t']).strip_prefix(';') {
            Some(more) => text = more,
            None => return rest.trim().is_empty().then_some(parameters),
        }
    }
}

#[cfg(test)]
mod tests;
