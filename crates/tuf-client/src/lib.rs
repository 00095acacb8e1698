//! Drives `affineur-tuf`: fetches with limits on bytes, time and rate, and keeps the local trusted copy. It never judges metadata.

mod addresses;
mod client;
mod download;
pub mod http;
pub mod inspect;
pub mod limits;
pub mod local;
mod place;
#[cfg(test)]
mod testing;
pub mod transport;

pub use addresses::{Addresses, AddressesError};
pub use client::{Client, ClientError};
pub use download::{DownloadError, Downloaded};
pub use place::{PlaceError, place};
