//! What Baton really sends, held against code that is not Baton's: the verifier that its product
//! page shows, and the Standard Webhooks libraries of npm and PyPI, besides the samples.
//!
//! Deliveries of a destination and of a webhook are taken as they came, before, during and after a
//! rotation of their secrets, and written as vectors for `scripts/verify-samples.sh`.

use crate::api::Api;
use crate::process::{Baton, Database};
use crate::scene::{Scene, sandbox, text};
use baton_sandbox::{Received, SandboxHandle};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

/// How long the libraries may take to be fetched and to run.
const FETCH_MAX: Duration = Duration::from_secs(120);
/// What must have run; the Go sample runs where there is Go.
const VERIFIERS: &[&str] =
    &["page", "node", "python", "php", "standardwebhooks of npm", "standardwebhooks of PyPI"];
const HEADERS: &[&str] =
    &["x-leadsbot-signature", "webhook-id", "webhook-timestamp", "webhook-signature"];

/// Which of the two signatures a receiver with some secret accepts.
#[derive(Clone, Copy)]
struct Expect {
    leadsbot: bool,
    webhook: bool,
}

const BOTH: Expect = Expect { leadsbot: true, webhook: true };
const NEITHER: Expect = Expect { leadsbot: false, webhook: false };

/// What came, as vectors: as it is, and with one letter of the body changed.
#[derive(Default)]
struct Vectors(Vec<Value>);

impl Vectors {
    fn add(&mut self, name: &str, received: &Received, secret: &str, expect: Expect) {
        let body = String::from_utf8(received.body.to_vec()).unwrap();
        self.push(name, received, secret, &body, expect);
        let tampered = body.replacen("ada@", "eda@", 1);
        assert_ne!(body, tampered, "the lead's address is in what was sent");
        self.push(&format!("{name}, tampered with"), received, secret, &tampered, NEITHER);
        self.push(
            &format!("{name}, one byte more"),
            received,
            secret,
            &format!("{body} "),
            NEITHER,
        );
    }

    fn push(&mut self, name: &str, received: &Received, secret: &str, body: &str, expect: Expect) {
        let mut headers = Map::new();
        for header in HEADERS {
            let value = received.header(header).unwrap_or_else(|| panic!("{name} has no {header}"));
            headers.insert((*header).to_owned(), value.into());
        }
        let sent: i64 = received.header("webhook-timestamp").unwrap().parse().unwrap();
        self.0.push(json!({
            "name": name, "secret": secret, "now": sent + 1, "headers": headers, "body": body,
            "expect": {"leadsbot": expect.leadsbot, "webhook": expect.webhook},
        }));
    }
}

/// Something with a secret: its place in the API, its path at the receiver.
struct Sender {
    name: &'static str,
    place: String,
    path: &'static str,
    secret: String,
}

impl Sender {
    fn new(name: &'static str, kind: &str, path: &'static str, made: &Value) -> Self {
        let place = format!("/api/v1/{kind}/{}", text(made, "id"));
        Self { name, place, path, secret: text(made, "secret") }
    }

    /// The only request to it since the last look.
    async fn got(&self, sandbox: &SandboxHandle) -> Received {
        let all = sandbox.received();
        let mine: Vec<_> = all.iter().filter(|r| r.path == self.path).collect();
        assert_eq!(mine.len(), 1, "{}", self.name);
        mine[0].as_ref().clone()
    }

    async fn rotate(&self, api: &Api) -> String {
        let place = format!("{}/rotate-secret", self.place);
        let (status, answer) = api.call("POST", &place, Some(json!({"grace": "1h"}))).await;
        assert_eq!(status, 200, "{answer}");
        text(&answer, "secret")
    }

    async fn finish(&self, api: &Api) {
        let place = format!("{}/rotate-secret/finish", self.place);
        let (status, answer) = api.call("POST", &place, Some(json!({}))).await;
        assert_eq!(status, 200, "{answer}");
    }
}

/// Posts a lead and waits for what is sent because of it.
async fn next(baton: &Baton, scene: &Scene, sandbox: &SandboxHandle, email: &str) {
    sandbox.clear();
    let body =
        json!({"email": email, "name": "Zo\u{eb} \u{4f60}\u{597d} \u{1f3c3}", "note": "a\r\nb"});
    let answer = crate::faults::post(&baton.url, &scene.inbound, &body).await;
    assert_eq!(answer.status(), 201, "{:?}", answer.body());
    let paths = ["/crm", "/events"];
    crate::process::until("both have it", || async {
        let got = sandbox.received();
        paths.iter().all(|path| got.iter().any(|r| r.path == *path))
    })
    .await;
}

/// Real deliveries of a destination and of a webhook over a rotation.
async fn deliveries(dir: &Path) -> Vectors {
    let sandbox = sandbox().await;
    let baton = Baton::on(&Database::Embedded(dir.join("data"))).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    let crm = scene.destination(&api, &sandbox, "/crm", json!({})).await;
    let subscription = json!({"url": sandbox.url("/events"), "events": ["lead.created"]});
    let events = api.post("/api/v1/webhooks", subscription).await;
    let senders = [
        Sender::new("destination", "destinations", "/crm", &crm),
        Sender::new("webhook", "webhooks", "/events", &events),
    ];
    let mut vectors = Vectors::default();
    next(&baton, &scene, &sandbox, "ada@example.com").await;
    for sender in &senders {
        let got = sender.got(&sandbox).await;
        vectors.add(sender.name, &got, &sender.secret, BOTH);
        vectors.add(&format!("{}, wrong secret", sender.name), &got, "whsec_QUJD", NEITHER);
    }
    let mut rotated = Vec::new();
    for sender in &senders {
        rotated.push(sender.rotate(&api).await);
    }
    next(&baton, &scene, &sandbox, "ada@two.example.com").await;
    for (sender, new) in senders.iter().zip(&rotated) {
        let got = sender.got(&sandbox).await;
        let name = format!("{} in rotation", sender.name);
        vectors.add(&format!("{name}, former secret"), &got, &sender.secret, BOTH);
        let only_trio = Expect { leadsbot: false, webhook: true };
        vectors.add(&format!("{name}, new secret"), &got, new, only_trio);
        sender.finish(&api).await;
    }
    next(&baton, &scene, &sandbox, "ada@three.example.com").await;
    for (sender, new) in senders.iter().zip(&rotated) {
        let got = sender.got(&sandbox).await;
        let name = format!("{} after rotation", sender.name);
        vectors.add(&format!("{name}, former secret"), &got, &sender.secret, NEITHER);
        vectors.add(&format!("{name}, new secret"), &got, new, BOTH);
    }
    assert!(baton.stop().await.success());
    vectors
}

#[tokio::test]
async fn every_verifier_accepts_what_is_sent_and_refuses_what_was_tampered_with() {
    let dir = tempfile::tempdir().unwrap();
    let vectors = deliveries(dir.path()).await;
    let file = dir.path().join("vectors.json");
    let text = json!({"about": "Real deliveries.", "vectors": vectors.0});
    std::fs::write(&file, text.to_string()).unwrap();

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    // Beside the test program, so that what was fetched once is there the next time.
    let built = std::env::current_exe().unwrap();
    let built = built.ancestors().nth(3).unwrap();
    let mut script = Command::new(root.join("scripts/verify-samples.sh"));
    script.arg(&file).env("CARGO_TARGET_DIR", built).env("BATON_REQUIRE_PEERS", "1");
    script.kill_on_drop(true);
    let output = timeout(FETCH_MAX, script.output()).await.expect("the verifiers end").unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{out}\n{err}");
    let ran = out.lines().find_map(|line| line.strip_prefix("samples run: ")).unwrap_or_default();
    for verifier in VERIFIERS {
        assert!(
            ran.split(", ").any(|one| one == *verifier),
            "{verifier} did not run; install Node.js with npm, Python 3 with venv and PHP with \
             `scripts/setup.sh test` (make test does it):\n{out}"
        );
    }
}
