use affineur_packaging::Sha256;
use affineur_packaging::page::StatusMarker;
use affineur_tuf::{Lookup, TargetFile};

use super::testing::{Index, document, listing_of};
use super::*;
use crate::Class;
use crate::listing::{BINS, file_path, listing_path, overlay_path};

fn cheese() -> ProjectName {
    "cheese".parse().unwrap()
}

fn digest() -> Sha256 {
    Sha256::from_bytes([7; 32])
}

fn listing() -> Listing {
    listing_of("cheese-1.0-py3-none-any.whl", digest())
}

fn fact(name: &str, sha256: Option<Sha256>) -> FileFact {
    let name: affineur_packaging::FileName = name.parse().unwrap();
    FileFact { project: name.project().clone(), name, size: None, sha256 }
}

fn pin() -> Pin {
    let first_seen = "2026-11-20T10:00:00Z".parse().unwrap();
    Pin { first_seen, absent_until: None, upload_time: None, last_modified: LastModified::At(first_seen) }
}

fn published(change: impl FnOnce(&mut Index)) -> Index {
    let mut index = Index::new();
    index.add_project(&listing(), &Overlay::empty(cheese()));
    change(&mut index);
    index.repository.publish().unwrap();
    index
}

/// What is wrong with a project after a change.
fn refused(change: impl FnOnce(&mut Index)) -> NotVouched {
    published(change).project(&cheese()).unwrap_err()
}

#[test]
fn a_listed_file_is_vouched_for_by_the_chain_of_its_listing() {
    let project = published(|_| ()).project(&cheese()).unwrap();
    let vouched = project.vouch(fact("cheese-1.0-py3-none-any.whl", Some(digest())), &pin()).unwrap();
    assert_eq!(vouched.worth(), Worth::Index { tier: Tier::Unclaimed, track: None });
    let shown = ShownChain(vouched.chain()).to_string();
    assert!(shown.starts_with("targets v1 (2 of 2) -> bins v1 (2 of 2) -> bin.1-"), "{shown}");
    assert!(shown.ends_with(" v1 (1 of 1)"), "{shown}");
    assert_eq!(vouched.pin().unwrap().last_modified, LastModified::Unknown, "nobody signed it");
}

#[test]
fn nothing_but_the_listed_bytes_of_the_listed_project_is_vouched_for() {
    let project = published(|_| ()).project(&cheese()).unwrap();
    for (name, sha256) in [
        ("cheese-1.0-py3-none-any.whl", Some(Sha256::from_bytes([8; 32]))),
        ("cheese-1.0-py3-none-any.whl", None),
        ("cheese-2.0-py3-none-any.whl", Some(digest())),
        ("wine-1.0-py3-none-any.whl", Some(digest())),
    ] {
        assert_eq!(project.vouch(fact(name, sha256), &pin()), None, "{name}");
    }
    let other = FileFact { project: "wine".parse().unwrap(), ..fact("cheese-1.0-py3-none-any.whl", Some(digest())) };
    assert_eq!(project.vouch(other, &pin()), None);
}

#[test]
fn a_document_of_other_bytes_is_hostile() {
    for path in [listing_path(&cheese()).unwrap(), overlay_path(&cheese()).unwrap()] {
        let mut index = published(|_| ());
        let length = index.documents[&path.to_string()].len();
        for at in 0..length {
            let before = index.documents[&path.to_string()].clone();
            index.documents.get_mut(&path.to_string()).unwrap()[at] ^= 1;
            let why = index.project(&cheese()).unwrap_err();
            assert!(matches!(why, NotVouched::Document { fault: DocumentFault::Differs(_), .. }), "{at}: {why:?}");
            assert_eq!(why.class(), Class::Hostile);
            index.documents.insert(path.to_string(), before);
        }
        index.documents.get_mut(&path.to_string()).unwrap().push(b' ');
        assert_eq!(index.project(&cheese()).unwrap_err().code(), "document-differs");
    }
}

#[test]
fn a_document_signed_elsewhere_is_hostile() {
    for path in [listing_path(&cheese()).unwrap(), overlay_path(&cheese()).unwrap()] {
        let why = refused(|index| {
            let target = TargetFile::of(&index.documents[&path.to_string()]);
            index.repository.targets_mut().add_target(&path, target);
        });
        assert!(matches!(why, NotVouched::Document { fault: DocumentFault::Misplaced(_), .. }), "{why:?}");
        assert_eq!(why.class(), Class::Hostile);
        let why = refused(|index| {
            let target = TargetFile::of(&index.documents[&path.to_string()]);
            index.repository.role_mut(&BINS.parse().unwrap()).add_target(&path, target);
        });
        assert_eq!(why.code(), "document-misplaced");
    }
}

#[test]
fn a_signed_document_of_another_project_is_hostile() {
    let wine = listing_of("wine-1.0.tar.gz", digest());
    for (path, bytes) in [
        (listing_path(&cheese()).unwrap(), wine.to_bytes()),
        (overlay_path(&cheese()).unwrap(), Overlay::empty(wine.project.clone()).to_bytes()),
    ] {
        let why = refused(|index| index.add(&path, bytes));
        assert_eq!((why.code(), why.class()), ("document-unreadable", Class::Hostile));
    }
}

#[test]
fn a_quarantined_project_has_names_and_vouches_for_nothing() {
    let index = published(|index| {
        let mut overlay = Overlay::empty(cheese());
        overlay.status.marker = StatusMarker::Quarantined;
        overlay.status.reason = Some("malware".to_owned());
        index.add_project(&listing(), &overlay);
    });
    let [path, overlay] = [listing_path(&cheese()).unwrap(), overlay_path(&cheese()).unwrap()]
        .map(|path| (index.found(&path), index.documents[&path.to_string()].clone()));
    let listing = VerifiedListing::read(&cheese(), document(&path)).unwrap();
    assert_eq!(listing.listing().files.len(), 1);
    let why = listing.with_overlay(document(&overlay)).unwrap_err();
    assert_eq!(why.to_string(), "it has quarantined this project and says \"malware\"");
    assert_eq!(why.class(), Class::Refused);
}

#[test]
fn what_no_role_lists_is_absent() {
    let index = published(|_| ());
    assert_eq!(index.find(&listing_path(&"wine".parse().unwrap()).unwrap()), Lookup::Absent);
    let file = "cheese-1.0-py3-none-any.whl".parse().unwrap();
    assert_eq!(index.find(&file_path(&cheese(), &file).unwrap()), Lookup::Absent, "granularity: listings only");
}
