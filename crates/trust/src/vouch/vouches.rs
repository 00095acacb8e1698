//! What a party vouches with: alternatives.

use std::iter::{Chain, Once, once};
use std::slice::Iter;

use jiff::Timestamp;

use crate::{FileFact, Pin, ReferenceTime, Vouched};

/// What a party vouches with: one or more alternatives, of which at most one is counted, the one that helps most. A curator whose
/// electorate voted for a file and whose auditors read it has one for each; so has one who knows a file by several auditors.
///
/// A further alternative never lowers anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouches(Box<(Vouched, Vec<Vouched>)>);

impl Vouches {
    /// One alternative, and others. Their order says nothing.
    #[must_use]
    pub fn new(first: Vouched, others: impl IntoIterator<Item = Vouched>) -> Self {
        Self(Box::new((first, others.into_iter().collect())))
    }

    /// All of several parties' alternatives, or of several levels'. `None` if there are none.
    #[must_use]
    pub fn of(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut all = all.into_iter();
        let Self(mut kept) = all.next()?;
        for Self(more) in all {
            let (first, others) = *more;
            kept.1.push(first);
            kept.1.extend(others);
        }
        Some(Self(kept))
    }

    /// The same, each ending at this moment if it would last longer: for who knows when the metadata behind them end.
    #[must_use]
    pub fn ending(self, at: Timestamp) -> Self {
        let (first, others) = *self.0;
        Self::new(first.ending(at), others.into_iter().map(|vouched| vouched.ending(at)))
    }

    /// Any of them.
    #[must_use]
    pub fn first(&self) -> &Vouched {
        &self.0.0
    }

    /// Each.
    pub fn iter(&self) -> Chain<Once<&Vouched>, Iter<'_, Vouched>> {
        once(&self.0.0).chain(&self.0.1)
    }

    /// The only one, if there are no alternatives.
    pub(crate) const fn only(&self) -> Option<&Vouched> {
        if self.0.1.is_empty() { Some(&self.0.0) } else { None }
    }

    /// Whether one of them holds for this very file.
    pub(crate) fn hold(&self, file: &FileFact, now: ReferenceTime) -> bool {
        self.0.0.holds(file, now) || self.0.1.iter().any(|vouched| vouched.holds(file, now))
    }

    /// What the file's age is counted from.
    pub(crate) fn pin(&self, file: &FileFact) -> Option<&Pin> {
        self.about(file).find_map(Vouched::pin)
    }

    /// Those that are about this very file.
    pub(crate) fn about(&self, file: &FileFact) -> impl Iterator<Item = &Vouched> {
        self.iter().filter(move |vouched| vouched.is_about(file))
    }
}

impl From<Vouched> for Vouches {
    fn from(vouched: Vouched) -> Self {
        Self::new(vouched, [])
    }
}

impl<'a> IntoIterator for &'a Vouches {
    type Item = &'a Vouched;
    type IntoIter = Chain<Once<&'a Vouched>, Iter<'a, Vouched>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
