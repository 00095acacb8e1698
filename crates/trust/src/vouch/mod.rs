//! What an index with a TUF repository vouches for: its listing and overlay of a project, each checked against the role that
//! names it. There is no other way to a [`Vouched`].

mod refused;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod vouches;

use std::fmt;
use std::sync::Arc;

use affineur_packaging::ProjectName;
use affineur_packaging::page::StatusMarker;
use affineur_packaging::text::printable;
use affineur_tuf::{Chain, Found, Mismatch};
use jiff::Timestamp;

use crate::listing::{Listing, Merged, Overlay, Place, Tier, merge};
use crate::{FileFact, LastModified, Origins, Pin, ReferenceTime, Worth, limits};

pub use refused::{DocumentFault, DocumentKind, NotVouched};
pub use vouches::Vouches;

/// A document as it came, and what a verified search said about it.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// What the search found at the document's path.
    pub found: &'a Found,
    /// The bytes. Nothing about them is believed before they were checked.
    pub bytes: &'a [u8],
}

/// A project's listing, signed where listings are accepted from. Without the overlay it vouches for nothing.
#[derive(Debug, Clone)]
pub struct VerifiedListing {
    listing: Listing,
    chain: Arc<Chain>,
    tier: Tier,
}

/// A project as its verified listing and overlay say it together.
#[derive(Debug, Clone)]
pub struct VerifiedProject {
    merged: Merged,
    chain: Arc<Chain>,
    tier: Tier,
    origins: Origins,
}

/// A party vouches for a file. Made from verified metadata only: there is no other constructor.
///
/// ```compile_fail,E0451
/// fn forge(other: affineur_trust::Vouched, file: std::sync::Arc<affineur_trust::FileFact>) -> affineur_trust::Vouched {
///     affineur_trust::Vouched { file, ..other }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    pub(crate) file: Arc<FileFact>,
    pub(crate) worth: Worth,
    pub(crate) origins: Origins,
    pub(crate) chain: Arc<Chain>,
    pub(crate) pin: Option<Box<Pin>>,
    pub(crate) attested: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

impl VerifiedListing {
    /// Checks a listing: from which role it comes, its bytes, its form.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(project: &ProjectName, document: Document<'_>) -> Result<Self, NotVouched> {
        let wrong = |fault| NotVouched::Document { document: DocumentKind::Listing, fault };
        let tier = check(Place::Project, document).map_err(wrong)?;
        let listing = Listing::parse(document.bytes, project).map_err(|error| wrong(DocumentFault::Unreadable(error)))?;
        Ok(Self { listing, chain: Arc::new(document.found.chain.clone()), tier })
    }

    /// What it lists: names that may be shown, with the reason why nothing of it is to be had.
    #[must_use]
    pub const fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Checks the overlay, and puts the two together.
    ///
    /// # Errors
    /// What is wrong with the overlay, or [`NotVouched::Quarantined`].
    pub fn with_overlay(self, document: Document<'_>) -> Result<VerifiedProject, NotVouched> {
        let wrong = |fault| NotVouched::Document { document: DocumentKind::Overlay, fault };
        check(Place::Overlay, document).map_err(wrong)?;
        let overlay =
            Overlay::parse(document.bytes, &self.listing.project).map_err(|error| wrong(DocumentFault::Unreadable(error)))?;
        if overlay.status.marker == StatusMarker::Quarantined {
            return Err(NotVouched::Quarantined { reason: overlay.status.reason });
        }
        // Nobody claimed it: what the index signs rests on the index alone.
        let origins = match self.tier {
            Tier::Unclaimed => Origins::of_index(&self.chain),
        };
        Ok(VerifiedProject { merged: merge(self.listing, overlay), chain: self.chain, tier: self.tier, origins })
    }
}

fn check(place: Place, document: Document<'_>) -> Result<Tier, DocumentFault> {
    let Document { found, bytes } = document;
    let tier = place.accepts(&found.chain).map_err(DocumentFault::Misplaced)?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if length != found.target.length() {
        let mismatch = Mismatch::Length { expected: found.target.length(), found: length, more: false };
        return Err(DocumentFault::Differs(mismatch));
    }
    found.target.hashes().check(bytes).map_err(DocumentFault::Differs)?;
    Ok(tier)
}

impl VerifiedProject {
    /// The project's files, and what the index says about it as a whole.
    #[must_use]
    pub const fn merged(&self) -> &Merged {
        &self.merged
    }

    /// The roles from which the listing comes.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Vouches for a file that is listed with these bytes; nothing else is vouched for. Its age is counted from what the
    /// gateway recorded and from what the index says; a `Last-Modified`, which nobody signed, counts nothing.
    #[must_use]
    pub fn vouch(&self, file: impl Into<Arc<FileFact>>, pin: &Pin) -> Option<Vouched> {
        let file = file.into();
        let listed = &self.merged.files.get(file.name.as_str())?.listed;
        if self.merged.project != file.project || file.sha256 != Some(listed.sha256) {
            return None;
        }
        let pin = Pin { last_modified: LastModified::Unknown, ..pin.clone() };
        Some(Vouched {
            file,
            worth: Worth::Index { tier: self.tier, track: None },
            origins: self.origins.clone(),
            chain: Arc::clone(&self.chain),
            pin: Some(Box::new(pin)),
            attested: None,
            until: None,
        })
    }
}

impl Vouched {
    /// What it is worth: tier and track of an index, level of a curator.
    #[must_use]
    pub const fn worth(&self) -> Worth {
        self.worth
    }

    /// What it rests on in the end.
    #[must_use]
    pub const fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Who vouches: the roles from the top-level targets to the one that signs.
    #[must_use]
    pub const fn chain(&self) -> &Arc<Chain> {
        &self.chain
    }

    /// From what its age is counted. Only an index, which has the file itself, has one.
    #[must_use]
    pub fn pin(&self) -> Option<&Pin> {
        self.pin.as_deref()
    }

    /// Since when a monitor or the role `stable` attests that the file exists, if one does.
    #[must_use]
    pub const fn attested(&self) -> Option<Timestamp> {
        self.attested
    }

    /// When the statement ends, if it does before its repository's metadata do.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Whether this is about that very file and has not ended.
    pub(crate) fn holds(&self, file: &FileFact, now: ReferenceTime) -> bool {
        self.is_about(file) && self.until.is_none_or(|until| now < until)
    }

    /// The same, ending at this moment if it would last longer.
    fn ending(self, at: Timestamp) -> Self {
        Self { until: Some(self.until.map_or(at, |until| until.min(at))), ..self }
    }

    /// Whether this is about that very file.
    pub(crate) fn is_about(&self, file: &FileFact) -> bool {
        std::ptr::eq(self.file.as_ref(), file)
            || (self.file.sha256, &self.file.project, &self.file.name) == (file.sha256, &file.project, &file.name)
    }
}

/// A chain of roles on one line of printable ASCII: `targets v1 (2 of 2) -> bins v1 (2 of 2) -> bin.14-0a3f v7 (1 of 1)`.
#[derive(Debug, Clone, Copy)]
pub struct ShownChain<'a>(pub &'a Chain);

impl fmt::Display for ShownChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.steps().iter().enumerate() {
            let arrow = if at == 0 { "" } else { " -> " };
            let role = printable(step.role.as_str(), limits::ROLE_CHARACTERS);
            write!(f, "{arrow}{role} v{} ({} of {})", step.version, step.threshold, step.keyids.len())?;
        }
        Ok(())
    }
}
