//! Local places in the files of a project: uv's settings, `[tool.uv.sources]`, dependencies, lock files.

use std::path::{Path, PathBuf};

use toml::Value;

use super::reference::{find_links_kind, is_archive, local_path, of_requirement};
use super::{LocalKind, LocalOrigin, LocalPlace};
use crate::limits;
use crate::run::locks::{lock_files, read_lock};
use crate::run::uv::UvConfiguration;

/// The places that uv's settings name. Paths are relative to the file.
pub(super) fn of_uv(configurations: &[UvConfiguration]) -> Vec<LocalPlace> {
    let mut places = Vec::new();
    for configuration in configurations {
        let folder = configuration.path.parent().unwrap_or(Path::new("."));
        let origin = LocalOrigin::Project(configuration.path.clone());
        let mut push = |path, kind| places.push(LocalPlace { origin: origin.clone(), path, kind });
        for path in configuration.texts("find-links").into_iter().filter_map(|text| local_path(text, &[folder])) {
            let kind = find_links_kind(&path);
            push(path, kind);
        }
        let urls = ["index-url", "extra-index-url"]
            .into_iter()
            .flat_map(|key| configuration.texts(key))
            .chain(configuration.indexes());
        for path in urls.filter_map(|text| local_path(text, &[folder])) {
            push(path, LocalKind::Index);
        }
    }
    places
}

/// The places that `pyproject.toml` and the lock files of the project name.
pub(super) fn of_project(project: &Path) -> Vec<LocalPlace> {
    let mut places = Vec::new();
    for folder in project.ancestors().take(limits::PROJECT_DEPTH) {
        let manifest = folder.join("pyproject.toml");
        let locks = lock_files(folder);
        let is_root = !locks.is_empty() || folder.join(".git").exists();
        places.extend(of_toml(&manifest));
        locks.iter().for_each(|lock| places.extend(of_toml(lock)));
        if is_root {
            break;
        }
    }
    places
}

/// The places that one file names: `pyproject.toml`, a lock file.
pub(super) fn of_toml(path: &Path) -> Vec<LocalPlace> {
    read_lock(path).map(|table| of_table(path, table)).unwrap_or_default()
}

/// The places that a script's own metadata names (PEP 723).
pub(super) fn of_script(path: &Path, text: &str) -> Vec<LocalPlace> {
    let block = text.lines().map(str::trim_end).skip_while(|line| *line != "# /// script").skip(1);
    let lines = block.take_while(|line| line.starts_with('#')).map(|line| line.get(2..).unwrap_or_default());
    let lines = lines.take_while(|line| *line != "///").collect::<Vec<_>>().join("\n");
    let Ok(table) = lines.parse::<toml::Table>() else { return Vec::new() };
    let settings = table.get("tool").and_then(|tool| tool.get("uv")?.as_table()).cloned().unwrap_or_default();
    let mut places = of_uv(&[UvConfiguration { path: path.to_owned(), table: settings }]);
    places.extend(of_table(path, table));
    places
}

fn of_table(path: &Path, table: toml::Table) -> Vec<LocalPlace> {
    let mut found = Vec::new();
    walk(&Value::Table(table), path.parent().unwrap_or(Path::new(".")), 0, &mut found);
    let place = |(path_named, kind)| LocalPlace { origin: LocalOrigin::Project(path.to_owned()), path: path_named, kind };
    found.into_iter().map(place).collect()
}

/// Every `path = "….whl"`, `url = "….whl"` (poetry's files), local `registry = "…"` and `"name @ file:…"`, however deep.
fn walk(value: &Value, folder: &Path, depth: usize, found: &mut Vec<(PathBuf, LocalKind)>) {
    if depth > limits::PROJECT_VALUE_DEPTH || found.len() > limits::LOCAL_PLACES {
        return;
    }
    match value {
        Value::String(text) if text.contains("file:") => found.extend(of_requirement(text, &[folder])),
        Value::Array(values) => values.iter().for_each(|value| walk(value, folder, depth + 1, found)),
        Value::Table(table) => {
            let text = |key: &str| table.get(key).and_then(Value::as_str);
            let named = text("path").or_else(|| text("url")).filter(|text| is_archive(text));
            found.extend(named.and_then(|text| local_path(text, &[folder])).map(|path| (path, LocalKind::File)));
            found.extend(text("registry").and_then(|text| local_path(text, &[folder])).map(|path| (path, LocalKind::Index)));
            table
                .values()
                .filter(|value| !value.is_str() || text("url").is_none())
                .for_each(|value| walk(value, folder, depth + 1, found));
        }
        _ => {}
    }
}
