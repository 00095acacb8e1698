//! Which indexes the lock files of a project name.
//!
//! A lock file's URL goes straight to a file, without a page. To decide it, the engine needs the page that must list it; where no
//! policy names sources, the lock file itself says which index it was made from. This is a hint about where to look, never
//! evidence.

use std::collections::BTreeSet;
use std::path::Path;

use affineur_packaging::limits::{LOCK_BYTES, LOCK_INDEXES};
use affineur_packaging::lock;
use url::Url;

use super::existing::read_text_up_to;
use crate::limits;

/// The index URLs in `uv.lock`, `pylock*.toml` and `poetry.lock` of `project` and the folders above it, up to the first that has
/// a lock file or is a repository's root. At most [`LOCK_INDEXES`], `http` and `https` only.
#[must_use]
pub fn indexes(project: &Path) -> BTreeSet<Url> {
    let mut found = BTreeSet::new();
    for folder in project.ancestors().take(limits::PROJECT_DEPTH) {
        let tables: Vec<toml::Table> = lock_files(folder).iter().filter_map(|path| read_lock(path)).collect();
        for table in &tables {
            found.extend(lock::indexes(table));
        }
        if !tables.is_empty() || folder.join(".git").exists() {
            break;
        }
    }
    found.into_iter().take(LOCK_INDEXES).collect()
}

/// A lock file as a table, if it is one and not larger than [`LOCK_BYTES`].
pub(super) fn read_lock(path: &Path) -> Option<toml::Table> {
    read_text_up_to(path, LOCK_BYTES as u64)?.parse().ok()
}

/// The lock files of a folder.
pub(super) fn lock_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let named = |name: &str| name == "uv.lock" || name == "poetry.lock" || lock::is_pylock(name);
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(limits::PROJECT_ENTRIES).filter_map(Result::ok);
    let mut files: Vec<_> =
        entries.filter(|entry| entry.file_name().to_str().is_some_and(named)).map(|entry| entry.path()).collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const UV: &str = "version = 1\n[[package]]\nname = 'a'\nsource = { registry = 'https://index.example/simple/' }\n\
                      [[package]]\nname = 'b'\nsource = { registry = '../wheels' }\n[[package]]\nname = 'c'\nsource = { editable = '.' }\n\
                      [[package]]\nname = 'd'\nsource = { registry = 'https://user:secret@index.example/simple' }\n";

    fn texts(project: &Path) -> Vec<String> {
        indexes(project).into_iter().map(Into::into).collect()
    }

    #[test]
    fn each_kind_of_lock_file_names_its_indexes() {
        let poetry = "[[package]]\nname='a'\n[package.source]\ntype='legacy'\nurl='https://p.example/simple'\n\
                      [[package]]\nname='b'\n[package.source]\ntype='git'\nurl='https://git.example/b'\n";
        let pylock = "lock-version='1.0'\n[[packages]]\nname='a'\nindex='https://y.example/simple/'\n";
        for (name, text, expected) in [
            ("uv.lock", UV, "https://index.example/simple/"),
            ("poetry.lock", poetry, "https://p.example/simple"),
            ("pylock.toml", pylock, "https://y.example/simple/"),
            ("pylock.dev.toml", pylock, "https://y.example/simple/"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(name), text).unwrap();
            assert_eq!(texts(folder.path()), [expected], "{name}");
        }
    }

    #[test]
    fn folders_above_are_read_up_to_the_projects_root() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("repository/member");
        fs::create_dir_all(&inner).unwrap();
        fs::write(folder.path().join("uv.lock"), UV).unwrap();
        assert_eq!(texts(&inner).len(), 1);
        fs::create_dir(folder.path().join("repository/.git")).unwrap();
        assert_eq!(texts(&inner).len(), 0);
    }

    #[test]
    fn hostile_lock_files_give_nothing_or_little() {
        let many: String =
            (0..1_000).map(|n| format!("[[package]]\nsource = {{ registry = 'https://i{n}.example/' }}\n")).collect();
        for (text, expected) in [
            ("not toml [", 0),
            ("package = 3", 0),
            ("[[package]]\nsource = { registry = 'file:///etc/' }", 0),
            ("[[package]]\nsource = { registry = 3 }", 0),
            (many.as_str(), LOCK_INDEXES),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("uv.lock"), text).unwrap();
            assert_eq!(texts(folder.path()).len(), expected, "{}", text.get(..20).unwrap_or(text));
        }
    }
}
