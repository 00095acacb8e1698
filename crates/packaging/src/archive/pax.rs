//! Headers of a tar file that describe the next one: pax records (POSIX, `x` and `g`) and GNU's long names (`L`, `K`).
//!
//! Tar readers go apart here: which of two wins, whether a size counts, what a broken record is. So only what says one thing to
//! all of them is taken: one header per entry, a path, a target, and words that change nothing.

use super::fault::ArchiveFault;

/// What is said about the next entry.
#[derive(Debug, Default)]
pub(super) struct Described {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    /// Something was said by pax.
    by_pax: bool,
}

impl Described {
    /// The path and the target, and begins anew.
    pub(super) fn take(&mut self) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let Self { path, target, .. } = std::mem::take(self);
        (path, target)
    }

    /// Whether nothing waits for an entry that does not come.
    pub(super) const fn is_empty(&self) -> bool {
        self.path.is_none() && self.target.is_none() && !self.by_pax
    }

    /// Takes a long name of GNU's: ends with NUL.
    pub(super) fn long_path(&mut self, content: &[u8]) -> Result<(), ArchiveFault> {
        self.gnu(|described| &mut described.path, content)
    }

    /// Takes a long target of GNU's.
    pub(super) fn long_target(&mut self, content: &[u8]) -> Result<(), ArchiveFault> {
        self.gnu(|described| &mut described.target, content)
    }

    fn gnu(&mut self, place: fn(&mut Self) -> &mut Option<Vec<u8>>, content: &[u8]) -> Result<(), ArchiveFault> {
        let text = content.strip_suffix(b"\0").unwrap_or(content);
        if self.by_pax || place(self).is_some() || text.is_empty() || text.contains(&0) {
            return Err(TWICE);
        }
        *place(self) = Some(text.to_vec());
        Ok(())
    }

    /// Takes the pax records for the next entry.
    pub(super) fn pax(&mut self, content: &[u8]) -> Result<(), ArchiveFault> {
        if !self.is_empty() {
            return Err(TWICE);
        }
        self.by_pax = true;
        for (key, value) in records(content)? {
            match key {
                b"path" if self.path.is_none() => self.path = Some(value.to_vec()),
                b"linkpath" if self.target.is_none() => self.target = Some(value.to_vec()),
                b"path" | b"linkpath" => return Err(TWICE),
                _ => check_harmless(key)?,
            }
        }
        Ok(())
    }

    /// Checks pax records for all further entries: git puts a comment there, and nothing else may matter.
    pub(super) fn check_global(&self, content: &[u8]) -> Result<(), ArchiveFault> {
        if !self.is_empty() {
            return Err(TWICE);
        }
        records(content)?.into_iter().try_for_each(|(key, _)| match key {
            b"path" | b"linkpath" => Err(ArchiveFault::Ambiguous("a pax header that names all entries alike")),
            _ => check_harmless(key),
        })
    }
}

const TWICE: ArchiveFault = ArchiveFault::Ambiguous("two headers about one entry, or an empty one");
const MALFORMED: ArchiveFault = ArchiveFault::Ambiguous("a pax header that is malformed");

/// Keys that change where an entry ends or what its bytes mean.
fn check_harmless(key: &[u8]) -> Result<(), ArchiveFault> {
    if key == b"size" || key.starts_with(b"GNU.sparse.") || key == b"SCHILY.realsize" {
        return Err(ArchiveFault::Ambiguous("a pax header that changes the size of an entry"));
    }
    if key == b"hdrcharset" || key == b"charset" {
        return Err(ArchiveFault::Ambiguous("a pax header that changes the character set"));
    }
    Ok(())
}

/// Key and value.
type Record<'a> = (&'a [u8], &'a [u8]);

/// `LENGTH KEY=VALUE\n`, again and again; the length counts itself.
fn records(mut content: &[u8]) -> Result<Vec<Record<'_>>, ArchiveFault> {
    let mut records = Vec::new();
    while !content.is_empty() {
        let (record, rest) = record(content).ok_or(MALFORMED)?;
        records.push(record);
        content = rest;
    }
    Ok(records)
}

fn record(content: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let digits = content.iter().position(|byte| *byte == b' ')?;
    let number = content.get(..digits)?;
    if number.first()? == &b'0' || !number.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length: usize = str::from_utf8(number).ok()?.parse().ok()?;
    let (record, rest) = content.split_at_checked(length)?;
    let record = record.get(digits + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (record.get(..equals)?, record.get(equals + 1..)?);
    // A value may have line breaks, but not in what matters here; NUL ends it for readers written in C.
    (!key.is_empty() && !value.contains(&0)).then_some(((key, value), rest))
}
