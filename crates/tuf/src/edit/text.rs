//! A role with many entries, as text: an edit costs what changes and a copy, not one look at every entry.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Draft, SignError, Signed};
use crate::error::Fault;
use crate::json::{canonical, members, name_of};
use crate::key::Signer;
use crate::limits;
use crate::metadata::{Listed, Role, Snapshot, TargetFile, Targets, Version, role_file};
use crate::name::TargetPath;
use crate::time::Expiry;

/// A role whose entries are many: which roles a snapshot lists, which files targets list.
pub trait Entries: Role {
    /// What is said of one.
    type Entry: Serialize + DeserializeOwned;
    /// The member of the signed object that has them.
    const MEMBER: &'static str;
    /// Most of them that clients accept.
    const MOST: usize;
    /// Whether this one is printed with its members in canonical order, as fields are that the specification names.
    fn is_in_order(entry: &Self::Entry) -> bool;
    /// Takes all of them out.
    fn take_entries(&mut self) -> BTreeMap<Box<str>, Self::Entry>;
}

impl Entries for Snapshot {
    type Entry = Listed;
    const MEMBER: &'static str = "meta";
    const MOST: usize = limits::SNAPSHOT_ROLES;

    fn is_in_order(listed: &Listed) -> bool {
        !listed.has_unknown_fields()
    }

    fn take_entries(&mut self) -> BTreeMap<Box<str>, Listed> {
        std::mem::take(&mut self.meta)
    }
}

impl Entries for Targets {
    type Entry = TargetFile;
    const MEMBER: &'static str = "targets";
    const MOST: usize = usize::MAX;

    fn is_in_order(target: &TargetFile) -> bool {
        target.custom().is_none() && !target.has_unknown_fields()
    }

    fn take_entries(&mut self) -> BTreeMap<Box<str>, TargetFile> {
        std::mem::take(&mut self.targets)
    }
}

/// A snapshot or targets, as the text over which is signed. Says the same as a [`Draft`] with the same edits.
///
/// A control character in a name or an unknown field stands for itself in canonical JSON and must not in a file. What has one
/// cannot be kept as text.
#[derive(Clone, Debug)]
pub struct Text<R> {
    /// Everything but the entries.
    frame: Draft<R>,
    /// The entries in canonical form and order, with a comma after each.
    entries: Vec<u8>,
    /// Where each of them begins.
    starts: Vec<usize>,
}

/// What is to become of some entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edits<R: Entries>(BTreeMap<Box<str>, Option<R::Entry>>);

impl<R: Entries> Default for Edits<R> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl Edits<Snapshot> {
    /// Lists a targets role, `targets` or a delegated one.
    pub fn list(&mut self, role: &str, listed: Listed) -> &mut Self {
        self.0.insert(role_file(role).into(), Some(listed));
        self
    }
}

impl Edits<Targets> {
    /// Lists a target, or replaces it.
    pub fn add_target(&mut self, path: &TargetPath, target: TargetFile) -> &mut Self {
        self.0.insert(path.as_str().into(), Some(target));
        self
    }

    /// Lists a target no longer.
    pub fn remove_target(&mut self, path: &TargetPath) -> &mut Self {
        self.0.insert(path.as_str().into(), None);
        self
    }
}

impl Text<Snapshot> {
    /// How a role is listed.
    #[must_use]
    pub fn role(&self, role: &str) -> Option<Listed> {
        self.entry(&role_file(role))
    }
}

impl Text<Targets> {
    /// What this role itself says about a path.
    #[must_use]
    pub fn target(&self, path: &TargetPath) -> Option<TargetFile> {
        self.entry(path.as_str())
    }

    /// Begins with a file of one's own repository, as [`Draft::reopen`]. Its entries are not looked into.
    ///
    /// # Errors
    /// [`Fault::Json`], [`Fault::Format`].
    pub fn reopen(file: &[u8]) -> Result<Self, Fault> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow)]
            signed: &'a RawValue,
        }
        let malformed = |error: serde_json::Error| Fault::Format(error.to_string());
        let envelope: Envelope<'_> = serde_json::from_slice(file).map_err(malformed)?;
        let signed = plain(canonical(envelope.signed.get().as_bytes())?.as_ref())?.to_vec();
        let place = place_of::<Targets>(&signed).ok_or_else(|| Fault::Format("it has no targets".to_owned()))?;
        let mut frame = signed.clone();
        let inside = frame.drain(place).collect::<Vec<u8>>();
        let body: Targets = serde_json::from_slice(&frame).map_err(malformed)?;
        body.check().map_err(Fault::Format)?;
        Ok(Self::from_parts(Draft { body }, &inside))
    }
}

impl<R: Entries> Text<R> {
    /// Begins with a draft.
    ///
    /// # Errors
    /// What is wrong with it, or that a text cannot have it.
    pub fn of(draft: &Draft<R>) -> Result<Self, SignError> {
        draft.body.check().map_err(Fault::Format)?;
        let mut frame = draft.clone();
        let entries = Edits(frame.body.take_entries().into_iter().map(|(name, entry)| (name, Some(entry))).collect());
        Self::from_parts(frame, b"").edited(&entries)
    }

    fn from_parts(frame: Draft<R>, inside: &[u8]) -> Self {
        let mut entries = Vec::with_capacity(inside.len() + 1);
        entries.extend_from_slice(inside);
        if !inside.is_empty() {
            entries.push(b',');
        }
        Self { frame, starts: members(inside).map(|member| member.start).collect(), entries }
    }

    /// The version that will be signed.
    #[must_use]
    pub fn version(&self) -> Version {
        self.frame.version()
    }

    /// The expiry that will be signed.
    #[must_use]
    pub fn expires(&self) -> Expiry {
        self.frame.body.expires()
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The next version of this.
    ///
    /// # Errors
    /// [`Fault::LastVersion`].
    pub fn next(self) -> Result<Self, Fault> {
        Ok(Self { frame: self.frame.next()?, ..self })
    }

    /// Sets the expiry that will be signed.
    pub fn set_expires(&mut self, expires: Expiry) -> &mut Self {
        self.frame.set_expires(expires);
        self
    }

    /// The same with these entries changed.
    ///
    /// # Errors
    /// An entry has no canonical form, or a text cannot have it; there are more than clients accept.
    pub fn edited(&self, edits: &Edits<R>) -> Result<Self, SignError> {
        let (text, starts) = (Vec::with_capacity(self.entries.len()), Vec::with_capacity(self.len()));
        let mut copy = Copy { from: self, text, starts };
        let mut copied = 0;
        for (name, entry) in &edits.0 {
            let (at, after) = match self.place(name) {
                Ok(at) => (at, at + 1),
                Err(at) => (at, at),
            };
            copy.entries(copied..at);
            if let Some(entry) = entry {
                copy.add(name, entry)?;
            }
            copied = after;
        }
        copy.entries(copied..self.len());
        if copy.starts.len() > R::MOST {
            return Err(Fault::Format(format!("{} entries, at most {} are accepted", copy.starts.len(), R::MOST)).into());
        }
        Ok(Self { frame: self.frame.clone(), entries: copy.text, starts: copy.starts })
    }

    /// Signs it.
    ///
    /// # Errors
    /// What the first signer that fails says.
    pub fn sign<'a>(&self, signers: impl IntoIterator<Item = &'a dyn Signer>) -> Result<Signed<R>, SignError> {
        let frame = serde_json::to_vec(&self.frame.body)?;
        let frame = canonical(&frame)?;
        let (before, after) =
            place_of::<R>(plain(&frame)?).and_then(|place| frame.split_at_checked(place.start)).unwrap_or_default();
        let entries = self.entries.split_last().map_or(&[][..], |(_, entries)| entries);
        Signed::of_canonical([before, entries, after], self.version(), signers)
    }

    fn entry(&self, name: &str) -> Option<R::Entry> {
        let at = self.place(name).ok()?;
        let member = self.member(at);
        serde_json::from_slice(member.get(name_of(member).len() + 1..)?.strip_suffix(b",")?).ok()
    }

    /// The number of the entry with this name, or that before which it belongs.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.starts.binary_search_by(|start| {
            let found = name_of(self.entries.get(*start..).unwrap_or_default());
            match found.strip_prefix(b"\"").and_then(|found| found.strip_suffix(b"\"")) {
                Some(plain) if !plain.contains(&b'\\') => plain.cmp(name.as_bytes()),
                _ => serde_json::from_slice::<String>(found).unwrap_or_default().as_str().cmp(name),
            }
        })
    }

    fn member(&self, at: usize) -> &[u8] {
        self.entries.get(self.range(at..at + 1)).unwrap_or_default()
    }

    /// Where these entries are.
    fn range(&self, entries: Range<usize>) -> Range<usize> {
        let place = |entry: usize| self.starts.get(entry).copied().unwrap_or(self.entries.len());
        place(entries.start)..place(entries.end)
    }
}

/// A text that becomes of another one.
struct Copy<'a, R> {
    from: &'a Text<R>,
    text: Vec<u8>,
    starts: Vec<usize>,
}

impl<R: Entries> Copy<'_, R> {
    /// These, as they are.
    fn entries(&mut self, entries: Range<usize>) {
        let range = self.from.range(entries.clone());
        let (from, to) = (range.start, self.text.len());
        self.starts.extend(self.from.starts.get(entries).unwrap_or_default().iter().map(|start| start - from + to));
        self.text.extend_from_slice(self.from.entries.get(range).unwrap_or_default());
    }

    /// A new one.
    fn add(&mut self, name: &str, entry: &R::Entry) -> Result<(), SignError> {
        let start = self.text.len();
        self.starts.push(start);
        serde_json::to_writer(&mut self.text, name)?;
        self.text.push(b':');
        serde_json::to_writer(&mut self.text, entry)?;
        let printed = self.text.get(start..).unwrap_or_default();
        if !R::is_in_order(entry) || printed.contains(&b'\\') {
            let object = [b"{", printed, b"}"].concat();
            let object = canonical(&object)?;
            self.text.truncate(start);
            self.text.extend_from_slice(plain(&object)?.get(1..object.len() - 1).unwrap_or_default());
        }
        self.text.push(b',');
        Ok(())
    }
}

/// Where the entries are, without their braces, in the canonical form of a role.
fn place_of<R: Entries>(signed: &[u8]) -> Option<Range<usize>> {
    let inside = signed.get(1..signed.len().checked_sub(1)?)?;
    let quoted = format!("\"{}\"", R::MEMBER);
    let member = members(inside).find(|member| name_of(inside.get(member.clone()).unwrap_or_default()) == quoted.as_bytes())?;
    // One for the role's brace, and for the entries': after the name, a colon and a brace.
    Some(1 + member.start + quoted.len() + 2..member.end)
}

/// A canonical text that may stand in a file as it is.
fn plain(canonical: &[u8]) -> Result<&[u8], Fault> {
    match canonical.iter().fold(u8::MAX, |least, byte| least.min(*byte)) {
        ..b' ' => Err(Fault::Format("a control character, which a text cannot have".to_owned())),
        _ => Ok(canonical),
    }
}

#[cfg(test)]
mod tests;
