//! Every limit on what metadata may contain, each with its reason.

/// Deepest nesting of a JSON text. Metadata of the specification has seven levels; `custom` may have some of its own.
pub const JSON_DEPTH: usize = 32;

/// Longest identifier of a key, in bytes. A computed one has 64; TAP 12 lets a repository choose its own, but they stand beside
/// every signature.
pub const KEY_ID_BYTES: usize = 256;

/// Longest public part of a key, in bytes. RSA with 8192 bits needs about 1500 in PEM.
pub const PUBLIC_KEY_BYTES: usize = 4096;

/// Longest signature, in hexadecimal digits: that of RSA with [`RSA_MAXIMUM_BITS`].
pub const SIGNATURE_HEX: usize = RSA_MAXIMUM_BITS as usize / 8 * 2;

/// Shortest RSA modulus: what the specification demands (§4.2).
pub const RSA_MINIMUM_BITS: u32 = 2048;

/// Longest RSA modulus. Verification costs the square of it, and nobody needs more.
pub const RSA_MAXIMUM_BITS: u32 = 8192;

/// Longest name of a role. A metadata file's name is at most 255 bytes on common file systems; longer names still have a
/// place in a URL, and none is needed.
pub const ROLE_NAME_BYTES: usize = 512;

/// Longest path of a target: what common systems accept for a path.
pub const TARGET_PATH_BYTES: usize = 4096;

/// Most keys that one file may list: far more than any ceremony has, few enough to try them all.
pub const KEYS: usize = 1024;

/// Most roles that a targets role may delegate to one by one. 16 384 hash bins are the largest number in use; a file with more
/// than twice as many exceeds what common clients accept.
pub const DELEGATED_ROLES: usize = 65_536;

/// Most roles that a snapshot may list: a bound for memory, above what [`SNAPSHOT_BYTES`] can hold of versions alone.
pub const SNAPSHOT_ROLES: usize = 1 << 20;

/// Most signatures in one file.
pub const SIGNATURES: usize = 1024;

/// Largest root file, when nothing says its length (W in §5.3.3).
pub const ROOT_BYTES: u64 = 512_000;

/// Most root files in one update (Y in §5.3.3).
pub const ROOT_ROTATIONS: u32 = 256;

/// Largest timestamp file (X in §5.4.1).
pub const TIMESTAMP_BYTES: u64 = 16_384;

/// Largest snapshot file, also when the timestamp says more (Y in §5.5.1). 16 384 bins with length and digest take 2.3 MB;
/// ten times as many roles still fit.
pub const SNAPSHOT_BYTES: u64 = 32_000_000;

/// Largest targets file, also when the snapshot says more (Z in §5.6.1): 32 768 bins one by one take 5.6 MB.
pub const TARGETS_BYTES: u64 = 32_000_000;

/// Most delegated roles in the search for one target (§5.6.7.1).
pub const VISITED_ROLES: u32 = 32;

/// Most delegations of one role that a search takes up: none after these can be reached, since as many as [`VISITED_ROLES`] of
/// them may have been visited before, and as many more and one end the search. Each costs a check of all its keys.
pub const DELEGATIONS_TAKEN: usize = 2 * VISITED_ROLES as usize + 1;

/// Longest explanation that is taken over from the JSON library, in characters: it may quote metadata.
pub const MESSAGE_CHARACTERS: usize = 300;
