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
