//! uv's settings, as far as they concern a run.

use std::path::{Path, PathBuf};

use super::command::Command;
use super::existing::read_text;
use super::platform;
use super::variables::Variables;
use crate::limits;

/// The settings of one `uv.toml`, or of `[tool.uv]` in a `pyproject.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct UvConfiguration {
    /// The file.
    pub path: PathBuf,
    /// The settings; `[pip]` is still inside.
    pub(super) table: toml::Table,
}

impl UvConfiguration {
    /// Those of the project, then of the user and the machine. `UV_NO_CONFIG` has none, `UV_CONFIG_FILE` is the only one.
    pub(super) fn read_all(outer: &Variables, command: &Command, folder: &Path) -> Vec<Self> {
        if outer.text("UV_NO_CONFIG").is_some_and(|text| !["0", "false", "no", "off"].contains(&text)) {
            return Vec::new();
        }
        if let Some(path) = command.value_of("--config-file").map(PathBuf::from).or_else(|| outer.path("UV_CONFIG_FILE")) {
            return Self::read(&folder.join(path)).into_iter().collect();
        }
        let project = command.project(folder);
        // uv reads those of the workspace's root, or the nearest ones: all above are taken, since either may lead around.
        let of_project = project.ancestors().take(limits::PROJECT_DEPTH).filter_map(|folder| {
            // Where both are there, uv reads uv.toml and warns.
            Self::read(&folder.join("uv.toml")).or_else(|| Self::read(&folder.join("pyproject.toml")))
        });
        let others = platform::uv_configuration_files(outer).into_iter().filter_map(|path| Self::read(&path));
        of_project.chain(others).collect()
    }

    fn read(path: &Path) -> Option<Self> {
        Self::parse(path, &read_text(path)?)
    }

    /// The settings in the text of a file; `None` where it cannot be read, or has none.
    pub(crate) fn parse(path: &Path, text: &str) -> Option<Self> {
        let table: toml::Table = text.parse().ok()?;
        let table =
            if path.file_name()? == "pyproject.toml" { table.get("tool")?.get("uv")?.as_table()?.clone() } else { table };
        Some(Self { path: path.to_owned(), table })
    }

    /// Whether a setting is there, with any value.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The texts of a list, or the one text, both at the top and in `[pip]`.
    pub(crate) fn texts(&self, key: &str) -> Vec<&str> {
        let tables = [Some(&self.table), self.table.get("pip").and_then(toml::Value::as_table)];
        let values = tables.into_iter().flatten().filter_map(|table| table.get(key));
        values
            .flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice))
            .filter_map(toml::Value::as_str)
            .collect()
    }

    /// The URLs (or paths) of `[[index]]`.
    pub(crate) fn indexes(&self) -> Vec<&str> {
        let indexes = self.table.get("index").and_then(toml::Value::as_array);
        indexes.into_iter().flatten().filter_map(|index| index.get("url")?.as_str()).collect()
    }
}
