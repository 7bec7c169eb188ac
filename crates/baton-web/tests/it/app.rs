//! A server on a free port over a store in a temporary directory, and a client that can misbehave.

use axum::body::Bytes;
use baton_domain::config::{
    ApiKey, Campaign, Destination, DocKind, DuplicateRule, Scope, Source, SourceKind, Workspace,
};
use baton_domain::connector::manifest::{EMBEDDED, Registry};
use baton_domain::id::{
    CampaignId, DeliveryId, DestinationId, KeyId, LeadId, SourceId, TypedId, WebhookId, WorkspaceId,
};
use baton_domain::lead::schema::default_fields;
use baton_domain::secret::Secrets;
use baton_domain::time::{Clock, Entropy, Millis};
use baton_store::docs::{DocWrite, Expect};
use baton_store::leads::{LeadFilter, LeadRow};
use baton_store::sealing::MasterKey;
use baton_store::{Location, Store, StoreSettings};
use baton_web::{AppState, ServerSettings, WebSettings};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use uuid::Uuid;

/// How long a test waits for anything before it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// The key that may do everything.
pub const KEY: &str = "bk_test_0123456789abcdef0123456789abcdef";

pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }
}

#[derive(Default)]
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let block = Sha256::digest(self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// What is there when the server starts; tests change what they are about.
pub struct Seed {
    pub campaign: Campaign,
    pub source: Source,
    pub source_secrets: Secrets,
    pub destinations: Vec<Destination>,
    pub server: ServerSettings,
    pub web: WebSettings,
    pub default_campaign: bool,
    pub scopes: Vec<Scope>,
}

pub struct TestApp {
    pub address: SocketAddr,
    pub store: Store,
    pub clock: Arc<TestClock>,
    pub workspace: WorkspaceId,
    pub campaign: CampaignId,
    pub source: SourceId,
    pub webhook: WebhookId,
    pub destinations: Vec<DestinationId>,
    seed: Seed,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<()>,
    importing: tokio::task::JoinHandle<()>,
    _dir: tempfile::TempDir,
}

pub fn destination(campaign: CampaignId, name: &str) -> Destination {
    serde_json::from_value(json!({
        "campaign": campaign, "connector": "webhook", "name": name,
        "settings": {"url": "https://crm.example/leads"}
    }))
    .unwrap()
}

pub fn duplicates(value: Value) -> Option<DuplicateRule> {
    Some(serde_json::from_value(value).unwrap())
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Seed)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(1_790_000_000_000)));
        let entropy = Arc::new(Counted::default());
        let settings = StoreSettings {
            location: Location::Sqlite { dir: dir.path().to_owned() },
            master: MasterKey::new([7; 32], entropy.clone()),
            clock: clock.clone(),
            entropy,
        };
        let store = Store::open(settings).await.unwrap();
        let campaign_id: CampaignId = store.new_id();
        let mut seed = Seed {
            campaign: Campaign {
                name: "Solar UK".to_owned(),
                reference: "SOLAR-UK".to_owned(),
                country: Some("GB".to_owned()),
                currency: "GBP".to_owned(),
                fields: default_fields(),
                duplicates: None,
                paused: false,
                when_paused: Default::default(),
            },
            source: source(&store, campaign_id, SourceKind::Endpoint),
            source_secrets: Secrets::new(),
            destinations: vec![destination(campaign_id, "CRM")],
            server: ServerSettings::default(),
            web: WebSettings::default(),
            default_campaign: true,
            scopes: Scope::ALL.to_vec(),
        };
        change(&mut seed);
        let workspace = store.new_id();
        let mut app = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            workspace,
            campaign: campaign_id,
            source: store.new_id(),
            webhook: seed.source.webhook_id,
            destinations: seed.destinations.iter().map(|_| store.new_id()).collect(),
            clock,
            stop: None,
            served: tokio::spawn(async {}),
            importing: tokio::spawn(async {}),
            seed,
            store,
            _dir: dir,
        };
        app.write_seed().await;
        app.listen().await;
        app
    }

    async fn write_seed(&self) {
        let seed = &self.seed;
        let body = Workspace {
            default_campaign: seed.default_campaign.then_some(self.campaign),
            ..Workspace::new(self.workspace, "Test")
        };
        self.put(DocKind::Workspace, self.workspace.uuid(), &body).await;
        self.put(DocKind::Campaign, self.campaign.uuid(), &seed.campaign).await;
        for (id, body) in self.destinations.iter().zip(&seed.destinations) {
            self.put(DocKind::Destination, id.uuid(), body).await;
        }
        let mut write = self.write(DocKind::Source, self.source.uuid(), &seed.source);
        write.secrets = Some(self.store.master().seal_secrets(&seed.source_secrets).unwrap());
        self.store.change_docs(vec![write]).await.unwrap();
        self.add_key(self.workspace, KEY, seed.scopes.clone()).await;
    }

    async fn listen(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let connectors = Arc::new(Registry::load(EMBEDDED, &[]).unwrap());
        let state = AppState::new(self.store.clone(), connectors, self.seed.web.clone());
        let imports = baton_web::importing::run(state.clone(), std::future::pending());
        self.importing = tokio::spawn(imports);
        let router = baton_web::router(state);
        let (stop, stopped) = oneshot::channel::<()>();
        self.stop = Some(stop);
        let settings = self.seed.server;
        self.served = tokio::spawn(async move {
            baton_web::serve(listener, router, settings, async {
                let _ = stopped.await;
            })
            .await;
        });
    }

    /// Asks the server to stop and waits until it has.
    pub async fn stop(&mut self) {
        drop(self.stop.take());
        tokio::time::timeout(PATIENCE, &mut self.served).await.unwrap().unwrap();
    }

    /// A connection of another process to the database.
    pub fn foreign_connection(&self) -> rusqlite::Connection {
        let connection =
            rusqlite::Connection::open(self._dir.path().join(baton_store::DATABASE_FILE)).unwrap();
        connection.busy_timeout(PATIENCE).unwrap();
        connection
    }

    /// A lead for the store, past the web.
    pub fn stored_lead(&self) -> baton_store::capture::Capture {
        baton_store::capture::Capture {
            workspace: self.workspace,
            campaign: self.campaign,
            source: self.source,
            lead: self.store.new_id(),
            data: baton_domain::lead::LeadData::default(),
            state: baton_domain::lead::LeadState::Received,
            problems: None,
            test: false,
            config_version: 1,
            now: self.store.now(),
            idempotency: None,
            duplicates: None,
            partial: None,
            deliveries: Vec::new(),
            event_ids: std::array::from_fn(|_| self.store.new_id()),
        }
    }

    fn write<T: Serialize>(&self, kind: DocKind, id: Uuid, body: &T) -> DocWrite {
        DocWrite {
            workspace: self.workspace,
            kind,
            id,
            expect: Expect::New,
            body: Some(serde_json::to_vec(body).unwrap()),
            secrets: None,
            unique: None,
            stopped: false,
            changed_by: "test".into(),
            now: self.store.now(),
            idempotency: None,
        }
    }

    pub async fn put<T: Serialize>(&self, kind: DocKind, id: Uuid, body: &T) {
        self.store.change_docs(vec![self.write(kind, id, body)]).await.unwrap();
    }

    pub async fn add_key(&self, workspace: WorkspaceId, text: &str, scopes: Vec<Scope>) {
        let key = ApiKey {
            name: "test".to_owned(),
            sha256: hex::encode(Sha256::digest(text)),
            shown: text.chars().take(6).collect(),
            scopes,
            expires_at: None,
            revoked_at: None,
            former: None,
        };
        let id: KeyId = self.store.new_id();
        let write = DocWrite { workspace, ..self.write(DocKind::Key, id.uuid(), &key) };
        self.store.change_docs(vec![write]).await.unwrap();
    }

    /// Another workspace with a key of its own and a campaign.
    pub async fn other_workspace(&self, key: &str) -> (WorkspaceId, CampaignId) {
        let (workspace, campaign) = (self.store.new_id(), self.store.new_id::<CampaignId>());
        let body =
            Workspace { default_campaign: Some(campaign), ..Workspace::new(workspace, "Other") };
        let mut writes = vec![
            self.write(DocKind::Workspace, workspace.uuid(), &body),
            self.write(DocKind::Campaign, campaign.uuid(), &self.seed.campaign),
        ];
        for write in &mut writes {
            write.workspace = workspace;
        }
        self.store.change_docs(writes).await.unwrap();
        self.add_key(workspace, key, Scope::ALL.to_vec()).await;
        (workspace, campaign)
    }

    pub async fn change_campaign(&self, change: impl FnOnce(&mut Campaign)) {
        let mut body = self.seed.campaign.clone();
        change(&mut body);
        let id = self.campaign.uuid();
        let write = DocWrite { expect: Expect::Any, ..self.write(DocKind::Campaign, id, &body) };
        self.store.change_docs(vec![write]).await.unwrap();
    }

    pub async fn change_source(&self, id: SourceId, body: &Source) {
        let write =
            DocWrite { expect: Expect::Any, ..self.write(DocKind::Source, id.uuid(), body) };
        self.store.change_docs(vec![write]).await.unwrap();
    }

    /// Adds a source of that kind to the campaign.
    pub async fn add_source(&self, kind: SourceKind) -> (SourceId, WebhookId) {
        let body = source(&self.store, self.campaign, kind);
        let id: SourceId = self.store.new_id();
        self.put(DocKind::Source, id.uuid(), &body).await;
        (id, body.webhook_id)
    }

    pub fn inbound(&self) -> String {
        format!("/api/inbound/w/{}/leads", self.webhook)
    }

    /// Posts JSON to the endpoint source.
    pub async fn capture(&self, lead: Value) -> Reply {
        self.post(&self.inbound(), &[], lead).await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Reply {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.request("POST", path, &all, body.to_string().as_bytes()).await
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.request("GET", path, headers, b"").await
    }

    pub async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        self.raw(&[request.as_bytes(), body].concat()).await
    }

    /// Sends bytes as they are and reads to the end of the connection.
    pub async fn raw(&self, bytes: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        Reply::parse(&read_to_end(&mut stream).await)
    }

    pub async fn leads(&self) -> Vec<LeadRow> {
        let filter = LeadFilter { limit: 200, ..LeadFilter::default() };
        self.store.workspace(self.workspace).leads(&filter).await.unwrap().rows
    }

    pub async fn lead(&self, id: &str) -> LeadRow {
        let id: LeadId = id.parse().unwrap();
        self.store.workspace(self.workspace).lead(id).await.unwrap().unwrap()
    }

    /// Destinations of a lead's deliveries, oldest first, with their states.
    pub async fn deliveries(&self, lead: &str) -> Vec<(DeliveryId, Uuid, &'static str)> {
        let filter = baton_store::deliveries::DeliveryFilter {
            lead: Some(lead.parse().unwrap()),
            limit: 100,
            ..Default::default()
        };
        let page = self.store.workspace(self.workspace).deliveries(&filter).await.unwrap();
        page.rows.iter().rev().map(|d| (d.id, d.target, d.state.as_str())).collect()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.importing.abort();
    }
}

pub fn source(store: &Store, campaign: CampaignId, kind: SourceKind) -> Source {
    Source {
        campaign,
        kind,
        name: "Partner A".to_owned(),
        webhook_id: store.new_id(),
        supplier: None,
        allowed_origins: Vec::new(),
        require_signature: false,
        rate_limit: None,
        wait_ms: None,
        disabled: false,
        hmac_previous_until: None,
    }
}

/// Reads until the other end closes; a reset is an end too.
pub async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let reading = async {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = stream.read(&mut buffer).await {
            all.extend_from_slice(&buffer[..n]);
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the server must end the connection");
    all
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Reply {
    pub fn parse(bytes: &[u8]) -> Self {
        let head = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| {
            panic!("no answer, but {:?}", String::from_utf8_lossy(bytes));
        });
        let text = std::str::from_utf8(&bytes[..head]).unwrap();
        let mut lines = text.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (name.to_ascii_lowercase(), value.trim().to_owned())
            })
            .collect();
        let length = headers.iter().find(|(n, _)| n == "content-length");
        let length = length.map_or(0, |(_, v)| v.parse().unwrap());
        let body = &bytes[head + 4..];
        Self { status, headers, body: Bytes::copy_from_slice(&body[..length.min(body.len())]) }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("not JSON: {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// Asserts a problem of that status and code, and gives its body.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!((self.status, body["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(body["status"], json!(status));
        body
    }

    /// Asserts a 201 with a state, and gives the lead's id.
    #[track_caller]
    pub fn created(&self, state: &str) -> String {
        let body = self.json();
        assert_eq!((self.status, body["state"].as_str()), (201, Some(state)), "{body}");
        body["id"].as_str().unwrap().to_owned()
    }
}
