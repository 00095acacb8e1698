use proptest::prelude::*;

use super::*;

fn of_project(text: &str, project: &str) -> Result<String, FileNameError> {
    FileName::of_project(text, &project.parse().unwrap()).map(|name| name.version().to_string())
}

#[test]
fn the_project_settles_where_a_source_distributions_version_begins() {
    for (text, project, version) in [
        ("foo-bar-1.0.tar.gz", "foo-bar", "1.0"),
        ("a-1-2.tar.gz", "a-1", "2"),
        ("a-1-2.tar.gz", "a", "1.post2"),
        ("Foo_.-Bar-1.0.zip", "foo-bar", "1.0"),
        ("foo.bar-1.0-beta2.tgz", "foo-bar", "1.0b2"),
        ("foo-1.0-1.tar.bz2", "foo", "1.0.post1"),
        ("foo-1.0-1.tar.xz", "foo-1-0", "1"),
        ("foo-2024-11-05.tar.gz", "foo-2024-11", "5"),
        ("python-gitlab-1.0.tar.gz", "python-gitlab", "1.0"),
    ] {
        assert_eq!(of_project(text, project).as_deref(), Ok(version), "{text} of {project}");
    }
}

#[test]
fn a_file_of_another_project_is_refused() {
    for (text, project) in [
        ("foo-bar-1.0.tar.gz", "foo"),
        ("foo-bar-1.0.tar.gz", "bar"),
        ("foobar-1.0.tar.gz", "foo"),
        ("foo-1.0.tar.gz", "foo-1"),
        ("foo_-1.0.tar.gz", "foo"),
        ("foo--1.0.tar.gz", "foo"),
        ("foo.tar.gz", "foo"),
        ("foo-.tar.gz", "foo"),
        ("foo-2024-11-05.tar.gz", "foo"),
        ("foo_bar-1.0-py3-none-any.whl", "foo"),
        ("foo-1.0-py3-none-any.whl", "foo-bar"),
    ] {
        assert_eq!(of_project(text, project), Err(FileNameError::Parts), "{text} of {project}");
    }
}

#[test]
fn names_that_are_no_plain_file_name_are_refused() {
    use FileNameError::{Character, Ending, Parts, TooLong};
    let long = format!("foo-1.0+{}.tar.gz", "a".repeat(limits::FILE_NAME_BYTES - 14));
    for (text, error) in [
        ("", Ending),
        ("../foo-1.0.tar.gz", Character),
        ("..\\foo-1.0.tar.gz", Character),
        ("/etc/foo-1.0.tar.gz", Character),
        ("foo-1.0/../x-1.0.tar.gz", Character),
        (".foo-1.0.tar.gz", Character),
        ("..-1.0.tar.gz", Character),
        ("foo-1.0.tar.gz\n", Character),
        ("foo-1.0\0.tar.gz", Character),
        ("foo-1.0\r\nX: y.tar.gz", Character),
        ("foo-1.0\u{1b}[31m.tar.gz", Character),
        ("foo 1-1.0.tar.gz", Character),
        ("föö-1.0.tar.gz", Character),
        ("foo-1.0\u{202e}zg.rat.tar.gz", Character),
        ("foo-1.0%2fbar.tar.gz", Character),
        ("foo-1.0.tar.gz?x", Character),
        ("foo-1.0.tar.gz#x", Character),
        ("C:foo-1.0.tar.gz", Character),
        ("foo-1.0.tar.gz:stream", Character),
        ("foo-1.0-py2.7.egg", Ending),
        ("foo-1.0.exe", Ending),
        ("foo-1.0-1.noarch.rpm", Ending),
        ("foo-1.0.tar.gz.", Ending),
        ("foo-1.0.WHL", Ending),
        ("foo-1.0.whl", Parts),
        ("foo-1.0-x1-py3-none-any.whl", Parts),
        ("foo-1.0-py3-none-any-more-1.whl", Parts),
        ("foo-one-py3-none-any.whl", Parts),
        ("foo__bar-1.0-py3-none-any.whl", Parts),
        ("foo-1.0-py3.-none-any.whl", Parts),
        ("foo-1.0-py3-none-any+x.whl", Parts),
        ("foo-latest.tar.gz", Parts),
        (&long, TooLong),
    ] {
        assert_eq!(text.parse::<FileName>(), Err(error), "{text:?}");
    }
}

#[test]
fn the_longest_allowed_name_is_allowed() {
    let text = format!("foo-1.0+{}.tar.gz", "a".repeat(limits::FILE_NAME_BYTES - 15));
    assert_eq!(text.len(), limits::FILE_NAME_BYTES);
    assert_eq!(text.parse::<FileName>().unwrap().as_str(), text);
}

#[test]
fn a_version_is_looked_for_behind_so_many_dashes_only() {
    let name = |dashes: usize| format!("foo-1.0+{}a.zip", "a-".repeat(dashes - 1)).parse::<FileName>();
    assert_eq!(name(limits::VERSION_DASHES).unwrap().project().as_str(), "foo");
    assert_eq!(name(limits::VERSION_DASHES + 1), Err(FileNameError::Parts));
}

proptest! {
    #[test]
    fn a_name_says_what_it_was_made_of(name in "[a-z][a-z0-9]{0,8}([-_.][a-z0-9]{1,5}){0,3}", release in "[0-9]{1,3}\\.[0-9]{1,3}(rc[0-9]|\\.post[0-9])?", tags in "(1-)?py3-none-any") {
        let project: ProjectName = name.parse().unwrap();
        let version: Version = release.parse().unwrap();
        let wheel = format!("{}-{release}-{tags}.whl", project.as_str().replace('-', "_"));
        for (text, kind) in [(format!("{name}-{release}.tar.gz"), DistributionKind::Sdist), (wheel, DistributionKind::Wheel)] {
            let read = FileName::of_project(&text, &project).unwrap();
            prop_assert_eq!((read.as_str(), read.project(), read.version(), read.kind()), (&*text, &project, &version, kind));
            prop_assert_eq!(text.parse::<FileName>(), Ok(read));
        }
    }

    #[test]
    fn what_is_accepted_is_a_plain_name_and_belongs_to_its_project(text in "[-a.1_+!]{0,12}(-1.0)?(-py3-none-any)?\\.(whl|zip|tar\\.gz)|\\PC{0,20}") {
        if let Ok(name) = text.parse::<FileName>() {
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !b"/\\%:?#\"'<>".contains(&byte)));
            prop_assert!(!text.starts_with(['.', '-']));
            let again = FileName::of_project(&text, name.project());
            prop_assert_eq!(again, Ok(name));
        }
    }
}
