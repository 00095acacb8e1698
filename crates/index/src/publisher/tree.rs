//! The role tree as data (DESIGN §4.1): today branch 4 alone.

use affineur_trust::listing::{BINS, bin_prefix};
use affineur_tuf::edit::Draft;
use affineur_tuf::{Succinct, TargetPath, Targets, Version, metadata_path};

/// Which role signs what.
#[derive(Debug, Clone)]
pub struct Tree {
    bins: Succinct,
}

impl Tree {
    /// Reads from the role `bins` how many bins there are, delegated to in either way.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn of(bins: &Draft<Targets>) -> Result<Self, String> {
        let delegations = bins.body().delegations().ok_or("the role bins delegates to nobody")?;
        if let Some(succinct) = delegations.succinct() {
            let expected = bin_prefix(succinct.bit_length());
            return match succinct.name_of(0).starts_with(&format!("{expected}-")) {
                true => Ok(Self { bins: succinct.clone() }),
                false => Err(format!("its bins are not called {expected}-…")),
            };
        }
        let roles = delegations.roles();
        let bits = u8::try_from(roles.len().trailing_zeros()).unwrap_or(0);
        let first = roles.first().ok_or("the role bins delegates to nobody")?;
        let bins = Succinct::new(bits, &bin_prefix(bits), first.keyids().to_vec(), first.threshold());
        let agrees = roles.len().is_power_of_two()
            && (0..bins.bins()).zip(roles).all(|(number, role)| role.name().as_str() == bins.name_of(number));
        if agrees { Ok(Self { bins }) } else { Err("its bins are not in order".to_owned()) }
    }

    /// How many bins there are.
    #[must_use]
    pub const fn bins(&self) -> u64 {
        self.bins.bins()
    }

    /// The bin that a target belongs to.
    #[must_use]
    pub fn bin_of(&self, path: &TargetPath) -> u64 {
        self.bins.bin_of(path)
    }

    /// The name of a bin.
    #[must_use]
    pub fn name(&self, bin: u64) -> String {
        self.bins.name_of(bin)
    }

    /// Where a bin's metadata is.
    pub(super) fn path(&self, bin: u64, version: Version) -> String {
        metadata_path(&self.name(bin), Some(version))
    }

    /// Where the metadata of the role between targets and bins is.
    pub(super) fn bins_path(version: Version) -> String {
        metadata_path(BINS, Some(version))
    }
}
