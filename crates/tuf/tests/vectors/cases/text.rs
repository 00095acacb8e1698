//! Texts that are no metadata, or have two readings. The signatures hold for one of the readings: that of a parser which takes
//! the last of two members, or 1.0 for 1.

use serde_json::json;

use super::Case;
use crate::file::{Content, Vector};
use crate::world::*;

pub(super) const CASES: &[Case] = &[
    ("text_cut_short", cut_short),
    ("text_not_utf8", not_utf8),
    ("text_is_a_page", page),
    ("text_with_something_behind_it", behind),
    ("text_with_white_space", white_space),
    ("text_member_twice_in_signed", twice_in_signed),
    ("text_member_twice_deep_in_signed", twice_deep),
    ("text_member_twice_differently_escaped", twice_escaped),
    ("text_signed_twice", signed_twice),
    ("text_member_twice_in_a_signature", twice_in_signature),
    ("text_unknown_member_twice_in_a_signature", unknown_twice_in_signature),
    ("text_unknown_member_in_a_signature", unknown_in_signature),
    ("text_version_is_a_float", float_version),
    ("text_version_has_an_exponent", exponent_version),
    ("text_version_zero", version_zero),
    ("text_version_negative", version_negative),
    ("text_version_is_a_text", version_text),
    ("text_version_beyond_64_bits", version_huge),
    ("text_float_in_an_unknown_field", float_in_unknown),
    ("text_spec_version_2", spec_version_2),
    ("text_spec_version_1_99", spec_version_1_99),
    ("text_other_type", other_type),
    ("text_type_unknown", type_unknown),
    ("text_expires_is_no_time", no_time),
    ("text_expires_with_an_offset", offset),
    ("text_timestamp_lists_two_files", two_files),
    ("text_too_deep", too_deep),
    ("text_deep", deep),
];

/// The honest repository with another timestamp.
fn with(explanation: &str, change: impl FnOnce(&mut Content)) -> Vector {
    let mut files = published(&mut repository());
    change(files.get_mut("timestamp.json").unwrap());
    Vector::new(explanation, files, ALL, finds(&["targets"]))
}

fn refused(explanation: &str, error: &str, change: impl FnOnce(&mut Content)) -> Vector {
    let mut vector = with(explanation, change);
    vector.expect = after(&[("root", 1)], fails("parse", "timestamp", error));
    vector.twin("root_honest")
}

fn rewritten(explanation: &str, error: &str, from: &str, to: &str) -> Vector {
    refused(explanation, error, |content| rewrite(content, from, to))
}

fn resigned(explanation: &str, error: &str, member: &str, value: serde_json::Value) -> Vector {
    refused(explanation, error, |content| resign(content, &[TIMESTAMP], |signed| signed[member] = value))
}

fn cut_short() -> Vector {
    refused("The last byte is missing.", "Format", |content| {
        let mut bytes = content.bytes();
        bytes.pop();
        *content = bytes.into();
    })
}

fn not_utf8() -> Vector {
    refused("A text is not UTF-8.", "Format", |content| {
        resign(content, &[TIMESTAMP], |signed| signed["x-note"] = json!("?note?"));
        let bytes = content.bytes();
        let bytes: Vec<u8> = bytes.into_iter().map(|byte| if byte == b'?' { 0xff } else { byte }).collect();
        *content = bytes.into();
    })
}

fn page() -> Vector {
    refused("A page comes instead of metadata, as from a hotel's network.", "Format", |content| {
        *content = b"<html>Welcome!</html>".to_vec().into();
    })
}

fn behind() -> Vector {
    refused("Behind the metadata stands something else.", "Format", |content| {
        *content = [content.bytes(), b"{}".to_vec()].concat().into();
    })
}

fn white_space() -> Vector {
    with("The same metadata with white space and other escapes: what is signed is the canonical form.", |content| {
        let pretty = serde_json::to_string_pretty(&json(content)).unwrap();
        *content = format!("\n{}\n", pretty.replace("snapshot.json", "snapsho\\u0074.json")).into_bytes().into();
    })
}

fn twice_in_signed() -> Vector {
    let explanation = "Version stands twice in what is signed; the later one was signed.";
    rewritten(explanation, "Json.DuplicateName", "\"spec_version\":", "\"version\":7,\"spec_version\":")
}

fn twice_deep() -> Vector {
    let explanation = "The snapshot's version stands twice.";
    let (from, to) = ("\"snapshot.json\":{", "\"snapshot.json\":{\"version\":7,");
    rewritten(explanation, "Json.DuplicateName", from, to)
}

fn twice_escaped() -> Vector {
    let explanation = "Version stands twice in what is signed, once with an escape.";
    let (from, to) = ("\"spec_version\":", "\"v\\u0065rsion\":7,\"spec_version\":");
    rewritten(explanation, "Json.DuplicateName", from, to)
}

fn signed_twice() -> Vector {
    refused("The file has two parts that are signed; the later one was.", "Format", |content| {
        let other = r#""signed":{"_type":"timestamp"},"#;
        rewrite(content, "\"signatures\":", &format!("{other}\"signatures\":"));
    })
}

fn twice_in_signature() -> Vector {
    rewritten("A signature names two keys.", "Json.DuplicateName", "\"keyid\":", "\"keyid\":\"another\",\"keyid\":")
}

fn unknown_twice_in_signature() -> Vector {
    let explanation = "A member that nobody knows stands twice in a signature.";
    rewritten(explanation, "Json.DuplicateName", "\"keyid\":", "\"x\":1,\"x\":2,\"keyid\":")
}

fn unknown_in_signature() -> Vector {
    with("A signature has a member that nobody knows.", |content| rewrite(content, "\"keyid\":", "\"x\":1,\"keyid\":"))
}

/// The end of a timestamp, with this as its version and whatever may stand behind.
fn end(version: &str) -> String {
    format!("\"1.0.34\",\"version\":{version}}}}}")
}

/// Rewrites the end of the timestamp.
fn ending(explanation: &str, error: &str, version: &str) -> Vector {
    rewritten(explanation, error, &end("1"), &end(version))
}

fn float_version() -> Vector {
    ending("A version is 1.0.", "Json.NotAnInteger", "1.0")
}

fn exponent_version() -> Vector {
    ending("A version is 1e0.", "Json.NotAnInteger", "1e0")
}

fn version_zero() -> Vector {
    resigned("A version is 0.", "Format", "version", json!(0))
}

fn version_negative() -> Vector {
    resigned("A version is negative.", "Format", "version", json!(-1))
}

fn version_text() -> Vector {
    resigned("A version is a text.", "Format", "version", json!("1"))
}

fn version_huge() -> Vector {
    let explanation = "A version has more than 64 bits.";
    ending(explanation, "Json.IntegerRange", "18446744073709551616")
}

fn float_in_unknown() -> Vector {
    let explanation = "A field that nobody knows has a fraction: it has no canonical form.";
    ending(explanation, "Json.NotAnInteger", "1,\"x-note\":1.5")
}

fn spec_version_2() -> Vector {
    resigned("The specification's version is 2.0.0.", "Format", "spec_version", json!("2.0.0")).twin("text_spec_version_1_99")
}

fn spec_version_1_99() -> Vector {
    with("The specification's version is 1.99.0.", |content| {
        resign(content, &[TIMESTAMP], |signed| signed["spec_version"] = json!("1.99.0"));
    })
}

fn other_type() -> Vector {
    resigned("The timestamp's key signed something that calls itself a snapshot.", "Kind", "_type", json!("snapshot"))
}

fn type_unknown() -> Vector {
    resigned("The timestamp's key signed something of an unknown type.", "Kind", "_type", json!("Timestamp"))
}

fn no_time() -> Vector {
    resigned("The expiry is no time.", "Format", "expires", json!("never")).twin("text_expires_with_an_offset")
}

fn offset() -> Vector {
    with("The expiry has an offset and a fraction, as RFC 3339 allows: it is half a second after the update.", |content| {
        resign(content, &[TIMESTAMP], |signed| signed["expires"] = json!("2029-01-01T02:00:00.5+02:00"));
    })
}

fn two_files() -> Vector {
    refused("The timestamp lists the targets beside the snapshot.", "Format", |content| {
        resign(content, &[TIMESTAMP], |signed| signed["meta"]["targets.json"] = json!({"version": 1}));
    })
}

/// So many arrays in an unknown field.
fn nested(arrays: usize) -> String {
    format!("1,\"x-note\":{}{}", "[".repeat(arrays), "]".repeat(arrays))
}

fn too_deep() -> Vector {
    let explanation = "A field that nobody knows has 32 levels, in the one of what is signed.";
    ending(explanation, "Json.TooDeep", &nested(32)).twin("text_deep")
}

fn deep() -> Vector {
    with("A field that nobody knows has 31 levels, in the one of what is signed: 32 are read.", |content| {
        rewrite(content, &end("1"), &end(&nested(31)));
        let mut signed = json(content)["signed"].take();
        resign(content, &[TIMESTAMP], |there| std::mem::swap(there, &mut signed));
    })
}
