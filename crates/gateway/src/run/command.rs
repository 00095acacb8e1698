//! What CMD's words say: which installer runs, and on which project. Best effort: a script may hide anything.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::variables::Variables;

/// Installers that we know something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installer {
    /// pip, and what runs it: pipx, pip-tools, tox, nox.
    Pip,
    /// uv and uvx.
    Uv,
    /// Poetry, pdm, hatch, pipenv: they install what their project's files say.
    Project,
}

/// CMD's words as text. Words with white space in them (`sh -c "pip install ./x.whl"`) are also split.
#[derive(Debug, Clone, Default)]
pub struct Command {
    words: Vec<String>,
}

impl Command {
    /// Of the arguments after `--`.
    #[must_use]
    pub fn new(arguments: &[OsString]) -> Self {
        let texts = arguments.iter().map(|argument| argument.to_string_lossy());
        let words = texts.flat_map(|text| {
            let split = text.contains([' ', '\n']) && !Path::new(text.as_ref()).exists();
            if split {
                text.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';', '&']).to_owned()).collect()
            } else {
                vec![text.into_owned()]
            }
        });
        Self { words: words.collect() }
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The first installer that is named.
    #[must_use]
    pub fn installer(&self) -> Option<Installer> {
        self.words.iter().find_map(|word| {
            let stem = Path::new(word).file_name()?.to_str()?;
            let stem = stem.strip_suffix(".exe").unwrap_or(stem);
            match stem {
                "uv" | "uvx" => Some(Installer::Uv),
                "poetry" | "pdm" | "hatch" | "pipenv" => Some(Installer::Project),
                "pipx" | "pip-compile" | "pip-sync" | "tox" | "nox" => Some(Installer::Pip),
                _ => stem
                    .strip_prefix("pip")
                    .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
                    .then_some(Installer::Pip),
            }
        })
    }

    /// The value of an option, as `--option value` or `--option=value`; the last one counts.
    #[must_use]
    pub fn value_of(&self, option: &str) -> Option<&str> {
        self.values_of(&[option]).last().copied()
    }

    /// All values of some options. One-letter options also take `-xVALUE`.
    pub(super) fn values_of(&self, options: &[&str]) -> Vec<&str> {
        values_of(&self.words, options)
    }

    /// Whether an option without value is there.
    pub(super) fn has(&self, option: &str) -> bool {
        self.words.iter().any(|word| word == option)
    }

    /// The folder of the project: uv's `--project`, uv's and poetry's `--directory`, poetry's `-C`, pdm's `-p`, else `folder`.
    #[must_use]
    pub fn project(&self, folder: &Path) -> PathBuf {
        let directory =
            self.values_of(&["--directory", "-C"]).last().map_or_else(|| folder.to_owned(), |path| folder.join(path));
        self.value_of("--project").map_or_else(|| directory.clone(), |path| directory.join(path))
    }

    /// Python environments that CMD may run in or install into: their `pip.conf` counts.
    pub(super) fn environments(&self, outer: &Variables, folder: &Path) -> Vec<PathBuf> {
        let of_program = self.words.first().and_then(|program| {
            let path = Path::new(program);
            let on_path = || std::env::split_paths(outer.get("PATH")?).map(|bin| bin.join(program)).find(|path| path.is_file());
            let path = if path.components().count() > 1 { Some(folder.join(path)) } else { on_path() };
            Some(path?.parent()?.parent()?.to_owned())
        });
        let variables = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(|name| outer.path(name));
        of_program.into_iter().chain(variables).collect()
    }
}

/// The values of options among words; also used for lines of requirements files. pip takes every unambiguous beginning of a long
/// option, so any beginning counts.
pub(super) fn values_of<'a>(words: &'a [String], options: &[&str]) -> Vec<&'a str> {
    let mut values = Vec::new();
    for (position, word) in words.iter().enumerate() {
        for option in options {
            let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
            let begins = name.len() > 2 && name.starts_with("--") && option.starts_with(name);
            if word == option || (begins && name == word) {
                values.extend(words.get(position + 1).map(String::as_str));
            } else if begins {
                values.extend(word.split_once('=').map(|(_, value)| value));
            } else if let Some(rest) = word.strip_prefix(option) {
                let short = option.len() == 2 && !rest.is_empty() && !word.starts_with("--");
                values.extend(rest.strip_prefix('=').or(short.then_some(rest)));
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Command {
        Command::new(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn installers_are_recognised_in_every_usual_spelling() {
        for (words, installer) in [
            (&["pip", "install", "x"][..], Some(Installer::Pip)),
            (&["/venv/bin/pip3.12", "install"], Some(Installer::Pip)),
            (&["python3", "-m", "pip"], Some(Installer::Pip)),
            (&["sh", "-c", "cd /x && pip install y"], Some(Installer::Pip)),
            (&["uv", "pip", "install"], Some(Installer::Uv)),
            (&["uvx", "ruff"], Some(Installer::Uv)),
            (&["poetry", "install"], Some(Installer::Project)),
            (&["tar", "xf", "pipeline.tar.gz"], None),
            (&["make"], None),
            (&[], None),
        ] {
            assert_eq!(command(words).installer(), installer, "{words:?}");
        }
    }

    #[test]
    fn values_are_found_in_every_spelling() {
        let words = command(&["-f", "a", "-fb", "--find-links", "c", "--find-links=d", "--find-linksx", "-f"]);
        assert_eq!(words.values_of(&["-f", "--find-links"]), ["a", "b", "c", "d"]);
        assert_eq!(words.value_of("--find-links"), Some("d"));
        assert_eq!(words.value_of("--project"), None);
    }

    #[test]
    fn the_project_is_where_the_options_say() {
        let folder = Path::new("/w");
        assert_eq!(command(&["uv", "sync"]).project(folder), Path::new("/w"));
        assert_eq!(command(&["uv", "--directory", "a", "sync", "--project=b"]).project(folder), Path::new("/w/a/b"));
        assert_eq!(command(&["poetry", "-C", "/p", "install"]).project(folder), Path::new("/p"));
    }
}
