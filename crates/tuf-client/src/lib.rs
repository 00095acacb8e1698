//! Drives `affineur-tuf`: fetches with limits on bytes, time and rate, and keeps the local trusted copy. It never judges metadata.

mod client;
mod download;
pub mod http;
pub mod limits;
pub mod local;
pub mod transport;

pub use client::{Client, ClientError};
pub use download::{DownloadError, Downloaded};
