//! Connections: one exchange at a time each, kept open in between.
//!
//! A connection is driven by the exchange that uses it and by nobody while it is idle. So an
//! exchange that is dropped takes its connection along, nothing is written behind its back, and
//! an idle connection costs memory and a socket, no task.

use super::Trail;
use super::connect::{Dialer, Stage};
use super::fault::Failure;
use super::guard::Target;
use super::wire::{Outgoing, Wire};
use super::{ANSWER_HEAD_BYTES_MAX, ANSWER_HEADERS_MAX, Counters};
use baton_domain::exchange::FaultKind;
use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::Full;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How long a connection is kept without use. Shorter than what servers commonly allow (5 s is
/// Node's), because a request that meets a closing connection may be lost without an answer.
pub const IDLE_MAX: Duration = Duration::from_secs(4);
/// How long a connection is used at all: after that the name is resolved again.
pub const AGE_MAX: Duration = Duration::from_secs(300);
/// Pause between two sweeps of idle connections.
const SWEEP_EVERY: Duration = Duration::from_secs(2);

pub(super) struct Conn {
    pub(super) sender: SendRequest<Full<Bytes>>,
    pub(super) outgoing: Outgoing,
    pub(super) remote: SocketAddr,
    /// Taken from the pool, not made for this exchange.
    pub(super) reused: bool,
    driver: Option<Connection<TokioIo<Wire>, Full<Bytes>>>,
    born: Instant,
    idle_since: Instant,
    _slot: OwnedSemaphorePermit,
}

impl Conn {
    /// Runs `work` and the connection under it; `None` when the connection ended and `work` can
    /// never finish.
    pub(super) async fn drive<F: Future>(&mut self, work: F) -> Option<F::Output> {
        let mut work = pin!(work);
        let driver = &mut self.driver;
        poll_fn(move |cx| {
            if let Poll::Ready(output) = work.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            if driver.as_mut().is_some_and(|driver| driver.poll_unpin(cx).is_ready()) {
                // What it still held for `work` is handed over by dropping it.
                *driver = None;
            }
            match work.as_mut().poll(cx) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending if driver.is_none() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Lets the connection look at its socket once; false when it has ended or is still busy with
    /// the last exchange.
    fn is_usable(&mut self) -> bool {
        if self.driver.as_mut().is_some_and(|driver| driver.now_or_never().is_some()) {
            self.driver = None;
        }
        self.driver.is_some() && self.sender.is_ready() && self.outgoing.is_done()
    }

    fn is_stale(&self, now: Instant) -> bool {
        now.duration_since(self.idle_since) > IDLE_MAX || now.duration_since(self.born) > AGE_MAX
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    https: bool,
    host: String,
    port: u16,
}

impl Key {
    fn of(target: &Target) -> Self {
        Self { https: target.https, host: target.host.clone(), port: target.port }
    }
}

pub(super) struct Pool {
    dialer: Dialer,
    slots: Arc<Semaphore>,
    /// Exchanges that wait for a slot.
    waiting: AtomicUsize,
    idle: Mutex<HashMap<Key, VecDeque<Conn>>>,
    idle_per_host_max: usize,
    sweeping: AtomicBool,
    pub(super) counters: Counters,
}

impl Pool {
    pub(super) fn new(dialer: Dialer, connections_max: usize, idle_per_host_max: usize) -> Self {
        let slots = connections_max.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            dialer,
            slots: Arc::new(Semaphore::new(slots)),
            waiting: AtomicUsize::new(0),
            idle: Mutex::default(),
            idle_per_host_max,
            sweeping: AtomicBool::new(false),
            counters: Counters::default(),
        }
    }

    pub(super) fn allow(&self) -> &super::AllowList {
        &self.dialer.allow
    }

    fn idle(&self) -> MutexGuard<'_, HashMap<Key, VecDeque<Conn>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The idle connection to that target that was used last and still lives.
    pub(super) fn take(&self, target: &Target) -> Option<Conn> {
        let key = Key::of(target);
        let now = Instant::now();
        loop {
            // One at a time, so that sockets are looked at outside the lock.
            let mut conn = self.idle().get_mut(&key)?.pop_back()?;
            if !conn.is_stale(now) && conn.is_usable() {
                conn.reused = true;
                self.counters.reused.fetch_add(1, Ordering::Relaxed);
                return Some(conn);
            }
        }
    }

    /// Makes a connection.
    pub(super) async fn open(&self, target: &Target, trail: &mut Trail) -> Result<Conn, Failure> {
        let slot = self.slot(trail).await?;
        let (stream, remote) = self.dialer.dial(target, trail).await?;
        let outgoing = Outgoing::default();
        let wire = TokioIo::new(Wire::new(stream, outgoing.clone()));
        let (sender, driver) = Builder::new()
            .max_headers(ANSWER_HEADERS_MAX)
            .max_buf_size(ANSWER_HEAD_BYTES_MAX)
            .handshake(wire)
            .await
            .map_err(|error| Failure::hyper(&error))?;
        self.counters.opened.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        Ok(Conn {
            sender,
            outgoing,
            remote,
            reused: false,
            driver: Some(driver),
            born: now,
            idle_since: now,
            _slot: slot,
        })
    }

    async fn slot(&self, trail: &mut Trail) -> Result<OwnedSemaphorePermit, Failure> {
        trail.stage = Stage::Slot;
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return Ok(slot);
        }
        let _waiting = Waiting::new(&self.waiting);
        self.close_longest_idle();
        Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_| Failure::ours(FaultKind::ConnectionFailed, "the client is shut down"))
    }

    fn close_longest_idle(&self) {
        let mut idle = self.idle();
        let oldest = idle
            .iter()
            .filter_map(|(key, conns)| Some((conns.front()?.idle_since, key)))
            .min_by_key(|(since, _)| *since)
            .map(|(_, key)| key.clone());
        let closed = oldest.and_then(|key| idle.get_mut(&key)?.pop_front());
        drop(idle);
        drop(closed);
    }

    /// Keeps a connection whose answer was read to its end, unless it is done for or somebody
    /// waits for its slot.
    pub(super) fn put(self: &Arc<Self>, target: &Target, mut conn: Conn) {
        let now = Instant::now();
        conn.idle_since = now;
        if self.is_awaited()
            || self.idle_per_host_max == 0
            || conn.is_stale(now)
            || !conn.is_usable()
        {
            return;
        }
        let surplus = {
            let mut idle = self.idle();
            let conns = idle.entry(Key::of(target)).or_default();
            let full = conns.len() >= self.idle_per_host_max;
            let surplus = if full { conns.pop_front() } else { None };
            conns.push_back(conn);
            surplus
        };
        drop(surplus);
        // Who began to wait meanwhile may have found nothing to close.
        if self.is_awaited() {
            self.close_longest_idle();
        }
        if !self.sweeping.swap(true, Ordering::Relaxed) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Connections kept open at present.
    pub(super) fn idle_count(&self) -> usize {
        self.idle().values().map(VecDeque::len).sum()
    }

    /// Closes what is stale; false when nothing idle is left.
    fn close_stale(&self, now: Instant) -> bool {
        let mut stale = Vec::new();
        let mut idle = self.idle();
        idle.retain(|_, conns| {
            while conns.front().is_some_and(|conn| conn.is_stale(now)) {
                stale.extend(conns.pop_front());
            }
            !conns.is_empty()
        });
        if idle.is_empty() {
            self.sweeping.store(false, Ordering::Relaxed);
        }
        !idle.is_empty()
    }
}

/// Runs while there are idle connections.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let more = pool.upgrade().is_some_and(|pool| pool.close_stale(Instant::now()));
        if !more {
            return;
        }
    }
}

/// Counts one who waits, for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
