use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const PIECE: usize = 256 << 10;
const PIECES: usize = 400;

/// 100 MiB that count how much of them was asked for.
fn large(asked: Arc<AtomicUsize>) -> Response<Body> {
    let pieces = stream::iter(0..PIECES).map(move |_| {
        asked.fetch_add(PIECE, Ordering::Relaxed);
        Ok(Frame::data(Bytes::from_static(&[0; PIECE])))
    });
    Response::new(StreamBody::new(pieces).boxed_unsync())
}

#[tokio::test]
async fn a_body_is_read_at_its_clients_pace() {
    let (mut client, server) = tokio::io::duplex(64 << 10);
    let asked = Arc::new(AtomicUsize::new(0));
    let (_stopping, stopped) = watch::channel(false);
    let counted = Arc::clone(&asked);
    let serving = tokio::spawn(connection(server, stopped, move |_| std::future::ready(large(Arc::clone(&counted)))));
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut first = [0; 1024];
    client.read_exact(&mut first).await.unwrap();
    // Everything runs on one thread: when we are called again this often, the connection has done all it can.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let held = asked.load(Ordering::Relaxed);
    assert!(held <= 4 * PIECE, "{held} bytes were read for a client that took {}", first.len());
    drop(client);
    serving.await.unwrap();
}
