//! A command behind the proxy: real processes.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use affineur_gateway::body::Body;
use affineur_gateway::proxy::{Handler, ProxyRequest, Tunnels};
use affineur_gateway::run::command::Command;
use affineur_gateway::run::existing::Existing;
use affineur_gateway::run::local::{Enforcement, LocalVerdict};
use affineur_gateway::run::variables::Variables;
use affineur_gateway::run::{Engine, RunError, RunOutcome, RunSettings, run};
use affineur_packaging::{FileName, Sha256};
use http::Response;
use tokio::net::TcpStream;

use crate::client::Answers;

struct World(Answers);

impl Handler for World {
    type Tunnel = TcpStream;

    async fn handle(&self, request: ProxyRequest) -> Response<Body> {
        self.0.handle(request).await
    }

    async fn tunnel(&self, host: &str, port: u16) -> Result<TcpStream, Response<Body>> {
        self.0.tunnel(host, port).await
    }

    fn rejected_certificate(&self, host: &str) {
        self.0.rejected_certificate(host);
    }
}

impl Engine for World {
    async fn decide_local(&self, name: &FileName, _digest: &Sha256) -> LocalVerdict {
        if name.project().as_str() == "good" {
            LocalVerdict::Allowed
        } else {
            LocalVerdict::Withheld { reason: "too young".into() }
        }
    }
}

async fn run_in(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Result<RunOutcome, RunError> {
    let command: Vec<OsString> = words.iter().map(Into::into).collect();
    let outer = Variables::from(variables);
    let existing = Existing::read(&outer, &Command::new(&command), folder);
    let settings = RunSettings {
        command,
        folder: folder.to_owned(),
        outer,
        existing,
        upstream: None,
        tunnels: Tunnels::default(),
        enforcement: Enforcement::Enforced,
        runs: folder.join("runs"),
        caches: folder.join("clients/key"),
    };
    run(settings, Arc::new(World(Answers::default()))).await
}

async fn shell(folder: &Path, script: &str) -> Option<i32> {
    // In a file: CMD's own words are read for places.
    let path = folder.join("script");
    fs::write(&path, script).unwrap();
    run_in(folder, &["sh", path.to_str().unwrap()], &[]).await.unwrap().exit_code
}

/// What is left in the folder for private folders.
fn left(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("runs")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).filter(|name| name != "lock").collect()
}

#[tokio::test]
async fn the_exit_status_is_kept_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    for (script, expected) in [("exit 0", 0), ("exit 42", 42), ("kill -KILL $$", 137), ("kill -TERM $$", 143)] {
        assert_eq!(shell(folder.path(), script).await, Some(expected), "{script}");
        assert!(left(folder.path()).is_empty());
    }
}

#[tokio::test]
async fn the_command_finds_proxy_authorities_and_caches_in_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let script = "case $HTTPS_PROXY in http://affineur:*@127.0.0.1:*|http://affineur:*@\\[::1\\]:*) ;; *) exit 1 ;; esac
        test \"$PIP_PROXY\" = \"$HTTPS_PROXY\" || exit 2
        test -z \"$NO_PROXY\" || exit 3
        grep -q 'BEGIN CERTIFICATE' \"$SSL_CERT_FILE\" || exit 4
        grep -q PRIVATE \"$SSL_CERT_FILE\" && exit 5
        test -z \"$SSL_CERT_DIR\" || exit 6
        test -d \"${UV_CACHE_DIR%/uv}\" || exit 7
        exit 0";
    assert_eq!(shell(folder.path(), script).await, Some(0));
}

#[tokio::test]
async fn a_termination_signal_is_passed_on_and_we_live_to_tidy_up() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'exit 7' TERM; kill -TERM $PPID; while :; do sleep 0.05; done";
    assert_eq!(shell(folder.path(), script).await, Some(7));
    assert!(left(folder.path()).is_empty());
}

#[tokio::test]
async fn a_command_that_is_not_there_is_an_error_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    for (words, code, text) in [
        (&["no-such-program-here"][..], 127, "no-such-program-here: command not found"),
        (&["/"], 126, "/: cannot be started"),
        (&[], 2, "no command to run"),
    ] {
        let Err(RunError::Child(error)) = run_in(folder.path(), words, &[]).await else { panic!("{words:?}") };
        assert_eq!(error.exit_code(), code);
        assert!(error.to_string().starts_with(text), "{error}");
        assert!(left(folder.path()).is_empty());
    }
}

#[tokio::test]
async fn a_withheld_local_file_or_a_detour_refuses_the_run_before_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("pip");
    fs::write(&program, "#!/bin/sh\ntouch started\n").unwrap();
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("bad-1.0.tar.gz"), "x").unwrap();
    let pip = program.to_str().unwrap();
    let wheel = folder.path().join("bad-1.0.tar.gz");
    for words in [&[pip, "install", wheel.to_str().unwrap()][..], &[pip, "install", "--proxy", "http://other.example"]] {
        let outcome = run_in(folder.path(), words, &[]).await.unwrap();
        assert_eq!(outcome.exit_code, None);
        assert_eq!(outcome.local.refusals.len() + outcome.detours.len(), 1);
    }
    assert!(!folder.path().join("started").exists() && left(folder.path()).is_empty());
}

#[tokio::test]
async fn a_folder_of_find_links_is_replaced_by_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let links = folder.path().join("links");
    fs::create_dir(&links).unwrap();
    for name in ["good-1.0.tar.gz", "bad-1.0.tar.gz"] {
        fs::write(links.join(name), name).unwrap();
    }
    let (seen, script) = (folder.path().join("seen"), folder.path().join("script"));
    fs::write(&script, format!("ls \"${{PIP_FIND_LINKS#file://}}\" > {}", seen.display())).unwrap();
    let variables = [("PIP_FIND_LINKS", links.to_str().unwrap())];
    let outcome = run_in(folder.path(), &["sh", script.to_str().unwrap()], &variables).await.unwrap();
    assert_eq!((outcome.exit_code, outcome.local.files.len()), (Some(0), 2));
    assert_eq!(fs::read_to_string(seen).unwrap(), "good-1.0.tar.gz\n");
}
