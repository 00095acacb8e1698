//! The proxy towards its clients.

use rustls::RootCertStore;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{World, config, echo_server, exchange, handshake, read_answer, read_head};

const GET: &str = "GET /headers HTTP/1.1\r\nHost: index.example\r\n\r\n";

#[tokio::test]
async fn nothing_is_answered_without_this_runs_password() {
    let (world, other) = (World::new().await, World::new().await);
    let bearer = world.credentials.replace("Basic", "Bearer");
    for request in ["CONNECT index.example:443 HTTP/1.1", "GET http://index.example/ HTTP/1.1", "GET / HTTP/1.1"] {
        for credentials in [None, Some(&other.credentials), Some(&bearer), Some(&String::new())] {
            let field = credentials.map(|text| format!("Proxy-Authorization: {text}\r\n")).unwrap_or_default();
            let request = format!("{request}\r\nHost: index.example\r\n{field}\r\n");
            let mut stream = world.stream().await;
            let answer = exchange(&mut stream, &request).await;
            assert!(answer.status_line.starts_with("HTTP/1.1 407 "), "{request}");
            assert_eq!(answer.field("proxy-authenticate"), Some("Basic realm=\"affineur\""));
            // git asks without first, and then again on the same connection.
            let again =
                format!("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nProxy-Authorization: {}\r\n\r\n", world.credentials);
            assert_eq!(exchange(&mut stream, &again).await.status_line, "HTTP/1.1 200 OK");
        }
    }
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn names_and_addresses_are_intercepted_with_a_certificate_that_fits() {
    let world = World::new().await;
    for (host, port, authority) in [
        ("index.example", 443, "index.example"),
        ("index.example", 8443, "index.example:8443"),
        ("under_score.index.example", 443, "under_score.index.example"),
        ("127.0.0.1", 443, "127.0.0.1"),
        ("::1", 443, "[::1]"),
    ] {
        let mut stream = world.tls(host, port).await;
        let answer = exchange(&mut stream, &format!("GET /simple/a/?b HTTP/1.1\r\nHost: {authority}\r\n\r\n")).await;
        assert_eq!((answer.status_line.as_str(), answer.body.as_str()), ("HTTP/1.1 200 OK", "/simple/a/"));
        assert_eq!(world.asked().last().unwrap(), &format!("GET https://{authority}/simple/a/?b"));
    }
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_and_http_1_1_only() {
    let world = World::new().await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut roots = RootCertStore::empty();
        use rustls::pki_types::pem::PemObject as _;
        roots.add(rustls::pki_types::CertificateDer::from_pem_slice(world.authority_pem.as_bytes()).unwrap()).unwrap();
        let provider = rustls::crypto::aws_lc_rs::default_provider().into();
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = handshake(world.connect("index.example:443").await.1, "index.example", config.clone()).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        config.alpn_protocols = vec![b"h2".to_vec()];
        assert!(handshake(world.connect("index.example:443").await.1, "index.example", config).await.is_err());
    }
}

#[tokio::test]
async fn tls_for_another_host_than_the_tunnels_is_refused() {
    let world = World::new().await;
    for (target, name) in [("index.example:443", "other.example"), ("127.0.0.1:443", "index.example")] {
        let (_, stream) = world.connect(target).await;
        assert!(handshake(stream, name, world.config()).await.is_err(), "{target} {name}");
    }
    let mut nameless = world.config();
    nameless.enable_sni = false;
    let mut stream = handshake(world.connect("index.example:443").await.1, "index.example", nameless).await.unwrap();
    assert_eq!(exchange(&mut stream, GET).await.status_line, "HTTP/1.1 200 OK");
    assert_eq!(world.asked().len(), 1);
    assert!(world.handler.rejected.borrow().is_empty());
}

#[tokio::test]
async fn a_request_inside_for_another_host_never_reaches_the_handler() {
    let world = World::new().await;
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: other.example\r\n\r\n", "421"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET https://other.example/ HTTP/1.1\r\nHost: index.example\r\n\r\n", "400"),
        ("CONNECT index.example:443 HTTP/1.1\r\nHost: index.example\r\n\r\n", "400"),
        ("GET / HTTP/1.0\r\nHost: index.example\r\n\r\n", "505"),
    ] {
        let mut stream = world.tls("index.example", 443).await;
        let answer = exchange(&mut stream, request).await;
        assert_eq!(answer.status_line.split(' ').nth(1), Some(status), "{request}");
    }
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn connections_are_kept_alive_also_after_head_and_in_clear() {
    let world = World::new().await;
    let mut stream = world.tls("index.example", 443).await;
    let head = exchange(&mut stream, "HEAD /reason HTTP/1.1\r\nHost: index.example\r\n\r\n").await;
    assert_eq!(head.field("content-length"), Some("2"));
    assert_eq!(exchange(&mut stream, GET).await.status_line, "HTTP/1.1 200 OK");
    let mut stream = world.stream().await;
    for path in ["/a", "/b"] {
        let request = format!(
            "GET http://index.example{path} HTTP/1.1\r\nHost: ignored.example\r\nProxy-Authorization: {}\r\n\r\n",
            world.credentials
        );
        assert_eq!(exchange(&mut stream, &request).await.body, path);
    }
    assert_eq!(
        world.asked(),
        [
            "HEAD https://index.example/reason",
            "GET https://index.example/headers",
            "GET http://index.example/a",
            "GET http://index.example/b"
        ]
    );
}

#[tokio::test]
async fn only_end_to_end_fields_reach_the_handler_and_the_client() {
    let world = World::new().await;
    let mut stream = world.tls("index.example", 443).await;
    let request = "GET /headers HTTP/1.1\r\nHost: index.example\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\n\
                   Proxy-Authorization: Basic eDp5\r\nAuthorization: Basic YTpi\r\nRange: bytes=0-1\r\nUpgrade: h2c\r\n\r\n";
    assert_eq!(exchange(&mut stream, request).await.body, "authorization: Basic YTpi\nrange: bytes=0-1\n");
    let answer = exchange(&mut stream, "GET /hops HTTP/1.1\r\nHost: index.example\r\n\r\n").await;
    assert_eq!(["proxy-authenticate", "keep-alive", "upgrade"].map(|name| answer.field(name)), [None; 3]);
    let answer = exchange(&mut stream, "GET /informational HTTP/1.1\r\nHost: index.example\r\n\r\n").await;
    assert!(answer.status_line.starts_with("HTTP/1.1 502 "));
}

#[tokio::test]
async fn a_reason_phrase_reaches_the_client_in_full() {
    let world = World::new().await;
    let mut stream = world.tls("index.example", 443).await;
    let answer = exchange(&mut stream, "GET /reason HTTP/1.1\r\nHost: index.example\r\n\r\n").await;
    assert_eq!(answer.status_line, "HTTP/1.1 403 withheld by policy: released today");
}

#[tokio::test]
async fn a_client_that_expects_100_continue_gets_it_when_its_body_is_wanted_and_only_then() {
    let world = World::new().await;
    let post = |path: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: index.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    };
    let mut stream = world.tls("index.example", 443).await;
    assert_eq!(exchange(&mut stream, &post("/collected")).await.status_line, "HTTP/1.1 100 Continue");
    stream.write_all(b"hello").await.unwrap();
    assert_eq!(read_answer(&mut stream, true).await.body, "hello");
    let mut stream = world.tls("index.example", 443).await;
    assert_eq!(exchange(&mut stream, &post("/unread")).await.status_line, "HTTP/1.1 403 Forbidden");
}

#[tokio::test]
async fn bodies_stream_in_both_directions() {
    let world = World::new().await;
    let mut stream = world.tls("index.example", 443).await;
    let request = "POST /echo HTTP/1.1\r\nHost: index.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    read_head(&mut stream).await.unwrap();
    let mut chunk = [0; 8];
    stream.read_exact(&mut chunk).await.unwrap();
    assert_eq!(&chunk, b"3\r\nabc\r\n", "the answer begins before the request ends");
    stream.write_all(b"2\r\nde\r\n0\r\n\r\n").await.unwrap();
    let mut rest = [0; 12];
    stream.read_exact(&mut rest).await.unwrap();
    assert_eq!(&rest, b"2\r\nde\r\n0\r\n\r\n");
}

#[tokio::test]
async fn a_broken_body_is_seen_as_an_abort() {
    let world = World::new().await;
    for path in ["/aborted", "/aborted-with-length"] {
        let mut stream = world.tls("index.example", 443).await;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: index.example\r\n\r\n").as_bytes()).await.unwrap();
        let mut all = Vec::new();
        // No close_notify: TLS itself says that this is no end.
        let error = stream.read_to_end(&mut all).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{path}");
        assert!(!all.ends_with(b"0\r\n\r\n"));
        let mut clear = world.stream().await;
        let request =
            format!("GET http://index.example{path} HTTP/1.1\r\nHost: a\r\nProxy-Authorization: {}\r\n\r\n", world.credentials);
        clear.write_all(request.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        let _ = clear.read_to_end(&mut all).await;
        assert!(!all.ends_with(b"0\r\n\r\n") && all.len() < 300, "{path}");
    }
}

#[tokio::test]
async fn http_1_0_may_connect_but_not_ask() {
    let world = World::new().await;
    let mut stream = world.stream().await;
    let connect = format!("CONNECT index.example:443 HTTP/1.0\r\nProxy-Authorization: {}\r\n\r\n", world.credentials);
    let answer = exchange(&mut stream, &connect).await;
    assert!(answer.status_line.ends_with(" 200 OK"));
    let mut stream = handshake(stream, "index.example", world.config()).await.unwrap();
    assert_eq!(exchange(&mut stream, GET).await.status_line, "HTTP/1.1 200 OK");
    let mut stream = world.stream().await;
    let get = format!("GET http://index.example/ HTTP/1.0\r\nProxy-Authorization: {}\r\n\r\n", world.credentials);
    assert!(exchange(&mut stream, &get).await.status_line.contains(" 505 "));
}

#[tokio::test]
async fn requests_that_are_none_for_a_proxy_are_refused() {
    let world = World::new().await;
    for line in
        ["GET / HTTP/1.1", "GET https://index.example/ HTTP/1.1", "CONNECT index.example HTTP/1.1", "OPTIONS * HTTP/1.1"]
    {
        let mut stream = world.stream().await;
        let request = format!("{line}\r\nHost: a\r\nProxy-Authorization: {}\r\n\r\n", world.credentials);
        assert!(exchange(&mut stream, &request).await.status_line.starts_with("HTTP/1.1 400 "), "{line}");
    }
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn a_tunnel_is_passed_on_untouched_and_may_be_refused() {
    let world = World::with_tunnels(&["127.0.0.1"]).await;
    let port = echo_server().await;
    let (answer, mut stream) = world.connect(&format!("127.0.0.1:{port}")).await;
    assert_eq!(answer.status_line, "HTTP/1.1 200 OK");
    stream.write_all(b"\x16\x03\x01 not for us").await.unwrap();
    let mut bytes = [0; 14];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"\x16\x03\x01 not for us");
    assert!(world.connect("127.0.0.1:1").await.0.status_line.starts_with("HTTP/1.1 403 "));
    assert!(world.connect("127.0.0.1:2").await.0.status_line.starts_with("HTTP/1.1 502 "));
    assert_eq!(world.asked()[0], format!("tunnel 127.0.0.1 {port}"));
}

#[tokio::test]
async fn a_client_that_rejects_the_certificate_is_named_by_its_host() {
    let (world, other) = (World::new().await, World::new().await);
    for (host, target) in [("index.example", "index.example:443"), ("127.0.0.1", "127.0.0.1:443")] {
        let (_, stream) = world.connect(target).await;
        assert!(handshake(stream, host, config(&[&other.authority_pem])).await.is_err());
    }
    let mut rejected = world.handler.rejected.subscribe();
    assert_eq!(*rejected.wait_for(|hosts| hosts.len() == 2).await.unwrap(), ["index.example", "127.0.0.1"]);
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn a_client_that_just_goes_away_is_not_taken_for_one_that_rejects() {
    let world = World::new().await;
    let (_, stream) = world.connect("index.example:443").await;
    drop(stream);
    // All that was under way has been noted when the proxy has stopped.
    world.proxy.shutdown().await;
    assert!(world.handler.rejected.borrow().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_no_end_is_dropped_in_time() {
    let world = World::new().await;
    let start = tokio::time::Instant::now();
    let mut head = world.stream().await;
    head.write_all(b"GET http://index.example/ HTTP/1.1\r\nHost: ").await.unwrap();
    assert_eq!(head.read(&mut [0; 64]).await.unwrap_or(0), 0);
    let mut silent = world.stream().await;
    assert_eq!(silent.read(&mut [0; 64]).await.unwrap_or(0), 0);
    assert!(start.elapsed() < std::time::Duration::from_secs(600));
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn heads_without_end_are_refused() {
    let world = World::new().await;
    for head in [
        format!("GET http://a.example/ HTTP/1.1\r\n{}", "x: y\r\n".repeat(1_000)),
        format!("GET http://a.example/{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20)),
    ] {
        let mut stream = world.stream().await;
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(b"\r\n").await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
    }
    assert!(world.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_clients_at_once_are_served() {
    let world = std::sync::Arc::new(World::new().await);
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..500 {
        let world = std::sync::Arc::clone(&world);
        clients.spawn(async move {
            let mut stream = world.tls("index.example", 443).await;
            let first = exchange(&mut stream, GET).await.status_line;
            (stream, first)
        });
    }
    let open = clients.join_all().await;
    assert!(open.iter().all(|(_, first)| first == "HTTP/1.1 200 OK"));
    assert_eq!(open.len(), 500);
}

#[tokio::test]
async fn a_proxy_stops_although_clients_and_tunnels_are_open() {
    let world = World::with_tunnels(&["127.0.0.1"]).await;
    let (_, _tunnel) = world.connect(&format!("127.0.0.1:{}", echo_server().await)).await;
    let (_, _silent) = world.connect("index.example:443").await;
    let _idle = world.stream().await;
    let mut open = world.tls("index.example", 443).await;
    exchange(&mut open, GET).await;
    let address = world.proxy.address();
    world.proxy.shutdown().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    assert_eq!(open.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn no_secret_shows_in_debug_output() {
    let authority = affineur_gateway::proxy::Authority::new().unwrap();
    assert_eq!(format!("{authority:?}"), "Authority(…)");
    assert!(!authority.ca_pem().contains("PRIVATE"));
}
