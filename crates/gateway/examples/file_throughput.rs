//! How fast files leave the cache, and what many slow clients cost: `cargo run --release -p affineur-gateway --example
//! file_throughput`. Loopback only; figures go to standard output.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use affineur_gateway::body::{self, Body};
use affineur_gateway::cache::{Cache, Scope};
use affineur_gateway::download::{Downloads, Request, Upstream};
use affineur_gateway::fetch::{ByteRange, FetchError, FileAnswer, RangeAnswer};
use affineur_packaging::Sha256;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

const FILE_BYTES: usize = 35_000_000;
const ROUNDS: u32 = 60;
const SLOW_CLIENTS: usize = 500;

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Sends the same file to whoever asks.
#[derive(Clone)]
struct Memory(Bytes);

impl Upstream for Memory {
    async fn file(&self, _: &Url) -> Result<FileAnswer, FetchError> {
        let content = self.0.clone();
        let pieces =
            (0..content.len()).step_by(16 << 10).map(move |at| Ok(content.slice(at..content.len().min(at + (16 << 10)))));
        let length = Some(self.0.len() as u64);
        Ok(FileAnswer { stream: stream::iter(pieces).boxed(), length, last_modified: None, etag: None })
    }

    async fn range(&self, _: &Url, _: ByteRange) -> Result<RangeAnswer, FetchError> {
        Err(FetchError::NoRanges)
    }
}

struct Server {
    downloads: Downloads,
    upstream: Memory,
    sha256: Sha256,
    url: Url,
}

impl Server {
    async fn answer(&self, asked: &http::Request<hyper::body::Incoming>) -> http::Response<Body> {
        let request = Request {
            scope: Scope::Public,
            url: self.url.clone(),
            expected: Some(self.sha256),
            size: None,
            limit_bytes: 1 << 30,
            check: None,
            report: None,
        };
        let served = self.downloads.open(self.upstream.clone(), request).await;
        let answer = served.respond(asked.method(), asked.headers()).await;
        answer.unwrap_or_else(|error| http::Response::new(body::full(error.to_string())))
    }
}

async fn serve(listener: TcpListener, server: Arc<Server>) -> io::Result<()> {
    loop {
        let (connection, _) = listener.accept().await?;
        let server = Arc::clone(&server);
        let service = service_fn(move |asked| {
            let server = Arc::clone(&server);
            async move { Ok::<_, Infallible>(server.answer(&asked).await) }
        });
        tokio::spawn(http1::Builder::new().max_buf_size(64 << 10).serve_connection(TokioIo::new(connection), service));
    }
}

async fn connect(address: std::net::SocketAddr) -> io::Result<TcpStream> {
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(b"GET /file HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    Ok(connection)
}

async fn read_all(connection: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut received = 0;
    loop {
        match connection.read(buffer).await? {
            0 => return Ok(received),
            read => received += read,
        }
    }
}

/// Resident memory of this process and the CPU time it used, in MiB and milliseconds.
fn usage() -> io::Result<(u64, u64)> {
    let text = |path: &str| std::fs::read_to_string(path);
    let number = |text: &str, at: usize| text.split_whitespace().nth(at).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    let statm = text("/proc/self/statm")?;
    let stat = text("/proc/self/stat")?;
    Ok(((number(&statm, 1) * 4096) >> 20, (number(&stat, 13) + number(&stat, 14)) * 10))
}

fn throughput(what: &str, bytes: usize, began: Instant, cpu_before: u64) -> io::Result<()> {
    let seconds = began.elapsed().as_secs_f64();
    let (memory, cpu) = usage()?;
    let per_file = (cpu - cpu_before) as f64 * FILE_BYTES as f64 / bytes as f64;
    println!(
        "{what}: {:.0} MB/s, {per_file:.1} ms CPU per 35 MB (both ends), {memory} MiB resident",
        bytes as f64 / 1e6 / seconds
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Problem> {
    let content: Vec<u8> = (0..FILE_BYTES).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let folder = tempfile::tempdir()?;
    let cache = Cache::open(folder.path(), 1 << 30)?;
    let mut partial = cache.begin()?;
    partial.write(&content)?;
    let sha256 = partial.finish()?.commit(Scope::Public).sha256();
    let later = Cache::open(folder.path(), 1 << 30)?;
    for what in ["first lookup in a process, which hashes", "second lookup"] {
        let began = Instant::now();
        let found = later.lookup(Scope::Public, &sha256).is_some();
        println!("{what}: {:.3} ms (found: {found})", began.elapsed().as_secs_f64() * 1e3);
    }

    let url: Url = "https://files.example/a.whl".parse()?;
    let upstream = Memory(content.into());
    let server = Arc::new(Server { downloads: Downloads::new(cache), upstream: upstream.clone(), sha256, url: url.clone() });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, server));
    let mut buffer = vec![0; 1 << 20];

    for clients in [1, 4] {
        let (began, (_, cpu)) = (Instant::now(), usage()?);
        let mut total = 0;
        let tasks: Vec<_> = (0..clients)
            .map(|_| {
                tokio::spawn(async move {
                    let (mut total, mut buffer) = (0, vec![0; 1 << 20]);
                    for _ in 0..ROUNDS / clients {
                        total += read_all(&mut connect(address).await?, &mut buffer).await?;
                    }
                    Ok::<_, io::Error>(total)
                })
            })
            .collect();
        for task in tasks {
            total += task.await??;
        }
        throughput(&format!("cached file, {clients} client(s)"), total, began, cpu)?;
    }

    let cold = Cache::open(folder.path().join("cold"), 1 << 30)?;
    let cold = Arc::new(Server { downloads: Downloads::new(cold), upstream, sha256, url });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, cold));
    let (before, _) = usage()?;
    let mut slow = Vec::new();
    for _ in 0..SLOW_CLIENTS {
        let mut connection = connect(address).await?;
        connection.read_exact(buffer.get_mut(..1000).unwrap_or_default()).await?;
        slow.push(connection);
    }
    let (stalled, _) = usage()?;
    println!("{SLOW_CLIENTS} clients that read 1 kB and wait: {before} -> {stalled} MiB resident");
    let (began, (_, cpu)) = (Instant::now(), usage()?);
    let mut total = 0;
    for connection in &mut slow {
        total += read_all(connection, &mut buffer).await?;
    }
    throughput("and then read on, one after the other", total, began, cpu)?;
    Ok(())
}
