//! What pip, uv and poetry talk to.
//!
//! An intercepting forward proxy for one command ([`run`]) and a service with index URLs of its own ([`serve`]); both ask the
//! same engine, which learns from pages which file belongs to what, lets the policy decide, and answers in a form that
//! makes unmodified installers print the reason.
//!
//! This crate must never hold a signing key (a run's TLS authority lives in memory and vouches for nothing).

pub mod body;
pub mod cache;
mod curators;
mod digest;
pub mod download;
pub mod engine;
pub mod fetch;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod limits;
mod provenance;
pub mod proxy;
pub mod repository;
pub mod run;
pub mod serve;
pub mod setup;
pub mod state;
pub mod wheel;
