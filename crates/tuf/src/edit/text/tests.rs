//! A text says the same as a draft, whatever is edited.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::hashes::Hashes;
use crate::testing::signer;

const EXPIRES: &str = "2030-01-01T00:00:00Z";

/// Names that are hard to keep in order: prefixes of each other, escapes, what sorts differently when it is escaped.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]{0,3}", "[a\"\\\\!/\u{7f}\u{e9}\u{10348}]{0,4}"]
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![1_u64..12, any::<u64>()].prop_filter_map("0 is no version", Version::new)
}

fn listed() -> impl Strategy<Value = Listed> {
    (version(), prop::option::of("[a-z]{0,9}"), entry_unknown()).prop_map(|(version, bytes, unknown)| {
        let bytes = bytes.as_deref().map(str::as_bytes);
        with_fields(bytes.map_or(Listed::version_only(version), |bytes| Listed::with_digest(version, bytes)), unknown)
    })
}

fn target() -> impl Strategy<Value = TargetFile> {
    let custom = prop_oneof![Just(json!({"b": [1, {"}": "\"{,"}], "a": null})), Just(json!("\\"))];
    (any::<u64>(), prop::option::of(custom), entry_unknown()).prop_map(|(length, custom, unknown)| {
        let file = TargetFile::new(length, Hashes::default().with("sha256", "00").with("x", "\"").with("blake2", "ab"));
        with_fields(custom.map_or(file.clone(), |custom| file.with_custom(custom)), unknown)
    })
}

/// A field that the specification does not name, before or after those that it does.
fn entry_unknown() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![4 => Just(None), 1 => Just(Some("a")), 1 => Just(Some("zz"))]
}

fn with_fields<T: Serialize + DeserializeOwned>(entry: T, unknown: Option<&str>) -> T {
    let mut value = serde_json::to_value(entry).unwrap();
    value.as_object_mut().unwrap().extend(unknown.map(|name| (name.to_owned(), json!({"b": 1, "a": 2}))));
    serde_json::from_value(value).unwrap()
}

/// What somebody else may have written into the same file: before and after the entries.
fn unknown() -> impl Strategy<Value = Value> {
    let value = prop_oneof![Just(json!("\"meta\":{}")), Just(json!({"targets": {}, "a": [",", {}]})), Just(json!(7))];
    prop::collection::btree_map("[a-z]{1,2}|x-\"|zz", value, 0..4).prop_map(|map| Value::Object(map.into_iter().collect()))
}

/// The draft with these fields beside the known ones.
fn with_unknown<R: Role>(draft: &Draft<R>, unknown: &Value) -> Draft<R> {
    let mut body = serde_json::to_value(&draft.body).unwrap();
    body.as_object_mut().unwrap().extend(unknown.as_object().unwrap().clone());
    Draft { body: serde_json::from_value(body).unwrap() }
}

/// Signed, they are the same but for the order in which a file's members are printed.
fn says_the_same<R: Entries>(text: &Text<R>, draft: &Draft<R>) {
    let [text, draft] = [text.sign([&*signer(1)]), draft.sign([&*signer(1)])].map(|signed| signed.unwrap());
    assert_eq!(text.version(), draft.version());
    assert_eq!(canonical(text.bytes()).unwrap(), canonical(draft.bytes()).unwrap());
}

fn snapshot() -> Draft<Snapshot> {
    let mut draft = Draft::<Snapshot>::new(EXPIRES.parse().unwrap());
    draft.list("targets", Listed::version_only(Version::FIRST));
    draft
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_snapshot_as_text_says_what_the_draft_says(
        unknown in unknown(), edits in prop::collection::vec(prop::collection::vec((name(), listed()), 0..5), 0..5)
    ) {
        let mut draft = with_unknown(&snapshot(), &unknown);
        let mut text = Text::of(&draft).unwrap();
        for group in edits {
            let mut edits = Edits::default();
            for (role, listed) in group {
                draft.list(&role, listed.clone());
                edits.list(&role, listed);
            }
            draft = draft.next().unwrap();
            text = text.edited(&edits).unwrap().next().unwrap();
            says_the_same(&text, &draft);
            prop_assert_eq!(text.len(), draft.body.meta.len());
            for (role, listed) in draft.body.roles() {
                prop_assert_eq!(text.role(role), Some(listed.clone()));
            }
            prop_assert_eq!(text.role("c"), None);
        }
    }

    #[test]
    fn targets_as_text_say_what_the_draft_says_also_when_they_are_read_again(
        unknown in unknown(),
        edits in prop::collection::vec(prop::collection::vec(("[ab\"]{1,3}", prop::option::of(target())), 0..5), 0..5)
    ) {
        let mut draft = with_unknown(&Draft::<Targets>::new(EXPIRES.parse().unwrap()), &unknown);
        let mut text = Text::of(&draft).unwrap();
        for group in edits {
            let mut edits = Edits::default();
            for (path, target) in group {
                let path: TargetPath = path.parse().unwrap();
                match target {
                    Some(target) => {
                        draft.add_target(&path, target.clone());
                        edits.add_target(&path, target);
                    }
                    None => {
                        draft.remove_target(&path);
                        edits.remove_target(&path);
                    }
                }
            }
            draft = draft.next().unwrap();
            text = text.edited(&edits).unwrap().next().unwrap();
            says_the_same(&text, &draft);
            let read = Text::reopen(text.sign([&*signer(1)]).unwrap().bytes()).unwrap();
            prop_assert_eq!(&read.entries, &text.entries);
            prop_assert_eq!(&read.starts, &text.starts);
            says_the_same(&read, &draft);
            // A file of ours that another program wrote: other order, white space, escapes that nobody needs.
            let mut strange: Value = serde_json::from_slice(draft.sign([&*signer(1)]).unwrap().bytes()).unwrap();
            strange["x"] = json!(1.5);
            let strange = serde_json::to_string_pretty(&strange).unwrap().replace("sha256", "sh\\u00612\\u00356");
            says_the_same(&Text::reopen(strange.as_bytes()).unwrap(), &draft);
        }
    }
}

#[test]
fn what_clients_refuse_does_not_become_a_text() {
    let draft = Draft::<Snapshot>::new(EXPIRES.parse().unwrap());
    assert!(matches!(Text::of(&draft), Err(SignError::Fault(Fault::Format(_)))), "targets are not listed");
    let mut full = Text::of(&snapshot()).unwrap();
    full.starts.resize(limits::SNAPSHOT_ROLES, full.entries.len());
    assert!(full.edited(&Edits::default()).is_ok());
    full.starts.push(full.entries.len());
    assert!(matches!(full.edited(&Edits::default()), Err(SignError::Fault(Fault::Format(_)))), "too many");
    assert!(Text::reopen(b"{}").is_err());
    assert!(Text::reopen(Text::of(&snapshot()).unwrap().sign([&*signer(1)]).unwrap().bytes()).is_err(), "no targets");
}

#[test]
fn a_control_character_has_no_place_in_a_text() {
    let mut edits = Edits::default();
    edits.list("a\n", Listed::version_only(Version::FIRST));
    let refused = Text::of(&snapshot()).unwrap().edited(&edits);
    assert!(matches!(refused, Err(SignError::Fault(Fault::Format(_)))), "{refused:?}");
    let draft = with_unknown(&snapshot(), &json!({"x": "\u{1}"}));
    assert!(Text::of(&draft).unwrap().sign([&*signer(1)]).is_err());
    let draft = with_unknown(&Draft::<Targets>::new(EXPIRES.parse().unwrap()), &json!({"x": "\u{1}"}));
    assert!(Text::reopen(draft.sign([&*signer(1)]).unwrap().bytes()).is_err());
}
