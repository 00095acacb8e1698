//! `affineur gateway serve`.

use std::net::SocketAddr;
use std::process::ExitCode;

use affineur_gateway::engine::Keeps;
use affineur_gateway::serve::Service;
use affineur_gateway::setup::{self, Wanted};
use tracing_subscriber::EnvFilter;

use crate::arguments::{LogFormat, ServeOptions};
use crate::failure::Failure;
use crate::stop::{hangups, stop};
use crate::why::{environment, wanted};

pub(crate) async fn serve(options: ServeOptions) -> Result<ExitCode, Failure> {
    log(options.log_format);
    let stop = stop(); // before anybody can know that it runs
    let hangups = hangups();
    let ready = setup::gateway(Wanted { keeps: Keeps::Counters, ..wanted(options.rules) }, environment)?;
    for message in &ready.messages {
        tracing::warn!("{message}");
    }
    let taken = |address: SocketAddr| {
        move |problem: std::io::Error| {
            Failure::usage(format!("{address}: {problem}"), "choose another address with --listen or --metrics-listen")
        }
    };
    let (gateway, reload) = ready.reloading(environment);
    let mut service = Service::bind(gateway, options.listen).await.map_err(taken(options.listen))?;
    if let Some(address) = options.metrics_listen {
        service = service.with_metrics(address).await.map_err(taken(address))?;
    }
    let address = service.address().map_err(taken(options.listen))?;
    tracing::info!(%address, metrics = ?service.metrics_address(), "serving the index at http://{address}/simple/");
    let watching = tokio::spawn(reload.watch(hangups));
    service.run(stop).await;
    watching.abort();
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Log lines go to standard error; `AFFINEUR_LOG` filters them. What is never logged: credentials, queries, upstream text.
pub(crate) fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_env("AFFINEUR_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => {
            lines.with_ansi(anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never).init();
        }
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
