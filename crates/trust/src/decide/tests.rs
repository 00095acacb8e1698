mod accounts;
mod demands;
mod monotone;
mod properties;

use affineur_packaging::{FileName, Sha256};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{AddedPolicy, Claims, Contradiction, LastModified, PartyName, PolicySet, Unavailable};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    time("2026-11-20T12:00:00Z")
}

fn party(name: &str) -> PartyName {
    name.parse().unwrap()
}

fn file(name: &str) -> FileFact {
    let name: FileName = name.parse().unwrap();
    FileFact { project: name.project().clone(), name, size: None, sha256: Some(Sha256::from_bytes([7; 32])) }
}

fn requests() -> FileFact {
    file("requests-2.32.3-py3-none-any.whl")
}

fn says(claim: Claim) -> Evidence {
    Evidence::of_source(party("index.example"), claim)
}

fn uploaded(when: &str) -> Pin {
    Pin { first_seen: now(), absent_until: None, upload_time: Some(time(when)), last_modified: LastModified::NotAsked }
}

fn decide(policy: &Policy, claim: Claim) -> Decision {
    policy.decide(&requests(), &says(claim), now())
}

#[track_caller]
fn withheld(decision: Decision) -> Withheld {
    match decision {
        Decision::Withhold(withheld) => withheld,
        Decision::Allow(allowed) => panic!("allowed: {}", allowed.reasons()[0]),
    }
}

/// A policy with index.example as its source and a line more.
fn policy(more: &str) -> Policy {
    let party = "party.'index.example'.upstream = 'https://index.example/simple/'\n";
    Policy::parse(&format!("sources = ['index.example']\n{party}{more}")).unwrap()
}

fn exception(rest: &str) -> Policy {
    policy(&format!("[[exception]]\nproject = 'requests'\nreason = 'urgent fix'\n{rest}"))
}

fn young() -> Claim {
    Claim::Pinned(uploaded("2026-11-18T09:07:00Z"))
}

#[track_caller]
fn allowed(decision: Decision) -> Allowed {
    match decision {
        Decision::Allow(allowed) => allowed,
        Decision::Withhold(withheld) => panic!("withheld: {}", withheld.reasons()[0]),
    }
}

#[test]
fn a_release_of_the_day_before_yesterday_waits() {
    let withheld = withheld(decide(&Policy::built_in(), young()));
    assert_eq!(
        withheld.reasons()[0].to_string(),
        "released 2 days ago (upload-time 2026-11-18T09:07Z), the built-in policy waits 3 days: eligible 2026-11-21T09:07Z"
    );
    assert_eq!(withheld.class(), Class::Refused);
    assert_eq!(withheld.until(), Some(time("2026-11-21T09:07:00Z")));
}

#[test]
fn a_release_of_last_week_passes_for_good() {
    let allowed = allowed(decide(&policy(""), Claim::Pinned(uploaded("2026-11-13T09:07:00Z"))));
    assert_eq!(
        allowed.reasons()[0].to_string(),
        "released 7 days ago (upload-time 2026-11-13T09:07Z), the policy waits 3 days"
    );
    assert_eq!(allowed.valid_until(), None);
    assert_eq!(allowed.file(), &requests());
}

#[test]
fn the_wait_ends_at_the_moment_and_not_before() {
    let edge = time("2026-11-17T12:00:00Z");
    let pin = |upload_time| Pin { upload_time: Some(upload_time), ..uploaded("2026-11-17T12:00:00Z") };
    assert!(decide(&policy(""), Claim::Pinned(pin(edge))).is_allowed());
    let later = edge.checked_add(SignedDuration::from_nanos(1)).unwrap();
    assert!(!decide(&policy(""), Claim::Pinned(pin(later))).is_allowed());
}

#[test]
fn a_contradiction_of_the_source_is_hostile_whatever_else_holds() {
    let what = Contradiction::Digest { pinned: Sha256::from_bytes([1; 32]), got: None, since: time("2026-11-01T00:00:00Z") };
    for policy in
        [Policy::built_in(), policy("").clone(), exception("until = 2026-12-01"), policy("minimum-age = '0'\nmode = 'observe'")]
    {
        let withheld = withheld(decide(&policy, Claim::Contradicts(what.clone())));
        assert_eq!((withheld.class(), withheld.until()), (Class::Hostile, None));
        assert!(withheld.reasons()[0].is_alarm());
    }
    let no_digest = FileFact { sha256: None, ..requests() };
    assert_eq!(withheld(policy("").decide(&no_digest, &says(Claim::Contradicts(what)), now())).class(), Class::Hostile);
}

#[test]
fn silent_and_unavailable_are_different_answers() {
    let silent = withheld(decide(&policy(""), Claim::Silent));
    assert_eq!((silent.class(), silent.reasons()[0].code()), (Class::Refused, "not-listed"));
    let nobody = Evidence { claims: Claims::default(), ..says(Claim::Silent) };
    assert_eq!(withheld(policy("").decide(&requests(), &nobody, now())).reasons(), silent.reasons());
    let unavailable = withheld(decide(&policy(""), Claim::Unavailable(Unavailable { problem: "timed out".to_owned() })));
    assert_eq!(unavailable.class(), Class::Undecided);
    assert_eq!(unavailable.reasons()[0].to_string(), "index.example has no answer: timed out");
}

#[test]
fn a_file_without_a_digest_is_undecided_even_if_it_is_old() {
    let file = FileFact { sha256: None, ..requests() };
    let withheld = withheld(policy("").decide(&file, &says(Claim::Pinned(uploaded("2020-01-01T00:00:00Z"))), now()));
    assert_eq!((withheld.class(), withheld.reasons()[0].code()), (Class::Undecided, "no-digest"));
}

#[test]
fn another_party_can_neither_admit_nor_object_and_its_contradiction_is_told() {
    let old = Claim::Pinned(uploaded("2026-11-01T00:00:00Z"));
    let with = |source: Claim, other: Claim| {
        let mut about = says(source);
        about.claims.insert(party("other"), other);
        policy("").decide(&requests(), &about, now())
    };
    let alarmed = allowed(with(old.clone(), Claim::Contradicts(Contradiction::ListedTwice)));
    assert_eq!(alarmed.reasons().iter().map(Reason::code).collect::<Vec<_>>(), ["old-enough", "other-party-contradicts"]);
    assert!(alarmed.reasons()[1].is_alarm());
    let silent = withheld(with(Claim::Silent, old));
    assert_eq!(silent.reasons()[0].code(), "not-listed", "what another party has does not count");
}

#[test]
fn a_file_of_somebody_who_is_no_source_of_the_project_is_refused() {
    let parties = "sources = ['other']\n[party.other]\nupstream = 'https://other.example/'\n[party.'index.example']\nupstream = 'https://index.example/simple/'\n";
    let scope = "[[scope]]\nprojects = ['acme-*']\nonly = ['index.example']\nminimum-age = '0'\n";
    let policy = Policy::parse(&format!("{parties}{scope}")).unwrap();
    let acme = file("acme_base-1.0-py3-none-any.whl");
    let old = || Claim::Pinned(uploaded("2026-11-01T00:00:00Z"));
    assert!(policy.decide(&acme, &says(old()), now()).is_allowed());
    let refused = withheld(decide(&policy, old()));
    assert_eq!(refused.class(), Class::Refused);
    assert_eq!(refused.reasons()[0].to_string(), "index.example is no source for this project: it may only come from other");
    let impostor = Evidence::of_source(party("other"), old());
    assert_eq!(withheld(policy.decide(&acme, &impostor, now())).reasons()[0].code(), "not-its-source");
}

#[test]
fn without_a_policy_the_source_that_was_named_is_not_the_only_one() {
    let upstream = crate::Upstream::at("https://other.example/simple/".parse().unwrap()).unwrap();
    let policy = Policy::for_upstream(party("other"), upstream);
    assert_eq!(policy.sources, [party("other")]);
    assert!(decide(&policy, Claim::Pinned(uploaded("2026-11-01T00:00:00Z"))).is_allowed());
}

#[test]
fn an_exception_admits_what_it_names_until_it_ends() {
    let policy = exception("versions = '==2.32.*'\nuntil = 2026-11-20T18:00:00Z");
    let allowed = allowed(decide(&policy, young()));
    assert_eq!(allowed.reasons()[0].to_string(), "an exception for requests allows it until 2026-11-20T18:00Z: urgent fix");
    assert_eq!(allowed.valid_until(), Some(time("2026-11-20T18:00:00Z")));
    assert!(!policy.decide(&requests(), &says(young()), time("2026-11-20T18:00:00Z")).is_allowed(), "it has ended");
    assert!(!policy.decide(&file("requests-2.33.0.tar.gz"), &says(young()), now()).is_allowed(), "another version");
    assert!(!policy.decide(&file("requests_x-2.32.3.tar.gz"), &says(young()), now()).is_allowed(), "another project");
}

#[test]
fn an_exception_with_a_wait_of_its_own_shortens_the_wait() {
    let withheld = withheld(decide(&exception("minimum-age = '60h'\nuntil = 2026-11-22"), young()));
    assert_eq!(withheld.until(), Some(time("2026-11-20T21:07:00Z")));
    let ends_first = exception("minimum-age = '60h'\nuntil = 2026-11-20T20:00:00Z");
    assert_eq!(decide_until(&ends_first), Some(time("2026-11-21T09:07:00Z")), "it ends before it could help");
    let longer = exception("minimum-age = '9d'\nuntil = 2026-11-22");
    assert_eq!(decide_until(&longer), Some(time("2026-11-21T09:07:00Z")), "an exception never makes a wait longer");
}

fn decide_until(policy: &Policy) -> Option<Timestamp> {
    withheld(decide(policy, young())).until()
}

#[test]
fn an_exception_for_longer_than_a_year_does_not_count_yet() {
    let policy = exception("until = 2028-01-01");
    assert!(!decide(&policy, young()).is_allowed());
    assert!(policy.decide(&requests(), &says(young()), time("2026-12-31T00:00:00Z")).is_allowed());
}

#[test]
fn a_file_of_unknown_age_is_withheld_by_a_policy_and_passes_loudly_without_one() {
    let unknown =
        || Claim::Pinned(Pin { upload_time: None, last_modified: LastModified::Unknown, ..uploaded("2026-11-18T00:00:00Z") });
    let withheld = withheld(decide(&policy(""), unknown()));
    assert_eq!((withheld.class(), withheld.reasons()[0].code()), (Class::Undecided, "age-unknown"));
    assert_eq!(withheld.until(), Some(time("2026-11-23T12:00:00Z")), "it has then been known for three days");
    let allowed = allowed(decide(&Policy::built_in(), unknown()));
    assert!(allowed.reasons()[0].is_loud());
    assert!(policy("").decide(&requests(), &says(unknown()), time("2026-11-23T12:00:00Z")).is_allowed());

    let added = AddedPolicy::parse("minimum-age = '1h'").unwrap();
    let set = PolicySet::new(Policy::built_in(), Some(added));
    assert!(!set.decide(requests(), &says(unknown()), now()).is_allowed(), "a policy of the working directory is a policy");
}

#[test]
fn a_date_that_was_not_asked_for_is_asked_for_first() {
    let not_asked = || Claim::Pinned(Pin { upload_time: None, ..uploaded("2026-11-18T00:00:00Z") });
    for policy in [Policy::built_in(), policy("")] {
        let withheld = withheld(decide(&policy, not_asked()));
        assert_eq!((withheld.class(), withheld.until()), (Class::Undecided, None));
        assert_eq!(withheld.reasons()[0].to_string(), "its date has not been asked for yet at index.example");
    }
    assert!(decide(&policy("minimum-age = '0'"), not_asked()).is_allowed(), "who asks for no wait needs no date");
    assert!(decide(&exception("until = 2026-11-21"), not_asked()).is_allowed());
}

#[test]
fn both_policies_must_let_a_file_through() {
    let set = |added: &str| PolicySet::new(policy(""), Some(AddedPolicy::parse(added).unwrap()));
    let of = |added: &str, claim: Claim| set(added).decide(requests(), &says(claim), now());
    let week = || Claim::Pinned(uploaded("2026-11-15T12:00:00Z"));

    assert!(of("minimum-age = '5d'", week()).is_allowed());
    let stricter = withheld(of("minimum-age = '7d'", week()));
    assert_eq!(
        stricter.reasons()[0].to_string(),
        "released 5 days ago (upload-time 2026-11-15T12:00Z), the policy in the working directory waits 7 days: eligible 2026-11-22T12:00Z"
    );
    let both = withheld(of("minimum-age = '7d'", young()));
    assert_eq!(both.reasons().len(), 2);
    assert_eq!(both.until(), Some(time("2026-11-25T09:07:00Z")), "the later of the two");
    assert_eq!(withheld(of("minimum-age = '0'", young())).reasons().len(), 1, "the added policy cannot shorten the wait");
    assert_eq!(withheld(of("", Claim::Silent)).reasons().len(), 1, "what both say is said once");
    let scoped = "minimum-age = '9d'\n[[scope]]\nprojects = ['requests']\nminimum-age = '0'";
    assert!(of(scoped, week()).is_allowed(), "its own scopes hold for it");
}

#[test]
fn an_exception_of_the_user_does_not_hold_for_the_added_policy() {
    let main = exception("until = 2026-12-01");
    assert!(decide(&main, young()).is_allowed());
    let set = PolicySet::new(main, Some(AddedPolicy::parse("minimum-age = '4d'").unwrap()));
    assert!(!set.decide(requests(), &says(young()), now()).is_allowed());
}
