//! Every limit of the index, each with its reason.

/// Most bytes of one distribution.
pub const DISTRIBUTION_BYTES: u64 = 2 << 30;
