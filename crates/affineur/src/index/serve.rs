//! `affineur index serve`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use affineur_index::publisher::Publisher;
use affineur_index::serve::{Limits, Service, Settings};
use affineur_index::upload::{Pace, Reserve};
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::arguments::{LimitOptions, ServeOptions};
use super::open::{folder_failure, online, open, publisher_failure};
use crate::failure::Failure;
use crate::serve::log;
use crate::stop::stop;

pub(super) async fn serve(options: &ServeOptions) -> Result<ExitCode, Failure> {
    log(options.log_format);
    let asked_to_stop = stop(); // before anybody can know that it runs
    let (folder, store) = open(&options.dir)?;
    let online = online(&folder, &store).await?;
    let publisher = Publisher::start(store.clone(), online).await.map_err(|error| publisher_failure(&error))?;
    let publisher = publisher.taking_in(folder.clone());
    let swept = store.clone();
    let taken = |problem: std::io::Error| {
        Failure::usage(format!("cannot listen: {problem}"), "choose another address with --listen or --metrics-listen")
    };
    let limits = limits(&options.limits, folder.path());
    let url = folder.config().map_err(|error| folder_failure(&error))?.url;
    let attestations = folder.attestations().map_err(|error| folder_failure(&error))?;
    let settings = Settings { url, attestations, limits };
    let mut service = Service::bind(store, options.listen, settings).await.map_err(taken)?;
    if let Some(address) = options.metrics_listen {
        service = service.with_metrics(address).await.map_err(taken)?;
    }
    let address = service.address().map_err(taken)?;
    tracing::info!(%address, version = %publisher.version(), "serving the index at http://{address}/simple/");
    let (serve_on, end_of_serving) = oneshot::channel::<()>();
    let (publish_on, end_of_publishing) = oneshot::channel::<()>();
    let serving = tokio::spawn(service.run(async { drop(end_of_serving.await) }));
    let publishing = tokio::spawn(publisher.run(Timestamp::now, async { drop(end_of_publishing.await) }));
    let sweeping = tokio::spawn(affineur_index::sweep::daily(swept));
    asked_to_stop.await;
    sweeping.abort();
    // The service first: uploads that it accepts meanwhile are still signed and answered.
    drop(serve_on);
    let served = tokio::time::timeout(affineur_index::limits::STOPPING, serving).await;
    drop(publish_on);
    if publishing.await.is_err() || matches!(served, Ok(Err(_))) {
        return Err(Failure::bug("a part of the service ended early"));
    }
    if served.is_err() {
        tracing::warn!("requests that did not end in time were cut off");
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn limits(options: &LimitOptions, folder: &Path) -> Limits {
    Limits {
        connections: options.connections as usize,
        head_time: Duration::from_secs(options.head_time),
        uploads: options.upload_limit as usize,
        uploads_of_token: options.token_upload_limit as usize,
        upload_wait: Duration::from_secs(options.upload_wait),
        pace: Pace { idle: Duration::from_secs(options.upload_idle), ..Pace::default() },
        reserve: Some(Reserve::new(folder, options.disk_reserve.saturating_mul(1 << 20))),
    }
}
