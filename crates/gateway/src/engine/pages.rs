//! Upstream pages kept between runs, so that a second run asks with validators or not at all.
//!
//! A cache: everything in it may be lost, nothing in it is trusted more than what the upstream sent (pins live in the state).

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use affineur_packaging::Sha256;
use affineur_packaging::page::Format;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use url::Url;

use crate::fetch::Validators;
use crate::limits;

/// The folder of kept pages, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Pages(Option<PathBuf>);

/// A page as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptPage {
    pub(crate) head: Head,
    pub(crate) body: Bytes,
}

/// What is known about a kept page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Where it came from, after redirects.
    pub(crate) url: Url,
    pub(crate) json: bool,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) confirmed: Timestamp,
    pub(crate) fresh_until: Timestamp,
}

impl Head {
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Html }
    }

    pub(crate) fn validators(&self) -> Option<Validators> {
        let validators = Validators { etag: self.etag.clone(), last_modified: self.last_modified.clone() };
        (validators.etag.is_some() || validators.last_modified.is_some()).then_some(validators)
    }
}

impl Pages {
    /// Uses `folder`, after the oldest pages beyond the limit were removed.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        if let Some(folder) = &folder {
            prune(folder);
        }
        Self(folder)
    }

    /// The kept page of this key.
    pub(crate) async fn load(&self, page: &Url, credential: Option<&Sha256>) -> Option<KeptPage> {
        let path = self.path(page, credential)?;
        tokio::task::spawn_blocking(move || read(&path)).await.ok().flatten()
    }

    /// Keeps a page, while the caller goes on; what cannot be kept is asked for again.
    pub(crate) fn keep(&self, page: &Url, credential: Option<&Sha256>, kept: &KeptPage) -> Option<JoinHandle<()>> {
        let path = self.path(page, credential)?;
        let kept = kept.clone();
        Some(tokio::task::spawn_blocking(move || {
            if let Err(problem) = write(&path, &kept) {
                tracing::debug!(%problem, "a page was not kept");
            }
        }))
    }

    fn path(&self, page: &Url, credential: Option<&Sha256>) -> Option<PathBuf> {
        let key = format!("{page}\n{}", credential.map(ToString::to_string).unwrap_or_default());
        Some(self.0.as_ref()?.join(crate::digest::sha256(key.as_bytes()).to_string()))
    }
}

fn read(path: &Path) -> Option<KeptPage> {
    unpack(&fs::read(path).ok()?)
}

/// A page out of a file's bytes.
pub(crate) fn unpack(bytes: &[u8]) -> Option<KeptPage> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let head = serde_json::from_slice(bytes.get(..end)?).ok()?;
    // No bytes at all are no frame: zstd would call them an empty page.
    let packed = bytes.get(end + 1..).filter(|packed| !packed.is_empty())?;
    let body = zstd::stream::Decoder::new(packed).ok()?;
    let mut page = Vec::new();
    let most = limits::KEPT_PAGE_BYTES as u64;
    let length = body.take(most + 1).read_to_end(&mut page).ok()? as u64;
    (length <= most).then(|| KeptPage { head, body: page.into() })
}

fn write(path: &Path, kept: &KeptPage) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&pack(kept)?)?;
    file.persist(path)?;
    Ok(())
}

/// A file's bytes: one line that is the head, then the page in zstd.
pub(crate) fn pack(kept: &KeptPage) -> std::io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(&kept.head)?;
    bytes.push(b'\n');
    bytes.extend(zstd::bulk::compress(&kept.body, 3)?);
    Ok(bytes)
}

/// Removes the oldest pages until the folder is within its limit.
fn prune(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            entry.metadata().ok().map(|data| (data.modified().unwrap_or(SystemTime::UNIX_EPOCH), data.len(), entry.path()))
        })
        .collect();
    files.sort();
    let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
    for (_, size, path) in files {
        if total <= limits::KEPT_PAGES_BYTES {
            break;
        }
        let _ = fs::remove_file(path);
        total -= size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> KeptPage {
        KeptPage {
            head: Head {
                url: "https://index.example/simple/a/".parse().unwrap(),
                json: true,
                etag: Some("\"1\"".into()),
                last_modified: None,
                confirmed: "2026-11-01T00:00:00Z".parse().unwrap(),
                fresh_until: "2026-11-01T00:10:00Z".parse().unwrap(),
            },
            body: Bytes::from_static(b"{\n}"),
        }
    }

    #[tokio::test]
    async fn a_kept_page_comes_back_for_the_same_url_and_credential_only() {
        let folder = tempfile::tempdir().unwrap();
        let pages = Pages::new(Some(folder.path().to_owned()));
        let page = kept().head.url;
        let mine = crate::digest::sha256(b"mine");
        pages.keep(&page, Some(&mine), &kept()).unwrap().await.unwrap();
        assert_eq!(pages.load(&page, Some(&mine)).await.unwrap().body, kept().body);
        assert!(pages.load(&page, None).await.is_none());
        assert!(pages.load(&page, Some(&crate::digest::sha256(b"other"))).await.is_none());
        assert!(Pages::new(None).load(&page, Some(&mine)).await.is_none());
    }

    #[tokio::test]
    async fn a_damaged_page_is_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let pages = Pages::new(Some(folder.path().to_owned()));
        let page = kept().head.url;
        pages.keep(&page, None, &kept()).unwrap().await.unwrap();
        let path = pages.path(&page, None).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(pages.load(&page, None).await.is_none(), "cut to {length}");
        }
    }
}
