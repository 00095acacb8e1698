//! Requirements and constraints files, as far as they name local places (pip's format; uv's is the same).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use affineur_packaging::requirements_file::{logical, words};

use super::reference::{find_links_kind, local_path, of_requirement};
use super::{LocalKind, LocalOrigin, LocalPlace, lines, project};
use crate::limits;
use crate::run::command::values_of;
use crate::run::variables::Variables;

/// Options that name another file of this kind.
pub(super) const NESTED: [&str; 6] = ["-r", "--requirement", "--requirements", "-c", "--constraint", "--constraints"];
/// Options that name a place with distributions.
pub(super) const FIND_LINKS: [&str; 2] = ["-f", "--find-links"];
/// Options that name an index.
pub(super) const INDEXES: [&str; 6] = ["-i", "--index-url", "--extra-index-url", "--index", "--default-index", "--pypi-url"];
/// Options that name a source tree.
pub(super) const EDITABLE: [&str; 2] = ["-e", "--editable"];

/// The places that a file and those that it includes name. At most [`limits::REQUIREMENTS_FILES`] files are
/// read; what is not read is a place that nobody can decide about.
pub(super) fn places(
    file: &Path,
    working: &Path,
    outer: &Variables,
    seen: &mut BTreeSet<PathBuf>,
    places: &mut BTreeSet<LocalPlace>,
) {
    let mut waiting = vec![(file.to_owned(), LocalOrigin::Argument)];
    while let Some((path, origin)) = waiting.pop() {
        if seen.contains(&path) {
            continue;
        }
        let full = seen.len() >= limits::REQUIREMENTS_FILES;
        let text = match lines::read(&path).map(|text| text.ok().filter(|_| !full)) {
            None => continue,
            Some(None) => {
                places.insert(LocalPlace { origin, path, kind: LocalKind::Unreadable });
                continue;
            }
            Some(Some(text)) => text,
        };
        seen.insert(path.clone());
        if path.extension().is_some_and(|ending| ending == "toml") {
            places.extend(project::of_toml(&path));
            continue;
        }
        places.extend(project::of_script(&path, &text));
        let folder = path.parent().unwrap_or(working);
        for (number, line) in logical(&text) {
            let line = outer.expand(&line);
            let origin = LocalOrigin::Requirements(path.clone(), number);
            let mut push = |(path, kind)| places.extend([LocalPlace { origin: origin.clone(), path, kind }]);
            for words in words(&line) {
                let nested = values_of(&words, &NESTED).into_iter();
                let nested = nested.filter_map(|value| local_path(value, &[folder, working]));
                waiting.extend(nested.map(|path| (path, origin.clone())));
                // pip looks beside the file, then in the working directory; for requirements the other way round.
                places_of(&words, [&[folder, working], &[working, folder]]).into_iter().for_each(&mut push);
            }
            let requirement = (!line.starts_with('-')).then(|| line.split(" --").next()).flatten();
            requirement.and_then(|text| of_requirement(text, &[working, folder])).into_iter().for_each(&mut push);
        }
    }
}

/// What the options among `words` name: folders to look in for places, and for requirements.
pub(super) fn places_of(words: &[String], [for_places, for_requirements]: [&[&Path]; 2]) -> Vec<(PathBuf, LocalKind)> {
    let links = values_of(words, &FIND_LINKS).into_iter().filter_map(|value| local_path(value, for_places));
    let links = links.map(|path| {
        let kind = find_links_kind(&path);
        (path, kind)
    });
    let indexes = values_of(words, &INDEXES).into_iter().map(|value| value.split_once('=').map_or(value, |(_, url)| url));
    let indexes = indexes.filter_map(|value| local_path(value, for_places));
    // `--index NAME` names one of the configuration.
    let indexes = indexes.filter(|path| path.exists()).map(|path| (path, LocalKind::Index));
    let editable = values_of(words, &EDITABLE).into_iter().filter_map(|value| {
        of_requirement(value, for_requirements).or_else(|| Some((local_path(value, for_requirements)?, LocalKind::SourceTree)))
    });
    links.chain(indexes).chain(editable).collect()
}
