use crate::vendor::{Vendor, body, header, jane};
use baton_domain::connector::render::Variant;
use baton_domain::verdict::Verdict::*;
use serde_json::{Value, json};

fn leadconduit(more: Value) -> Vendor {
    let mut settings =
        json!({"flow_id":"5462c7eb76fefd217d333552","source_id":"5462c7fb745fb567baf2e093"});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Vendor::new("leadconduit", settings)
}

#[test]
fn a_lead_goes_out_as_documented() {
    let got = leadconduit(json!({})).post(&jane());
    assert_eq!(
        got.url,
        "https://app.leadconduit.com/flows/5462c7eb76fefd217d333552/sources/5462c7fb745fb567baf2e093/submit"
    );
    let id = jane().id;
    let expect = format!(
        r#"{{"first_name":"Jane","last_name":"Smith","email":"jane@example.com","phone_1":"5125550100","state":"TX","postal_code":"78701","reference":"{id}","ip_address":"203.0.113.7","user_agent":"Mozilla/5.0","landing_page":"https://form.example/solar","campaign_sub_id_1":"fb-77"}}"#
    );
    assert_eq!(body(&got), expect);
    assert_eq!(
        (header(&got, "Accept"), header(&got, "Authorization")),
        (Some("application/json"), None)
    );
    // API:secret-key in base64.
    let with_key = leadconduit(json!({"api_key":"secret-key"})).post(&jane());
    assert_eq!(header(&with_key, "Authorization"), Some("Basic QVBJOnNlY3JldC1rZXk="));
    let xml = leadconduit(json!({"body":"xml"})).post(&jane());
    assert_eq!(header(&xml, "Content-Type"), Some("application/xml"));
    let ping = leadconduit(json!({})).render(&jane(), Variant::Ping, None).unwrap();
    assert!(
        ping.url.ends_with("/ping")
            && !body(&ping).contains("Jane")
            && body(&ping).contains("78701")
    );
}

#[test]
fn every_answer_has_its_verdict() {
    let xml = |outcome: &str, reason: &str| {
        format!(
            "<?xml version=\"1.0\"?>\n<result><outcome>{outcome}</outcome><reason>{reason}</reason><lead><id>123</id></lead><price>0</price></result>"
        )
    };
    let vendor = leadconduit(json!({}));
    vendor.check(Variant::Post, &[
        (201, r#"{"outcome":"success","lead":{"id":"5462cdc5869bdb81148ece10"},"price":0}"#, Accepted, None),
        (303, r#"{"outcome":"success","lead":{"id":"5"},"price":0}"#, Accepted, None),
        (201, r#"{"outcome":"failure","reason":"duplicate","lead":{"id":"5"},"price":0}"#, Duplicate, Some("duplicate")),
        (201, r#"{"outcome":"failure","reason":"Duplicate Email Lead","lead":{"id":"5"},"price":0}"#, Duplicate, None),
        (201, r#"{"outcome":"failure","reason":"Cap reached","price":0}"#, CapReached, None),
        (201, r#"{"outcome":"failure","reason":"no demand","price":0}"#, Rejected, Some("no demand")),
        (201, r#"{"outcome":"error","reason":"timeout","lead":{"id":"5"},"price":0}"#, Transient, None),
        (201, &xml("success", ""), Accepted, None),
        (201, &xml("failure", "bad!"), Rejected, Some("bad!")),
        (201, &xml("failure", "Duplicate"), Duplicate, None),
        (201, &xml("error", "x"), Transient, None),
        (400, "bad redir_url", Invalid, None),
        (401, "Unauthorized source", AuthOrConfig, None),
        (403, "Unauthorized source", AuthOrConfig, None),
        (406, "", AuthOrConfig, None),
        (415, "", AuthOrConfig, None),
        (502, "", Transient, None),
        (201, "{}", Unmatched, None),
    ]);
    let got = vendor.judge(Variant::Post, 201, &xml("failure", "bad!"));
    assert_eq!(got.extracted["vendor_id"], "123");
    vendor.check(
        Variant::Ping,
        &[
            (200, r#"{"outcome":"success","price":10}"#, Accepted, None),
            (200, r#"{"outcome":"failure","reason":"no bid","price":0}"#, Rejected, Some("no bid")),
        ],
    );
}
