//! The Rust sample for receivers, against the vectors that all samples are held to.

#[path = "../../../../docs/samples/verify/rust/verify.rs"]
mod verify;

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    secret: String,
    now: u64,
    headers: BTreeMap<String, String>,
    body: String,
    expect: Expect,
}

#[derive(Deserialize)]
struct Expect {
    leadsbot: bool,
    webhook: bool,
}

#[test]
fn the_rust_sample_accepts_and_refuses_what_it_must() {
    let text = include_str!("../../../../docs/samples/verify/vectors.json");
    let Vectors { vectors } = serde_json::from_str(text).unwrap();
    assert!(vectors.iter().any(|v| v.expect.webhook) && vectors.iter().any(|v| !v.expect.webhook));
    for Vector { name, secret, now, headers, body, expect } in vectors {
        let header = |name: &str| headers.get(name).map_or("", String::as_str);
        let leadsbot =
            verify::verify_leadsbot(body.as_bytes(), header("x-leadsbot-signature"), &secret);
        let webhook = verify::verify_webhook(
            body.as_bytes(),
            header("webhook-id"),
            header("webhook-timestamp"),
            header("webhook-signature"),
            &secret,
            now,
        );
        assert_eq!((leadsbot, webhook), (expect.leadsbot, expect.webhook), "{name}");
    }
}
