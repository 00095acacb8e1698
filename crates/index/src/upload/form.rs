//! The form that twine, uv and others send to upload a distribution.
//!
//! ```text
//! POST /legacy/    multipart/form-data
//!   :action=file_upload  protocol_version=1  name  version  filetype=bdist_wheel|sdist
//!   sha256_digest  blake2_256_digest  md5_digest  attestations  content (the file)  and much else
//! ```
//!
//! Nobody specified it; what is taken is what today's tools send, in any order. The file goes to a [`Sink`] as it comes. What the
//! form says *about* the file is either checked against it here (digests, names) or not taken at all: `METADATA` counts.

use std::future::Future;

use affineur_packaging::{DistributionKind, FileName, FileNameError, ParseNameError, ProjectName, Sha256, Version};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::StatusCode;

use super::digests::Digests;
use super::fields::{Field, Fields};
use super::multipart::{Event, Multipart, MultipartFault};
use crate::limits;

/// Where the file goes.
pub trait Sink {
    /// Why it cannot take more.
    type Error;

    /// The file begins. Says whose it is where the form said so by then: tools send `name` before the file.
    ///
    /// # Errors
    /// It is not wanted.
    fn begin(&mut self, project: Option<&ProjectName>) -> Result<(), Self::Error>;

    /// Takes the next bytes of the file.
    fn write(&mut self, bytes: Bytes) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// An upload whose form was in order, and whose file is in the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The project.
    pub project: ProjectName,
    /// The version, equal to the file name's.
    pub version: Version,
    /// The file's name: of this project and version.
    pub file: FileName,
    /// How many bytes the file has.
    pub size: u64,
    /// The file's digest, computed; what the form claimed of it was equal.
    pub sha256: Sha256,
    /// The file's BLAKE2b-256, computed; what the form claimed of it was equal.
    pub blake2_256: [u8; 32],
    /// Attestations (PEP 740), a JSON text that nobody has looked at.
    pub attestations: Option<Bytes>,
}

/// Why an upload was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError<E, S> {
    /// The form is not in order: the uploader's fault.
    #[error(transparent)]
    Fault(#[from] FormFault),
    /// The body broke off.
    #[error("the body cannot be read: {0}")]
    Body(E),
    /// The file cannot be kept.
    #[error("the file cannot be kept: {0}")]
    Sink(S),
}

/// What is wrong with a form, in a sentence for the uploader.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// Not `multipart/form-data`, or broken.
    #[error(transparent)]
    Multipart(#[from] MultipartFault),
    /// More than [`limits::FORM_FIELDS`].
    #[error("the form has more than {} fields", limits::FORM_FIELDS)]
    TooManyFields,
    /// More than [`limits::FORM_BYTES`] beside the file.
    #[error("the form has more than {} bytes beside the file", limits::FORM_BYTES)]
    TooLong,
    /// A field that is longer than it can be.
    #[error("the field {field} has more than {most} bytes")]
    LongField {
        /// Which.
        field: Field,
        /// What is allowed.
        most: usize,
    },
    /// The file is larger than the index takes.
    #[error("the file has more than {most} bytes, which is the most that this index takes")]
    LargeFile {
        /// What is allowed.
        most: u64,
    },
    /// A field twice.
    #[error("the field {0} stands in the form twice")]
    Twice(Field),
    /// A field that every upload has.
    #[error("the field {0} is missing")]
    Missing(Field),
    /// A field that is no text.
    #[error("the field {0} is not UTF-8")]
    NotUtf8(Field),
    /// Something other than an upload of a file.
    #[error("the field {field} is \"{found}\"; expected is \"{expected}\"")]
    Unexpected {
        /// Which.
        field: Field,
        /// What it says, made harmless.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// No project name.
    #[error("the field name: {0}")]
    Name(#[from] ParseNameError),
    /// No version.
    #[error("the field version is \"{0}\"; expected is a version as PEP 440 has them")]
    Version(String),
    /// The file's part has no file name.
    #[error("the field content has no file name")]
    NoFileName,
    /// The file's name cannot be read.
    #[error("the file name \"{found}\": {fault}")]
    FileName {
        /// The name, made harmless.
        found: String,
        /// What is wrong.
        fault: FileNameError,
    },
    /// The file's name is another project's.
    #[error("the file {file} is not of the project \"{project}\", which the field name says")]
    OtherProject {
        /// The file's name.
        file: String,
        /// The form's project.
        project: ProjectName,
    },
    /// The file's name is another version's.
    #[error("the file {file} is not of version {version}, which the field version says")]
    OtherVersion {
        /// The file's name.
        file: String,
        /// The form's version.
        version: String,
    },
    /// A digest that is none.
    #[error("the field {0} is no digest in hexadecimal digits")]
    NoDigest(Field),
    /// A digest that is another file's.
    #[error("the field {field} is not the digest of the file that came: it was changed on the way, or while it was read")]
    OtherDigest {
        /// Which.
        field: Field,
    },
}

impl FormFault {
    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Multipart(MultipartFault::ContentType) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyFields | Self::TooLong | Self::LongField { .. } | Self::LargeFile { .. } => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads a form from a body with this `Content-Type`, and its file, of at most so many bytes, into the sink. What the names say is
/// checked before the first byte of the file where they came before it.
///
/// # Errors
/// See [`ReadError`]. What is in the sink is worth nothing then.
pub async fn read<E, S: Sink>(
    content_type: &str,
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    sink: &mut S,
    most_bytes: u64,
) -> Result<Form, ReadError<E, S::Error>> {
    let mut multipart = Multipart::new(content_type).map_err(FormFault::from)?;
    let mut upload = Upload::new(most_bytes);
    while let Some(bytes) = body.next().await {
        multipart.push(&bytes.map_err(ReadError::Body)?);
        while let Some(event) = multipart.event().map_err(FormFault::from)? {
            match upload.take(event)? {
                Step::Nothing => {}
                Step::FileBegins => sink.begin(upload.project()?.as_ref()).map_err(ReadError::Sink)?,
                Step::OfFile(bytes) => sink.write(bytes).await.map_err(ReadError::Sink)?,
            }
        }
    }
    multipart.finish().map_err(FormFault::from)?;
    Ok(upload.finish()?)
}

/// What the sink has to know.
enum Step {
    Nothing,
    FileBegins,
    OfFile(Bytes),
}

/// A form on its way.
struct Upload {
    fields: Fields,
    file_name: Option<String>,
    /// Whether what comes is the file.
    in_file: bool,
    digests: Digests,
    size: u64,
    most_bytes: u64,
}

impl Upload {
    fn new(most_bytes: u64) -> Self {
        let (fields, digests) = (Fields::default(), Digests::default());
        Self { fields, file_name: None, in_file: false, digests, size: 0, most_bytes }
    }

    /// Takes what comes next, and gives out what is of the file.
    fn take(&mut self, event: Event) -> Result<Step, FormFault> {
        match event {
            Event::Part(part) => {
                self.in_file = self.fields.begin(&part.name)? == Some(Field::Content);
                if self.in_file {
                    self.file_name = Some(part.file_name.ok_or(FormFault::NoFileName)?);
                    self.check_what_is_here()?;
                    return Ok(Step::FileBegins);
                }
            }
            Event::Content(bytes) if self.in_file => {
                self.size = self.size.saturating_add(bytes.len() as u64);
                if self.size > self.most_bytes {
                    return Err(FormFault::LargeFile { most: self.most_bytes });
                }
                self.digests.update(&bytes);
                return Ok(Step::OfFile(bytes));
            }
            Event::Content(bytes) => self.fields.add(&bytes)?,
            Event::PartEnd | Event::End => {}
        }
        Ok(Step::Nothing)
    }

    /// Whose file it is, as far as the form has said.
    fn project(&self) -> Result<Option<ProjectName>, FormFault> {
        match self.fields.required(Field::Name) {
            Ok(name) => Ok(Some(name.parse()?)),
            Err(FormFault::Missing(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Checks what needs nothing that is still to come: a wrong name is said before gigabytes were sent.
    fn check_what_is_here(&self) -> Result<(), FormFault> {
        match self.names() {
            Err(FormFault::Missing(_)) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    fn names(&self) -> Result<(ProjectName, Version, FileName), FormFault> {
        self.fields.expect(Field::Action, "file_upload")?;
        self.fields.expect(Field::ProtocolVersion, "1")?;
        let project = self.project()?.ok_or(FormFault::Missing(Field::Name))?;
        let version = self.fields.required(Field::Version)?;
        let version: Version = version.parse().map_err(|_| FormFault::Version(shown(version)))?;
        let file = file(self.file_name.as_deref().ok_or(FormFault::Missing(Field::Content))?, &project)?;
        if *file.version() != version {
            return Err(FormFault::OtherVersion { file: file.to_string(), version: shown(&version.to_string()) });
        }
        self.fields.expect(
            Field::Filetype,
            match file.kind() {
                DistributionKind::Wheel => "bdist_wheel",
                DistributionKind::Sdist => "sdist",
            },
        )?;
        Ok((project, version, file))
    }

    fn finish(self) -> Result<Form, FormFault> {
        let (project, version, file) = self.names()?;
        let (sha256, blake2_256) = self.digests.finish();
        self.fields.check_digest(Field::Sha256, sha256.as_bytes())?;
        self.fields.check_digest(Field::Blake2, &blake2_256)?;
        self.fields.check_md5()?;
        let attestations = self.fields.into_attestations();
        Ok(Form { project, version, file, size: self.size, sha256, blake2_256, attestations })
    }
}

fn file(text: &str, project: &ProjectName) -> Result<FileName, FormFault> {
    FileName::of_project(text, project).map_err(|fault| match fault {
        FileNameError::Parts if text.parse::<FileName>().is_ok() => {
            FormFault::OtherProject { file: shown(text), project: project.clone() }
        }
        fault => FormFault::FileName { found: shown(text), fault },
    })
}

/// A text of the form as it may stand in a sentence.
pub(super) fn shown(text: &str) -> String {
    affineur_packaging::text::printable(text, limits::QUOTED_BYTES)
}

#[cfg(test)]
mod tests;
