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
    AddedPolicy, AgeFrom, Claim, Contradiction, DocumentFault, DocumentKind, Evidence, Exception, FileFact, LastModified, Mode,
    NotVouched, Origin, Party, PartyKind, PartyName, Pin, Policy, Repository, Scope, Unavailable, Upstream, VerifiedProject,
    VouchKind, Vouched,
};

const FILES: [&str; 4] = ["a_b-1.0-py3-none-any.whl", "abc-2.0.tar.gz", "requests-2.32.5-py3-none-any.whl", "b_c-1.0.tar.gz"];
const PARTIES: [&str; 3] = ["a.example", "b", "c_3"];
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
        5 => vouched().prop_map(|vouched| Claim::Vouched(Box::new(vouched))),
        1 => not_vouched().prop_map(|why| Claim::NotVouched(Box::new(why))),
        1 => contradiction().prop_map(Claim::Contradicts),
        1 => Just(Claim::Silent),
        1 => ".{0,20}".prop_map(|problem| Claim::Unavailable(Unavailable { problem })),
    ]
}

pub(crate) fn party() -> impl Strategy<Value = PartyName> {
    select(&PARTIES[..]).prop_map(|name| name.parse().unwrap())
}

pub(crate) fn evidence() -> impl Strategy<Value = Evidence> {
    (party(), claim(), vec((party(), claim()), 0..3)).prop_map(|(source, claim, others)| {
        let mut claims: BTreeMap<_, _> = others.into_iter().collect();
        claims.insert(source.clone(), claim);
        Evidence { source, claims }
    })
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
            minimum_age: (with_only || age_from.is_none()).then_some(wait),
            age_from,
        };
        patterns.into_iter().zip(rules).map(scope).collect()
    })
}

/// Any policy that a file can have.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    let sources = subsequence(PARTIES.to_vec(), 0..=PARTIES.len()).prop_shuffle();
    let sources = sources.prop_map(|names| names.into_iter().map(|name| name.parse().unwrap()).collect::<Vec<PartyName>>());
    let modes = select(&[Mode::Observe, Mode::Warn, Mode::Enforce][..]);
    let hosts = subsequence(vec!["github.com", "*.files.example", "127.0.0.1", "::1"], 0..=4);
    let rules = sources.prop_flat_map(|sources| (scopes(&sources), Just(sources)));
    let parties = (option::of(0..2_000_u32), select(&["", "b", "c_3"][..]));
    (rules, wait(), age_from(), modes, hosts, vec(exception(), 0..4), parties).prop_map(
        |((scopes, sources), minimum_age, age_from, mode, hosts, exceptions, (weight, repository))| {
            let party = |name: &PartyName| {
                if name.as_str() == repository {
                    let url = format!("https://{}.example/tuf/", name.as_str().len()).parse().unwrap();
                    let mut party = Repository::at(url, "trust/root.json".to_owned()).unwrap();
                    let weight = weight.map(|weight| format!("{}.{:03}", weight / 1_000, weight % 1_000).parse().unwrap());
                    party.weight.extend(weight.map(|weight| (VouchKind::Unclaimed, weight)));
                    return (name.clone(), Party { kind: PartyKind::Repository(party) });
                }
                let upstream =
                    Upstream::at(format!("https://{}.example/simple", name.as_str().len()).parse().unwrap()).unwrap();
                let weight = weight.map(|weight| format!("{}.{:03}", weight / 1_000, weight % 1_000).parse().unwrap());
                (
                    name.clone(),
                    Party {
                        kind: PartyKind::Upstream(Upstream { canary: Some("canary".parse().unwrap()), weight, ..upstream }),
                    },
                )
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
                origin: Origin::User,
            }
        },
    )
}

/// Any policy that the working directory can have.
pub(crate) fn added() -> impl Strategy<Value = AddedPolicy> {
    (scopes(&[]), wait(), age_from()).prop_map(|(scopes, minimum_age, age_from)| {
        let policy = Policy { scopes, minimum_age, age_from, origin: Origin::WorkingDirectory, ..Policy::built_in() };
        AddedPolicy::parse(&policy.canonical()).unwrap()
    })
}
