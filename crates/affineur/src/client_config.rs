//! `affineur gateway client-config`.

use std::io::Write as _;
use std::process::ExitCode;

use affineur_gateway::serve::client_config;
use url::Url;

use crate::arguments::InstallerName;
use crate::failure::Failure;

pub(crate) fn print(installer: InstallerName, url: &Url) -> Result<ExitCode, Failure> {
    let mut base = url.clone();
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", url.path()));
    }
    let simple = if base.path().ends_with("/simple/") { Ok(base) } else { base.join("simple/") };
    let simple = simple.map_err(|problem| {
        Failure::usage(format!("{url}: {problem}"), "give the gateway's address, such as http://127.0.0.1:8765/")
    })?;
    let _ = write!(anstream::stdout(), "{}", client_config(installer.into(), &simple));
    Ok(ExitCode::SUCCESS)
}
