//! What must not compile, each beside a twin that does. Only documentation tests read this.
//!
//! All of these begin with a small repository:
//!
//! ```
//! use affineur_tuf::edit::{Repository, Signers};
//! use affineur_tuf::{Error, ReferenceTime, Roots, Timestamps};
//!
//! let key = |seed| -> affineur_tuf::edit::SharedSigner {
//!     std::sync::Arc::new(affineur_tuf::key::KeyPair::from_seed([seed; 32]).unwrap())
//! };
//! let signers = Signers::of(vec![key(1)], vec![key(2)], vec![key(3)], vec![key(4)]);
//! let mut repository = Repository::new(signers, "2030-01-01T00:00:00Z".parse().unwrap());
//! repository.publish().unwrap();
//! let now: ReferenceTime = "2029-01-01T00:00:00Z".parse().unwrap();
//! let timestamps = Roots::start(&repository.files()["1.root.json"], now)?.finish()?;
//! let targets = timestamps.accept(&repository.files()["timestamp.json"])?.accept(&repository.files()["1.snapshot.json"])?;
//! let (view, _) = targets.accept(&repository.files()["1.targets.json"])?;
//! assert_eq!(view.live(now)?.targets().targets().len(), 0);
//! # Ok::<(), Error>(())
//! ```
//!
//! # No stage can be skipped
//!
//! The roots must be finished before a timestamp is accepted:
//!
//! ```
//! # use affineur_tuf::*;
//! fn update(roots: Roots, file: &[u8]) -> Result<Snapshots, Error> {
//!     roots.finish()?.accept(file)
//! }
//! ```
//! ```compile_fail,E0308
//! # use affineur_tuf::*;
//! fn update(roots: Roots, file: &[u8]) -> Result<Snapshots, Error> {
//!     roots.accept(file)
//! }
//! ```
//!
//! A timestamp leads to a snapshot, not to targets:
//!
//! ```
//! # use affineur_tuf::*;
//! fn update(timestamps: Timestamps, timestamp: &[u8], snapshot: &[u8]) -> Result<TopTargets, Error> {
//!     timestamps.accept(timestamp)?.accept(snapshot)
//! }
//! ```
//! ```compile_fail,E0308
//! # use affineur_tuf::*;
//! fn update(timestamps: Timestamps, timestamp: &[u8], snapshot: &[u8]) -> Result<TopTargets, Error> {
//!     timestamps.accept(timestamp)
//! }
//! ```
//!
//! A stage that failed is gone, and so is one that succeeded:
//!
//! ```
//! # use affineur_tuf::*;
//! fn update(snapshots: Snapshots, file: &[u8]) -> Result<TopTargets, Error> {
//!     snapshots.accept(file)
//! }
//! ```
//! ```compile_fail,E0382
//! # use affineur_tuf::*;
//! fn update(snapshots: Snapshots, file: &[u8]) -> Result<TopTargets, Error> {
//!     let _ = snapshots.accept(file);
//!     snapshots.accept(file)
//! }
//! ```
//!
//! What the targets say is read through the door that checks the time:
//!
//! ```
//! # use affineur_tuf::*;
//! fn targets(view: &View, now: ReferenceTime) -> Result<&Targets, Error> {
//!     Ok(view.live(now)?.targets())
//! }
//! ```
//! ```compile_fail,E0599
//! # use affineur_tuf::*;
//! fn targets(view: &View, now: ReferenceTime) -> Result<&Targets, Error> {
//!     Ok(view.targets())
//! }
//! ```
//!
//! # What is not verified cannot be read
//!
//! ```
//! # use affineur_tuf::*;
//! fn version(file: &[u8], by: &Authority<Targets>) -> Result<Version, Fault> {
//!     Ok(Unverified::parse(file)?.verify(by)?.version())
//! }
//! ```
//! ```compile_fail,E0599
//! # use affineur_tuf::*;
//! fn version(file: &[u8], by: &Authority<Targets>) -> Result<Version, Fault> {
//!     Ok(Unverified::<Targets>::parse(file)?.version())
//! }
//! ```
//! ```compile_fail,E0616
//! # use affineur_tuf::*;
//! fn body(file: &[u8]) -> Result<Targets, Fault> {
//!     Ok(Unverified::<Targets>::parse(file)?.body)
//! }
//! ```
//!
//! The keys of one kind of role verify no other:
//!
//! ```compile_fail,E0308
//! # use affineur_tuf::*;
//! fn version(file: &[u8], by: &Authority<Snapshot>) -> Result<Version, Fault> {
//!     Ok(Unverified::<Targets>::parse(file)?.verify(by)?.version())
//! }
//! ```
//!
//! # What is only authentic cannot be used
//!
//! ```
//! # use affineur_tuf::*;
//! fn delegations(targets: &Current<Targets>) -> Option<&Delegations> {
//!     targets.body().delegations()
//! }
//! ```
//! ```compile_fail,E0599
//! # use affineur_tuf::*;
//! fn delegations(targets: &Authentic<Targets>) -> Option<&Delegations> {
//!     targets.body().delegations()
//! }
//! ```
//! ```
//! # use affineur_tuf::{Current, Fault, Targets, edit::Draft};
//! fn edit(current: &Current<Targets>) -> Result<Draft<Targets>, Fault> {
//!     Draft::after(current)
//! }
//! ```
//! ```compile_fail,E0308
//! # use affineur_tuf::{Authentic, Fault, Targets, edit::Draft};
//! fn edit(authentic: &Authentic<Targets>) -> Result<Draft<Targets>, Fault> {
//!     Draft::after(authentic)
//! }
//! ```
//! ```compile_fail,E0624
//! # use affineur_tuf::*;
//! fn current(authentic: Authentic<Targets>, now: ReferenceTime) -> Result<Current<Targets>, Fault> {
//!     authentic.current(None, now)
//! }
//! ```
//!
//! # No proof is made by hand
//!
//! ```
//! # use affineur_tuf::*;
//! fn authentic(unverified: Unverified<Targets>, by: &Authority<Targets>) -> Result<Authentic<Targets>, Fault> {
//!     unverified.verify(by)
//! }
//! ```
//! ```compile_fail,E0451
//! # use affineur_tuf::*;
//! fn authentic(body: Targets) -> Authentic<Targets> {
//!     Authentic { body, content: [0; 32], authority: [0; 32] }
//! }
//! ```
//! ```compile_fail,E0451
//! # use affineur_tuf::*;
//! fn current(authentic: Authentic<Targets>) -> Current<Targets> {
//!     Current { authentic }
//! }
//! ```
//! ```compile_fail,E0624
//! # use affineur_tuf::*;
//! fn authority(keys: &std::collections::BTreeMap<key::KeyId, key::Key>) -> Result<Authority<Targets>, Fault> {
//!     Authority::new(TopRole::Targets.into(), &[], keys, Threshold::ONE)
//! }
//! ```
//! ```compile_fail,E0277
//! # use affineur_tuf::*;
//! fn current(text: &str) -> Current<Targets> {
//!     serde_json::from_str(text).unwrap()
//! }
//! ```
//! ```compile_fail,E0599
//! # use affineur_tuf::*;
//! fn view() -> View {
//!     View::default()
//! }
//! ```
//! ```compile_fail,E0277
//! # use affineur_tuf::*;
//! struct Mine;
//! fn anything() -> Unverified<Mine> {
//!     Unverified::parse(b"{}").unwrap()
//! }
//! ```
