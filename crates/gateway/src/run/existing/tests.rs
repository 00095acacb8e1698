use super::*;
use crate::run::command::Command;

struct World {
    folder: tempfile::TempDir,
}

impl World {
    /// Files by path; the home is `home`, the machine's configuration in `etc`.
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { folder }
    }

    fn path(&self, path: &str) -> String {
        self.folder.path().join(path).to_str().unwrap().to_owned()
    }

    fn read(&self, words: &[&str], variables: &[(&str, &str)]) -> Existing {
        let (home, etc) = (self.path("home"), self.path("etc"));
        let mut all =
            vec![("HOME", home.as_str()), ("XDG_CONFIG_DIRS", etc.as_str()), ("USERPROFILE", &home), ("PROGRAMDATA", &etc)];
        let expanded: Vec<_> = variables.iter().map(|(name, value)| (*name, value.replace("{}", &self.path("")))).collect();
        all.extend(expanded.iter().map(|(name, value)| (*name, value.as_str())));
        let command = Command::new(&words.iter().map(Into::into).collect::<Vec<_>>());
        Existing::read(&Variables::from(&all[..]), &command, &self.folder.path().join("work"))
    }
}

fn values(existing: &Existing, key: PipKey) -> Vec<&str> {
    // The machine on which the tests run may have a file of its own.
    let foreign =
        |setting: &&PipSetting| !matches!(&setting.origin, SettingOrigin::File(path) if path == Path::new("/etc/pip.conf"));
    existing.pip.iter().filter(foreign).filter(|setting| setting.key == key).map(|setting| setting.value.as_str()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn pips_files_are_read_weakest_first_and_variables_last() {
    let world = World::new(&[
        ("etc/pip/pip.conf", "[global]\nindex-url = https://machine.example/"),
        ("home/.config/pip/pip.conf", "[install]\nindex_url = https://user.example/"),
        ("venv/pip.conf", "[global]\nindex-url=https://site.example/"),
        ("named.conf", "[global]\nindex-url: https://named.example/"),
    ]);
    let files = ["https://machine.example/", "https://user.example/", "https://site.example/"];
    let venv = ("VIRTUAL_ENV", "{}/venv");
    assert_eq!(values(&world.read(&["pip"], &[venv]), PipKey::IndexUrl), files);
    let with_variable = world.read(&["pip"], &[venv, ("PIP_INDEX_URL", "https://variable.example/")]);
    assert_eq!(values(&with_variable, PipKey::IndexUrl).last(), Some(&"https://variable.example/"));
    // PIP_CONFIG_FILE replaces the user's file; the null device replaces all.
    let named = world.read(&["pip"], &[venv, ("PIP_CONFIG_FILE", "{}/named.conf")]);
    assert_eq!(
        values(&named, PipKey::IndexUrl),
        ["https://machine.example/", "https://site.example/", "https://named.example/"]
    );
    assert!(world.read(&["pip"], &[venv, ("PIP_CONFIG_FILE", "/dev/null")]).pip.is_empty());
}

#[test]
fn pips_proxy_wins_over_variables_and_then_nothing_is_direct() {
    let world = World::new(&[]);
    let text = |proxy: &Option<ParentProxy>| proxy.as_ref().map(|proxy| proxy.0.clone());
    for (variables, https, http, direct) in [
        (&[][..], None, None, None),
        (&[("HTTPS_PROXY", "http://a"), ("https_proxy", "http://b"), ("NO_PROXY", "x")], Some("http://b"), None, Some("x")),
        (&[("ALL_PROXY", "socks5://a"), ("HTTP_PROXY", "http://b")], Some("socks5://a"), Some("http://b"), None),
        (
            &[("PIP_PROXY", "http://p"), ("HTTPS_PROXY", "http://a"), ("NO_PROXY", "x")],
            Some("http://p"),
            Some("http://p"),
            None,
        ),
        (&[("HTTPS_PROXY", "")], None, None, None),
    ] {
        let found = world.read(&["pip"], variables).proxies;
        assert_eq!(
            (text(&found.https).as_deref(), text(&found.http).as_deref(), found.direct.as_deref()),
            (https, http, direct)
        );
    }
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let world = World::new(&[]);
    let existing = world.read(
        &["pip"],
        &[("HTTPS_PROXY", "http://u:secret@a"), ("PIP_INDEX_URL", "https://u:secret@b/"), ("PIP_PROXY", "http://u:secret@c")],
    );
    assert!(!format!("{existing:?}").contains("secret"));
}

#[test]
fn every_list_of_authorities_and_the_client_certificate_are_found() {
    let world = World::new(&[("named.conf", "[global]\ncert=/conf.pem\nclient-cert=/client.pem")]);
    let variables = [
        ("PIP_CONFIG_FILE", "{}/named.conf"),
        ("SSL_CERT_FILE", "/ssl.pem"),
        ("REQUESTS_CA_BUNDLE", "/ssl.pem"),
        ("POETRY_CERTIFICATES_LAB_CERT", "/lab.pem"),
        ("SSL_CERT_DIR", "/folder"),
        ("SSL_CLIENT_CERT", "/uv.pem"),
    ];
    let found = world.read(&["pip"], &variables);
    for path in ["/conf.pem", "/lab.pem", "/ssl.pem"] {
        assert_eq!(found.authorities.iter().filter(|found| *found == Path::new(path)).count(), 1, "{path}");
    }
    assert_eq!(found.authority_folders, [Path::new("/folder")]);
    assert_eq!(found.client_certificate.as_deref(), Some(Path::new("/client.pem")));
    assert_eq!(world.read(&["uv"], &variables[5..]).client_certificate.as_deref(), Some(Path::new("/uv.pem")));
}

#[test]
fn uvs_settings_come_from_the_project_or_the_named_file_or_nowhere() {
    let world = World::new(&[
        ("work/pyproject.toml", "[tool.uv]\nhttps-proxy = 'http://project'"),
        ("work/member/pyproject.toml", "[project]\nname = 'x'"),
        ("named.toml", "http-proxy = 'http://named'"),
    ]);
    let has = |existing: Existing, key| existing.uv.iter().any(|configuration| configuration.has(key));
    assert!(has(world.read(&["uv", "sync"], &[]), "https-proxy"));
    assert!(has(world.read(&["uv", "sync", "--project", "member"], &[]), "https-proxy"));
    assert!(!has(world.read(&["uv", "sync"], &[("UV_NO_CONFIG", "1")]), "https-proxy"));
    let named = world.read(&["uv", "sync", "--config-file", &world.path("named.toml")], &[]);
    assert!(named.uv[0].has("http-proxy") && named.uv.len() == 1);
}

#[cfg(target_os = "linux")]
#[test]
fn poetrys_environments_are_where_poetry_would_look() {
    let config = |text| World::new(&[("home/.config/pypoetry/config.toml", text)]);
    let found = |world: &World, variables: &[(&str, &str)]| world.read(&["poetry"], variables).poetry_environments;
    let nothing = World::new(&[]);
    assert_eq!(found(&nothing, &[]), Some(nothing.path("home/.cache/pypoetry/virtualenvs").into()));
    assert_eq!(found(&nothing, &[("POETRY_CACHE_DIR", "/cache")]), Some("/cache/virtualenvs".into()));
    assert_eq!(found(&config("cache-dir = '/own'"), &[]), Some("/own/virtualenvs".into()));
    assert_eq!(found(&config("[virtualenvs]\npath = '/venvs'"), &[]), None);
    assert_eq!(
        found(&config("cache-dir = '/own'\n[virtualenvs]\npath = '{cache-dir}/virtualenvs'"), &[]),
        Some("/own/virtualenvs".into())
    );
}
