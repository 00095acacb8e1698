//! OLPC canonical JSON, over which everything in TUF is signed.
