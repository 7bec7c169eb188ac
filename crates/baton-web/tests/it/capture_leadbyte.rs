//! The LeadByte-shaped intake, with bodies as LeadByte's clients send them.

use crate::app::{KEY, TestApp, duplicates};
use baton_domain::config::Scope;
use baton_domain::id::{LeadId, TypedId};
use serde_json::{Value, json};

const PATH: &str = "/restapi/v1.3/leads";

fn jane() -> Value {
    json!({"campid": "SOLAR-UK", "sid": "12", "ssid": "fb-77", "testmode": "yes",
           "firstname": "Jane", "lastname": "Smith", "email": "jane@example.com",
           "phone1": "07700900123", "postcode": "M1 1AA", "ipaddress": "203.0.113.7",
           "optinurl": "https://form.example/solar", "optindate": "2026-01-28"})
}

fn id_of(queue_id: &Value) -> String {
    LeadId::from_uuid(queue_id.as_str().unwrap().parse().unwrap()).to_string()
}

#[tokio::test]
async fn single_lead_is_queued_under_our_names() {
    let app = TestApp::start().await;
    let reply = app.post(PATH, &[("X_KEY", KEY)], jane()).await;
    let body = reply.json();
    let queue_id = &body["results"][0]["queueId"];
    assert_eq!(reply.status, 200);
    assert_eq!(
        body,
        json!({"status": "Success", "code": 1, "message": "",
               "results": [{"queueId": queue_id, "status": "Queued", "code": 1}]})
    );
    let lead = app.lead(&id_of(queue_id)).await;
    assert!(lead.test);
    let raw = &lead.data.raw;
    for (name, value) in [
        ("first_name", "Jane"),
        ("last_name", "Smith"),
        ("phone", "07700900123"),
        ("postcode", "M1 1AA"),
        ("sid", "12"),
        ("ssid", "fb-77"),
    ] {
        assert_eq!(raw.text(name).as_deref(), Some(value), "{name}");
    }
    for name in ["campid", "testmode", "key", "firstname", "phone1"] {
        assert_eq!(raw.get(name), None, "{name}");
    }
    let context = &lead.data.context;
    assert_eq!(context.ip.as_deref(), Some("203.0.113.7"));
    assert_eq!(context.page_url.as_deref(), Some("https://form.example/solar"));
    assert_eq!(context.optin_at.as_deref(), Some("2026-01-28"));
}

#[tokio::test]
async fn key_is_found_wherever_clients_put_it() {
    let app = TestApp::start().await;
    let mut in_body = jane();
    in_body["key"] = KEY.into();
    for (path, headers, body) in [
        (PATH.to_owned(), vec![("X-KEY", KEY)], jane()),
        (format!("{PATH}?key={KEY}"), vec![], jane()),
        (PATH.to_owned(), vec![], in_body),
    ] {
        assert_eq!(app.post(&path, &headers, body).await.json()["status"], "Success");
    }
    app.add_key(app.workspace, "reader", vec![Scope::LeadsRead]).await;
    for (headers, error) in [
        (vec![], "X_KEY is required"),
        (vec![("X_KEY", "nope")], "X_KEY is not valid"),
        (vec![("X_KEY", "reader")], "this key does not have the scope leads:write"),
    ] {
        let reply = app.post(PATH, &headers, jane()).await;
        assert_eq!(
            (reply.status, reply.json()),
            (200, json!({"status": "Error", "code": -7, "message": "", "errors": [error]}))
        );
    }
    assert_eq!(app.leads().await.len(), 3);
}

#[tokio::test]
async fn refusals_are_two_hundred_with_a_code() {
    let rule = json!({"fields": ["email"]});
    let app = TestApp::with(|seed| seed.campaign.duplicates = duplicates(rule)).await;
    let key = [("X_KEY", KEY)];
    let with = |name: &str, value: Value| {
        let mut lead = jane();
        lead[name] = value;
        lead
    };
    let refused = |body: Value, code: i64, error: &'static str| {
        let app = &app;
        async move {
            let reply = app.post(PATH, &key, body).await;
            assert_eq!(
                (reply.status, reply.json()),
                (200, json!({"status": "Error", "code": code, "message": "", "errors": [error]}))
            );
        }
    };
    refused(with("campid", json!(" ")), -5, "campid is required").await;
    let mut nowhere = jane();
    nowhere.as_object_mut().unwrap().remove("campid");
    refused(nowhere, -5, "campid is required").await;
    refused(json!({"leads": []}), -5, "leads must have at least one item").await;
    refused(with("campid", json!("NOPE")), -5, "campid is not a campaign of this account").await;
    refused(
        with("phone1", json!("12")),
        -5,
        "phone1 must be a phone number, with + and the country code if abroad",
    )
    .await;
    refused(with("email", json!("")), -5, "email is required").await;
    assert_eq!(app.post(PATH, &key, jane()).await.json()["code"], 1);
    refused(jane(), -2, "duplicate lead").await;
    app.change_campaign(|c| c.paused = true).await;
    refused(jane(), -9, "the campaign is paused and takes no leads now").await;
    let broken = app.request("POST", PATH, &key, b"{\"email\":").await;
    assert_eq!((broken.status, &broken.json()["code"]), (200, &json!(-5)));
    let kind = [("X_KEY", KEY), ("content-type", "application/xml")];
    assert_eq!(app.request("POST", PATH, &kind, b"<a/>").await.json()["code"], -5);
}

#[tokio::test]
async fn form_is_a_lead_too() {
    let app = TestApp::start().await;
    let form = "application/x-www-form-urlencoded";
    let headers = [("X_KEY", KEY), ("content-type", form)];
    let body = b"campid=SOLAR-UK&email=jane%40example.com&firstname=J%C3%BCrgen+A&testmode=yes";
    let reply = app.request("POST", PATH, &headers, body).await.json();
    let lead = app.lead(&id_of(&reply["results"][0]["queueId"])).await;
    assert!(lead.test);
    assert_eq!(lead.data.raw.text("first_name").as_deref(), Some("Jürgen A"));
    // The key may stand in the form, as in JSON.
    let body = format!("key={KEY}&campid=SOLAR-UK&email=ann%40example.com");
    let reply = app.request("POST", PATH, &[("content-type", form)], body.as_bytes()).await;
    assert_eq!(reply.json()["code"], 1);
    let broken = app.request("POST", PATH, &headers, b"campid=SOLAR-UK&email=%ff").await;
    assert_eq!((broken.status, &broken.json()["code"]), (200, &json!(-5)));
    assert_eq!(app.leads().await.len(), 2);
}

#[tokio::test]
async fn batch_is_answered_lead_by_lead() {
    let app = TestApp::start().await;
    let key = [("X_KEY", KEY)];
    let lead = |email: &str| json!({"email": email});
    let leads = [lead("a@example.com"), lead("nobody"), lead("b@example.com"), json!("x")];
    let body = app.post(PATH, &key, json!({"campid": "SOLAR-UK", "leads": leads})).await.json();
    assert_eq!((&body["status"], &body["code"]), (&json!("Success"), &json!(1)));
    let of = |name: &str| -> Vec<Value> {
        body["results"].as_array().unwrap().iter().map(|r| r[name].clone()).collect()
    };
    assert_eq!(of("code"), [1, -5, 1, -5]);
    assert_eq!(of("status"), ["Queued", "Error", "Queued", "Error"]);
    assert_eq!(app.lead(&id_of(&of("queueId")[1])).await.state.as_str(), "rejected");
    assert_eq!(app.leads().await.len(), 3);
}

#[tokio::test]
async fn batch_has_its_bounds() {
    let app = TestApp::start().await;
    let key = [("X_KEY", KEY)];
    let batch = |n: usize| {
        let leads: Vec<Value> = (0..n)
            .map(|i| json!({"campid": "SOLAR-UK", "email": format!("a{i}@example.com")}))
            .collect();
        json!({"leads": leads})
    };
    for n in [0, 201] {
        assert_eq!(app.post(PATH, &key, batch(n)).await.json()["code"], -5);
    }
    let body = app.post(PATH, &key, batch(200)).await.json();
    assert_eq!(body["results"].as_array().unwrap().len(), 200);
    let large = app.request("POST", PATH, &key, &vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!((large.status, &large.json()["status"]), (413, &json!("Error")));
    assert_eq!(app.leads().await.len(), 200);
}

#[tokio::test]
async fn repeated_batch_makes_nothing() {
    let app = TestApp::start().await;
    let headers = [("X_KEY", KEY), ("idempotency-key", "k")];
    let leads = [json!({"email": "a@example.com"}), json!({"email": "nobody"})];
    let batch = json!({"campid": "SOLAR-UK", "leads": leads});
    let first = app.post(PATH, &headers, batch.clone()).await;
    let again = app.post(PATH, &headers, batch).await;
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(app.leads().await.len(), 2);
}

#[tokio::test]
async fn queue_says_what_became_of_a_lead() {
    let app = TestApp::start().await;
    let key = [("X_KEY", KEY)];
    let queued = app.post(PATH, &key, jane()).await.json();
    let queue_id = queued["results"][0]["queueId"].as_str().unwrap();
    let item = app.get(&format!("/restapi/v1.3/apiqueue/{queue_id}?key={KEY}"), &[]).await.json();
    assert_eq!((&item["queueRef"], &item["status"]), (&json!(queue_id), &json!("Pending")));

    let batch = json!({"campid": "SOLAR-UK", "leads": [{"email": "nobody"}]});
    let refused = app.post(PATH, &key, batch).await.json();
    let refused_id = refused["results"][0]["queueId"].as_str().unwrap();
    let item = app.get(&format!("/restapi/v1.3/apiqueue/{refused_id}"), &key).await.json();
    assert_eq!(item["status"], "Processed");
    assert_eq!(
        (&item["response"]["code"], &item["response"]["rejectionId"]),
        (&json!(-5), &json!(null))
    );

    app.other_workspace("other").await;
    for (id, key) in [(queue_id, "other"), ("nonsense", KEY)] {
        let path = format!("/restapi/v1.3/apiqueue/{id}");
        assert_eq!(app.get(&path, &[("X_KEY", key)]).await.json()["status"], "Not Found");
    }
    let path = format!("/restapi/v1.3/apiqueue/{queue_id}");
    assert_eq!(app.get(&path, &[]).await.json()["code"], -7);
}

#[tokio::test]
async fn queue_answers_for_many_leads_at_once() {
    const QUEUE: &str = "/restapi/v1.3/apiqueue";
    let app = TestApp::start().await;
    let leads = [json!({"email": "a@example.com"}), json!({"email": "nobody"})];
    let batch = json!({"campid": "SOLAR-UK", "leads": leads});
    let queued = app.post(PATH, &[("X_KEY", KEY)], batch).await.json();
    let id = |at: usize| queued["results"][at]["queueId"].clone();
    let ask = async |headers: &[(&str, &str)], body: Value| {
        app.request("GET", QUEUE, headers, body.to_string().as_bytes()).await.json()
    };
    // The list of a client that sends no content type and has its key in the body.
    let asked = json!({"key": KEY, "queueIds": [id(1), "nonsense", id(0), 5]});
    let items = ask(&[], asked).await;
    let of = |name: &str| -> Vec<Value> {
        items.as_array().unwrap().iter().map(|item| item[name].clone()).collect()
    };
    assert_eq!(of("queueRef"), [id(1), json!("nonsense"), id(0), json!("5")]);
    assert_eq!(of("status"), ["Processed", "Not Found", "Pending", "Not Found"]);
    app.other_workspace("other").await;
    let others = ask(&[("X_KEY", "other")], json!({"queueIds": [id(0)]})).await;
    assert_eq!(others[0]["status"], "Not Found");
    let many: Vec<Value> = (0..201).map(Value::from).collect();
    for (headers, body, code, error) in [
        (vec![], json!({"queueIds": [id(0)]}), -7, "X_KEY is required"),
        (vec![("X_KEY", "no")], json!({"queueIds": [id(0)]}), -7, "X_KEY is not valid"),
        (vec![("X_KEY", KEY)], json!({}), -5, "queueIds must have at least one item"),
        (
            vec![("X_KEY", KEY)],
            json!({"queueIds": "x"}),
            -5,
            "queueIds must be a list of queue ids",
        ),
        (
            vec![("X_KEY", KEY)],
            json!({"queueIds": many}),
            -5,
            "queueIds has 201 items, at most 200 are taken",
        ),
    ] {
        let expect = json!({"status": "Error", "code": code, "message": "", "errors": [error]});
        assert_eq!(ask(&headers, body).await, expect);
    }
    let empty = app.request("GET", QUEUE, &[("X_KEY", KEY)], b"").await.json();
    assert_eq!(empty["code"], -5);
}

#[tokio::test]
async fn waiting_source_answers_with_records() {
    let app = TestApp::with(|seed| seed.destinations.clear()).await;
    app.post(PATH, &[("X_KEY", KEY)], jane()).await;
    let snapshot = app.store.snapshot();
    let (id, api) = snapshot.sources.iter().find(|(id, _)| **id != app.source).unwrap();
    let mut waiting = api.body.clone();
    waiting.wait_ms = Some(20_000);
    app.change_source(*id, &waiting).await;
    let body = app.post(PATH, &[("X_KEY", KEY)], jane()).await.json();
    assert_eq!((&body["status"], &body["message"]), (&json!("Success"), &json!("OK")));
    let record = &body["records"][0];
    assert_eq!((&record["status"], &record["response"]["code"]), (&json!("Pending"), &json!(1)));
    assert!(record["response"]["leadId"].as_str().unwrap().starts_with("lead_"));
}
