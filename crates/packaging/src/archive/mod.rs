//! Distributions from the inside: what a wheel's archive holds, read in one way only.
//!
//! All of it may come from an attacker; see [`limits`](crate::limits) for what is allowed. Reads from whatever can be read and
//! sought in, and never opens a file by itself.
//!
//! Must never guess: one `.dist-info` folder, one `METADATA` in it, of this project and version.

mod core_metadata;
mod directory;
#[cfg(test)]
mod tests;
mod wheel;

pub use self::core_metadata::check_metadata;
pub use self::directory::{Directory, directory};
pub use self::wheel::{WheelError, metadata};
