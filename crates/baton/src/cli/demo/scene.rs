//! The campaigns of the demo and what it tells about them. What they are is data: `scene.json`.

use super::notes::Notes;
use crate::cli::remote::Remote;
use crate::failure::Failure;
use crate::node::Node;
use baton_domain::config::{DocKind, Source as StoredSource, SourceKind};
use baton_domain::id::{CampaignId, SourceId, TypedId as _, WebhookId};
use baton_domain::secret::Secret;
use baton_sandbox::{Rule, SandboxHandle};
use baton_store::docs::{DocWrite, Expect};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The demo's posting URL ends in this id on every machine, so that the README can show it. The
/// demo listens on loopback; a real source has an id nobody can guess.
const WEBHOOK_ID: &str = "in_01jd3m0d3m0d3m0d3m0d3m0d3m";
/// The name of the source with that id.
const KNOWN_SOURCE: &str = "Partner A";

/// Campaigns, their sources and destinations, and how the receiver behaves.
#[derive(Deserialize)]
struct Scene {
    campaigns: Vec<Part>,
    rules: Vec<Rule>,
}

/// A campaign with what belongs to it.
#[derive(Deserialize)]
struct Part {
    campaign: Value,
    sources: Vec<String>,
    destinations: Vec<Place>,
}

/// A destination: the API's document, besides its place on the receiver (`{place}` in its
/// settings) and the name of its failover.
#[derive(Deserialize)]
struct Place {
    name: String,
    place: String,
    failover: Option<String>,
    settings: Value,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// Where leads of the demo come in.
pub(super) struct Source {
    /// Reference of its campaign.
    pub reference: String,
    /// Its public id.
    pub webhook_id: String,
}

fn scene() -> Result<Scene, Failure> {
    serde_json::from_str(include_str!("scene.json")).map_err(Failure::new)
}

/// Makes what is missing of the demo's campaigns, points their destinations at the receiver, and
/// gives their sources.
pub(super) async fn set(
    node: &Node,
    remote: &Remote,
    sandbox: &SandboxHandle,
    notes: &mut Notes,
) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for part in scene()?.campaigns {
        let reference = text(&part.campaign, "reference")?;
        let campaign = match find(remote, "campaigns", "reference", &reference).await? {
            Some(campaign) => campaign,
            None => remote.create("/api/v1/campaigns", &part.campaign).await?,
        };
        let campaign_id = text(&campaign, "id")?;
        for name in &part.sources {
            let webhook_id = ensure_source(node, remote, &campaign_id, name).await?;
            sources.push(Source { reference: reference.clone(), webhook_id });
        }
        for place in part.destinations {
            ensure(remote, &campaign_id, sandbox, notes, place).await?;
        }
    }
    Ok(sources)
}

fn text(document: &Value, key: &str) -> Result<String, Failure> {
    let text = document.get(key).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Failure::Failed(format!("the API answered without `{key}`")))
}

async fn find(
    remote: &Remote,
    section: &str,
    key: &str,
    value: &str,
) -> Result<Option<Value>, Failure> {
    let rows = remote.list(&format!("/api/v1/{section}")).await?;
    let fits = |row: &Map<String, Value>| row.get(key).and_then(Value::as_str) == Some(value);
    Ok(rows.into_iter().find(fits).map(Value::Object))
}

/// Makes a destination, or points the one that is there at the receiver.
async fn ensure(
    remote: &Remote,
    campaign: &str,
    sandbox: &SandboxHandle,
    notes: &mut Notes,
    place: Place,
) -> Result<(), Failure> {
    let settings = settings_at(&place.settings, &sandbox.url(&place.place));
    if let Some(there) = find(remote, "destinations", "name", &place.name).await? {
        let path = format!("/api/v1/destinations/{}", text(&there, "id")?);
        remote.call("PATCH", &path, Some(&json!({"settings": settings}))).await?;
        let signs = there.get("connector").and_then(Value::as_str) == Some("webhook");
        if signs && !notes.secrets.contains_key(&place.place) {
            // The demo was ended between making it and keeping its secret.
            let rotated = remote.create(&format!("{path}/rotate-secret"), &json!({})).await?;
            keep_secret(notes, &place.place, &rotated);
            remote.create(&format!("{path}/rotate-secret/finish"), &json!({})).await?;
        }
        return Ok(());
    }
    let mut body = place.more;
    body.insert("campaign_id".to_owned(), campaign.into());
    body.insert("name".to_owned(), place.name.into());
    body.insert("settings".to_owned(), settings);
    if let Some(failover) = &place.failover
        && let Some(there) = find(remote, "destinations", "name", failover).await?
    {
        body.insert("failover_id".to_owned(), text(&there, "id")?.into());
    }
    let made = remote.create("/api/v1/destinations", &Value::Object(body)).await?;
    keep_secret(notes, &place.place, &made);
    Ok(())
}

/// The settings with the destination's place on the receiver in them.
fn settings_at(settings: &Value, place: &str) -> Value {
    let mut settings = settings.clone();
    for value in settings.as_object_mut().into_iter().flat_map(|s| s.values_mut()) {
        if let Value::String(text) = value {
            *text = text.replace("{place}", place);
        }
    }
    settings
}

fn keep_secret(notes: &mut Notes, path: &str, document: &Value) {
    if let Some(secret) = document.get("secret").and_then(Value::as_str) {
        notes.secrets.insert(path.to_owned(), Secret::new(secret));
    }
}

/// Makes a source of that name where there is none; gives its public id.
async fn ensure_source(
    node: &Node,
    remote: &Remote,
    campaign: &str,
    name: &str,
) -> Result<String, Failure> {
    if name == KNOWN_SOURCE {
        known_source(node, campaign).await?;
        return Ok(WEBHOOK_ID.to_owned());
    }
    let source = match find(remote, "sources", "name", name).await? {
        Some(there) => there,
        None => {
            let body = json!({"campaign_id": campaign, "kind": "endpoint", "name": name});
            remote.create("/api/v1/sources", &body).await?
        }
    };
    text(&source, "webhook_id")
}

/// This source goes past the API, which makes up its public id.
async fn known_source(node: &Node, campaign: &str) -> Result<(), Failure> {
    let store = node.store();
    let webhook_id: WebhookId = WEBHOOK_ID.parse().map_err(Failure::new)?;
    let campaign: CampaignId = campaign.parse().map_err(Failure::new)?;
    if store.snapshot().sources.values().any(|source| source.body.webhook_id == webhook_id) {
        return Ok(());
    }
    let body = StoredSource {
        campaign,
        kind: SourceKind::Endpoint,
        name: KNOWN_SOURCE.to_owned(),
        webhook_id,
        supplier: None,
        allowed_origins: Vec::new(),
        require_signature: false,
        rate_limit: None,
        wait_ms: None,
        disabled: false,
        hmac_previous_until: None,
    };
    let write = DocWrite {
        workspace: node.first.workspace,
        kind: DocKind::Source,
        id: store.new_id::<SourceId>().uuid(),
        expect: Expect::New,
        body: Some(serde_json::to_vec(&body).map_err(Failure::new)?),
        secrets: None,
        unique: None,
        stopped: false,
        changed_by: "baton demo".into(),
        now: store.now(),
        idempotency: None,
    };
    store.change_docs(vec![write]).await.map(|_| ()).map_err(Failure::new)
}

/// Tells the receiver the secrets, and how each of its places behaves.
pub(super) fn arm(sandbox: &SandboxHandle, notes: &Notes) -> Result<(), Failure> {
    for (path, secret) in &notes.secrets {
        sandbox.set_secret(path, secret.clone()).map_err(Failure::new)?;
    }
    for rule in scene()?.rules {
        sandbox.set_rule(&rule.path, rule.behaviour).map_err(Failure::new)?;
    }
    Ok(())
}

/// Pauses the campaign whose leads are to wait, once, at the first start.
pub(super) async fn pause_loans(remote: &Remote) -> Result<(), Failure> {
    if let Some(loans) = find(remote, "campaigns", "reference", "LOANS-UK").await? {
        let path = format!("/api/v1/campaigns/{}/pause", text(&loans, "id")?);
        remote.create(&path, &json!({})).await?;
    }
    Ok(())
}

/// Whether the workspace has leads.
pub(super) async fn has_leads(remote: &Remote) -> Result<bool, Failure> {
    let page = remote.call("GET", "/api/v1/leads?limit=1", None).await?;
    Ok(page.get("data").and_then(Value::as_array).is_some_and(|rows| !rows.is_empty()))
}

/// What to try, for a terminal.
pub(super) fn guide(api: &str, sandbox: &SandboxHandle, notes: &Notes, data: &Path) -> String {
    let key = notes.key.reveal();
    let receiver = sandbox.url("");
    format!(
        r#"
Baton demo. Data in {data}, API at {api}, receiver at {receiver}

Post a lead:

  curl -sS {api}/api/inbound/w/{WEBHOOK_ID}/leads -H 'Content-Type: application/json' -d '{{"email":"ada@example.com","phone":"07400 123456","first_name":"Ada"}}'

See what the receivers got, and whether the signatures were right:

  curl -sS {receiver}/_sandbox/received

List leads, and deliveries (GET /api/v1/deliveries/<id> shows the attempts):

  curl -sS -H 'Authorization: Bearer {key}' {api}/api/v1/leads
  curl -sS -H 'Authorization: Bearer {key}' {api}/api/v1/deliveries

Each request a receiver gets is a line below. Ctrl-C stops the demo.
"#,
        data = data.display()
    )
}
