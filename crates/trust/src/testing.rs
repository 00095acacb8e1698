//! Vouches that nobody made: for tests and measurements only, never in a program.

use std::sync::Arc;

use affineur_tuf::Chain;
use jiff::Timestamp;

use crate::vouch::Vouched;
use crate::{FileFact, Origins, Pin, Worth};

/// What somebody vouches for.
#[derive(Debug, Clone)]
pub struct Vouch {
    /// The file.
    pub file: Arc<FileFact>,
    /// What it is worth.
    pub worth: Worth,
    /// What it rests on.
    pub origins: Origins,
    /// What an index recorded about the file.
    pub pin: Option<Pin>,
    /// When it is attested.
    pub attested: Option<Timestamp>,
    /// When it ends.
    pub until: Option<Timestamp>,
}

impl Vouch {
    /// The vouch, as if it had been verified through that chain.
    #[must_use]
    pub fn made(self, chain: &Arc<Chain>) -> Vouched {
        let Self { file, worth, origins, pin, attested, until } = self;
        Vouched { file, worth, origins, chain: Arc::clone(chain), pin: pin.map(Box::new), attested, until }
    }
}
