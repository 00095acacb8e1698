//! Core metadata: what is accepted reads the same after it was printed, and an installer's looser reading agrees.
#![no_main]

use affineur_packaging::FileName;
use affineur_packaging::archive::{CoreMetadata, Dependencies, check_metadata};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(found) = CoreMetadata::parse(text) else { return };
    let CoreMetadata { metadata_version, name, version, requires_python, dependencies } = &found;
    let requires = requires_python.as_ref().map(|text| format!("Requires-Python: {text}\n")).unwrap_or_default();
    let dynamic = match dependencies {
        Dependencies::Fixed => "",
        Dependencies::MayChange => "Dynamic: Requires-Dist\n",
    };
    let printed = format!("Metadata-Version: {metadata_version}\nName: {name}\nVersion: {version}\n{requires}{dynamic}");
    assert_eq!(CoreMetadata::parse(printed.as_bytes()).as_ref(), Ok(&found));
    let Ok(file) = format!("{}-{}.tar.gz", name, version).parse::<FileName>() else { return };
    if found.check_belongs_to(&file).is_ok() {
        assert_eq!(check_metadata(text, &file), Ok(()));
    }
});
