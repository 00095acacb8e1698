//! From a role's name to a file's name. A delegated role may have any name at all (specification, 4.5), so it is encoded such that
//! it cannot lead out of the folder, and that no two roles share a file on any file system.

use std::borrow::Cow;
use std::fmt::Write as _;

use affineur_tuf::RoleLabel;
use aws_lc_rs::digest::{SHA256, digest};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::TopRole;
use crate::limits;

/// What the names of a role's files begin with. Those of two roles differ, even where capitals and small letters are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Stem(Cow<'static, str>);

/// Capitals are encoded as well: file systems that ignore case would give `A` and `a` one file.
const ENCODED: AsciiSet = {
    let mut set = NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');
    let mut capital = b'A';
    while capital <= b'Z' {
        set = set.add(capital);
        capital += 1;
    }
    set
};

/// What the stems of names that are too long begin with.
const DIGEST: &str = "sha256-";

impl Stem {
    pub(super) const ROOT: Self = Self(Cow::Borrowed("root"));

    pub(super) fn delegated(name: &str) -> Self {
        let encoded = utf8_percent_encode(name, &ENCODED).to_string();
        Self(Cow::Owned(match encoded.len() {
            1..=limits::STEM_BYTES if has_a_meaning(&encoded) => encode_first(&encoded),
            1..=limits::STEM_BYTES => encoded,
            _ => digest_of(name),
        }))
    }

    /// Of any role, root among them.
    pub(super) fn labelled(role: &RoleLabel) -> Self {
        match role {
            RoleLabel::Top(role) => Self(Cow::Borrowed(role.as_str())),
            RoleLabel::Delegated(name) => Self::delegated(name.as_str()),
        }
    }

    /// Of evidence: the beginning of the digest tells pieces of one role apart, and fits behind the longest stem.
    pub(super) fn refused_file(&self, sha256: &str) -> String {
        format!("{}.{}.json", self.0, sha256.get(..16).unwrap_or(sha256))
    }

    pub(super) fn metadata_file(&self) -> String {
        format!("{}.json", self.0)
    }

    pub(super) fn seal_file(&self) -> String {
        format!("{}.seal", self.0)
    }
}

impl From<TopRole> for Stem {
    fn from(role: TopRole) -> Self {
        Self(Cow::Borrowed(match role {
            TopRole::Timestamp => "timestamp",
            TopRole::Snapshot => "snapshot",
            TopRole::Targets => "targets",
        }))
    }
}

/// Whether a delegated role's stem would be another role's, or be something of its own to an operating system.
fn has_a_meaning(stem: &str) -> bool {
    let first = stem.split('.').next().unwrap_or_default();
    match first {
        // Hidden, or the way up.
        "" => true,
        "root" | "timestamp" | "snapshot" | "targets" => true,
        // Devices on Windows, whatever follows after a dot.
        "con" | "prn" | "aux" | "nul" => true,
        _ if first.len() == 4 && (first.starts_with("com") || first.starts_with("lpt")) => true,
        _ => stem.starts_with(DIGEST),
    }
}

/// Everything that has a meaning begins with a letter or a dot.
fn encode_first(stem: &str) -> String {
    let (first, rest) = stem.split_at_checked(1).unwrap_or_default();
    first.bytes().map(percent_encoding::percent_encode_byte).collect::<String>() + rest
}

fn digest_of(name: &str) -> String {
    digest(&SHA256, name.as_bytes()).as_ref().iter().fold(DIGEST.to_owned(), |mut stem, byte| {
        // Writing into a string cannot fail.
        let _ = write!(stem, "{byte:02x}");
        stem
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::Stem;
    use crate::local::TopRole;

    #[test]
    fn stems_of_roles() {
        for (name, file) in [
            ("bins-3f", "bins-3f.json"),
            ("a_b.c", "a_b.c.json"),
            ("A", "%41.json"),
            ("?", "%3F.json"),
            ("../delegated", "%2E.%2Fdelegated.json"),
            (".", "%2E.json"),
            ("..", "%2E..json"),
            ("a/b\\c", "a%2Fb%5Cc.json"),
            ("a%2fb", "a%252fb.json"),
            ("a\0b", "a%00b.json"),
            ("é", "%C3%A9.json"),
            ("root", "%72oot.json"),
            ("snapshot", "%73napshot.json"),
            ("Root", "%52oot.json"),
            ("1.root", "1.root.json"),
            ("nul", "%6Eul.json"),
            ("com1.x", "%63om1.x.json"),
            ("console", "console.json"),
            ("", "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.json"),
            ("sha256-00", "%73ha256-00.json"),
        ] {
            assert_eq!(Stem::delegated(name).metadata_file(), file, "{name}");
        }
    }

    #[test]
    fn long_names_are_stored_by_their_digest() {
        let longest = "a".repeat(200);
        assert_eq!(Stem::delegated(&longest).metadata_file(), format!("{longest}.json"));
        let longer = Stem::delegated(&"a".repeat(201)).metadata_file();
        assert!(longer.starts_with("sha256-") && longer.len() == 7 + 64 + 5, "{longer}");
        assert_ne!(longer, Stem::delegated(&"a".repeat(202)).metadata_file());
        assert!(Stem::delegated(&"A".repeat(67)).metadata_file().starts_with("sha256-"), "three letters for each");
    }

    fn any_name() -> impl Strategy<Value = String> {
        prop_oneof![".{0,80}", "[aA.%/\\\\~ -]{0,4}", "(root|Root|targets|con|sha256-)[.0a]{0,2}", "[a-cA-C]{0,250}"]
    }

    proptest! {
        #[test]
        fn a_file_stays_in_its_folder_on_every_file_system(name in any_name()) {
            let stem = Stem::delegated(&name);
            for file in [stem.metadata_file(), stem.seal_file()] {
                prop_assert!(file.len() <= 255 && !file.starts_with('.'));
                prop_assert!(file.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.%".contains(&b)), "{file}");
            }
        }

        #[test]
        fn no_two_roles_share_a_file(names in prop::collection::hash_set(any_name(), 0..40)) {
            let mut files = HashMap::new();
            for top in [Stem::ROOT, TopRole::Timestamp.into(), TopRole::Snapshot.into(), TopRole::Targets.into()] {
                files.insert(top.metadata_file(), "a top-level role".to_owned());
            }
            for name in names {
                let file = Stem::delegated(&name).metadata_file();
                if !file.starts_with("sha256-") {
                    let stem = file.strip_suffix(".json").unwrap();
                    prop_assert_eq!(percent_decode_str(stem).decode_utf8().unwrap(), name.as_str());
                }
                let same = files.insert(file.to_ascii_lowercase(), name);
                prop_assert_eq!(same, None);
            }
        }
    }
}
