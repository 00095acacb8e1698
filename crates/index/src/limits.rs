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
pub const KEEP_AGE: Duration = Duration::from_secs(15 * 60);
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
/// How often is published under load, each time with all that waits. Four lists of all bins in a second, 3 MB at the size of the
/// largest index, are kept for [`KEEP_AGE`]; nobody sees a quarter of a second.
pub const PUBLICATION_INTERVAL: Duration = Duration::from_millis(250);
/// Publications that follow each other at once before that: a tool that uploads the files of a release, one after the other, waits
/// for each.
pub const PUBLICATIONS_AT_ONCE: u32 = 40;
/// How often to look whether *another process* published or queued something. This process's own acts are seen at once.
pub const POLL: Duration = Duration::from_millis(250);
/// Rows that are dropped in one transaction when old versions are collected, some tens of milliseconds: others write in between.
pub const COLLECT_ROWS: usize = 128;
/// Longest text about who holds the publisher's lock.
pub const LEASE_BYTES: u64 = 200;
/// Prepared statements that a connection keeps: all that there are, and some.
pub const STATEMENTS: usize = 64;
/// Bytes of a page of the database. Most of what is written are bins and snapshots of 50 kB and 0.7 MB, and each page costs two
/// calls of the system; of smaller pages these would take many, of larger ones each small row would take much.
pub const PAGE_BYTES: u32 = 16 << 10;
/// Pages of the write-ahead log after which it is copied into the database: 16 MB, some twenty publications, so that a page that was
/// written meanwhile again is copied once and not each time.
pub const CHECKPOINT_PAGES: u32 = 1_024;
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
/// Projects and bins that a publisher reads at once: enough for any number of cores and for waiting for the disk.
pub const PUBLISHER_TASKS: usize = 32;
/// How much of a file is read at once for a client.
pub const READ_BYTES: u64 = 64 << 10;
/// Forms of project pages that are expected in memory: two or three of each of the busiest projects of the largest index.
pub const PAGES_IN_MEMORY: usize = 16_384;
/// Most bytes of these pages together: as many that are of usual size; of the largest, a hundred.
pub const PAGE_MEMORY_BYTES: u64 = 256 << 20;
/// What a page in memory takes besides its body.
pub const PAGE_OVERHEAD_BYTES: u64 = 400;
/// How hard pages are compressed, once each: the usual compromise.
pub const GZIP_LEVEL: u32 = 6;
/// Projects that are read from the store at once.
pub const PROJECTS_AT_ONCE: usize = 10_000;

/// Most fields of an upload's form. Older tools send each classifier and each requirement as one: up to 2 000 are in public use.
pub const FORM_FIELDS: usize = 4_000;
/// Most bytes of a form beside the file. Older tools send the description there, and that may be as long as a `METADATA`.
pub const FORM_BYTES: usize = 16 << 20;
/// Most bytes of a field that counts: names, versions and digests are far shorter.
pub const FORM_VALUE_BYTES: usize = 1_024;
/// Most bytes of attestations: what those who read them take.
pub const ATTESTATIONS_BYTES: usize = affineur_trust::limits::ATTESTATIONS_BYTES;
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
pub const COLLECTION_INTERVAL: Duration = Duration::from_secs(60);
/// How long requests may take to end once the index is asked to stop: half of the ten seconds that containers get before they are
/// killed. What was accepted is durable; an upload that is cut off is not accepted.
pub const STOPPING: Duration = Duration::from_secs(5);

/// Most connections at a time; more wait in the system's queue. Each may have a file open too: [`OPEN_FILES`] has room for both.
pub const CONNECTIONS: usize = 1_024;
/// Files that a process wants to have open: twice the connections, the store's own and some.
pub const OPEN_FILES: u64 = 4_096;
/// Wait after the system refused to hand out a connection (mostly: out of file descriptors), so that we do not spin.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long the head of a request may take, and how long an idle connection is kept. A head is one packet; tools use a connection
/// again within seconds.
pub const HEAD_TIME: Duration = Duration::from_secs(30);
/// Most headers of a request: tools send twenty.
pub const HEADERS: usize = 100;
/// Most bytes that a connection buffers before they are read, heads among them.
pub const BUFFER_BYTES: usize = 64 << 10;
/// How long a client may take nothing of an answer. What it has not taken is in the system's buffers meanwhile, not in ours.
pub const WRITE_STALL: Duration = Duration::from_secs(60);
/// How long after the answer what still comes is read and thrown away. Whoever is refused in the middle of an upload goes on
/// sending; a connection that is closed before would take the words of the refusal with it.
pub const LINGER: Duration = Duration::from_secs(30);
/// The same for a client that sends nothing more.
pub const LINGER_IDLE: Duration = Duration::from_secs(5);
/// Most uploads that come in at once. Each has a file and a thread for inspecting it now and then; disks have enough of it.
pub const UPLOADS: usize = 64;
/// Most uploads with one token at once: more than `uv publish` and builds in parallel begin, and a quarter of all.
pub const UPLOADS_OF_TOKEN: usize = 16;
/// How long an upload waits for its turn. Tools wait for a minute at least.
pub const UPLOAD_WAIT: Duration = Duration::from_secs(30);
/// How long nothing may come of an upload: a connection that is interrupted for longer has mostly been given up on the other side.
pub const UPLOAD_IDLE: Duration = Duration::from_secs(60);
/// Least bytes per second of an upload on the average, that of a telephone line of 1990: 2 GiB may take three days, a connection
/// kept open with a byte now and then ends after [`UPLOAD_GRACE`].
pub const UPLOAD_RATE: u64 = 8 << 10;
/// How far an upload may fall behind [`UPLOAD_RATE`].
pub const UPLOAD_GRACE: Duration = Duration::from_secs(60);
/// After how many seconds who was told to come again may do so: as long as a typical upload takes.
pub const RETRY_AFTER_SECONDS: u64 = 30;
/// Bytes of the disk that no upload may take, so that there is room for signing, for the database's log and for operators: [`UPLOADS`]
/// may all overshoot by [`RESERVE_STEP`], and a publication at full size takes some 100 MB with its log.
pub const DISK_RESERVE: u64 = 1 << 30;
/// How many bytes of an upload may come between two looks at the disk's free space.
pub const RESERVE_STEP: u64 = 4 << 20;
/// How many days before root, targets or bins expire it is said, again and again. A ceremony needs several people: a quarter to
/// plan it, a month to hold it, a week to drop everything else.
pub const EXPIRY_WARNINGS: [u32; 3] = [90, 30, 7];
/// How often a running index repeats such a warning in its log: daily, so that a log of any day has it.
pub const WARNING_INTERVAL: Duration = Duration::from_secs(24 * 3600);
/// Seconds of a day.
pub const DAY_SECONDS: i64 = 24 * 3600;
/// How often it is looked whether something waits that was signed offline: whoever waits beside it is a person.
pub const INCOMING_POLL: Duration = Duration::from_millis(500);
/// Largest file of what was signed offline: as much as a whole ceremony may have, and more than clients accept of these roles.
pub const INCOMING_BYTES: u64 = 64 << 20;
/// How long a person waits for a running index to publish what was signed offline: signing 16 384 bins again takes seconds.
pub const TAKING_IN: Duration = Duration::from_secs(60);
/// How old bytes without a row must be before they are taken for what an upload left that was cut short: between its
/// bytes and its row an upload spends milliseconds, and clocks of file systems are not a day wrong.
pub const LEFT_OVER_AGE: Duration = Duration::from_secs(24 * 3600);
/// How often a running index looks for these: looking through millions of files takes a while.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(24 * 3600);
