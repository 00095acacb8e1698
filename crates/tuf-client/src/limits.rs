//! Every limit on what is fetched and kept, each with its reason.

use std::time::Duration;

use affineur_tuf::Seal;

use crate::local::HEADER;

/// Resolving, connecting and TLS. Three tries of TCP, which waits 1, 2 and 4 seconds, and a slow handshake.
pub const CONNECT: Duration = Duration::from_secs(10);

/// From the request to the head of its answer. Metadata are static files; a loaded server may need a while.
pub const FIRST_BYTE: Duration = Duration::from_secs(15);

/// One metadata file, redirects included. Five megabytes at the speed of a bad mobile line.
pub const METADATA_WHOLE: Duration = Duration::from_secs(60);

/// Over what the rate is averaged (slow retrieval, specification, 1.5.2). Bad lines stop for a few seconds and go on.
pub const RATE_WINDOW: Duration = Duration::from_secs(10);

/// Least number of bytes in a window: a kilobyte in a second. What is slower keeps a user waiting for hours on purpose.
pub const RATE_WINDOW_BYTES: u64 = 10 * 1024;

/// Redirects that are followed for one file. A mirror and its store need two.
pub const REDIRECTS: usize = 5;

/// Longest URL that is asked for. Servers refuse longer ones, and role names are an author's choice.
pub const URL_BYTES: usize = 8 * 1024;

/// Most bytes of all header fields in HTTP/2. In HTTP/1.1 the library allows a hundred fields.
pub const HEADER_BYTES: u32 = 64 * 1024;

/// Connections that wait for the next question, for each host. A refresh asks one thing after the other.
pub const IDLE_CONNECTIONS: usize = 4;

/// What gzip may add to data that do not shrink: a share (five bytes for each block of 16 KiB or more), see [`GZIP_BYTES`].
pub const GZIP_SHARE: u64 = 1024;

/// What gzip may add besides [`GZIP_SHARE`]: its head with a file's name, and its end.
pub const GZIP_BYTES: u64 = 1024;

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

/// Pieces of evidence that are kept: an attack is told by its first ones.
pub const REFUSED_FILES: usize = 32;

/// Most bytes of all evidence: a few of the largest files that there can be.
pub const REFUSED_BYTES: u64 = 64 << 20;

/// What a file takes at least, on most file systems.
pub const BLOCK_BYTES: u64 = 4096;

/// A temporary file that is older was left behind by a process that died: writing one takes moments.
pub const TEMPORARY_FOR: Duration = Duration::from_secs(60 * 60);

/// How exactly we know when a role was of use last. Finer would be a write for every read.
pub const TOUCH_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How long initialising waits for another process, which needs milliseconds for the same.
pub const LOCK_WAIT: Duration = Duration::from_secs(10);

/// How long a refresh waits for another process that refreshes the same copy. That one needs milliseconds, or minutes on a bad
/// line: then people should know what they wait for.
pub const REFRESH_LOCK_WAIT: Duration = Duration::from_secs(30);

/// How often a lock is tried. Short beside a refresh, long beside a try.
pub const LOCK_POLL: Duration = Duration::from_millis(10);

/// Most bytes of the file with a repository's addresses: two URLs.
pub const ADDRESSES_BYTES: u64 = 64 << 10;

pub(crate) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// How much of a file is read at once.
pub const READ_CHUNK_BYTES: usize = 64 * 1024;
