use affineur_packaging::page::{Format, Yanked};

use super::*;

fn project(name: &str) -> ProjectName {
    name.parse().unwrap()
}

fn file(name: &str) -> ListedFile {
    ListedFile {
        name: name.parse().unwrap(),
        sha256: Sha256::from_bytes([7; 32]),
        size: 42,
        requires_python: Some(">=3.9".to_owned()),
        core_metadata: Some(Sha256::from_bytes([8; 32])),
        yanked: Yanked::No,
    }
}

fn listing() -> Listing {
    let mut listing = Listing::empty(project("cheese"));
    listing.insert(ListedFile { yanked: Yanked::Yes("mouldy".to_owned()), ..file("cheese-1.0.tar.gz") });
    listing.insert(file("cheese-1.0-py3-none-any.whl"));
    listing
}

#[test]
fn a_listing_has_one_form_and_is_read_back() {
    let bytes = listing().to_bytes();
    insta::assert_snapshot!(String::from_utf8(bytes.clone()).unwrap());
    let read = Listing::parse(&bytes, &project("cheese")).unwrap();
    assert_eq!(read, listing());
    assert_eq!(read.to_bytes(), bytes);
}

#[test]
fn a_listing_is_a_page_of_the_simple_api() {
    let base = "https://index.example/simple/cheese/".parse().unwrap();
    let page = affineur_packaging::page::parse(Format::Json, &listing().to_bytes(), &base, &project("cheese")).unwrap();
    assert_eq!(page.files.len(), 2);
    assert!(page.files.iter().any(|file| file.url.as_str() == "https://index.example/files/cheese/cheese-1.0.tar.gz"));
}

#[test]
fn a_listing_of_another_project_or_with_its_files_is_refused() {
    let bytes = listing().to_bytes();
    assert_eq!(Listing::parse(&bytes, &project("wine")), Err(ListingError::OtherProject));
    let text = String::from_utf8(bytes).unwrap();
    let foreign = text.replace("cheese-1.0.tar.gz", "wine-1.0.tar.gz");
    assert!(matches!(Listing::parse(foreign.as_bytes(), &project("cheese")), Err(ListingError::OtherFile(_))));
    let twice = text.replace("cheese-1.0.tar.gz", "cheese-1.0-py3-none-any.whl");
    assert!(matches!(Listing::parse(twice.as_bytes(), &project("cheese")), Err(ListingError::Twice(_))));
    let bad = text.replace(&"07".repeat(32), "07");
    assert!(matches!(Listing::parse(bad.as_bytes(), &project("cheese")), Err(ListingError::Digest(_))));
    assert!(matches!(Listing::parse(b"[]", &project("cheese")), Err(ListingError::Format(_))));
}

#[test]
fn the_overlay_dates_and_subtracts_and_adds_nothing() {
    let first_seen = "2026-11-20T10:00:00Z".parse().unwrap();
    let mut overlay = Overlay::empty(project("cheese"));
    overlay.files.insert("cheese-1.0.tar.gz".into(), OverlaidFile { first_seen, yanked: Some("bad".into()), provenance: None });
    overlay.files.insert("cheese-9.0.tar.gz".into(), OverlaidFile { first_seen, yanked: None, provenance: None });
    let overlay = Overlay::parse(&overlay.to_bytes(), &project("cheese")).unwrap();
    let merged = merge(listing(), overlay.clone());
    assert_eq!(merged.files.keys().collect::<Vec<_>>(), ["cheese-1.0-py3-none-any.whl", "cheese-1.0.tar.gz"]);
    assert_eq!(merged.files["cheese-1.0.tar.gz"].yanked_by_index.as_deref(), Some("bad"));
    assert_eq!(merged.files["cheese-1.0-py3-none-any.whl"].first_seen, None);
    let mut quarantined = overlay;
    quarantined.status.marker = StatusMarker::Quarantined;
    let quarantined = Overlay::parse(&quarantined.to_bytes(), &project("cheese")).unwrap();
    assert!(merge(listing(), quarantined).files.is_empty());
}

#[test]
fn an_overlay_names_provenance_by_digest_or_not_at_all() {
    let old = br#"{"files":{"cheese-1.0.tar.gz":{"first-seen":"2026-11-20T10:00:00Z"}},"name":"cheese","status":{"status":"active"}}"#;
    let mut overlay = Overlay::parse(old, &project("cheese")).unwrap();
    assert_eq!(overlay.to_bytes(), old, "as it was before there was provenance");
    let digest = Sha256::from_bytes([9; 32]);
    overlay.files.get_mut("cheese-1.0.tar.gz").unwrap().provenance = Some(digest);
    let bytes = overlay.to_bytes();
    assert_eq!(Overlay::parse(&bytes, &project("cheese")), Ok(overlay.clone()));
    let merged = merge(listing(), overlay);
    assert_eq!(merged.files["cheese-1.0.tar.gz"].provenance, Some(digest));
    assert_eq!(merged.files["cheese-1.0-py3-none-any.whl"].provenance, None);
    let bad = String::from_utf8(bytes).unwrap().replace(&digest.to_string(), "09");
    assert!(matches!(Overlay::parse(bad.as_bytes(), &project("cheese")), Err(ListingError::Digest(_))));
}

#[test]
fn a_status_that_is_no_word_of_the_standard_is_an_error() {
    let text = String::from_utf8(Overlay::empty(project("cheese")).to_bytes()).unwrap();
    assert!(Overlay::parse(text.replace("active", "on-fire").as_bytes(), &project("cheese")).is_err());
}

#[test]
fn everything_of_a_project_lies_in_one_folder() {
    let name = project("cheese");
    let folder = format!("{}/cheese/", shard(&name));
    assert_eq!(listing_path(&name).unwrap().as_str(), format!("{folder}index.json"));
    let file = "cheese-1.0.tar.gz".parse().unwrap();
    assert_eq!(file_path(&name, &file).unwrap().as_str(), format!("{folder}cheese-1.0.tar.gz"));
    assert_eq!(overlay_path(&name).unwrap().as_str(), "_status/cheese.json");
    let repository = "https://index.example/root/tuf/".parse().unwrap();
    assert_eq!(simple_url(&repository).unwrap().as_str(), "https://index.example/root/simple/");
    assert_eq!(
        file_url(&repository, &name, &file).unwrap().as_str(),
        "https://index.example/root/files/cheese/cheese-1.0.tar.gz"
    );
}
