use crate::vendor::{Vendor, jane};
use baton_domain::connector::render::Variant;
use baton_domain::verdict::Verdict::*;
use serde_json::{Value, json};

fn zapier() -> Vendor {
    Vendor::new("zapier", json!({"url":"https://hooks.zapier.com/hooks/catch/123456/abcdef/"}))
}

#[test]
fn a_lead_goes_out_flat_with_an_id_for_every_event() {
    let got = zapier().post(&jane());
    let sent: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!((&sent["id"], &sent["lead_id"]), (&json!(jane().id), &json!(jane().id)));
    assert_eq!((&sent["first_name"], &sent["ip"]), (&json!("Jane"), &json!("203.0.113.7")));
    assert!(sent.as_object().unwrap().values().all(|v| !v.is_object() && !v.is_array()));
    let mut own_id = jane();
    own_id.data.raw.set("id", json!("mine"));
    let sent: Value = serde_json::from_slice(&zapier().post(&own_id).body).unwrap();
    assert_eq!((&sent["id"], &sent["fields"]["id"]), (&json!(jane().id), &json!("mine")));
}

#[test]
fn every_answer_has_its_verdict() {
    zapier().check(
        Variant::Post,
        &[
            (
                200,
                r#"{"attempt":"1","id":"2","request_id":"3","status":"success"}"#,
                Accepted,
                None,
            ),
            (200, "", Accepted, None),
            (301, "", Unmatched, None),
            (400, "", Transient, None),
            (404, "", Transient, None),
            (413, "", Transient, None),
            (429, "", RateLimited, None),
            (500, "", Transient, None),
        ],
    );
    let gone = zapier().judge(Variant::Post, 410, "");
    assert_eq!((gone.verdict, gone.gone), (AuthOrConfig, true));
}
