//! Arbitrary policies and evidence for property tests. Times and waits come from a small range, so that they meet.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use affineur_packaging::{FileName, Sha256};
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::listing::{Listing, Overlay};
use crate::vouch::testing::{Index, listing_of};
use crate::{
    AddedPolicy, AgeFrom, Claim, Claims, Contradiction, Demand, DocumentFault, DocumentKind, Evidence, Exception, FileFact,
    LastModified, Mode, NotVouched, Party, PartyKind, PartyName, Pin, Policy, Repository, Scope, Unavailable, Upstream,
    VerifiedProject, VouchKind, Vouched, WrittenBy,
};

mod demands;

pub(crate) use demands::{alternative, curated, heard, objection};

const FILES: [&str; 4] = ["a_b-1.0-py3-none-any.whl", "abc-2.0.tar.gz", "requests-2.32.5-py3-none-any.whl", "b_c-1.0.tar.gz"];
const PARTIES: [&str; 3] = ["a.example", "b", "c_3"];
const CURATORS: [&str; 4] = ["and-1", "d", "e.e", "f"];
const PATTERNS: [&str; 6] = ["*", "a*", "a-b", "a?c", "requests", "*-c"];

/// A minute of three weeks.
pub(crate) fn time() -> impl Strategy<Value = Timestamp> {
    (0..21 * 24 * 60_i64).prop_map(|minute| Timestamp::from_second(1_795_000_000 + 60 * minute).unwrap())
}

pub(crate) fn wait() -> impl Strategy<Value = SignedDuration> {
    prop_oneof![Just(0), 0..9 * 24 * 60_i64].prop_map(SignedDuration::from_mins)
}

pub(crate) fn age_from() -> impl Strategy<Value = AgeFrom> {
    select(&[AgeFrom::FirstSeen, AgeFrom::UploadTime])
}

pub(crate) fn pin() -> impl Strategy<Value = Pin> {
    let modified = prop_oneof![Just(LastModified::NotAsked), Just(LastModified::Unknown), time().prop_map(LastModified::At)];
    (time(), option::of(time()), option::of(time()), modified).prop_map(
        |(first_seen, absent_until, upload_time, last_modified)| Pin {
            first_seen,
            absent_until: absent_until.map(|absent| absent.min(first_seen)),
            upload_time,
            last_modified,
        },
    )
}

pub(crate) fn contradiction() -> impl Strategy<Value = Contradiction> {
    let digest = |byte| Sha256::from_bytes([byte; 32]);
    prop_oneof![
        Just(Contradiction::Metadata),
        Just(Contradiction::Vanished),
        Just(Contradiction::ListedTwice),
        Just(Contradiction::OtherBytes { vouched: Some(digest(3)) }),
        time().prop_map(move |since| Contradiction::Digest { pinned: digest(1), got: None, since }),
        Just(Contradiction::Bytes { expected: digest(1), got: digest(2) }),
    ]
}

/// The files of [`file`], all of which an index vouches for.
static VOUCHED: LazyLock<Vec<(FileFact, VerifiedProject)>> = LazyLock::new(|| {
    let mut index = Index::new();
    let listings: Vec<_> = FILES.iter().map(|name| listing_of(name, Sha256::from_bytes([7; 32]))).collect();
    listings.iter().for_each(|listing| index.add_project(listing, &Overlay::empty(listing.project.clone())));
    index.repository.publish().unwrap();
    let project = |listing: &Listing| index.project(&listing.project).unwrap();
    FILES.iter().zip(&listings).map(|(name, listing)| (fact(name, true), project(listing))).collect()
});

/// A vouch for any of the files, mostly another one than the decision is about.
pub(crate) fn vouched() -> impl Strategy<Value = Vouched> {
    (0..FILES.len(), pin()).prop_map(|(at, pin)| {
        let (fact, project) = &VOUCHED[at];
        project.vouch(fact.clone(), &pin).unwrap()
    })
}

/// A vouch for this file, if it has a digest.
pub(crate) fn vouch_for(file: &FileFact, pin: &Pin) -> Option<Vouched> {
    let (_, project) = VOUCHED.iter().find(|(fact, _)| fact.name == file.name)?;
    project.vouch(file.clone(), pin)
}

pub(crate) fn not_vouched() -> impl Strategy<Value = NotVouched> {
    let hostile = NotVouched::Document {
        document: DocumentKind::Listing,
        fault: DocumentFault::Differs(affineur_tuf::Mismatch::NoKnownAlgorithm),
    };
    prop_oneof![
        Just(hostile),
        Just(NotVouched::OneMissing(DocumentKind::Overlay)),
        Just(NotVouched::GaveUp { visited: 32 }),
        Just(NotVouched::OnlyPinned),
        option::of(".{0,20}").prop_map(|reason| NotVouched::Quarantined { reason }),
        (".{0,20}", option::of(time()))
            .prop_map(|(problem, last_heard)| NotVouched::Unreachable { problem: format!("x{problem}"), last_heard }),
    ]
}

pub(crate) fn claim() -> impl Strategy<Value = Claim> {
    prop_oneof![
        5 => pin().prop_map(Claim::Pinned),
        5 => vouched().prop_map(|vouched| Claim::Vouched(vouched.into())),
        1 => not_vouched().prop_map(|why| Claim::NotVouched(Box::new(why))),
        1 => contradiction().prop_map(Claim::Contradicts),
        1 => Just(Claim::Silent),
        1 => ".{0,20}".prop_map(|problem| Claim::Unavailable(Unavailable { problem })),
    ]
}

pub(crate) fn party() -> impl Strategy<Value = PartyName> {
    select(&PARTIES[..]).prop_map(|name| name.parse().unwrap())
}

pub(crate) fn curator() -> impl Strategy<Value = PartyName> {
    select(&CURATORS[..]).prop_map(|name| name.parse().unwrap())
}

/// Evidence about this file: most of those who vouch, vouch for it.
pub(crate) fn evidence_about(file: FileFact) -> impl Strategy<Value = Evidence> {
    let own = file.clone();
    let source = prop_oneof![
        3 => pin().prop_map(move |pin| vouch_for(&own, &pin).map_or(Claim::Silent, |vouched| Claim::Vouched(vouched.into()))),
        3 => pin().prop_map(Claim::Pinned),
        2 => claim(),
    ];
    let others = vec((party(), claim()), 0..2);
    let curators = vec((curator(), prop_oneof![4 => curated(file), 1 => claim()]), 0..5);
    (party(), source, others, curators, vec(objection(), 0..3), heard()).prop_map(
        |(source, claim, others, curators, objections, heard)| {
            let mut claims: Claims = others.into_iter().chain(curators).collect();
            claims.insert(source.clone(), claim);
            Evidence { source, claims, objections, heard }
        },
    )
}

/// A file, and evidence about it.
pub(crate) fn case() -> impl Strategy<Value = (FileFact, Evidence)> {
    file().prop_flat_map(|file| (Just(file.clone()), evidence_about(file)))
}

pub(crate) fn file() -> impl Strategy<Value = FileFact> {
    (select(&FILES[..]), prop_oneof![9 => Just(true), 1 => Just(false)]).prop_map(|(name, digest)| fact(name, digest))
}

fn fact(name: &str, digest: bool) -> FileFact {
    let name: FileName = name.parse().unwrap();
    let sha256 = digest.then(|| Sha256::from_bytes([7; 32]));
    FileFact { project: name.project().clone(), name, size: None, sha256 }
}

fn exception() -> impl Strategy<Value = Exception> {
    let versions = select(&["==1.0", ">=2,<3", "!=2.32.5", "~=2.0"][..]);
    // Some end so late that they begin to count within the three weeks.
    let until = (time(), select(&[0, 366][..]))
        .prop_map(|(time, days)| time.checked_add(SignedDuration::from_hours(24 * days)).unwrap());
    (select(&PATTERNS[..]), option::of(versions), wait(), until, "[^\\x00-\\x1f]{1,20}").prop_map(
        |(project, versions, minimum_age, until, reason)| Exception {
            project: project.parse().unwrap(),
            versions: versions.map(|versions| versions.parse().unwrap()),
            minimum_age,
            until,
            reason: format!("because {reason}"),
        },
    )
}

/// Scopes that can all be reached: each pattern stands in one of them, the wide ones last.
fn scopes(sources: &[PartyName]) -> impl Strategy<Value = Vec<Scope>> + use<> {
    let patterns = subsequence(PATTERNS.iter().rev().copied().collect::<Vec<_>>(), 0..=PATTERNS.len());
    let parties = subsequence(sources.to_owned(), sources.len().min(1)..=sources.len())
        .prop_map(|only| (!only.is_empty()).then_some(only));
    (patterns, vec((parties, any::<bool>(), wait(), option::of(age_from())), PATTERNS.len())).prop_map(|(patterns, rules)| {
        let scope = |(pattern, (only, with_only, wait, age_from)): (&str, (Option<Vec<_>>, bool, _, Option<AgeFrom>))| Scope {
            projects: vec![pattern.parse().unwrap()],
            only: only.filter(|_| with_only),
            demand: Demand::default(),
            minimum_age: (with_only || age_from.is_none()).then_some(wait),
            age_from,
        };
        patterns.into_iter().zip(rules).map(scope).collect()
    })
}

/// Any policy that a file can have, without demands.
pub(crate) fn plain_policy() -> impl Strategy<Value = Policy> {
    let sources = subsequence(PARTIES.to_vec(), 0..=PARTIES.len()).prop_shuffle();
    let sources = sources.prop_map(|names| names.into_iter().map(|name| name.parse().unwrap()).collect::<Vec<PartyName>>());
    let modes = select(&[Mode::Observe, Mode::Warn, Mode::Enforce][..]);
    let hosts = subsequence(vec!["github.com", "*.files.example", "127.0.0.1", "::1"], 0..=4);
    let rules = sources.prop_flat_map(|sources| (scopes(&sources), Just(sources)));
    let parties = (option::of(0..2_000_u32), select(&["", "b", "c_3"][..]));
    (rules, wait(), age_from(), modes, hosts, vec(exception(), 0..4), parties).prop_map(
        |((scopes, sources), minimum_age, age_from, mode, hosts, exceptions, (weight, repository))| {
            let weight = weight.map(crate::MilliTrust::of_thousandths);
            let party = |name: &PartyName| {
                let url = |path| format!("https://{}.example/{path}", name.as_str().len()).parse().unwrap();
                let kind = if name.as_str() == repository {
                    let mut party = Repository::at(url("tuf/"), "trust/root.json".to_owned()).unwrap();
                    party.weight.extend(weight.map(|weight| (VouchKind::Unclaimed, weight)));
                    PartyKind::Repository(party)
                } else {
                    let upstream = Upstream::at(url("simple")).unwrap();
                    PartyKind::Upstream(Upstream { canary: Some("canary".parse().unwrap()), weight, ..upstream })
                };
                (name.clone(), Party { kind, domains: Vec::new() })
            };
            Policy {
                parties: sources.iter().map(party).collect(),
                sources,
                minimum_age,
                age_from,
                mode,
                pass: hosts.into_iter().map(|host| host.parse().unwrap()).collect(),
                scopes,
                exceptions,
                written_by: WrittenBy::User,
                ..Policy::built_in()
            }
        },
    )
}

/// Any policy that a file can have.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![1 => plain_policy(), 3 => demands::demanding(plain_policy())]
}

/// Any policy that the working directory can have.
pub(crate) fn added() -> impl Strategy<Value = AddedPolicy> {
    (scopes(&[]), wait(), age_from()).prop_map(|(scopes, minimum_age, age_from)| {
        let policy = Policy { scopes, minimum_age, age_from, written_by: WrittenBy::WorkingDirectory, ..Policy::built_in() };
        AddedPolicy::parse(&policy.canonical()).unwrap()
    })
}
