use affineur_packaging::Sha256;
use affineur_tuf::{Fault, Mismatch, RoleLabel, Threshold};

use super::*;
use crate::listing::{ListingError, Misplaced, Overlay, Tier, listing_path};
use crate::vouch::testing::{Index, listing_of};
use crate::{DocumentFault, DocumentKind};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn source() -> PartyName {
    "index.example".parse().unwrap()
}

fn contradicted(what: Contradiction) -> Reason {
    Reason::Contradicted { party: source(), project: "requests".parse().unwrap(), what }
}

fn vouched() -> Reason {
    let mut index = Index::new();
    let listing = listing_of("requests-1.0.tar.gz", Sha256::from_bytes([7; 32]));
    index.add_project(&listing, &Overlay::empty(listing.project.clone()));
    index.repository.publish().unwrap();
    let chain = index.found(&listing_path(&listing.project).unwrap()).chain;
    Reason::Vouched { party: source(), worth: Worth::Index { tier: Tier::Unclaimed, track: None }, chain: Arc::new(chain) }
}

/// Each way in which a repository does not vouch.
fn not_vouched() -> Vec<Reason> {
    let version = |number| affineur_tuf::Version::new(number).unwrap();
    let metadata = |role: &str, fault| {
        let role = role.parse().map_or_else(|_| affineur_tuf::TopRole::Timestamp.into(), RoleLabel::Delegated);
        NotVouched::Metadata(affineur_tuf::Error { role, fault })
    };
    let document = |document, fault| NotVouched::Document { document, fault };
    let now = time("2026-11-20T00:00:00Z");
    let all = vec![
        metadata("timestamp", Fault::Rollback { floor: version(5), found: version(3) }),
        metadata("bin.1-0", Fault::Threshold { threshold: Threshold::ONE, found: 0, unusable: Vec::new() }),
        metadata("bin.1-0", Fault::Mismatch(Mismatch::Length { expected: 7, found: 9, more: false })),
        metadata("bin.1-0", Fault::Format("hostile text \u{1b}[31m".to_owned())),
        metadata("bin.1-0", Fault::NotListed),
        metadata("b\u{1b}[31m\r\nn", Fault::Version { expected: version(2), found: version(1) }),
        metadata("bin.1-0", Fault::Unlisted("x".to_owned())),
        metadata("timestamp", Fault::Expired { expires: "2026-11-01T10:00:00Z".parse().unwrap(), now }),
        document(DocumentKind::Listing, DocumentFault::Differs(Mismatch::NoKnownAlgorithm)),
        document(DocumentKind::Overlay, DocumentFault::Misplaced(Misplaced { role: affineur_tuf::TopRole::Targets.into() })),
        document(DocumentKind::Overlay, DocumentFault::Unreadable(ListingError::OtherProject)),
        document(DocumentKind::Listing, DocumentFault::TooLarge { length: 100_000_000 }),
        NotVouched::OneMissing(DocumentKind::Listing),
        NotVouched::OneMissing(DocumentKind::Overlay),
        NotVouched::GaveUp { visited: 32 },
        NotVouched::Unreachable { problem: "timestamp: timed out".to_owned(), last_heard: Some(now) },
        NotVouched::Unreachable { problem: "bin.1-0: the repository does not have it.".to_owned(), last_heard: None },
        NotVouched::Quarantined { reason: None },
        NotVouched::Quarantined { reason: Some("says \"malware\"\r\nX: y\u{1b}[31m".to_owned()) },
        NotVouched::OnlyPinned,
    ];
    all.into_iter().map(|why| Reason::NotVouched { party: source(), why: Box::new(why) }).collect()
}

/// One of each, and the odd forms.
fn all() -> Vec<Reason> {
    let (released, eligible) = (time("2026-11-18T09:07:31Z"), Some(time("2026-11-21T09:07:31Z")));
    let (age, minimum) = (SignedDuration::from_hours(51), SignedDuration::from_hours(72));
    let too_young = |clock, age| Reason::TooYoung { time: released, clock, age, minimum, eligible, policy: WrittenBy::User };
    let digest = |byte| Sha256::from_bytes([byte; 32]);
    let project: Glob = "acme-*".parse().unwrap();
    let exception = |minimum, reason: &str| Reason::Exception {
        project: project.clone(),
        minimum,
        until: time("2026-12-31T00:00:00Z"),
        reason: reason.to_owned(),
    };
    let since = time("2026-11-01T10:00:00Z");
    vec![
        Reason::OldEnough {
            time: released,
            clock: Clock::UploadTime,
            age: SignedDuration::from_hours(24 * 9),
            minimum,
            policy: WrittenBy::User,
        },
        Reason::NoWait { policy: WrittenBy::User },
        exception(SignedDuration::ZERO, "CVE fix, see ticket 7."),
        exception(SignedDuration::from_mins(90), "b\u{fc}cher\u{1b}[31m\r\nX: y"),
        Reason::AgeUnknownAllowed { source: source() },
        too_young(Clock::UploadTime, age),
        too_young(Clock::FirstSeen, SignedDuration::from_mins(59)),
        too_young(Clock::LastModified, SignedDuration::from_hours(1)),
        too_young(Clock::AbsentUntil, SignedDuration::from_secs(59)),
        too_young(Clock::UploadTime, SignedDuration::ZERO),
        Reason::TooYoung {
            time: released,
            clock: Clock::UploadTime,
            age,
            minimum: SignedDuration::from_hours(36),
            eligible: None,
            policy: WrittenBy::BuiltIn,
        },
        Reason::TooYoung {
            time: released,
            clock: Clock::FirstSeen,
            age,
            minimum,
            eligible,
            policy: WrittenBy::WorkingDirectory,
        },
        Reason::AgeNotAsked { source: source() },
        Reason::AgeUnknown { source: source(), first_seen: released, minimum, eligible, policy: WrittenBy::User },
        Reason::NoDigest { source: source() },
        Reason::NotListed { source: source() },
        Reason::NotItsSource { source: source(), expected: vec!["a".parse().unwrap(), "b".parse().unwrap()] },
        Reason::Unavailable { source: source(), problem: " . ".to_owned() },
        Reason::Unavailable { source: source(), problem: "timed out after 30 s".to_owned() },
        contradicted(Contradiction::Digest { pinned: digest(0xab), got: Some(digest(0xcd)), since }),
        contradicted(Contradiction::Digest { pinned: digest(0xab), got: None, since }),
        contradicted(Contradiction::Metadata),
        contradicted(Contradiction::Bytes { expected: digest(1), got: digest(2) }),
        contradicted(Contradiction::Vanished),
        contradicted(Contradiction::ListedTwice),
        vouched(),
        Reason::OtherContradicts { party: "other".parse().unwrap(), what: Contradiction::ListedTwice },
    ]
}

fn names(names: &[&str]) -> Vec<PartyName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// What is said of demands.
fn of_demands() -> Vec<Reason> {
    let (released, minimum) = (time("2026-11-18T09:07:31Z"), SignedDuration::from_hours(72));
    vec![
        Reason::Urgent { by: names(&["curator-1", "curator-2"]), minimum },
        Reason::NotAttested { source: source(), could: names(&["a", "b"]) },
        Reason::RequiredMissing { party: source(), standing: Standing::Silent, undecided: false },
        Reason::RequiredMissing { party: source(), standing: Standing::Stale { heard: Some(released) }, undecided: true },
        Reason::RuleMissing { rule: "a and 2 of (b, c)".to_owned(), missing: missing(1) },
        Reason::ScoreMissing { score: 4_500, minimum: "5.5".parse().unwrap(), missing: missing(3) },
        Reason::ScoreMissing { score: 0, minimum: "1000".parse().unwrap(), missing: missing(64) },
        Reason::Vetoed { party: source(), reason: "steals \u{1b}[31m\r\nX: tokens.".to_owned(), expires: released },
        Reason::VetoUnheard { party: source(), standing: Standing::Unavailable { problem: "timed out".to_owned() } },
        Reason::NotStable { source: source() },
        Reason::OtherNotVouched { party: "other".parse().unwrap(), why: Box::new(NotVouched::GaveUp { visited: 32 }) },
        Reason::OtherObjects { party: "other".parse().unwrap(), reason: "smells".to_owned() },
    ]
}

/// So many parties that are missing, each in its way.
fn missing(count: usize) -> Missing {
    let ways = [
        Standing::Silent,
        Standing::Unavailable { problem: "timed out".to_owned() },
        Standing::SameOrigin { with: "curator-0".parse().unwrap() },
        Standing::Expired { at: time("2026-11-01T00:00:00Z") },
        Standing::VoidAuthor,
        Standing::Contradicts,
        Standing::Stale { heard: None },
    ];
    let absent = (0..count).map(|at| (format!("curator-{}", at + 1).parse().unwrap(), ways[at % ways.len()].clone()));
    Missing { absent: absent.collect(), undecided: count > 1 }
}

fn every() -> Vec<Reason> {
    let mut every = all();
    every.extend(of_demands());
    every.extend(not_vouched());
    every
}

#[test]
fn each_reason_says_what_it_is_why_and_what_would_change_it() {
    let print = |reason: &Reason| {
        let class = reason.class().map_or("-".to_owned(), |class| format!("{class:?}"));
        format!("{} ({class})\n  {reason}\n  -> {}\n", reason.code(), reason.remedy().unwrap_or_default())
    };
    insta::assert_snapshot!(every().iter().map(print).collect::<String>());
}

#[test]
fn the_report_of_a_reason_is_a_format() {
    let lines: Vec<_> = every().iter().map(|reason| serde_json::to_string(reason).unwrap()).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_reason_is_one_line_of_printable_ascii_that_fits_a_header() {
    for reason in every() {
        for text in [reason.to_string(), serde_json::to_string(&reason).unwrap()] {
            assert!(text.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{text:?}");
        }
        assert!(!reason.to_string().ends_with('.'), "{reason}");
    }
    let long = Reason::Unavailable { source: "p".repeat(64).parse().unwrap(), problem: "x".repeat(100_000) };
    assert!(long.to_string().len() < 512, "{long}");
}

#[test]
fn what_waiting_promises_is_never_too_early() {
    assert_eq!(minute_after(time("2026-11-21T09:07:00Z")), "2026-11-21T09:07Z");
    assert_eq!(minute_after(time("2026-11-21T09:07:00.000000001Z")), "2026-11-21T09:08Z");
    assert_eq!(minute_after(time("2026-11-21T23:59:59Z")), "2026-11-22T00:00Z");
    assert_eq!(minute_after(time("1969-12-31T23:59:30Z")), "1970-01-01T00:00Z");
    assert_eq!(minute(time("2026-11-21T09:07:59.9Z")), "2026-11-21T09:07Z");
    let _ = (minute_after(Timestamp::MAX), minute(Timestamp::MIN));
}
