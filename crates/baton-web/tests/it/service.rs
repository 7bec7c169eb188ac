//! What is around the handlers: unknown paths, methods, health, metrics, stopping.

use crate::app::{KEY, PATIENCE, Reply, TestApp, read_to_end};
use baton_domain::config::Scope;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let app = TestApp::start().await;
    app.get("/nope", &[]).await.problem(404, "not_found");
    let reply = app.get(&app.inbound(), &[]).await;
    reply.problem(405, "method_not_allowed");
    let allow = reply.header("allow").unwrap();
    assert!(allow.contains("POST") && allow.contains("OPTIONS"), "{allow}");
}

#[tokio::test]
async fn request_id_of_the_caller_is_kept_and_odd_ones_are_not() {
    let app = TestApp::start().await;
    let reply = app.get("/nope", &[("x-request-id", "abc-1")]).await;
    assert_eq!(reply.header("x-request-id"), Some("abc-1"));
    assert_eq!(reply.json()["request_id"], "abc-1");
    let odd = app.get("/nope", &[("x-request-id", "a b\"<script>")]).await;
    let made = odd.header("x-request-id").unwrap();
    assert_eq!(made.len(), 36);
    assert_eq!(odd.json()["request_id"], made);
}

#[tokio::test]
async fn health_and_readiness_answer() {
    let app = TestApp::start().await;
    let health = app.get("/healthz", &[]).await;
    assert_eq!((health.status, health.json()["status"].clone()), (200, json!("ok")));
    let ready = app.get("/readyz", &[]).await;
    assert_eq!((ready.status, ready.json()["status"].clone()), (200, json!("ready")));
}

#[tokio::test]
async fn metrics_need_a_key_unless_they_are_public() {
    let app = TestApp::start().await;
    app.get("/metrics", &[]).await.problem(401, "unauthorized");
    app.add_key(app.workspace, "writer", vec![Scope::LeadsWrite]).await;
    let headers = [("authorization", "Bearer writer")];
    app.get("/metrics", &headers).await.problem(403, "forbidden");
    app.capture(json!({"email": "jane@example.com"})).await.created("received");
    let auth = format!("Bearer {KEY}");
    let text = app.get("/metrics", &[("authorization", &auth)]).await;
    let text = String::from_utf8(text.body.to_vec()).unwrap();
    assert!(text.contains("baton_captures_total{outcome=\"received\"} 1\n"), "{text}");
    assert!(text.contains("route=\"/api/inbound/w/{webhook_id}/leads\",status=\"201\""), "{text}");
    assert!(!text.contains("jane"), "{text}");
    assert!(text.ends_with("# EOF\n"));
    let public = TestApp::with(|seed| seed.web.metrics_public = true).await;
    assert_eq!(public.get("/metrics", &[]).await.status, 200);
}

#[tokio::test]
async fn stopping_lets_the_request_under_way_end_and_takes_no_more() {
    let mut app = TestApp::start().await;
    let body = "{\"email\":\"jane@example.com\"}";
    let (first, second) = body.split_at(5);
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\nexpect: 100-continue\r\n\
         content-length: {}\r\n\r\n",
        app.inbound(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body: the request is under way now.
    let asked = async {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut byte).await.unwrap();
            line.push(byte[0]);
        }
        line
    };
    let asked = tokio::time::timeout(PATIENCE, asked).await.unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100"));
    stream.write_all(first.as_bytes()).await.unwrap();
    let ((), reply) = tokio::join!(app.stop(), async {
        stream.write_all(second.as_bytes()).await.unwrap();
        Reply::parse(&read_to_end(&mut stream).await)
    });
    reply.created("received");
    assert!(TcpStream::connect(app.address).await.is_err());
}
