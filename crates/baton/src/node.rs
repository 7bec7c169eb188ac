//! A running Baton: the store, the engine and the HTTP face, started and stopped together.
//!
//! ```text
//! start:  data directory -> master key -> connectors -> store -> workspace -> engine -> web
//! stop:   stop accepting, stop claiming -> what is under way may end, until the deadline
//!         -> give the rest back -> close the store
//! ```

use crate::clock::SystemClock;
use crate::data_dir;
use crate::entropy::SystemEntropy;
use crate::failure::Failure;
use crate::metrics::EngineMetrics;
use crate::settings::{self, Role, Settings};
use baton_domain::connector::manifest::{EMBEDDED, MANIFEST_BYTES_MAX, Registry};
use baton_domain::guard::AllowList;
use baton_domain::secret::Secret;
use baton_domain::time::Clock;
use baton_engine::http::{Client, ClientSettings};
use baton_engine::{
    Engine, EngineHandle, EngineLimits, EngineSettings, JitterMode, NoHooks, SystemTimer,
};
use baton_store::sealing::MasterKey;
use baton_store::{Location, Store, StoreSettings};
use baton_web::auth::offer_setup;
use baton_web::keys::{FirstStart, ensure_workspace};
use baton_web::{AppState, ServerSettings, WebSettings};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long the store may take to close after everything else has stopped.
const CLOSE_MAX: Duration = Duration::from_secs(10);
/// How often a node without an engine looks for configuration that others changed.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

/// A running Baton.
pub(crate) struct Node {
    store: Store,
    engine: Option<EngineHandle>,
    follower: Option<JoinHandle<()>>,
    web: Web,
    /// The workspace it started with.
    pub first: FirstStart,
    /// Path and token of the link that makes the first user, while there is none.
    setup: Option<Secret>,
}

struct Web {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    /// Ends the work on imports when it is dropped.
    importing: oneshot::Sender<()>,
    imports: JoinHandle<()>,
}

impl Node {
    /// Starts what the role asks for. It answers and delivers when this returns.
    ///
    /// # Errors
    /// When the data, the address or a connector cannot be used.
    pub(crate) async fn start(settings: &Settings) -> Result<Self, Failure> {
        if settings.data.database.is_none() && settings.server.role != Role::All {
            return Err(Failure::Settings(
                "--role web and --role engine share a PostgreSQL database; the embedded one has \
                 one process, which does all"
                    .to_owned(),
            ));
        }
        let registry = Arc::new(registry(settings.data.connectors.as_deref())?);
        // Before the store: an address that is taken is found out before anything is changed.
        let listener = bind(settings.server.listen)?;
        let store = open_store(settings).await?;
        let first = ensure_workspace(&store, settings.data.bootstrap_key.as_ref())
            .await
            .map_err(Failure::new)?;
        let setup = match settings.server.role.answers() {
            true => offer_setup(&store).await.map_err(Failure::new)?,
            false => None,
        };
        let allow = allow_list(settings);
        let engine = match settings.server.role.delivers() {
            true => Some(start_engine(settings, &store, &registry, &allow).await?),
            false => None,
        };
        let follower = engine.is_none().then(|| tokio::spawn(follow(store.clone())));
        let state = AppState::new(store.clone(), registry, web_settings(settings, allow));
        if let Some(engine) = &engine {
            let metrics = EngineMetrics(engine.stats_reader());
            state.stats.register(|registry| registry.register_collector(Box::new(metrics)));
        }
        let web = start_web(listener, state, &settings.server)?;
        Ok(Self { store, engine, follower, web, first, setup })
    }

    /// Its store.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.web.addr
    }

    /// The link that makes the first user, as the lines that show it, while there is none.
    pub(crate) fn setup_lines(&self, settings: &Settings) -> Option<String> {
        let path = self.setup.as_ref()?;
        let local = local_url(self.addr());
        let base = settings.server.public_url.as_deref().unwrap_or(&local);
        Some(format!(
            "Nobody can sign in yet. Open this link to make the first user; it works once, and a \
             new one is\nshown at each start until it was used:\n\n  {base}{}\n",
            path.reveal()
        ))
    }

    /// Returns when the HTTP face has ended by itself, which it does not do while all is well.
    pub(crate) async fn broken(&mut self) {
        drop((&mut self.web.task).await);
    }

    /// Stops in phases; returns when the store is closed.
    pub(crate) async fn stop(self, deadline: Duration) {
        let Self { store, engine, follower, web, .. } = self;
        if let Some(follower) = follower {
            follower.abort();
        }
        let web = async {
            drop(web.importing);
            let _ = web.stop.send(());
            drop(tokio::join!(web.task, web.imports));
        };
        let engine = async {
            if let Some(engine) = engine {
                engine.stop(deadline).await;
            }
        };
        tokio::join!(web, engine);
        // The last clone that goes closes the database, which waits for its threads.
        let closed = tokio::task::spawn_blocking(move || drop(store));
        if tokio::time::timeout(CLOSE_MAX, closed).await.is_err() {
            tracing::warn!("the database took too long to close; nothing is lost by that");
        }
    }
}

/// Opens the store of the settings, with its directory and master key made at a first start.
pub(crate) async fn open_store(settings: &Settings) -> Result<Store, Failure> {
    let data = &settings.data;
    if data.database.is_none() {
        data_dir::prepare(&data.dir)?;
    }
    let entropy = Arc::new(SystemEntropy);
    let key =
        settings::master_key(data, &*entropy).map_err(|e| Failure::Settings(e.to_string()))?;
    let location = match &data.database {
        Some(url) => Location::Postgres { url: url.clone() },
        None => Location::Sqlite { dir: data.dir.clone() },
    };
    let settings = StoreSettings {
        location,
        master: MasterKey::new(key, entropy.clone()),
        clock: Arc::new(SystemClock),
        entropy,
    };
    let store = Store::open(settings).await.map_err(Failure::new)?;
    if let Ok(durability) = store.durability().await
        && !durability.before_answer
    {
        let settings = durability.settings;
        tracing::warn!(
            settings,
            "the database acknowledges commits that are not on disk yet: a loss of power may lose leads"
        );
    }
    Ok(store)
}

/// The connectors of the program and those of the folder.
///
/// # Errors
/// All that is wrong with the manifests, each with its file and line.
pub(crate) fn registry(folder: Option<&Path>) -> Result<Registry, Failure> {
    let mut user = Vec::new();
    if let Some(folder) = folder {
        let failed =
            |e: std::io::Error| Failure::Settings(format!("connectors {}: {e}", folder.display()));
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .map_err(failed)?;
        files.retain(|path| path.extension().is_some_and(|e| e == "toml"));
        files.sort();
        for file in files {
            let unreadable =
                |problem: String| Failure::Settings(format!("{}: {problem}", file.display()));
            let size = std::fs::metadata(&file).map_err(|e| unreadable(e.to_string()))?.len();
            if size > MANIFEST_BYTES_MAX as u64 {
                return Err(unreadable(format!("larger than {MANIFEST_BYTES_MAX} bytes")));
            }
            let text = std::fs::read_to_string(&file).map_err(|e| unreadable(e.to_string()))?;
            user.push((file.display().to_string(), text));
        }
    }
    Registry::load(EMBEDDED, &user).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Failure::Settings(lines.join("\n"))
    })
}

/// Connections that may wait to be accepted. A burst of new ones that finds no place is dropped by
/// the kernel, and each caller tries again only after a second.
const BACKLOG: u32 = 4_096;

fn bind(addr: SocketAddr) -> Result<TcpListener, Failure> {
    let listen = || {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // So that a restart need not wait for connections that are still closing.
        socket.set_reuseaddr(true)?;
        socket.bind(addr)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|e| {
        Failure::Failed(format!("cannot listen on {addr}: {e}; choose another with --listen"))
    })
}

fn allow_list(settings: &Settings) -> AllowList {
    AllowList {
        private: settings.delivery.allow_private,
        http: settings.delivery.allow_http,
        ports: settings.delivery.allow_ports.clone(),
        ..AllowList::default()
    }
}

async fn start_engine(
    settings: &Settings,
    store: &Store,
    registry: &Arc<Registry>,
    allow: &AllowList,
) -> Result<EngineHandle, Failure> {
    let client = Client::new(ClientSettings { allow: allow.clone(), ..ClientSettings::default() })
        .map_err(Failure::new)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Engine::start(EngineSettings {
        store: store.clone(),
        client,
        registry: Arc::clone(registry),
        clock: Arc::new(SystemTimer::new(clock)),
        limits: limits(settings),
        jitter: JitterMode::Random,
        hooks: Arc::new(NoHooks),
    })
    .await
    .map_err(Failure::new)
}

fn limits(settings: &Settings) -> EngineLimits {
    let usual = EngineLimits::default();
    let days = settings.retention.lead_days;
    EngineLimits {
        in_flight: settings.delivery.in_flight,
        lease_ms: settings.testing.lease_ms.map_or(usual.lease_ms, i64::from),
        retention_days: (days > 0).then_some(days),
        ..usual
    }
}

/// Keeps up with the other nodes where there is no engine that does: configuration and clock.
async fn follow(store: Store) {
    // Someone else delivers what is taken in here.
    store.expect_other_nodes();
    loop {
        // A lost hint costs one interval.
        let _ = tokio::time::timeout(FOLLOW_EVERY, store.hints().config_stale()).await;
        let followed = async {
            store.refresh().await?;
            store.measure_clock().await
        };
        if let Err(error) = followed.await {
            if !error.is_outage() {
                tracing::warn!(%error, "the configuration of other nodes cannot be read");
            }
            tokio::time::sleep(FOLLOW_EVERY).await;
        }
    }
}

fn web_settings(settings: &Settings, allow: AllowList) -> WebSettings {
    WebSettings {
        public_url: settings.server.public_url.clone(),
        trusted_proxies: settings.server.trusted_proxies.clone(),
        metrics_public: settings.metrics.public,
        allow,
        ..WebSettings::default()
    }
}

fn start_web(
    listener: TcpListener,
    state: AppState,
    server: &settings::ServerSettings,
) -> Result<Web, Failure> {
    let addr = listener.local_addr().map_err(Failure::new)?;
    let streams = Arc::clone(&state.streams);
    let warming = state.clone();
    // Beside the start; whoever asks whether the server is ready waits for it.
    tokio::spawn(async move { warming.warm_up().await });
    let (importing, over) = oneshot::channel::<()>();
    let answers = server.role.answers();
    let worker = state.clone();
    let imports = tokio::spawn(async move {
        if answers {
            let over = async {
                let _ = over.await;
            };
            baton_web::importing::run(worker, over).await;
        }
    });
    let router = if answers { baton_web::router(state) } else { baton_web::health_router(state) };
    let (stop, stopped) = oneshot::channel();
    let stopping = async move {
        let _ = stopped.await;
        // A stream never ends by itself; the server waits for what is being answered.
        streams.end();
    };
    let grace = Duration::from_secs(server.stop_deadline_s.into());
    let server = ServerSettings { shutdown_grace: grace, ..ServerSettings::default() };
    let task = tokio::spawn(baton_web::serve(listener, router, server, stopping));
    Ok(Web { addr, stop, task, importing, imports })
}

/// The address as a URL that works on this machine.
pub(crate) fn local_url(addr: SocketAddr) -> String {
    let ip = match addr.ip() {
        ip if !ip.is_unspecified() => ip,
        std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    format!("http://{}", SocketAddr::new(ip, addr.port()))
}

/// The key that was made at a first start, as the lines that show it.
pub(crate) fn key_lines(key: &Secret) -> String {
    format!(
        "First start. Your API key, with all scopes; it is shown this once and kept as a hash:\n\n  \
         {}\n",
        key.reveal()
    )
}
