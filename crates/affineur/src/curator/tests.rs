//! What a user reads, as snapshots.

#[test]
fn help() {
    insta::assert_snapshot!(crate::arguments::help_of("curator"));
}
