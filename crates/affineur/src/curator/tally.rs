//! `affineur curator tally`.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use affineur_signer::curator::{Curator, Judged, Taken};
use affineur_signer::limits::STATEMENT_BYTES;
use anstream::println;
use jiff::Timestamp;
use serde_json::json;

use super::describe::print_drafted;
use super::statement_arguments::TallyOptions;
use crate::failure::Failure;
use crate::tuf::print_json;

pub(super) fn tally(options: &TallyOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let statements = options.statements.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    let mut curator = Curator::open(&options.dir)?;
    let judged = curator.tally(&statements, now)?;
    for (file, one) in options.statements.iter().zip(&judged) {
        if options.json {
            print_json(&as_json(file, one));
            continue;
        }
        match one {
            Ok(taken) => println!("{}: {}", file.display(), words(taken)),
            Err(reason) => println!("{}: NOT TAKEN: {reason}", file.display()),
        }
    }
    let taken = judged.iter().filter(|one| one.is_ok()).count();
    if taken > 0 && !options.json {
        print_drafted(&options.dir, &format!("took in {taken} of {}", judged.len()));
    }
    Ok(if taken == judged.len() { ExitCode::SUCCESS } else { ExitCode::from(Failure::REFUSED) })
}

fn words(taken: &Taken) -> String {
    let said = match taken.vote {
        Some(vote) => format!("votes {vote:?}").to_lowercase(),
        None => "audited".to_owned(),
    };
    format!("{} {} {said} {} until {}", taken.kind.as_str(), taken.name, taken.file, taken.expires)
}

fn as_json(file: &Path, judged: &Judged) -> serde_json::Value {
    let statement = file.display().to_string();
    match judged {
        Ok(taken) => json!({
            "statement": statement, "taken": true, "kind": taken.kind.as_str(), "name": taken.name,
            "file": taken.file.as_str(), "vote": taken.vote, "expires": taken.expires,
        }),
        Err(reason) => json!({ "statement": statement, "taken": false, "reason": reason.to_string() }),
    }
}

/// A statement, or the beginning of something that is too long for one.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let most = u64::try_from(STATEMENT_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let read = std::fs::File::open(file).and_then(|open| open.take(most).read_to_end(&mut bytes));
    read.map_err(|problem| {
        Failure::usage(format!("{}: {problem}", file.display()), "name ballots and audits that people sent")
    })?;
    Ok(bytes)
}
