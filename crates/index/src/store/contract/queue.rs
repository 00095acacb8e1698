//! From staging to publication.

use std::io::Read as _;

use affineur_packaging::page::{ProjectStatus, StatusMarker, Yanked};
use bytes::Bytes;

use super::*;
use crate::store::{
    AcceptError, Accepted, Change, NewFile, Outcome, Project, PublishError, Request, RequestError, StageError, Ticket,
    TicketState, Which, YankedBy,
};

pub(super) async fn an_accepted_file_waits_and_then_is_published_with_all_its_facts<S: Store>(store: S) {
    let new = NewFile { attestations: Some(Bytes::from_static(b"[]")), ..new_file("a-1.0.tar.gz") };
    let ticket = accept(&store, new.clone(), b"the bytes").await.unwrap().ticket();
    let [(found, Change::Add(file))] = &store.pending(10).await.unwrap()[..] else { panic!("one addition waits") };
    assert_eq!((*found, &file.file, file.size, file.sha256), (ticket, &new.file, 9, sha256(b"the bytes")));
    assert_eq!(
        (&file.display_name, &file.requires_python, &file.uploader),
        (&new.display_name, &new.requires_python, &new.uploader)
    );
    assert_eq!(file.core_metadata, new.core_metadata.as_deref().map(sha256));
    assert_eq!((file.attestations, file.uploaded), (Some(sha256(b"[]")), new.uploaded));
    assert_eq!((&file.yanked, &file.yanked_by_index), (&Yanked::No, &Yanked::No));
    // Not published yet: nobody sees it.
    assert_eq!(store.project(&name("a")).await.unwrap(), None);
    assert_eq!(store.file(&new.file).await.unwrap(), None);
    assert_eq!(store.core_metadata(&new.file).await.unwrap(), None);
    assert_eq!(store.ticket(ticket).await.unwrap(), TicketState::Pending);

    Publisher::default().publish(&store, &[ticket]).await.unwrap();
    let project = store.project(&name("a")).await.unwrap().unwrap();
    assert_eq!((project.display_name.as_str(), project.serial, project.files.len()), ("A", ticket.number(), 1));
    assert_eq!(project.files["a-1.0.tar.gz"], *file);
    assert_eq!(store.file(&new.file).await.unwrap().as_ref(), Some(file));
    assert_eq!(store.core_metadata(&new.file).await.unwrap(), new.core_metadata);
    let mut blob = store.blob(&file.sha256).await.unwrap().unwrap();
    let mut bytes = Vec::new();
    blob.file.read_to_end(&mut bytes).unwrap();
    assert_eq!((blob.size, bytes.as_slice()), (9, &b"the bytes"[..]));
    assert!(store.blob(&sha256(b"others")).await.unwrap().is_none());
    assert_eq!(store.pending(10).await.unwrap(), []);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.projects, counts.files, counts.file_bytes, counts.pending), (1, 1, 9, 0));
}

pub(super) async fn the_same_bytes_again_change_nothing<S: Store>(store: S) {
    let ticket = add(&store, "a-1.0.tar.gz").await;
    let again = || async {
        let other = NewFile { uploader: "somebody else".to_owned(), ..new_file("a-1.0.tar.gz") };
        accept(&store, other, b"a-1.0.tar.gz").await.unwrap()
    };
    assert_eq!(again().await, Accepted::AlreadyThere(ticket));
    assert_eq!(store.counts().await.unwrap().pending, 1);
    Publisher::default().publish(&store, &[ticket]).await.unwrap();
    assert_eq!(again().await, Accepted::AlreadyThere(ticket));
    assert_eq!(store.counts().await.unwrap().pending, 0);
    let file = store.file(&file_name("a-1.0.tar.gz")).await.unwrap().unwrap();
    assert_eq!(file.uploader, "token 1");
}

pub(super) async fn other_bytes_under_a_name_are_refused_for_ever<S: Store>(store: S) {
    let mut publisher = Publisher::default();
    let file = file_name("a-1.0.tar.gz");
    let taken = AcceptError::NameTaken { file: file.clone() };
    let ticket = add(&store, "a-1.0.tar.gz").await;
    assert_eq!(accept(&store, new_file("a-1.0.tar.gz"), b"others").await, Err(taken.clone()));
    publisher.publish(&store, &[ticket]).await.unwrap();
    assert_eq!(accept(&store, new_file("a-1.0.tar.gz"), b"others").await, Err(taken.clone()));

    let delete = store.request(Request::Delete { file: file.clone() }).await.unwrap();
    publisher.publish(&store, &[delete]).await.unwrap();
    assert_eq!(store.file(&file).await.unwrap(), None);
    assert_eq!(store.project(&name("a")).await.unwrap().unwrap().files.len(), 0);
    assert_eq!(accept(&store, new_file("a-1.0.tar.gz"), b"others").await, Err(taken));
    let deleted = AcceptError::Deleted { file };
    assert_eq!(accept(&store, new_file("a-1.0.tar.gz"), b"a-1.0.tar.gz").await, Err(deleted));
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.projects, counts.files, counts.file_bytes), (1, 0, 0));
}

pub(super) async fn a_refused_file_may_come_again<S: Store>(store: S) {
    let mut publisher = Publisher::default();
    let first = add(&store, "a-1.0.tar.gz").await;
    let mut publication = publisher.next(&[], 0);
    publication.done = vec![(first, Outcome::Refused("too many files".to_owned()))];
    store.publish(publication).await.unwrap();
    assert_eq!(store.wait(first).await.unwrap(), TicketState::Refused("too many files".to_owned()));
    assert_eq!(store.project(&name("a")).await.unwrap(), None);
    assert_eq!(store.counts().await.unwrap().projects, 0);

    // The name stays with its bytes.
    assert!(matches!(accept(&store, new_file("a-1.0.tar.gz"), b"others").await, Err(AcceptError::NameTaken { .. })));
    let other = NewFile { uploader: "the second".to_owned(), ..new_file("a-1.0.tar.gz") };
    let Accepted::New(second) = accept(&store, other, b"a-1.0.tar.gz").await.unwrap() else { panic!("it is new again") };
    assert!(second > first);
    publisher.publish(&store, &[second]).await.unwrap();
    assert_eq!(store.file(&file_name("a-1.0.tar.gz")).await.unwrap().unwrap().uploader, "the second");
}

pub(super) async fn tickets_have_one_order_and_are_done_once<S: Store>(store: S) {
    let mut publisher = Publisher::default();
    let mut tickets = Vec::new();
    for number in 0..6 {
        tickets.push(add(&store, &format!("a-{number}.tar.gz")).await);
    }
    assert!(tickets.is_sorted());
    let listed = |most| {
        let store = store.clone();
        async move { store.pending(most).await.unwrap().iter().map(|(ticket, _)| *ticket).collect::<Vec<_>>() }
    };
    assert_eq!(listed(4).await, tickets[..4]);
    let refused = |done: Vec<Ticket>, expected| {
        let (store, mut publisher) = (store.clone(), publisher.clone());
        async move {
            let found = *done.last().unwrap();
            let error = publisher.publish(&store, &done).await.unwrap_err();
            assert_eq!(error, PublishError::OutOfOrder { expected, found });
        }
    };
    refused(vec![tickets[1]], Some(tickets[0])).await;
    refused(vec![tickets[0], tickets[2]], Some(tickets[1])).await;
    refused(vec![tickets[0], tickets[0]], Some(tickets[1])).await;
    assert_eq!(listed(10).await, tickets);
    publisher.publish(&store, &tickets[..2]).await.unwrap();
    assert_eq!(listed(10).await, tickets[2..]);
    let again = publisher.clone().publish(&store, &tickets[..1]).await.unwrap_err();
    assert_eq!(again, PublishError::OutOfOrder { expected: Some(tickets[2]), found: tickets[0] });
    publisher.publish(&store, &tickets[2..]).await.unwrap();
    assert_eq!(store.ticket(tickets[1]).await.unwrap(), TicketState::Published(version(1)));
    assert_eq!(store.ticket(tickets[2]).await.unwrap(), TicketState::Published(version(2)));
}

pub(super) async fn many_accepts_at_once_are_all_kept<S: Store>(store: S) {
    let each = (0..40).map(|number| {
        let store = store.clone();
        // Two of each: one is new, the other one is there already.
        tokio::spawn(async move {
            let file = format!("a-{}.tar.gz", number / 2);
            accept(&store, new_file(&file), file.as_bytes()).await.unwrap()
        })
    });
    let mut new = Vec::new();
    let mut there = Vec::new();
    for accepted in each.collect::<Vec<_>>() {
        match accepted.await.unwrap() {
            Accepted::New(ticket) => new.push(ticket),
            Accepted::AlreadyThere(ticket) => there.push(ticket),
        }
    }
    new.sort_unstable();
    there.sort_unstable();
    assert_eq!(new.len(), 20);
    assert_eq!(new, there);
    let waiting: Vec<_> = store.pending(100).await.unwrap().into_iter().map(|(ticket, _)| ticket).collect();
    assert_eq!(waiting, new);
}

pub(super) async fn a_request_needs_something_that_it_is_about<S: Store>(store: S) {
    let status = Request::Status { project: name("a"), status: ProjectStatus::default() };
    assert_eq!(store.request(status.clone()).await, Err(RequestError::UnknownProject(name("a"))));
    add(&store, "a-1.0.tar.gz").await;
    store.request(status).await.unwrap();
    let file = file_name("a-2.0.tar.gz");
    let unknown = Err(RequestError::UnknownFile(file.clone()));
    assert_eq!(store.request(Request::Delete { file: file.clone() }).await, unknown);
    let yank = Request::Yank { project: name("a"), which: Which::File(file), yanked: Yanked::No, by: YankedBy::Index };
    assert_eq!(store.request(yank).await, unknown);
    assert_eq!(store.counts().await.unwrap().pending, 2);
}

pub(super) async fn what_is_staged_is_limited_hashed_and_can_be_read<S: Store>(store: S) {
    let mut stage = store.stage(10).unwrap();
    stage.write(b"12345").unwrap();
    stage.write(b"67890").unwrap();
    let staged = stage.finish().unwrap();
    assert_eq!((staged.size(), staged.sha256()), (10, sha256(b"1234567890")));
    for _ in 0..2 {
        let mut text = String::new();
        staged.reader().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "1234567890");
    }
    let mut stage = store.stage(10).unwrap();
    stage.write(b"1234567890").unwrap();
    assert_eq!(stage.write(b"1"), Err(StageError::TooLarge { limit: 10 }));
    let long = NewFile { core_metadata: Some(vec![0; crate::limits::SIDE_BYTES + 1].into()), ..new_file("a-1.0.tar.gz") };
    assert_eq!(accept(&store, long, b"").await, Err(AcceptError::TooLarge));
}

pub(super) async fn whoever_waits_is_woken<S: Store>(store: S) {
    assert_eq!(store.wait(Ticket(77)).await.unwrap(), TicketState::Unknown);
    let publisher = tokio::spawn({
        let store = store.clone();
        async move {
            store.wait_for_pending().await.unwrap();
            let tickets: Vec<_> = store.pending(1).await.unwrap().into_iter().map(|(ticket, _)| ticket).collect();
            Publisher::default().publish(&store, &tickets).await.unwrap();
        }
    });
    let ticket = add(&store, "a-1.0.tar.gz").await;
    assert_eq!(store.wait(ticket).await.unwrap(), TicketState::Published(version(1)));
    publisher.await.unwrap();
}

/// A caller that stops waiting at any moment leaves nothing half done.
pub(super) async fn an_accept_that_is_given_up_happens_as_a_whole_or_not_at_all<S: Store>(store: S) {
    for number in 0..12_u64 {
        let file = format!("a-{number}.tar.gz");
        let patience = std::time::Duration::from_millis(number * 2);
        let _ = tokio::time::timeout(patience, accept(&store, new_file(&file), file.as_bytes())).await;
    }
    for number in 0..12 {
        let file = format!("a-{number}.tar.gz");
        accept(&store, new_file(&file), file.as_bytes()).await.unwrap();
    }
    assert_eq!(store.counts().await.unwrap().pending, 12);
    assert_eq!(store.check(crate::store::Rehash::Yes).await.unwrap(), []);
}

/// Random changes: the store makes of a project what [`Project::apply`] does.
pub(super) async fn changes_mean_what_they_mean_to_projects<S: Store>(store: S) {
    let mut random = Random(0x5eed);
    let mut publisher = Publisher::default();
    let mut model = Project::new(name("a"));
    for round in 0..60 {
        let file = format!("a-{}-py{}-none-any.whl", random.below(4), random.below(3) + 2);
        let why = Yanked::Yes(format!("reason {round}"));
        let yanked = if random.below(2) == 0 { Yanked::No } else { why };
        let by = if random.below(2) == 0 { YankedBy::Developers } else { YankedBy::Index };
        let project = name("a");
        let request = match random.below(6) {
            0 => Request::Yank { project, which: Which::File(file_name(&file)), yanked, by },
            // 1.0 is the same version as 1.
            1 => {
                Request::Yank { project, which: Which::Version(format!("{}.0", random.below(4)).parse().unwrap()), yanked, by }
            }
            2 => Request::Status {
                project,
                status: ProjectStatus { marker: StatusMarker::Quarantined, reason: Some(format!("status {round}")) },
            },
            3 if random.below(3) == 0 => Request::Delete { file: file_name(&file) },
            _ => {
                let _ = accept(&store, new_file(&file), file.as_bytes()).await;
                continue;
            }
        };
        let _ = store.request(request).await;
        if random.below(3) == 0 {
            let pending = store.pending(random.below(8) as usize).await.unwrap();
            pending.iter().for_each(|(ticket, change)| model.apply(*ticket, change));
            let tickets: Vec<_> = pending.iter().map(|(ticket, _)| *ticket).collect();
            publisher.publish(&store, &tickets).await.unwrap();
            let expected = (model.serial > 0).then(|| model.clone());
            assert_eq!(store.project(&name("a")).await.unwrap(), expected, "round {round}");
            let counts = store.counts().await.unwrap();
            assert_eq!(counts.files, model.files.len() as u64);
            assert_eq!(counts.file_bytes, model.files.values().map(|file| file.size).sum::<u64>());
        }
    }
    assert!(!model.files.is_empty() && model.serial > 20, "the test has done something");
}
