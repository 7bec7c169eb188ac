//! What receivers do, and what the client makes of it.

use crate::peer::*;
use baton_domain::exchange::{ANSWER_CLASSIFY_BYTES_MAX, FaultKind};
use baton_engine::http::{AllowList, Client, ClientSettings};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn plain_answer() {
    let (heard, mut requests) = mpsc::unbounded_channel();
    let peer = Peer::start(move |mut stream, _| {
        let heard = heard.clone();
        async move {
            heard.send(read_request(&mut stream).await.unwrap()).unwrap();
            let answer =
                "HTTP/1.1 201 Created\r\nX-Id: 7\r\nX-Id: 8\r\nContent-Length: 4\r\n\r\nyes!";
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await;
    let mut request = post(peer.url("/hook?x=1"), "{\"a\":1}");
    request.headers = vec![
        ("X_KEY".into(), "k".into()),
        ("X-LeadsBot-Signature".into(), "ab".into()),
        ("content-type".into(), "application/json".into()),
    ];
    let exchange = client().exchange(&request, PLENTY).await;

    let got = answer(&exchange);
    assert_eq!((got.status, got.body.as_slice(), got.truncated), (201, &b"yes!"[..], false));
    let ids: Vec<_> = got.headers.iter().filter(|(n, _)| n == "x-id").map(|(_, v)| v).collect();
    assert_eq!(ids, ["7", "8"]);
    assert_eq!(exchange.remote, Some(peer.address));
    let phases = exchange.phases;
    assert!(phases.dns_us.is_none() && phases.tls_us.is_none(), "{phases:?}");
    assert!(phases.connect_us.is_some() && phases.first_byte_us.is_some(), "{phases:?}");
    assert!(phases.total_us >= phases.first_byte_us.unwrap());
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        String::from_utf8(requests.recv().await.unwrap()).unwrap(),
        format!(
            "POST /hook?x=1 HTTP/1.1\r\nHost: {}\r\nX_KEY: k\r\nX-LeadsBot-Signature: ab\r\n\
             content-type: application/json\r\nAccept-Encoding: identity\r\n\
             User-Agent: Baton/{version}\r\nContent-Length: 7\r\n\r\n{{\"a\":1}}",
            peer.address
        )
    );
}

#[tokio::test]
async fn redirects_are_answers() {
    let elsewhere = Peer::answering(OK).await;
    for status in [301, 302, 303, 307, 308] {
        let location = elsewhere.url("/next");
        let peer = Peer::answering(format!(
            "HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        let exchange = client().exchange(&post(peer.url("/"), "x"), PLENTY).await;
        assert_eq!(answer(&exchange).status, status);
        assert_eq!(answer(&exchange).header("Location"), Some(location.as_str()));
    }
    assert_eq!(elsewhere.accepted(), 0);
}

#[tokio::test]
async fn answers_without_a_body() {
    for head in ["204 No Content", "304 Not Modified", "200 OK\r\nContent-Length: 0"] {
        let peer = Peer::answering(format!("HTTP/1.1 {head}\r\n\r\n")).await;
        let exchange = client().exchange(&get(peer.url("/")), PLENTY).await;
        assert!(answer(&exchange).body.is_empty());
    }
    let peer = Peer::answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").await;
    let mut request = get(peer.url("/"));
    request.method = "HEAD".into();
    assert_eq!(answer(&client().exchange(&request, PLENTY).await).status, 200);
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_whole() {
    let peer = Peer::answering_once("HTTP/1.0 200 OK\r\n\r\nto the end").await;
    let exchange = client().exchange(&get(peer.url("/")), PLENTY).await;
    assert_eq!(answer(&exchange).body, b"to the end");
}

#[tokio::test]
async fn a_compressed_answer_stays_as_it_is() {
    let peer = Peer::answering(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x0b!!",
    )
    .await;
    let exchange = client().exchange(&get(peer.url("/")), PLENTY).await;
    assert_eq!(answer(&exchange).body, b"\x1f\x0b!!");
}

#[tokio::test]
async fn an_answer_before_the_body_was_read() {
    let peer = Peer::start(|mut stream, _| async move {
        let mut some = [0; 64];
        stream.read_exact(&mut some).await.unwrap();
        let answer = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        // Stays open and reads no further.
        std::future::pending::<()>().await;
    })
    .await;
    let client = client();
    let exchange = client.exchange(&post(peer.url("/"), vec![b'a'; 32 << 20]), PLENTY).await;
    assert_eq!(answer(&exchange).status, 413);
    assert_eq!(client.idle_connections(), 0, "half a request is still to be written there");
}

#[tokio::test]
async fn nothing_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let exchange = client().exchange(&get(format!("http://{address}/")), PLENTY).await;
    check_fault(&exchange, FaultKind::ConnectionRefused, false, "nothing listens");
    assert!(!exchange.ours);
}

#[tokio::test]
async fn cut_in_the_middle_of_the_request() {
    let peer = Peer::start(|mut stream, _| async move {
        // Closing with bytes unread resets the connection.
        stream.read_u8().await.unwrap();
    })
    .await;
    let exchange = client().exchange(&post(peer.url("/"), vec![b'a'; 1 << 20]), PLENTY).await;
    check_fault(&exchange, FaultKind::ConnectionReset, true, "cut");
}

#[tokio::test]
async fn cut_after_the_request() {
    let peer = Peer::answering_once("").await;
    let exchange = client().exchange(&post(peer.url("/"), "x"), PLENTY).await;
    check_fault(&exchange, FaultKind::ConnectionReset, true, "cut");
}

#[tokio::test]
async fn never_answers() {
    let peer = Peer::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let exchange = client().exchange(&post(peer.url("/"), "x"), SHORT).await;
    check_fault(&exchange, FaultKind::Timeout, true, "waiting for the answer");
    assert!(exchange.phases.total_us >= 300_000);
    assert!(exchange.phases.first_byte_us.is_none());
    assert!(!exchange.ours);
}

#[tokio::test]
async fn a_slow_drip_ends_at_the_deadline() {
    let peer = Peer::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        while stream.write_all(b".").await.is_ok() {
            tick.tick().await;
        }
    })
    .await;
    let exchange = client().exchange(&get(peer.url("/")), SHORT).await;
    check_fault(&exchange, FaultKind::Timeout, true, "after status 200");
    assert!(exchange.phases.first_byte_us.is_some());
}

#[tokio::test]
async fn a_body_without_end_is_cut_at_the_limit() {
    for head in ["Content-Length: 10000000000", "Transfer-Encoding: chunked", "Connection: close"] {
        let chunk = match head {
            "Transfer-Encoding: chunked" => format!("4000\r\n{}\r\n", "a".repeat(0x4000)),
            _ => "a".repeat(0x4000),
        };
        let peer = Peer::start(move |mut stream, _| {
            let chunk = chunk.clone();
            async move {
                read_request(&mut stream).await;
                let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                while stream.write_all(chunk.as_bytes()).await.is_ok() {}
            }
        })
        .await;
        let client = client();
        let exchange = client.exchange(&get(peer.url("/")), PLENTY).await;
        let got = answer(&exchange);
        assert_eq!((got.body.len(), got.truncated), (ANSWER_CLASSIFY_BYTES_MAX, true), "{head}");
        assert_eq!(client.idle_connections(), 0);
    }
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_whole() {
    let size = ANSWER_CLASSIFY_BYTES_MAX;
    let body = "a".repeat(size);
    let peer =
        Peer::answering(format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n{body}")).await;
    let exchange = client().exchange(&get(peer.url("/")), PLENTY).await;
    assert_eq!((answer(&exchange).body.len(), answer(&exchange).truncated), (size, false));
}

#[tokio::test]
async fn headers_without_end() {
    let peer = Peer::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nX: ").await.unwrap();
        while stream.write_all(&[b'a'; 4096]).await.is_ok() {}
    })
    .await;
    let exchange = client().exchange(&get(peer.url("/")), PLENTY).await;
    check_fault(&exchange, FaultKind::InvalidAnswer, true, "head");

    let many = "X: y\r\n".repeat(500);
    let peer = Peer::answering(format!("HTTP/1.1 200 OK\r\n{many}\r\n")).await;
    let exchange = client().exchange(&get(peer.url("/")), PLENTY).await;
    check_fault(&exchange, FaultKind::InvalidAnswer, true, "head");
}

#[tokio::test]
async fn answers_that_break_off_or_break_http() {
    let check = async |bytes: &'static str, kind, detail| {
        let peer = Peer::answering_once(bytes).await;
        check_fault(&client().exchange(&get(peer.url("/")), PLENTY).await, kind, true, detail);
    };
    let cut = FaultKind::ConnectionReset;
    check("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", cut, "after status 200").await;
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nha", cut, "status 200").await;
    check("HTTP/1.1 200 OK\r\nConte", cut, "cut").await;
    let bad = FaultKind::InvalidAnswer;
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", bad, "chunk").await;
    check("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", bad, "HTTP").await;
    check("HTTP/1.1 2x0 OK\r\n\r\n", bad, "HTTP").await;
    check("SSH-2.0-OpenSSH_9.6\r\n", bad, "HTTP").await;
    check("HTTP/1.1 200 OK\r\nBad Name: 1\r\n\r\n", bad, "HTTP").await;
}

#[tokio::test]
async fn local_addresses_are_blocked_in_every_notation() {
    let peer = Peer::answering(OK).await;
    let port = peer.address.port();
    // The port and plain http are open, so that only the address can be what is refused.
    let allow = AllowList { http: true, ports: vec![port], ..AllowList::default() };
    let client = Client::new(ClientSettings { allow, ..local() }).unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "[::]",
        "user@127.0.0.1",
        "example.com@127.0.0.1",
        "127.0.0.1.",
    ] {
        let exchange = client.exchange(&get(format!("http://{host}:{port}/")), PLENTY).await;
        check_fault(&exchange, FaultKind::BlockedAddress, false, "");
    }
    assert_eq!(peer.accepted(), 0);
}

#[tokio::test]
async fn plain_http_to_the_internet_is_blocked() {
    let exchange = client().exchange(&get("http://1.1.1.1/"), PLENTY).await;
    check_fault(&exchange, FaultKind::BlockedAddress, false, "https");
}

#[tokio::test]
async fn what_cannot_be_sent_is_not() {
    let peer = Peer::answering(OK).await;
    let mut request = get(peer.url("/"));
    request.headers.push(("X".into(), "a\r\nInjected: b".into()));
    let exchange = client().exchange(&request, PLENTY).await;
    check_fault(&exchange, FaultKind::InvalidRequest, false, "header value");
    assert!(!fault(&exchange).detail.contains("Injected"));
    let exchange = client().exchange(&get("not a url"), PLENTY).await;
    check_fault(&exchange, FaultKind::InvalidRequest, false, "URL");
    assert_eq!(peer.accepted(), 0);
}

#[tokio::test]
async fn an_exchange_that_is_dropped_closes_its_connection() {
    let asked = Arc::new(Notify::new());
    let closed = Arc::new(Notify::new());
    let (asked_too, closed_too) = (Arc::clone(&asked), Arc::clone(&closed));
    let peer = Peer::start(move |mut stream, _| {
        let (asked, closed) = (Arc::clone(&asked_too), Arc::clone(&closed_too));
        async move {
            read_request(&mut stream).await;
            asked.notify_one();
            assert!(read_request(&mut stream).await.is_none());
            closed.notify_one();
        }
    })
    .await;
    let (client, request) = (client(), get(peer.url("/")));
    tokio::select! {
        _ = client.exchange(&request, PLENTY) => panic!("there is no answer"),
        () = asked.notified() => {}
    }
    tokio::time::timeout(PLENTY, closed.notified()).await.unwrap();
}

/// Environment variables cannot be set in a running process without risk, so another run of this
/// binary has them from its start.
#[tokio::test]
async fn proxies_in_the_environment_are_ignored() {
    let proxy = Peer::answering(OK).await;
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "http_client::plain_answer"]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    {
        child.env(name, proxy.url(""));
    }
    let output = child.env_remove("NO_PROXY").env_remove("no_proxy").output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!(proxy.accepted(), 0);
}
