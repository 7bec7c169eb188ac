//! Who may post: origins, signatures, rates, switches, proxies.

use crate::app::{TestApp, source};
use baton_domain::config::{RateLimit, SourceKind};
use baton_domain::secret::{CAPTURE_HMAC, Secret};
use baton_domain::signature::hex_signature;
use serde_json::json;

const SHOP: &str = "https://shop.example";

#[tokio::test]
async fn listed_origins_may_post_and_no_others() {
    let app = TestApp::with(|seed| seed.source.allowed_origins = vec![SHOP.to_owned()]).await;
    let path = app.inbound();
    let lead = json!({"email": "jane@example.com"});
    let allowed = app.post(&path, &[("origin", SHOP)], lead.clone()).await;
    allowed.created("received");
    assert_eq!(allowed.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(allowed.header("vary"), Some("Origin"));
    for origin in ["null", "https://evil.example", "https://shop.example.evil.example"] {
        let refused = app.post(&path, &[("origin", origin)], lead.clone()).await;
        refused.problem(403, "origin_not_allowed");
        assert_eq!(refused.header("access-control-allow-origin"), None);
        assert_eq!(refused.header("vary"), Some("Origin"));
    }
    // A server sends no origin.
    app.post(&path, &[], lead).await.created("received");
    assert_eq!(app.leads().await.len(), 2);
}

#[tokio::test]
async fn refusals_can_be_read_by_the_page_too() {
    let app = TestApp::with(|seed| seed.source.allowed_origins = vec![SHOP.to_owned()]).await;
    let refused = app.post(&app.inbound(), &[("origin", SHOP)], json!({"email": "nobody"})).await;
    refused.problem(422, "validation_failed");
    assert_eq!(refused.header("access-control-allow-origin"), Some(SHOP));
}

#[tokio::test]
async fn preflight_is_answered_like_the_post() {
    let app = TestApp::with(|seed| seed.source.allowed_origins = vec![SHOP.to_owned()]).await;
    let asking =
        |origin: &'static str| vec![("origin", origin), ("access-control-request-method", "POST")];
    let path = app.inbound();
    let allowed = app.request("OPTIONS", &path, &asking(SHOP), b"").await;
    assert_eq!((allowed.status, allowed.body.len()), (204, 0));
    assert_eq!(allowed.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(allowed.header("access-control-allow-methods"), Some("POST"));
    assert_eq!(allowed.header("access-control-max-age"), Some("86400"));
    assert!(allowed.header("access-control-allow-headers").unwrap().contains("Idempotency-Key"));
    let refused = app.request("OPTIONS", &path, &asking("null"), b"").await;
    refused.problem(403, "origin_not_allowed");
    assert_eq!(refused.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn without_origins_any_page_may_post() {
    let app = TestApp::start().await;
    for origin in ["null", "https://anything.example"] {
        let lead = json!({"email": "jane@example.com"});
        let reply = app.post(&app.inbound(), &[("origin", origin)], lead).await;
        reply.created("received");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    }
}

#[tokio::test]
async fn signature_is_over_the_exact_bytes() {
    let secret = Secret::new("whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=");
    let app = TestApp::with(|seed| {
        seed.source.require_signature = true;
        seed.source_secrets.insert(CAPTURE_HMAC.to_owned(), secret.clone());
        seed.source.rate_limit = Some(RateLimit { count: 1, per_s: 60 });
    })
    .await;
    let path = app.inbound();
    let body = b"{ \"email\":\"jane@example.com\" }";
    let right = hex_signature(&secret, body);
    let other = hex_signature(&secret, b"{\"email\":\"jane@example.com\"}");
    let foreign = hex_signature(&Secret::new("whsec_other"), body);
    for wrong in [other.as_str(), foreign.as_str(), "", "zz", &right[..62]] {
        let headers = [("content-type", "application/json"), ("x-leadsbot-signature", wrong)];
        app.request("POST", &path, &headers, body).await.problem(401, "invalid_signature");
    }
    app.request("POST", &path, &[], body).await.problem(401, "invalid_signature");
    // What was not signed has spent nothing of the source's rate.
    let headers = [("content-type", "application/json"), ("x-leadsbot-signature", right.as_str())];
    app.request("POST", &path, &headers, body).await.created("received");
    app.request("POST", &path, &headers, body).await.problem(429, "rate_limited");
}

#[tokio::test]
async fn source_without_its_secret_takes_nothing() {
    let app = TestApp::with(|seed| seed.source.require_signature = true).await;
    let signature = hex_signature(&Secret::new(""), b"{}");
    let headers = [("x-leadsbot-signature", signature.as_str())];
    app.request("POST", &app.inbound(), &headers, b"{}").await.problem(401, "invalid_signature");
}

#[tokio::test]
async fn rate_limit_says_when_to_come_back() {
    let limit = RateLimit { count: 2, per_s: 60 };
    let app = TestApp::with(|seed| seed.source.rate_limit = Some(limit)).await;
    let lead = json!({"email": "jane@example.com"});
    app.capture(lead.clone()).await.created("received");
    app.capture(lead.clone()).await.created("received");
    let refused = app.capture(lead.clone()).await;
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("30"));
    app.clock.advance_ms(30_000);
    app.capture(lead).await.created("received");
}

#[tokio::test]
async fn disabled_source_takes_nothing() {
    let app = TestApp::with(|seed| seed.source.disabled = true).await;
    let lead = json!({"email": "jane@example.com"});
    app.capture(lead).await.problem(403, "source_disabled");
    assert!(app.leads().await.is_empty());
}

#[tokio::test]
async fn change_of_a_source_counts_at_once() {
    let app = TestApp::start().await;
    let lead = json!({"email": "jane@example.com"});
    app.capture(lead.clone()).await.created("received");
    let mut off = source(&app.store, app.campaign, SourceKind::Endpoint);
    (off.webhook_id, off.disabled) = (app.webhook, true);
    app.change_source(app.source, &off).await;
    app.capture(lead).await.problem(403, "source_disabled");
}

#[tokio::test]
async fn forwarded_address_counts_from_trusted_proxies_only() {
    for (trusted, expect) in [("127.0.0.0/8", "203.0.113.7"), ("10.0.0.0/8", "127.0.0.1")] {
        let app = TestApp::with(|s| s.web.trusted_proxies = vec![trusted.parse().unwrap()]).await;
        let headers = [("x-forwarded-for", "6.6.6.6, 203.0.113.7")];
        let lead = json!({"email": "jane@example.com"});
        let id = app.post(&app.inbound(), &headers, lead).await.created("received");
        assert_eq!(app.lead(&id).await.data.context.ip.as_deref(), Some(expect));
    }
}

#[tokio::test]
async fn pages_are_not_believed_about_the_address() {
    let app = TestApp::start().await;
    let (_, form) = app.add_source(SourceKind::Form).await;
    let lead = json!({"email": "jane@example.com", "ip_address": "203.0.113.7"});
    for (webhook, expect) in [(form, "127.0.0.1"), (app.webhook, "203.0.113.7")] {
        let path = format!("/api/inbound/w/{webhook}/leads");
        let id = app.post(&path, &[], lead.clone()).await.created("received");
        assert_eq!(app.lead(&id).await.data.context.ip.as_deref(), Some(expect));
    }
}
