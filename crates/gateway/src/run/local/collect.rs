//! Finds every local place that is named anywhere.

use std::collections::BTreeSet;
use std::path::Path;

use super::reference::{find_links_kind, is_archive, local_path, of_requirement};
use super::requirements::{self, NESTED, places_of};
use super::{LocalKind, LocalOrigin, LocalPlace, project};
use crate::limits;
use crate::run::command::{Command, Installer};
use crate::run::existing::{Existing, SettingOrigin, read_text};
use crate::run::ini::PipKey;
use crate::run::variables::Variables;

/// All local places, each once; beyond [`limits::LOCAL_PLACES`] not all of them. `folder` is the working directory.
#[must_use]
pub fn collect(command: &Command, outer: &Variables, existing: &Existing, folder: &Path) -> BTreeSet<LocalPlace> {
    let mut places = of_pip(existing, folder);
    places.extend(of_uv_variable(outer, folder));
    let installer = command.installer();
    if installer.is_some() {
        places.extend(of_words(command, outer, folder));
    }
    if installer == Some(Installer::Uv) {
        places.extend(project::of_uv(&existing.uv));
    }
    let installs_project = match installer {
        Some(Installer::Uv) => !command.has("pip") && !command.has("tool"),
        Some(Installer::Project) => true,
        // `--group` reads `pyproject.toml`.
        Some(Installer::Pip) => !command.values_of(&["--group"]).is_empty(),
        None => false,
    };
    if installs_project {
        places.extend(project::of_project(&command.project(folder)));
    }
    let trees: Vec<_> =
        places.iter().filter(|place| place.kind == LocalKind::SourceTree).map(|place| place.path.clone()).collect();
    trees.iter().for_each(|tree| places.extend(project::of_toml(&tree.join("pyproject.toml"))));
    places.into_iter().take(limits::LOCAL_PLACES + 1).collect()
}

/// `find-links` and local indexes of pip. A variable wins over the files, as in pip.
fn of_pip(existing: &Existing, folder: &Path) -> Vec<LocalPlace> {
    let mut places = Vec::new();
    for key in [PipKey::FindLinks, PipKey::IndexUrl, PipKey::ExtraIndexUrl] {
        let settings: Vec<_> = existing.pip.iter().filter(|setting| setting.key == key).collect();
        let of_variable = settings.iter().any(|setting| matches!(setting.origin, SettingOrigin::Environment(_)));
        for setting in settings {
            if of_variable && matches!(setting.origin, SettingOrigin::File(_)) {
                continue;
            }
            for path in setting.value.split_whitespace().filter_map(|text| local_path(text, &[folder])) {
                let kind = if key == PipKey::FindLinks { find_links_kind(&path) } else { LocalKind::Index };
                places.push(LocalPlace { origin: LocalOrigin::Setting(setting.origin.clone()), path, kind });
            }
        }
    }
    places
}

fn of_uv_variable(outer: &Variables, folder: &Path) -> Vec<LocalPlace> {
    let links = outer.text("UV_FIND_LINKS").into_iter().flat_map(|text| text.split([',', ' ']));
    let links = links.filter_map(|text| local_path(text, &[folder])).map(|path| {
        let kind = find_links_kind(&path);
        LocalPlace { origin: LocalOrigin::UvVariable, path, kind }
    });
    let names = ["UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"];
    let indexes = names
        .into_iter()
        .flat_map(|name| outer.text(name).into_iter().flat_map(str::split_whitespace).map(move |url| (name, url)));
    let indexes = indexes.filter_map(|(name, text)| {
        let path = local_path(text.split_once('=').map_or(text, |(_, url)| url), &[folder])?;
        Some(LocalPlace {
            origin: LocalOrigin::Setting(SettingOrigin::Environment(name.to_owned())),
            path,
            kind: LocalKind::Index,
        })
    });
    links.chain(indexes).collect()
}

fn of_words(command: &Command, outer: &Variables, folder: &Path) -> BTreeSet<LocalPlace> {
    let words = command.words();
    let found = places_of(words, [&[folder], &[folder]]).into_iter();
    let named = words.iter().skip(1).filter_map(|word| of_word(word, folder));
    let mut places: BTreeSet<_> =
        found.chain(named).map(|(path, kind)| LocalPlace { origin: LocalOrigin::Argument, path, kind }).collect();
    let mut seen = BTreeSet::new();
    let variables = ["PIP_REQUIREMENT", "PIP_CONSTRAINT", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_BUILD_CONSTRAINT"];
    let of_variables = variables.into_iter().filter_map(|name| outer.text(name)).flat_map(str::split_whitespace);
    // `python -c` and `sh -c` have a text where these have a file; nothing is read then.
    for file in command.values_of(&NESTED).into_iter().chain(of_variables).filter_map(|value| local_path(value, &[folder])) {
        requirements::places(&file, folder, outer, &mut seen, &mut places);
    }
    // uv runs scripts that say what they need.
    let scripts = words.iter().skip(1).map(|word| folder.join(word.split_once('=').map_or(word.as_str(), |(_, value)| value)));
    for script in scripts.filter(|path| path.extension().is_some_and(|ending| ending == "py" || ending == "pyw")) {
        places.extend(read_text(&script).map(|text| project::of_script(&script, &text)).unwrap_or_default());
    }
    places
}

/// A word that is a distribution or a source tree.
fn of_word(word: &str, folder: &Path) -> Option<(std::path::PathBuf, LocalKind)> {
    if word.starts_with('-') {
        // `--with=./x.whl`, `--from=./x.whl` of uv.
        let (_, value) = word.split_once('=').filter(|(_, value)| is_archive(value))?;
        return of_requirement(value, &[folder]);
    }
    of_requirement(word, &[folder])
}

#[cfg(test)]
mod tests;
