//! `METADATA` out of wheels: what is accepted is what another, lenient reader finds as well, and it is of this wheel.
#![no_main]

use std::io::{Cursor, Read as _};

use affineur_packaging::FileName;
use affineur_packaging::archive::{Limits, check_metadata, inspect, metadata};
use zip::ZipArchive;

libfuzzer_sys::fuzz_target!(|wheel: &[u8]| {
    let name: FileName = "demo_pkg-1.0-py3-none-any.whl".parse().expect("a file name");
    let inspected = inspect(Cursor::new(wheel), &name, &Limits::default());
    let Ok(found) = metadata(Cursor::new(wheel), &name) else {
        assert!(inspected.is_err(), "an upload is never judged more mildly");
        return;
    };
    if let Ok(inspected) = inspected {
        assert_eq!(inspected.core_metadata.as_ref(), Some(&found));
    }
    assert_eq!(check_metadata(&found, &name), Ok(()));
    let mut archive = ZipArchive::new(Cursor::new(wheel)).expect("a lenient reader reads what a strict one does");
    let is_metadata =
        |path: &&[u8]| path.ends_with(b".dist-info/METADATA") && path.iter().filter(|byte| **byte == b'/').count() == 1;
    let paths: Vec<Vec<u8>> = archive.file_names_raw().filter(is_metadata).map(<[u8]>::to_vec).collect();
    let [path] = &paths[..] else { panic!("more than one METADATA") };
    let mut again = Vec::new();
    let path = str::from_utf8(path).expect("a folder of this project and version is ASCII");
    archive.by_name(path).expect("it is there").read_to_end(&mut again).expect("it can be read");
    assert_eq!(found, again);
});
