//! The management API of a running server, as a caller sees it.

use crate::failure::Failure;
use baton_domain::exchange::{Answer, Got, RequestSpec};
use baton_domain::guard::AllowList;
use baton_domain::secret::Secret;
use baton_engine::http::{Client, ClientSettings};
use serde_json::{Map, Value};
use std::time::Duration;
use url::Url;

/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// Rows of a page.
const PAGE: u32 = 100;
/// Most pages of a list.
const PAGES_MAX: usize = 1_000;

/// Where the server is and how to be let in.
#[derive(Debug, clap::Args)]
pub(super) struct RemoteArgs {
    /// The running server
    #[arg(long, value_name = "URL", env = "BATON_SERVER", default_value = "http://127.0.0.1:8080")]
    server: Url,
    /// An API key with the scopes the command needs; better given as
    /// BATON_KEY, where a list of processes does not show it
    #[arg(long, value_name = "KEY", env = "BATON_KEY", hide_env_values = true)]
    key: String,
}

pub(super) struct Remote {
    client: Client,
    base: String,
    key: Secret,
}

impl Remote {
    pub(super) fn new(args: &RemoteArgs) -> Result<Self, Failure> {
        Self::at(args.server.as_str(), &Secret::new(&args.key))
    }

    /// The API at a base URL.
    pub(super) fn at(base: &str, key: &Secret) -> Result<Self, Failure> {
        let url = Url::parse(base).map_err(Failure::new)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        // The operator names this server: it may be anywhere, also on this machine.
        let allow = AllowList { private: true, hosts: vec![host], ..AllowList::default() };
        let client = Client::new(ClientSettings { allow, ..ClientSettings::default() })
            .map_err(Failure::new)?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned(), key: key.clone() })
    }

    /// Makes a document.
    pub(super) async fn create(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call("POST", path, Some(body)).await
    }

    /// The server's address as it was given.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// All rows of a list.
    pub(super) async fn list(&self, path: &str) -> Result<Vec<Map<String, Value>>, Failure> {
        let mut rows = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let more = cursor.map(|c| format!("&cursor={c}")).unwrap_or_default();
            let page = self.call("GET", &format!("{path}?limit={PAGE}{more}"), None).await?;
            if let Some(Value::Array(data)) = page.get("data") {
                rows.extend(data.iter().filter_map(Value::as_object).cloned());
            }
            cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() {
                return Ok(rows);
            }
        }
        Err(Failure::Failed(format!("{path}: the list does not end")))
    }

    /// Makes a call with a JSON body and gives the JSON that came.
    pub(super) async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let bytes = body.map(serde_json::to_vec).transpose().map_err(Failure::new)?;
        let kind = bytes.as_ref().map(|_| "application/json");
        self.send(method, path, (kind, bytes.unwrap_or_default())).await
    }

    /// Posts what may be refused: an answer of the API is taken whatever its status, except a
    /// fault of the server's own.
    pub(super) async fn offer(&self, path: &str, body: &Value) -> Result<(), Failure> {
        let bytes = serde_json::to_vec(body).map_err(Failure::new)?;
        match self.exchange("POST", path, (Some("application/json"), bytes)).await? {
            answer if answer.status >= 500 => Err(Failure::Failed(refusal(&answer))),
            _ => Ok(()),
        }
    }

    /// Puts bytes somewhere and gives the JSON that came.
    pub(super) async fn put_bytes(&self, path: &str, bytes: Vec<u8>) -> Result<Value, Failure> {
        self.send("PUT", path, (Some("application/octet-stream"), bytes)).await
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        (kind, bytes): (Option<&str>, Vec<u8>),
    ) -> Result<Answer, Failure> {
        let mut headers =
            vec![("Authorization".to_owned(), format!("Bearer {}", self.key.reveal()))];
        headers.extend(kind.map(|kind| ("Content-Type".to_owned(), kind.to_owned())));
        let url = format!("{}{path}", self.base);
        let request = RequestSpec { method: method.to_owned(), url, headers, body: bytes };
        match self.client.exchange(&request, DEADLINE).await.got {
            Got::Fault(fault) => Err(Failure::Failed(format!("{}: {}", self.base, fault.detail))),
            Got::Answer(answer) => Ok(answer),
        }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        sent: (Option<&str>, Vec<u8>),
    ) -> Result<Value, Failure> {
        let answer = self.exchange(method, path, sent).await?;
        if !(200..300).contains(&answer.status) {
            return Err(Failure::Failed(format!("{method} {path}: {}", refusal(&answer))));
        }
        if answer.truncated {
            return Err(Failure::Failed(format!("{method} {path}: too long an answer")));
        }
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body)
            .map_err(|_| Failure::Failed(format!("{}: this is not Baton's API", self.base)))
    }
}

/// What a problem answer says, with its fields.
fn refusal(answer: &Answer) -> String {
    let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut lines = vec![format!("{} {} {}", answer.status, text("title"), text("detail"))];
    for error in problem.get("errors").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        lines.push(format!("  {}: {}", text("field"), text("message")));
    }
    lines.join("\n")
}
