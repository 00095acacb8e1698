//! Uploads: what a developer's tool sends.
//!
//! Must never keep a file in memory, and never take a word of the form for what is in the file.

mod digests;
mod fields;
mod form;
mod multipart;

pub use self::fields::Field;
pub use self::form::{Form, FormFault, ReadError, Sink, read};
pub use self::multipart::{Event, Multipart, MultipartFault, Part};
