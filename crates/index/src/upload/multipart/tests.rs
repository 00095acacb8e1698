use proptest::prelude::*;

use super::*;

const TYPE: &str = "multipart/form-data; boundary=B";

/// What comes out of a body in pieces, content put together again.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<(Part, Vec<u8>)>, MultipartFault> {
    let mut multipart = Multipart::new(TYPE)?;
    let mut parts = Vec::new();
    let (mut ended, mut open) = (false, false);
    for piece in pieces {
        multipart.push(piece);
        while let Some(event) = multipart.event()? {
            match event {
                Event::Part(part) => {
                    assert!(!open && !ended);
                    open = true;
                    parts.push((part, Vec::new()));
                }
                Event::Content(bytes) => {
                    assert!(open && !bytes.is_empty());
                    parts.last_mut().unwrap().1.extend_from_slice(&bytes);
                }
                Event::PartEnd => open = false,
                Event::End => ended = true,
            }
        }
        assert!(multipart.buffer.len() <= limits::PART_HEADER_BYTES.max(piece.len()), "what is kept is bounded");
    }
    multipart.finish()?;
    Ok(parts)
}

fn part(name: &str, file_name: Option<&str>) -> Part {
    Part { name: name.to_owned(), file_name: file_name.map(str::to_owned) }
}

fn body(disposition: &str) -> String {
    format!("--B\r\n{disposition}\r\n\r\nx\r\n--B--\r\n")
}

const BODY: &[u8] =
    b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--B\r\ncontent-disposition:form-data; name=c; \
    filename=\"f\"\r\nContent-Type: x/y\r\n\r\n\r\n--\r\n--b\r\n--\r\n--B-\r\r\n--B--\r\n";

#[test]
fn parts_come_out_as_they_were_put_in() {
    let parts = [(part("a", None), b"".to_vec()), (part("c", Some("f")), b"\r\n--\r\n--b\r\n--".to_vec())];
    let ended_early = &BODY[..BODY.len() - b"\r\n--B-\r\r\n--B--\r\n".len()];
    let honest = [ended_early, b"\r\n--B--\r\n"].concat();
    assert_eq!(read([&honest[..]]).as_deref(), Ok(&parts[..]));
    assert_eq!(read(honest.chunks(1)).as_deref(), Ok(&parts[..]), "byte by byte");
    assert_eq!(read([&honest[..honest.len() - 2]]).as_deref(), Ok(&parts[..]), "without the last line break");
    assert_eq!(read([&b"--B--"[..]]), Ok(vec![]), "no parts");
    assert_eq!(read([BODY]), Err(MultipartFault::BehindBoundary), "the boundary in the content, with something behind it");
}

#[test]
fn every_truncation_is_noticed() {
    let whole = body("Content-Disposition: form-data; name=\"a\"");
    for length in 0..whole.len() - 2 {
        assert_eq!(read([&whole.as_bytes()[..length]]), Err(MultipartFault::Truncated), "{length}");
    }
}

#[test]
fn other_content_types_and_boundaries_are_refused() {
    let long = "b".repeat(71);
    let refused = [
        "".to_owned(),
        "multipart/form-data".to_owned(),
        "multipart/form-data;".to_owned(),
        "multipart/form-data; boundary=".to_owned(),
        "multipart/mixed; boundary=B".to_owned(),
        "application/x-www-form-urlencoded; boundary=B".to_owned(),
        "multipart/form-data; boundary=a; boundary=b".to_owned(),
        "multipart/form-data; boundary=\"a".to_owned(),
        "multipart/form-data; boundary=a\r\nb".to_owned(),
        "multipart/form-data; boundary=\u{e9}".to_owned(),
        "multipart/form-data; boundary=\"a \"".to_owned(),
        format!("multipart/form-data; boundary={long}"),
    ];
    for content_type in refused {
        assert_eq!(Multipart::new(&content_type).err(), Some(MultipartFault::ContentType), "{content_type}");
    }
    for content_type in ["Multipart/Form-Data;boundary=\"a b\"", "multipart/form-data; charset=utf-8; Boundary=B"] {
        assert!(Multipart::new(content_type).is_ok(), "{content_type}");
    }
}

#[test]
fn headers_that_readers_read_differently_are_refused() {
    let refused = [
        "Content-Type: text/plain",
        "Content-Disposition: form-data",
        "Content-Disposition: form-data; filename=\"a\"",
        "Content-Disposition: attachment; name=\"a\"",
        "Content-Disposition: form-data; name=\"a\"; name=\"b\"",
        "Content-Disposition: form-data; name=\"a\"; filename*=utf-8''b",
        "Content-Disposition: form-data; name=\"a\\\"b\"",
        "Content-Disposition: form-data; name=\"a",
        "Content-Disposition: form-data; name=\"a\"b",
        "Content-Disposition: form-data; name=a\"",
        "Content-Disposition: form-data; name=a b",
        "Content-Disposition: form-data; name=\"a\tb\"",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"",
        "Content-Disposition: form-data; name=\"a\"\r\n folded",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64",
    ];
    for headers in refused {
        assert_eq!(read([body(headers).as_bytes()]), Err(MultipartFault::Headers), "{headers}");
    }
    let fine = "Content-Transfer-Encoding: binary\r\nContent-Disposition: form-data; name=\"\u{e9}\" ; filename=a.b";
    assert_eq!(read([body(fine).as_bytes()]), Ok(vec![(part("\u{e9}", Some("a.b")), b"x".to_vec())]));
}

#[test]
fn what_is_not_the_body_is_refused() {
    let whole = body("Content-Disposition: form-data; name=\"a\"");
    let cases = [
        (format!("\r\n{whole}"), MultipartFault::NoBoundary),
        (format!("preamble\r\n{whole}"), MultipartFault::NoBoundary),
        (whole.replace("--B", "--C"), MultipartFault::NoBoundary),
        (whole.replacen("--B", "--B ", 1), MultipartFault::BehindBoundary),
        (format!("{whole}epilogue"), MultipartFault::BehindEnd),
        (format!("{whole}\r\n"), MultipartFault::BehindEnd),
        (format!("--B\r\nX: {}", "x".repeat(limits::PART_HEADER_BYTES)), MultipartFault::LongHeaders),
    ];
    for (text, fault) in cases {
        assert_eq!(read([text.as_bytes()]), Err(fault), "{text}");
        assert_eq!(read(text.as_bytes().chunks(1)), Err(fault), "{text}");
    }
}

proptest! {
    #[test]
    fn pieces_do_not_matter(
        contents in prop::collection::vec("[\r\n\\-Bx]{0,40}", 0..5),
        cuts in prop::collection::vec(1_usize..9, 1..20),
    ) {
        let contents: Vec<String> = contents.into_iter().filter(|content| !format!("\r\n{content}\r\n").contains("\r\n--B")).collect();
        let parts: String = contents.iter().map(|content| format!("--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{content}\r\n")).collect();
        let whole = format!("{parts}--B--");
        let mut rest = whole.as_bytes();
        let mut pieces = Vec::new();
        for length in cuts.iter().cycle() {
            let (piece, more) = rest.split_at((*length).min(rest.len()));
            pieces.push(piece);
            rest = more;
            if rest.is_empty() { break }
        }
        let found = read(pieces).unwrap();
        let found: Vec<&[u8]> = found.iter().map(|(_, content)| &content[..]).collect();
        prop_assert_eq!(found, contents.iter().map(String::as_bytes).collect::<Vec<_>>());
    }
}
