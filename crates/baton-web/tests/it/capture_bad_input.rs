//! Bodies and exchanges that are broken: never a 500, never a panic, never a silent drop.

use crate::app::{PATIENCE, Reply, TestApp, read_to_end};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn post_json(app: &TestApp, body: &[u8]) -> Reply {
    app.request("POST", &app.inbound(), &[("content-type", "application/json")], body).await
}

#[tokio::test]
async fn unreadable_bodies_are_named_for_what_they_are() {
    let app = TestApp::start().await;
    let deep = |n: usize| format!("{{\"email\":{}1{}}}", "[".repeat(n), "]".repeat(n));
    let keys: Vec<String> = (0..10_000).map(|n| format!("\"k{n}\":1")).collect();
    let many = format!("{{{}}}", keys[..4_000].join(","));
    let long = format!("{{\"email\":\"{}\"}}", "x".repeat(9_000));
    for (body, status, code) in [
        (b"".to_vec(), 400, "malformed_json"),
        (b"{\"email\":".to_vec(), 400, "malformed_json"),
        (b"not json".to_vec(), 400, "malformed_json"),
        (b"[1,2]".to_vec(), 400, "malformed_json"),
        (b"\"text\"".to_vec(), 400, "malformed_json"),
        (b"{\"email\":\"\xff\xfe\"}".to_vec(), 400, "malformed_json"),
        (b"{\"email\":\"a\\u0000b\"}".to_vec(), 400, "malformed_body"),
        (b"{\"a\":1,\"a\":2}".to_vec(), 400, "malformed_body"),
        (deep(10_000).into_bytes(), 400, "malformed_body"),
        (many.into_bytes(), 400, "malformed_body"),
        (long.into_bytes(), 422, "validation_failed"),
        (b"{\"email\":\"a@example.com\",\"test\":\"perhaps\"}".to_vec(), 422, "validation_failed"),
        (b"{\"email\":[\"a\"]}".to_vec(), 422, "validation_failed"),
        (b"{\"email\":{\"a\":1}}".to_vec(), 422, "validation_failed"),
        (b"{\"email\":17}".to_vec(), 422, "validation_failed"),
        (format!("{{{}}}", keys.join(",")).into_bytes(), 413, "body_too_large"),
    ] {
        let reply = post_json(&app, &body).await;
        let problem = reply.problem(status, code);
        assert!(problem["detail"].as_str().is_some_and(|d| !d.is_empty()), "{problem}");
    }
    // The readable ones among them are kept as rejected.
    assert_eq!(app.leads().await.len(), 3);
}

#[tokio::test]
async fn huge_numbers_keep_their_digits() {
    let app = TestApp::start().await;
    let huge = "123456789012345678901234567890.000000000000000000001";
    let body = format!("{{\"email\":\"a@example.com\",\"n\":{huge},\"e\":1e999999}}");
    let lead = app.lead(&post_json(&app, body.as_bytes()).await.created("received")).await;
    assert_eq!(lead.data.raw.text("n").as_deref(), Some(huge));
    assert_eq!(lead.data.raw.text("e").as_deref(), Some("1e+999999"));
}

#[tokio::test]
async fn body_at_the_limit_passes_and_one_byte_more_does_not() {
    let app = TestApp::start().await;
    let body = |total: usize| {
        let fill = "x".repeat(8_000);
        let mut body = "{\"email\":\"a@example.com\"".to_owned();
        for n in 0..8 {
            body.push_str(&format!(",\"f{n}\":\"{fill}\""));
        }
        body.push_str(&" ".repeat(total - body.len() - 1));
        body.push('}');
        body.into_bytes()
    };
    post_json(&app, &body(64 * 1024)).await.created("received");
    let reply = post_json(&app, &body(64 * 1024 + 1)).await;
    reply.problem(413, "body_too_large");
    assert_eq!(reply.header("connection"), Some("close"));
}

#[tokio::test]
async fn other_content_types_and_files_are_refused() {
    let app = TestApp::start().await;
    for kind in ["application/xml", "image/png", "application/json; charset=latin1", "x"] {
        let headers = [("content-type", kind)];
        let reply = app.request("POST", &app.inbound(), &headers, b"{}").await;
        reply.problem(415, "unsupported_media_type");
    }
    let part = |disposition: &str, value: &str| {
        format!("--B\r\ncontent-disposition: form-data; {disposition}\r\n\r\n{value}\r\n--B--\r\n")
    };
    for (body, status, code) in [
        (part("name=\"cv\"; filename=\"cv.pdf\"", "%PDF"), 415, "unsupported_media_type"),
        (part("name=\"email\"", "a@example.com").replace("--B--", ""), 400, "malformed_body"),
        ("no boundary".to_owned(), 400, "malformed_body"),
    ] {
        let headers = [("content-type", "multipart/form-data; boundary=B")];
        app.request("POST", &app.inbound(), &headers, body.as_bytes()).await.problem(status, code);
    }
}

#[tokio::test]
async fn announced_length_over_the_limit_is_refused_before_a_byte_of_it_came() {
    let app = TestApp::start().await;
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\n\
         content-length: 99999999999\r\n\r\n",
        app.inbound()
    );
    app.raw(head.as_bytes()).await.problem(413, "body_too_large");
}

#[tokio::test]
async fn endless_chunks_are_cut_at_the_limit() {
    let app = TestApp::start().await;
    let mut request = format!(
        "POST {} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n",
        app.inbound()
    );
    for _ in 0..17 {
        request.push_str(&format!("1000\r\n{}\r\n", "x".repeat(4096)));
    }
    // No last chunk: the answer must come without it.
    app.raw(request.as_bytes()).await.problem(413, "body_too_large");
    assert!(app.leads().await.is_empty());
}

#[tokio::test]
async fn body_shorter_than_announced_is_not_taken() {
    let app = TestApp::start().await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{\"email\":\"a@example.com\"}}",
        app.inbound()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    Reply::parse(&read_to_end(&mut stream).await).problem(400, "bad_request");
    assert!(app.leads().await.is_empty());
}

#[tokio::test]
async fn body_longer_than_announced_is_cut_and_what_follows_is_no_request() {
    let app = TestApp::start().await;
    let lead = "{\"email\":\"a@example.com\"}";
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\
         \r\n{lead}",
        app.inbound()
    );
    app.raw(request.as_bytes()).await.problem(400, "malformed_json");
    assert!(app.leads().await.is_empty());
}

#[tokio::test]
async fn two_lengths_are_refused() {
    let app = TestApp::start().await;
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: t\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{{}}",
        app.inbound()
    );
    assert_eq!(app.raw(request.as_bytes()).await.status, 400);
}

#[tokio::test]
async fn slow_headers_are_cut() {
    let app = TestApp::with(|s| s.server.header_timeout = Duration::from_millis(200)).await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: t\r\nx-slow: ").await.unwrap();
    let got = read_to_end(&mut stream).await;
    assert!(!got.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&got));
}

#[tokio::test]
async fn idle_connections_are_cut_and_give_their_place_to_others() {
    let app = TestApp::with(|s| {
        s.server.header_timeout = Duration::from_millis(200);
        s.server.connections_max = 1;
    })
    .await;
    let mut idle = TcpStream::connect(app.address).await.unwrap();
    app.capture(json!({"email": "a@example.com"})).await.created("received");
    assert!(read_to_end(&mut idle).await.is_empty());
}

#[tokio::test]
async fn slow_bodies_are_cut() {
    let app = TestApp::with(|s| s.server.body_timeout = Duration::from_millis(200)).await;
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{\"email\":",
        app.inbound()
    );
    let reply = app.raw(request.as_bytes()).await;
    reply.problem(408, "request_timeout");
    assert!(app.leads().await.is_empty());
}

#[tokio::test]
async fn endless_headers_are_refused() {
    let app = TestApp::start().await;
    let many: String = (0..500).map(|n| format!("x-{n}: 1\r\n")).collect();
    let large = format!("x: {}\r\n", "y".repeat(200_000));
    for headers in [many, large] {
        let request = format!("POST {} HTTP/1.1\r\nhost: t\r\n{headers}\r\n", app.inbound());
        assert_eq!(app.raw(request.as_bytes()).await.status, 431);
    }
}

#[tokio::test]
async fn caller_who_hangs_up_after_the_body_changes_nothing() {
    let app = TestApp::start().await;
    let mut events = app.store.hints().events();
    events.mark_unchanged();
    let body = "{\"email\":\"a@example.com\"}";
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        app.inbound(),
        body.len()
    );
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    drop(stream);
    tokio::time::timeout(PATIENCE, events.changed()).await.unwrap().unwrap();
    assert_eq!(app.leads().await.len(), 1);
}

#[tokio::test]
async fn large_body_is_refused_with_an_answer_that_arrives() {
    let app = TestApp::start().await;
    let body = vec![b' '; 900_000];
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        app.inbound(),
        body.len()
    );
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    // A reset while the body is being sent would fail this write.
    stream.write_all(&body).await.unwrap();
    Reply::parse(&read_to_end(&mut stream).await).problem(413, "body_too_large");
}

#[tokio::test]
async fn connection_is_kept_for_the_next_lead_and_cut_when_none_comes() {
    let app = TestApp::with(|s| s.server.header_timeout = Duration::from_millis(500)).await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    for n in 0..3 {
        let body = format!("{{\"email\":\"a{n}@example.com\"}}");
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            app.inbound(),
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut got = Vec::new();
        while !got.ends_with(b"}") {
            let mut buffer = [0; 1024];
            let n = stream.read(&mut buffer).await.unwrap();
            assert_ne!(n, 0, "the connection must stay");
            got.extend_from_slice(&buffer[..n]);
        }
        Reply::parse(&got).created("received");
    }
    assert!(read_to_end(&mut stream).await.is_empty());
}
