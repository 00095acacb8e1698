//! Every limit on what is fetched and kept, each with its reason.

use std::time::Duration;

use affineur_tuf::Seal;

use crate::local::HEADER;

/// Longest encoded role name that becomes a file's name. File systems allow 255 bytes; the rest is for what is put around it.
pub const STEM_BYTES: usize = 200;

/// Size of a seal file with two seals. More is not read: it is none.
pub const SEAL_FILE_BYTES: u64 = (HEADER.len() + 2 * Seal::BYTES + 32) as u64;

/// Most bytes of a kept file that are looked at when it is replaced, to find its seal. No metadata are longer; what is, has lost
/// its seal, not more.
pub const KEPT_FILE_BYTES: u64 = 64 << 20;

/// What the delegated roles may take on disk. A repository of five million files in 16 384 bins has bins of 70 kB: enough for the
/// bins of several hundred projects, and little for any disk.
pub const CACHE_BYTES: u64 = 64 << 20;

/// What a file takes at least, on most file systems.
pub const BLOCK_BYTES: u64 = 4096;

/// A temporary file that is older was left behind by a process that died: writing one takes moments.
pub const TEMPORARY_FOR: Duration = Duration::from_secs(60 * 60);

/// How exactly we know when a role was of use last. Finer would be a write for every read.
pub const TOUCH_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How long initialising waits for another process, which needs milliseconds for the same.
pub const LOCK_WAIT: Duration = Duration::from_secs(10);

/// How often a lock is tried. Short beside a refresh, long beside a try.
pub const LOCK_POLL: Duration = Duration::from_millis(10);

pub(crate) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
