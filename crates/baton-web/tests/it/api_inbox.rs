//! What people do with leads, over real sockets: status, tags, notes, lists, erasing, settings.

use crate::api_client::{Api, fields, id};
use crate::app::TestApp;
use crate::receiving::{End, receive};
use baton_domain::config::DuplicateAction;
use serde_json::{Value, json};

async fn lead(app: &TestApp, email: &str) -> String {
    app.clock.advance_ms(1);
    app.capture(json!({"email": email, "first_name": "Jane"})).await.created("received")
}

fn ids(listed: &Value) -> Vec<&str> {
    listed["data"].as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn status_and_tags_are_set_changed_and_told() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let lead = lead(&app, "jane@example.com").await;
    let path = format!("/api/v1/leads/{lead}");
    let before = api.read(&path).await;
    assert_eq!((&before["status"], &before["tags"]), (&json!("new"), &json!([])));
    let set = api.patch(&path, json!({"status": "won", "tags": [" vip ", "call back"]})).await;
    assert_eq!(set.status, 200, "{}", set.json());
    assert_eq!(
        (&set.json()["status"], &set.json()["tags"]),
        (&json!("won"), &json!(["call back", "vip"]))
    );
    // What is not named stays; null asks for the default.
    let kept = api.patch(&path, json!({"tags": ["vip"]})).await.json();
    assert_eq!((&kept["status"], &kept["tags"]), (&json!("won"), &json!(["vip"])));
    let reset = api.patch(&path, json!({"status": null})).await.json();
    assert_eq!((&reset["status"], &reset["tags"]), (&json!("new"), &json!(["vip"])));
    for (body, field) in [
        (json!({"status": "sold!"}), "status"),
        (json!({"tags": [""]}), "tags[0]"),
        (json!({"tags": ["x".repeat(51)]}), "tags[0]"),
        (json!({"tags": vec!["x"; 21]}), "tags"),
        (json!({"colour": 1}), "colour"),
    ] {
        assert_eq!(fields(&api.patch(&path, body).await)[0], field);
    }
    assert_eq!(api.read("/api/v1/tags").await["data"], json!(["vip"]));
    let events = api.read("/api/v1/events?events=lead.updated").await;
    let events = events["data"].as_array().unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!(events[0]["data"]["tags"], json!(["call back", "vip"]));
    assert_eq!(events[0]["data"]["email"], "jane@example.com");
    let lines = api.read("/api/v1/audit?action=lead.update").await;
    let line = &lines["data"][2];
    assert_eq!((&line["subject_id"], &line["after"]["status"]), (&json!(lead), &json!("won")));
}

#[tokio::test]
async fn many_leads_are_changed_at_once() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let leads = [lead(&app, "a@example.com").await, lead(&app, "b@example.com").await];
    let body = json!({"ids": leads, "status": "contacted", "add_tags": ["x"]});
    assert_eq!(api.act("/api/v1/leads/bulk", body.clone()).await, json!({"changed": 2}));
    assert_eq!(api.act("/api/v1/leads/bulk", body).await, json!({"changed": 0}));
    let body = json!({"ids": leads, "remove_tags": ["x"]});
    assert_eq!(api.act("/api/v1/leads/bulk", body).await, json!({"changed": 2}));
    for (body, field) in [
        (json!({"ids": []}), "ids"),
        (json!({"ids": vec![&leads[0]; 201]}), "ids"),
        (json!({"ids": leads, "status": "nope"}), "status"),
        (json!({"ids": leads, "add_tags": ["x"], "remove_tags": ["x"]}), "remove_tags"),
    ] {
        assert_eq!(fields(&api.post("/api/v1/leads/bulk", body).await), [field]);
    }
}

#[tokio::test]
async fn lists_are_filtered_by_what_people_said_and_show_where_leads_went() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let one = lead(&app, "a@example.com").await;
    let two = lead(&app, "b@example.com").await;
    app.clock.advance_ms(1);
    let test =
        app.capture(json!({"email": "c@example.com", "test": true})).await.created("received");
    api.patch(&format!("/api/v1/leads/{one}"), json!({"status": "won", "tags": ["a b"]})).await;
    let listed = async |query: &str| api.read(&format!("/api/v1/leads?{query}")).await;
    assert_eq!(ids(&listed("tag=a%20b").await), [one.as_str()]);
    assert_eq!(ids(&listed("status=won").await), [one.as_str()]);
    assert_eq!(ids(&listed("test=true").await), [test.as_str()]);
    assert_eq!(ids(&listed("test=false").await), [two.as_str(), one.as_str()]);
    assert_eq!(ids(&listed("state=received,delivered&test=false").await).len(), 2);
    assert_eq!(ids(&listed("state=held,rejected").await), Vec::<&str>::new());
    for bad in ["state=received,nope", "test=maybe", "include=everything", "tag="] {
        api.get(&format!("/api/v1/leads?{bad}")).await.problem(400, "invalid_query");
    }
    let plain = listed("limit=1").await;
    assert!(plain["data"][0].get("deliveries").is_none());
    let shown = listed("include=deliveries&tag=a%20b").await;
    let delivery = &shown["data"][0]["deliveries"][0];
    assert_eq!(delivery["destination_id"], json!(app.destinations[0]));
    assert_eq!((&delivery["destination"], &delivery["state"]), (&json!("CRM"), &json!("pending")));
}

#[tokio::test]
async fn notes_are_written_read_and_removed() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let lead = lead(&app, "jane@example.com").await;
    let path = format!("/api/v1/leads/{lead}/notes");
    let hostile = "<script>alert(1)</script>\n=1+1 \u{202e}";
    let body = json!({"text": hostile});
    let headers = [("idempotency-key", "n1")];
    let made = api.call("POST", &path, &headers, Some(&body)).await;
    assert_eq!(made.status, 201, "{}", made.json());
    assert_eq!(made.json()["text"], hostile);
    let again = api.call("POST", &path, &headers, Some(&body)).await;
    assert_eq!((again.status, again.body.clone()), (201, made.body.clone()));
    let listed = api.read(&path).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0], made.json());
    for text in ["", "  \n", "a\u{0}b", "\u{1b}[31m", &"x".repeat(4_001)] {
        assert_eq!(fields(&api.post(&path, json!({"text": text})).await), ["text"]);
    }
    let one = format!("{path}/{}", id(&made.json()));
    assert_eq!(api.delete(&one).await.status, 204);
    api.delete(&one).await.problem(404, "not_found");
    let events = api.read("/api/v1/events").await.to_string();
    assert!(!events.contains("script"), "no event carries a note");
    let audit = api.read("/api/v1/audit").await.to_string();
    assert!(audit.contains("lead.note") && !audit.contains("script"), "{audit}");
}

#[tokio::test]
async fn an_erased_lead_is_gone_everywhere_and_may_come_again() {
    let app = TestApp::start().await;
    app.change_campaign(|campaign| {
        let rule = json!({"fields": ["email"], "matching": "any", "action": "reject"});
        campaign.duplicates = crate::app::duplicates(rule);
        assert_eq!(campaign.duplicates.as_ref().unwrap().action, DuplicateAction::Reject);
    })
    .await;
    let api = Api::new(&app);
    let lead = lead(&app, "zanzibar@example.com").await;
    receive(&app, End::failed("zanzibar")).await;
    let path = format!("/api/v1/leads/{lead}");
    api.make(&format!("{path}/notes"), json!({"text": "zanzibar called"})).await;
    let repeats = app.capture(json!({"email": "Zanzibar@example.com"})).await;
    let repeats = repeats.problem(409, "duplicate_lead");
    let repeats = repeats["lead_id"].as_str().unwrap();
    let erase = format!("{path}/erase");
    for wrong in [json!({"confirm": "yes"}), json!({"confirm": ""})] {
        assert_eq!(fields(&api.post(&erase, wrong).await), ["confirm"]);
    }
    api.post(&erase, json!({})).await.problem(422, "validation_failed");
    let erased = api.act(&erase, json!({"confirm": lead})).await;
    assert_eq!((&erased["state"], &erased["fields"]), (&json!("erased"), &json!({})));
    assert_eq!(api.act(&erase, json!({"confirm": lead})).await, erased, "a second time is no more");
    let also = format!("/api/v1/leads/{repeats}/erase");
    api.act(&also, json!({"confirm": repeats})).await;
    let delivery = app.deliveries(&lead).await[0].0;
    let everything = [
        api.read(&path).await,
        api.read(&format!("{path}/timeline")).await,
        api.read(&format!("{path}/notes")).await,
        api.read(&format!("/api/v1/deliveries/{delivery}")).await,
        api.read("/api/v1/events").await,
        api.read("/api/v1/audit").await,
        api.read("/api/v1/deliveries/failures").await,
    ];
    assert_eq!(everything[6]["total"], json!(0), "nobody can do anything about it");
    for shown in everything {
        assert!(!shown.to_string().to_lowercase().contains("zanzibar"), "{shown}");
    }
    let told = api.read("/api/v1/events?events=lead.erased").await;
    assert_eq!(told["data"][0]["data"], json!({"id": lead, "state": "erased"}));
    assert_eq!(told["data"].as_array().unwrap().len(), 2);
    api.patch(&path, json!({"status": "won"})).await.problem(409, "conflict");
    api.post(&format!("{path}/notes"), json!({"text": "x"})).await.problem(409, "conflict");
    let resend = format!("/api/v1/deliveries/{delivery}/resend");
    api.post(&resend, json!({})).await.problem(409, "conflict");
    app.capture(json!({"email": "zanzibar@example.com"})).await.created("received");
}

#[tokio::test]
async fn a_workspace_has_its_people_s_settings() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let path = format!("/api/v1/workspaces/{}", app.workspace);
    let own = &api.read("/api/v1/workspaces").await["data"][0];
    assert_eq!((&own["time_zone"], &own["currency"]), (&json!("UTC"), &json!("USD")));
    assert_eq!(own["statuses"].as_array().unwrap().len(), 5);
    let statuses = json!([{"name": "new"}, {"name": "visited", "colour": "#2f9e44"}]);
    let set = json!({"time_zone": "Europe/London", "currency": "GBP", "statuses": statuses});
    let changed = api.patch(&path, set).await;
    assert_eq!(changed.status, 200, "{}", changed.json());
    assert_eq!(changed.json()["statuses"][1], json!({"name": "visited", "colour": "#2f9e44"}));
    for (body, field) in [
        (json!({"time_zone": "Mars/Olympus"}), "time_zone"),
        (json!({"time_zone": "../../etc/passwd"}), "time_zone"),
        (json!({"currency": "euro"}), "currency"),
        (json!({"statuses": [{"name": "won"}]}), "statuses"),
        (json!({"statuses": [{"name": "new"}, {"name": "new"}]}), "statuses[1].name"),
        (json!({"statuses": [{"name": "new", "colour": "red"}]}), "statuses[0].colour"),
    ] {
        assert_eq!(fields(&api.patch(&path, body).await), [field]);
    }
    let lead = lead(&app, "jane@example.com").await;
    let lead = format!("/api/v1/leads/{lead}");
    assert_eq!(api.patch(&lead, json!({"status": "visited"})).await.status, 200);
    assert_eq!(fields(&api.patch(&lead, json!({"status": "won"})).await), ["status"]);
    let back = api.patch(&path, json!({"statuses": null})).await.json();
    assert_eq!(back["statuses"].as_array().unwrap().len(), 5);
    // A status that was taken away stays where it is.
    let kept = api.patch(&lead, json!({"status": "visited", "tags": ["x"]})).await;
    assert_eq!((kept.status, &kept.json()["status"]), (200, &json!("visited")));
}

#[tokio::test]
async fn views_are_saved_changed_and_shared() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let view =
        json!({"name": "Won", "screen": "leads", "query": {"status": "won", "test": "false"}});
    let made = api.make("/api/v1/views", view).await;
    assert!(id(&made).starts_with("view_"));
    let path = format!("/api/v1/views/{}", id(&made));
    assert_eq!(api.read(&path).await, made);
    api.make("/api/v1/views", json!({"name": "Failing", "screen": "deliveries"})).await;
    assert_eq!(ids(&api.read("/api/v1/views?screen=leads").await), [id(&made)]);
    assert_eq!(api.read("/api/v1/views").await["data"].as_array().unwrap().len(), 2);
    let changed = api.patch(&path, json!({"name": "Won!"})).await;
    assert_eq!(
        (&changed.json()["name"], &changed.json()["query"]["status"]),
        (&json!("Won!"), &json!("won"))
    );
    let stale = api.call("PATCH", &path, &[("if-match", "\"1\"")], Some(&json!({}))).await;
    stale.problem(412, "precondition_failed");
    for (body, field) in [
        (json!({"name": "", "screen": "leads"}), "name"),
        (json!({"name": "x", "screen": "map"}), "screen"),
        (json!({"name": "x", "screen": "leads", "query": {"": "y"}}), "query"),
        (json!({"name": "x", "screen": "leads", "query": {"a": "b\nc"}}), "query"),
    ] {
        assert_eq!(fields(&api.post("/api/v1/views", body).await), [field]);
    }
    assert_eq!(api.delete(&path).await.status, 204);
    api.get(&path).await.problem(404, "not_found");
}

#[tokio::test]
async fn the_server_tells_of_itself() {
    let app = TestApp::start().await;
    app.clock.advance_ms(61_500);
    let system = Api::new(&app).read("/api/v1/system").await;
    assert_eq!((&system["database"], &system["uptime_s"]), (&json!("sqlite"), &json!(61)));
    assert_eq!((&system["health"]["ready"], &system["nodes"]), (&json!(true), &json!(1)));
    assert!(system["database_bytes"].as_u64().unwrap() > 0);
    assert!(system["data_dir_free_bytes"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn leads_are_counted_as_they_are_listed() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    for n in 0..3 {
        let lead = json!({"email": format!("{n}@example.com"), "test": n == 0});
        assert_eq!(app.capture(lead).await.status, 201);
    }
    let check = async |query: &str, expect: i64| {
        let found = api.read(&format!("/api/v1/leads/count{query}")).await;
        assert_eq!(found, json!({"count": expect, "count_is_exact": true}), "{query}");
    };
    check("", 3).await;
    check("?test=false", 2).await;
    check("?state=rejected,quarantined", 0).await;
    check("?since=2999-01-01T00:00:00Z", 0).await;
    api.get("/api/v1/leads/count?q=ada").await.problem(400, "invalid_query");
    api.get("/api/v1/leads/count?state=gone").await.problem(400, "invalid_query");
}
