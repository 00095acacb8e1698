//! Every limit, with its reason.

/// How much work guessing a passphrase is: scrypt with N = 2 to the power of this, about a second and 256 MiB for each guess.
pub const SCRYPT_LOG_N: u8 = 18;

/// The most work that opening a key file may ask for: four times what we write.
pub const SCRYPT_LOG_N_AT_MOST: u8 = 20;

/// Largest key file: an encrypted private key has well under 2 kB, an RSA key of 8192 bits under 10 kB.
pub const KEY_FILE_BYTES: usize = 64 * 1024;

/// Shortest passphrase for an offline key, in characters.
pub const PASSPHRASE_CHARACTERS: usize = 8;

/// Longest time that an offline role may be valid for, in days: five years.
pub const VALID_DAYS: u32 = 1_827;

/// Most bins, as a power of two: 65 536 hold more files than any index has.
pub const BIN_BITS: u8 = 16;

/// Largest file of a ceremony: the role bins with 65 536 single entries, twice, has 25 MB.
pub const CEREMONY_BYTES: usize = 64 << 20;

/// Most single changes that are shown of a role beside its keys: a draft of ours has none, so the first few say enough.
pub const CHANGES_SHOWN: usize = 20;

/// Longest name of a key: it is a file's name, and something that people type.
pub const KEY_NAME_BYTES: usize = 64;

/// Longest comment of a key, in characters: a line on a terminal, twice.
pub const COMMENT_CHARACTERS: usize = 200;

/// Most files that are looked at in a folder of keys: nobody has that many keys, but any folder can be named.
pub const KEYS_IN_FOLDER: usize = 10_000;

/// How much work deriving a key is: scrypt with N = 2 to the power of this. It can never change: it would be another key.
pub const DERIVED_LOG_N: u8 = 18;

/// Longest identity that a key is derived for: an address of mail has at most 254 bytes.
pub const IDENTITY_BYTES: usize = 254;

/// Most files that are looked at in a curator's folder: it has a dozen, but any folder can be named.
pub const CURATOR_FILES: usize = 10_000;

/// Most roots of one curator: as many as a client follows in one update, with room.
pub const CURATOR_ROOTS: u32 = 1_024;

/// Largest ballot or audit: notes of an auditor who had much to say.
pub const STATEMENT_BYTES: usize = 64 * 1024;

/// A role is signed again when less than this part of its validity is left: time enough for a committee to meet.
pub const RENEWED_AT: u32 = 4;

/// What ends within so many days is shown by a curator's status: time to vote or audit again.
pub const ENDING_DAYS: i64 = 14;
