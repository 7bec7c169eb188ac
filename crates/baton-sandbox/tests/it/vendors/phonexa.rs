use super::{Ask, notes, with};
use crate::peer::sandbox;
use baton_domain::secret::Secret;
use serde_json::{Value, json};

fn lead() -> Value {
    json!({
        "apiId": "ID", "apiPassword": "PW", "productId": 267, "price": "", "firstName": "Jane",
        "email": "jane@example.com", "phoneNumber": "5125550100", "zip": "90210", "tcpa": "YES",
    })
}

fn post(path: &str, body: &Value) -> Ask {
    Ask::json("POST", &format!("/phonexa{path}"), body)
}

fn sold(id: &str, price: &str) -> String {
    format!(
        r#"{{"lead_id":"{id}","status":1,"status_text":"sold","redirect_url":"https://leads-inst1-client.phonexa.com/redirect?id={id}","price":"{price}","timestamp":1769610600.0000,"processing_time":0.0475}}"#
    )
}

fn reject(id: &str, more: &str) -> String {
    format!(
        r#"{{"lead_id":"{id}","status":2,"status_text":"reject"{more},"timestamp":1769610600.0000,"processing_time":0.0105}}"#
    )
}

fn errors(list: Value) -> String {
    json!({"status": 4, "errors": list}).to_string()
}

#[tokio::test]
async fn every_answer_has_http_200() {
    let sandbox = sandbox().await;
    let direct = |query: &str| post(&format!("/lead/?{query}"), &lead());
    direct("prices=1").expect_json(&sandbox, 200, &sold("W_10001", "1.0000")).await;
    let duplicate = errors(json!([{"Duplicate Application": "Duplicate Application"}]));
    direct("").expect_json(&sandbox, 200, &duplicate).await;
    direct("duplicates=0").expect_json(&sandbox, 200, &sold("W_10003", "25.0000")).await;
    direct("outcome=rejected").expect_json(&sandbox, 200, &reject("W_10004", "")).await;
    direct("outcome=invalid")
        .expect_json(&sandbox, 200, &errors(json!([{"email": "required"}])))
        .await;
    let disabled = errors(json!([["Current user is disabled. Contact your manager."]]));
    direct("outcome=auth_or_config").expect_json(&sandbox, 200, &disabled).await;
    let full = post("/fullpost/?duplicates=0&redirect_url=https://b.example/", &lead());
    assert_eq!(full.json_of(&sandbox).await["redirect_url"], "https://b.example/");
    let no_slash = post("/lead?outcome=transient", &lead());
    no_slash.expect(&sandbox, 503, "Service Unavailable\n").await;
    assert_eq!(notes(&sandbox)[..4], ["accepted", "duplicate", "accepted", "rejected"]);
}

#[tokio::test]
async fn a_price_below_the_minimum_is_told() {
    let sandbox = sandbox().await;
    let dear = with(lead(), json!({"price": "5.00"}));
    let expect = reject("W_10001", r#","price_reject":3.50"#);
    post("/lead/?prices=3.5", &dear).expect_json(&sandbox, 200, &expect).await;
    // It was not taken, so it is no duplicate.
    post("/lead/?prices=3.5", &lead()).expect_json(&sandbox, 200, &sold("W_10002", "3.5000")).await;
}

#[tokio::test]
async fn a_test_is_refused_unless_it_asks_to_be_sold() {
    let sandbox = sandbox().await;
    let test = with(lead(), json!({"testMode": 1}));
    post("/lead/", &test).expect_json(&sandbox, 200, &reject("W_10001", "")).await;
    let test = with(test, json!({"testSold": 1}));
    post("/lead/", &test).expect_json(&sandbox, 200, &sold("W_10002", "25.0000")).await;
    post("/lead/", &test).expect_json(&sandbox, 200, &sold("W_10003", "25.0000")).await;
}

#[tokio::test]
async fn a_closed_connection_is_polled() {
    let sandbox = sandbox().await;
    let closing = with(lead(), json!({"closeConnection": 1}));
    let progress = r#"{"lead_id":"W_10001","status":3,"status_text":"In Progress"}"#;
    post("/lead/?polls=1", &closing).expect_json(&sandbox, 200, progress).await;
    let status = "/phonexa/lead/check-lead-status";
    let by_query = Ask::new("GET", &format!("{status}?apiId=ID&apiPassword=PW&checkKey=W_10001"));
    by_query.expect_json(&sandbox, 200, progress).await;
    by_query.expect_json(&sandbox, 200, &sold("W_10001", "25.0000")).await;
    let body = json!({"apiId": "ID", "apiPassword": "PW", "checkKey": "W_9"});
    let by_body = Ask::json("POST", status, &body);
    by_body.expect_json(&sandbox, 200, r#"{"status":5,"status_text":"Not Found"}"#).await;
    let none = Ask::new("GET", &format!("{status}?apiId=ID&apiPassword=PW"));
    none.expect_json(&sandbox, 200, &errors(json!([{"checkKey": "required"}]))).await;
}

#[tokio::test]
async fn a_post_gets_what_its_ping_was_promised() {
    let sandbox = sandbox().await;
    let ping = json!({"apiId": "ID", "apiPassword": "PW", "productId": 267, "zip": "90210"});
    let expect = r#"{"status":"continue","price":20.00,"promise":"W_0001"}"#;
    post("/ping/?prices=20", &ping).expect_json(&sandbox, 200, expect).await;
    let none = r#"{"status":"reject","reason":"No buyer found."}"#;
    post("/ping/?accept_rate=0", &ping).expect_json(&sandbox, 200, none).await;
    let full = with(lead(), json!({"promise": "W_0001", "price": null}));
    post("/post/", &full).expect_json(&sandbox, 200, &sold("W_10003", "20.0000")).await;
    let unknown = with(full.clone(), json!({"promise": "W_0002"}));
    let invalid = errors(json!([{"promise": "invalid"}]));
    post("/post/", &unknown).expect_json(&sandbox, 200, &invalid).await;
    let without = with(full, json!({"promise": null}));
    let missing = errors(json!([{"promise": "required"}]));
    post("/post/", &without).expect_json(&sandbox, 200, &missing).await;
}

#[tokio::test]
async fn what_is_not_as_documented_is_refused() {
    let sandbox = sandbox().await;
    sandbox.set_secret("/phonexa/*", Secret::new("PW")).unwrap();
    let unauthorised = json!([{"Authorization Failed": ""}]);
    for (changes, expect) in [
        (json!({"apiId": null}), unauthorised.clone()),
        (json!({"apiPassword": null}), unauthorised.clone()),
        (json!({"apiPassword": "wrong"}), unauthorised),
        (json!({"productId": null}), json!([{"productId": "required"}])),
        (json!({"price": null}), json!([{"price": "required"}])),
        (json!({"zip": " ", "email": ""}), json!([{"email": "required"}, {"zip": "required"}])),
        (json!({"productId": "roof"}), json!([{"productId": "invalid"}])),
        (json!({"testMode": "yes"}), json!([{"testMode": "invalid"}])),
        (json!({"tcpa": "yes"}), json!([{"tcpa": "invalid"}])),
        (json!({"price": "cheap"}), json!([{"price": "invalid"}])),
    ] {
        let ask = post("/lead/?required=email,zip", &with(lead(), changes));
        ask.expect_json(&sandbox, 200, &errors(expect)).await;
    }
    let unreadable = errors(json!([{"body": "neither JSON nor a form"}]));
    Ask::xml("POST", "/phonexa/lead/", "<a/>").expect_json(&sandbox, 200, &unreadable).await;
    let form = "apiId=ID&apiPassword=PW&productId=267&price=0&email=a%40b.example&tPar%5Ba%5D=1";
    let got = Ask::form("/phonexa/lead/", form).json_of(&sandbox).await;
    assert_eq!(got["status"], 1);
}
