//! `affineur run`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use affineur_gateway::engine::{Gateway, Interceptor, Summary};
use affineur_gateway::fetch::{FetchSettings, ParentProxies};
use affineur_gateway::limits::FetchLimits;
use affineur_gateway::proxy::Tunnels;
use affineur_gateway::run::command::{Command, Installer};
use affineur_gateway::run::existing::Existing;
use affineur_gateway::run::local::Enforcement;
use affineur_gateway::run::variables::Variables;
use affineur_gateway::run::{self, PipKey, RunError, RunOutcome, RunSettings, locks};
use affineur_gateway::setup::{self, Ready, Wanted};
use affineur_trust::Class;
use anstream::eprintln;

use crate::arguments::RunOptions;
use crate::failure::Failure;
use crate::table;
use crate::why::{environment, wanted};

pub(crate) async fn run(options: RunOptions) -> Result<ExitCode, Failure> {
    let folder = std::env::current_dir()
        .map_err(|problem| Failure::cannot_tell(format!("the working directory: {problem}"), "go to a folder that exists"))?;
    let tunnels = Tunnels::parse(options.tunnel.iter().map(String::as_str)).map_err(|problem| {
        Failure::usage(format!("--tunnel {problem}: this is no host"), "a name or an address, without port")
    })?;
    let outer = Variables::of_process();
    let command = Command::new(&options.command);
    let existing = Existing::read(&outer, &command, &folder);
    let asked = Wanted {
        strict: options.strict,
        hints: locks::indexes(&command.project(&folder)).into_iter().collect(),
        fetch: Some(fetch_settings(&existing, waits(&command, &outer))?),
        ..wanted(options.rules.clone())
    };
    let report = options.report.as_deref().map(create).transpose()?;
    let ready = setup::gateway(asked, environment)?;
    for message in &ready.messages {
        eprintln!("affineur: {message}");
    }
    ready.gateway.hear_curators().await;
    let settings = settings(&options, &ready, (outer, existing, folder), tunnels)?;
    let caches = settings.caches.clone();
    let outcome =
        run::run(settings, Arc::new(Interceptor(Arc::clone(&ready.gateway)))).await.map_err(|error| failure(&error))?;
    ready.close_caches(&caches);
    ready.gateway.note_outcome(&outcome);
    if ready.policy_changed() {
        // Whatever the command starts could have changed it, and would let itself through.
        eprintln!("affineur: the policy was changed meanwhile; this run kept the one that it began with");
    }
    ready.gateway.state().save().await.map_err(setup::SetupError::State)?;
    close(&options, &ready.gateway, &outcome, report)
}

/// How long the command's installer waits for an answer: as its variables say, else what it does by itself.
fn waits(command: &Command, outer: &Variables) -> Duration {
    let (names, usual): (&[&str], u64) = match command.installer() {
        Some(Installer::Uv) => (&["UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT", "HTTP_TIMEOUT"], 30),
        _ => (&["PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT"], 15),
    };
    let said = names.iter().find_map(|name| outer.text(name)?.trim().parse().ok());
    Duration::from_secs(said.unwrap_or(usual))
}

/// How upstreams are reached: as the command would have reached them.
fn fetch_settings(existing: &Existing, client: Duration) -> Result<FetchSettings, Failure> {
    let mut proxies = ParentProxies::from_environment(environment).map_err(setup::SetupError::Fetch)?;
    if let Some(setting) = existing.pip.iter().rev().find(|setting| setting.key == PipKey::Proxy) {
        proxies = proxies.with_pip_conf(&setting.value).map_err(setup::SetupError::Fetch)?;
    }
    Ok(FetchSettings {
        extra_roots: existing.authorities.clone(),
        client_identity: existing.client_certificate.clone(),
        proxies,
        limits: FetchLimits::for_client_waiting(client),
        ..FetchSettings::default()
    })
}

fn settings(
    options: &RunOptions,
    ready: &Ready,
    (outer, existing, folder): (Variables, Existing, PathBuf),
    tunnels: Tunnels,
) -> Result<RunSettings, Failure> {
    let enforcement = if ready.gateway.only_names_local_files() { Enforcement::Named } else { Enforcement::Enforced };
    Ok(RunSettings {
        command: options.command.clone(),
        folder,
        outer,
        existing,
        upstream: ready.index.clone(),
        tunnels,
        enforcement,
        runs: ready.home.state.join("runs"),
        caches: ready.client_caches().map_err(setup::SetupError::State)?,
    })
}

/// Prints the closing table, writes the report, and decides the exit status.
fn close(options: &RunOptions, gateway: &Gateway, outcome: &RunOutcome, report: Option<File>) -> Result<ExitCode, Failure> {
    let summary = gateway.record().summary();
    if let (Some(file), Some(path)) = (report, &options.report) {
        let written = table::write_json(&summary, BufWriter::new(&file)).and_then(|()| file.sync_all());
        written.map_err(|problem| cannot_write(path, &problem))?;
    }
    if outcome.exit_code.is_none() {
        eprintln!("affineur: the command was not started");
    }
    for refusal in &outcome.local.refusals {
        eprintln!("affineur: {refusal}");
    }
    if options.json {
        let _ = table::write_json(&summary, std::io::stderr().lock());
    } else if !options.quiet || table::is_loud(&summary) {
        let _ = table::print(&summary, anstream::stderr().lock());
    }
    let _ = std::io::stderr().flush();
    Ok(ExitCode::from(status(options, outcome, &summary)))
}

/// The command's own exit status; under `--strict` success is only success where everything was decided.
fn status(options: &RunOptions, outcome: &RunOutcome, summary: &Summary) -> u8 {
    let Some(code) = outcome.exit_code else {
        let of_local = outcome.local.refusals.iter().map(run::local::LocalRefusal::exit_code).min();
        return of_local.and_then(|code| u8::try_from(code).ok()).unwrap_or(Failure::REFUSED);
    };
    match (u8::try_from(code).unwrap_or(u8::MAX), summary.worst()) {
        (0, Some(Class::Hostile)) if options.strict => Failure::REFUSED,
        (0, Some(Class::Undecided)) if options.strict => Failure::CANNOT_TELL,
        (0, _) if options.strict && !summary.decided_anything() => Failure::CANNOT_TELL,
        (code, _) => code,
    }
}

/// The report's file is made before anything runs: a path that cannot be written to must not cost an install.
fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|problem| cannot_write(path, &problem))
}

fn cannot_write(path: &Path, problem: &std::io::Error) -> Failure {
    Failure::usage(
        format!("{}: the report cannot be written: {problem}", path.display()),
        "choose another place with --report FILE",
    )
}

fn failure(error: &RunError) -> Failure {
    let hint = match error {
        RunError::Child(_) => "check the command after `--`",
        RunError::Local(_) => "check the local folders that the command uses",
        RunError::Authority(_) | RunError::Randomness(_) => "this is a bug, or a broken system",
        RunError::Io(_) => "check that AFFINEUR_HOME is writable and loopback can be listened on",
    };
    let status = match error {
        RunError::Child(child) => u8::try_from(child.exit_code()).unwrap_or(Failure::BUG),
        RunError::Authority(_) | RunError::Randomness(_) => Failure::BUG,
        RunError::Local(_) | RunError::Io(_) => Failure::CANNOT_TELL,
    };
    let mut cause = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(deeper) = source {
        cause = format!("{cause}: {deeper}");
        source = deeper.source();
    }
    Failure::cannot_tell(cause, hint).with_status(status)
}
