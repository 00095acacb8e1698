use affineur_packaging::Sha256;

use super::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn source() -> PartyName {
    "index.example".parse().unwrap()
}

fn contradicted(what: Contradiction) -> Reason {
    Reason::Contradicted { party: source(), project: "requests".parse().unwrap(), what }
}

/// One of each, and the odd forms.
fn all() -> Vec<Reason> {
    let (released, eligible) = (time("2026-11-18T09:07:31Z"), Some(time("2026-11-21T09:07:31Z")));
    let (age, minimum) = (SignedDuration::from_hours(51), SignedDuration::from_hours(72));
    let too_young = |clock, age| Reason::TooYoung { time: released, clock, age, minimum, eligible, policy: Origin::User };
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
            policy: Origin::User,
        },
        Reason::NoWait { policy: Origin::User },
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
            policy: Origin::BuiltIn,
        },
        Reason::TooYoung { time: released, clock: Clock::FirstSeen, age, minimum, eligible, policy: Origin::WorkingDirectory },
        Reason::AgeNotAsked { source: source() },
        Reason::AgeUnknown { source: source(), first_seen: released, minimum, eligible, policy: Origin::User },
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
        Reason::OtherContradicts { party: "other".parse().unwrap(), what: Contradiction::ListedTwice },
    ]
}

#[test]
fn each_reason_says_what_it_is_why_and_what_would_change_it() {
    let print = |reason: &Reason| {
        let class = reason.class().map_or("-".to_owned(), |class| format!("{class:?}"));
        format!("{} ({class})\n  {reason}\n  -> {}\n", reason.code(), reason.remedy().unwrap_or_default())
    };
    insta::assert_snapshot!(all().iter().map(print).collect::<String>());
}

#[test]
fn the_report_of_a_reason_is_a_format() {
    let lines: Vec<_> = all().iter().map(|reason| serde_json::to_string(reason).unwrap()).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_reason_is_one_line_of_printable_ascii_that_fits_a_header() {
    for reason in all() {
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
