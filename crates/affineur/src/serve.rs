//! `affineur gateway serve`.

use std::net::SocketAddr;
use std::process::ExitCode;

use affineur_gateway::engine::Keeps;
use affineur_gateway::serve::Service;
use affineur_gateway::setup::{self, Wanted};
use tracing_subscriber::EnvFilter;

use crate::arguments::{LogFormat, ServeOptions};
use crate::failure::Failure;
use crate::stop::stop;
use crate::why::{environment, wanted};

pub(crate) async fn serve(options: ServeOptions) -> Result<ExitCode, Failure> {
    log(options.log_format);
    let stop = stop(); // before anybody can know that it runs
    let named = options.rules.upstream.is_some();
    let ready = setup::gateway(Wanted { keeps: Keeps::Counters, ..wanted(options.rules) }, environment)?;
    if !named && ready.policy.main().sources.is_empty() {
        return Err(Failure::usage(
            "a gateway of its own needs a source",
            "name one with --upstream URL, or give a policy with `sources`",
        ));
    }
    for message in &ready.messages {
        tracing::warn!("{message}");
    }
    let taken = |address: SocketAddr| {
        move |problem: std::io::Error| {
            Failure::usage(format!("{address}: {problem}"), "choose another address with --listen or --metrics-listen")
        }
    };
    let mut service = Service::bind(ready.gateway, options.listen).await.map_err(taken(options.listen))?;
    if let Some(address) = options.metrics_listen {
        service = service.with_metrics(address).await.map_err(taken(address))?;
    }
    let address = service.address().map_err(taken(options.listen))?;
    tracing::info!(%address, metrics = ?service.metrics_address(), "serving the index at http://{address}/simple/");
    service.run(stop).await;
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
