//! `affineur index token`.

use std::process::ExitCode;

use affineur_index::store::{NewToken, Scope, SqliteStore, Store as _, Token, TokenError, TokenId};
use affineur_index::token::Secret;
use anstream::println;
use jiff::{Timestamp, ToSpan as _};
use serde_json::json;

use super::arguments::{TokenCommand, TokenOptions};
use super::open::{open, store_failure};
use crate::failure::Failure;

pub(super) async fn token(command: &TokenCommand) -> Result<ExitCode, Failure> {
    match command {
        TokenCommand::New(options) => new(options).await,
        TokenCommand::List { dir, json } => list(&open(dir)?.1, *json).await,
        TokenCommand::Revoke { dir, id } => revoke(&open(dir)?.1, *id).await,
    }
}

async fn new(options: &TokenOptions) -> Result<ExitCode, Failure> {
    let (_, store) = open(&options.dir)?;
    let now = Timestamp::now();
    let secret = Secret::random()
        .map_err(|_| Failure::cannot_tell("the system gives no random bytes", "try again on a machine that does"))?;
    let scope = options.project.clone().map_or(Scope::Index, Scope::Project);
    let token = secret.token(options.name.clone(), scope, now, now.checked_add((i64::from(options.days) * 24).hours()).ok());
    let token = NewToken { publisher: options.publisher.clone(), ..token };
    let id = store.token_add(token).await.map_err(|error| match error {
        TokenError::Store(error) => store_failure(&error),
        other => Failure::usage(other.to_string(), "see `affineur index token list`"),
    })?;
    println!("{}", secret.reveal());
    anstream::eprintln!("token {}: shown this once; upload with the user name __token__", id.number());
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &SqliteStore, as_json: bool) -> Result<ExitCode, Failure> {
    let tokens = store.tokens().await.map_err(|error| store_failure(&error))?;
    let now = Timestamp::now();
    for token in &tokens {
        if as_json {
            let scope = scope(token);
            println!(
                "{}",
                json!({
                    "id": token.id.number(), "name": token.name, "scope": scope,
                    "publisher": token.publisher.as_ref().map(ToString::to_string), "good": token.is_good(now),
                    "created": token.created, "expires": token.expires, "revoked": token.revoked,
                    "last-used": token.last_used.map(|day| day.to_string()),
                })
            );
        } else {
            let state = if token.is_good(now) { "good" } else { "no longer good" };
            let used = token.last_used.map_or_else(|| "never used".to_owned(), |day| format!("last used {day}"));
            let (name, by) = (token.name.escape_debug(), bound_to(token));
            println!("{:>4}  {:<24}  {:<14}  {used}  {name}{by}", token.id.number(), scope(token), state);
        }
    }
    if tokens.is_empty() && !as_json {
        println!("no tokens; make one with `affineur index token new`");
    }
    Ok(ExitCode::SUCCESS)
}

fn scope(token: &Token) -> String {
    match &token.scope {
        Scope::Index => "every project".to_owned(),
        Scope::Project(project) => project.to_string(),
    }
}

/// For whose attestations it is, as words behind its name.
fn bound_to(token: &Token) -> String {
    token.publisher.as_ref().map_or_else(String::new, |publisher| format!("  by {publisher}"))
}

async fn revoke(store: &SqliteStore, id: u64) -> Result<ExitCode, Failure> {
    let revoked = store.token_revoke(TokenId::new(id), Timestamp::now()).await.map_err(|error| store_failure(&error))?;
    if !revoked {
        return Err(Failure::usage(format!("there is no token {id} that is good"), "see `affineur index token list`"));
    }
    println!("revoked token {id}");
    Ok(ExitCode::SUCCESS)
}
