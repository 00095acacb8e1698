//! Keys of TUF metadata: text (`0` to `5`), DER as SubjectPublicKeyInfo (`a` to `f`) or as RSAPublicKey (`A` to `F`), the digit
//! or letter standing for the scheme; whole keys (`k`) and signatures (`s`) as JSON. A key that is accepted has one spelling
//! of its own that is accepted as well and is the same key, and nothing verifies with it that nobody signed.
#![no_main]

use affineur_tuf::key::{Key, KeyId, PublicKey, Scheme, Signature};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else { return };
    let scheme = |first: u8| Scheme::ALL.get(usize::from(kind - first)).copied();
    let text = std::str::from_utf8(rest).unwrap_or_default();
    let key = match kind {
        b'0'..=b'5' => scheme(b'0').map(|scheme| Key::new(scheme, text.to_owned())),
        b'a'..=b'f' => scheme(b'a').map(|scheme| Key::new(scheme, pem("PUBLIC KEY", rest))),
        b'A'..=b'F' => scheme(b'A').map(|scheme| Key::new(scheme, pem("RSA PUBLIC KEY", rest))),
        b'k' => reads_the_same::<Key>(text),
        b's' => {
            if let Some(bytes) = reads_the_same::<Signature>(text).and_then(|signature| signature.bytes()) {
                assert!(!bytes.is_empty());
            }
            None
        }
        b'i' => return assert!(text.parse::<KeyId>().is_err() || reads_the_same::<KeyId>(&quoted(text)).is_some()),
        _ => None,
    };
    if let Some(key) = key {
        let _ = key.computed_id();
        if let Ok(public) = key.public() {
            is_spelled_in_one_way(&public);
            verifies_nothing(&public);
        }
    }
});

fn reads_the_same<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(text: &str) -> Option<T> {
    let read: T = serde_json::from_str(text).ok()?;
    let printed = serde_json::to_string(&read).expect("what was read can be printed");
    assert_eq!(serde_json::from_str::<T>(&printed).expect("what was printed can be read"), read);
    Some(read)
}

fn is_spelled_in_one_way(public: &PublicKey) {
    let own = match public.scheme() {
        Scheme::Ed25519 => public.material().iter().skip(12).map(|byte| format!("{byte:02x}")).collect(),
        _ => pem("PUBLIC KEY", public.material()),
    };
    assert_eq!(Key::new(public.scheme(), own).public().as_ref(), Ok(public));
}

/// The last two are what forges signatures for points of small order.
fn verifies_nothing(public: &PublicKey) {
    let neutral = [&[1][..], &[0; 63]].concat();
    let same_point = [public.material().get(12..).unwrap_or_default(), &[0; 32]].concat();
    for signature in [&b""[..], &[0; 64], &[0; 256], public.material(), &neutral, &same_point] {
        assert!(!public.verifies(b"nobody signed this", signature));
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text can be printed")
}
