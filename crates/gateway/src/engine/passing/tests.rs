use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const ZIP_END: &[u8] = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2e\0\0\0\0\0\0\0\0\0";

fn tar(sum: [u8; 8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..3].copy_from_slice(b"a/b");
    header[148..156].copy_from_slice(&sum);
    header
}

#[test]
fn every_kind_of_archive_is_known_by_its_bytes() {
    // a, / and b, and eight spaces: 498, or 0o762.
    let lzma = [&[0x5d, 0, 0, 0x80, 0][..], &[0xff; 8], b"rest"].concat();
    for bytes in [
        b"PK\x03\x04".to_vec(),
        b"\x1f\x8b\x08".to_vec(),
        b"BZh9".to_vec(),
        b"\xfd7zXZ\0".to_vec(),
        b"\x28\xb5\x2f\xfd".to_vec(),
        b"LZIP".to_vec(),
        lzma,
        tar(*b"000762\0 "),
        tar(*b"  762 \0\x37"),
        tar([0x80, 0, 0, 0, 0, 0, 0x01, 0xf2]),
    ] {
        assert!(begins_as_archive(&bytes), "{bytes:?}");
    }
    for end in [ZIP_END.to_vec(), [ZIP_END, &[b'x'; 65_535]].concat()] {
        assert!(ends_as_zip(&[b"text before", &end[..]].concat()));
    }
}

#[test]
fn what_git_and_indexes_answer_is_no_archive() {
    for bytes in [
        &b""[..],
        b"{\"info\": {\"name\": \"x\"}, \"releases\": {}, \"urls\": []}",
        b"<!DOCTYPE html><html><body></body></html>",
        b"001e# service=git-upload-pack\n0000",
        b"0008NAK\nPACK\0\0\0\x02",
        b"PACK\0\0\0\x02\0\0\0\x01",
        b"\x78\x01\x4b\xca\xc9\x4f\x52\x30\x34\x62\xc8",
        &tar(*b"000000\0 "),
        &[0; 512],
        &[b' '; 512],
    ] {
        assert!(!begins_as_archive(bytes) && !ends_as_zip(bytes), "{bytes:?}");
    }
}

fn body(pieces: Vec<Vec<u8>>) -> Body {
    let frames = pieces.into_iter().map(|piece| Ok(Frame::data(Bytes::from(piece))));
    StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
}

#[tokio::test]
async fn what_passes_is_what_came() {
    for pieces in [vec![], vec![vec![b'a'; 10]], vec![vec![b'a'; 50_000], vec![b'b'; 50_000], vec![b'c'; 1]]] {
        let looked = look_at(body(pieces.clone()), || Err(io::Error::other("no zip"))).await.unwrap();
        assert!(!looked.is_archive);
        assert_eq!(looked.body.collect().await.unwrap().to_bytes(), pieces.concat());
    }
}

#[tokio::test]
async fn a_zip_file_behind_other_bytes_never_arrives_whole() {
    let small = look_at(body(vec![b"text".to_vec(), ZIP_END.to_vec()]), || Ok(())).await.unwrap();
    assert!(small.is_archive);
    let told = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&told);
    let pieces = vec![vec![b'a'; 200_000], ZIP_END[..9].to_vec(), ZIP_END[9..].to_vec()];
    let refuse = move || {
        tell.store(true, Ordering::Relaxed);
        Err(io::Error::other("refused"))
    };
    let mut large = look_at(body(pieces), refuse).await.unwrap();
    let mut arrived = 0;
    let ended = loop {
        match large.body.frame().await {
            Some(Ok(frame)) => arrived += frame.into_data().unwrap().len(),
            Some(Err(error)) => break error.to_string(),
            None => break "whole".to_owned(),
        }
    };
    assert_eq!((ended.as_str(), told.load(Ordering::Relaxed)), ("refused", true));
    assert!(arrived <= 200_000 + ZIP_END.len() - limits::LOOKED_AT_BYTES, "{arrived}");
}
