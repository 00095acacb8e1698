//! Provenance objects (PEP 740): `/integrity/<project>/<version>/<file>/provenance`.

use std::sync::Arc;

use affineur_packaging::{FileName, ProjectName, Version};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use super::{Shared, answer, files};
use crate::store::{Store, StoredFile};

const TYPE: &str = "application/vnd.pypi.integrity.v1+json";

pub(super) async fn provenance<S: Store>(
    State(shared): State<Arc<Shared<S>>>,
    Path((project, version, file)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    if !is_acceptable(&headers) {
        return answer::problem(StatusCode::NOT_ACCEPTABLE, "provenance is served as application/vnd.pypi.integrity.v1+json");
    }
    let Some(name) = named(&project, &version, &file) else {
        return answer::absent("this is no file of this project and version");
    };
    let digest = match shared.store.file(&name).await {
        Ok(Some(StoredFile { attestations: Some(digest), .. })) => digest,
        Ok(Some(_)) => return answer::absent("this file was uploaded without attestations"),
        Ok(None) => return answer::absent("there is no such file"),
        Err(error) => return answer::broken(&error),
    };
    let etag = format!("\"{digest}\"");
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == etag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match shared.store.blob(&digest).await {
            Ok(Some(blob)) => files::body(blob, &HeaderMap::new()).await,
            Ok(None) => return answer::absent("the provenance of this file is missing"),
            Err(error) => return answer::broken(&error),
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(TYPE));
    // A later version of this index may add attestations of others, as PEP 740 allows.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.extend(HeaderValue::from_str(&etag).ok().map(|etag| (header::ETAG, etag)));
    response
}

/// Where the provenance of a file is, if it has one. PEP 740 wants a whole URL with https: an index without https links nothing.
pub(super) fn address(public: &Url, file: &StoredFile) -> Option<Url> {
    let name = &file.file;
    let path = format!("integrity/{}/{}/{name}/provenance", name.project(), name.version());
    let linked = file.attestations.is_some() && public.scheme() == "https";
    if linked { public.join(&path).ok() } else { None }
}

fn named(project: &str, version: &str, file: &str) -> Option<FileName> {
    let (project, version): (ProjectName, Version) = (project.parse().ok()?, version.parse().ok()?);
    FileName::of_project(file, &project).ok().filter(|name| *name.version() == version)
}

/// Whether one of the types that the client takes is ours. Without any it takes what there is.
fn is_acceptable(headers: &HeaderMap) -> bool {
    let mut asked = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    let takes = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let none = parts.any(|part| part.strip_prefix("q=").and_then(|weight| weight.parse().ok()) == Some(0.0_f32));
        let json = kind.eq_ignore_ascii_case("application/json") || kind.eq_ignore_ascii_case(TYPE);
        !none && (json || matches!(kind, "*/*" | "application/*"))
    };
    asked.peek().is_none() || asked.any(|value| value.split(',').any(takes))
}

#[cfg(test)]
mod tests {
    use affineur_packaging::Sha256;
    use affineur_packaging::page::Yanked;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn who_takes_json_gets_it() {
        let accepts = |value: &str| is_acceptable(&HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]));
        for good in [TYPE, "*/*", "application/json", "text/html, application/*;q=0.1", "APPLICATION/JSON; charset=utf-8"] {
            assert!(accepts(good), "{good}");
        }
        for bad in ["text/html", "application/vnd.pypi.simple.v1+json", "*/*;q=0", ""] {
            assert!(!accepts(bad), "{bad}");
        }
        assert!(is_acceptable(&HeaderMap::new()));
    }

    #[test]
    fn provenance_is_linked_from_an_index_with_https_only() {
        let mut file = StoredFile {
            file: "Cheese_Cake-1.0.tar.gz".parse().unwrap(),
            display_name: "Cheese_Cake".to_owned(),
            size: 1,
            sha256: Sha256::from_bytes([1; 32]),
            requires_python: None,
            core_metadata: None,
            attestations: Some(Sha256::from_bytes([2; 32])),
            uploaded: Timestamp::UNIX_EPOCH,
            uploader: String::new(),
            yanked: Yanked::No,
            yanked_by_index: Yanked::No,
        };
        let address = |url: &str, file: &StoredFile| address(&url.parse().unwrap(), file).map(String::from);
        let expected = "https://index.example/root/integrity/cheese-cake/1.0/Cheese_Cake-1.0.tar.gz/provenance";
        assert_eq!(address("https://index.example/root/", &file).as_deref(), Some(expected));
        assert_eq!(address("http://index.example/", &file), None);
        file.attestations = None;
        assert_eq!(address("https://index.example/", &file), None);
    }

    #[test]
    fn an_address_names_project_version_and_file_alike() {
        assert!(named("Cheese.Cake", "1", "cheese_cake-1.0.tar.gz").is_some());
        for (project, version, file) in [
            ("wine", "1.0", "cheese_cake-1.0.tar.gz"),
            ("cheese-cake", "1.1", "cheese_cake-1.0.tar.gz"),
            ("cheese-cake", "one", "cheese_cake-1.0.tar.gz"),
            ("cheese-cake", "1.0", "../cheese_cake-1.0.tar.gz"),
        ] {
            assert_eq!(named(project, version, file), None, "{project} {version} {file}");
        }
    }
}
