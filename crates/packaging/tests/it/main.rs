//! What the crate promises, seen from outside.

mod file_names;
