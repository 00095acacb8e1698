//! A text that may name something local: a path, a `file:` URL, or a URL of elsewhere.

use std::path::{Path, PathBuf};

use url::Url;

use super::LocalKind;

/// Whether a name ends as something that installers unpack.
pub(super) fn is_archive(name: &str) -> bool {
    affineur_packaging::names_archive(name)
}

/// Whether a name is that of a page of links.
pub(super) fn is_page(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".html") || name.ends_with(".htm")
}

/// The path that `text` names, if it is local. Of the folders, the first in which it exists counts, else the first.
pub(super) fn local_path(text: &str, folders: &[&Path]) -> Option<PathBuf> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if let Some(rest) = without_scheme(text) {
        let mut url = Url::parse(text).ok()?;
        url.set_fragment(None);
        url.set_query(None);
        // `file:x` is relative, as pip and uv read it.
        return if rest.starts_with('/') {
            url.to_file_path().ok()
        } else {
            local_path(rest.split(['#', '?']).next()?, folders)
        };
    }
    if text.contains("://") {
        return None;
    }
    let candidates = || folders.iter().map(|folder| folder.join(text));
    candidates().find(|path| path.exists()).or_else(|| candidates().next())
}

/// What follows `file:`, however that is written.
fn without_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(5)?;
    scheme.eq_ignore_ascii_case("file:").then_some(rest)
}

/// What a `--find-links` names.
pub(super) fn find_links_kind(path: &Path) -> LocalKind {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    if is_page(&name) {
        LocalKind::Index
    } else if is_archive(&name) && !path.is_dir() {
        LocalKind::File
    } else {
        LocalKind::Folder
    }
}

/// What a requirement names, if that is local: `./x.whl`, `x @ file:///x.whl`, `x @ ./x.whl`, `dir/`, `file:x`, each also with
/// a marker behind it. A plain name is a project's, also when a folder is called so. pip and uv differ in where a path ends, so
/// each reading counts that leads to something.
pub(super) fn of_requirement(text: &str, folders: &[&Path]) -> Option<(PathBuf, LocalKind)> {
    let target = text.split_once('@').map(|(_, target)| target);
    let readings = [Some(text), target].into_iter().flatten();
    readings.flat_map(|text| [text, text.split(';').next().unwrap_or(text)]).find_map(|text| of_target(text.trim(), folders))
}

fn of_target(target: &str, folders: &[&Path]) -> Option<(PathBuf, LocalKind)> {
    let is_url = without_scheme(target).is_some();
    // Extras: `./x.whl[extra]`.
    let bare = target.strip_suffix(']').and_then(|text| text.rsplit_once('[')).map_or(target, |(path, _)| path);
    let plain = bare.split('#').next()?;
    // Without the separator at the end that `./x.whl/` has.
    let path: PathBuf = local_path(plain, folders)?.components().collect();
    if path.file_name().is_some_and(|name| is_archive(&name.to_string_lossy())) && (is_url || path.is_file()) {
        return Some((path, LocalKind::File));
    }
    let names_path = is_url || plain.starts_with('.') || plain.contains(['/', '\\']);
    let sources = names_path && ["pyproject.toml", "setup.py"].iter().any(|file| path.join(file).is_file());
    sources.then_some((path, LocalKind::SourceTree))
}
