//! Requirements files as they lie on a disk.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use affineur_packaging::requirements_file::{count, text};

use crate::limits;

/// Why a requirements file is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

/// The text of a file; `None` where there is none, which the installer will say.
///
/// # Errors
/// [`Unreadable`] for what pip may read as another text than we do (another encoding), or what is too much.
pub(super) fn read(path: &Path) -> Option<Result<String, Unreadable>> {
    let metadata = fs::metadata(path).ok()?;
    let mut bytes = Vec::new();
    let read = || fs::File::open(path)?.take(limits::REQUIREMENTS_BYTES + 1).read_to_end(&mut bytes);
    if !metadata.is_file() || metadata.len() > limits::REQUIREMENTS_BYTES || { read }().is_err() {
        return Some(Err(Unreadable));
    }
    Some(text(&bytes).filter(|text| count(text) <= limits::CONFIGURATION_LINES).ok_or(Unreadable))
}
