//! What is published, who may publish, and what is dropped.

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::store::{Collected, Keep, LeaseError, Outcome, Publication, PublishError, Rehash, TicketState};

pub(super) async fn of_two_publishers_one_has_a_conflict<S: Store>(store: S) {
    let ticket = add(&store, "a-1.0.tar.gz").await;
    let mut publisher = Publisher::default();
    let mut rival = publisher.clone();
    let tickets = [ticket];
    let (one, other) = tokio::join!(publisher.publish(&store, &tickets), rival.publish(&store, &tickets));
    let conflict = Err(PublishError::Conflict { after: None, found: Some(version(1)) });
    assert!((one == Ok(()) && other == conflict) || (other == Ok(()) && one == conflict), "{one:?} {other:?}");

    publisher.publish(&store, &[]).await.unwrap();
    let late = rival.publish(&store, &[]).await;
    assert_eq!(late, Err(PublishError::Conflict { after: Some(version(1)), found: Some(version(2)) }));
    // One that thinks that it is ahead of what there is has a conflict, too.
    publisher.version = 7;
    let ahead = publisher.publish(&store, &[]).await;
    assert_eq!(ahead, Err(PublishError::Conflict { after: Some(version(7)), found: Some(version(2)) }));
    assert_eq!(store.timestamp().await.unwrap().unwrap().version, version(2));
}

pub(super) async fn a_refused_publication_changes_nothing<S: Store>(store: S) {
    let mut publisher = Publisher::default();
    let ticket = add(&store, "a-1.0.tar.gz").await;
    publisher.publish(&store, &[]).await.unwrap();
    let before = store.timestamp().await.unwrap();
    let good = publisher.clone().next(&[1, 2], 0);
    type Fault = fn(&mut Publication);
    let faults: [(&str, Fault); 4] = [
        ("not above", |publication| publication.version = version(1)),
        ("another one's", |publication| publication.after = Some(version(9))),
        ("no path", |publication| publication.metadata.push(("bin.json".to_owned(), Bytes::new()))),
        ("no such ticket", |publication| publication.done.push((crate::store::Ticket(99), Outcome::Published))),
    ];
    for (fault, make) in faults {
        let mut publication = good.clone();
        publication.done = vec![(ticket, Outcome::Published)];
        publication.targets = vec![target("a/index.json", "listing")];
        make(&mut publication);
        assert!(store.publish(publication).await.is_err(), "{fault}");
        assert_eq!(store.timestamp().await.unwrap(), before, "{fault}");
        assert_eq!(store.metadata("1.bin.14-0002.json").await.unwrap(), None, "{fault}");
        assert_eq!(store.metadata("2.snapshot.json").await.unwrap(), None, "{fault}");
        assert_eq!(store.target(&"a/index.json".parse().unwrap(), None).await.unwrap(), None, "{fault}");
        assert_eq!(store.ticket(ticket).await.unwrap(), TicketState::Pending, "{fault}");
        assert_eq!(store.project(&name("a")).await.unwrap(), None, "{fault}");
    }
    for path in [
        "timestamp.json",
        "0.a.json",
        "01.a.json",
        "+1.a.json",
        "1..json/",
        "1.json",
        "1.a/b.json",
        "1.a",
        "x.a.json",
        "1..json",
    ] {
        let mut publication = good.clone();
        publication.metadata.push((path.to_owned(), Bytes::new()));
        assert_eq!(store.publish(publication).await, Err(PublishError::Path { path: path.to_owned() }));
    }
    store.publish(good).await.unwrap();
}

pub(super) async fn a_version_keeps_its_bytes<S: Store>(store: S) {
    let mut publisher = Publisher::default();
    publisher.publish(&store, &[]).await.unwrap();
    let bytes = store.metadata("1.bin.14-0001.json").await.unwrap().unwrap();
    let mut rewritten = publisher.clone().next(&[], 0);
    rewritten.metadata.push(("1.bin.14-0001.json".to_owned(), Bytes::from_static(b"others")));
    let path = "1.bin.14-0001.json".to_owned();
    assert_eq!(store.publish(rewritten).await, Err(PublishError::Rewritten { path: path.clone() }));
    // The same bytes again are fine.
    let mut again = publisher.next(&[], 0);
    again.metadata.push((path.clone(), bytes.clone()));
    store.publish(again).await.unwrap();
    assert_eq!(store.metadata(&path).await.unwrap(), Some(bytes));
}

pub(super) async fn replaced_versions_stay_until_they_are_collected<S: Store>(store: S) {
    let mut publisher = Publisher::default();
    let path = "a/index.json".parse().unwrap();
    for text in ["first", "second", "third", "second"] {
        let mut publication = publisher.next(&[1], 0);
        publication.targets = vec![target("a/index.json", text)];
        store.publish(publication).await.unwrap();
        assert_eq!(store.target(&path, None).await.unwrap().unwrap(), text.as_bytes());
    }
    let old = |text: &'static str| {
        let (store, path) = (store.clone(), path.clone());
        async move { store.target(&path, Some(sha256(text.as_bytes()))).await.unwrap() }
    };
    assert_eq!(old("first").await.unwrap(), "first");
    assert_eq!(old("fourth").await, None);
    assert_eq!(store.metadata("timestamp.json").await.unwrap(), store.timestamp().await.unwrap().map(|newest| newest.bytes));

    // Published at seconds 1 to 4, so that versions 1, 2, 3 were current until 2, 3, 4.
    let keep = Keep { age: Duration::from_secs(2), versions: 0 };
    assert_eq!(store.collect(keep, second(4)).await.unwrap(), Collected::default());
    let dropped = store.collect(keep, second(5)).await.unwrap();
    assert_eq!((dropped.metadata, dropped.targets), (2, 1), "version 1 of bin and snapshot, and the first target");
    assert!(dropped.bytes > 10);
    assert_eq!(store.metadata("1.bin.14-0001.json").await.unwrap(), None);
    assert!(store.metadata("2.bin.14-0001.json").await.unwrap().is_some());
    assert_eq!(old("first").await, None);
    assert_eq!(old("third").await.unwrap(), "third");
}

pub(super) async fn roots_and_what_is_current_are_never_collected<S: Store>(store: S) {
    let mut publisher = Publisher::default();
    for number in 1..5 {
        let mut publication = publisher.next(&[1], 0);
        if number > 1 {
            publication.metadata.push((format!("{number}.root.json"), Bytes::from(format!("root {number}"))));
        }
        publication.targets = vec![target("a/index.json", &format!("listing {number}"))];
        store.publish(publication).await.unwrap();
    }
    let dropped = store.collect(Keep { age: Duration::ZERO, versions: 0 }, second(1_000)).await.unwrap();
    assert_eq!((dropped.metadata, dropped.targets), (6, 3));
    for number in 1..5 {
        assert!(store.metadata(&format!("{number}.root.json")).await.unwrap().is_some(), "root {number}");
    }
    assert!(store.metadata("4.snapshot.json").await.unwrap().is_some());
    assert!(store.metadata("4.bin.14-0001.json").await.unwrap().is_some());
    assert!(store.target(&"a/index.json".parse().unwrap(), None).await.unwrap().is_some());
    assert_eq!(store.check(Rehash::Yes).await.unwrap(), []);
}

pub(super) async fn the_last_few_versions_are_kept<S: Store>(store: S) {
    let mut publisher = Publisher::default();
    for bin in [1, 2, 1, 1, 1] {
        store.publish(publisher.next(&[bin], 0)).await.unwrap();
    }
    store.collect(Keep { age: Duration::ZERO, versions: 2 }, second(1_000)).await.unwrap();
    for (path, there) in [("1.bin.14-0001.json", false), ("2.bin.14-0001.json", true), ("1.bin.14-0002.json", true)] {
        assert_eq!(store.metadata(path).await.unwrap().is_some(), there, "{path}");
    }
    assert!(store.metadata("2.snapshot.json").await.unwrap().is_none());
    assert!(store.metadata("3.snapshot.json").await.unwrap().is_some());
}

pub(super) async fn projects_are_listed_in_order<S: Store>(store: S) {
    let mut tickets = Vec::new();
    for project in ["c", "a", "d", "b"] {
        tickets.push(add(&store, &format!("{project}-1.tar.gz")).await);
    }
    Publisher::default().publish(&store, &tickets[..3]).await.unwrap();
    let serial = |place: usize| tickets[place].number();
    let all = [(name("a"), serial(1)), (name("c"), serial(0)), (name("d"), serial(2))];
    assert_eq!(store.projects(None, 10).await.unwrap(), all, "b is not published");
    assert_eq!(store.projects(None, 2).await.unwrap(), all[..2]);
    assert_eq!(store.projects(Some(&name("b")), 10).await.unwrap(), all[1..]);
    assert_eq!(store.projects(Some(&name("d")), 10).await.unwrap(), []);
}

pub(super) async fn a_sound_store_has_no_findings<S: Store>(store: S) {
    assert_eq!(store.check(Rehash::Yes).await.unwrap(), []);
    let ticket = add(&store, "a-1.0.tar.gz").await;
    add(&store, "b-1.0.tar.gz").await;
    let mut publication = Publisher::default().next(&[1, 2], 0);
    publication.done = vec![(ticket, Outcome::Published)];
    publication.targets = vec![target("a/index.json", "listing")];
    store.publish(publication).await.unwrap();
    assert_eq!(store.check(Rehash::Yes).await.unwrap(), []);
    assert_eq!(store.check(Rehash::No).await.unwrap(), []);
}

pub(super) async fn there_is_one_publisher_at_a_time<S: Store>(store: S) {
    let lease = store.publisher_lease().await.unwrap();
    let Err(LeaseError::Held { by }) = store.publisher_lease().await else { panic!("it is held") };
    assert!(by.contains(&std::process::id().to_string()), "{by}");
    drop(lease);
    store.publisher_lease().await.map(drop).unwrap();
}

pub(super) async fn what_was_published_is_the_newest_at_once<S: Store>(store: S) {
    assert_eq!(store.published().await.unwrap(), None);
    let mut publisher = Publisher::default();
    publisher.publish(&store, &[]).await.unwrap();
    assert_eq!(store.published().await.unwrap(), Some(version(1)));
    // The same for whoever has the lease, whatever happened before, and when it was given back.
    for leased in [2, 4] {
        let lease = store.publisher_lease().await.unwrap();
        assert_eq!(store.published().await.unwrap(), Some(version(leased - 1)));
        let ticket = add(&store, &format!("a-{leased}.tar.gz")).await;
        assert_eq!(store.published().await.unwrap(), Some(version(leased - 1)));
        publisher.publish(&store, &[ticket]).await.unwrap();
        assert_eq!(store.published().await.unwrap(), Some(version(leased)));
        assert_eq!(store.serial(&name("a")).await.unwrap(), Some(ticket.number()));
        let mut late = Publisher::default();
        assert!(late.publish(&store, &[]).await.is_err());
        assert_eq!(store.published().await.unwrap(), Some(version(leased)), "a failure changes nothing");
        drop(lease);
        publisher.publish(&store, &[]).await.unwrap();
        assert_eq!(store.published().await.unwrap(), Some(version(leased + 1)));
    }
    assert_eq!(store.serial(&name("b")).await.unwrap(), None);
}
