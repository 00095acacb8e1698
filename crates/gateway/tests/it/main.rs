//! The gateway from outside: each module asks one part of it, all of them against upstreams on loopback that may be hostile.

#[cfg(test)]
mod attestations;
#[cfg(test)]
mod client;
#[cfg(test)]
mod curators;
#[cfg(test)]
mod fetch;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod repository;
#[cfg(test)]
#[cfg(unix)]
mod run;
#[cfg(test)]
#[path = "../../examples/static_index/build.rs"]
mod static_index;
#[cfg(test)]
mod support;
