//! What `baton demo` prints works.

use crate::api::{Api, Connection};
use crate::process::{Baton, command, until};
use std::path::Path;

async fn start(data: &Path, more: &[&str]) -> Baton {
    let mut demo = command();
    demo.args(["demo", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"]);
    demo.args(more).arg("--data").arg(data);
    Baton::start(demo, data).await
}

/// The words of the first line that has all the given ones, without quotes.
fn words(demo: &Baton, with: &[&str]) -> Vec<String> {
    let fits = |line: &&String| with.iter().all(|word| line.contains(word));
    let line = demo.said.iter().find(fits).unwrap_or_else(|| panic!("{with:?}: {:?}", demo.said));
    let mut words = Vec::new();
    let mut quoted = false;
    let mut word = String::new();
    for c in line.trim().chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words
}

fn path_of(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}

/// Does what the printed curl line says.
async fn post_as_printed(demo: &Baton) {
    let curl = words(demo, &["curl", "/api/inbound/w/"]);
    assert_eq!(curl[0], "curl");
    let url = curl.iter().find(|word| word.starts_with("http://")).unwrap();
    let after = |flag: &str| &curl[curl.iter().position(|word| word == flag).unwrap() + 1];
    let (name, value) = after("-H").split_once(": ").unwrap();
    let body = after("-d").clone().into_bytes();
    let mut connection = Connection::to(&demo.url).await.unwrap();
    let (status, answer) =
        connection.call("POST", &path_of(url), &[(name, value)], body).await.unwrap();
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&answer));
}

/// The sandbox and the key as printed.
fn printed(demo: &Baton) -> (Api, Api) {
    let received = words(demo, &["curl", "/_sandbox/received"]).last().unwrap().clone();
    let sandbox = Api::new(received.strip_suffix("/_sandbox/received").unwrap(), "");
    let listing = words(demo, &["curl", "/api/v1/leads"]);
    let key = listing.iter().find_map(|w| w.strip_prefix("Authorization: Bearer ")).unwrap();
    (sandbox, Api::new(&demo.url, key))
}

async fn delivered(sandbox: &Api, count: usize) {
    until("the CRM has the lead, rightly signed", || async {
        let got = sandbox.get("/_sandbox/received?path=/crm").await;
        let got = got["data"].as_array().unwrap().clone();
        got.len() == count
            && got.iter().all(|r| {
                r["signatures"]["leadsbot"] == "right" && r["signatures"]["webhook"] == "right"
            })
    })
    .await;
}

#[tokio::test]
async fn the_printed_lines_post_a_lead_and_show_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data-demo");
    let demo = start(&data, &["--no-leads"]).await;
    let (sandbox, api) = printed(&demo);
    post_as_printed(&demo).await;
    delivered(&sandbox, 1).await;
    assert_eq!(api.all("/api/v1/leads").await.len(), 1);
    assert!(demo.stop().await.success());

    // Another start has another receiver; the campaign is there once.
    let demo = start(&data, &["--no-leads"]).await;
    let (sandbox, api) = printed(&demo);
    post_as_printed(&demo).await;
    delivered(&sandbox, 1).await;
    assert_eq!(api.all("/api/v1/leads").await.len(), 2);
    assert_eq!(api.all("/api/v1/campaigns").await.len(), 3);
    let sources = api.all("/api/v1/sources").await;
    assert_eq!(sources.iter().filter(|source| source["kind"] == "endpoint").count(), 5);
    assert_eq!(api.all("/api/v1/destinations").await.len(), 10);
}

#[tokio::test]
async fn a_first_start_has_leads_of_every_state_and_deliveries_that_fail() {
    let dir = tempfile::tempdir().unwrap();
    let demo = start(&dir.path().join("data-demo"), &[]).await;
    let (_, api) = printed(&demo);
    for state in ["partial", "delivered", "rejected", "quarantined", "held"] {
        until(&format!("a lead is {state}"), || async {
            !api.all(&format!("/api/v1/leads?state={state}")).await.is_empty()
        })
        .await;
    }
    for state in ["accepted", "rejected", "failed", "held", "retrying"] {
        until(&format!("a delivery is {state}"), || async {
            !api.all(&format!("/api/v1/deliveries?state={state}")).await.is_empty()
        })
        .await;
    }
    assert!(demo.stop().await.success());
}

#[tokio::test]
async fn the_readme_shows_the_line_the_demo_prints() {
    let dir = tempfile::tempdir().unwrap();
    let demo = start(&dir.path().join("data-demo"), &["--no-leads"]).await;
    let line = demo.said.iter().find(|line| line.contains("/api/inbound/w/")).unwrap();
    let usual = line.trim().replace(&demo.url, "http://127.0.0.1:8080");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    assert!(readme.contains(&usual), "the README needs this line: {usual}");
}
