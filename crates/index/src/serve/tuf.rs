//! `/tuf/metadata/` and `/tuf/targets/`, as TUF clients ask (specification §6.2).

use std::sync::Arc;

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_tuf::TargetPath;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, header};

use super::{Shared, answer, files};
use crate::store::Store;

/// For what never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// For what is asked for anew each time.
const NOT_WITHOUT_ASKING: HeaderValue = HeaderValue::from_static("no-cache");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(super) async fn metadata<S: Store>(State(shared): State<Arc<Shared<S>>>, Path(path): Path<String>) -> Response {
    let caching = if path == "timestamp.json" { NOT_WITHOUT_ASKING } else { FOR_EVER };
    match shared.store.metadata(&path).await {
        Ok(Some(bytes)) => ([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, caching)], bytes).into_response(),
        Ok(None) => answer::absent("there is no such metadata"),
        Err(error) => answer::broken(&error),
    }
}

pub(super) async fn target<S: Store>(
    State(shared): State<Arc<Shared<S>>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some((path, sha256)) = consistent(&path) else { return answer::absent("a target is asked for as folder/SHA256.name") };
    match shared.store.target(&path, Some(sha256)).await {
        Ok(Some(bytes)) => {
            return ([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, FOR_EVER)], bytes).into_response();
        }
        Ok(None) => {}
        Err(error) => return answer::broken(&error),
    }
    match file_of(&path) {
        Some(file) => files::serve(&shared.store, &file, Some(sha256), &headers).await,
        None => answer::absent("there is no such target"),
    }
}

/// `a/b/HASH.name` is the target `a/b/name` with that digest.
fn consistent(path: &str) -> Option<(TargetPath, Sha256)> {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let (digest, name) = name.split_once('.')?;
    let plain = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    Some((plain.parse().ok()?, digest.parse().ok()?))
}

/// The distribution that a target path is about.
fn file_of(path: &TargetPath) -> Option<FileName> {
    let (folder, name) = path.as_str().rsplit_once('/')?;
    let project: ProjectName = folder.rsplit_once('/')?.1.parse().ok()?;
    FileName::of_project(name, &project).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consistent_names_are_taken_apart() {
        let digest = "ab".repeat(32);
        let (path, sha256) = consistent(&format!("1a/2b/cheese/{digest}.cheese-1.0.tar.gz")).unwrap();
        assert_eq!((path.as_str(), sha256.to_string()), ("1a/2b/cheese/cheese-1.0.tar.gz", digest));
        assert_eq!(file_of(&path).unwrap().as_str(), "cheese-1.0.tar.gz");
        for bad in ["index.json", "a/../abc.x", "a/abc.index.json", ""] {
            assert!(consistent(bad).is_none(), "{bad}");
        }
    }
}
