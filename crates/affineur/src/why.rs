//! `affineur why`.

use std::io::Write as _;
use std::process::ExitCode;

use affineur_gateway::engine::{Asked, Keeps, Outcome, WhyAnswer};
use affineur_gateway::setup::{self, Wanted};
use affineur_trust::Class;

use crate::arguments::{Rules, WhyOptions};
use crate::failure::Failure;

pub(crate) async fn why(options: WhyOptions) -> Result<ExitCode, Failure> {
    let ready = setup::gateway(wanted(options.rules), environment)?;
    let answer = ready.gateway.why(&options.requirement, Asked::Anew).await;
    if answer.sources.is_empty() {
        return Err(Failure::usage(
            "no index is known that could be asked",
            "name one with --upstream URL or in a policy; or run an installer behind `affineur run` first",
        ));
    }
    if options.json {
        let json = serde_json::to_string(&answer)
            .map_err(|problem| Failure::usage(problem.to_string(), "this is a bug").with_status(Failure::BUG))?;
        let _ = writeln!(anstream::stdout(), "{json}"); // whoever closes the pipe has read enough
    } else {
        let _ = write!(anstream::stdout(), "{answer}");
    }
    Ok(ExitCode::from(status(&answer)))
}

/// What the caller asks for, without what only `run` has.
pub(crate) fn wanted(rules: Rules) -> Wanted {
    Wanted {
        policy: rules.policy,
        upstreams: rules.upstream.into_iter().collect(),
        state: rules.state,
        keeps: Keeps::Everything,
        ..Wanted::default()
    }
}

/// The value of an environment variable, where it is text.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// 0 where a file would be let through, 3 where that cannot be told, else 1.
fn status(answer: &WhyAnswer) -> u8 {
    let files = || answer.sources.iter().flat_map(|source| &source.files);
    if files().any(|file| file.outcome != Outcome::Withheld) {
        return 0;
    }
    let classes = files().filter_map(|file| file.class).chain(answer.sources.iter().filter_map(|source| source.class));
    match classes.max() {
        Some(Class::Undecided) => Failure::CANNOT_TELL,
        _ => Failure::REFUSED,
    }
}
