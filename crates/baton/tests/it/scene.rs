//! A campaign with a source, and destinations on a sandbox.

use crate::api::{Api, Connection};
use baton_domain::secret::Secret;
use baton_domain::time::{Clock, Millis};
use baton_sandbox::{Received, Sandbox, SandboxHandle, SandboxSettings};
use serde_json::{Value, json};
use std::sync::Arc;

/// More requests than any test makes.
const KEPT: usize = 1_000_000;

struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "the receiver is a peer with a clock of its own")]
    fn now(&self) -> Millis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Millis(i64::try_from(since.as_millis()).unwrap())
    }
}

pub async fn sandbox() -> SandboxHandle {
    let settings =
        SandboxSettings { max_kept: KEPT, ..SandboxSettings::loopback(Arc::new(WallClock)) };
    Sandbox::start(settings).await.unwrap()
}

/// What was made, by id.
pub struct Scene {
    pub campaign: String,
    pub inbound: String,
}

impl Scene {
    /// The campaign and source of DESIGN section 7.
    pub async fn set(api: &Api) -> Self {
        let campaign = api
            .post(
                "/api/v1/campaigns",
                json!({"name": "Solar UK", "reference": "SOLAR-UK", "country": "GB",
                       "currency": "GBP",
                       "fields": [{"name": "email", "type": "email", "required": true},
                                  {"name": "phone", "type": "phone"}]}),
            )
            .await;
        let campaign = text(&campaign, "id");
        let source = api
            .post(
                "/api/v1/sources",
                json!({"campaign_id": campaign, "kind": "endpoint", "name": "Partner A"}),
            )
            .await;
        let inbound = format!("/api/inbound/w/{}/leads", text(&source, "webhook_id"));
        assert!(text(&source, "inbound_url").ends_with(&inbound));
        Self { campaign, inbound }
    }

    /// A webhook destination to a path of the sandbox, whose signatures it then checks.
    pub async fn destination(
        &self,
        api: &Api,
        sandbox: &SandboxHandle,
        path: &str,
        more: Value,
    ) -> Value {
        let mut body = json!({"campaign_id": self.campaign, "connector": "webhook",
                              "name": path.trim_start_matches('/'),
                              "settings": {"url": sandbox.url(path)}});
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let made = api.post("/api/v1/destinations", body).await;
        sandbox.set_secret(path, Secret::new(text(&made, "secret"))).unwrap();
        made
    }

    /// Posts a lead; its id.
    pub async fn lead(&self, base: &str, email: &str) -> String {
        let mut connection = Connection::to(base).await.unwrap();
        let (status, answer) = post_lead(&mut connection, &self.inbound, email).await.unwrap();
        assert_eq!(status, 201, "{answer}");
        text(&answer, "id")
    }
}

/// Posts a lead on an open connection.
pub async fn post_lead(
    connection: &mut Connection,
    inbound: &str,
    email: &str,
) -> std::io::Result<(u16, Value)> {
    let body = json!({"email": email, "phone": "07400 123456"}).to_string();
    let headers = [("content-type", "application/json")];
    let (status, answer) = connection.call("POST", inbound, &headers, body.into_bytes()).await?;
    Ok((status, serde_json::from_slice(&answer).unwrap_or_default()))
}

/// A text of a document.
#[track_caller]
pub fn text(document: &Value, key: &str) -> String {
    let text = document[key].as_str();
    text.unwrap_or_else(|| panic!("{key} is no text in {document}")).to_owned()
}

/// The lead of a received delivery.
pub fn lead_of(received: &Received) -> String {
    text(&serde_json::from_slice(&received.body).unwrap(), "lead_id")
}
