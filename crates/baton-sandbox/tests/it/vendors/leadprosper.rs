use super::{Ask, notes, with};
use crate::peer::sandbox;
use baton_domain::secret::Secret;
use serde_json::{Value, json};

fn lead() -> Value {
    json!({
        "lp_campaign_id": "12345", "lp_supplier_id": "67890", "lp_key": "PLACEHOLDER",
        "lp_subid1": "fb-77", "first_name": "Jane", "last_name": "Smith",
        "email": "jane@example.com", "phone": "5125550100", "state": "TX",
        "date_of_birth": "1980-02-29",
    })
}

fn post(path: &str, body: &Value) -> Ask {
    Ask::json("POST", &format!("/leadprosper{path}"), body)
}

fn id(number: u64) -> String {
    format!("wwh5KpwB8G-{number:012x}")
}

fn error(number: u64, code: i64, text: &str) -> String {
    json!({"status": "ERROR", "code": code, "message": text, "lead_id": id(number), "payout": 0})
        .to_string()
}

#[tokio::test]
async fn direct_post_has_all_statuses() {
    let sandbox = sandbox().await;
    let direct = |query: &str| post(&format!("/direct_post?{query}"), &lead());
    let lead_id = id(1);
    let accepted = format!(
        r#"{{"status":"ACCEPTED","code":0,"message":"Accepted","lead_id":"{lead_id}","price":25.00,"redirect_url":"https://buyer.example/thanks"}}"#
    );
    let redirect = "redirect_url=https%3A%2F%2Fbuyer.example%2Fthanks";
    direct(redirect).expect_json(&sandbox, 200, &accepted).await;
    let duplicate = json!({"status": "DUPLICATED", "code": 1008, "message": "Duplicate lead", "lead_id": id(3)});
    direct("").expect_json(&sandbox, 200, &duplicate.to_string()).await;
    let other = json!({"status": "DUPLICATED", "code": 1049, "message": "Duplicate lead", "lead_id": id(5)});
    direct("outcome=duplicate&code=1049").expect_json(&sandbox, 200, &other.to_string()).await;
    // Two numbers are given out for each lead that comes as far as a decision.
    for (n, query, status, code, text) in [
        (7, "outcome=rejected", 200, 1013, "Lead rejected"),
        (9, "outcome=rejected&error_status=422", 422, 1013, "Lead rejected"),
        (11, "outcome=rejected&reason=No+buyer", 200, 1013, "No buyer"),
        (13, "code=1020", 200, 1020, "Lead rejected"),
        (15, "outcome=cap_reached", 200, 1013, "Lead rejected: cap reached"),
        (17, "outcome=invalid", 200, 1001, "Missing required parameter email"),
        (19, "outcome=auth_or_config", 200, 1002, "Invalid credentials"),
    ] {
        direct(query).expect_json(&sandbox, status, &error(n, code, text)).await;
    }
    direct("outcome=rate_limited").expect(&sandbox, 429, "Too Many Requests\n").await;
    direct("outcome=transient").expect(&sandbox, 503, "Service Unavailable\n").await;
    assert_eq!(notes(&sandbox)[..4], ["accepted", "duplicate", "duplicate", "rejected"]);
}

#[tokio::test]
async fn a_form_is_as_good_as_json() {
    let sandbox = sandbox().await;
    let form = "lp_campaign_id=1&lp_supplier_id=2&lp_key=k&email=a%40b.example";
    let got = Ask::form("/leadprosper/direct_post", form).json_of(&sandbox).await;
    assert_eq!(got["status"], "ACCEPTED");
}

#[tokio::test]
async fn a_test_lead_is_taken_every_time() {
    let sandbox = sandbox().await;
    let test = with(lead(), json!({"lp_action": "test"}));
    for _ in 0..2 {
        let got = post("/direct_post?accept_rate=0", &test).json_of(&sandbox).await;
        assert_eq!(got["status"], "ACCEPTED");
    }
    let got = post("/direct_post", &lead()).json_of(&sandbox).await;
    assert_eq!(got["status"], "ACCEPTED", "the test was not remembered");
}

#[tokio::test]
async fn what_is_not_as_documented_is_refused() {
    let sandbox = sandbox().await;
    sandbox.set_secret("/leadprosper/*", Secret::new("PLACEHOLDER")).unwrap();
    let mut number = 0;
    for (path, changes, code, text) in [
        (
            "/direct_post",
            json!({"lp_campaign_id": null}),
            1001,
            "Missing required parameter lp_campaign_id",
        ),
        (
            "/direct_post",
            json!({"lp_supplier_id": null}),
            1001,
            "Missing required parameter lp_supplier_id",
        ),
        ("/direct_post", json!({"lp_key": null}), 1001, "Missing required parameter lp_key"),
        ("/direct_post", json!({"lp_key": ""}), 1001, "Missing required parameter lp_key"),
        ("/direct_post", json!({"lp_key": "wrong"}), 1002, "Invalid credentials"),
        ("/post", json!({}), 1001, "Missing required parameter lp_ping_id"),
        ("/post", json!({"lp_ping_id": "nowhere"}), 1001, "Invalid lp_ping_id"),
        (
            "/direct_post?required=tcpa_text",
            json!({}),
            1001,
            "Missing required parameter tcpa_text",
        ),
        (
            "/direct_post",
            json!({"lp_campaign_id": "SOLAR"}),
            1001,
            "Invalid value for parameter lp_campaign_id",
        ),
        (
            "/direct_post",
            json!({"lp_action": "yes"}),
            1001,
            "Invalid value for parameter lp_action",
        ),
        (
            "/direct_post",
            json!({"lp_subid1": "x".repeat(76)}),
            1001,
            "Invalid value for parameter lp_subid1",
        ),
        (
            "/direct_post",
            json!({"phone": "+15125550100"}),
            1001,
            "Invalid value for parameter phone",
        ),
        (
            "/direct_post",
            json!({"date_of_birth": "29.02.1980"}),
            1001,
            "Invalid value for parameter date_of_birth",
        ),
        ("/direct_post", json!({"state": "Texas"}), 1001, "Invalid value for parameter state"),
    ] {
        number += 1;
        let ask = post(path, &with(lead(), changes));
        ask.expect_json(&sandbox, 200, &error(number, code, text)).await;
    }
    let xml = Ask::xml("POST", "/leadprosper/direct_post", "<lead/>");
    xml.expect_json(&sandbox, 200, &error(15, 1001, "The body is neither JSON nor a form")).await;
    assert_eq!(Ask::new("GET", "/leadprosper/ping").send(&sandbox).await.status().as_u16(), 405);
    // A ping has no personal data, so what the campaign requires is not asked of it.
    let ping = with(lead(), json!({"email": null, "phone": null}));
    assert_eq!(post("/ping?required=email", &ping).json_of(&sandbox).await["status"], "ACCEPTED");
}

#[tokio::test]
async fn a_post_gets_what_its_ping_was_promised() {
    let sandbox = sandbox().await;
    let auth =
        json!({"lp_campaign_id": "1", "lp_supplier_id": "2", "lp_key": "k", "zip_code": "78701"});
    let expect = r#"{"status":"ACCEPTED","code":0,"ping_id":"ping000002","payout":12.50,"bids":[{"bid_id":"b1","payout":12.50}]}"#;
    post("/ping?prices=12.5", &auth).expect_json(&sandbox, 200, expect).await;
    let full = with(with(lead(), auth.clone()), json!({"lp_ping_id": "ping000002"}));
    let lead_id = id(3);
    let sold = format!(r#"{{"status":"ACCEPTED","lead_id":"{lead_id}","payout":12.50}}"#);
    post("/post?prices=99", &full).expect_json(&sandbox, 200, &sold).await;
    let again = post("/post", &full).json_of(&sandbox).await;
    assert_eq!(again["status"], "DUPLICATED", "the first post took the lead");

    let refused = post("/ping?accept_rate=0", &auth).json_of(&sandbox).await;
    assert_eq!((&refused["status"], &refused["code"]), (&json!("ERROR"), &json!(1013)));
    let lost = with(full, json!({"email": "al@example.com", "phone": "5125550101"}));
    let lost = post("/post?post_accept_rate=0", &lost).json_of(&sandbox).await;
    assert_eq!(lost["status"], "ERROR", "a ping that was won can be lost at the post");
}

#[tokio::test]
async fn a_shared_lead_has_several_bids() {
    let sandbox = sandbox().await;
    let ping = post("/ping?bids=3&prices=30", &lead()).json_of(&sandbox).await;
    let bids: Vec<String> = ping["bids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| format!("{} {}", b["bid_id"].as_str().unwrap(), b["payout"]))
        .collect();
    assert_eq!(bids, ["b1 30.00", "b2 15.00", "b3 10.00"]);
    let full = with(lead(), json!({"lp_ping_id": ping["ping_id"]}));
    for (bid_id, expect) in
        [(json!("b1"), "30.00"), (json!("b1,b3"), "40.00"), (json!(["b2", "b3"]), "25.00")]
    {
        let ask = post("/post?duplicates=0", &with(full.clone(), json!({"bid_id": bid_id})));
        assert_eq!(ask.json_of(&sandbox).await["payout"].to_string(), expect, "{bid_id}");
    }
    let unknown = post("/post?duplicates=0", &with(full, json!({"bid_id": "b4"})));
    assert_eq!(unknown.json_of(&sandbox).await["message"], "Invalid bid_id");
}
