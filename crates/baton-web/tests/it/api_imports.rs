//! Files of leads: from the upload to the report.

use crate::api_client::{Api, fields, id};
use crate::app::{PATIENCE, TestApp, duplicates, read_to_end};
use baton_domain::config::PausedAction;
use baton_store::imports::PIECE_BYTES;
use baton_store::leads::LeadFilter;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

struct Imports<'a>(Api<'a>);

impl<'a> Imports<'a> {
    fn of(app: &'a TestApp) -> Self {
        Self(Api::new(app))
    }

    async fn make(&self, mut settings: Value) -> String {
        if settings["format"].is_null() {
            settings["format"] = "csv".into();
        }
        id(&self.0.make("/api/v1/imports", settings).await).to_owned()
    }

    async fn put(&self, import: &str, query: &str, file: &[u8]) -> crate::app::Reply {
        let path = format!("/api/v1/imports/{import}/file{query}");
        let bearer = format!("Bearer {}", self.0.key);
        self.0.app.request("PUT", &path, &[("authorization", &bearer)], file).await
    }

    /// Looks until the import is no longer at work.
    async fn over(&self, import: &str) -> Value {
        let path = format!("/api/v1/imports/{import}");
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        let looking = async {
            loop {
                let seen = self.0.read(&path).await;
                if !matches!(seen["state"].as_str(), Some("checking" | "importing")) {
                    return seen;
                }
                ticks.tick().await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.expect("the import ends")
    }

    async fn whole(&self, settings: Value, file: &str) -> Value {
        // Leads of one millisecond have no order.
        self.0.app.clock.advance_ms(1);
        let import = self.make(settings).await;
        let put = self.put(&import, "", file.as_bytes()).await;
        assert_eq!(put.status, 200, "{:?}", put.body);
        self.over(&import).await
    }

    /// The report's text. It is streamed, so the connection's end is its end.
    async fn report(&self, import: &Value, format: &str) -> String {
        let path = format!("/api/v1/imports/{}/report?format={format}", id(import));
        let mut stream = tokio::net::TcpStream::connect(self.0.app.address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.0\r\nhost: t\r\nauthorization: Bearer {}\r\n\r\n",
            self.0.key
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let text = String::from_utf8(read_to_end(&mut stream).await).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.0 200"), "{head}");
        body.to_owned()
    }
}

#[track_caller]
fn counts(import: &Value, state: &str, [accepted, duplicates, refused]: [u64; 3]) {
    let seen = json!({"state": import["state"], "read": import["read"],
        "accepted": import["accepted"], "duplicates": import["duplicates"],
        "refused": import["refused"]});
    let expect = json!({"state": state, "read": accepted + duplicates + refused,
        "accepted": accepted, "duplicates": duplicates, "refused": refused});
    assert_eq!(seen, expect, "{import}");
}

const FILE: &str = "Email,First Name,submitted_at,utm_source\r\n\
    ada@example.com,Ada,28/01/2026 14:30,fair\r\n\
    not an address,Bob,,\r\n\
    ADA@example.com,Again,,\r\n\
    \"=cmd@example.com\",\"=1+1\",,\r\n";

fn by_email(seed: &mut crate::app::Seed) {
    seed.campaign.duplicates = duplicates(json!({"fields": ["email"]}));
}

#[tokio::test]
async fn rows_become_leads_and_the_report_names_the_others() {
    let app = TestApp::with(by_email).await;
    let imports = Imports::of(&app);
    let done = imports.whole(json!({"campaign": "SOLAR-UK", "name": "old.csv"}), FILE).await;
    counts(&done, "done", [2, 1, 1]);
    assert_eq!(done["refused_by"], json!({"invalid_email": 1}));
    assert_eq!(done["bytes_read"], json!(FILE.len()));
    assert_eq!((done["row"].as_u64(), done["name"].as_str()), (Some(5), Some("old.csv")));
    let csv = imports.report(&done, "csv").await;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "row,line,field,code,message");
    assert!(lines[1].starts_with("3,3,email,invalid_email,"), "{csv}");
    assert!(lines[2].starts_with("4,4,,duplicate_lead,repeats lead_"), "{csv}");
    assert_eq!(lines.len(), 3);
    assert!(!csv.contains("not an address") && !csv.contains("ada"), "no values: {csv}");
    let jsonl = imports.report(&done, "jsonl").await;
    let first: Value = serde_json::from_str(jsonl.lines().next().unwrap()).unwrap();
    assert_eq!((&first["row"], &first["code"]), (&json!(3), &json!("invalid_email")));
    let leads = app.leads().await;
    let ada =
        leads.iter().find(|l| l.data.raw.text("first_name").as_deref() == Some("Ada")).unwrap();
    assert_eq!(ada.data.context.submitted_at.as_deref(), Some("2026-01-28T14:30:00.000Z"));
    assert_eq!(ada.data.context.tracking["utm_source"], "fair");
    assert_eq!(ada.created_at, app.store.now(), "its own time is now");
    let odd = leads.iter().find(|l| l.data.raw.text("first_name").as_deref() == Some("=1+1"));
    assert!(odd.is_some(), "a formula comes in as it is");
}

#[tokio::test]
async fn leads_of_a_file_are_sent_only_when_that_is_asked_for() {
    let app = TestApp::start().await;
    let imports = Imports::of(&app);
    let row = "email\nada@example.com\n";
    counts(&imports.whole(json!({}), row).await, "done", [1, 0, 0]);
    let kept = &app.leads().await[0];
    assert_eq!(kept.state.as_str(), "received");
    assert!(app.deliveries(&kept.id.to_string()).await.is_empty());
    let events = app.store.workspace(app.workspace).lead_events(kept.id).await.unwrap();
    assert!(events.iter().all(|event| event.is_quiet()), "no webhook is told");
    counts(&imports.whole(json!({"deliver": true}), row).await, "done", [1, 0, 0]);
    let sent = &app.leads().await[0];
    assert_eq!(app.deliveries(&sent.id.to_string()).await.len(), 1);
    let events = app.store.workspace(app.workspace).lead_events(sent.id).await.unwrap();
    assert!(events.iter().all(|event| !event.is_quiet()));
}

#[tokio::test]
async fn a_pause_holds_back_what_would_be_delivered_and_nothing_else() {
    let app = TestApp::start().await;
    let imports = Imports::of(&app);
    let row = "email\nada@example.com\n";
    app.change_campaign(|c| (c.paused, c.when_paused) = (true, PausedAction::Hold)).await;
    counts(&imports.whole(json!({"deliver": true}), row).await, "done", [1, 0, 0]);
    assert_eq!(app.leads().await[0].state.as_str(), "held");
    counts(&imports.whole(json!({}), row).await, "done", [1, 0, 0]);
    assert_eq!(app.leads().await[0].state.as_str(), "received", "it is never sent");
    app.change_campaign(|c| (c.paused, c.when_paused) = (true, PausedAction::Reject)).await;
    let import = imports.make(json!({"deliver": true})).await;
    imports.put(&import, "", row.as_bytes()).await;
    let waiting = imports.0.read(&format!("/api/v1/imports/{import}")).await;
    assert_eq!((&waiting["state"], &waiting["read"]), (&json!("importing"), &json!(0)));
    app.change_campaign(|c| c.paused = false).await;
    // It may go to rest only now, so time goes on until it wakes.
    let woken = async {
        while imports.0.read(&format!("/api/v1/imports/{import}")).await["state"] != "done" {
            app.clock.advance_ms(1_000);
        }
    };
    tokio::time::timeout(PATIENCE, woken).await.expect("it goes on");
    counts(&imports.over(&import).await, "done", [1, 0, 0]);
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_can_be_run() {
    let app = TestApp::with(by_email).await;
    let imports = Imports::of(&app);
    let checked = imports.whole(json!({"dry_run": true}), FILE).await;
    counts(&checked, "checked", [2, 1, 1]);
    assert!(app.leads().await.is_empty(), "nothing is stored");
    let report = imports.report(&checked, "csv").await;
    assert!(report.contains("4,4,,duplicate_lead,repeats an earlier row"), "{report}");
    let run = format!("/api/v1/imports/{}/run", id(&checked));
    assert_eq!(imports.0.act(&run, json!({})).await["state"], "importing");
    let done = imports.over(id(&checked)).await;
    counts(&done, "done", [2, 1, 1]);
    assert_eq!(imports.report(&done, "csv").await.lines().count(), 3, "a report of its own");
    imports.0.post(&run, json!({})).await.problem(409, "conflict");
    let again = imports.whole(json!({"dry_run": true}), FILE).await;
    counts(&again, "checked", [0, 3, 1]);
    assert!(imports.report(&again, "csv").await.contains("repeats lead_"));
}

#[tokio::test]
async fn files_in_parts_and_of_many_pieces_are_put_together() {
    let app = TestApp::start().await;
    let imports = Imports::of(&app);
    let rows = PIECE_BYTES / 40;
    let mut file = String::from("email,note\n");
    for n in 0..rows {
        file.push_str(&format!("p{n}@example.com,\"{}\n\"\n", "x".repeat(n % 90)));
    }
    assert!(file.len() > PIECE_BYTES);
    let (head, tail) = file.as_bytes().split_at(PIECE_BYTES);
    let import = imports.make(json!({})).await;
    let rest = format!("?offset={PIECE_BYTES}");
    imports.put(&import, &rest, tail).await.problem(409, "conflict");
    imports.put(&import, "?offset=0&more=true", &head[1..]).await.problem(400, "bad_request");
    imports.put(&import, "?offset=7", tail).await.problem(400, "invalid_query");
    for _ in 0..2 {
        assert_eq!(imports.put(&import, "?offset=0&more=true", head).await.status, 200);
    }
    assert_eq!(imports.put(&import, &rest, tail).await.status, 200);
    let done = imports.over(&import).await;
    counts(&done, "done", [rows as u64, 0, 0]);
    imports.put(&import, "", b"email\n").await.problem(409, "conflict");
}

#[tokio::test]
async fn what_cannot_be_read_fails_with_a_reason_and_never_half() {
    let app = TestApp::start().await;
    let imports = Imports::of(&app);
    let fails = async |settings: Value, file: &str, code: &str| {
        let failed = imports.whole(settings, file).await;
        assert_eq!((&failed["state"], &failed["fault"]["code"]), (&json!("failed"), &json!(code)));
    };
    fails(json!({}), "email,email\na,b\n", "duplicate_column").await;
    fails(json!({"columns": {"Mail": "email"}}), "email\na\n", "unknown_column").await;
    fails(json!({}), "PK\u{3}\u{4}\n", "wrong_format").await;
    fails(json!({}), "\n\n", "empty_file").await;
    let import = imports.make(json!({})).await;
    imports.put(&import, "", b"").await.problem(400, "bad_request");
    assert!(app.leads().await.is_empty());
}

#[tokio::test]
async fn settings_are_checked_field_by_field() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let refused = async |body: Value| fields(&api.post("/api/v1/imports", body).await);
    assert_eq!(refused(json!({})).await, ["format"]);
    assert_eq!(refused(json!({"format": "csv", "delimiter": "x"})).await, ["delimiter"]);
    assert_eq!(refused(json!({"format": "jsonl", "header": ["email"]})).await, ["header"]);
    assert_eq!(refused(json!({"format": "csv", "columns": {" a": "b"}})).await, ["columns. a"]);
    let source: baton_domain::id::SourceId = app.store.new_id();
    assert_eq!(refused(json!({"format": "csv", "source_id": source})).await, ["source_id"]);
    let unknown = json!({"format": "csv", "campaign": "NOPE"});
    api.post("/api/v1/imports", unknown).await.problem(404, "not_found");
    let own = api.make("/api/v1/imports", json!({"format": "csv", "source_id": app.source})).await;
    assert_eq!(own["source_id"], json!(app.source));
    // Imports of one millisecond have no order.
    app.clock.advance_ms(1);
    let named = json!({"format": "csv"});
    let key = [("idempotency-key", "one")];
    let first = api.call("POST", "/api/v1/imports", &key, Some(&named)).await;
    let again = api.call("POST", "/api/v1/imports", &key, Some(&named)).await;
    assert_eq!((first.status, &first.body), (201, &again.body));
    let list = api.read("/api/v1/imports?limit=1").await;
    assert_eq!(list["data"][0]["id"], first.json()["id"], "newest first");
    let next = list["next_cursor"].as_str().unwrap();
    let page = api.read(&format!("/api/v1/imports?cursor={next}")).await;
    assert_eq!(page["data"][0]["id"], own["id"]);
}

#[tokio::test]
async fn json_lines_and_files_without_a_header_are_taken() {
    let app = TestApp::start().await;
    let imports = Imports::of(&app);
    let lines = "{\"email\":\"a@example.com\"}\n\nnope\n{\"fields\":{\"email\":\"b@example.com\"}}";
    let done = imports.whole(json!({"format": "jsonl"}), lines).await;
    counts(&done, "done", [2, 0, 1]);
    assert!(imports.report(&done, "csv").await.contains("\r\n3,3,,malformed_json,"));
    let bare = json!({"header": ["email", "first_name"], "delimiter": ";"});
    let done = imports.whole(bare, "\u{FEFF}c@example.com;Cy\nd@example.com;Di\n").await;
    counts(&done, "done", [2, 0, 0]);
    let named = app.leads().await;
    let names = named.iter().filter_map(|l| l.data.raw.text("first_name"));
    assert_eq!(
        names.collect::<std::collections::BTreeSet<_>>(),
        ["Cy", "Di"].map(String::from).into()
    );
}

#[tokio::test]
async fn a_cancelled_import_stops_and_an_old_one_is_called_off() {
    let app = TestApp::start().await;
    let imports = Imports::of(&app);
    let import = imports.make(json!({})).await;
    let cancel = format!("/api/v1/imports/{import}/cancel");
    assert_eq!(imports.0.act(&cancel, json!({})).await["state"], "cancelled");
    imports.0.post(&cancel, json!({})).await.problem(409, "conflict");
    imports.put(&import, "", b"email\na@example.com\n").await.problem(409, "conflict");
    let forgotten = imports.make(json!({})).await;
    app.clock.advance_ms(25 * 3_600_000);
    let path = format!("/api/v1/imports/{forgotten}");
    let called_off = async {
        while imports.0.read(&path).await["state"] != "cancelled" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, called_off).await.unwrap();
    assert_eq!(imports.0.read(&path).await["fault"]["code"], "expired");
    app.clock.advance_ms(31 * 86_400_000);
    let removed = async {
        while imports.0.get(&path).await.status != 404 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, removed).await.unwrap();
    let filter = LeadFilter { limit: 1, ..LeadFilter::default() };
    assert!(app.store.workspace(app.workspace).leads(&filter).await.unwrap().rows.is_empty());
}
