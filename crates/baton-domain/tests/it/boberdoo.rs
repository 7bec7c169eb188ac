use crate::vendor::{Vendor, answered, body, jane};
use baton_domain::connector::mask::mask;
use baton_domain::connector::render::Variant;
use baton_domain::verdict::Verdict::*;
use serde_json::{Value, json};

fn boberdoo(more: Value) -> Vendor {
    let mut settings = json!({
        "url":"https://acme.leadportal.com/new_api/api.php","key":"vendor-key","type":"31","src":"Funnel1",
    });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Vendor::new("boberdoo", settings)
}

#[test]
fn a_lead_goes_out_as_form_json_and_xml() {
    let vendor = boberdoo(json!({}));
    let got = vendor.post(&jane());
    assert_eq!(got.url, "https://acme.leadportal.com/new_api/api.php");
    assert_eq!(
        body(&got),
        "API_Action=pingPostLead&Format=JSON&Key=vendor-key&Landing_Page=landing&Mode=full&SRC=Funnel1&TYPE=31\
         &First_Name=Jane&Last_Name=Smith&Email=jane%40example.com&Primary_Phone=5125550100&State=TX&Zip=78701\
         &IP_Address=203.0.113.7&User_Agent=Mozilla%2F5.0&Sub_ID=fb-77"
    );
    assert!(!mask(body(&got), &vendor.secrets).contains("vendor-key"));
    let mut kept = jane();
    kept.data.normal.set("phone", json!("+15125550100"));
    assert!(body(&vendor.post(&kept)).contains("&Primary_Phone=5125550100&"), "as it is dialled");
    let got = boberdoo(json!({"body":"json"})).post(&jane());
    assert!(body(&got).starts_with(
        r#"{"Request":{"API_Action":"pingPostLead","Format":"JSON","Key":"vendor-key","#
    ));
    assert!(body(&got).ends_with(r#""Sub_ID":"fb-77"}}"#));
    let got = boberdoo(json!({"body":"xml","format":"XML","test_mode":true})).post(&jane());
    assert!(
        body(&got).contains("<Request><API_Action>pingPostLead</API_Action><Format>XML</Format>")
    );
    assert!(body(&got).ends_with("<Test_Lead>1</Test_Lead></Request>"));
}

#[test]
fn a_ping_goes_out_as_documented_and_its_post_names_it() {
    let vendor = boberdoo(json!({"body":"json"}));
    let ping = vendor.render(&jane(), Variant::Ping, None).unwrap();
    assert_eq!(
        body(&ping),
        r#"{"Request":{"API_Action":"pingPostLead","Format":"JSON","Key":"vendor-key","Landing_Page":"landing","Mode":"ping","Return_Best_Price":"1","SRC":"Funnel1","TYPE":"31","IP_Address":"203.0.113.7","User_Agent":"Mozilla/5.0","Sub_ID":"fb-77","State":"TX","Zip":"78701"}}"#
    );
    let bid = vendor.judge(
        Variant::Ping,
        200,
        r#"{"response":{"status":"Matched","lead_id":"21777961","price":"6.66"}}"#,
    );
    assert_eq!(bid.verdict, Accepted);
    assert_eq!(
        (bid.extracted["ping_id"].as_str(), bid.extracted["price"].as_str()),
        ("21777961", "6.66")
    );
    let bid = vendor.judge(Variant::Ping, 200, "<response><status>Matched</status><lead_id>21777961</lead_id><price>6.66</price></response>");
    assert_eq!(
        (bid.extracted["ping_id"].as_str(), bid.extracted["price"].as_str()),
        ("21777961", "6.66")
    );
    let post = vendor
        .render(&jane(), Variant::PingedPost, Some(&answered(&[("ping_id", "21777961")])))
        .unwrap();
    assert!(
        body(&post).contains(r#""Lead_ID":"21777961""#) && body(&post).contains(r#""Mode":"post""#)
    );
}

#[test]
fn every_answer_has_its_verdict() {
    let vendor = boberdoo(json!({}));
    let matched = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response><status>Matched</status><lead_id>21777961</lead_id><price>6.66</price></response>";
    let escaped = matched.split_once('\n').unwrap().1.replace('<', "&lt;").replace('>', "&gt;");
    let required = "Insert Error #8: Required value for field \"Zip\" missing";
    vendor.check(Variant::Post, &[
        (200, matched, Accepted, None),
        (200, &escaped, Accepted, None),
        (200, r#"{"response":{"status":"Matched","lead_id":"21777961","price":"6.66"}}"#, Accepted, None),
        (200, r#"{"response":{"status":"Unmatched","lead_id":"21777962"}}"#, Rejected, Some("Unmatched")),
        (200, "<response><status>Unmatched</status><lead_id>2</lead_id></response>", Rejected, None),
        (200, r#"{"response":{"status":"Success","lead_id":"2"}}"#, Queued, None),
        (200, r#"{"response":{"status":"Error","error":"Insert Error #8: Required value for field \"Zip\" missing"}}"#, Invalid, Some(required)),
        (200, &format!("<response><status>Error</status><error>{required}</error></response>"), Invalid, Some(required)),
        (200, r#"{"response":{"status":"Error","error":"Insert Error #4: NO VALID PING MATCHES FOUND"}}"#, Rejected, None),
        (200, r#"{"response":{"errors":{"error":["Message 1","Message 2"]}}}"#, Rejected, None),
        (200, r#"{"response":{"errors":{"error":["Invalid Key"]}}}"#, AuthOrConfig, None),
        (200, r#"{"response":{"error":{"error":"Duplicate lead"}}}"#, Duplicate, None),
        (200, "<response><errors><error>Duplicate lead</error></errors></response>", Duplicate, None),
        (200, "<!DOCTYPE r [<!ENTITY x 'Matched'>]><response><status>&x;</status></response>", Unmatched, None),
        (200, "<html>maintenance</html>", Unmatched, None),
        (500, "", Transient, None),
    ]);
    let got = vendor.judge(Variant::Post, 200, matched);
    assert_eq!(
        (got.extracted["price"].as_str(), got.extracted["vendor_id"].as_str()),
        ("6.66", "21777961")
    );
}
