use std::convert::Infallible;

use futures_util::stream;

use super::*;

/// The file in memory; full after so many bytes.
#[derive(Debug)]
struct Memory {
    bytes: Vec<u8>,
    room: usize,
    /// What was known when the file began.
    begun: Vec<Option<ProjectName>>,
}

impl Memory {
    fn new(room: usize) -> Self {
        Self { bytes: Vec::new(), room, begun: Vec::new() }
    }
}

impl Sink for Memory {
    type Error = &'static str;

    fn begin(&mut self, project: Option<&ProjectName>) -> Result<(), Self::Error> {
        self.begun.push(project.cloned());
        if self.room == 0 { Err("unwanted") } else { Ok(()) }
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Self::Error> {
        self.bytes.extend_from_slice(&bytes);
        if self.bytes.len() > self.room { Err("full") } else { Ok(()) }
    }
}

type Outcome = Result<(Form, Vec<u8>), ReadError<Infallible, &'static str>>;

async fn read_in(content_type: &str, body: &[u8], piece: usize) -> Outcome {
    let pieces = stream::iter(body.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))));
    let mut memory = Memory::new(1 << 20);
    let form = read(content_type, pieces, &mut memory, 1 << 20).await?;
    Ok((form, memory.bytes))
}

/// A form of these fields and a file, in this order.
struct Body(Vec<(String, Vec<u8>)>);

const SHA256: &str = "e4ea28a9a04ea17a1241ee4ad52f1e6a7cea8d30ac8c1a8c2bc2b9d2b4a7e1f0";

impl Body {
    fn usual() -> Self {
        let fields = [
            (":action", "file_upload"),
            ("protocol_version", "1"),
            ("name", "Demo.Pkg"),
            ("version", "1.0"),
            ("filetype", "sdist"),
            ("classifier", "a"),
            ("classifier", "b"),
        ];
        let fields = fields.map(|(name, value)| (format!("name=\"{name}\""), value.as_bytes().to_vec()));
        Self(fields.to_vec()).file("demo_pkg-1.0.tar.gz", b"the file")
    }

    fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.0.push((format!("name=\"{name}\""), value.as_ref().to_vec()));
        self
    }

    fn file(mut self, name: &str, content: &[u8]) -> Self {
        self.0.push((format!("name=\"content\"; filename=\"{name}\""), content.to_vec()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(field, _)| !field.starts_with(&format!("name=\"{name}\"")));
        self
    }

    fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).field(name, value)
    }

    fn reversed(mut self) -> Self {
        self.0.reverse();
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let part = |(field, value): &(String, Vec<u8>)| {
            [format!("--B\r\nContent-Disposition: form-data; {field}\r\n\r\n").as_bytes(), value, b"\r\n"].concat()
        };
        let parts: Vec<u8> = self.0.iter().flat_map(part).collect();
        [&parts[..], b"--B--\r\n"].concat()
    }
}

async fn read_form(body: &Body) -> Result<Form, FormFault> {
    match read_in("multipart/form-data; boundary=B", &body.bytes(), 1 << 16).await {
        Ok((form, content)) => {
            assert_eq!(form.size, content.len() as u64);
            Ok(form)
        }
        Err(ReadError::Fault(fault)) => Err(fault),
        Err(other) => panic!("{other}"),
    }
}

fn unexpected(field: Field, found: &str, expected: &'static str) -> FormFault {
    FormFault::Unexpected { field, found: found.to_owned(), expected }
}

/// Captured from twine 7.0.0 and uv 0.13.8.
#[tokio::test]
async fn what_twine_and_uv_send_is_taken_in_pieces_of_any_size() {
    let (twine, uv, uv_sdist) = (
        include_bytes!("bodies/twine_wheel.body"),
        include_bytes!("bodies/uv_wheel.body"),
        include_bytes!("bodies/uv_sdist.body"),
    );
    let wheel = "demo_pkg-1.0-py3-none-any.whl";
    for (body, file) in [(&twine[..], wheel), (uv, wheel), (uv_sdist, "demo_pkg-1.0.tar.gz")] {
        let boundary = str::from_utf8(body[2..].split(|byte| *byte == b'\r').next().unwrap()).unwrap();
        let content_type = format!("multipart/form-data; boundary={boundary}");
        for piece in [1, 2, 3, 7, 64, 1_000, body.len()] {
            let (form, content) = read_in(&content_type, body, piece).await.unwrap();
            assert_eq!(
                (form.project.as_str(), form.version.to_string(), form.file.as_str()),
                ("demo-pkg", "1.0".to_owned(), file)
            );
            assert_eq!(form.size, content.len() as u64);
            let found = affineur_packaging::archive::inspect(std::io::Cursor::new(content), &form.file, &Default::default());
            assert_eq!(found.unwrap().metadata.requires_python.as_deref(), Some(">=3.9"));
        }
        for length in 0..body.len() - 2 {
            let cut_off = read_in(&content_type, &body[..length], 64).await;
            assert_eq!(cut_off, Err(ReadError::Fault(MultipartFault::Truncated.into())), "{length}");
        }
        let at = body.windows(3).rposition(|window| window == b"x\n\0" || window == b"PK\x05").unwrap_or(body.len() - 100);
        let mut changed = body.to_vec();
        changed[at] ^= 1;
        let found = read_in(&content_type, &changed, 64).await;
        assert_eq!(found, Err(ReadError::Fault(FormFault::OtherDigest { field: Field::Sha256 })));
    }
}

#[tokio::test]
async fn the_order_of_fields_does_not_matter() {
    let usual = read_form(&Body::usual()).await.unwrap();
    assert_eq!(read_form(&Body::usual().reversed()).await, Ok(usual));
}

#[tokio::test]
async fn a_form_has_each_field_that_counts_once() {
    for field in [Field::Action, Field::ProtocolVersion, Field::Name, Field::Version, Field::Filetype, Field::Content] {
        let fault = read_form(&Body::usual().without(field.as_str())).await.unwrap_err();
        assert_eq!((fault.status(), fault), (StatusCode::BAD_REQUEST, FormFault::Missing(field)));
    }
    for field in [Field::Action, Field::Name, Field::Version, Field::Md5, Field::Attestations] {
        let twice = Body::usual().with(field.as_str(), "1").field(field.as_str(), "1");
        assert_eq!(read_form(&twice.reversed()).await, Err(FormFault::Twice(field)), "{field}");
    }
    let two_files = Body::usual().file("demo_pkg-1.0.tar.gz", b"another");
    assert_eq!(read_form(&two_files).await, Err(FormFault::Twice(Field::Content)));
}

#[tokio::test]
async fn what_is_no_upload_of_this_file_is_refused() {
    let usual = Body::usual;
    let name = |text: &str| usual().without("content").file(text, b"");
    let other_project = |file: &str| FormFault::OtherProject { file: file.to_owned(), project: "demo-pkg".parse().unwrap() };
    let other_version = |file: &str| FormFault::OtherVersion { file: file.to_owned(), version: "1.0".to_owned() };
    let cases = [
        (usual().with(":action", "submit"), unexpected(Field::Action, "submit", "file_upload")),
        (usual().with("protocol_version", "2"), unexpected(Field::ProtocolVersion, "2", "1")),
        (usual().with("filetype", "bdist_wheel"), unexpected(Field::Filetype, "bdist_wheel", "sdist")),
        (usual().with("filetype", "bdist_egg\u{1b}"), unexpected(Field::Filetype, "bdist_egg?", "sdist")),
        (usual().with("name", ""), FormFault::Name(ParseNameError::Empty)),
        (usual().with("name", "../demo"), FormFault::Name(ParseNameError::Character)),
        (usual().with("name", [0xff]), FormFault::NotUtf8(Field::Name)),
        (usual().with("version", "one"), FormFault::Version("one".to_owned())),
        (usual().without("content").field("content", ""), FormFault::NoFileName),
        (name("demo-1.0.tar.gz"), other_project("demo-1.0.tar.gz")),
        (
            name("demo_pkg_x-1.0-py3-none-any.whl"),
            FormFault::OtherProject {
                file: "demo_pkg_x-1.0-py3-none-any.whl".to_owned(),
                project: "demo-pkg".parse().unwrap(),
            },
        ),
        (name("demo_pkg-1.1.tar.gz"), other_version("demo_pkg-1.1.tar.gz")),
        (
            name("../demo_pkg-1.0.tar.gz"),
            FormFault::FileName { found: "../demo_pkg-1.0.tar.gz".to_owned(), fault: FileNameError::Character },
        ),
        (name("demo_pkg-1.0.exe"), FormFault::FileName { found: "demo_pkg-1.0.exe".to_owned(), fault: FileNameError::Ending }),
        (name("demo_pkg-1.0-py3-none-any.whl"), unexpected(Field::Filetype, "sdist", "bdist_wheel")),
    ];
    for (body, fault) in cases {
        assert_eq!(read_form(&body).await, Err(fault.clone()));
        assert_eq!(read_form(&body.reversed()).await, Err(fault.clone()), "the file first");
        assert_eq!(fault.status(), StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_wrong_name_is_said_before_the_file_was_sent() {
    let body = Body::usual().with("version", "2.0").without("content").file("demo_pkg-1.0.tar.gz", &[b'x'; 1000]);
    let pieces = stream::iter(
        body.bytes().chunks(100).map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece))).collect::<Vec<_>>(),
    );
    let mut memory = Memory::new(0);
    let outcome = read("multipart/form-data; boundary=B", pieces, &mut memory, 1 << 20).await;
    assert!(matches!(outcome, Err(ReadError::Fault(FormFault::OtherVersion { .. }))), "{outcome:?}");
    assert_eq!(memory.bytes, b"");
}

#[tokio::test]
async fn the_sink_hears_whose_file_it_is_before_its_first_byte_and_may_refuse_it() {
    let named = Some("demo-pkg".parse::<ProjectName>().unwrap());
    for (body, known) in [(Body::usual(), named.clone()), (Body::usual().reversed(), None)] {
        for room in [0, 100] {
            let bytes = body.bytes();
            let pieces = stream::iter(bytes.chunks(7).map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece))));
            let mut memory = Memory::new(room);
            let outcome = read("multipart/form-data; boundary=B", pieces, &mut memory, 1 << 20).await;
            assert_eq!(memory.begun, std::slice::from_ref(&known));
            if room == 0 {
                assert_eq!((outcome, &memory.bytes[..]), (Err(ReadError::Sink("unwanted")), &b""[..]));
            } else {
                assert_eq!(outcome.map(|form| Some(form.project)), Ok(named.clone()));
            }
        }
    }
}

#[tokio::test]
async fn digests_are_checked_against_the_file() {
    let form = read_form(&Body::usual()).await.unwrap();
    let blake2: String = form.blake2_256.iter().map(|byte| format!("{byte:02x}")).collect();
    let sha256 = form.sha256.to_string();
    let md5 = "0".repeat(32);
    let honest = Body::usual()
        .field("sha256_digest", &sha256)
        .field("blake2_256_digest", blake2.to_uppercase())
        .field("md5_digest", &md5);
    assert_eq!(read_form(&honest).await, Ok(form.clone()));
    assert_eq!(read_form(&honest.reversed()).await, Ok(form), "before or behind the file");
    let cases = [
        ("sha256_digest", SHA256, FormFault::OtherDigest { field: Field::Sha256 }),
        ("blake2_256_digest", SHA256, FormFault::OtherDigest { field: Field::Blake2 }),
        ("sha256_digest", "", FormFault::NoDigest(Field::Sha256)),
        ("sha256_digest", &md5, FormFault::NoDigest(Field::Sha256)),
        ("blake2_256_digest", "xyz", FormFault::NoDigest(Field::Blake2)),
        ("md5_digest", SHA256, FormFault::NoDigest(Field::Md5)),
    ];
    for (field, value, fault) in cases {
        assert_eq!(read_form(&Body::usual().field(field, value)).await, Err(fault));
    }
}

#[tokio::test]
async fn attestations_come_through_as_they_are() {
    let form = read_form(&Body::usual().field("attestations", "[{\"version\":1}]")).await.unwrap();
    assert_eq!(form.attestations.as_deref(), Some(&b"[{\"version\":1}]"[..]));
    assert_eq!(read_form(&Body::usual()).await.unwrap().attestations, None);
}

#[tokio::test]
async fn everything_in_a_form_is_bounded() {
    let long = |bytes: usize| "x".repeat(bytes);
    let many = (0..limits::FORM_FIELDS).fold(Body::usual(), |body, _| body.field("classifier", "x"));
    let long_field = |field, most| FormFault::LongField { field, most };
    let cases = [
        (many, FormFault::TooManyFields),
        (Body::usual().field("description", long(limits::FORM_BYTES)), FormFault::TooLong),
        (Body::usual().with("name", long(limits::FORM_VALUE_BYTES + 1)), long_field(Field::Name, limits::FORM_VALUE_BYTES)),
        (
            Body::usual().field("attestations", long(limits::ATTESTATIONS_BYTES + 1)),
            long_field(Field::Attestations, limits::ATTESTATIONS_BYTES),
        ),
        (
            Body::usual().without("content").file("demo_pkg-1.0.tar.gz", long((1 << 20) + 1).as_bytes()),
            FormFault::LargeFile { most: 1 << 20 },
        ),
    ];
    for (body, fault) in cases {
        assert_eq!(read_form(&body).await, Err(fault.clone()));
        assert_eq!(fault.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert!(read_form(&Body::usual().field("description", long(1 << 20))).await.is_ok(), "an old tool's description");
    let long_name = Body::usual().field(&long(limits::PART_HEADER_BYTES), "");
    assert_eq!(read_form(&long_name).await, Err(MultipartFault::LongHeaders.into()));
}

#[tokio::test]
async fn a_body_or_a_sink_that_fails_is_not_the_uploaders_fault() {
    let whole = Body::usual().bytes();
    let pieces = stream::iter([Ok(Bytes::copy_from_slice(&whole[..50])), Err("reset")]);
    let mut memory = Memory::new(100);
    let content_type = "multipart/form-data; boundary=B";
    assert_eq!(read(content_type, pieces, &mut memory, 1 << 20).await, Err(ReadError::Body("reset")));
    let mut full = Memory::new(3);
    let pieces = stream::iter([Ok::<_, Infallible>(Bytes::from(whole))]);
    assert_eq!(read(content_type, pieces, &mut full, 1 << 20).await, Err(ReadError::Sink("full")));
    let other = FormFault::Multipart(MultipartFault::ContentType);
    assert_eq!(read_in("application/json", b"{}", 9).await, Err(ReadError::Fault(other.clone())));
    assert_eq!(other.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
