//! Every limit of the gateway, with its reason.

use std::time::Duration;

// The proxy: what one client may take. Clients are CMD's own, on this machine, and have the run's password.

/// Most connections at a time. 500 installers with 4 to 8 connections each; more wait in the system's queue.
pub const PROXY_CONNECTIONS: usize = 4_096;
/// Wait after the system refused to hand out a connection (mostly: out of file descriptors), so that we do not spin.
pub const PROXY_ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long one request's head may take, and how long an idle connection is kept: a client that sends byte after byte, or
/// nothing, does not keep its slot.
pub const PROXY_HEADER_TIME: Duration = Duration::from_secs(60);
/// How long a client may take for its TLS handshake after `CONNECT`.
pub const PROXY_HANDSHAKE: Duration = Duration::from_secs(30);
/// Most header fields of a request; pip and uv send about ten.
pub const PROXY_HEADERS: usize = 100;
/// Largest request head: tokens of cloud registries reach 12 kB.
pub const PROXY_HEADER_BYTES: usize = 64 << 10;
/// Most bytes that are buffered in one direction of one connection.
pub const PROXY_BUFFER_BYTES: usize = 128 << 10;
/// Longest URL: signed links of object stores reach 2 kB.
pub const PROXY_URL_BYTES: usize = 16 << 10;
/// How long answers under way may take after CMD has ended; nobody of CMD's waits for them any more.
pub const PROXY_SHUTDOWN: Duration = Duration::from_secs(2);
/// Longest name of a host (RFC 1035 §2.3.4).
pub const HOST_BYTES: usize = 253;
/// Hosts whose certificates are kept. An install talks to fewer than ten; a further one costs a signature.
pub const AUTHORITY_HOSTS: usize = 256;
/// An authority is valid from so long before the run, for clients in containers with another clock.
pub const AUTHORITY_CLOCK_SKEW: Duration = Duration::from_secs(3_600);
/// An authority is valid for so long: longer than any run; its key ends with the run anyway.
pub const AUTHORITY_LIFETIME: Duration = Duration::from_secs(30 * 86_400);

// Fetch: what upstreams may send.

/// Longest text of an upstream that is shown in one of our own messages: enough for a host or a content type.
pub const PRINTABLE_BYTES: usize = 64;
/// Longest validator (`ETag`, `Last-Modified`) that is kept; real ones have fewer than 100 bytes.
pub const VALIDATOR_BYTES: usize = 512;
/// Longest `WWW-Authenticate` that is passed on.
pub const CHALLENGE_BYTES: usize = 1_024;
/// Longest URL that is asked for or followed. Signed object-store URLs have up to 3 kB.
pub const FETCH_URL_BYTES: usize = 8_192;
/// Longest time that a page is called fresh, whatever `Cache-Control` says: a day, so that no upstream can freeze us.
pub const FRESH_AT_MOST: Duration = Duration::from_secs(86_400);
/// Largest `.netrc`.
pub const NETRC_BYTES: u64 = 1 << 20;
/// Largest file of root certificates or of a client's certificate and key. The usual bundle has 250 kB.
pub const PEM_BYTES: u64 = 16 << 20;
/// Largest head of a parent proxy's answer to CONNECT.
pub const CONNECT_HEAD_BYTES: usize = 8_192;
/// Most addresses of one host that are tried.
pub const ADDRESSES: usize = 16;
/// Largest window of a zstd frame, as power of two: 8 MiB, what RFC 9659 allows for HTTP. It bounds the decoder's memory.
pub const ZSTD_WINDOW_LOG: u32 = 23;

/// The limits on one upstream's answers. Tests use small ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchLimits {
    /// Largest page, as transferred and as expanded. The largest public page has about 20 MB.
    pub page_bytes: usize,
    /// Largest small file (`.metadata` and alike), as transferred and as expanded.
    pub small_bytes: usize,
    /// Largest file. The largest public wheels have about 3 GB.
    pub file_bytes: u64,
    /// How many times larger an answer may get by expansion. JSON pages reach 20, repetitive ones 100, bombs 1 000 and more.
    pub expansion: usize,
    /// Expanded size below which the ratio is not looked at: tiny answers may expand a lot without harm.
    pub expansion_floor: usize,
    /// Most header fields of an answer.
    pub headers: usize,
    /// Most bytes in an answer's header fields.
    pub header_bytes: usize,
    /// Most redirects of one question. Real indexes use one or two.
    pub redirects: usize,
    /// Longest wait for a connection: resolving, TCP, proxy, TLS.
    pub connect: Duration,
    /// Longest wait for the head of an answer after that.
    pub first_byte: Duration,
    /// Longest wait between two pieces of a body.
    pub idle: Duration,
    /// Over which time of waiting the least rate is measured. Time that the reader takes does not count.
    pub rate_window: Duration,
    /// Fewest bytes in that time: 1 kB/s, slower than any line that people install over.
    pub rate_window_bytes: u64,
    /// Longest time for the whole of a page or small file.
    pub whole: Duration,
    /// Wait before the one retry.
    pub retry_after: Duration,
    /// Most requests in flight to one origin: what browsers and installers stay below.
    pub in_flight_per_origin: usize,
    /// Longest wait for the head of an answer that is only passed on: git servers may think for minutes.
    pub forward_first_byte: Duration,
    /// Longest silence in a body that is only passed on.
    pub forward_idle: Duration,
}

/// How long upstreams are waited for: less than pip waits for us (15 s), since an installer that gives up first shows no reason.
pub const PATIENCE: Duration = Duration::from_secs(12);
/// Least patience, however impatient an installer was told to be.
pub const PATIENCE_LEAST: Duration = Duration::from_secs(2);
/// Most patience, however patient an installer was told to be.
pub const PATIENCE_MOST: Duration = Duration::from_secs(120);

impl FetchLimits {
    /// The limits for a client that waits for `client`: four fifths of that, so that it still hears why.
    #[must_use]
    pub fn for_client_waiting(client: Duration) -> Self {
        let patience = (client * 4 / 5).clamp(PATIENCE_LEAST, PATIENCE_MOST);
        let connect = patience.min(Self::default().connect);
        let rate_window_bytes = patience.as_secs() << 10;
        Self {
            connect,
            first_byte: patience,
            idle: patience,
            rate_window: patience,
            rate_window_bytes,
            whole: patience,
            ..Self::default()
        }
    }
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            page_bytes: 64 << 20,
            small_bytes: 8 << 20,
            file_bytes: 4 << 30,
            expansion: 200,
            expansion_floor: 1 << 20,
            headers: 100,
            header_bytes: 64 << 10,
            redirects: 5,
            connect: Duration::from_secs(10),
            first_byte: PATIENCE,
            idle: PATIENCE,
            rate_window: PATIENCE,
            rate_window_bytes: PATIENCE.as_secs() << 10,
            whole: PATIENCE,
            retry_after: Duration::from_millis(200),
            in_flight_per_origin: 32,
            forward_first_byte: Duration::from_secs(300),
            forward_idle: Duration::from_secs(300),
        }
    }
}

// What is remembered (state).

/// How far the recorded time of a project's last page may lag behind the exact one, which is kept in memory, while nothing
/// else about the page changes: a durable write for each unchanged page would cost an `fsync` and say nothing new. After a
/// crash the end of a file's recorded absence is early by at most this.
pub const PAGE_TIME_LAG: Duration = Duration::from_secs(60);
/// The same for a state that is a text file: a day, so that a run that learned nothing leaves a committed file as it is.
pub const PAGE_TIME_LAG_TEXT: Duration = Duration::from_hours(24);
/// Most exact page times kept in memory (16 bytes each). When there are more, they are written.
pub const EXACT_PAGE_TIMES: usize = 65_536;
/// Most writes that are committed in one transaction: beyond that a shared `fsync` is cheap already and the answer late.
pub const GROUP_WRITES: usize = 256;
/// Most writes that wait for the writer at once; more wait before they are queued.
pub const WAITING_WRITES: usize = 1_024;
/// How long a process waits for another one that writes to the same state, before it gives up.
pub const STATE_BUSY: Duration = Duration::from_secs(10);
/// Most idle connections that are kept for reading.
pub const IDLE_READERS: usize = 8;
/// Longest side of a piece of evidence; what is longer is kept cut, with its full length.
pub const EVIDENCE_SIDE_BYTES: usize = 64 << 10;
/// Most pieces of evidence kept for one project of one source: what the upstream changes further is still hostile, but proves
/// nothing new, and must not fill the disk.
pub const EVIDENCE_PER_PROJECT: u32 = 256;
/// Largest state file in text form: about a million files.
pub const STATE_TEXT_BYTES: u64 = 256 << 20;
// ---- cache, downloads, wheels ----

/// Bytes that the cache keeps on disk unless told otherwise: some hundred large wheels, and small beside a developer's disk.
pub const CACHE_BYTES: u64 = 10 << 30;
/// `METADATA` files may take this share (one part in …) of the cache's limit besides: with 10 GiB about a hundred thousand of
/// them. One that was served before its wheel passed is evidence, so wheels must not drive it out.
pub const CACHE_METADATA_SHARE: u64 = 8;
/// The cache is scanned again after this share (one part in …) of its limit was committed, so that what other processes
/// added counts too. A scan of 10 000 files takes about 50 ms; 1.25 GiB of downloads pay for it.
pub const CACHE_RESCAN_SHARE: u64 = 8;
/// A file that is used is touched at most this often. More often would make other processes hash it again, since they see
/// that somebody changed its times.
pub const CACHE_TOUCH: Duration = Duration::from_secs(60 * 60);
/// Share of the cache (one part in …) that is given up when the disk is full.
pub const CACHE_GIVE_UP_SHARE: u64 = 8;
/// Bytes of downloads that may be kept in memory while the disk is full, all together.
pub const CACHE_MEMORY_BYTES: u64 = 128 << 20;

/// Bytes at the end of a download that are held back until its digest agrees. A wheel's table of contents and a compressed
/// archive's check sum are at the end, so that nothing installable is out before.
pub const HOLD_BACK_BYTES: u64 = 64 << 10;
/// Files up to this size are verified before their first byte is sent: they arrive within one round trip or two anyway.
pub const SMALL_FILE_BYTES: u64 = 1 << 20;
/// Bytes that a download writes, hashes and announces at once. Larger costs memory, smaller wakes 500 readers more often.
pub const WRITE_CHUNK_BYTES: usize = 256 << 10;
/// What a slow upstream sent is written and announced after this time even if it is little, so that clients, which wait 15
/// seconds for a byte, see it.
pub const ANNOUNCE_AFTER: Duration = Duration::from_secs(1);
/// Largest chunk that a reader gets at once: at 256 KiB handing work to another thread costs under 5 %.
pub const READ_CHUNK_BYTES_MAX: usize = 256 << 10;
/// Smallest chunk, when there are very many readers.
pub const READ_CHUNK_BYTES_MIN: usize = 16 << 10;
/// Bytes in memory for all readers together; a reader's chunk is its share of this, within the two limits above.
pub const READ_BYTES: usize = 32 << 20;
/// A download that nobody waits for any more goes on if at most this is missing …
pub const FINISH_BYTES: u64 = 8 << 20;
/// … or if more than one part in this many is there.
pub const FINISH_SHARE: u64 = 2;

/// The first range that is asked of a wheel's end. Nine in ten wheels have their table of contents and `METADATA` in it.
pub const WHEEL_TAIL_BYTES: u64 = 64 << 10;
/// The least that a further range asks for, since a request costs more than bytes.
pub const WHEEL_RANGE_BYTES: u64 = 16 << 10;
/// Wheels up to this size are read whole.
pub const WHEEL_SMALL_BYTES: u64 = 256 << 10;
/// Most ranges that are asked for one wheel's `METADATA`: end, directory, entry, and some for odd layouts.
pub const WHEEL_RANGES: u32 = 8;
// --- the engine ---

/// Longest reason phrase: one line of a terminal or two; longer status lines are refused by some clients.
pub const REASON_PHRASE_BYTES: usize = 300;
/// Longest detail of a problem body: a short paragraph.
pub const PROBLEM_DETAIL_BYTES: usize = 600;
/// Longest URL or host in a report.
pub const SHOWN_URL_BYTES: usize = 300;
/// Most files that a run's report keeps; a run that passes more still decides them all.
pub const RECORD_FILES: usize = 200_000;
/// Most notes that a run's report keeps.
pub const RECORD_NOTES: usize = 10_000;
/// About how many views are kept in memory.
pub const VIEWS: usize = 10_000;
/// Memory for views, in bytes as they are counted.
pub const VIEWS_BYTES: u64 = 256 << 20;
/// What a view is counted with, besides its files.
pub const VIEW_BYTES: u64 = 4 << 10;
/// What each file of a view is counted with: entry, index, its share of six forms (a public page has about 400 bytes a file).
pub const VIEW_FILE_BYTES: u64 = 2 << 10;
/// How long a page is used without asking its source again where the source does not say.
pub const PAGE_FRESH_SECONDS: i64 = 60;
/// A source that says less is asked this rarely all the same: an installer asks several times within seconds.
pub const PAGE_FRESH_LEAST_SECONDS: i64 = 5;
/// A source that says more is asked this often all the same: a quarantined release must not live on for a day.
pub const PAGE_FRESH_MOST_SECONDS: i64 = 600;
/// How soon a source that could not be heard is asked again.
pub const UNHEARD_SECONDS: i64 = 5;
/// How long a view of a TUF repository is used before it is refreshed, in seconds: as long as a page, so that a release is seen
/// as soon as with an upstream.
pub const REPOSITORY_FRESH_SECONDS: i64 = 60;
/// The same where somebody wants it confirmed now: installers that say so with every page must not cause a refresh each.
pub const REPOSITORY_LEAST_SECONDS: i64 = 5;
/// Most delegated roles of one repository that are kept in memory: a hash bin of a large index takes some 100 kB.
pub const REPOSITORY_ROLES: usize = 512;
/// Largest listing or overlay: the most files that a page may have take about 40 MB, the largest real one 3.
pub const DOCUMENT_BYTES: u64 = 64 << 20;
/// How long a canary's answer counts.
pub const CANARY_SECONDS: i64 = 60;
/// Largest page that is kept between runs, expanded: the same as what may be fetched.
pub const KEPT_PAGE_BYTES: usize = 64 << 20;
/// Disk for pages that are kept between runs.
pub const KEPT_PAGES_BYTES: u64 = 512 << 20;
/// Most `HEAD` requests for one page (DESIGN, issue 2: at most 32, newest first).
pub const DATES_PER_PAGE: usize = 32;
/// Of those, one for each of so many versions; the rest is for other files of versions that are too new.
pub const DATED_VERSIONS_PER_PAGE: usize = 20;
/// Dates that are asked for at once.
pub const DATES_AT_ONCE: usize = 16;
/// Most files of a page without digests that are fetched and hashed with the page.
pub const HASHED_PER_PAGE: usize = 8;
/// Files that are fetched for hashing at once.
pub const HASHED_AT_ONCE: usize = 4;
/// Largest distribution. The largest public wheels have 3 GB.
pub const FILE_BYTES: u64 = 4 << 30;
/// Most indexes that are learned in one run.
pub const LEARNED_SOURCES: usize = 64;
/// Most pages that are asked for one file of a lock.
pub const CANDIDATE_SOURCES: usize = 16;
/// Most files of flat pages that one run keeps track of.
pub const LINKED_FILES: usize = 100_000;
/// Most files that one process remembers as hostile besides what the state keeps.
pub const DISTRUSTED_FILES: usize = 100_000;
/// Most files that `why` explains.
pub const WHY_FILES: usize = 200;
/// Most files of an explanation for which it is worked out whose vouches would be enough: each may take ten milliseconds. A release
/// has rarely more.
pub const WHY_ACCOUNTS: usize = 64;
/// How long requests that have begun may go on when the service stops: a slow download is asked for again elsewhere.
pub const SHUTDOWN_SECONDS: u64 = 30;
/// Most projects on the service's root page.
pub const LISTED_PROJECTS: usize = 10_000;
// A run: what configuration, lock files and local places may be.

/// Most open files that we ask the system for: two for each connection of the proxy, and some.
pub const OPEN_FILES: u64 = 16_384;
/// Largest configuration file that is read (pip.conf, uv.toml, pyproject.toml).
pub const CONFIGURATION_BYTES: u64 = 4 << 20;
/// Most lines of a configuration or requirements file. The largest pinned requirements files have some 10 000.
pub const CONFIGURATION_LINES: usize = 200_000;
/// Largest file of trusted authorities; the usual list has 230 kB.
pub const AUTHORITIES_BYTES: u64 = 16 << 20;
/// Most files that are read of a folder of trusted authorities; distributions have 300.
pub const AUTHORITY_FILES: usize = 4_096;
/// Folders above the working directory in which a project is looked for.
pub const PROJECT_DEPTH: usize = 32;
/// Most entries of a folder that are looked at for lock files.
pub const PROJECT_ENTRIES: usize = 10_000;
/// Deepest value in a project's file that is looked at.
pub const PROJECT_VALUE_DEPTH: usize = 32;
/// Most requirements and constraints files that are read, included ones and all.
pub const REQUIREMENTS_FILES: usize = 256;
/// Largest requirements file.
pub const REQUIREMENTS_BYTES: u64 = 16 << 20;
/// Most local places of a run.
pub const LOCAL_PLACES: usize = 10_000;
/// Most entries of a local folder.
pub const LOCAL_ENTRIES: usize = 1_000_000;
/// Most distributions in all local places: each is hashed before CMD starts.
pub const LOCAL_FILES: usize = 20_000;
/// Largest local distribution.
pub const LOCAL_FILE_BYTES: u64 = 16 << 30;
/// Bytes that are read of a local file at a time.
pub const LOCAL_BUFFER_BYTES: usize = 256 << 10;
/// After how long a folder of installers' caches that nobody used is removed.
pub const CLIENT_CACHES_UNUSED: Duration = Duration::from_secs(30 * 86_400);
/// How long a source's answer that it has no such project is used without asking it again.
pub const ABSENT_SECONDS: i64 = 30;
/// Of how many projects it is kept in memory from which source they come.
pub const BOUND_PROJECTS: usize = 100_000;
/// Longest host of this gateway's own that is repeated in a reason: with it a reason still fits its line.
pub const SHOWN_HOST_BYTES: usize = 80;
/// How much of the beginning and of the end of an answer that passes undecided is looked at: a zip file's end record with its
/// longest comment.
pub const LOOKED_AT_BYTES: usize = 22 + 65_535;
/// From this size on, pages are made one at a time: while it is made, a page takes about ten times its size.
pub const LARGE_PAGE_BYTES: usize = 4 << 20;
/// Up to this many files a page is rendered where it is asked for: handing it to another thread costs more.
pub const SMALL_VIEW_FILES: usize = 32;
/// How hard pages are compressed with gzip: more costs twice the time for a few per cent.
pub const GZIP_LEVEL: u32 = 4;

// The policy of a service.

/// How often a service reads its policy files, a few kilobytes: a change is in force within two looks, and a file that an editor
/// is still writing is rarely the same in two of them.
pub const POLICY_LOOKS: Duration = Duration::from_secs(1);
/// Most differences between two policies that are logged: more are read beside each other.
pub const POLICY_CHANGES: usize = 12;
/// How often each curator is asked for something newer: an objection reaches a service within that time.
pub const CURATOR_REFRESH: Duration = Duration::from_secs(60);
/// How soon a curator is asked again that could not be heard.
pub const CURATOR_RETRY: Duration = Duration::from_secs(10);
/// Longest time that asking a curator takes, all its files together. Nobody waits for it, except for the first one.
pub const CURATOR_PATIENCE: Duration = Duration::from_secs(30);
/// Longest time that the very first request waits for curators: installers wait 15 seconds and more.
pub const CURATORS_FIRST: Duration = Duration::from_secs(8);
/// Longest time that the very first request waits for curators all of whom an earlier process has heard.
pub const CURATORS_AGAIN: Duration = Duration::from_secs(2);
/// How many projects' statements are kept in memory, of each curator and of all together.
pub const CURATOR_PROJECTS: usize = 10_000;
/// How long what was read out of statements holds at most: ballots may begin to count that were dated ahead.
pub const CURATOR_REREAD_SECONDS: i64 = 3_600;
/// Most curators that others name, in all: each is asked every minute.
pub const NAMED_CURATORS: usize = 64;
/// Most ways by which a party's statements come.
pub const REACHED_CURATORS: usize = 64;

// Attestations (PEP 740), where a curator trusts a publisher.

/// Files whose attestations are remembered: a few kilobytes each.
pub const ATTESTED_FILES: usize = 4_096;
/// Newest versions of a page for each of which one file's attestations are asked for; those of others when somebody wants the file.
pub const ATTESTATIONS_PER_PAGE: usize = 20;
/// Attestations that are asked for at once.
pub const ATTESTATIONS_AT_ONCE: usize = 8;
/// The longest that a page waits for them: an installer has asked for the page, not for these.
pub const ATTESTATIONS_PATIENCE: Duration = Duration::from_secs(4);
/// How long it is remembered what came of asking: a file may get further attestations.
pub const ATTESTATIONS_SECONDS: i64 = 600;
/// How long an unsigned document is kept on the disk: what verified once verifies for ever, and further ones may come.
pub const ATTESTATIONS_KEPT_SECONDS: i64 = 86_400;
