//! Uploads: what a developer's tool sends, or somebody publishes from the command line, through the same door.
//!
//! The archive is looked through before anything is accepted; what is refused leaves nothing behind. Must never keep a file in
//! memory, and never take a word of the form for what is in the file.

mod accept;
mod attestations;
mod digests;
mod fields;
mod form;
mod multipart;
mod pace;
mod reserve;

pub use self::accept::{Facts, UploadError, accept, accept_file};
pub use self::attestations::{AttestationError, AttestationVerifier, attestation_beside};
pub use self::fields::Field;
pub use self::form::{Form, FormFault, ReadError, Sink, read};
pub use self::multipart::{Event, Multipart, MultipartFault, Part};
pub use self::pace::{Pace, PaceError, paced};
pub(crate) use self::reserve::Watch;
pub use self::reserve::{NoRoom, Reserve};
