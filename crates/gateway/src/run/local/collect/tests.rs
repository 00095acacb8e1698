use std::fs;

use super::*;

/// What is found in a small world: `<origin>|<path inside>|<kind>`.
fn found(files: &[(&str, &str)], words: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
    let world = tempfile::tempdir().unwrap();
    let root = world.path().canonicalize().unwrap();
    let inside = |text: &str| text.replace("{}", root.to_str().unwrap());
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, inside(text)).unwrap();
    }
    let home = root.join("home");
    let mut variables: Vec<_> = variables.iter().map(|(name, value)| (*name, inside(value))).collect();
    variables.push(("HOME", home.to_str().unwrap().to_owned()));
    let pairs: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let outer = Variables::from(&pairs[..]);
    let command = Command::new(&words.iter().map(|word| inside(word).into()).collect::<Vec<_>>());
    let mut existing = Existing::read(&outer, &command, &root);
    existing.pip.retain(|setting| setting.origin != SettingOrigin::File("/etc/pip.conf".into()));
    let places = collect(&command, &outer, &existing, &root);
    let text = |place: &LocalPlace| format!("{}|{}|{:?}", place.origin, place.path.display(), place.kind);
    places.iter().map(|place| text(place).replace(&format!("{}/", root.display()), "")).collect()
}

const WHEEL: &str = "x-1.0-py3-none-any.whl";

#[test]
fn words_of_the_command_name_places() {
    let files = [("x-1.0-py3-none-any.whl", ""), ("d/y-1.0.tar.gz", ""), ("src/pyproject.toml", "")];
    for (words, expected) in [
        (&["pip", "install", "--find-links", "d", "y"][..], &["the command|d|Folder"][..]),
        (&["pip", "install", "--find-links=d"], &["the command|d|Folder"]),
        (&["pip", "install", "-fd"], &["the command|d|Folder"]),
        (&["pip", "install", "-f", "https://files.example/"], &[]),
        (&["pip", "install", "-f", "page.html"], &["the command|page.html|Index"]),
        (&["pip", "install", "./x-1.0-py3-none-any.whl"], &["the command|x-1.0-py3-none-any.whl|File"]),
        (&["pip", "install", WHEEL], &["the command|x-1.0-py3-none-any.whl|File"]),
        (&["pip", "install", "d/y-1.0.tar.gz[extra]"], &["the command|d/y-1.0.tar.gz|File"]),
        (&["pip", "install", "file://{}/d/y-1.0.tar.gz#sha256=00"], &["the command|d/y-1.0.tar.gz|File"]),
        (&["pip", "install", "y @ file://{}/d/y-1.0.tar.gz"], &["the command|d/y-1.0.tar.gz|File"]),
        (&["sh", "-c", "cd . && pip install 'd/y-1.0.tar.gz'"], &["the command|d/y-1.0.tar.gz|File"]),
        (&["uv", "pip", "install", "./src"], &["the command|src|SourceTree"]),
        (&["pip", "install", "-e", "src"], &["the command|src|SourceTree"]),
        (&["pip", "install", "-i", "file://{}/d", "y"], &["the command|d|Index"]),
        (&["uv", "run", "--with", "d/y-1.0.tar.gz", "x"], &["the command|d/y-1.0.tar.gz|File"]),
        (&["pip", "install", "src", "d", "https://files.example/z-1.0.tar.gz"], &[]),
        (&["tar", "xf", "d/y-1.0.tar.gz"], &[]),
    ] {
        assert_eq!(found(&files, words, &[]), expected, "{words:?}");
    }
}

#[test]
fn a_local_file_is_found_however_pip_or_uv_can_be_told_of_it() {
    let files =
        [(WHEEL, ""), ("d/z", ""), ("p/pyproject.toml", "[tool.uv.sources]\nx = { path = '../x-1.0-py3-none-any.whl' }")];
    for line in [
        "\u{feff}./x-1.0-py3-none-any.whl",
        "./x-1.0-py3-none-any.whl\t# why",
        "a\u{c}./x-1.0-py3-none-any.whl",
        "a\r./x-1.0-py3-none-any.whl",
        "./x-1.0-py3-\\\nnone-any.whl",
        "./x-1.0-py3-none-any.whl;python_version>'3'",
        "./x-1.0-py3-none-any.whl/",
        "x @ ./x-1.0-py3-none-any.whl",
        "x @ FILE://{}/x-1.0-py3-none-any.whl",
        "file://{}/x-1.0-py3-none-any.whl?q",
        "file://{}/x-1.0-py3-none-any.whl; python_version>'3'",
        "-e p",
        "-r p/pyproject.toml",
    ] {
        let all = [&files[..], &[("r.txt", line)]].concat();
        let found = found(&all, &["uv", "pip", "install", "-r", "r.txt"], &[]);
        let of_file = |place: &String| place.replace("p/../", "").ends_with("|x-1.0-py3-none-any.whl|File");
        assert!(found.iter().any(of_file), "{line:?}: {found:?}");
    }
    for line in ["-fd", "--find-links=\"d\"", "--find-l d", "--f='d'", "--find\\-links d"] {
        let all = [&files[..], &[("r.txt", line)]].concat();
        assert_eq!(found(&all, &["pip", "install", "-r", "r.txt"], &[]), ["r.txt:1|d|Folder"], "{line:?}");
    }
    let script = "# /// script\n# dependencies = ['x']\n# [tool.uv]\n# find-links = ['d']\n# [tool.uv.sources]\n\
                  # x = { path = 'x-1.0-py3-none-any.whl' }\n# ///\nimport x\n";
    let found = found(&[&files[..], &[("s.py", script)]].concat(), &["uv", "run", "s.py"], &[]);
    assert_eq!(found, ["s.py|d|Folder", "s.py|x-1.0-py3-none-any.whl|File"]);
}

#[test]
fn a_requirements_file_that_may_be_read_otherwise_or_is_too_much_is_said_so() {
    let large = "\n".repeat(limits::CONFIGURATION_LINES);
    for text in ["# coding: utf-7\n+AC8-x", "# -*- coding: cp037 -*-", large.as_str()] {
        assert_eq!(found(&[("r.txt", text)], &["pip", "install", "-r", "r.txt"], &[]), ["the command|r.txt|Unreadable"]);
    }
    let names: Vec<(String, String)> =
        (0..=limits::REQUIREMENTS_FILES).map(|number| (format!("r{number}.txt"), format!("-r r{}.txt", number + 1))).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(found(&files, &["pip", "install", "-r", "r0.txt"], &[]), ["r255.txt:1|r256.txt|Unreadable"]);
}

#[test]
fn requirements_files_are_followed() {
    let files = [
        (
            "r.txt",
            "# -f no\nrequests==1 \\\n  --hash=sha256:00\n-r sub/s.txt\n--find-links links # why\n./x-1.0-py3-none-any.whl ; x\n",
        ),
        ("sub/s.txt", "-c ../c.txt\n-r s.txt\n-f ${PLACE}\n"),
        ("c.txt", "y @ file://{}/d/y-1.0.tar.gz\n"),
        ("x-1.0-py3-none-any.whl", ""),
        ("d/y-1.0.tar.gz", ""),
        ("links/z", ""),
    ];
    let expected = [
        "c.txt:1|d/y-1.0.tar.gz|File",
        "r.txt:5|links|Folder",
        "r.txt:6|x-1.0-py3-none-any.whl|File",
        "sub/s.txt:3|/elsewhere|Folder",
    ];
    for words in
        [&["pip", "install", "-r", "r.txt"][..], &["uv", "pip", "sync", "--requirements=r.txt"], &["pip", "install", "-rr.txt"]]
    {
        let mut places = found(&files, words, &[("PLACE", "/elsewhere")]);
        places.iter_mut().for_each(|place| *place = place.replace("sub/../", ""));
        places.sort();
        assert_eq!(places, expected, "{words:?}");
    }
}

#[test]
fn variables_and_pips_configuration_name_places() {
    let conf =
        [("home/.config/pip/pip.conf", "[install]\nfind-links =\n  /one\n  https://files.example/\n  two\n"), ("two/a", "")];
    if cfg!(target_os = "linux") {
        assert_eq!(
            found(&conf, &["make"], &[]),
            ["home/.config/pip/pip.conf|/one|Folder", "home/.config/pip/pip.conf|two|Folder"]
        );
    }
    // The variable wins over the file.
    assert_eq!(found(&conf, &["make"], &[("PIP_FIND_LINKS", "/v https://files.example/")]), ["PIP_FIND_LINKS|/v|Folder"]);
    assert_eq!(
        found(&[], &["make"], &[("UV_FIND_LINKS", "/a,https://b.example/,/c")]),
        ["UV_FIND_LINKS|/a|Folder", "UV_FIND_LINKS|/c|Folder"]
    );
    assert_eq!(found(&[], &["make"], &[("UV_INDEX", "lab=file:///i https://b.example/")]), ["UV_INDEX|/i|Index"]);
    assert_eq!(found(&[], &["make"], &[("PIP_INDEX_URL", "file:///i")]), ["PIP_INDEX_URL|/i|Index"]);
}

#[test]
fn projects_name_places_in_settings_sources_and_lock_files() {
    let files = [
        (
            "pyproject.toml",
            "[project]\ndependencies = ['y @ file://{}/d/y-1.0.tar.gz']\n[tool.uv]\nfind-links = ['links']\n\
             [[tool.uv.index]]\nurl = './flat'\n[tool.uv.sources]\nx = { path = 'w/x-1.0-py3-none-any.whl' }\nz = { path = '../z' }\n",
        ),
        (
            "uv.lock",
            "[[package]]\nname='q'\nsource = { registry = 'local' }\n[[package]]\nname='r'\nsource = { path = 'w/r-1.0.tar.gz' }\n",
        ),
        ("w/x-1.0-py3-none-any.whl", ""),
        ("w/r-1.0.tar.gz", ""),
        ("d/y-1.0.tar.gz", ""),
    ];
    let settings = ["pyproject.toml|./flat|Index", "pyproject.toml|links|Folder"];
    let project = ["pyproject.toml|d/y-1.0.tar.gz|File", "pyproject.toml|w/x-1.0-py3-none-any.whl|File"];
    let lock = ["uv.lock|local|Index", "uv.lock|w/r-1.0.tar.gz|File"];
    let sorted = |parts: &[&[&str]]| {
        let mut all: Vec<String> = parts.concat().iter().map(|text| (*text).to_owned()).collect();
        all.sort();
        all
    };
    for (words, expected) in [
        (&["uv", "sync"][..], sorted(&[&settings, &project, &lock])),
        (&["uv", "pip", "install", "q"], sorted(&[&settings])),
        (&["poetry", "install"], sorted(&[&project, &lock])),
        (&["pip", "install", "q"], sorted(&[])),
    ] {
        let mut places = found(&files, words, &[]);
        places.sort();
        assert_eq!(places, expected, "{words:?}");
    }
}

#[test]
fn poetrys_files_are_found_and_remote_ones_are_not() {
    let lock = "[[package]]\nname='x'\n[package.source]\ntype='file'\nurl='w/x-1.0.tar.gz'\n\
                [[package]]\nname='y'\n[package.source]\ntype='url'\nurl='https://files.example/y-1.0.tar.gz'\n";
    assert_eq!(
        found(&[("poetry.lock", lock), ("w/x-1.0.tar.gz", "")], &["poetry", "install"], &[]),
        ["poetry.lock|w/x-1.0.tar.gz|File"]
    );
}
