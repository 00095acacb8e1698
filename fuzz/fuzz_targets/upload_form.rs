//! Forms of uploads: whatever the pieces, the parts are the same, and what is put together again reads the same.
#![no_main]

use affineur_index::upload::{Event, Multipart, MultipartFault, Part};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&piece, body)) = bytes.split_first() else { return };
    let found = read(body, usize::from(piece).max(1));
    assert_eq!(found, read(body, usize::MAX), "pieces do not matter");
    let Ok(parts) = found else { return };
    let printed: Vec<u8> = parts.iter().flat_map(|(part, content)| print(part, content)).chain(*b"--B--\r\n").collect();
    assert_eq!(read(&printed, usize::MAX), Ok(parts));
});

fn read(body: &[u8], piece: usize) -> Result<Vec<(Part, Vec<u8>)>, MultipartFault> {
    let mut multipart = Multipart::new("multipart/form-data; boundary=B")?;
    let mut parts = Vec::new();
    for piece in body.chunks(piece) {
        multipart.push(piece);
        while let Some(event) = multipart.event()? {
            match event {
                Event::Part(part) => parts.push((part, Vec::new())),
                Event::Content(bytes) => parts.last_mut().expect("a part").1.extend_from_slice(&bytes),
                Event::PartEnd | Event::End => {}
            }
        }
    }
    multipart.finish()?;
    Ok(parts)
}

fn print(part: &Part, content: &[u8]) -> Vec<u8> {
    let file_name = part.file_name.as_ref().map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
    let header = format!("--B\r\nContent-Disposition: form-data; name=\"{}\"{file_name}\r\n\r\n", part.name);
    [header.as_bytes(), content, b"\r\n"].concat()
}
