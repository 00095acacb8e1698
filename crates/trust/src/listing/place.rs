//! From which roles each document is accepted. A copy that another role signed is hostile.

use std::fmt;

use affineur_tuf::{Chain, RoleLabel, TopRole};

use crate::VouchKind;

/// The role between the top-level targets and the hash bins of branch 4 (PEP 458).
pub const BINS: &str = "bins";

/// The prefix of the names of the hash bins: `bin.14-0000` to `bin.14-3fff` for 2 to the power of 14 of them.
#[must_use]
pub fn bin_prefix(bit_length: u8) -> String {
    format!("bin.{bit_length}")
}

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `index.json` or a file: whatever role the ordinary search finds.
    Project,
    /// `_status/…`: branch 4 alone, whatever edges other roles have.
    Overlay,
}

/// How strongly a project is bound to its developers (PEP 480).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Nobody claimed it: the index signs with its online key.
    Unclaimed,
}

impl Tier {
    /// What a policy weighs it as.
    #[must_use]
    pub const fn kind(self) -> VouchKind {
        match self {
            Self::Unclaimed => VouchKind::Unclaimed,
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().as_str())
    }
}

/// A document was signed by a role that it is not accepted from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is signed by {role}, from which it is not accepted")]
pub struct Misplaced {
    /// That role.
    pub role: RoleLabel,
}

impl Place {
    /// The one function that says whether a document may come through this chain of roles, and what it is worth then.
    ///
    /// # Errors
    /// [`Misplaced`].
    pub fn accepts(self, chain: &Chain) -> Result<Tier, Misplaced> {
        let roles: Vec<&RoleLabel> = chain.steps().iter().map(|step| &step.role).collect();
        let misplaced = |role: &RoleLabel| Err(Misplaced { role: role.clone() });
        match (self, roles.as_slice()) {
            (Self::Project | Self::Overlay, [RoleLabel::Top(TopRole::Targets), bins, bin]) if bins.as_str() == BINS => {
                if is_bin(bin) { Ok(Tier::Unclaimed) } else { misplaced(bin) }
            }
            (_, [.., last]) => misplaced(last),
            (_, []) => misplaced(&RoleLabel::Top(TopRole::Targets)),
        }
    }
}

/// `bin.<bits>-<digits>`.
fn is_bin(role: &RoleLabel) -> bool {
    let parts = role.as_str().strip_prefix("bin.").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(bits, number)| {
        bits.parse::<u8>().is_ok_and(|bits| (1..=32).contains(&bits)) && u64::from_str_radix(number, 16).is_ok()
    })
}
