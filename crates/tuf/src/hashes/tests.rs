use super::*;

const ABC: [(&str, &str); 3] = [
    ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("sha384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"),
    (
        "sha512",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
         2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ),
];

fn hashes(listed: &[(&str, &str)]) -> Hashes {
    listed.iter().fold(Hashes::default(), |hashes, (algorithm, digest)| hashes.with(algorithm, digest))
}

#[test]
fn every_known_digest_is_checked() {
    assert_eq!(hashes(&ABC).check(b"abc"), Ok(()));
    for (algorithm, digest) in ABC {
        let other = digest.replacen(|_: char| true, "0", 1);
        for wrong in [other.as_str(), "", "no digest", &digest[1..], &format!("{digest}0")] {
            let error = hashes(&ABC).with(algorithm, wrong).check(b"abc").unwrap_err();
            let expected = wrong.to_owned();
            assert_eq!(error, Mismatch::Digest { algorithm, expected, found: digest.to_owned() });
        }
        assert_eq!(hashes(&[(algorithm, &digest.to_ascii_uppercase())]).check(b"abc"), Ok(()));
    }
}

#[test]
fn without_a_known_digest_nothing_passes() {
    for listed in [&[][..], &[("md5", "900150983cd24fb0d6963f7d28e17f72")], &[("SHA256", ABC[0].1)]] {
        assert_eq!(hashes(listed).check(b"abc"), Err(Mismatch::NoKnownAlgorithm));
    }
    assert_eq!(hashes(&ABC).with("blake9", "00").check(b"abc"), Ok(()));
}

#[test]
fn a_file_in_parts_has_the_listed_length() {
    let mut checker = hashes(&ABC).checker(3).unwrap();
    checker.update(b"a").unwrap();
    assert_eq!(checker.seen(), 1);
    checker.update(b"").unwrap();
    checker.update(b"bc").unwrap();
    assert_eq!(checker.seen(), 3);
    assert_eq!(checker.finish(), Ok(()));
    let mut short = hashes(&ABC).checker(3).unwrap();
    short.update(b"ab").unwrap();
    assert_eq!(short.finish(), Err(Mismatch::Length { expected: 3, found: 2, more: false }));
    let mut long = hashes(&ABC).checker(3).unwrap();
    assert_eq!(long.update(b"abcde"), Err(Mismatch::Length { expected: 3, found: 5, more: true }));
    assert!(long.finish().is_err(), "a part that was too much does not become right later");
}

#[test]
fn the_first_known_digest_that_is_well_formed_names_the_file() {
    assert_eq!(hashes(&ABC).preferred(), Some(ABC[0].1));
    assert_eq!(hashes(&ABC[1..]).preferred(), Some(ABC[1].1));
    assert_eq!(hashes(&ABC[2..]).preferred(), Some(ABC[2].1));
    assert_eq!(hashes(&[("md5", "00")]).preferred(), None);
    let slash = "/".repeat(64);
    for bad in ["", "00", "../../etc", slash.as_str(), &ABC[1].1[..66], ABC[1].1] {
        assert_eq!(hashes(&[("sha256", bad)]).preferred(), None, "{bad}");
    }
    assert_eq!(hashes(&ABC).iter().collect::<Vec<_>>(), ABC);
}
