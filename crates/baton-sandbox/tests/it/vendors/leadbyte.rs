use super::{Ask, notes, with};
use crate::peer::sandbox;
use baton_domain::secret::Secret;
use serde_json::{Value, json};

const LEADS: &str = "/leadbyte/restapi/v1.3/leads";
const QUEUE_ID: &str = "ac1e0206-0000-0000-0000-000000000001";
const TIME: &str = "2026-01-28T14:30:00Z";

fn lead() -> Value {
    json!({
        "campid": "SOLAR-UK", "sid": "12", "ssid": "fb-77", "testmode": "no", "firstname": "Jane",
        "lastname": "Smith", "email": "jane@example.com", "phone1": "07700900123",
        "ipaddress": "203.0.113.7", "optinurl": "https://form.example/solar", "optindate": "2026-01-28",
    })
}

fn post(query: &str, body: &Value) -> Ask {
    Ask::json("POST", &format!("{LEADS}?{query}"), body).header("x_key", "PLACEHOLDER")
}

fn error(code: i64, text: &str) -> String {
    json!({"status": "Error", "code": code, "message": "", "errors": [text]}).to_string()
}

fn queued(id: &str) -> String {
    let item = json!({"queueId": id, "status": "Queued", "code": 1});
    json!({"status": "Success", "code": 1, "message": "", "results": [item]}).to_string()
}

fn poll(id: &str) -> Ask {
    Ask::new("GET", &format!("/leadbyte/restapi/v1.3/apiqueue/{id}?key=PLACEHOLDER"))
}

fn in_queue(id: &str, status: &str, processed: Value, response: Value) -> String {
    let item =
        json!({"queueRef": id, "status": status, "processed": processed, "response": response});
    json!({"status": "Success", "code": 1, "message": "", "records": [item]}).to_string()
}

fn response(code: i64, text: &str, lead_id: Value, rejection_id: Value) -> Value {
    json!({
        "code": code, "response": text, "info": [], "leadId": lead_id, "rejectionId": rejection_id,
        "processTime": 0.4, "timestamp": TIME,
    })
}

#[tokio::test]
async fn a_lead_is_queued_and_a_poll_tells_what_became_of_it() {
    let sandbox = sandbox().await;
    post("polls=1", &lead()).expect_json(&sandbox, 200, &queued(QUEUE_ID)).await;
    let pending = in_queue(QUEUE_ID, "Pending", Value::Null, Value::Null);
    poll(QUEUE_ID).expect_json(&sandbox, 200, &pending).await;
    let taken = response(1, "OK", json!(7_185_867), Value::Null);
    let processed = in_queue(QUEUE_ID, "Processed", json!(TIME), taken.clone());
    poll(QUEUE_ID).expect_json(&sandbox, 200, &processed).await;
    poll(QUEUE_ID).expect_json(&sandbox, 200, &processed).await;
    let missing = in_queue("nowhere", "Not Found", Value::Null, Value::Null);
    poll("nowhere").expect_json(&sandbox, 200, &missing).await;

    let batch = json!({"key": "PLACEHOLDER", "queueIds": [QUEUE_ID, "nowhere"]});
    let several = Ask::json("GET", "/leadbyte/restapi/v1.3/apiqueue", &batch);
    let got = several.json_of(&sandbox).await;
    assert_eq!(
        (&got["records"][0]["response"], &got["records"][1]["status"]),
        (&taken, &json!("Not Found"))
    );
    assert_eq!(notes(&sandbox)[..4], ["accepted", "pending", "accepted", "accepted"]);
}

#[tokio::test]
async fn a_buyers_no_comes_by_the_queue() {
    let sandbox = sandbox().await;
    post("outcome=rejected", &lead()).expect_json(&sandbox, 200, &queued(QUEUE_ID)).await;
    let refused = response(-8, "HLR rejection", Value::Null, json!(7_185_867));
    let processed = in_queue(QUEUE_ID, "Processed", json!(TIME), refused);
    poll(QUEUE_ID).expect_json(&sandbox, 200, &processed).await;
    let forever = "ac1e0206-0000-0000-0000-000000000002";
    post("outcome=queued", &lead()).expect_json(&sandbox, 200, &queued(forever)).await;
    for _ in 0..3 {
        let pending = in_queue(forever, "Pending", Value::Null, Value::Null);
        poll(forever).expect_json(&sandbox, 200, &pending).await;
    }
}

#[tokio::test]
async fn live_buyer_responses_come_as_records() {
    let sandbox = sandbox().await;
    for (query, n, status, expect) in [
        ("live=1", 1, "Approved", response(1, "OK", json!(7_185_867), Value::Null)),
        (
            "live=1&outcome=rejected&reason=No+demand",
            2,
            "Rejected",
            response(-8, "No demand", Value::Null, json!(7_185_868)),
        ),
        (
            "live=1&code=-15",
            3,
            "Rejected",
            response(-15, "TPS match", Value::Null, json!(7_185_869)),
        ),
        ("live=1&outcome=queued", 4, "Pending", response(1, "OK", json!(7_185_870), Value::Null)),
    ] {
        let id = format!("ac1e0206-0000-0000-0000-{n:012}");
        let record =
            json!({"queueId": id, "status": status, "processed": TIME, "response": expect});
        let body = json!({"status": "Success", "code": 1, "message": "OK", "records": [record]});
        post(query, &lead()).expect_json(&sandbox, 200, &body.to_string()).await;
    }
    // Live responses need v1.3.
    let old = Ask::json("POST", "/leadbyte/restapi/v1.2/leads?live=1&duplicates=0", &lead());
    let got = old.header("x_key", "k").json_of(&sandbox).await;
    assert_eq!(got["results"][0]["status"], "Queued");
}

#[tokio::test]
async fn each_code_comes_with_http_200() {
    let sandbox = sandbox().await;
    for (code, text) in [
        (-2, "Duplicate lead"),
        (-3, "Remote system error"),
        (-4, "Campaign cap reached"),
        (-5, "Validation error"),
        (-7, "Supplier not authorised"),
        (-8, "HLR rejection"),
        (-9, "Campaign not active"),
        (-10, "PAF rejection"),
        (-11, "IP address blocked"),
        (-12, "Email rejection"),
        (-13, "Landline rejection"),
        (-14, "IP country rejection"),
        (-15, "TPS match"),
        (-16, "DNCR match"),
        (-100, "Internal error"),
    ] {
        post(&format!("code={code}"), &lead()).expect_json(&sandbox, 200, &error(code, text)).await;
    }
    for (outcome, code, text) in [
        ("duplicate", -2, "Duplicate lead"),
        ("invalid", -5, "phone1 is required"),
        ("cap_reached", -4, "Campaign cap reached"),
        ("auth_or_config", -7, "Supplier not authorised"),
        ("transient", -100, "Internal error"),
    ] {
        let query = format!("outcome={outcome}");
        post(&query, &lead()).expect_json(&sandbox, 200, &error(code, text)).await;
    }
    let refused = error(-4, "Campaign cap reached");
    post("outcome=cap_reached&error_status=422", &lead())
        .expect_json(&sandbox, 422, &refused)
        .await;
    let limited = post("outcome=rate_limited", &lead()).send(&sandbox).await;
    assert_eq!((limited.status().as_u16(), limited.headers().get("retry-after")), (429, None));
}

#[tokio::test]
async fn what_is_not_as_documented_is_refused() {
    let sandbox = sandbox().await;
    sandbox.set_secret("/leadbyte/*", Secret::new("PLACEHOLDER")).unwrap();
    let unauthorised = error(-7, "Supplier not authorised");
    for ask in [
        post("", &lead()).without("x_key"),
        post("", &lead()).header("x_key", "wrong"),
        Ask::new("GET", "/leadbyte/restapi/v1.3/apiqueue/x?key=wrong"),
        Ask::new("GET", "/leadbyte/restapi/v1.3/apiqueue/x"),
    ] {
        ask.expect_json(&sandbox, 200, &unauthorised).await;
    }
    for (changes, text) in [
        (json!({"campid": null}), "campid is required"),
        (json!({"campid": " "}), "campid is required"),
        (json!({"phone1": null}), "phone1 is required"),
        (
            json!({"optindate": "28/01/2026"}),
            "optindate is not a valid date, YYYY-MM-DD is expected",
        ),
        (json!({"testmode": true}), "testmode must be yes or no"),
    ] {
        let ask = post("required=phone1", &with(lead(), changes));
        ask.expect_json(&sandbox, 200, &error(-5, text)).await;
    }
    for (ask, text) in [
        (
            post("", &lead()).header("content-type", "text/plain"),
            "Content-Type must be application/json",
        ),
        (post("", &lead()).body("[]"), "the body is not a JSON object"),
        (post("", &lead()).body("{"), "the body is not a JSON object"),
        (post("", &json!({"leads": []})), "leads must hold 1 to 1000 leads"),
    ] {
        ask.expect_json(&sandbox, 200, &error(-5, text)).await;
    }
    let dashed = post("", &lead()).without("x_key").header("x-key", "PLACEHOLDER");
    assert_eq!(dashed.json_of(&sandbox).await["status"], "Success");
    assert_eq!(Ask::new("DELETE", LEADS).send(&sandbox).await.status().as_u16(), 405);
}

#[tokio::test]
async fn a_known_lead_is_a_duplicate_and_a_test_never_is() {
    let sandbox = sandbox().await;
    let test = with(lead(), json!({"testmode": "yes"}));
    let other = with(lead(), json!({"campid": "OTHER"}));
    for (ask, duplicate) in [
        (post("", &test), false),
        (post("", &lead()), false),
        (post("", &lead()), true),
        (post("", &with(lead(), json!({"phone1": "1", "email": "Jane@Example.com"}))), true),
        (post("", &test), false),
        (post("", &other), false),
        (post("duplicates=0", &lead()), false),
    ] {
        let code = ask.json_of(&sandbox).await["code"].as_i64().unwrap();
        assert_eq!(code, if duplicate { -2 } else { 1 }, "{}", ask.body);
    }
}

#[tokio::test]
async fn a_batch_is_answered_one_by_one() {
    let sandbox = sandbox().await;
    let bad = with(lead(), json!({"campid": null}));
    let got = post("", &json!({"leads": [lead(), bad, lead()]})).json_of(&sandbox).await;
    let codes: Vec<i64> =
        got["results"].as_array().unwrap().iter().map(|r| r["code"].as_i64().unwrap()).collect();
    assert_eq!((got["status"].as_str(), codes), (Some("Success"), vec![1, -5, -2]));
    assert_eq!(notes(&sandbox), ["accepted, campid is required, duplicate"]);
}

#[tokio::test]
async fn a_lead_is_updated_by_its_id() {
    let sandbox = sandbox().await;
    post("", &lead()).send(&sandbox).await;
    let put = |body: Value| Ask::json("PUT", LEADS, &body);
    let change = json!({"key": "k", "leads": [{"id": 7_185_867, "update": {"dob": "1980-01-01"}}]});
    let done = r#"{"status":"Success","code":1,"message":"","results":[{"id":7185867,"status":"Success"}]}"#;
    put(change.clone()).expect_json(&sandbox, 200, done).await;
    for (body, code, text) in [
        (with(change.clone(), json!({"key": null})), -7, "Supplier not authorised"),
        (json!({"key": "k", "leads": [{"id": 1, "update": {}}]}), -5, "lead not found"),
        (json!({"key": "k", "leads": [{"id": 7_185_867}]}), -5, "update is required"),
        (json!({"key": "k", "leads": [{"update": {}}]}), -5, "id is required"),
        (json!({"key": "k"}), -5, "leads is required"),
    ] {
        put(body).expect_json(&sandbox, 200, &error(code, text)).await;
    }
    let listed = Ask::new("GET", "/_sandbox/leads").json_of(&sandbox).await;
    assert_eq!(
        (&listed["data"][0]["id"], &listed["data"][0]["updates"]),
        (&json!("7185867"), &json!(1))
    );
}

#[tokio::test]
async fn the_classic_page_answers_while_one_waits() {
    let sandbox = sandbox().await;
    let page = "/leadbyte/api/submit.php?returnjson=yes&campid=X&sid=1";
    let answer = |code: i64, text: &str, info: Value, id: Value| {
        json!({
            "code": code, "response": text, "info": info, "leadId": id, "processTime": 0.12,
            "timestamp": TIME,
        })
        .to_string()
    };
    let known = "email=jane%40example.com";
    let taken = answer(1, "OK", json!([]), json!(7_185_867));
    Ask::form(page, known).expect_json(&sandbox, 200, &taken).await;
    let duplicate = answer(-2, "Duplicate lead", json!([]), Value::Null);
    Ask::new("GET", &format!("{page}&{known}")).expect_json(&sandbox, 200, &duplicate).await;
    let missing = answer(-5, "Validation error", json!({"sid": "sid is required"}), Value::Null);
    Ask::form("/leadbyte/api/submit.php?campid=X", known)
        .expect_json(&sandbox, 200, &missing)
        .await;
    let inactive = answer(-9, "Campaign not active", json!([]), Value::Null);
    Ask::form(&format!("{page}&code=-9"), known).expect_json(&sandbox, 200, &inactive).await;
    let got = Ask::form(&format!("{page}&outcome=queued"), known).json_of(&sandbox).await;
    assert_eq!((&got["code"], &got["payout"]), (&json!(1), &json!("Pending")));
}
