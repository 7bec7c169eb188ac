//! Exports as files, and the posting specification as a page.

use crate::api_client::{Api, id};
use crate::app::{Reply, TestApp};
use serde_json::{Value, json};

/// The body of an answer that came in chunks; `None` when its last chunk is missing.
fn whole(raw: &[u8]) -> Option<Vec<u8>> {
    let head = raw.windows(4).position(|w| w == b"\r\n\r\n")?;
    let mut rest = &raw[head + 4..];
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|w| w == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?, 16).ok()?;
        rest = &rest[line + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

async fn export(app: &TestApp, query: &str) -> (Reply, String) {
    let key = crate::app::KEY;
    let request = format!(
        "GET /api/v1/leads/export{query} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
         authorization: Bearer {key}\r\n\r\n"
    );
    let mut stream = tokio::net::TcpStream::connect(app.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    let raw = crate::app::read_to_end(&mut stream).await;
    let body = whole(&raw).expect("the file is whole");
    (Reply::parse(&raw), String::from_utf8(body).unwrap())
}

/// The rows of a CSV file, every cell of which is quoted (RFC 4180).
fn rows(csv: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let (mut quoted, mut rest) = (false, csv.strip_suffix("\r\n").unwrap().chars().peekable());
    while let Some(c) = rest.next() {
        let row = rows.last_mut().unwrap();
        match (quoted, c) {
            (true, '"') if rest.next_if_eq(&'"').is_some() => row.last_mut().unwrap().push('"'),
            (_, '"') => quoted = !quoted,
            (true, c) => row.last_mut().unwrap().push(c),
            (false, ',') => row.push(String::new()),
            (false, '\r') => {}
            (false, '\n') => rows.push(vec![String::new()]),
            (false, c) => panic!("{c:?} stands outside quotes"),
        }
    }
    rows
}

#[tokio::test]
async fn leads_are_exported_so_that_no_spreadsheet_runs_them() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let hostile = "=HYPERLINK(\"https://evil.example\",\"x\")";
    let lead = json!({"email": "jane@example.com", "first_name": hostile, "phone": "07700 900123",
        "@extra": "+1", "utm_source": "fb"});
    let lead = app.capture(lead).await.created("received");
    api.patch(&format!("/api/v1/leads/{lead}"), json!({"tags": ["-x", "b"]})).await;
    let (reply, safe) = export(&app, "").await;
    assert_eq!(reply.status, 200);
    let disposition = reply.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment; filename=\"leads-20"), "{disposition}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let table = rows(&safe);
    let cell = |table: &[Vec<String>], name: &str| {
        let at = table[0].iter().position(|column| column == name).expect(name);
        table[1][at].clone()
    };
    assert_eq!(table.len(), 2);
    assert_eq!(cell(&table, "id"), lead);
    assert_eq!(cell(&table, "first_name"), format!("'{hostile}"));
    assert_eq!(cell(&table, "phone"), "'+447700900123");
    assert_eq!(cell(&table, "tags"), "'-x, b");
    assert_eq!(cell(&table, "other_fields"), "{\"@extra\":\"+1\"}");
    assert_eq!(cell(&table, "tracking"), "{\"utm_source\":\"fb\"}");
    let (_, plain) = export(&app, "?safe=false").await;
    let table = rows(&plain);
    assert_eq!(cell(&table, "first_name"), hostile);
    assert_eq!(cell(&table, "phone"), "+447700900123");
    let (reply, lines) = export(&app, "?format=jsonl").await;
    assert_eq!(reply.header("content-type"), Some("application/jsonl"));
    let line: Value = serde_json::from_str(lines.trim_end()).unwrap();
    assert_eq!((id(&line), &line["fields"]["first_name"]), (lead.as_str(), &json!(hostile)));
    let audit = api.read("/api/v1/audit?action=leads.export").await;
    assert_eq!(audit["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn an_export_has_all_that_the_filter_finds_over_many_pages() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    for n in 0..450 {
        let mut capture = app.stored_lead();
        capture.test = n % 2 == 0;
        app.store.capture(capture).await.unwrap();
    }
    let (_, lines) = export(&app, "?format=jsonl").await;
    assert_eq!(lines.lines().count(), 450);
    let (_, csv) = export(&app, "?test=true").await;
    assert_eq!(rows(&csv).len(), 226);
    for bad in ["?format=xlsx", "?state=nope", "?format=jsonl&safe=true", "?limit=5"] {
        api.get(&format!("/api/v1/leads/export{bad}")).await.problem(400, "invalid_query");
    }
    let (_, found) = export(&app, "?email=nobody@example.com").await;
    assert_eq!(rows(&found).len(), 1, "the header is there without leads too");
    let audit = api.read("/api/v1/audit?action=leads.export&limit=1").await.to_string();
    assert!(audit.contains("searched") && !audit.contains("nobody@"), "{audit}");
}

#[tokio::test]
async fn what_to_post_is_said_to_who_has_the_id_and_is_always_current() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    app.change_campaign(|campaign| {
        campaign.name = "<img src=x onerror=alert(1)>".to_owned();
        campaign.fields[1].label = Some("\"><script>alert(1)</script>".to_owned());
    })
    .await;
    let source = api.read(&format!("/api/v1/sources/{}", app.source)).await;
    let url = source["spec_url"].as_str().unwrap();
    let path = format!("/spec/{}", app.webhook);
    assert!(url.ends_with(&path), "{url}");
    let reply = app.get(&path, &[]).await;
    assert_eq!(reply.status, 200);
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("script") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    let page = String::from_utf8(reply.body.to_vec()).unwrap();
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    let plain = page.replace("&#x2f;", "/");
    assert!(plain.contains("&lt;img src=x") && plain.contains(&app.inbound()), "{page}");
    for shown in ["email", "phone", "Idempotency-Key", "validation_failed", "SOLAR-UK"] {
        assert!(page.contains(shown), "{shown}");
    }
    // The style is the one that the policy names.
    use base64::Engine as _;
    use sha2::Digest as _;
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    assert!(policy.contains(&hash), "{policy}");
    app.change_campaign(|campaign| campaign.fields[3].name = "surname".to_owned()).await;
    let page = app.get(&path, &[]).await;
    assert!(String::from_utf8_lossy(&page.body).contains("surname"));
    let (_, listener) = app.add_source(baton_domain::config::SourceKind::Listener).await;
    let unknown: baton_domain::id::WebhookId = app.store.new_id();
    for other in [listener.to_string(), unknown.to_string(), "x".to_owned()] {
        app.get(&format!("/spec/{other}"), &[]).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_example_of_a_specification_is_taken() {
    let app = TestApp::start().await;
    let page = app.get(&format!("/spec/{}", app.webhook), &[]).await;
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    let example = page.split_once("-d &#x27;").unwrap().1.split_once("&#x27;</code>").unwrap().0;
    let body = example.replace("&quot;", "\"").replace("&#x2f;", "/").replace("&#x27;", "'");
    let body: Value = serde_json::from_str(&body).unwrap();
    app.capture(body).await.created("received");
}
