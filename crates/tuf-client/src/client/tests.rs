//! The driver over networks and disks in memory. What happens when either breaks is in `cuts`, what is fetched in `reuse`, what
//! is said in `errors`, what is kept of attacks in `refused`, several clients of one copy in `together`.

mod cuts;
mod errors;
mod refused;
mod reuse;
mod together;
