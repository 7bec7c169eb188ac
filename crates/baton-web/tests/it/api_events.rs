//! The record of events: pages, and the stream that can be taken up again.

use crate::api_client::Api;
use crate::app::{KEY, PATIENCE, TestApp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One reader of a stream.
pub struct Reader {
    stream: TcpStream,
    text: String,
}

/// An event as streamed: its place, its kind, its data.
pub type Streamed = (String, String, Value);

impl Reader {
    async fn open(app: &TestApp, query: &str, last: Option<&str>) -> Self {
        let key = format!("Bearer {KEY}");
        let last = last.map(|id| ("last-event-id", id));
        let headers: Vec<_> = [("authorization", key.as_str())].into_iter().chain(last).collect();
        Self::open_with(app, query, &headers).await
    }

    pub async fn open_with(app: &TestApp, query: &str, headers: &[(&str, &str)]) -> Self {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        let headers: String = headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
        let request =
            format!("GET /api/v1/events/stream{query} HTTP/1.1\r\nhost: test\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reader = Self { stream, text: String::new() };
        reader.until(|text| text.contains("\r\n\r\n").then_some(())).await;
        assert!(reader.text.starts_with("HTTP/1.1 200"), "{}", reader.text);
        assert!(reader.text.contains("text/event-stream"));
        reader
    }

    async fn until<T>(&mut self, found: impl Fn(&str) -> Option<T>) -> T {
        let reading = async {
            loop {
                if let Some(found) = found(&self.text) {
                    return found;
                }
                let mut buffer = [0; 4096];
                let n = self.stream.read(&mut buffer).await.unwrap();
                assert!(n > 0, "the stream ended: {}", self.text);
                self.text.push_str(std::str::from_utf8(&buffer[..n]).unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("the event must come")
    }

    /// Reads until so many events have come.
    pub async fn events(&mut self, count: usize) -> Vec<Streamed> {
        self.until(|text| Some(parse(text)).filter(|all| all.len() >= count)).await
    }

    /// Reads to the end, which the server makes.
    pub async fn ended(&mut self) {
        let mut rest = Vec::new();
        let reading = self.stream.read_to_end(&mut rest);
        tokio::time::timeout(PATIENCE, reading).await.expect("the stream must end").unwrap();
    }
}

fn parse(text: &str) -> Vec<Streamed> {
    let line = |block: &str, name: &str| {
        block.lines().find_map(|l| l.strip_prefix(name)).map(|l| l.trim().to_owned())
    };
    text.split("\n\n")
        .filter_map(|block| {
            let data = serde_json::from_str(&line(block, "data:")?).ok()?;
            Some((line(block, "id:")?, line(block, "event:")?, data))
        })
        .collect()
}

async fn capture(app: &TestApp, name: &str) -> String {
    app.capture(json!({"email": format!("{name}@example.com")})).await.created("received")
}

#[tokio::test]
async fn a_stream_begins_now_and_is_taken_up_where_it_broke() {
    let app = TestApp::start().await;
    capture(&app, "before").await;
    let mut first = Reader::open(&app, "", None).await;
    let lead = capture(&app, "one").await;
    let events = first.events(1).await;
    let (place, kind, data) = &events[0];
    assert_eq!((kind.as_str(), &data["event"]), ("lead.created", &json!("lead.created")));
    assert_eq!(data["data"]["id"], json!(lead));
    assert_eq!(data["data"]["email"], "one@example.com");
    assert_eq!(data["workspace_id"], json!(app.workspace));
    drop(first);
    let (two, three) = (capture(&app, "two").await, capture(&app, "three").await);
    let mut second = Reader::open(&app, "", Some(place)).await;
    let events = second.events(2).await;
    let leads: Vec<_> = events.iter().map(|(_, _, data)| data["data"]["id"].clone()).collect();
    assert_eq!(leads, [json!(two), json!(three)]);
    let four = capture(&app, "four").await;
    assert_eq!(second.events(3).await[2].2["data"]["id"], json!(four));
}

#[tokio::test]
async fn a_stream_gives_only_the_wanted_kinds_of_its_workspace() {
    const OTHER: &str = "bk_other_123456789abcdef0123456789abcdef";
    let app = TestApp::with(|seed| {
        seed.campaign.duplicates =
            crate::app::duplicates(json!({"fields": ["email"], "action": "mark"}));
    })
    .await;
    let (other, campaign) = app.other_workspace(OTHER).await;
    let path = format!("/api/inbound/{other}/leads");
    let auth = format!("Bearer {OTHER}");
    let mut reader = Reader::open(&app, "?events=lead.duplicate&cursor=0-0", None).await;
    let foreign = json!({"email": "x@example.com", "campaign": campaign});
    app.post(&path, &[("authorization", auth.as_str())], foreign).await.created("received");
    let first = capture(&app, "one").await;
    capture(&app, "one").await;
    let events = reader.events(1).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].1, "lead.duplicate");
    assert_eq!(events[0].2["data"]["duplicate_of"], json!(first));
}

#[tokio::test]
async fn a_stream_ends_with_its_key() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let mut reader = Reader::open(&app, "", None).await;
    api.make("/api/v1/keys", json!({"name": "next", "scopes": ["keys"]})).await;
    let keys = api.read("/api/v1/keys").await;
    let own = keys["data"].as_array().unwrap().iter().find(|k| k["name"] == "test").unwrap();
    let path = format!("/api/v1/keys/{}", own["id"].as_str().unwrap());
    assert_eq!(api.delete(&path).await.status, 204);
    reader.ended().await;
}

#[tokio::test]
async fn wrong_places_are_refused() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    for stream in ["/api/v1/stream", "/api/v1/events/stream"] {
        let headers = [("last-event-id", "nope")];
        api.call("GET", stream, &headers, None).await.problem(400, "invalid_header");
        for bad in ["cursor=x", "events=lead.flown", "events=webhook.test", "colour=red"] {
            api.get(&format!("{stream}?{bad}")).await.problem(400, "invalid_query");
        }
    }
}

#[tokio::test]
async fn pages_of_events_follow_each_other() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    for n in 0..5 {
        capture(&app, &format!("a{n}")).await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.read(&format!("/api/v1/events?limit=2{cursor}")).await;
        let rows = page["data"].as_array().unwrap().clone();
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap());
        if rows.is_empty() {
            break;
        }
        seen.extend(rows.iter().map(|e| e["data"]["email"].as_str().unwrap().to_owned()));
    }
    let expect: Vec<String> = (0..5).map(|n| format!("a{n}@example.com")).collect();
    assert_eq!(seen, expect);
    capture(&app, "later").await;
    let later = api.read(&format!("/api/v1/events?limit=2{cursor}")).await;
    assert_eq!(later["data"][0]["data"]["email"], "later@example.com");
    let none = api.read("/api/v1/events?events=delivery.failed").await;
    assert_eq!(none["data"], json!([]));
    api.get("/api/v1/events?cursor=nope").await.problem(400, "invalid_query");
}
