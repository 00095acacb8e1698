//! Every limit on what a page, a name or an archive may be, with its reason.

/// Longest project name; the longest one in public use has 80 characters.
pub const PROJECT_NAME_BYTES: usize = 128;
/// Longest file name: what common file systems can store.
pub const FILE_NAME_BYTES: usize = 255;
/// Most files on one page. The largest public projects have about 12 000.
pub const PAGE_FILES: usize = 100_000;
/// Longest URL on a page, without its fragment; what proxies and servers commonly take.
pub const URL_BYTES: usize = 2_048;
/// Longest fragment of a URL on a page: a few digests and words.
pub const FRAGMENT_BYTES: usize = 512;
/// Most dashes, from the right, behind which a source distribution's version is looked for when nothing says its project.
/// `1.0-rc1-post2-dev3` has three; the limit keeps long names of nothing but dashes cheap.
pub const VERSION_DASHES: usize = 8;
/// Longest free text that is kept from a page (yank reasons, `requires-python`, status reasons).
pub const TEXT_BYTES: usize = 1_024;
/// Longest requirement that somebody writes; far more than any list of version specifiers needs.
pub const REQUIREMENT_BYTES: usize = 1_024;
/// Longest part of an error message that repeats what came from outside.
pub const QUOTED_BYTES: usize = 200;

/// Largest lock file; large projects' have 3 MB.
pub const LOCK_BYTES: usize = 64 << 20;
/// Most packages of a lock file; the largest projects' have a few thousand.
pub const LOCK_RELEASES: usize = 100_000;
/// Most files, or digests instead of them, of a lock file: a hundred for each of two thousand releases.
pub const LOCK_FILES: usize = 200_000;
/// Most lines of a requirements file that is a lock: one for each of [`LOCK_FILES`].
pub const LOCK_LINES: usize = 200_000;
/// Most index URLs that lock files may suggest.
pub const LOCK_INDEXES: usize = 32;

/// Most entries of a wheel or a source distribution. The largest public ones have about 20 000.
pub const WHEEL_ENTRIES: u64 = 100_000;
/// Most bytes of a wheel's central directory: 160 bytes for each of [`WHEEL_ENTRIES`].
pub const WHEEL_DIRECTORY_BYTES: u64 = 16 << 20;
/// Most bytes of a `METADATA`, compressed or expanded. The largest public ones (a whole manual as description) have 1 MiB.
pub const METADATA_BYTES: u64 = 8 << 20;
/// Most header lines of a `METADATA`: one for each dependency and extra; public ones have up to 2 000.
pub const METADATA_HEADERS: usize = 20_000;
/// Most bytes that an archive may expand to. The largest public wheels expand to about 6 GB; an installer's disk has to take it.
pub const EXPANDED_BYTES: u64 = 16 << 30;
/// How many times its own size an archive may expand to. Sources have 3 to 10, tables of numbers up to 50; gzip and deflate can
/// reach 1 000, which takes files of zeros.
pub const EXPANSION: u64 = 100;
/// What any archive may expand to, however small: test data of zeros are honest, and this much costs nobody anything.
pub const EXPANDED_FREE_BYTES: u64 = 64 << 20;
/// Longest path in an archive: what Linux takes.
pub const ENTRY_PATH_BYTES: usize = 4_096;
/// All paths of an archive together: 160 bytes for each of [`WHEEL_ENTRIES`].
pub const ENTRY_PATHS_BYTES: usize = 16 << 20;
/// Most bytes of a tar header that continues the next one (pax, GNU long names): two of the longest paths, and some attributes.
pub const TAR_EXTENSION_BYTES: u64 = 64 << 10;

/// Largest member of an archive that is compared line by line; larger ones are data or generated, and are told by their digests.
pub const DIFFERENCE_TEXT_BYTES: u64 = 4 << 20;
/// Most bytes of each archive that are in memory to be compared line by line: sixteen times the sources of the largest projects.
pub const DIFFERENCE_TEXTS_BYTES: u64 = 256 << 20;
/// Most lines of a text for which a short difference is looked for; public sources have up to 100 000. What is beyond that is shown
/// as replaced between the equal beginning and the equal end, which is longer and as true.
pub const DIFFERENCE_LINES: usize = 200_000;
/// Lines around a difference that are shown.
pub const DIFFERENCE_CONTEXT: usize = 3;
/// So many bytes of a line are one line for who reads it: minified code is not a single line.
pub const READ_LINE_BYTES: usize = 200;
/// So many bytes of what is no text are one line for who reads it, as in a hex dump.
pub const READ_BINARY_BYTES: u64 = 16;
