//! Demands by example: the mail's policy, and each way in which one of its four parties can be missing.

use std::sync::{Arc, LazyLock};

use super::*;
use crate::listing::{Overlay, listing_path};
use crate::testing::Vouch;
use crate::vouch::testing::{Index, listing_of};
use crate::{Against, Level, NotVouched, Objection, Origins, Standing, Track, Vouches, Worth, WrittenBy};

/// The mail's numbers: an index, its curator, two curators of one's own; all four are needed.
pub(crate) const MAIL: &str = r#"
sources = ["index"]
minimum-score = "5.5"
minimum-age = "0"
[party.index]
repository = "https://index.example/tuf/"
root = "index.json"
weight = { unclaimed = "0.5" }
[party.pypi-curator]
repository = "https://pypi-curator.example/tuf/"
root = "pypi-curator.json"
weight = { voted = "0.75", audited = "1.0" }
[party.curator-1]
repository = "https://curator-1.example/tuf/"
root = "curator-1.json"
weight = { audited = "2.0" }
max-stale = "2d"
[party.curator-2]
repository = "https://curator-2.example/tuf/"
root = "curator-2.json"
weight = { audited = "2.0" }
"#;

static CHAIN: LazyLock<Arc<affineur_tuf::Chain>> = LazyLock::new(|| {
    let mut index = Index::new();
    let listing = listing_of("requests-2.32.3-py3-none-any.whl", Sha256::from_bytes([7; 32]));
    index.add_project(&listing, &Overlay::empty(listing.project.clone()));
    index.repository.publish().unwrap();
    Arc::new(index.found(&listing_path(&listing.project).unwrap()).chain)
});

fn key(byte: u8) -> crate::Origin {
    crate::Origin::Key(Sha256::from_bytes([byte; 32]))
}

fn author_key(byte: u8) -> crate::Author {
    crate::Author::Key(Sha256::from_bytes([byte; 32]))
}

pub(crate) fn vouch(worth: Worth, origin: u8) -> Vouch {
    let origins = Origins::new(key(origin), []);
    let pin = matches!(worth, Worth::Index { .. }).then(|| uploaded("2026-11-19T00:00:00Z"));
    Vouch { file: Arc::new(requests()), worth, origins, pin, attested: None, until: None }
}

pub(crate) fn claim(vouch: Vouch) -> Claim {
    Claim::Vouched(vouch.made(&CHAIN).into())
}

pub(crate) fn audited(origin: u8) -> Claim {
    claim(vouch(Worth::Curator(Level::Audited), origin))
}

fn indexed(track: Option<Track>) -> Claim {
    claim(vouch(Worth::Index { tier: crate::listing::Tier::Unclaimed, track }, 1))
}

/// Everybody vouches.
pub(crate) fn all() -> Evidence {
    let claims = [("index", indexed(None)), ("pypi-curator", audited(2)), ("curator-1", audited(3)), ("curator-2", audited(4))];
    let claims = claims.into_iter().map(|(name, claim)| (party(name), claim)).collect();
    Evidence { claims, heard: [(party("curator-1"), now())].into(), ..Evidence::of_source(party("index"), Claim::Silent) }
}

pub(crate) fn but(name: &str, claim: Claim) -> Evidence {
    let mut about = all();
    about.claims.insert(party(name), claim);
    about
}

pub(crate) fn mail(more: &str) -> Policy {
    Policy::parse(&MAIL.replacen("sources", &format!("{more}\nsources"), 1)).unwrap()
}

fn says_about(policy: &Policy, about: &Evidence) -> (Option<Class>, String) {
    let decision = policy.decide(&requests(), about, now());
    let class = decision.reasons().iter().filter_map(Reason::class).max();
    assert_eq!(class.is_none(), decision.is_allowed());
    (class, decision.reasons()[if class.is_none() { 1 } else { 0 }].to_string())
}

fn objection(name: &str, against: Against) -> Objection {
    Objection { party: party(name), against, reason: "steals tokens".to_owned(), expires: time("2026-12-01T00:00:00Z") }
}

#[test]
fn all_four_together_are_enough() {
    let text = "score 5.500 of 5.500: curator-1 2.000 (audited), curator-2 2.000 (audited), index 0.500 (unclaimed), pypi-curator 1.000 (audited)";
    assert_eq!(says_about(&mail(""), &all()), (None, text.to_owned()));
}

#[test]
fn without_any_one_of_them_the_reason_says_who_and_why() {
    let unavailable = || Claim::Unavailable(Unavailable { problem: "timed out".to_owned() });
    let quarantined = || Claim::NotVouched(Box::new(NotVouched::Quarantined { reason: None }));
    let expired = claim(Vouch { until: Some(time("2026-11-20T12:00:00Z")), ..vouch(Worth::Curator(Level::Audited), 3) });
    let other = claim(Vouch { file: Arc::new(file("other-1.0.tar.gz")), ..vouch(Worth::Curator(Level::Audited), 3) });
    let mut stale = all();
    stale.heard.insert(party("curator-1"), time("2026-11-18T12:00:00Z"));
    let mut never = all();
    never.heard.clear();
    let (refused, undecided) = (Some(Class::Refused), Some(Class::Undecided));
    for (about, class, text) in [
        (but("pypi-curator", Claim::Silent), refused, "score 4.500 of 5.500: pypi-curator is silent"),
        (but("curator-2", unavailable()), undecided, "score 3.500 of 5.500: curator-2 is unavailable (timed out)"),
        (
            but("curator-1", expired),
            refused,
            "score 3.500 of 5.500: curator-1 is silent (its statement ended 2026-11-20T12:00Z)",
        ),
        (but("curator-1", other), refused, "score 3.500 of 5.500: curator-1 is silent"),
        (stale, undecided, "score 3.500 of 5.500: curator-1 is stale (nothing new since 2026-11-18T12:00Z)"),
        (never, undecided, "score 3.500 of 5.500: curator-1 is stale (never heard)"),
        (but("curator-2", audited(3)), refused, "score 3.500 of 5.500: curator-2 adds nothing (same origin as curator-1)"),
        (
            but("pypi-curator", claim(vouch(Worth::Curator(Level::Voted), 2))),
            refused,
            "score 5.250 of 5.500: pypi-curator counts 0.750 of 1.000 (voted)",
        ),
        (
            but("curator-2", quarantined()),
            refused,
            "score 3.500 of 5.500: curator-2 does not vouch (it has quarantined this project)",
        ),
    ] {
        let (found_class, found) = says_about(&mail(""), &about);
        assert_eq!(found, text);
        assert_eq!(found_class, class, "{text}");
    }
}

#[test]
fn two_missing_of_whom_one_may_still_come_are_refused() {
    let mut about = but("pypi-curator", Claim::Silent);
    about.claims.insert(party("curator-2"), Claim::Unavailable(Unavailable { problem: String::new() }));
    let text = "score 2.500 of 5.500: curator-2 is unavailable, pypi-curator is silent";
    assert_eq!(says_about(&mail(""), &about), (Some(Class::Refused), text.to_owned()));
}

#[test]
fn a_required_party_must_vouch_whatever_the_score() {
    let policy =
        Policy::parse(&MAIL.replace("minimum-score = \"5.5\"", "minimum-score = \"4.5\"\nrequire = ['pypi-curator']")).unwrap();
    let text = "required: pypi-curator is silent";
    assert_eq!(says_about(&policy, &but("pypi-curator", Claim::Silent)), (Some(Class::Refused), text.to_owned()));
    let down = but("pypi-curator", Claim::Unavailable(Unavailable { problem: "timed out".to_owned() }));
    let text = "required: pypi-curator is unavailable (timed out)";
    assert_eq!(says_about(&policy, &down), (Some(Class::Undecided), text.to_owned()));
    assert_eq!(says_about(&policy, &but("curator-1", Claim::Silent)).0, Some(Class::Refused));
    assert_eq!(says_about(&policy, &all()).0, None);
}

#[test]
fn k_of_needs_members_without_a_common_origin_and_the_rest_looks_at_parties() {
    let rule = |rule: &str| {
        mail(&format!("rule = '{rule}'")).canonical().replace("minimum-score = \"5.5\"", "minimum-score = \"0.5\"")
    };
    let policy = |text: &str| Policy::parse(&rule(text)).unwrap();
    let same = but("curator-2", audited(3));
    let two = policy("2 of (curator-1, curator-2, pypi-curator)");
    assert_eq!(says_about(&two, &same).0, None, "pypi-curator is the second one");
    let mut only_two = same.clone();
    only_two.claims.insert(party("pypi-curator"), Claim::Silent);
    let text = "rule 2 of (curator-1, curator-2, pypi-curator): pypi-curator is silent, \
                curator-2 adds nothing (same origin as curator-1)";
    assert_eq!(says_about(&two, &only_two), (Some(Class::Refused), text.to_owned()));
    assert_eq!(says_about(&policy("curator-1 and curator-2"), &only_two).0, None, "`and` looks at parties");
    let nested = policy("2 of (curator-1 and index, curator-2 or pypi-curator)");
    assert_eq!(says_about(&nested, &same).0, None);
    assert_eq!(says_about(&nested, &only_two).0, Some(Class::Refused));
}

#[test]
fn a_contradiction_is_hostile_only_of_the_source_and_of_those_whom_the_policy_names() {
    let what = || Claim::Contradicts(Contradiction::ListedTwice);
    assert_eq!(says_about(&mail(""), &but("index", what())).0, Some(Class::Hostile));
    for named in ["require = ['curator-1']", "rule = '1 of (curator-1, curator-2)'", "veto = ['curator-1']"] {
        let decision = mail(named).decide(&requests(), &but("curator-1", what()), now());
        let first = &decision.reasons()[0];
        assert!(matches!(first, Reason::Contradicted { party, .. } if party.as_str() == "curator-1"), "{named}: {first}");
        assert_eq!(decision.reasons().iter().filter(|reason| reason.is_alarm()).count(), 1);
    }
    let unnamed = mail("").decide(&requests(), &but("curator-1", what()), now());
    let unnamed = withheld(unnamed);
    assert_eq!(unnamed.class(), Class::Refused, "it counts nothing");
    assert!(unnamed.reasons().iter().any(Reason::is_alarm), "and is told");
    assert_eq!(unnamed.reasons()[0].to_string(), "score 3.500 of 5.500: curator-1 contradicts");
}

#[test]
fn an_objection_of_a_veto_withholds_until_it_ends_and_others_are_told() {
    let against = |against| Evidence { objections: vec![objection("curator-1", against)], ..all() };
    let requests_below_3 = || Against::Versions { project: requests().project, versions: "<3".parse().unwrap() };
    let author = || Against::Author(author_key(1));
    for what in [Against::Project(requests().project), Against::File(requests().sha256.unwrap()), requests_below_3(), author()]
    {
        let withheld = withheld(mail("veto = ['curator-1']").decide(&requests(), &against(what.clone()), now()));
        assert_eq!(withheld.reasons()[0].to_string(), "curator-1 objects until 2026-12-01T00:00Z: steals tokens", "{what:?}");
        assert_eq!((withheld.class(), withheld.until()), (Class::Refused, None), "its other claims are stale by then");
        let allowed = allowed(mail("").decide(&requests(), &against(what), now()));
        assert!(allowed.reasons().iter().any(|reason| reason.is_loud() && reason.code() == "other-party-objects"));
    }
    for what in
        [Against::Project("other".parse().unwrap()), Against::File(Sha256::from_bytes([8; 32])), Against::Author(author_key(9))]
    {
        assert!(mail("veto = ['curator-1']").decide(&requests(), &against(what), now()).is_allowed());
    }
    let down = but("curator-1", Claim::Unavailable(Unavailable { problem: "timed out".to_owned() }));
    let text = "it cannot be told whether curator-1 objects: it is unavailable (timed out)";
    assert_eq!(says_about(&mail("veto = ['curator-1']"), &down), (Some(Class::Undecided), text.to_owned()));
}

#[test]
fn an_objection_that_ends_lets_the_file_through_then() {
    let policy = Policy::parse(&mail("veto = ['curator-2']").canonical().replace("max-stale = \"2d\"\n", "")).unwrap();
    let about = Evidence { objections: vec![objection("curator-2", Against::Project(requests().project))], ..all() };
    assert_eq!(withheld(policy.decide(&requests(), &about, now())).until(), Some(time("2026-12-01T00:00:00Z")));
}

#[test]
fn an_objection_to_an_author_takes_away_what_others_vouch_on_their_word() {
    let about = Evidence { objections: vec![objection("pypi-curator", Against::Author(author_key(3)))], ..all() };
    let text = "score 3.500 of 5.500: curator-1 adds nothing (somebody with a veto objects to the author it trusts)";
    assert_eq!(says_about(&mail("veto = ['pypi-curator']"), &about), (Some(Class::Refused), text.to_owned()));
    assert_eq!(says_about(&mail(""), &about).0, None, "without a veto it is told only");
}

#[test]
fn urgent_shortens_the_wait_and_never_lowers_the_score() {
    let text = MAIL.replace("minimum-age = \"0\"", "minimum-age = \"9d\"\nurgent = \"2 of (curator-1, curator-2)\"");
    let policy = Policy::parse(&text).unwrap();
    let allowed = allowed(policy.decide(&requests(), &all(), now()));
    assert!(
        allowed.reasons()[0].to_string().ends_with("let it pass before the wait of 9 days is over"),
        "{}",
        allowed.reasons()[0]
    );
    assert_eq!(
        withheld(policy.decide(&requests(), &but("pypi-curator", Claim::Silent), now())).reasons()[0].code(),
        "score-missing"
    );
    let weak = Policy::parse(&text.replace("minimum-score = \"5.5\"", "minimum-score = \"1.0\"")).unwrap();
    assert_eq!(withheld(weak.decide(&requests(), &but("curator-1", Claim::Silent), now())).reasons()[0].code(), "too-young");
    assert_eq!(
        withheld(weak.decide(&requests(), &but("curator-2", audited(3)), now())).reasons()[0].code(),
        "too-young",
        "one origin"
    );
}

#[test]
fn the_stable_track_is_asked_for_where_a_project_has_one() {
    let policy = mail("track = 'stable'");
    for (track, passes) in [(None, true), (Some(Track::Stable), true), (Some(Track::Latest), false)] {
        let decision = policy.decide(&requests(), &but("index", indexed(track)), now());
        assert_eq!(decision.is_allowed(), passes);
        if !passes {
            assert_eq!(decision.reasons()[0].to_string(), "index does not list it as stable yet, and the policy wants stable");
        }
    }
    assert!(mail("track = 'latest'").decide(&requests(), &but("index", indexed(Some(Track::Latest))), now()).is_allowed());
}

#[test]
fn a_vouch_counts_as_its_heaviest_kind() {
    let policy =
        Policy::parse(&MAIL.replace("weight = { unclaimed = \"0.5\" }", "weight = { unclaimed = \"0.25\", stable = \"0.5\" }"))
            .unwrap();
    assert_eq!(says_about(&policy, &but("index", indexed(None))).0, Some(Class::Refused));
    assert_eq!(says_about(&policy, &but("index", indexed(Some(Track::Stable)))).0, None);
    let voted = || vouch(Worth::Curator(Level::Voted), 5).made(&CHAIN);
    let both = Claim::Vouched(Vouches::new(voted(), [vouch(Worth::Curator(Level::Audited), 2).made(&CHAIN)]));
    assert_eq!(says_about(&policy, &but("pypi-curator", both.clone())).0, Some(Class::Refused), "the index lacks a quarter");
    assert_eq!(says_about(&mail(""), &but("pypi-curator", both)).0, None);
}

#[test]
fn a_further_level_on_an_origin_that_was_counted_already_never_lowers_the_score() {
    let policy = Policy::parse(&MAIL.replace("minimum-score = \"5.5\"", "minimum-score = \"5.25\"")).unwrap();
    let voted = || vouch(Worth::Curator(Level::Voted), 2).made(&CHAIN);
    assert_eq!(says_about(&policy, &but("pypi-curator", Claim::Vouched(voted().into()))).0, None);
    // The auditor is curator-1's too. Both levels as one vouch would rest on both keys, and add nothing.
    let audited = vouch(Worth::Curator(Level::Audited), 3).made(&CHAIN);
    let both = || but("pypi-curator", Claim::Vouched(Vouches::new(audited.clone(), [voted()])));
    let text = "score 5.250 of 5.250: curator-1 2.000 (audited), curator-2 2.000 (audited), index 0.500 (unclaimed), pypi-curator 0.750 (voted)";
    assert_eq!(says_about(&policy, &both()), (None, text.to_owned()));
    let text = "score 5.250 of 5.500: pypi-curator counts 0.750 of 1.000 (voted; audited has the same origin as curator-1)";
    assert_eq!(says_about(&mail(""), &both()), (Some(Class::Refused), text.to_owned()));
    let rule = Policy::parse(&MAIL.replace("minimum-score = \"5.5\"", "rule = \"3 of (curator-1, curator-2, pypi-curator)\""))
        .unwrap();
    assert_eq!(says_about(&rule, &both()).0, None);
}

#[test]
fn each_alternative_ends_and_is_void_by_itself() {
    let until = |at: &str| Vouch { until: Some(time(at)), ..vouch(Worth::Curator(Level::Audited), 2) }.made(&CHAIN);
    let other = || vouch(Worth::Curator(Level::Audited), 5).made(&CHAIN);
    let ended = || until("2026-11-20T12:00:00Z");
    assert_eq!(says_about(&mail(""), &but("pypi-curator", Claim::Vouched(Vouches::new(ended(), [other()])))).0, None);
    let both = but("pypi-curator", Claim::Vouched(Vouches::new(ended(), [until("2026-11-19T00:00:00Z")])));
    let text = "score 4.500 of 5.500: pypi-curator is silent (its statement ended 2026-11-20T12:00Z)";
    assert_eq!(says_about(&mail(""), &both), (Some(Class::Refused), text.to_owned()));
    let veto = mail("veto = ['curator-2']");
    let valid = but("pypi-curator", Claim::Vouched(Vouches::new(until("2026-12-01T00:00:00Z"), [other()])));
    let objections = |keys: &[u8]| Evidence {
        objections: keys.iter().map(|byte| objection("curator-2", Against::Author(author_key(*byte)))).collect(),
        ..valid.clone()
    };
    assert_eq!(says_about(&veto, &objections(&[2])).0, None);
    assert_eq!(says_about(&veto, &objections(&[5])).0, None);
    assert_eq!(says_about(&veto, &objections(&[2, 5])).0, Some(Class::Refused));
}

#[test]
fn an_objection_to_one_of_two_authors_on_whose_word_the_source_vouches_does_not_withhold() {
    let worth = Worth::Index { tier: crate::listing::Tier::Unclaimed, track: None };
    let two = but("index", Claim::Vouched(Vouches::new(vouch(worth, 1).made(&CHAIN), [vouch(worth, 6).made(&CHAIN)])));
    let against = |keys: &[u8]| Evidence {
        objections: keys.iter().map(|byte| objection("curator-2", Against::Author(author_key(*byte)))).collect(),
        ..two.clone()
    };
    let veto = mail("veto = ['curator-2']");
    assert_eq!(says_about(&veto, &against(&[1])).0, None);
    let withheld = withheld(veto.decide(&requests(), &against(&[1, 6]), now()));
    assert_eq!(withheld.reasons().iter().filter(|reason| reason.code() == "vetoed").count(), 2);
}

#[test]
fn a_signed_time_comes_from_those_who_attest_it() {
    let text = MAIL.replace("minimum-age = \"0\"", "minimum-age = \"3d\"\nage-from = \"signed\"");
    let policy = Policy::parse(&text).unwrap();
    let attested = |when: &str| {
        let worth = Worth::Index { tier: crate::listing::Tier::Unclaimed, track: Some(Track::Stable) };
        but("index", claim(Vouch { attested: Some(time(when)), ..vouch(worth, 1) }))
    };
    assert!(policy.decide(&requests(), &attested("2026-11-17T12:00:00Z"), now()).is_allowed());
    let young = withheld(policy.decide(&requests(), &attested("2026-11-18T12:00:00Z"), now()));
    assert_eq!(
        young.reasons()[0].to_string(),
        "attested 2 days ago (signed 2026-11-18T12:00Z), the policy waits 3 days: eligible 2026-11-21T12:00Z"
    );
    let nobody = withheld(policy.decide(&requests(), &all(), now()));
    assert_eq!(nobody.reasons()[0].to_string(), "nobody attests a time for it: index says one by itself, index could");
}

#[test]
fn in_a_scope_with_only_nobody_else_counts() {
    let scope = "[[scope]]\nprojects = ['requests']\nonly = ['index']\nrequire = ['index']\n";
    let policy = Policy::parse(&format!("{MAIL}{scope}")).unwrap();
    let nobody = Evidence::of_source(party("index"), indexed(None));
    assert_eq!(says_about(&policy, &nobody), (None, "vouched for by index".to_owned()));
    let contradicting = but("curator-1", Claim::Contradicts(Contradiction::ListedTwice));
    assert!(policy.decide(&requests(), &contradicting, now()).is_allowed());
}

#[test]
fn the_built_in_policy_and_one_without_demands_ask_nobody_else() {
    for policy in [Policy::built_in(), Policy::parse("minimum-age = '0'").unwrap()] {
        let old = Pin { upload_time: Some(time("2026-11-01T00:00:00Z")), ..uploaded("2026-11-01T00:00:00Z") };
        let decision = policy.decide(&requests(), &says(Claim::Pinned(old)), now());
        assert!(decision.is_allowed());
        assert_eq!(decision.reasons().len(), 1);
    }
    assert_eq!(Policy::built_in().written_by(), WrittenBy::BuiltIn);
    assert_eq!(Standing::Silent.to_string(), "is silent");
}
