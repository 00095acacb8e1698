//! The Update Framework, specification 1.0.34, with TAP 12 (key identifiers) and TAP 15 (succinct hash bins).

pub mod json;
pub mod key;
pub mod limits;
