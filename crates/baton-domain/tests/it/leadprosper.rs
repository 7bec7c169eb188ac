use crate::vendor::{Vendor, answered, body, jane};
use baton_domain::connector::mask::mask;
use baton_domain::connector::render::Variant;
use baton_domain::secret::MASK;
use baton_domain::verdict::Verdict::*;
use serde_json::{Value, json};

fn leadprosper(more: Value) -> Vendor {
    let mut settings =
        json!({"lp_campaign_id":"12345","lp_supplier_id":"67890","lp_key":"key-of-supplier"});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Vendor::new("leadprosper", settings)
}

const AUTH: &str = r#""lp_campaign_id":"12345","lp_key":"key-of-supplier","#;

#[test]
fn a_direct_post_goes_out_as_documented() {
    let vendor = leadprosper(json!({}));
    let got = vendor.post(&jane());
    assert_eq!(
        (got.method.as_str(), got.url.as_str()),
        ("POST", "https://api.leadprosper.io/direct_post")
    );
    let expect = format!(
        r#"{{{AUTH}"lp_supplier_id":"67890","first_name":"Jane","last_name":"Smith","email":"jane@example.com","phone":"5125550100","state":"TX","zip_code":"78701","lp_subid1":"fb-77","ip_address":"203.0.113.7","user_agent":"Mozilla/5.0","landing_page_url":"https://form.example/solar"}}"#
    );
    assert_eq!(body(&got), expect);
    let shown = mask(body(&got), &vendor.secrets);
    assert!(
        shown.contains(&format!(r#""lp_key":"{MASK}""#)) && !shown.contains("key-of"),
        "{shown}"
    );
    let form = leadprosper(json!({"body":"form","test_mode":true}));
    let got = form.post(&jane());
    assert!(body(&got).starts_with("lp_campaign_id=12345&lp_key=key-of-supplier&"));
    assert!(body(&got).ends_with("&lp_action=test"));
    assert!(!mask(body(&got), &form.secrets).contains("key-of"));
}

#[test]
fn values_are_written_as_leadprosper_wants_them() {
    let mut lead = jane();
    lead.data.normal.set("phone", json!("+15125550100"));
    lead.data.raw.set("state", json!("Texas"));
    lead.data.raw.set("dob", json!("1990-02-03T00:00:00Z"));
    let sent: Value = serde_json::from_slice(&leadprosper(json!({})).post(&lead).body).unwrap();
    assert_eq!((&sent["phone"], &sent["state"]), (&json!("5125550100"), &json!("TX")));
    assert_eq!(sent["date_of_birth"], json!("1990-02-03"));
    let ping = leadprosper(json!({})).render(&lead, Variant::Ping, None).unwrap();
    assert!(body(&ping).contains(r#""state":"TX""#), "{}", body(&ping));
    // A row of the destination's own is sent as it says.
    let manifest = crate::vendor::registry().get("leadprosper").unwrap().clone();
    let settings = json!({"lp_campaign_id":"1","lp_supplier_id":"2","lp_key":"key-of-supplier"});
    let own = json!({"mapping":[{"to":"phone","from":"phone"}]});
    let sent = Vendor::of(manifest, settings, own).post(&lead);
    assert!(body(&sent).contains(r#""phone":"+15125550100""#), "{}", body(&sent));
}

#[test]
fn a_ping_says_nothing_about_the_person_and_the_post_names_it() {
    let vendor = leadprosper(json!({}));
    let ping = vendor.render(&jane(), Variant::Ping, None).unwrap();
    assert_eq!(ping.url, "https://api.leadprosper.io/ping");
    let expect = format!(
        r#"{{{AUTH}"lp_supplier_id":"67890","lp_subid1":"fb-77","ip_address":"203.0.113.7","user_agent":"Mozilla/5.0","landing_page_url":"https://form.example/solar","state":"TX","zip_code":"78701"}}"#
    );
    assert_eq!(body(&ping), expect);
    let bid = vendor.judge(Variant::Ping, 200, r#"{"status":"ACCEPTED","code":0,"ping_id":"abc123","payout":25.0,"bids":[{"bid_id":"b1","payout":25.0}]}"#);
    assert_eq!(bid.verdict, Accepted);
    assert_eq!(
        (bid.extracted["ping_id"].as_str(), bid.extracted["price"].as_str()),
        ("abc123", "25.0")
    );
    let given = answered(&[("ping_id", "abc123")]);
    let post = vendor.render(&jane(), Variant::PingedPost, Some(&given)).unwrap();
    assert_eq!(post.url, "https://api.leadprosper.io/post");
    assert!(body(&post).contains(r#""lp_ping_id":"abc123""#) && body(&post).contains("Jane"));
    vendor.check(
        Variant::Ping,
        &[
            (200, r#"{"status":"ERROR","code":1013,"message":"No bid"}"#, Rejected, Some("No bid")),
            (
                409,
                r#"{"status":"DUPLICATED","code":1008,"message":"Duplicate lead"}"#,
                Duplicate,
                None,
            ),
        ],
    );
}

#[test]
fn every_answer_has_its_verdict() {
    let vendor = leadprosper(json!({}));
    vendor.check(Variant::Post, &[
        (200, r#"{"status":"ACCEPTED","code":0,"message":"Accepted","lead_id":"wwh5","price":25.0}"#, Accepted, None),
        (200, r#"{"status":"accepted","lead_id":"w","payout":25.0}"#, Accepted, None),
        (200, r#"{"status":"DUPLICATED","code":1008,"message":"Duplicate lead","lead_id":"w"}"#, Duplicate, Some("Duplicate lead")),
        (400, r#"{"status":"DUPLICATED","code":1008,"message":"Duplicate lead"}"#, Duplicate, None),
        (200, r#"{"status":"ERROR","code":1049,"message":"x"}"#, Duplicate, None),
        (200, r#"{"status":"ERROR","code":1013,"message":"Lead rejected","lead_id":"w"}"#, Rejected, Some("Lead rejected")),
        (200, r#"{"status":"ERROR","code":1001,"message":"Missing required parameter lp_ping_id","lead_id":"w","payout":0}"#, Invalid, None),
        (400, r#"{"status":"ERROR","code":9,"message":"Invalid lp_key"}"#, AuthOrConfig, None),
        (200, r#"{"status":"ERROR","code":7,"message":"Daily cap reached"}"#, CapReached, None),
        (500, r#"{"status":"ERROR","code":1013,"message":"Lead rejected"}"#, Rejected, None),
        (200, r#"{"status":"MAYBE"}"#, Unmatched, None),
        (502, "<html>Bad gateway</html>", Transient, None),
    ]);
}

#[test]
fn price_and_redirect_come_from_wherever_the_answer_has_them() {
    let vendor = leadprosper(json!({}));
    for (body, redirect) in [
        (
            r#"{"status":"ACCEPTED","price":25.0,"redirect_url":"https://buyer.example/thanks"}"#,
            "https://buyer.example/thanks",
        ),
        (
            r#"{"status":"ACCEPTED","payout":25.0,"RedirectURL":"https://buyer.example/b"}"#,
            "https://buyer.example/b",
        ),
        (
            r#"{"status":"ACCEPTED","payout":25.0,"data":{"redirect_url":"https://buyer.example/c"}}"#,
            "https://buyer.example/c",
        ),
    ] {
        let got = vendor.judge(Variant::Post, 200, body).extracted;
        assert_eq!(
            (got["price"].as_str(), got["redirect_url"].as_str()),
            ("25.0", redirect),
            "{body}"
        );
    }
    let refused = vendor.judge(
        Variant::Post,
        200,
        r#"{"status":"ERROR","code":1013,"price":0,"redirect_url":"https://x.example"}"#,
    );
    assert!(
        !refused.extracted.contains_key("redirect_url") && !refused.extracted.contains_key("price")
    );
}
