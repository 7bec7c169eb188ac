//! What every handler has at hand.

use crate::api::EXPORTS_MAX;
use crate::api::stream::Streams;
use crate::auth::Accounts;
use crate::capture::CaptureState;
use crate::catch_up::CatchUp;
use crate::health::Readiness;
use crate::keys::sha256_hex;
use crate::metrics::Stats;
use crate::problem::Problem;
use baton_domain::config::ApiKey;
use baton_domain::connector::manifest::Registry;
use baton_domain::guard::AllowList;
use baton_domain::id::{KeyId, TypedId};
use baton_domain::lead::phone::warm_up;
use baton_domain::time::Millis;
use baton_store::{Doc, Store};
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{OnceCell, Semaphore};

/// What a person may set about the HTTP face.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Version of this release, as the API shows it.
    pub version: String,
    /// Base of the URLs shown to people (`https://leads.example.com`), without a slash at its end;
    /// `None`: paths only.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed; empty: the peer of the connection counts.
    pub trusted_proxies: Vec<IpNet>,
    /// What destinations and webhooks may be besides https on the public internet; the engine's
    /// client has the same list.
    pub allow: AllowList,
    /// Whether `/metrics` answers without a key.
    pub metrics_public: bool,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            public_url: None,
            trusted_proxies: Vec::new(),
            allow: AllowList::default(),
            metrics_public: false,
        }
    }
}

/// What every handler has at hand. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// Everything remembered.
    pub store: Store,
    /// The connectors there are.
    pub connectors: Arc<Registry>,
    /// What a person may set.
    pub settings: Arc<WebSettings>,
    /// Counters, and the registry that `/metrics` shows.
    pub stats: Arc<Stats>,
    /// When this process began.
    pub started_at: Millis,
    /// Places for exports.
    pub(crate) exports: Arc<Semaphore>,
    /// The event streams that are open.
    pub streams: Arc<Streams>,
    pub(crate) capture: Arc<CaptureState>,
    pub(crate) catch_up: Arc<CatchUp>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) accounts: Arc<Accounts>,
    warmed: Arc<OnceCell<()>>,
}

/// Most bytes of a key that is looked up; longer ones are none of ours.
const KEY_BYTES_MAX: usize = 512;

impl AppState {
    /// The state over an open store.
    #[must_use]
    pub fn new(store: Store, connectors: Arc<Registry>, settings: WebSettings) -> Self {
        Self {
            started_at: store.now(),
            store,
            connectors,
            settings: Arc::new(settings),
            stats: Arc::new(Stats::new()),
            exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
            streams: Arc::default(),
            capture: Arc::default(),
            catch_up: Arc::default(),
            readiness: Arc::default(),
            accounts: Arc::default(),
            warmed: Arc::default(),
        }
    }

    /// Brings into memory what the first capture would otherwise wait for. Costs a thread a
    /// tenth of a second, once; `/readyz` answers after it.
    pub async fn warm_up(&self) {
        let warming = || async {
            let snapshot = self.store.snapshot();
            // A warm-up that panicked leaves the work to the first capture.
            let warmed = tokio::task::spawn_blocking(move || {
                let campaigns = snapshot.campaigns.values();
                let countries: BTreeSet<&str> =
                    campaigns.filter_map(|c| c.body.country.as_deref()).collect();
                warm_up(countries);
            });
            drop(warmed.await);
        };
        self.warmed.get_or_init(warming).await;
    }

    /// The API key that was presented, if it is one and works now. Keys are found by their hash,
    /// so looking one up takes the same time whatever part of it is right.
    ///
    /// # Errors
    /// 503 when it is not known here and the database cannot be asked.
    pub async fn live_key(
        &self,
        presented: &str,
    ) -> Result<Option<(KeyId, Arc<Doc<ApiKey>>)>, Problem> {
        if presented.is_empty() || presented.len() > KEY_BYTES_MAX {
            return Ok(None);
        }
        let sha256 = sha256_hex(presented);
        let find = || self.store.snapshot().key_by_sha256(&sha256).map(Arc::clone);
        let key = match find() {
            Some(key) => Some(key),
            None => {
                self.catch_up.look(&self.store).await?;
                find()
            }
        };
        let live = key.filter(|key| key.body.accepts(&sha256, self.store.now()));
        Ok(live.map(|key| {
            let id = KeyId::from_uuid(key.meta.id);
            self.key_used(key.meta.workspace, id);
            (id, key)
        }))
    }
}
