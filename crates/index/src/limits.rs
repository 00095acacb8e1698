//! Every limit of the index, each with its reason.

use std::time::Duration;

/// Most bytes of one distribution.
pub const DISTRIBUTION_BYTES: u64 = 2 << 30;
/// Most bytes of core metadata or of attestations: the longest `METADATA` in public use has about 1 MB, a README among it.
pub const SIDE_BYTES: usize = 8 << 20;
/// Most changes that wait to be published. Half an hour's work of a publisher at 50/s: beyond that something is broken, and
/// uploaders should hear of it instead of waiting.
pub const PENDING_TICKETS: u64 = 100_000;
/// How long what was replaced stays readable. A client that has read a timestamp fetches what it refers to within seconds;
/// caches in between may hold one for minutes.
pub const KEEP_AGE: Duration = Duration::from_secs(3_600);
/// Most findings of one check. Whoever has more needs a backup, not a longer list.
pub const FINDINGS: usize = 1_000;
/// Longest wait for another process that writes to the same database. A publication at full size takes well under a second.
pub const BUSY: Duration = Duration::from_secs(10);
/// Writes that share one transaction at most: enough that an `fsync` costs each next to nothing, few enough that the first of
/// them does not wait for long.
pub const GROUP_WRITES: usize = 256;
/// Writes that wait for the writer at most; further ones wait for a place. Bounds the memory that they hold.
pub const WAITING_WRITES: usize = 4_096;
/// Connections for reading that are kept open: about as many as threads read at once. Each has a cache of pages.
pub const IDLE_READERS: usize = 16;
/// How often to look whether *another process* published or queued something. This process's own acts are seen at once.
pub const POLL: Duration = Duration::from_millis(250);
/// Rows that are dropped in one transaction when old versions are collected, some tens of milliseconds: others write in between.
pub const COLLECT_ROWS: usize = 128;
/// Longest text about who holds the publisher's lock.
pub const LEASE_BYTES: u64 = 200;
/// Prepared statements that a connection keeps: all that there are, and some.
pub const STATEMENTS: usize = 64;
/// Pages of the write-ahead log (4 kB each) after which it is copied into the database: 16 MB, some twenty publications, so
/// that a snapshot that was replaced meanwhile is copied once and not each time.
pub const CHECKPOINT_PAGES: u32 = 4_096;
/// To what the write-ahead log is cut after it was copied, should it have become longer.
pub const LOG_BYTES: u32 = 64 << 20;
/// Rows that a check reads in one transaction: a long one would keep the write-ahead log from being copied.
pub const CHECK_ROWS: usize = 512;
/// Bytes that are hashed at a time: one read of a disk.
pub const HASH_BYTES: usize = 64 << 10;

/// How long what the online key signs is valid (PEP 458: a day).
pub const ONLINE_VALIDITY: Duration = Duration::from_secs(24 * 3600);

/// How often it is looked for what must be renewed.
pub const RENEWAL_INTERVAL: Duration = Duration::from_secs(60);

/// Most bins that are renewed in one publication. All 16 384 are renewed within half a day even so, since due ones follow at once.
pub const RENEWED_BINS: usize = 256;

/// Most changes in one publication: enough for the longest queue to be signed quickly, few enough to be seen within a second.
pub const GROUP_TICKETS: usize = 2_000;
/// How much of a file is read at once for a client.
pub const READ_BYTES: u64 = 64 << 10;
/// Rendered pages in memory: the busiest projects of the largest index.
pub const PAGES_IN_MEMORY: usize = 4_096;
/// Projects that are read from the store at once.
pub const PROJECTS_AT_ONCE: usize = 10_000;

/// Most fields of an upload's form. Older tools send each classifier and each requirement as one: up to 2 000 are in public use.
pub const FORM_FIELDS: usize = 4_000;
/// Most bytes of a form beside the file. Older tools send the description there, and that may be as long as a `METADATA`.
pub const FORM_BYTES: usize = 16 << 20;
/// Most bytes of a field that counts: names, versions and digests are far shorter.
pub const FORM_VALUE_BYTES: usize = 1_024;
/// Most bytes of attestations: one has about 10 kB, and a file has one for each publisher.
pub const ATTESTATIONS_BYTES: usize = 1 << 20;
/// Most bytes of the headers of a part: a name, a file name, a type.
pub const PART_HEADER_BYTES: usize = 4 << 10;
/// Longest part of an error message that repeats what came from outside.
pub const QUOTED_BYTES: usize = 200;
/// How much of a file is copied at once.
pub const COPY_BYTES: usize = 256 << 10;
/// Largest online key: an RSA key of 8192 bits takes under 5 kB.
pub const KEY_BYTES: usize = 16 << 10;
/// Longest reason phrase: with more of it, proxies and clients refuse the answer.
pub const REASON_BYTES: usize = 400;
/// How long an upload waits to be signed before it is answered. It is durable by then and will be published in any case.
pub const PUBLICATION_WAIT: Duration = Duration::from_secs(20);
/// How long a publisher waits after a failure, a full disk say, before it tries again.
pub const PUBLISHER_PAUSE: Duration = Duration::from_secs(2);
/// How often old versions of metadata and documents are dropped: well within [`KEEP_AGE`], so that little piles up.
pub const COLLECTION_INTERVAL: Duration = Duration::from_secs(600);
/// How long requests may take to end once the index is asked to stop: half of the ten seconds that containers get before they are
/// killed. What was accepted is durable; an upload that is cut off is not accepted.
pub const STOPPING: Duration = Duration::from_secs(5);
