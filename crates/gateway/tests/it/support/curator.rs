//! A curator in memory: whoever tests signs with any of its keys.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::Arc;

use affineur_packaging::{FileName, Sha256};
use affineur_trust::FileFact;
use affineur_trust::curator::{Audit, Ballot, Base, Criteria, CuratorId, Delegate, People, Shelf, Vote};
use affineur_tuf::edit::{Repository, SharedSigner, Signers, sign_json};
use affineur_tuf::key::{KeyPair, Signer};
use affineur_tuf::{Hashes, PathPattern, Paths, TargetFile};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A curator whose keys are made of the number that it has.
pub(crate) struct Curator {
    pub(crate) repository: Repository,
    name: String,
    people: Vec<u8>,
    documents: BTreeMap<String, Vec<u8>>,
}

/// A person's keys are made of a number.
pub(crate) type Person = u8;

fn pair(seed: u8) -> KeyPair {
    KeyPair::from_seed([seed; 32]).unwrap()
}

fn signer(seed: u8) -> SharedSigner {
    Arc::new(pair(seed))
}

/// So many days from now.
pub(crate) fn days(number: i64) -> Timestamp {
    Timestamp::now().checked_add(SignedDuration::from_hours(24 * number)).unwrap()
}

/// A file's name and bytes as claims have them.
pub(crate) fn fact(name: &str, bytes: &[u8]) -> FileFact {
    let name: FileName = name.parse().unwrap();
    let sha256: Sha256 = Hashes::sha256_of(bytes).digest("sha256").unwrap().parse().unwrap();
    FileFact { project: name.project().clone(), name, size: Some(bytes.len() as u64), sha256: Some(sha256) }
}

impl Curator {
    /// A curator below `/<name>/`, with voters and auditors.
    pub(crate) fn new(name: &str, number: u8, (votes, voters): (u16, &[Person]), auditors: &[Person]) -> Self {
        let seat = |role: u8| vec![signer(100 + number * 10 + role)];
        let mut repository =
            Repository::new(Signers::of(seat(0), seat(1), seat(2), seat(3)), "2099-01-01T00:00:00Z".parse().unwrap());
        for (role, (label, pattern)) in Shelf::patterns().into_iter().enumerate() {
            let paths = Paths::Patterns(vec![PathPattern::new(pattern)]);
            repository.delegate_terminating(None, &label.parse().unwrap(), seat(4 + u8::try_from(role).unwrap()), paths);
        }
        let keys = |person: &Person| {
            let pair = pair(*person);
            (format!("p{person}"), BTreeMap::from([(pair.key_id().clone(), pair.key().clone())]))
        };
        let id = CuratorId::from_bytes([number; 32]);
        let (voters, auditors) = (voters.iter().map(keys).collect(), auditors.iter().map(keys).collect());
        let people = People::to_bytes(id, NonZeroU16::new(votes).unwrap(), voters, auditors);
        let mut curator = Self { repository, name: name.to_owned(), people: people.clone(), documents: BTreeMap::new() };
        curator.list(Shelf::People, people);
        curator
    }

    fn list(&mut self, shelf: Shelf<'_>, bytes: Vec<u8>) {
        let (path, target) = (shelf.path().unwrap(), TargetFile::of(&bytes));
        self.documents.insert(format!("{}/targets/{}", self.name, path.url_path(target.hashes().preferred())), bytes);
        self.repository.targets_mut().add_target(&path, target);
    }

    fn put(&mut self, shelf: Shelf<'_>, target: TargetFile) {
        let role = shelf.role().unwrap().parse().unwrap();
        self.repository.role_mut(&role).add_target(&shelf.path().unwrap(), target);
    }

    /// Publishes these ballots about a file, and no others.
    pub(crate) fn tally(&mut self, file: &FileFact, ballots: &[Value]) {
        self.put(Shelf::Voted(&file.name), described(file).with_custom(json!({ "statements": ballots })));
    }

    /// A ballot of a person, as this curator's people cast it.
    pub(crate) fn ballot(&self, file: &FileFact, voter: Person, vote: Vote, serial: u64) -> Value {
        let people = People::parse(&self.people).unwrap();
        signed(voter, &Ballot::new(&people, file, vote, serial, (days(-1), days(80))).unwrap())
    }

    /// Votes for a file, each voter once.
    pub(crate) fn vote(&mut self, file: &FileFact, voters: &[Person]) {
        let ballots: Vec<_> = voters.iter().map(|voter| self.ballot(file, *voter, Vote::For, 1)).collect();
        self.tally(file, &ballots);
    }

    /// Passes an audit on.
    pub(crate) fn pass_on(&mut self, file: &FileFact, audits: &[Value]) {
        self.put(Shelf::Audited(&file.name), described(file).with_custom(json!({ "statements": audits })));
    }

    /// Objects to the whole project.
    pub(crate) fn object(&mut self, file: &FileFact, reason: &str) {
        let objection = json!({"against": "project", "reason": reason, "expires": days(30)});
        let target = TargetFile::of(b"").with_custom(json!({ "objections": [objection] }));
        self.put(Shelf::Objections(&file.project), target);
    }

    /// Says beside the objections which votes were withdrawn: another key than that of the tally signs it.
    pub(crate) fn note_withdrawn(&mut self, file: &FileFact, ballots: &[Value]) {
        let target = TargetFile::of(b"").with_custom(json!({ "objections": [], "withdrawals": ballots }));
        self.put(Shelf::Objections(&file.project), target);
    }

    /// Trusts a publisher for the project of a file.
    pub(crate) fn trust(&mut self, file: &FileFact, publisher: &str) {
        let author = json!({ "publisher": publisher, "until": days(30) });
        self.put(Shelf::Authors(&file.project), TargetFile::of(b"").with_custom(json!({ "authors": [author] })));
    }

    /// Names another curator.
    pub(crate) fn name(&mut self, delegate: &Delegate) {
        self.list(Shelf::Curators, Delegate::to_bytes(std::slice::from_ref(delegate)));
    }

    /// Signs everything, and gives all files by their path.
    pub(crate) fn publish(&mut self) -> BTreeMap<String, Vec<u8>> {
        self.repository.publish().unwrap();
        let metadata =
            self.repository.files().iter().map(|(path, bytes)| (format!("{}/metadata/{path}", self.name), bytes.clone()));
        self.documents.clone().into_iter().chain(metadata).collect()
    }

    /// The root to begin with.
    pub(crate) fn root(&self) -> &[u8] {
        self.repository.file("root", Some(1)).unwrap()
    }
}

fn described(file: &FileFact) -> TargetFile {
    TargetFile::new(file.size.unwrap(), Hashes::default().with("sha256", &file.sha256.unwrap().to_string()))
}

/// A statement signed by a person.
pub(crate) fn signed(person: Person, statement: &impl serde::Serialize) -> Value {
    let pair = pair(person);
    let bytes = sign_json(&serde_json::to_value(statement).unwrap(), [&pair as &dyn Signer]).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// An audit of a whole file, or of what is different from another one.
pub(crate) fn audit(file: &FileFact, auditor: Person, from: Option<&FileFact>) -> Value {
    let from = from.map(|from| Base { file: from.name.to_string(), sha256: from.sha256.unwrap().to_string() });
    let audit = Audit::new(file, Criteria::SafeToDeploy, from, "read".to_owned(), (days(-1), days(300)));
    signed(auditor, &audit.unwrap())
}
