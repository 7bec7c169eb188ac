//! What the tests of faults share: a post whose whole answer is looked at, and what a refusal for
//! the time being must be.

use crate::api::{Api, Connection};
use bytes::Bytes;
use http::Response;
use serde_json::Value;
use std::collections::BTreeSet;

/// Posts a body to a source.
pub async fn post(base: &str, inbound: &str, body: &Value) -> Response<Bytes> {
    let mut connection = Connection::to(base).await.unwrap();
    let headers = [("content-type", "application/json")];
    connection.exchange("POST", inbound, &headers, body.to_string().into_bytes()).await.unwrap()
}

/// The answer says that nothing was stored and when to come again.
#[track_caller]
pub fn is_come_again(answer: &Response<Bytes>) {
    let body = String::from_utf8_lossy(answer.body());
    assert_eq!(answer.status(), 503, "{body}");
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok());
    let wait: u64 = header("retry-after").expect("Retry-After").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait} s");
    assert_eq!(header("content-type"), Some("application/problem+json"));
    let problem: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(problem["status"].to_string(), "503", "{problem}");
    assert!(problem["code"].as_str().is_some_and(|code| !code.is_empty()), "{problem}");
}

/// The leads that are there.
pub async fn stored(api: &Api) -> BTreeSet<String> {
    let rows = api.all("/api/v1/leads").await;
    rows.iter().map(|lead| lead["id"].as_str().unwrap().to_owned()).collect()
}

/// No part of the program has panicked so far.
#[track_caller]
pub fn never_panicked(log: &str) {
    assert!(!log.contains("panicked"), "{log}");
}
