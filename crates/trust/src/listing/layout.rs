//! Where things lie: target paths below the targets URL, pages and files below the index's address.

use affineur_packaging::{FileName, ProjectName};
use affineur_tuf::{ParseTargetPathError, TargetPath};
use url::Url;

/// The two folders that a project's targets lie in, `ab/cd`: the first digits of the SHA-256 of its normalised name. With them
/// one pattern hands everything of a project, or of a part of all projects, to one role.
#[must_use]
pub fn shard(project: &ProjectName) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, project.as_str().as_bytes());
    let mut pairs = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    let mut next = || pairs.next().unwrap_or_default();
    format!("{}/{}", next(), next())
}

/// The path of a project's listing, `<ab>/<cd>/<project>/index.json`.
///
/// # Errors
/// None in practice: a project's name is a plain segment of bounded length.
pub fn listing_path(project: &ProjectName) -> Result<TargetPath, ParseTargetPathError> {
    format!("{}/{project}/index.json", shard(project)).parse()
}

/// The path of one of its files, `<ab>/<cd>/<project>/<file name>`.
///
/// # Errors
/// As [`listing_path`].
pub fn file_path(project: &ProjectName, file: &FileName) -> Result<TargetPath, ParseTargetPathError> {
    format!("{}/{project}/{file}", shard(project)).parse()
}

/// The path of what the index itself says about a project, `_status/<project>.json`: only branch 4 may sign it.
///
/// # Errors
/// As [`listing_path`].
pub fn overlay_path(project: &ProjectName) -> Result<TargetPath, ParseTargetPathError> {
    format!("_status/{project}.json").parse()
}

/// The Simple API of an index whose TUF repository is at `repository` (`…/tuf/`): `…/simple/`.
#[must_use]
pub fn simple_url(repository: &Url) -> Option<Url> {
    repository.join("../simple/").ok()
}

/// Where an index serves a file: `…/files/<project>/<file name>`.
#[must_use]
pub fn file_url(repository: &Url, project: &ProjectName, file: &FileName) -> Option<Url> {
    repository.join(&format!("../files/{project}/{file}")).ok()
}

/// Where an index serves the provenance object (PEP 740) of a file.
#[must_use]
pub fn provenance_url(repository: &Url, file: &FileName) -> Option<Url> {
    repository.join(&format!("../integrity/{}/{}/{file}/provenance", file.project(), file.version())).ok()
}
