//! Trusted publishers: a curator trusts one for a project, and each release that it attests is covered (PEP 740).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use affineur_gateway::engine::{Asked, Gateway, Note};
use affineur_gateway::fetch::FetchSettings;
use affineur_gateway::setup::{self, Wanted};
use affineur_packaging::{FileName, Sha256};
use affineur_trust::FileFact;
use affineur_tuf::Hashes;
use http::header::ACCEPT;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt as _;
use hyper::ext::ReasonPhrase;

use crate::static_index::StaticIndex;
use crate::support::curator::{Curator, fact};
use crate::support::upstream::{Upstream, answer};

const SDIST: &str = "pypi_attestations-0.0.19.tar.gz";
const BYTES: &[u8] = include_bytes!("../../../../vectors/attestations/pypi_attestations-0.0.19.tar.gz");
const OBJECT: &[u8] = include_bytes!("../../../../vectors/attestations/pypi_attestations-0.0.19.tar.gz.provenance");
const OTHER_OBJECT: &[u8] =
    include_bytes!("../../../../vectors/attestations/circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl.provenance");
const PUBLISHER: &str = "github:trailofbits/pypi-attestations/release.yml";
const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// An index and a curator, and a user who requires both.
struct World {
    index: StaticIndex,
    curator: Curator,
    served: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    upstream: Upstream,
    home: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let served = Arc::new(Mutex::new(BTreeMap::<String, Vec<u8>>::new()));
        let files = Arc::clone(&served);
        let upstream = Upstream::http(move |asked| match files.lock().unwrap().get(asked.target.trim_start_matches('/')) {
            Some(bytes) if bytes == b"broken" => answer(503, &[], "later"),
            Some(bytes) if asked.target.starts_with("/simple/") => answer(200, &[("content-type", JSON)], bytes.clone()),
            Some(bytes) => answer(200, &[], bytes.clone()),
            None => answer(404, &[], "nothing here"),
        })
        .await;
        let (index, curator) = (StaticIndex::new(), Curator::new("curator", 1, (1, &[1]), &[2]));
        let mut world = Self { index, curator, served, upstream, home: tempfile::tempdir().unwrap() };
        world.add(SDIST, BYTES, Some(OBJECT));
        world.curator.trust(&sdist(), PUBLISHER);
        world
    }

    /// Lists a file, and says that it has this provenance.
    fn add(&mut self, name: &str, bytes: &[u8], provenance: Option<&[u8]>) {
        let name: FileName = name.parse().unwrap();
        self.index.add(&name, bytes.to_vec(), None, "2020-01-01T00:00:00Z".parse().unwrap());
        let (_, overlay) = self.index.projects.get_mut(name.project()).unwrap();
        overlay.files.get_mut(name.as_str()).unwrap().provenance = provenance.map(sha256);
        if let Some(object) = provenance {
            self.serve(&integrity(&name), object);
        }
    }

    fn serve(&self, path: &str, bytes: &[u8]) {
        self.served.lock().unwrap().insert(path.to_owned(), bytes.to_vec());
    }

    /// Signs everything and writes the policy.
    fn publish(&mut self, parties: &str) {
        self.served.lock().unwrap().extend(self.index.publish());
        self.served.lock().unwrap().extend(self.curator.publish());
        let write = |name: &str, bytes: &[u8]| std::fs::write(self.home.path().join(name), bytes).unwrap();
        write("index.json", self.index.root());
        write("curator.json", self.curator.root());
        let curator = format!(
            "[party.curator]\nrepository = '{}'\nroot = 'curator.json'\nweight = {{ trusted-author = '0.5' }}\n",
            self.upstream.url("/curator/")
        );
        let head = "sources = ['index']\nminimum-score = '1.0'\nminimum-age = '0d'\n";
        write("policy.toml", format!("{head}{parties}{curator}").as_bytes());
    }

    fn publish_signed(&mut self) {
        let party = format!(
            "[party.index]\nrepository = '{}'\nroot = 'index.json'\nweight = {{ unclaimed = '0.5' }}\n",
            self.upstream.url("/tuf/")
        );
        self.publish(&party);
    }

    /// An index that signs nothing, whose page names the provenance there.
    fn publish_unsigned(&mut self, provenance: &str) {
        let page = serde_json::json!({
            "meta": { "api-version": "1.4" }, "name": "pypi-attestations", "versions": ["0.0.19"],
            "files": [{
                "filename": SDIST, "url": self.upstream.url(&format!("/files/pypi-attestations/{SDIST}")),
                "hashes": { "sha256": sha256(BYTES).to_string() }, "size": BYTES.len(), "provenance": provenance,
                "upload-time": "2020-01-01T00:00:00Z",
            }],
        });
        self.serve("simple/pypi-attestations/", page.to_string().as_bytes());
        let party = format!("[party.index]\nupstream = '{}'\nweight = {{ pinned = '0.5' }}\n", self.upstream.url("/simple/"));
        self.publish(&party);
    }

    /// A gateway as each run begins with.
    fn gateway(&self) -> Arc<Gateway> {
        let fetch = Some(FetchSettings::default());
        let wanted = Wanted { policy: Some(self.home.path().join("policy.toml")), fetch, ..Wanted::default() };
        let home = self.home.path().to_str().unwrap().to_owned();
        setup::gateway(wanted, |name| (name == "AFFINEUR_HOME").then(|| home.clone())).unwrap().gateway
    }

    /// How often somebody asked for provenance.
    fn asked(&self) -> usize {
        self.upstream.asked().iter().filter(|asked| asked.target.starts_with("/integrity/")).count()
    }
}

fn sha256(bytes: &[u8]) -> Sha256 {
    Hashes::sha256_of(bytes).digest("sha256").unwrap().parse().unwrap()
}

fn sdist() -> FileFact {
    fact(SDIST, BYTES)
}

fn integrity(name: &FileName) -> String {
    format!("integrity/{}/{}/{name}/provenance", name.project(), name.version())
}

/// Whether the file is had, and what is said if it is not.
async fn had(gateway: &Arc<Gateway>) -> Result<(), String> {
    let name = sdist().name;
    let response = gateway.serve_file(name.project(), &name, false, &Method::GET, &HeaderMap::new()).await;
    let phrase = response.extensions().get::<ReasonPhrase>().map(|phrase| phrase.as_bytes().to_vec()).unwrap_or_default();
    if response.status() == StatusCode::OK { Ok(()) } else { Err(String::from_utf8(phrase).unwrap()) }
}

/// The page that installers get.
async fn page(gateway: &Arc<Gateway>) -> serde_json::Value {
    let headers = HeaderMap::from_iter([(ACCEPT, JSON.parse().unwrap())]);
    let response = gateway.serve_page(&sdist().project, &Method::GET, &headers).await;
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

fn alarms(gateway: &Gateway) -> Vec<String> {
    let notes = gateway.record().summary().notes.into_iter();
    let alarms = notes.filter_map(|note| match note {
        Note::Alarm { what, .. } => Some(what),
        _ => None,
    });
    alarms.collect()
}

#[tokio::test]
async fn what_a_trusted_publisher_attests_is_had_and_told_with_its_proof() {
    let mut world = World::new().await;
    world.publish_signed();
    let gateway = world.gateway();
    assert_eq!(page(&gateway).await["files"][0]["yanked"], false);
    assert_eq!(had(&gateway).await, Ok(()));
    let why = gateway.why(&"pypi-attestations".parse().unwrap(), Asked::AsUsual).await.to_string();
    for words in ["curator vouches, counts 0.500", "trusted-author until ", "index vouches, counts 0.500"] {
        assert!(why.contains(words), "{words:?} is not in {why}");
    }
    assert_eq!((world.asked(), alarms(&gateway)), (1, Vec::new()));
    assert_eq!((had(&world.gateway()).await, world.asked()), (Ok(()), 1), "the next run has the document, by its digest");
}

#[tokio::test]
async fn an_attestation_of_a_publisher_that_nobody_trusts_counts_nothing() {
    let mut world = World::new().await;
    world.curator.trust(&sdist(), "github:trailofbits/pypi-attestations/other.yml");
    world.publish_signed();
    let gateway = world.gateway();
    let refused = had(&gateway).await.unwrap_err();
    assert!(refused.contains("withheld by affineur") && refused.contains("curator is silent"), "{refused}");
    assert_eq!(alarms(&gateway), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_without_attestations_is_refused_and_one_whose_attestations_cannot_be_had_is_undecided() {
    let mut world = World::new().await;
    world.add(SDIST, BYTES, None);
    world.publish_signed();
    let refused = had(&world.gateway()).await.unwrap_err();
    assert!(refused.contains("curator is silent"), "{refused}");
    assert_eq!(world.asked(), 0, "the index says that there are none");
    world.add(SDIST, BYTES, Some(OBJECT));
    world.serve(&integrity(&sdist().name), b"broken");
    world.publish_signed();
    let undecided = had(&world.gateway()).await.unwrap_err();
    assert!(undecided.contains("the file's attestations cannot be had") && undecided.contains("cannot tell"), "{undecided}");
    world.served.lock().unwrap().remove(&integrity(&sdist().name));
    let refused = had(&world.gateway()).await.unwrap_err();
    assert!(refused.contains("curator is silent"), "a document that is not there attests nothing: {refused}");
}

#[tokio::test]
async fn what_is_shown_and_does_not_hold_counts_nothing_and_is_an_alarm() {
    let mut world = World::new().await;
    // The index signed another document than it serves.
    world.serve(&integrity(&sdist().name), OTHER_OBJECT);
    world.publish_signed();
    let gateway = world.gateway();
    assert!(had(&gateway).await.unwrap_err().contains("curator is silent"));
    let expected = format!("{SDIST}: its attestations are not those whose digest the index signed");
    assert_eq!(alarms(&gateway), [expected]);
    // It signed one that is about another file.
    let mut world = World::new().await;
    world.add(SDIST, BYTES, Some(OTHER_OBJECT));
    world.publish_signed();
    let gateway = world.gateway();
    assert!(had(&gateway).await.unwrap_err().contains("curator is silent"));
    assert_eq!(alarms(&gateway), [format!("{SDIST}: an attestation shown for it is about a file of another name")]);
}

#[tokio::test]
async fn where_nobody_trusts_a_publisher_nobody_is_asked() {
    let mut world = World::new().await;
    world.curator = Curator::new("curator", 1, (1, &[1]), &[2]);
    world.publish_signed();
    let gateway = world.gateway();
    had(&gateway).await.unwrap_err();
    page(&gateway).await;
    assert_eq!(world.asked(), 0);
}

#[tokio::test]
async fn a_page_asks_for_the_newest_few_and_any_other_file_when_it_is_wanted() {
    let mut world = World::new().await;
    for version in 20..70 {
        // Each a document of its own: the same one would be had once.
        let object = [OBJECT, " ".repeat(version).as_bytes()].concat();
        world.add(&format!("pypi_attestations-0.0.{version}.tar.gz"), b"another", Some(&object));
    }
    world.publish_signed();
    let gateway = world.gateway();
    let page = page(&gateway).await;
    let newest = affineur_gateway::limits::ATTESTATIONS_PER_PAGE;
    assert_eq!(world.asked(), newest);
    let yanked = |file: &&serde_json::Value| file["yanked"] != false;
    let marked = page["files"].as_array().unwrap().iter().filter(yanked).count();
    assert_eq!(marked, newest, "of the others nothing is known yet");
    assert_eq!(had(&gateway).await, Ok(()));
    assert_eq!(world.asked(), newest + 1);
}

#[tokio::test]
async fn an_index_that_signs_nothing_may_show_attestations_too() {
    let mut world = World::new().await;
    let provenance = world.upstream.url(&format!("/{}", integrity(&sdist().name)));
    world.publish_unsigned(provenance.as_str());
    assert_eq!(had(&world.gateway()).await, Ok(()));
    assert_eq!((had(&world.gateway()).await, world.asked()), (Ok(()), 1), "it is kept for a day");
}

#[tokio::test]
async fn attestations_elsewhere_than_at_the_index_are_not_asked_for() {
    let mut world = World::new().await;
    let elsewhere = Upstream::http(|_| answer(200, &[], OBJECT)).await;
    world.publish_unsigned(elsewhere.url("/integrity/x/provenance").as_str());
    let refused = had(&world.gateway()).await.unwrap_err();
    assert!(refused.contains("curator is silent"), "{refused}");
    assert_eq!(elsewhere.asked().len(), 0);
}
