//! Every limit on what metadata may contain, each with its reason.

/// Deepest nesting of a JSON text. Metadata of the specification has seven levels; `custom` may have some of its own.
pub const JSON_DEPTH: usize = 32;
