//! Attestations of uploads and provenance objects: what is read prints in one form, and reads the same from it.
#![no_main]

use affineur_trust::provenance::{Attestation, Attestations, PublisherName};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for read in [Attestations::parse(bytes), Attestations::parse_provenance(bytes)].into_iter().flatten() {
        for attestation in read.iter() {
            let printed = attestation.to_json();
            assert_eq!(Attestation::parse(printed.as_bytes()).as_ref(), Ok(attestation));
        }
        let list: Vec<String> = read.iter().map(Attestation::to_json).collect();
        assert_eq!(Attestations::parse(format!("[{}]", list.join(",")).as_bytes()), Ok(read));
    }
    if let Some(name) = str::from_utf8(bytes).ok().and_then(|text| text.parse::<PublisherName>().ok()) {
        assert_eq!(Some(name.to_string().as_str()), str::from_utf8(bytes).ok());
    }
});
