//! Between the encodings of PKCS #11 and those of TUF: points of curves, signatures of ECDSA, identifiers of keys.

use affineur_tuf::key::{Key, Scheme};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The curve edwards25519 by its object identifier (RFC 8410 §3), in DER.
pub(super) const EDWARDS_BY_NUMBER: &[u8] = b"\x06\x03\x2b\x65\x70";
/// The same by its name, a PrintableString (PKCS #11 3.0 §2.3.10): some tokens know only this.
pub(super) const EDWARDS_BY_NAME: &[u8] = b"\x13\x0cedwards25519";
/// The curve P-256 by its object identifier (RFC 5480 §2.1.1.1), in DER.
pub(super) const P256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

/// SubjectPublicKeyInfo of a P-256 key up to the point, which has 65 bytes (RFC 5480 §2).
const P256_INFO: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

/// The public key as TUF has it, from `CKA_EC_POINT`; `None` if that is none of the scheme.
pub(super) fn public_key(scheme: Scheme, point: &[u8]) -> Option<Key> {
    let key = match scheme {
        Scheme::Ed25519 => Key::new(scheme, hex(unwrapped(point, 32)?)),
        Scheme::EcdsaP256 => {
            let info = [P256_INFO, unwrapped(point, 65)?].concat();
            let text = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(info));
            Key::new(scheme, Key::new(scheme, text).public().ok()?.to_pem())
        }
        _ => return None,
    };
    key.public().ok()?;
    Some(key)
}

/// A point of this many bytes, which is either plain or in an OCTET STRING.
fn unwrapped(point: &[u8], bytes: usize) -> Option<&[u8]> {
    let inner = match point {
        [0x04, length, inner @ ..] if usize::from(*length) == bytes && inner.len() == bytes => inner,
        plain => plain,
    };
    (inner.len() == bytes).then_some(inner)
}

/// A signature of ECDSA as TUF has it (RFC 3279 §2.2.3), from two numbers of the same length; `None` if it is something else.
pub(super) fn ecdsa_signature(raw: &[u8]) -> Option<Vec<u8>> {
    if raw.len() != 64 {
        return None;
    }
    let (r, s) = raw.split_at(32);
    let numbers = [integer(r), integer(s)].concat();
    Some([&[0x30, u8::try_from(numbers.len()).ok()?], &*numbers].concat())
}

/// A positive INTEGER of at most 32 bytes, without zeros at its beginning unless it would be negative else.
fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count().min(number.len().saturating_sub(1));
    let digits = number.get(zeros..).unwrap_or_default();
    let sign: &[u8] = if digits.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] };
    let length = u8::try_from(sign.len() + digits.len()).unwrap_or_default();
    [&[0x02, length], sign, digits].concat()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of an even number of hexadecimal digits in lower case, at least two.
pub(super) fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = pairs.iter().map(byte).collect::<Option<_>>()?;
    (rest.is_empty() && !bytes.is_empty() && hex(&bytes) == digits).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use affineur_tuf::key::{KeyPair, Signer as _};

    use super::*;

    #[test]
    fn points_are_read_plain_and_wrapped_and_no_others() {
        let expected = KeyPair::from_seed([1; 32]).unwrap().key().clone();
        let plain = bytes_of(&expected.keyval.public).unwrap();
        assert_eq!(public_key(Scheme::Ed25519, &plain), Some(expected.clone()));
        assert_eq!(public_key(Scheme::Ed25519, &[b"\x04\x20", &*plain].concat()), Some(expected));
        for bad in [&b""[..], &plain[1..], &[b"\x04\x21", &*plain].concat(), &[b"\x03\x20", &*plain].concat(), &[0; 32]] {
            assert_eq!(public_key(Scheme::Ed25519, bad), None, "{bad:?}");
        }
        assert_eq!(public_key(Scheme::EcdsaP256, &[4; 65]), None, "a point beside the curve");
        assert_eq!(public_key(Scheme::EcdsaP384, &plain), None);
    }

    #[test]
    fn numbers_of_signatures_are_positive_and_short() {
        let raw = |r: &[u8], s: &[u8]| [&*vec![0; 32 - r.len()], r, &*vec![0; 32 - s.len()], s].concat();
        assert_eq!(ecdsa_signature(&raw(&[1], &[0x7f])).unwrap(), b"\x30\x06\x02\x01\x01\x02\x01\x7f");
        assert_eq!(ecdsa_signature(&raw(&[0x80], &[])).unwrap(), b"\x30\x07\x02\x02\x00\x80\x02\x01\x00");
        assert_eq!(ecdsa_signature(&[0xff; 64]).unwrap().len(), 72);
        assert_eq!(ecdsa_signature(&[0xff; 63]), None);
        assert_eq!(ecdsa_signature(&[0xff; 96]), None);
    }

    #[test]
    fn identifiers_have_one_spelling() {
        assert_eq!(bytes_of("00ff"), Some(vec![0, 255]));
        for bad in ["", "0", "0g", "00FF", "+1", "0x", "é1"] {
            assert_eq!(bytes_of(bad), None, "{bad}");
        }
    }
}
