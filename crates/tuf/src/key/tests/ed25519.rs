//! Points that are no use as a key, and scalars that are no use in a signature.

use aws_lc_rs::signature::{ED25519, ParsedPublicKey};

use super::super::*;
use super::vectors::MESSAGE;

fn key(public: &str) -> Result<PublicKey, KeyError> {
    Key::new(Scheme::Ed25519, public.to_owned()).public()
}

/// Every encoding of the eight points of small order: six have a second one for the sign of a zero or for a y above the field.
const SMALL: [(&str, u8); 14] = [
    ("0100000000000000000000000000000000000000000000000000000000000000", 1),
    ("0100000000000000000000000000000000000000000000000000000000000080", 1),
    ("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", 1),
    ("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 1),
    ("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", 2),
    ("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 2),
    ("0000000000000000000000000000000000000000000000000000000000000000", 4),
    ("0000000000000000000000000000000000000000000000000000000000000080", 4),
    ("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", 4),
    ("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 4),
    ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", 8),
    ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", 8),
    ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", 8),
    ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", 8),
];

#[test]
fn no_encoding_of_a_point_of_small_order_is_a_key() {
    for (encoding, order) in SMALL {
        assert!(key(encoding).is_err(), "{encoding}, order {order}");
        assert!(key(&encoding.to_ascii_uppercase()).is_err(), "{encoding}, order {order}");
    }
}

#[test]
fn without_the_table_anybody_could_sign_for_the_neutral_point() {
    let neutral = hex::decode(SMALL[0].0).unwrap();
    let signature = [&neutral[..], &[0; 32]].concat();
    let unguarded = ParsedPublicKey::new(&ED25519, &neutral).unwrap();
    for message in [MESSAGE, b"anything", b""] {
        assert!(unguarded.verify_sig(message, &signature).is_ok(), "the library alone accepts it");
    }
    assert_eq!(key(SMALL[0].0), Err(KeyError::SmallOrder));
}

#[test]
fn a_coordinate_above_the_field_is_refused_and_the_highest_below_it_is_not() {
    // p − 2, p + 2, 2²⁵⁵ − 1, each with both signs.
    for sign in ["7f", "ff"] {
        let with = |lowest: &str| format!("{lowest}{}{sign}", "ff".repeat(30));
        assert!(key(&with("eb")).is_ok(), "{sign}");
        for above in ["ed", "ee", "ef", "f0", "ff"] {
            assert_eq!(key(&with(above)), Err(KeyError::Material { scheme: Scheme::Ed25519 }), "{above} {sign}");
        }
    }
}

#[test]
fn only_64_hexadecimal_digits_are_a_key() {
    let digits = "72378e5bc588793e58f81c8533da64a2e8f1565c1fcc7f253496394ffc52542c";
    assert!(key(digits).is_ok());
    assert_eq!(key(digits), key(&digits.to_uppercase()));
    let spoiled = [
        digits[1..].to_owned(),
        digits[2..].to_owned(),
        format!("{digits}0"),
        format!("{digits}00"),
        format!("0x{}", &digits[2..]),
        format!("+{}", &digits[1..]),
        format!(" {digits}"),
        format!("{digits}\n"),
        format!("{}g", &digits[1..]),
        format!("{}é", &digits[2..]),
        format!("{}٣", &digits[2..]),
        String::new(),
    ];
    for public in spoiled {
        assert_eq!(key(&public), Err(KeyError::Spelling { scheme: Scheme::Ed25519 }), "{public:?}");
    }
}
