//! The campaign of the demo and what it tells about it.

use super::notes::Notes;
use crate::cli::remote::Remote;
use crate::failure::Failure;
use crate::node::Node;
use baton_domain::config::{DocKind, Source, SourceKind};
use baton_domain::id::{CampaignId, SourceId, TypedId as _, WebhookId};
use baton_domain::secret::Secret;
use baton_sandbox::{Behaviour, Chance, Reply, SandboxHandle};
use baton_store::docs::{DocWrite, Expect};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The demo's posting URL ends in this id on every machine, so that the README can show it. The
/// demo listens on loopback; a real source has an id nobody can guess.
const WEBHOOK_ID: &str = "in_01jd3m0d3m0d3m0d3m0d3m0d3m";
const REFERENCE: &str = "SOLAR-UK";
/// Where the demo's destinations deliver to, on the receiver.
const CRM: &str = "/crm";
const OLD_CRM: &str = "/old-crm";
const BACKUP: &str = "/backup-inbox";
/// How often the old CRM takes a lead.
const OLD_CRM_ACCEPT_RATE: f64 = 0.5;

/// Makes what is missing of the demo's campaign, and points its destinations at the receiver.
pub(super) async fn set(
    node: &Node,
    api: &str,
    sandbox: &SandboxHandle,
    notes: &mut Notes,
) -> Result<(), Failure> {
    let remote = Remote::at(api, &notes.key)?;
    let campaign = match find(&remote, "campaigns", "reference", REFERENCE).await? {
        Some(campaign) => campaign,
        None => remote.create("/api/v1/campaigns", &campaign_body()).await?,
    };
    let campaign_id = id(&campaign)?;
    ensure_source(node, campaign_id).await?;
    let backup = destination("Backup inbox", json!({"failover_only": true}));
    let backup = ensure(&remote, campaign_id, sandbox, notes, BACKUP, backup).await?;
    let old = destination(
        "Old CRM",
        json!({"failover_id": backup, "retry": {"schedule": ["0s", "3s", "10s"]}}),
    );
    ensure(&remote, campaign_id, sandbox, notes, OLD_CRM, old).await?;
    let crm = destination(
        "CRM",
        json!({"mapping": [
            {"to": "Email", "from": "email"},
            {"to": "Mobile", "from": "phone", "transform": ["e164"]},
            {"to": "FirstName", "from": "first_name"},
            {"to": "Origin", "value": "baton-demo"}
        ]}),
    );
    ensure(&remote, campaign_id, sandbox, notes, CRM, crm).await?;
    Ok(())
}

fn campaign_body() -> Value {
    json!({
        "name": "Solar UK", "reference": REFERENCE, "country": "GB", "currency": "GBP",
        "fields": [
            {"name": "email", "type": "email", "required": true},
            {"name": "phone", "type": "phone"},
            {"name": "first_name", "type": "text"},
            {"name": "last_name", "type": "text"},
            {"name": "postcode", "type": "postcode"}
        ]
    })
}

fn destination(name: &str, more: Value) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("connector".to_owned(), "webhook".into());
    body.insert("name".to_owned(), name.into());
    if let Value::Object(more) = more {
        body.extend(more);
    }
    body
}

fn id(document: &Value) -> Result<&str, Failure> {
    let id = document.get("id").and_then(Value::as_str);
    id.ok_or_else(|| Failure::Failed("the API answered without an id".to_owned()))
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

/// Makes a destination, or points the one that is there at the receiver; gives its id.
async fn ensure(
    remote: &Remote,
    campaign: &str,
    sandbox: &SandboxHandle,
    notes: &mut Notes,
    path: &str,
    mut body: Map<String, Value>,
) -> Result<String, Failure> {
    let settings = json!({"url": sandbox.url(path)});
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(there) = find(remote, "destinations", "name", &name).await? {
        let there = id(&there)?;
        let place = format!("/api/v1/destinations/{there}");
        remote.call("PATCH", &place, Some(&json!({"settings": settings}))).await?;
        if !notes.secrets.contains_key(path) {
            // The demo was ended between making it and keeping its secret.
            let rotated = remote.create(&format!("{place}/rotate-secret"), &json!({})).await?;
            keep_secret(notes, path, &rotated);
            remote.create(&format!("{place}/rotate-secret/finish"), &json!({})).await?;
        }
        return Ok(there.to_owned());
    }
    body.insert("campaign_id".to_owned(), campaign.into());
    body.insert("settings".to_owned(), settings);
    let made = remote.create("/api/v1/destinations", &Value::Object(body)).await?;
    keep_secret(notes, path, &made);
    Ok(id(&made)?.to_owned())
}

fn keep_secret(notes: &mut Notes, path: &str, document: &Value) {
    if let Some(secret) = document.get("secret").and_then(Value::as_str) {
        notes.secrets.insert(path.to_owned(), Secret::new(secret));
    }
}

/// The source goes past the API, which makes up its public id.
async fn ensure_source(node: &Node, campaign: &str) -> Result<(), Failure> {
    let store = node.store();
    let webhook_id: WebhookId = WEBHOOK_ID.parse().map_err(Failure::new)?;
    let campaign: CampaignId = campaign.parse().map_err(Failure::new)?;
    if store.snapshot().sources.values().any(|source| source.body.webhook_id == webhook_id) {
        return Ok(());
    }
    let body = Source {
        campaign,
        kind: SourceKind::Endpoint,
        name: "Partner A".to_owned(),
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

/// Tells the receiver the secrets, and how the old CRM behaves.
pub(super) fn arm(sandbox: &SandboxHandle, notes: &Notes) -> Result<(), Failure> {
    for (path, secret) in &notes.secrets {
        sandbox.set_secret(path, secret.clone()).map_err(Failure::new)?;
    }
    let flaky = Behaviour::Chance(Chance {
        accept_rate: OLD_CRM_ACCEPT_RATE,
        seed: 7,
        accepted: Reply::default(),
        refused: Reply::status(503),
    });
    sandbox.set_rule(OLD_CRM, flaky).map_err(Failure::new)
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
