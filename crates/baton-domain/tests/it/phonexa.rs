use crate::vendor::{Vendor, answered, body, jane};
use baton_domain::connector::mask::mask;
use baton_domain::connector::render::Variant;
use baton_domain::retry::OnUnknown;
use baton_domain::verdict::Verdict::*;
use serde_json::{Value, json};

fn phonexa(more: Value) -> Vendor {
    let mut settings = json!({
        "base_url":"https://leads-inst1-client.phonexa.com/","api_id":"ID","api_password":"pass-word",
        "product_id":267,
    });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Vendor::new("phonexa", settings)
}

#[test]
fn a_lead_goes_out_as_documented() {
    let vendor = phonexa(json!({"price": 12.50}));
    let got = vendor.post(&jane());
    assert_eq!(got.url, "https://leads-inst1-client.phonexa.com/lead/");
    assert_eq!(
        body(&got),
        r#"{"apiId":"ID","apiPassword":"pass-word","price":12.5,"productId":267,"firstName":"Jane","lastName":"Smith","email":"jane@example.com","phoneNumber":"5125550100","state":"TX","zip":"78701","userIp":"203.0.113.7","userAgent":"Mozilla/5.0","webSiteUrl":"https://form.example/solar","source":"fb-77"}"#
    );
    assert!(!mask(body(&got), &vendor.secrets).contains("pass-word"));
    let full = phonexa(json!({"endpoint":"fullpost"})).post(&jane());
    assert_eq!(full.url, "https://leads-inst1-client.phonexa.com/fullpost/");
}

#[test]
fn a_phone_goes_out_as_it_is_dialled_at_home() {
    let mut lead = jane();
    lead.data.normal.set("phone", json!("+15125550100"));
    let sent: Value = serde_json::from_slice(&phonexa(json!({})).post(&lead).body).unwrap();
    assert_eq!(sent["phoneNumber"], json!("5125550100"));
}

#[test]
fn test_leads_are_rejected_or_sold_as_chosen() {
    let mut test = jane();
    test.test = true;
    let sent =
        |more: Value| -> Value { serde_json::from_slice(&phonexa(more).post(&test).body).unwrap() };
    let plain = sent(json!({}));
    assert_eq!((&plain["testMode"], plain.get("testSold")), (&json!(1), None));
    assert_eq!(sent(json!({"test_sold":"1"}))["testSold"], json!("1"));
    let live: Value = serde_json::from_slice(&phonexa(json!({})).post(&jane()).body).unwrap();
    assert!(live.get("testMode").is_none() && live.get("closeConnection").is_none());
}

#[test]
fn ping_post_and_poll_go_out_as_documented() {
    let vendor = phonexa(json!({"background":"1"}));
    let ping = vendor.render(&jane(), Variant::Ping, None).unwrap();
    assert_eq!(ping.url, "https://leads-inst1-client.phonexa.com/ping/");
    assert_eq!(
        body(&ping),
        r#"{"apiId":"ID","apiPassword":"pass-word","productId":267,"userIp":"203.0.113.7","userAgent":"Mozilla/5.0","webSiteUrl":"https://form.example/solar","source":"fb-77","state":"TX","zip":"78701"}"#
    );
    let bid =
        vendor.judge(Variant::Ping, 200, r#"{"status":"continue","price":20,"promise":"W_ERY60"}"#);
    assert_eq!((bid.verdict, bid.extracted["price"].as_str()), (Accepted, "20"));
    let post = vendor
        .render(&jane(), Variant::PingedPost, Some(&answered(&[("ping_id", "W_ERY60")])))
        .unwrap();
    assert_eq!(post.url, "https://leads-inst1-client.phonexa.com/post/");
    assert!(body(&post).contains(r#""promise":"W_ERY60""#) && !body(&post).contains("\"price\""));
    let poll =
        vendor.render(&jane(), Variant::Poll, Some(&answered(&[("queue_id", "W_0000")]))).unwrap();
    assert_eq!(
        poll.url,
        "https://leads-inst1-client.phonexa.com/lead/check-lead-status?checkKey=W_0000&apiId=ID&apiPassword=pass-word"
    );
    vendor.check(
        Variant::Ping,
        &[(
            200,
            r#"{"status":"reject","reason":"No buyer found."}"#,
            Rejected,
            Some("No buyer found."),
        )],
    );
    vendor.check(
        Variant::Poll,
        &[
            (200, r#"{"lead_id":"W","status":3,"status_text":"In Progress"}"#, Queued, None),
            (
                200,
                r#"{"lead_id":"W","status":1,"status_text":"sold","price":"1.0000"}"#,
                Accepted,
                None,
            ),
            (200, r#"{"lead_id":"W","status":2,"status_text":"reject"}"#, Rejected, None),
            (200, r#"{"status":5,"status_text":"Not Found"}"#, Unmatched, None),
        ],
    );
}

#[test]
fn every_answer_has_its_verdict() {
    let vendor = phonexa(json!({}));
    vendor.check(Variant::Post, &[
        (200, r#"{"lead_id":"W_0000","status":1,"status_text":"sold","redirect_url":"https://leads-inst1-client.phonexa.com/redirect?id=a5bf","price":"1.0000","timestamp":1464879427.2253}"#, Accepted, None),
        (200, r#"{"lead_id":"23","status":2,"status_text":"reject","timestamp":1464871644}"#, Rejected, Some("reject")),
        (200, r#"{"lead_id":"23","status":2,"status_text":"reject","price_reject":3.5}"#, Rejected, None),
        (200, r#"{"lead_id":"23","status":3,"status_text":"In Progress"}"#, Queued, None),
        (200, r#"{"status":4,"errors":[{"email":"required"},{"zip":"required"}]}"#, Invalid, Some(r#"[{"email":"required"},{"zip":"required"}]"#)),
        (200, r#"{"status":4,"errors":[{"field":"required","field2":"required"}]}"#, Invalid, None),
        (200, r#"{"status":4,"errors":[{"Duplicate Application":"Duplicate Application"}]}"#, Duplicate, None),
        (200, r#"{"status":4,"errors":[{"Authorization Failed":""}]}"#, AuthOrConfig, None),
        (200, r#"{"status":4,"errors":[{"Authorization Failed: wrong apiId":""}]}"#, AuthOrConfig, None),
        (200, r#"{"status":4,"errors":[["Current user is disabled. Contact us"]]}"#, AuthOrConfig, None),
        (200, r#"{"status":5}"#, Unmatched, None),
        (503, "", Transient, None),
    ]);
    let sold = vendor.judge(Variant::Post, 200, r#"{"lead_id":"W_0","status":1,"price":"1.0000","redirect_url":"https://a.example/r?id=1"}"#);
    assert_eq!(sold.extracted["price"], "1.0000");
    assert_eq!(sold.extracted["redirect_url"], "https://a.example/r?id=1");
    assert_eq!(sold.extracted["vendor_id"], "W_0");
    assert_eq!(
        vendor.manifest.retry.on_unknown,
        OnUnknown::Ask,
        "a replay can sell the lead twice"
    );
}
