//! Speaks the client protocol of the tuf-conformance test suite: `init`, `refresh`, `download`. For that suite only; people use
//! `affineur tuf`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use affineur_tuf::{Lookup, ReferenceTime, TargetPath};
use affineur_tuf_client::Client;
use affineur_tuf_client::http::{HttpSettings, HttpTransport};
use affineur_tuf_client::local::LocalCopy;
use clap::{Parser, Subcommand};
use url::Url;

type Failure = Box<dyn std::error::Error>;

#[derive(Parser)]
struct Arguments {
    /// Where the client keeps the metadata that it trusts
    #[arg(long)]
    metadata_dir: PathBuf,
    /// Where the repository's metadata are
    #[arg(long)]
    metadata_url: Option<Url>,
    /// A target to download; may be repeated
    #[arg(long)]
    target_name: Vec<String>,
    /// Where the repository's targets are
    #[arg(long)]
    target_base_url: Option<Url>,
    /// Where downloaded targets go
    #[arg(long)]
    target_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Begins with a trusted root
    Init {
        /// The file
        trusted_root: PathBuf,
    },
    /// Updates the top-level roles
    Refresh,
    /// Updates, then downloads the targets in order
    Download,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            let causes = std::iter::successors(error.source(), |cause| cause.source());
            causes.for_each(|cause| eprintln!("  because: {cause}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Command::Init { trusted_root } = &arguments.command {
        LocalCopy::initialise(&arguments.metadata_dir, &std::fs::read(trusted_root)?)?;
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(update(arguments))
}

async fn update(arguments: &Arguments) -> Result<(), Failure> {
    let metadata = arguments.metadata_url.as_ref().ok_or("--metadata-url is missing")?;
    let targets = arguments.target_base_url.as_ref().unwrap_or(metadata);
    let transport = HttpTransport::new(metadata, targets, HttpSettings::default())?;
    let client = Client::new(LocalCopy::open(&arguments.metadata_dir)?, transport);
    let now = ReferenceTime::now();
    let mut view = client.refresh(now).await?;
    if !matches!(arguments.command, Command::Download) {
        return Ok(());
    }
    let folder = arguments.target_dir.as_deref().ok_or("--target-dir is missing")?;
    for name in &arguments.target_name {
        let path: TargetPath = name.parse()?;
        let found = match client.find(&mut view, &path, now).await? {
            Lookup::Found(found) => found,
            Lookup::Absent => return Err(format!("{path}: there is no such target").into()),
            Lookup::GaveUp { visited } => return Err(format!("{path}: gave up after {visited} roles").into()),
        };
        client.download(&view, &path, &found.target, &file(folder, &path), now).await?;
    }
    Ok(())
}

/// All in one folder: the suite looks there.
fn file(folder: &Path, path: &TargetPath) -> PathBuf {
    folder.join(path.as_str().replace('/', "%2F"))
}
