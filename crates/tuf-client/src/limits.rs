//! Every limit on what is fetched and kept, each with its reason.
