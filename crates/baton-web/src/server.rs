//! Connections: an accept loop of our own, because what waits for slow or silent callers must have
//! a limit and a deadline.
//!
//! ```text
//! shutdown: stop accepting -> finish what is being answered -> after the grace period, cut
//! ```

pub(crate) mod request;

use crate::body::{BODY_TIMEOUT, BodyDeadline};
use crate::client_address::Peer;
use axum::Router;
use axum::body::Body;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Most connections at once; more wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 10_000;
/// How long a request's header may take to come, and how long a connection may be idle before.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Most headers of a request.
pub const HEADERS_MAX: usize = 100;
/// Most bytes of a connection's read buffer, which bounds a request's header.
pub const HEADER_BYTES_MAX: usize = 64 * 1024;
/// How long requests may take to end when the server stops.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(20);
/// How long to wait after a failed accept: it fails when file handles are spent, and some time
/// has to pass before any come back.
pub const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// The bounds of the server; the defaults are the named constants.
#[derive(Clone, Copy, Debug)]
pub struct ServerSettings {
    /// See [`CONNECTIONS_MAX`].
    pub connections_max: usize,
    /// See [`HEADER_TIMEOUT`].
    pub header_timeout: Duration,
    /// See [`BODY_TIMEOUT`].
    pub body_timeout: Duration,
    /// See [`SHUTDOWN_GRACE`].
    pub shutdown_grace: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            connections_max: CONNECTIONS_MAX,
            header_timeout: HEADER_TIMEOUT,
            body_timeout: BODY_TIMEOUT,
            shutdown_grace: SHUTDOWN_GRACE,
        }
    }
}

/// Serves until `shutdown` ends, then lets what is being answered end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: ServerSettings,
    shutdown: impl Future<Output = ()>,
) {
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        // A caller that closed its sending side still gets its answer.
        .half_close(true);
    let slots = Arc::new(Semaphore::new(settings.connections_max));
    let (stop, stopped) = watch::channel(false);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, peer, slot)) = accepted else { break };
        // Answers are small; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let entrance = Entrance {
            router: router.clone(),
            peer: Peer(peer.ip()),
            deadline: BodyDeadline(settings.body_timeout),
        };
        tokio::spawn(run(http.clone(), stream, entrance, slot, stopped.clone()));
    }
    drop((listener, stopped));
    stop.send_replace(true);
    if tokio::time::timeout(settings.shutdown_grace, stop.closed()).await.is_err() {
        tracing::warn!("some requests did not end within the grace period and are cut");
    }
}

async fn run(
    http: hyper::server::conn::http1::Builder,
    stream: TcpStream,
    entrance: Entrance,
    slot: OwnedSemaphorePermit,
    mut stopped: watch::Receiver<bool>,
) {
    let service = TowerToHyperService::new(entrance);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    // How a connection ends is the caller's business: resets and timeouts are everyday.
    tokio::select! {
        _ = &mut connection => {}
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
    drop((slot, stopped));
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return Some((stream, peer, slot)),
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// Gives each request what the server knows about its connection.
#[derive(Clone)]
struct Entrance {
    router: Router,
    peer: Peer,
    deadline: BodyDeadline,
}

impl tower::Service<http::Request<hyper::body::Incoming>> for Entrance {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = <Router as tower::Service<http::Request<Body>>>::Future;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        tower::Service::<http::Request<Body>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, request: http::Request<hyper::body::Incoming>) -> Self::Future {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.peer);
        request.extensions_mut().insert(self.deadline);
        self.router.call(request)
    }
}
