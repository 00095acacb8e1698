//! `affineur index serve`.

use std::process::ExitCode;

use affineur_index::publisher::Publisher;
use affineur_index::serve::Service;
use jiff::Timestamp;
use tokio::sync::watch;

use super::arguments::ServeOptions;
use super::open::{folder_failure, open, publisher_failure};
use crate::failure::Failure;
use crate::serve::log;
use crate::stop::stop;

pub(super) async fn serve(options: &ServeOptions) -> Result<ExitCode, Failure> {
    log(options.log_format);
    let asked_to_stop = stop(); // before anybody can know that it runs
    let (folder, store) = open(&options.dir)?;
    let online = folder.online().map_err(|error| folder_failure(&error))?;
    let publisher = Publisher::start(store.clone(), online).await.map_err(|error| publisher_failure(&error))?;
    let taken = |problem: std::io::Error| {
        Failure::usage(format!("cannot listen: {problem}"), "choose another address with --listen or --metrics-listen")
    };
    let mut service = Service::bind(store, options.listen).await.map_err(taken)?;
    if let Some(address) = options.metrics_listen {
        service = service.with_metrics(address).await.map_err(taken)?;
    }
    let address = service.address().map_err(taken)?;
    tracing::info!(%address, version = %publisher.version(), "serving the index at http://{address}/simple/");
    let (stopping, mut stopped) = watch::channel(false);
    let mut end_of_service = stopped.clone();
    let serving = tokio::spawn(service.run(async move {
        let _ = end_of_service.wait_for(|stop| *stop).await;
    }));
    let publishing = tokio::spawn(publisher.run(Timestamp::now, async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    }));
    asked_to_stop.await;
    let _ = stopping.send(true);
    let served = serving.await;
    if publishing.await.is_err() || served.is_err() {
        return Err(Failure::bug("a part of the service ended early"));
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
