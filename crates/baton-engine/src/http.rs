//! The guarded HTTP client: every call to the outside goes through [`Client::exchange`].
//!
//! It sends a [`RequestSpec`] byte for byte and gives back what came, whatever came. What it
//! holds to:
//!
//! - Only the public internet is called, unless an [`AllowList`] says otherwise. Every address a
//!   name resolves to is judged, and the connection goes to a judged address.
//! - No redirect is followed (a 3xx is an answer), no proxy is taken from the environment, no
//!   compressed answer is unfolded (`Accept-Encoding: identity` is sent; an answer that is
//!   compressed all the same is handed on as it is).
//! - One deadline spans name lookup, connect, TLS, sending, head and body.
//! - [`Fault::sent`](baton_domain::exchange::Fault) is true from the moment the first byte of the
//!   request was given to the socket. A fault without it may be retried even for a sale.
//! - A status whose body then broke off, or was not finished by the deadline, is a fault with
//!   `sent`, not an answer: half a body cannot be classified.
//! - HTTP/1.1 only, TLS 1.2 and 1.3.

mod connect;
mod fault;
mod pool;
mod request;
mod resolve;
mod tls;
mod wire;

pub use baton_domain::guard;
pub use baton_domain::guard::{AllowList, Refusal, Target, check_url};
pub use connect::{ADDRESSES_MAX, ADDRESSES_TRIED_MAX, CONNECT_STAGGER};
pub use pool::{AGE_MAX, IDLE_MAX};
pub use request::{REQUEST_HEAD_BYTES_MAX, REQUEST_HEADERS_MAX};
pub use resolve::{LOOKUPS_MAX, Lookup, Resolve, SystemResolver};
pub use tls::{Roots, SetupError};

use baton_domain::exchange::{
    ANSWER_CLASSIFY_BYTES_MAX, Answer, FaultKind, Got, Phases, RequestSpec,
};
use connect::{Dialer, Stage, micros};
use fault::Failure;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use pool::{Conn, Pool};
use request::Prepared;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use wire::Outgoing;

/// Most headers of an answer.
pub const ANSWER_HEADERS_MAX: usize = 128;
/// Most bytes of an answer's head.
pub const ANSWER_HEAD_BYTES_MAX: usize = 64 * 1024;
/// Longest deadline; a longer one is cut to it.
pub const DEADLINE_MAX: Duration = Duration::from_secs(600);
/// Open connections, busy and idle, unless set otherwise.
pub const CONNECTIONS_MAX_DEFAULT: usize = 2048;
/// Idle connections kept for one host and port, unless set otherwise.
pub const IDLE_PER_HOST_MAX_DEFAULT: usize = 64;
/// Idle connections tried for one exchange before a new one is made.
const REUSE_TRIES_MAX: u32 = 3;

/// How a [`Client`] is set up. `Default` is right for a server on the internet.
pub struct ClientSettings {
    /// What may be called besides the public internet.
    pub allow: AllowList,
    /// Who is trusted to sign certificates.
    pub roots: Roots,
    /// Turns names into addresses.
    pub resolver: Arc<dyn Resolve>,
    /// Most open connections, busy and idle; an exchange that finds none free waits for one
    /// within its deadline.
    pub connections_max: usize,
    /// Most idle connections kept for one host and port; 0 keeps none.
    pub idle_per_host_max: usize,
    /// The `User-Agent` of requests that bring none; empty sends none.
    pub user_agent: String,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            allow: AllowList::default(),
            roots: Roots::default(),
            resolver: Arc::new(SystemResolver::default()),
            connections_max: CONNECTIONS_MAX_DEFAULT,
            idle_per_host_max: IDLE_PER_HOST_MAX_DEFAULT,
            user_agent: concat!("Baton/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// What one exchange brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// The answer, or why there is none.
    pub got: Got,
    /// Where the time went, as far as it came.
    pub phases: Phases,
    /// The address that was connected to.
    pub remote: Option<SocketAddr>,
    /// This machine is at fault (no free connection or file descriptor), not the receiver: no
    /// attempt is spent and no harm done to the endpoint's health. Nothing was sent.
    pub ours: bool,
}

/// What the client has done so far, for metrics.
#[derive(Default, Debug)]
pub struct Counters {
    /// Connections made.
    pub opened: AtomicU64,
    /// Exchanges that took a connection from the pool.
    pub reused: AtomicU64,
}

/// The HTTP client. Cloning is cheap; clones share their connections.
#[derive(Clone)]
pub struct Client {
    pool: Arc<Pool>,
    user_agent: Arc<str>,
}

/// How far an exchange came; outlives one that its deadline cut off.
struct Trail {
    stage: Stage,
    phases: Phases,
    remote: Option<SocketAddr>,
    outgoing: Option<Outgoing>,
    status: Option<u16>,
}

impl Trail {
    fn new() -> Self {
        Self {
            stage: Stage::Slot,
            phases: Phases::default(),
            remote: None,
            outgoing: None,
            status: None,
        }
    }

    fn sent(&self) -> bool {
        self.outgoing.as_ref().is_some_and(Outgoing::tried)
    }

    fn timeout(&self, deadline: Duration) -> Failure {
        let doing = match self.stage {
            Stage::Slot => "waiting for a free connection",
            Stage::Dns => "resolving the host name",
            Stage::Connect => "connecting",
            Stage::Tls => "in the TLS handshake",
            Stage::Answer => "waiting for the answer",
            Stage::Body => "reading the answer's body",
        };
        let detail = format!("the deadline of {} ms passed while {doing}", deadline.as_millis());
        match self.stage {
            Stage::Slot => Failure::ours(FaultKind::Timeout, detail),
            _ => Failure::new(FaultKind::Timeout, detail),
        }
    }
}

impl Client {
    /// Makes a client.
    ///
    /// # Errors
    /// [`SetupError`] when the given root certificates cannot be read.
    pub fn new(settings: ClientSettings) -> Result<Self, SetupError> {
        let dialer = Dialer {
            allow: settings.allow,
            resolver: settings.resolver,
            tls: tls::client_config(&settings.roots)?,
        };
        let pool = Pool::new(dialer, settings.connections_max, settings.idle_per_host_max);
        Ok(Self { pool: Arc::new(pool), user_agent: settings.user_agent.into() })
    }

    /// What may be called: the same list serves when a URL is saved ([`check_url`]).
    #[must_use]
    pub fn allow(&self) -> &AllowList {
        self.pool.allow()
    }

    /// What was done so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.pool.counters
    }

    /// Connections kept open without use at present.
    #[must_use]
    pub fn idle_connections(&self) -> usize {
        self.pool.idle_count()
    }

    /// Sends a request and reads the answer within `deadline` (at most [`DEADLINE_MAX`]).
    ///
    /// Never fails: what goes wrong is a [`Got::Fault`]. Must run in a Tokio runtime with I/O and
    /// time. Dropping the future closes its connection.
    pub async fn exchange(&self, request: &RequestSpec, deadline: Duration) -> Exchange {
        let start = Instant::now();
        let deadline = deadline.min(DEADLINE_MAX);
        let mut trail = Trail::new();
        let done = timeout(deadline, self.run(request, &mut trail)).await;
        let done = done.unwrap_or_else(|_| Err(trail.timeout(deadline)));
        let sent = trail.sent();
        let (got, ours) = match done {
            Ok(answer) => (Got::Answer(answer), false),
            Err(mut failure) => {
                if let Some(status) = trail.status {
                    failure.detail = format!("{}, after status {status}", failure.detail);
                }
                let ours = failure.ours;
                (Got::Fault(failure.into_fault(sent)), ours)
            }
        };
        trail.phases.total_us = micros(start);
        Exchange { got, phases: trail.phases, remote: trail.remote, ours }
    }

    async fn run(&self, request: &RequestSpec, trail: &mut Trail) -> Result<Answer, Failure> {
        let prepared = request::prepare(request, self.pool.allow(), &self.user_agent)?;
        let mut tries = 0;
        loop {
            let pooled =
                if tries < REUSE_TRIES_MAX { self.pool.take(&prepared.target) } else { None };
            tries += 1;
            let conn = match pooled {
                Some(conn) => conn,
                None => self.pool.open(&prepared.target, trail).await?,
            };
            let reused = conn.reused;
            match self.ask(&prepared, conn, trail).await {
                // The peer had closed the idle connection and saw nothing of the request.
                Err(_) if reused && !trail.sent() => trail.remote = None,
                done => return done,
            }
        }
    }

    async fn ask(
        &self,
        prepared: &Prepared,
        mut conn: Conn,
        trail: &mut Trail,
    ) -> Result<Answer, Failure> {
        trail.stage = Stage::Answer;
        trail.remote = Some(conn.remote);
        conn.outgoing.start(prepared.head.clone(), prepared.body_bytes());
        trail.outgoing = Some(conn.outgoing.clone());
        let start = Instant::now();
        let sending = conn.sender.try_send_request(prepared.request());
        let response = match conn.drive(sending).await {
            Some(Ok(response)) => response,
            Some(Err(error)) => return Err(Failure::hyper(&error.into_error())),
            None => return Err(Failure::reset()),
        };
        trail.phases.first_byte_us = Some(micros(start));
        trail.stage = Stage::Body;
        trail.status = Some(response.status().as_u16());
        let (head, body) = response.into_parts();
        let (body, truncated) = read(&mut conn, body).await?;
        if !truncated {
            self.pool.put(&prepared.target, conn);
        }
        let headers = head.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        Ok(Answer { status: head.status.as_u16(), headers: headers.collect(), body, truncated })
    }
}

/// Reads a body up to the limit; true when there was more.
async fn read(conn: &mut Conn, mut body: Incoming) -> Result<(Vec<u8>, bool), Failure> {
    let mut bytes = Vec::new();
    loop {
        let frame = match conn.drive(body.frame()).await {
            Some(Some(Ok(frame))) => frame,
            Some(Some(Err(error))) => return Err(Failure::hyper(&error)),
            Some(None) => return Ok((bytes, false)),
            None => return Err(Failure::reset()),
        };
        let Ok(data) = frame.into_data() else { continue };
        let room = ANSWER_CLASSIFY_BYTES_MAX - bytes.len();
        bytes.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Ok((bytes, true));
        }
    }
}
