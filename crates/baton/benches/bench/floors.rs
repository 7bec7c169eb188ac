//! What this machine can do at best: parse and answer over HTTP, and sync a file.

use crate::load::{Plan, run};
use crate::machine::Table;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A bare axum route that parses the same JSON and answers 201.
pub async fn bare_route(table: &mut Table) -> f64 {
    let app = axum::Router::new().route(
        "/",
        axum::routing::post(|body: axum::body::Bytes| async move {
            match serde_json::from_slice::<serde_json::Value>(&body) {
                Ok(_) => (axum::http::StatusCode::CREATED, "{\"id\":\"x\"}"),
                Err(_) => (axum::http::StatusCode::BAD_REQUEST, "{}"),
            }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let to = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let body = format!("{{\"email\":\"a@example.com\",\"message\":\"{}\"}}", "x".repeat(900));
    let request = format!(
        "POST / HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let plan = Plan {
        to,
        connections: 256,
        requests: 100_000,
        rate: None,
        request: Arc::new(move |_| request.clone().into_bytes()),
        status: 201,
    };
    let loaded = run(&plan).await;
    server.abort();
    table.row(
        "floor: bare axum route, same JSON, 201",
        &format!("{:.0}/s, p99 {:.1} ms", loaded.rate(), loaded.ms(99.0)),
    );
    loaded.rate()
}

/// `fdatasync` after 4 KiB, one after another for two seconds.
pub fn syncs(table: &mut Table, dir: &Path) {
    let mut file = std::fs::File::create(dir.join("sync")).expect("a file");
    let began = Instant::now();
    let mut n = 0u32;
    while began.elapsed() < Duration::from_secs(2) {
        file.write_all(&[0; 4096]).expect("a write");
        file.sync_data().expect("a sync");
        n += 1;
    }
    table.row("floor: fdatasync of 4 KiB", &format!("{:.0}/s", f64::from(n) / 2.0));
}
