use crate::vendor::{Vendor, answered, body, header, lead};
use baton_domain::connector::mask::mask;
use baton_domain::connector::render::{RenderProblem, Variant};
use baton_domain::lead::{LeadState, LeadView};
use baton_domain::secret::MASK;
use baton_domain::verdict::Verdict::*;
use serde_json::{Value, json};

const URL: &str = "https://acme.leadbyte.co.uk/restapi/v1.3/leads";

fn settings(more: Value) -> Value {
    let mut settings = json!({"url": URL, "x_key": "key-of-acme", "campid": "SOLAR-UK"});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

fn leadbyte(more: Value) -> Vendor {
    Vendor::new("leadbyte", settings(more))
}

fn uk() -> LeadView {
    lead(json!({
        "first_name":"Jane","last_name":"Smith","email":"jane@example.com","phone":"07700900123",
        "address":"1 High St","city":"Leeds","postcode":"M1 1AA",
    }))
}

#[test]
fn a_lead_goes_out_as_documented() {
    let got = leadbyte(json!({"sid":"12","ssid":"fb-77"})).post(&uk());
    assert_eq!((got.method.as_str(), got.url.as_str()), ("POST", URL));
    assert_eq!(header(&got, "X_KEY"), Some("key-of-acme"));
    assert_eq!(header(&got, "Content-Type"), Some("application/json"));
    assert_eq!(header(&got, "Accept"), Some("application/json"));
    assert_eq!(
        body(&got),
        r#"{"campid":"SOLAR-UK","sid":"12","ssid":"fb-77","firstname":"Jane","lastname":"Smith","email":"jane@example.com","phone1":"07700900123","street1":"1 High St","towncity":"Leeds","postcode":"M1 1AA","ipaddress":"203.0.113.7","source":"https://form.example/solar","user_agent":"Mozilla/5.0","optinurl":"https://form.example/solar","optindate":"2026-01-28"}"#
    );
}

#[test]
fn a_phone_goes_out_as_it_is_dialled_at_home() {
    let mut lead = uk();
    lead.data.normal.set("phone", json!("+447700900123"));
    for names in ["leadbyte", "leadcapture"] {
        let got = leadbyte(json!({"names": names})).post(&lead);
        assert!(body(&got).contains(r#""phone1":"07700900123""#), "{}", body(&got));
    }
}

#[test]
fn the_other_field_names_are_a_preset_and_optional_ids_are_left_out() {
    let got = leadbyte(json!({"names":"leadcapture"})).post(&uk());
    let sent: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!((&sent["address1"], &sent["city"]), (&json!("1 High St"), &json!("Leeds")));
    for absent in ["sid", "ssid", "street1", "towncity", "testmode", "trustedform_cert_url"] {
        assert!(sent.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn a_test_lead_says_so_and_the_switch_makes_all_of_them_one() {
    let mut test = uk();
    test.test = true;
    for got in [leadbyte(json!({})).post(&test), leadbyte(json!({"test_mode": true})).post(&uk())] {
        assert!(body(&got).ends_with(r#""testmode":"yes"}"#), "{}", body(&got));
    }
    assert!(!body(&leadbyte(json!({"test_mode": false})).post(&uk())).contains("testmode"));
}

#[test]
fn a_stranger_cannot_choose_the_campaign_or_hide_as_a_test() {
    let mut hostile = uk();
    for name in ["campid", "sid", "testmode"] {
        hostile.data.raw.set(name, json!("stolen"));
    }
    let got = leadbyte(json!({})).post(&hostile);
    assert!(!body(&got).contains("stolen"), "{}", body(&got));
    assert!(body(&got).contains(r#""campid":"SOLAR-UK""#));
}

#[test]
fn mapped_fields_go_out_with_the_rest_and_the_system_fields() {
    let more = json!({"mapping":[
        {"to":"phone2","from":"phone"}, {"to":"data1","value":"x"}, {"to":"source","value":"web"},
        {"to":"ssid","from":"sub_id1"},
    ]});
    let manifest = crate::vendor::registry().get("leadbyte").unwrap().clone();
    let got = Vendor::of(manifest, settings(json!({})), more).post(&uk());
    let sent: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!((&sent["phone2"], &sent["data1"]), (&json!("07700900123"), &json!("x")));
    assert_eq!((&sent["source"], &sent["ssid"]), (&json!("web"), &json!("fb-77")));
    assert_eq!((&sent["firstname"], &sent["ipaddress"]), (&json!("Jane"), &json!("203.0.113.7")));
    assert!(sent.get("phone1").is_none(), "it was mapped to another name");
}

#[test]
fn a_partial_lead_is_marked_and_numbered() {
    let mut partial = uk();
    (partial.state, partial.seq) = (LeadState::Partial, Some(3));
    let got = leadbyte(json!({})).post(&partial);
    assert!(body(&got).ends_with(r#""is_partial_lead":true,"seq":3}"#), "{}", body(&got));
}

#[test]
fn a_completed_lead_updates_the_one_whose_id_is_known() {
    let vendor = leadbyte(json!({"update_completed": true}));
    let given = answered(&[("vendor_id", "7185867")]);
    let got = vendor.render(&uk(), Variant::Update, Some(&given)).unwrap();
    assert_eq!((got.method.as_str(), got.url.as_str()), ("PUT", URL));
    let text = body(&got);
    let begins = r#"{"key":"key-of-acme","leads":[{"id":7185867,"update":{"firstname":"Jane""#;
    assert!(text.starts_with(begins), "{text}");
    assert!(text.ends_with(r#""optindate":"2026-01-28"}}]}"#), "{text}");
    assert!(mask(text, &vendor.secrets).starts_with(&format!(r#"{{"key":"{MASK}","#)));
    let off = leadbyte(json!({})).render(&uk(), Variant::Update, Some(&given));
    assert_eq!(off, Err(RenderProblem::NoSuchExchange));
}

#[test]
fn a_queued_lead_is_asked_after_where_a_key_is_set() {
    let vendor = leadbyte(json!({"queue_key": "queue&key"}));
    let queued = answered(&[("queue_id", "ac1e0206-0000")]);
    let got = vendor.render(&uk(), Variant::Poll, Some(&queued)).unwrap();
    assert_eq!(got.method, "GET");
    assert_eq!(
        got.url,
        "https://acme.leadbyte.co.uk/restapi/v1.3/apiqueue/ac1e0206-0000?key=queue%26key"
    );
    assert!(got.body.is_empty());
    let hostile = answered(&[("queue_id", "..")]);
    assert!(matches!(
        vendor.render(&uk(), Variant::Poll, Some(&hostile)),
        Err(RenderProblem::Url(_))
    ));
    let without = leadbyte(json!({}));
    assert!(!without.renderer.can(Variant::Poll, &without.secrets));
    vendor.check(Variant::Poll, &[
        (200, r#"{"queueRef":"a","status":"Pending"}"#, Queued, None),
        (200, r#"{"status":"Processed","response":{"code":1,"response":"OK","leadId":7}}"#, Accepted, None),
        (200, r#"{"status":"Processed","response":{"code":-2,"response":"Duplicate","leadId":null}}"#, Duplicate, Some("Duplicate")),
        (200, r#"{"status":"Processed","response":{"code":-11}}"#, Rejected, None),
        (200, r#"{"status":"Not Found"}"#, Rejected, Some("LeadByte does not know the queue id")),
        (200, "<html>", Unmatched, None),
        (503, "", Transient, None),
    ]);
}

#[test]
fn every_answer_has_its_verdict() {
    let error =
        |text: &str| format!(r#"{{"status":"Error","code":0,"message":"","errors":["{text}"]}}"#);
    let vendor = leadbyte(json!({}));
    vendor.check(Variant::Post, &[
        (200, r#"{"status":"Success","code":1,"message":"","results":[{"queueId":"ac1e","status":"Queued","code":1}]}"#, Queued, None),
        (200, r#"{"status":"Success","code":1,"message":"OK","records":[{"queueId":"ac1e","status":"Approved","response":{"code":1,"response":"OK","leadId":7185867}}]}"#, Accepted, None),
        (200, r#"{"status":"success","code":1,"records":[{"status":"approved","response":{"code":1}}]}"#, Accepted, None),
        (200, r#"{"status":"Success","code":1,"records":[{"status":"Rejected","response":{"code":1,"response":"No buyer"}}]}"#, Rejected, Some("No buyer")),
        (200, r#"{"status":"Success","code":1,"records":[{"status":"Pending"}]}"#, Queued, None),
        (200, r#"{"status":"Success","code":1,"records":[{"status":"Rejected","response":{"code":-2,"response":"Duplicate"}}]}"#, Duplicate, None),
        (200, r#"{"status":"Success","code":1,"results":[{"status":"Error"}]}"#, Transient, None),
        (200, r#"{"status":"Success","code":1,"results":[]}"#, Unmatched, None),
        (200, r#"{"status":"Error","code":-5,"message":"","errors":["phone1 is required"]}"#, Invalid, Some("phone1 is required")),
        (200, r#"{"status":"Error","errors":["phone1 is required"]}"#, Invalid, Some("phone1 is required")),
        (200, r#"{"status":"Error","errors":"phone1 is required"}"#, Invalid, None),
        (200, r#"{"status":"Error","results":[{"status":"Queued"}]}"#, Transient, None),
        (200, "<html>OK</html>", Unmatched, None),
        (200, "", Unmatched, None),
        (500, "", Transient, None),
        (401, "", AuthOrConfig, None),
        (429, "", RateLimited, None),
    ]);
    for (text, verdict) in [
        ("Duplicate lead", Duplicate),
        ("Lead already exists", Duplicate),
        ("Supplier not authorised", AuthOrConfig),
        ("Invalid API key", AuthOrConfig),
        ("Campaign not active", AuthOrConfig),
        ("Campaign cap reached", CapReached),
        ("Lead rejected by HLR", Rejected),
        ("email is not valid", Invalid),
        ("Something went wrong, please try again", Transient),
        ("", Transient),
    ] {
        vendor.check(Variant::Post, &[(200, &error(text), verdict, None)]);
    }
    for (code, verdict) in [
        (-2, Duplicate),
        (-3, Transient),
        (-4, CapReached),
        (-5, Invalid),
        (-7, AuthOrConfig),
        (-8, Rejected),
        (-9, AuthOrConfig),
        (-10, Rejected),
        (-11, Rejected),
        (-12, Rejected),
        (-13, Rejected),
        (-14, Rejected),
        (-15, Rejected),
        (-16, Rejected),
        (-100, Transient),
        (-77, Transient),
    ] {
        let body = format!(r#"{{"status":"Error","code":{code},"errors":["see code"]}}"#);
        vendor.check(Variant::Post, &[(200, &body, verdict, Some("see code"))]);
    }
}

#[test]
fn ids_are_taken_from_the_answer() {
    let vendor = leadbyte(json!({}));
    let queued = vendor.judge(
        Variant::Post,
        200,
        r#"{"status":"Success","results":[{"queueId":"ac1e","status":"Queued"}]}"#,
    );
    assert_eq!(queued.extracted["queue_id"], "ac1e");
    let sold = vendor.judge(
        Variant::Post,
        200,
        r#"{"status":"Success","records":[{"status":"Approved","response":{"leadId":7185867}}]}"#,
    );
    assert_eq!(sold.extracted["vendor_id"], "7185867");
}

#[test]
fn plain_http_goes_nowhere_but_to_this_machine() {
    let manifest = crate::vendor::registry().get("leadbyte").unwrap().clone();
    for (url, expect) in [
        ("http://acme.leadbyte.co.uk/restapi/v1.3/leads", false),
        ("http://127.0.0.1:9000/leadbyte/leads", true),
        ("http://localhost:9000/leads", true),
        ("http://8.8.8.8/leads", false),
    ] {
        let mut vendor = leadbyte(json!({}));
        vendor.destination.settings["url"] = json!(url);
        let made =
            baton_domain::connector::render::Renderer::prepare(&manifest, &vendor.destination);
        assert_eq!(made.is_ok(), expect, "{url}");
    }
}
