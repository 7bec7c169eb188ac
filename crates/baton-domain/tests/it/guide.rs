//! The manifest of the guide: an invented CRM that wants XML and a token.

use crate::vendor::{AT, Vendor, body, header, jane};
use baton_domain::connector::auth::{needs_token, put_token};
use baton_domain::connector::manifest::{EMBEDDED, Registry};
use baton_domain::connector::mask::mask;
use baton_domain::connector::render::Variant;
use baton_domain::exchange::{Answer, Fault, FaultKind, Got};
use baton_domain::id::{DeliveryId, TypedId as _};
use baton_domain::secret::{MASK, Secret};
use baton_domain::verdict::Verdict::*;
use serde_json::json;
use std::sync::Arc;

fn crm() -> Vendor {
    let guide = include_str!("../../../../docs/connectors.md");
    let text = guide.split("```toml").nth(1).and_then(|t| t.split("```").next()).unwrap();
    let user = [("acme-crm.toml".to_owned(), text.to_owned())];
    let registry = Registry::load(EMBEDDED, &user).unwrap();
    let manifest = Arc::clone(registry.get("acme-crm").unwrap());
    let settings = json!({
        "base_url":"https://crm.example","client_id":"baton","client_secret":"s3cret&more","team":"north",
    });
    Vendor::of(manifest, settings, json!({}))
}

fn answer(status: u16, body: &str) -> Got {
    let body = body.as_bytes().to_vec();
    Got::Answer(Answer { status, headers: Vec::new(), body, truncated: false })
}

#[test]
fn the_token_is_fetched_first_and_read_with_its_lifetime() {
    let crm = crm();
    let auth = crm.renderer.auth().unwrap();
    let request = auth.request(&crm.secrets).unwrap();
    assert_eq!(
        (request.method.as_str(), request.url.as_str()),
        ("POST", "https://crm.example/oauth/token")
    );
    assert_eq!(
        body(&request),
        "client_id=baton&client_secret=s3cret%26more&grant_type=client_credentials"
    );
    assert_eq!(header(&request, "Content-Type"), Some("application/x-www-form-urlencoded"));
    assert!(!mask(body(&request), &crm.secrets).contains("s3cret"));
    for (answered, lifetime_s) in [
        (r#"{"access_token":"tok-1","expires_in":3600}"#, 3_540),
        (r#"{"access_token":"tok-1","expires_in":"100"}"#, 90),
        (r#"{"access_token":"tok-1"}"#, 1_740),
        (r#"{"access_token":"tok-1","expires_in":99999999}"#, 86_340),
        (r#"{"access_token":"tok-1","expires_in":-5}"#, 0),
    ] {
        let token = auth.read(&answer(200, answered), AT).unwrap();
        assert_eq!(token.secret, Secret::new("tok-1"));
        assert_eq!(token.good_until, AT.plus_ms(lifetime_s * 1_000), "{answered}");
    }
    for (got, expect) in [
        (answer(401, "{}"), AuthOrConfig),
        (answer(400, "{}"), AuthOrConfig),
        (answer(503, ""), Transient),
        (answer(429, ""), RateLimited),
        (answer(200, "{}"), AuthOrConfig),
        (answer(200, "<html>"), AuthOrConfig),
        (answer(200, "{\"access_token\":\"a\\nb\"}"), AuthOrConfig),
    ] {
        assert_eq!(auth.read(&got, AT).unwrap_err().verdict, expect, "{got:?}");
    }
    for (sent, kind, expect) in
        [(true, FaultKind::Timeout, Transient), (false, FaultKind::BlockedAddress, Blocked)]
    {
        let fault = Fault { kind, sent, detail: "x".to_owned() };
        assert_eq!(auth.read(&Got::Fault(fault), AT).unwrap_err().verdict, expect);
    }
}

#[test]
fn the_lead_goes_out_as_xml_with_the_token_put_in_last() {
    let crm = crm();
    let mut lead = jane();
    lead.data.raw.set("last_name", json!("O'Neil & <Sons>"));
    let stored = crm.post(&lead);
    let delivery = DeliveryId::new(AT, [3; 10]);
    assert!(needs_token(&stored, delivery));
    assert!(header(&stored, "Authorization").unwrap().starts_with("Bearer batontoken"));
    assert_eq!(
        mask(header(&stored, "Authorization").unwrap(), &crm.secrets),
        format!("Bearer {MASK}")
    );
    let sent = put_token(&stored, delivery, &Secret::new("tok-1")).unwrap();
    assert_eq!(header(&sent, "Authorization"), Some("Bearer tok-1"));
    assert_eq!(
        (sent.method.as_str(), sent.url.as_str()),
        ("POST", "https://crm.example/api/contacts")
    );
    assert_eq!(
        body(&sent),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><contact><team>north</team><GivenName>Jane</GivenName>\
         <FamilyName>O&apos;Neil &amp; &lt;Sons&gt;</FamilyName><Email>jane@example.com</Email>\
         <Mobile>5125550100</Mobile><state>TX</state><zip>78701</zip><SourcePage>https://form.example/solar</SourcePage>\
         <Created>01/28/2026</Created></contact>"
    );
    assert!(put_token(&stored, delivery, &Secret::new("a\r\nX: y")).is_err());
    let stale = Answer { status: 401, headers: Vec::new(), body: Vec::new(), truncated: false };
    assert!(crm.renderer.auth().unwrap().is_stale(&stale));
}

#[test]
fn its_answers_are_read_from_xml() {
    let crm = crm();
    crm.check(
        Variant::Post,
        &[
            (200, "<reply code=\"created\"><contact id=\"c-9\"/></reply>", Accepted, None),
            (200, "<reply code=\"exists\"><contact id=\"c-9\"/></reply>", Duplicate, None),
            (
                200,
                "<reply code=\"refused\"><why>no consent</why></reply>",
                Rejected,
                Some("no consent"),
            ),
            (200, "{}", Unmatched, None),
        ],
    );
    let got =
        crm.judge(Variant::Post, 200, "<reply code=\"created\"><contact id=\"c-9\"/></reply>");
    assert_eq!(got.extracted["vendor_id"], "c-9");
}
