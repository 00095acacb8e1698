//! Projects with real rows and tiny files, accepted and published as uploads are.

use affineur_index::publisher::Publisher;
use affineur_index::store::{AcceptError, NewFile, Store, Ticket};
use affineur_packaging::ProjectName;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::meter::cpu_seconds;
use crate::{Index, Outcome};

/// Uploads that are accepted at once.
const AT_ONCE: usize = 64;

/// The project of this number.
pub(crate) fn project(number: u64) -> Outcome<ProjectName> {
    Ok(format!("small-{number}").parse()?)
}

pub(crate) async fn make(index: &Index, projects: u64, files: u64) -> Outcome<Value> {
    let names = (0..projects * files).map(|number| format!("small_{}-1.{}.0-py3-none-any.whl", number / files, number % files));
    make_files(index, names).await
}

pub(crate) async fn make_large(index: &Index, files: u64) -> Outcome<Value> {
    make_files(index, (0..files).map(|number| format!("large-1.{number}.0-py3-none-any.whl"))).await
}

async fn make_files(index: &Index, names: impl Iterator<Item = String>) -> Outcome<Value> {
    let began = cpu_seconds();
    let accepted = stream::iter(names).map(|name| accept(&index.store, name)).buffer_unordered(AT_ONCE);
    let accepted: Vec<Ticket> = accepted.try_collect().await?;
    let accepting = cpu_seconds();
    let mut publisher = Publisher::start(index.store.clone(), index.online().await?).await?;
    let starting = cpu_seconds();
    while publisher.publish_pending(Timestamp::now()).await?.is_some() {}
    Ok(json!({
        "files": accepted.len(), "accept_cpu_s": accepting - began, "start_cpu_s": starting - accepting,
        "publish_cpu_s": cpu_seconds() - starting
    }))
}

/// A file whose content is its name. Nobody inspects it here, and nobody installs it.
pub(crate) async fn accept<S: Store>(store: &S, name: String) -> Outcome<Ticket> {
    let mut stage = store.stage(1 << 10)?;
    stage.write(name.as_bytes())?;
    let file = NewFile {
        file: name.parse()?,
        display_name: name.split('-').next().unwrap_or_default().to_owned(),
        requires_python: Some(">=3.9".to_owned()),
        core_metadata: Some(Bytes::from_static(b"Metadata-Version: 2.1\n")),
        attestations: None,
        uploaded: Timestamp::now(),
        uploader: "load".to_owned(),
    };
    let staged = stage.finish()?;
    Ok(store.accept(file, staged).await.map_err(|error: AcceptError| error.to_string())?.ticket())
}
