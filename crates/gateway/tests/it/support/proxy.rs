//! A parent proxy on loopback: it leads everything to one address, whatever host is asked for, and wants Basic authentication.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::upstream::read_head;

/// `Basic` and the Base64 of `user:p@ss`.
const EXPECTED: &str = "proxy-authorization: basic dxnlcjpwqhnz";

/// A proxy; it ends with this value.
pub(crate) struct TestProxy {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for TestProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TestProxy {
    /// A proxy that leads to `target`.
    pub(crate) async fn leading_to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                tokio::spawn(async move { serve(stream, target, &seen).await });
            }
        });
        Self { address, heads, task }
    }

    /// Its URL with the user name and password that it wants.
    pub(crate) fn url(&self) -> String {
        format!("http://user:p%40ss@{}", self.address)
    }

    /// The first line of each request that it got.
    pub(crate) fn requests(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads.iter().map(|head| head.lines().next().unwrap().to_owned()).collect()
    }
}

async fn serve(mut client: TcpStream, target: SocketAddr, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    let head = read_head(&mut client).await?;
    seen.lock().unwrap().push(head.clone());
    if !head.to_ascii_lowercase().contains(EXPECTED) {
        return client.write_all(b"HTTP/1.1 407 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    }
    let mut upstream = TcpStream::connect(target).await?;
    if head.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
    } else {
        upstream.write_all(head.as_bytes()).await?;
    }
    copy_bidirectional(&mut client, &mut upstream).await.map(drop)
}
