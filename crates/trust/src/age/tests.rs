use proptest::prelude::*;

use super::*;
use crate::arbitrary;

const DAYS: [&str; 5] = ["2026-11-01", "2026-11-05", "2026-11-10", "2026-11-15", "2026-11-20"];

/// The first moment of the nth of five days.
fn day(number: usize) -> Timestamp {
    format!("{}T00:00:00Z", DAYS[number]).parse().unwrap()
}

fn since(number: usize, clock: Clock) -> Age {
    Age::Since { time: day(number), stated: day(number), clock }
}

/// What is known about a file, as days; first seen on day 3, now is day 4.
fn pin(absent_until: Option<usize>, upload_time: Option<usize>, last_modified: LastModified) -> Pin {
    Pin { first_seen: day(3), absent_until: absent_until.map(day), upload_time: upload_time.map(day), last_modified }
}

#[test]
fn each_combination_of_what_is_known_has_its_clock() {
    use AgeFrom::{FirstSeen, UploadTime};
    use LastModified::{At, NotAsked, Unknown};
    let unknown = Age::Unknown { first_seen: day(3) };
    let table = [
        // absent until, upload-time, Last-Modified → by first-seen, by upload-time
        (None, None, Unknown, unknown, unknown),
        (None, None, NotAsked, Age::NotAsked, Age::NotAsked),
        (None, None, At(day(1)), since(1, Clock::LastModified), since(1, Clock::LastModified)),
        (None, Some(0), Unknown, since(0, Clock::UploadTime), since(0, Clock::UploadTime)),
        (None, Some(0), NotAsked, since(0, Clock::UploadTime), since(0, Clock::UploadTime)),
        (None, Some(0), At(day(1)), since(0, Clock::UploadTime), since(0, Clock::UploadTime)),
        (Some(2), None, Unknown, since(3, Clock::FirstSeen), since(3, Clock::FirstSeen)),
        (Some(2), None, NotAsked, since(3, Clock::FirstSeen), Age::NotAsked),
        (Some(2), None, At(day(1)), since(3, Clock::FirstSeen), since(2, Clock::AbsentUntil)),
        (Some(0), None, At(day(1)), since(3, Clock::FirstSeen), since(1, Clock::LastModified)),
        (Some(2), Some(0), NotAsked, since(3, Clock::FirstSeen), since(2, Clock::AbsentUntil)),
        (Some(0), Some(1), NotAsked, since(3, Clock::FirstSeen), since(1, Clock::UploadTime)),
    ];
    for (absent, upload, modified, by_first_seen, by_upload_time) in table {
        let pin = pin(absent, upload, modified);
        assert_eq!(age(&pin, FirstSeen, None, day(4)), by_first_seen, "{pin:?}");
        assert_eq!(age(&pin, UploadTime, None, day(4)), by_upload_time, "{pin:?}");
    }
}

#[test]
fn what_is_claimed_to_be_later_than_first_sight_counts_as_first_sight() {
    for claimed in [pin(None, Some(4), LastModified::NotAsked), pin(None, None, LastModified::At(day(4)))] {
        for age_from in [AgeFrom::FirstSeen, AgeFrom::UploadTime] {
            let since = Age::Since { time: day(3), stated: day(3), clock: Clock::FirstSeen };
            assert_eq!(age(&claimed, age_from, None, day(4)), since, "{claimed:?}");
        }
    }
}

#[test]
fn a_clock_that_went_back_counts_as_now() {
    let pin = pin(None, Some(4), LastModified::NotAsked);
    assert_eq!(
        age(&pin, AgeFrom::FirstSeen, None, day(2)),
        Age::Since { time: day(2), stated: day(3), clock: Clock::FirstSeen }
    );
}

proptest! {
    #[test]
    fn a_time_is_never_later_than_now_nor_earlier_than_the_last_page_without_the_file(
        pin in arbitrary::pin(), age_from in arbitrary::age_from(), now in arbitrary::time(),
    ) {
        if let Age::Since { time, stated, .. } = age(&pin, age_from, None, now) {
            prop_assert!(time <= now);
            prop_assert_eq!(time, stated.min(now));
            prop_assert!(pin.absent_until.is_none_or(|absent| absent <= stated));
        }
    }

    #[test]
    fn a_claim_of_the_upstream_cannot_make_a_file_older_than_its_absence(
        pin in arbitrary::pin(), claimed in arbitrary::time(), age_from in arbitrary::age_from(), now in arbitrary::time(),
    ) {
        let backdated = Pin { upload_time: Some(claimed), ..pin.clone() };
        if let (Some(absent), Age::Since { time, .. }) = (pin.absent_until, age(&backdated, age_from, None, now)) {
            prop_assert!(time >= absent.min(now));
        }
    }

    #[test]
    fn a_file_seen_after_the_first_page_has_the_age_of_first_sight_whatever_is_claimed(
        pin in arbitrary::pin(), claimed in proptest::option::of(arbitrary::time()), now in arbitrary::time(),
    ) {
        let pin = Pin { absent_until: Some(pin.absent_until.unwrap_or(pin.first_seen)), ..pin };
        let other = Pin { upload_time: claimed, last_modified: LastModified::Unknown, ..pin.clone() };
        prop_assert_eq!(age(&pin, AgeFrom::FirstSeen, None, now), age(&other, AgeFrom::FirstSeen, None, now));
    }

    #[test]
    fn only_what_was_never_asked_for_is_not_asked(pin in arbitrary::pin(), age_from in arbitrary::age_from(), now in arbitrary::time()) {
        if age(&pin, age_from, None, now) == Age::NotAsked {
            prop_assert_eq!(pin.last_modified, LastModified::NotAsked);
            prop_assert_eq!(pin.upload_time, None);
        }
    }
}
