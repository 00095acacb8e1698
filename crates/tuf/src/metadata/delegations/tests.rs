use serde_json::{Value, json};

use super::*;

fn delegations(roles: &Value) -> Result<Delegations, String> {
    let delegations: Delegations =
        serde_json::from_value(json!({"keys": {}, "roles": roles})).map_err(|error| error.to_string())?;
    delegations.check().map(|()| delegations)
}

fn delegated(name: &str, more: &Value) -> Value {
    let mut role = json!({"name": name, "keyids": [], "threshold": 1, "terminating": false});
    role.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    role
}

fn bins(bit_length: u64, prefix: &str) -> Result<Succinct, String> {
    let bins = json!({"bit_length": bit_length, "keyids": [], "name_prefix": prefix, "threshold": 1});
    let bins: Succinct = serde_json::from_value(bins).map_err(|error| error.to_string())?;
    bins.check().map(|()| bins)
}

#[test]
fn counts_are_accepted_up_to_their_limits() {
    for (roles, accepted) in [(limits::DELEGATED_ROLES, true), (limits::DELEGATED_ROLES + 1, false)] {
        let roles: Vec<Value> = (0..roles).map(|number| delegated(&number.to_string(), &json!({"paths": []}))).collect();
        assert_eq!(delegations(&roles.into()).is_ok(), accepted);
    }
    let key = json!({"keytype": "a", "scheme": "b", "keyval": {"public": ""}});
    for (keys, accepted) in [(limits::KEYS, true), (limits::KEYS + 1, false)] {
        let ids: Vec<String> = (0..keys).map(|number| number.to_string()).collect();
        let keys: BTreeMap<&String, &Value> = ids.iter().map(|id| (id, &key)).collect();
        let file: Delegations = serde_json::from_value(json!({"keys": keys, "roles": []})).unwrap();
        assert_eq!(file.check().is_ok(), accepted);
        assert_eq!(file.keys().len(), ids.len());
        let role = json!([delegated("a", &json!({"paths": [], "keyids": ids}))]);
        assert_eq!(delegations(&role).is_ok(), accepted);
    }
}

#[test]
fn patterns_and_prefixes_have_limits() {
    let pattern = |length: usize| delegations(&json!([delegated("a", &json!({"paths": ["a".repeat(length)]}))])).is_ok();
    assert!(pattern(limits::TARGET_PATH_BYTES) && !pattern(limits::TARGET_PATH_BYTES + 1));
    let prefix = |prefix: &str| delegations(&json!([delegated("a", &json!({"path_hash_prefixes": [prefix]}))])).is_ok();
    assert!(prefix("0") && prefix("09af") && prefix(&"0".repeat(64)));
    assert!(!prefix("") && !prefix(&"0".repeat(65)) && !prefix("g") && !prefix("A") && !prefix("0 "));
}

#[test]
fn hash_bins_are_named_as_tap_15_says() {
    for (bit_length, bin, expected) in [
        (1, 0, "b-0"),
        (1, 1, "b-1"),
        (4, 15, "b-f"),
        (5, 1, "b-01"),
        (8, 255, "b-ff"),
        (14, 16_383, "b-3fff"),
        (32, 5, "b-00000005"),
    ] {
        let bins = bins(bit_length, "b").unwrap();
        assert_eq!(bins.name_of(bin), expected);
        assert_eq!(bins.bins(), 1 << bit_length);
        assert_eq!(u64::from(bins.bit_length()), bit_length);
    }
    for refused in [0, 33, 255, 256] {
        assert!(bins(refused, "b").is_err(), "{refused}");
    }
    for (bit_length, expected) in [(63, 1 << 63), (64, u64::MAX), (u8::MAX, u64::MAX)] {
        assert_eq!(Succinct::new(bit_length, "b", Vec::new(), Threshold::ONE).bins(), expected);
    }
    let longest = limits::ROLE_NAME_BYTES - 9;
    assert!(bins(32, &"b".repeat(longest)).unwrap().name_of(0).parse::<RoleName>().is_ok());
    assert!(bins(32, &"b".repeat(longest + 1)).is_err());
}

#[test]
fn a_path_belongs_to_the_bin_of_its_first_bits() {
    let path: TargetPath = "abc".parse().unwrap();
    // SHA-256 of the path begins with ba7816bf.
    assert_eq!(path.digest()[..4], [0xba, 0x78, 0x16, 0xbf]);
    for (bit_length, bin) in [(1, 1), (4, 0xb), (8, 0xba), (13, 0xba78 >> 3), (32, 0xba78_16bf)] {
        assert_eq!(bins(bit_length, "b").unwrap().bin_of(&path), bin);
    }
}
