//! Whatever authentic files come in whatever order, nothing that was remembered is gone behind.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::edit::sign_json;
use crate::testing::{now, repository, signer};
use crate::{Floor, Listed, Roots, Snapshot, Timestamp, View};

/// A timestamp that somebody signed: its version, the snapshot's, whether it has expired, and whose key.
#[derive(Clone, Debug)]
struct AnyTimestamp(u64, u64, bool, u8);

/// A snapshot that somebody signed: its version, those of `targets` and `a`, whether it has expired, and whose key.
#[derive(Clone, Debug)]
struct AnySnapshot(u64, u64, Option<u64>, bool, u8);

impl AnyTimestamp {
    fn bytes(&self) -> Vec<u8> {
        signed("timestamp", self.0, self.2, self.3, &json!({"snapshot.json": {"version": self.1}}))
    }
}

impl AnySnapshot {
    fn bytes(&self) -> Vec<u8> {
        let mut listed = BTreeMap::from([("targets.json", json!({"version": self.1}))]);
        listed.extend(self.2.map(|version| ("a.json", json!({"version": version}))));
        signed("snapshot", self.0, self.3, self.4, &json!(listed))
    }
}

fn signed(kind: &str, version: u64, is_expired: bool, key: u8, meta: &Value) -> Vec<u8> {
    let expires = if is_expired { "2020-01-01T00:00:00Z" } else { "2030-01-01T00:00:00Z" };
    let body = json!({
        "_type": kind, "expires": expires, "meta": meta, "spec_version": "1.0.34", "version": version
    });
    sign_json(&body, [&*signer(key)]).unwrap()
}

fn targets(version: u64) -> Vec<u8> {
    let body = json!({
        "_type": "targets", "expires": "2030-01-01T00:00:00Z", "spec_version": "1.0.34", "targets": {}, "version": version
    });
    sign_json(&body, [&*signer(4)]).unwrap()
}

/// Its own key, or now and then the key of the other one.
fn key() -> impl Strategy<Value = u8> {
    prop_oneof![9 => Just(0), 1 => Just(1)]
}

fn version() -> std::ops::Range<u64> {
    1..4
}

fn any_timestamp() -> impl Strategy<Value = AnyTimestamp> {
    (version(), version(), any::<bool>(), key()).prop_map(|(a, b, expired, other)| AnyTimestamp(a, b, expired, 2 + other))
}

fn any_snapshot() -> impl Strategy<Value = AnySnapshot> {
    (version(), version(), prop::option::of(version()), any::<bool>(), key())
        .prop_map(|(a, b, c, expired, other)| AnySnapshot(a, b, c, expired, 3 - other))
}

#[derive(Clone, Debug)]
struct Update {
    local_timestamps: Vec<AnyTimestamp>,
    timestamp: AnyTimestamp,
    local_snapshots: Vec<AnySnapshot>,
    snapshot: AnySnapshot,
}

fn update() -> impl Strategy<Value = Update> {
    let few = 0..4_usize;
    let timestamps = prop::collection::vec(any_timestamp(), few.clone());
    let snapshots = prop::collection::vec(any_snapshot(), few);
    (timestamps, any_timestamp(), snapshots, any_snapshot()).prop_map(
        |(local_timestamps, timestamp, local_snapshots, snapshot)| Update {
            local_timestamps,
            timestamp,
            local_snapshots,
            snapshot,
        },
    )
}

impl Update {
    /// The view, if there is one, and what was remembered on the way.
    fn run(&self, root: &[u8]) -> Option<(View, Vec<&AnyTimestamp>, Vec<&AnySnapshot>)> {
        let mut timestamps = Roots::start(root, now()).unwrap().finish().unwrap();
        let holds = |floor| matches!(floor, Ok(Floor::Holds(_)));
        let floors = self.local_timestamps.iter().filter(|local| holds(timestamps.remember(&local.bytes(), None))).collect();
        let mut snapshots = timestamps.accept(&self.timestamp.bytes()).ok()?;
        let snapshot_floors =
            self.local_snapshots.iter().filter(|local| holds(snapshots.remember(&local.bytes(), None))).collect();
        let top = match snapshots.keep() {
            Ok(top) => top,
            Err(snapshots) => snapshots.accept(&self.snapshot.bytes()).ok()?,
        };
        let listed = top.wanted().unwrap().path.split('.').next().unwrap().parse().unwrap();
        Some((top.accept(&targets(listed)).ok()?.0, floors, snapshot_floors))
    }
}

fn is_not_behind(view: &Timestamp, floor: &AnyTimestamp) -> bool {
    crate::Role::version(view).number() >= floor.0 && view.snapshot().version().number() >= floor.1
}

fn is_not_behind_of(view: &Snapshot, floor: &AnySnapshot) -> bool {
    let listed = |name: &str| view.role(name).map_or(0, |listed: &Listed| listed.version().number());
    view.version().number() >= floor.0 && listed("targets") >= floor.1 && listed("a") >= floor.2.unwrap_or(0)
}

fn root() -> Vec<u8> {
    let mut repository = repository();
    repository.publish().unwrap();
    repository.file("root", Some(1)).unwrap().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_view_is_behind_anything_that_was_remembered(update in update()) {
        if let Some((view, timestamps, snapshots)) = update.run(&root()) {
            prop_assert!(timestamps.iter().all(|floor| is_not_behind(view.timestamp(), floor)));
            prop_assert!(snapshots.iter().all(|floor| is_not_behind_of(view.snapshot(), floor)));
            prop_assert_eq!(view.snapshot().version(), view.timestamp().snapshot().version());
        }
    }
}

/// So that the property above is not true of nothing.
#[test]
fn a_view_is_reached_past_floors() {
    let update = Update {
        local_timestamps: vec![AnyTimestamp(1, 2, true, 2), AnyTimestamp(2, 2, true, 2)],
        timestamp: AnyTimestamp(3, 3, false, 2),
        local_snapshots: vec![AnySnapshot(2, 1, Some(1), true, 3)],
        snapshot: AnySnapshot(3, 1, Some(2), false, 3),
    };
    let (view, timestamps, snapshots) = update.run(&root()).unwrap();
    assert_eq!((timestamps.len(), snapshots.len(), view.snapshot().version().number()), (2, 1, 3));
}
