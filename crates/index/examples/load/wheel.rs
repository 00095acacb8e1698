//! A small real wheel, and the form in which twine would send it.

use std::io::{Cursor, Write as _};

use aws_lc_rs::digest::{SHA256, digest};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::Outcome;

/// Bytes of its one module, which do not compress.
const MODULE_BYTES: usize = 19_200;
const BOUNDARY: &str = "affineur-load";

/// The request that uploads `{project}-{version}-py3-none-any.whl`.
pub(crate) fn upload(project: &str, version: &str, authorization: &str) -> Outcome<Vec<u8>> {
    let file = format!("{project}-{version}-py3-none-any.whl");
    let wheel = wheel(project, version)?;
    let sha256: String = digest(&SHA256, &wheel).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let fields = [
        (":action", "file_upload"),
        ("protocol_version", "1"),
        ("metadata_version", "2.1"),
        ("name", project),
        ("version", version),
        ("filetype", "bdist_wheel"),
        ("pyversion", "py3"),
        ("sha256_digest", &sha256),
    ];
    let mut body = Vec::with_capacity(wheel.len() + 2_000);
    for (name, value) in fields {
        write!(body, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")?;
    }
    write!(
        body,
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"content\"; filename=\"{file}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )?;
    body.extend_from_slice(&wheel);
    write!(body, "\r\n--{BOUNDARY}--\r\n")?;
    let mut request = format!(
        "POST /legacy/ HTTP/1.1\r\nHost: index\r\nAuthorization: Bearer {authorization}\r\nContent-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(&body);
    Ok(request)
}

fn wheel(project: &str, version: &str) -> Outcome<Vec<u8>> {
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let info = format!("{project}-{version}.dist-info");
    let metadata = format!("Metadata-Version: 2.1\nName: {project}\nVersion: {version}\nRequires-Python: >=3.9\n");
    let mut module = vec![b'#'];
    let mut seed = digest(&SHA256, format!("{project} {version}").as_bytes());
    while module.len() < MODULE_BYTES {
        module.extend(seed.as_ref().iter().map(|byte| b'a' + byte % 26));
        seed = digest(&SHA256, seed.as_ref());
    }
    let mut archive = ZipWriter::new(Cursor::new(Vec::with_capacity(MODULE_BYTES + 1_000)));
    let files: [(String, &[u8]); 4] = [
        (format!("{project}.py"), &module),
        (format!("{info}/METADATA"), metadata.as_bytes()),
        (format!("{info}/WHEEL"), b"Wheel-Version: 1.0\nGenerator: load\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
        (format!("{info}/RECORD"), b""),
    ];
    for (name, bytes) in files {
        archive.start_file(name, stored)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}
