//! A receiver whose behaviour is scripted: what `baton sandbox` runs, what `baton demo` delivers
//! to, and what the tests of the other crates use as the far side. Under `/leadbyte/` and the like,
//! and where a rule says so, it answers as that vendor's API would.
//!
//! It keeps what it received, byte for byte, and says whether the signatures were right. It is the
//! peer, so it checks signatures with code of its own: sharing the signer would let one mistake
//! hide on both sides.
//!
//! It is meant for loopback. There is no authentication, and what it keeps is personal data.

// Nothing from outside may make a request path panic.
#![cfg_attr(
    not(test),
    warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used)
)]

mod admin;
mod behaviour;
mod body;
mod book;
mod query;
mod rules;
mod server;
mod signature;
mod vendor;

pub use behaviour::{
    Behaviour, Chance, Cut, CutHow, DELAY_MS_MAX, Drip, Raw, Reply, SEQUENCE_STEPS_MAX,
    SIZE_BYTES_MAX, ScriptError,
};
pub use book::{KEPT_BYTES_MAX, Received, WAIT_MAX, WaitError};
pub use rules::{RULES_MAX, Rule};
pub use server::{CONNECTIONS_MAX, REQUEST_BODY_BYTES_MAX};
pub use signature::{SignatureCheck, Signatures, TIMESTAMP_TOLERANCE_SECONDS};
pub use vendor::prices::{Cents, Prices, PricesError};
pub use vendor::script::{BIDS_MAX, Outcome, REQUIRED_MAX, VendorName, VendorScript};

use baton_domain::secret::Secret;
use baton_domain::time::Clock;
use book::Book;
use rules::Rules;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// How many requests are kept when nothing else is said.
pub const KEPT_DEFAULT: usize = 1_000;

/// What a sandbox starts with.
pub struct SandboxSettings {
    /// Where it listens. Port 0 takes a free one; [`SandboxHandle::addr`] tells which.
    pub listen: SocketAddr,
    /// How many requests are kept; the oldest go first. [`KEPT_BYTES_MAX`] bounds their bodies.
    pub max_kept: usize,
    /// Behaviour per path pattern; a path without one answers 200, or as the vendor it names.
    pub rules: Vec<Rule>,
    /// Secret per path pattern: what signatures are checked with (on other paths they are not), and
    /// the credential that a vendor wants (on other paths any credential is right).
    pub secrets: Vec<(String, Secret)>,
    /// Gives the time of arrival, and judges the age of `webhook-timestamp`.
    pub clock: Arc<dyn Clock>,
}

impl SandboxSettings {
    /// On a free loopback port, without rules and secrets.
    #[must_use]
    pub fn loopback(clock: Arc<dyn Clock>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            max_kept: KEPT_DEFAULT,
            rules: Vec::new(),
            secrets: Vec::new(),
            clock,
        }
    }
}

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("the sandbox cannot listen on {addr}; choose another address or port")]
    Listen {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A rule of the settings cannot be followed.
    #[error(transparent)]
    Script(#[from] ScriptError),
}

/// What the accept loop, its connections and the handle share.
struct Shared {
    rules: Rules,
    book: Book,
    memories: vendor::Memories,
    clock: Arc<dyn Clock>,
}

/// The scriptable receiver.
pub struct Sandbox;

impl Sandbox {
    /// Starts a sandbox; it stops when its handle is dropped or [`SandboxHandle::shutdown`].
    ///
    /// # Errors
    /// When the address is taken or a rule or secret pattern cannot be followed.
    pub async fn start(settings: SandboxSettings) -> Result<SandboxHandle, StartError> {
        let rules = Rules::default();
        rules.replace(settings.rules)?;
        rules.replace_secrets(settings.secrets)?;
        let listen_error = |source| StartError::Listen { addr: settings.listen, source };
        let listener =
            tokio::net::TcpListener::bind(settings.listen).await.map_err(listen_error)?;
        let addr = listener.local_addr().map_err(listen_error)?;
        let shared = Arc::new(Shared {
            rules,
            book: Book::new(settings.max_kept),
            memories: vendor::Memories::default(),
            clock: settings.clock,
        });
        let task = tokio::spawn(server::accept(listener, Arc::clone(&shared)));
        Ok(SandboxHandle { addr, shared, task: Some(task) })
    }
}

/// A running sandbox. Dropping it ends the sandbox and every open connection at once.
pub struct SandboxHandle {
    addr: SocketAddr,
    shared: Arc<Shared>,
    task: Option<JoinHandle<()>>,
}

impl SandboxHandle {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The `http` URL of a path on this sandbox; `path` starts with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// The requests kept, oldest first. Admin requests are not among them.
    #[must_use]
    pub fn received(&self) -> Vec<Arc<Received>> {
        self.shared.book.kept()
    }

    /// How many requests came since the start or the last [`SandboxHandle::clear`], kept or not.
    #[must_use]
    pub fn received_count(&self) -> u64 {
        self.shared.book.count()
    }

    /// The most requests that were being answered at one moment.
    #[must_use]
    pub fn in_flight_peak(&self) -> usize {
        self.shared.book.in_flight_peak()
    }

    /// Sets the behaviour of a path, or of all paths with a prefix (`/buyer/*`), in place of the
    /// one it had, and starts its sequence from the beginning. An exact path goes before a prefix,
    /// a longer prefix before a shorter one.
    ///
    /// # Errors
    /// When the pattern or the behaviour cannot be followed, or there are [`RULES_MAX`] rules.
    pub fn set_rule(
        &self,
        pattern: &str,
        behaviour: impl Into<Behaviour>,
    ) -> Result<(), ScriptError> {
        self.shared.rules.set(pattern, behaviour.into())
    }

    /// Sets the secret that requests to the pattern are to be signed with, or that a vendor there
    /// wants as its credential.
    ///
    /// # Errors
    /// When the pattern is none, or there are [`RULES_MAX`] secrets.
    pub fn set_secret(&self, pattern: &str, secret: Secret) -> Result<(), ScriptError> {
        self.shared.rules.set_secret(pattern, secret)
    }

    /// Forgets the requests kept and starts counting again. Rules and secrets stay.
    pub fn clear(&self) {
        self.shared.book.clear();
    }

    /// Makes all vendors forget: leads, pings and tokens. Their draws start from the beginning.
    pub fn clear_vendors(&self) {
        self.shared.memories.clear();
    }

    /// Waits until `n` requests have come since the start or the last clear, then gives those kept.
    ///
    /// # Errors
    /// [`WaitError`] after [`WAIT_MAX`].
    pub async fn wait_for(&self, n: u64) -> Result<Vec<Arc<Received>>, WaitError> {
        self.shared.book.wait_for(n).await
    }

    /// Waits until the requests kept satisfy a condition, then gives them.
    ///
    /// # Errors
    /// [`WaitError`] after [`WAIT_MAX`].
    pub async fn wait_until(
        &self,
        done: impl Fn(&[Arc<Received>]) -> bool,
    ) -> Result<Vec<Arc<Received>>, WaitError> {
        self.shared.book.wait_until(done).await
    }

    /// Waits, without limit, for requests with an id above `id`, then gives those kept. Called with
    /// the last id it gave, it shows each request as it comes.
    pub async fn received_after(&self, id: u64) -> Vec<Arc<Received>> {
        self.shared.book.received_after(id).await
    }

    /// Stops listening, cuts every open connection and waits until that is done.
    pub async fn shutdown(mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // An aborted task ends with a JoinError by design.
            let _ = task.await;
        }
    }
}

impl Drop for SandboxHandle {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
