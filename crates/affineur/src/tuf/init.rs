//! `affineur tuf init`.

use std::io::Write as _;
use std::process::ExitCode;

use affineur_tuf::{Hashes, ReferenceTime, Roots, limits};
use affineur_tuf_client::inspect::{Body, Document};
use affineur_tuf_client::local::LocalCopy;
use serde_json::json;

use super::arguments::InitOptions;
use super::describe;
use super::failures;
use super::inspect::read;
use super::session::addresses;
use super::words::print_json;
use crate::colours::{BOLD, DIM, PLAIN};
use crate::failure::Failure;

pub(super) fn init(options: &InitOptions, now: ReferenceTime) -> Result<ExitCode, Failure> {
    let bytes = read(&options.root, limits::ROOT_BYTES)?;
    Roots::start(&bytes, now).map_err(|error| {
        let cause = format!("{}: {}", options.root.display(), failures::cause(&error));
        Failure::refused(cause, "this is no root that can be trusted: take another file, from whoever runs the repository")
    })?;
    let Ok(Document { body: Body::Root(root), .. }) = Document::parse(&bytes) else {
        return Err(Failure::bug("a root that was verified cannot be read"));
    };
    let addresses = addresses(&options.places);
    if let Some(addresses) = &addresses {
        addresses.check()?;
    }
    LocalCopy::initialise(&options.folder, &bytes)?;
    if let Some(addresses) = &addresses {
        addresses.remember(&options.folder)?;
    }
    let hashes = Hashes::sha256_of(&bytes);
    let sha256 = hashes.digest("sha256").unwrap_or_default();
    if options.json {
        print_json(&json!({
            "folder": options.folder.display().to_string(),
            "sha256": sha256,
            "root": describe::root_json(&root),
            "metadata_url": addresses.as_ref().map(|addresses| addresses.metadata().as_str()),
            "targets_url": addresses.as_ref().map(|addresses| addresses.targets().as_str()),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = anstream::stdout();
    let _ = writeln!(out, "{BOLD}affineur:{PLAIN} {} trusts this root now", options.folder.display());
    let _ = writeln!(out, "  sha256     {BOLD}{sha256}{PLAIN}");
    let _ = writeln!(out, "             {DIM}compare it over another way than the one that the file came{PLAIN}");
    let _ = describe::root(&mut out, &root, now);
    let _ = match &addresses {
        Some(addresses) => describe::addresses(&mut out, addresses),
        None => writeln!(out, "  {DIM}no URL is remembered: give --url to each command{PLAIN}"),
    };
    Ok(ExitCode::SUCCESS)
}
