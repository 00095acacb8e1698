use super::*;
use crate::run::existing::PipSetting;

const GOOD: &str = "good-1.0-py3-none-any.whl";
const BAD: &str = "bad-1.0.tar.gz";

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new(files: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("links")).unwrap();
        files.iter().for_each(|file| fs::write(folder.path().join("links").join(file), file).unwrap());
        Self { folder }
    }

    fn place(&self, origin: LocalOrigin, kind: LocalKind) -> LocalPlace {
        LocalPlace { origin, path: self.folder.path().join("links"), kind }
    }

    fn private(&self) -> PathBuf {
        self.folder.path().join("private")
    }

    async fn settle(&self, place: LocalPlace, enforcement: Enforcement, existing: &Existing) -> Settled {
        let outer = Variables::from(&[("UV_FIND_LINKS", "https://files.example/,/links")][..]);
        let decide = async |name: &FileName, digest: &Sha256| {
            let bytes: [u8; 32] = digest::digest(&digest::SHA256, name.as_str().as_bytes()).as_ref().try_into().unwrap();
            assert_eq!(*digest, Sha256::from_bytes(bytes));
            match name.project().as_str() {
                "good" => LocalVerdict::Allowed,
                "bad" => LocalVerdict::Withheld { reason: "too young".into() },
                _ => LocalVerdict::Unknown { reason: "no source".into() },
            }
        };
        settle([place], enforcement, (existing, &outer), &self.private(), decide).await.unwrap()
    }
}

fn variable() -> LocalOrigin {
    LocalOrigin::Setting(SettingOrigin::Environment("PIP_FIND_LINKS".into()))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_place_of_a_variable_gives_way_to_copies_of_what_is_allowed() {
    let world = World::new(&[GOOD, BAD, "odd.whl", "index.html", "README"]);
    let value = format!("https://files.example/ {}", world.folder.path().join("links").display());
    let setting = PipSetting { key: PipKey::FindLinks, value, origin: SettingOrigin::Environment("PIP_FIND_LINKS".into()) };
    let existing = Existing { pip: vec![setting], ..Existing::default() };
    let settled = world.settle(world.place(variable(), LocalKind::Folder), Enforcement::Enforced, &existing).await;
    assert_eq!(settled.refusals, []);
    assert_eq!(names(&world.private().join("pip-find-links")), [GOOD]);
    assert_eq!(settled.files.len(), 4);
    let copies = Url::from_directory_path(world.private().join("pip-find-links")).unwrap();
    let mut expected = EnvironmentChanges::default();
    expected.set("PIP_FIND_LINKS", format!("https://files.example/ {copies}"));
    assert_eq!(settled.changes, expected);
}

#[tokio::test]
async fn uvs_variable_gets_copies_of_its_own() {
    let world = World::new(&[GOOD, BAD]);
    let place = world.place(LocalOrigin::UvVariable, LocalKind::Folder);
    let settled = world.settle(place, Enforcement::Enforced, &Existing::default()).await;
    let copies = Url::from_directory_path(world.private().join("uv-find-links")).unwrap();
    let mut expected = EnvironmentChanges::default();
    expected.set("UV_FIND_LINKS", format!("https://files.example/,{copies}"));
    assert_eq!((settled.changes, settled.refusals), (expected, vec![]));
    assert_eq!(names(&world.private().join("uv-find-links")), [GOOD]);
}

#[tokio::test]
async fn a_place_that_cannot_be_replaced_refuses_the_run_and_says_why() {
    let world = World::new(&[GOOD, BAD, "odd.whl"]);
    for origin in [LocalOrigin::Argument, LocalOrigin::Requirements("r.txt".into(), 3), LocalOrigin::Project("uv.lock".into())]
    {
        let place = world.place(origin.clone(), LocalKind::Folder);
        let settled = world.settle(place, Enforcement::Enforced, &Existing::default()).await;
        let texts: Vec<_> = settled.refusals.iter().map(|refusal| (refusal.exit_code(), refusal.to_string())).collect();
        let links = world.folder.path().join("links");
        assert_eq!(texts.len(), 2);
        assert_eq!(texts[0], (1, format!("{} (named by {origin}) is withheld: too young", links.join(BAD).display())));
        assert_eq!(texts[1].0, 3);
    }
}

#[tokio::test]
async fn an_allowed_place_starts_as_it_is() {
    let world = World::new(&[GOOD]);
    let place = world.place(LocalOrigin::Argument, LocalKind::Folder);
    let settled = world.settle(place, Enforcement::Enforced, &Existing::default()).await;
    assert_eq!((settled.refusals, settled.changes), (vec![], EnvironmentChanges::default()));
}

#[tokio::test]
async fn a_local_index_is_refused_wherever_it_is_named() {
    for origin in [LocalOrigin::Argument, variable()] {
        let world = World::new(&[GOOD]);
        let settled = world.settle(world.place(origin, LocalKind::Index), Enforcement::Enforced, &Existing::default()).await;
        assert_eq!(settled.refusals.iter().map(LocalRefusal::exit_code).collect::<Vec<_>>(), [3]);
    }
}

#[tokio::test]
async fn without_enforcement_places_are_named_and_nothing_changes() {
    let world = World::new(&[BAD]);
    let settled = world.settle(world.place(variable(), LocalKind::Folder), Enforcement::Named, &Existing::default()).await;
    assert_eq!((settled.places.len(), settled.refusals.len(), settled.changes), (1, 0, EnvironmentChanges::default()));
    assert!(!world.private().exists());
}

#[tokio::test]
async fn what_is_not_there_and_the_users_own_sources_are_no_reason_to_refuse() {
    let world = World::new(&[BAD]);
    let missing =
        LocalPlace { origin: LocalOrigin::Argument, path: world.folder.path().join("missing"), kind: LocalKind::Folder };
    for place in [missing, world.place(LocalOrigin::Argument, LocalKind::SourceTree)] {
        let settled = world.settle(place, Enforcement::Enforced, &Existing::default()).await;
        assert_eq!((settled.refusals.len(), settled.files.len(), settled.places.len()), (0, 0, 1));
    }
}
