//! The page about the format names every limit with its value.

use std::collections::BTreeMap;

use affineur_tuf::limits;

/// The page.
const PAGE: &str = include_str!("../../../docs/formats/tuf.md");
/// The limits.
const SOURCE: &str = include_str!("../src/limits.rs");

macro_rules! values {
    ($($name:ident)*) => { BTreeMap::from([$((stringify!($name), limits::$name.to_string())),*]) };
}

#[test]
fn every_limit_stands_in_the_page_with_its_value() {
    let values = values!(
        JSON_DEPTH KEY_ID_BYTES PUBLIC_KEY_BYTES SIGNATURE_HEX RSA_MINIMUM_BITS RSA_MAXIMUM_BITS ROLE_NAME_BYTES
        TARGET_PATH_BYTES KEYS DELEGATED_ROLES SNAPSHOT_ROLES SIGNATURES ROOT_BYTES ROOT_ROTATIONS TIMESTAMP_BYTES
        SNAPSHOT_BYTES TARGETS_BYTES VISITED_ROLES DELEGATIONS_TAKEN MESSAGE_CHARACTERS
    );
    let declared: Vec<&str> = SOURCE.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next()).collect();
    assert_eq!(declared.len(), values.len(), "a limit is missing above");
    assert!(declared.iter().all(|name| values.contains_key(name)));
    let section = PAGE.split("## Limits").nth(1).unwrap();
    let rows: BTreeMap<&str, String> = section.lines().filter_map(row).collect();
    assert_eq!(rows, values);
}

/// `| `NAME` | value | … |`
fn row(line: &str) -> Option<(&str, String)> {
    let mut cells = line.split('|').map(str::trim).skip(1);
    let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
    Some((name, cells.next()?.to_owned()))
}
