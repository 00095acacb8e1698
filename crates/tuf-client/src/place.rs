//! Where a target goes below a folder of the user's.

use std::io;
use std::path::{Path, PathBuf};

use affineur_tuf::TargetPath;

/// Why a target has no place.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// A symbolic link on the way: it could lead out of the folder.
    #[error("{} is a symbolic link, and could lead out of the folder", .0.display())]
    Link(PathBuf),
    /// Something else than a folder where a folder has to be, or a folder where the file has to be.
    #[error("{} is in the way", .0.display())]
    InTheWay(PathBuf),
    /// The operating system refused.
    #[error("{}: {problem}", .file.display())]
    Failed {
        /// What could not be looked at.
        file: PathBuf,
        /// Its reason.
        problem: io::Error,
    },
}

/// The file of a target: its path below `folder`, in which nothing below `folder` is a symbolic link. The folder itself may be
/// one. This guards against links that are there; a program that puts one there in the meantime is one of the user's own.
///
/// # Errors
/// [`PlaceError`].
pub fn place(folder: &Path, path: &TargetPath) -> Result<PathBuf, PlaceError> {
    let mut place = folder.to_owned();
    let mut segments = path.as_str().split('/').peekable();
    while let Some(segment) = segments.next() {
        place.push(segment);
        let is_last = segments.peek().is_none();
        match std::fs::symlink_metadata(&place) {
            Ok(found) if found.is_symlink() => return Err(PlaceError::Link(place)),
            Ok(found) if found.is_dir() == is_last => return Err(PlaceError::InTheWay(place)),
            Ok(_) => {}
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => {}
            Err(problem) => return Err(PlaceError::Failed { file: place, problem }),
        }
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::{PlaceError, place};

    #[test]
    fn a_target_goes_below_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("a").join("b.txt");
        assert_eq!(place(folder.path(), &"a/b.txt".parse().unwrap()).unwrap(), wanted);
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(&wanted, "old").unwrap();
        assert_eq!(place(folder.path(), &"a/b.txt".parse().unwrap()).unwrap(), wanted);
    }

    #[test]
    fn what_is_in_the_way_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        for path in ["file/x", "folder"] {
            assert!(matches!(place(folder.path(), &path.parse().unwrap()), Err(PlaceError::InTheWay(_))), "{path}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn no_symbolic_link_is_followed() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(outside.path(), folder.path().join("a")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("nothing"), folder.path().join("b")).unwrap();
        for path in ["a/x", "a", "b", "b/x"] {
            assert!(matches!(place(folder.path(), &path.parse().unwrap()), Err(PlaceError::Link(_))), "{path}");
        }
        let linked = folder.path().join("linked");
        std::os::unix::fs::symlink(outside.path(), &linked).unwrap();
        assert!(place(&linked, &"x".parse().unwrap()).is_ok(), "the folder itself is the user's choice");
    }
}
