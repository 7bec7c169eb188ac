//! What was received, and who waits for more.

use crate::signature::Signatures;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_domain::time::Millis;
use bytes::Bytes;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Most bytes of bodies kept together; the oldest requests go first.
pub const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a wait lasts at most.
pub const WAIT_MAX: Duration = Duration::from_secs(30);

/// One request as it came. `Debug` leaves out header values, query and body: they are personal
/// data and credentials.
#[derive(Clone)]
pub struct Received {
    /// Number of the request, from 1, never used again by this sandbox.
    pub id: u64,
    /// When its body had come.
    pub at: Millis,
    /// Method as sent.
    pub method: String,
    /// Path as sent, without the query.
    pub path: String,
    /// Query as sent, without the question mark; `None` when there was no question mark.
    pub query: Option<String>,
    /// Headers in the order of their names' first appearance, names in lower case, values
    /// converted lossily when they are not UTF-8.
    pub headers: Vec<(String, String)>,
    /// Exactly the bytes of the body that came.
    pub body: Bytes,
    /// False when the sender hung up inside the body, or the body passed the limit.
    pub complete: bool,
    /// What the signatures are worth.
    pub signatures: Signatures,
    /// What the sandbox did: a status code, `hang`, `reset` or `raw`.
    pub answer: String,
    /// What a vendor made of it, such as `leadbyte: accepted` or `leadbyte: campid is required`;
    /// it never holds a value of the request.
    pub vendor: Option<String>,
}

impl Received {
    /// The first header of that name, compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// One line for people, without personal data.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "#{} {} {} {}, {} bytes{}, X-LeadsBot-Signature {}, webhook-signature {} -> {}{}",
            self.id,
            self.at,
            self.method,
            self.path,
            self.body.len(),
            if self.complete { "" } else { " (incomplete)" },
            self.signatures.leadsbot.as_str(),
            self.signatures.webhook.as_str(),
            self.answer,
            self.vendor.as_ref().map(|note| format!(" ({note})")).unwrap_or_default()
        )
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())
    }
}

impl Serialize for Received {
    /// A body that is a text stands under `body`, any other in base64 under `body_base64`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Received", 11)?;
        out.serialize_field("id", &self.id)?;
        out.serialize_field("at", &self.at.to_rfc3339())?;
        out.serialize_field("method", &self.method)?;
        out.serialize_field("path", &self.path)?;
        out.serialize_field("query", &self.query)?;
        out.serialize_field("headers", &self.headers)?;
        match std::str::from_utf8(&self.body) {
            Ok(text) => out.serialize_field("body", text)?,
            Err(_) => out.serialize_field("body_base64", &STANDARD.encode(&self.body))?,
        }
        out.serialize_field("complete", &self.complete)?;
        out.serialize_field("signatures", &self.signatures)?;
        out.serialize_field("answer", &self.answer)?;
        out.serialize_field("vendor", &self.vendor)?;
        out.end()
    }
}

/// What was waited for did not come within [`WAIT_MAX`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("waited {} s for the sandbox to receive more; it has {seen} requests", WAIT_MAX.as_secs())]
pub struct WaitError {
    /// Requests received since the last clear.
    pub seen: u64,
}

#[derive(Default)]
struct Pages {
    kept: VecDeque<Arc<Received>>,
    kept_bytes: usize,
    last_id: u64,
    /// `last_id` at the last clear.
    cleared_id: u64,
    in_flight: usize,
    in_flight_peak: usize,
}

pub(crate) struct Book {
    pages: Mutex<Pages>,
    max_kept: usize,
    changed: watch::Sender<()>,
}

/// Counts a request as being answered until it is dropped.
pub(crate) struct InFlight<'a>(&'a Book);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
    }
}

impl Book {
    pub(crate) fn new(max_kept: usize) -> Self {
        Self { pages: Mutex::default(), max_kept, changed: watch::Sender::new(()) }
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(&self) -> InFlight<'_> {
        let mut pages = self.lock();
        pages.in_flight += 1;
        pages.in_flight_peak = pages.in_flight_peak.max(pages.in_flight);
        InFlight(self)
    }

    pub(crate) fn in_flight_peak(&self) -> usize {
        self.lock().in_flight_peak
    }

    /// Keeps a request under the next id and wakes who waits.
    pub(crate) fn add(&self, mut received: Received) {
        {
            let mut pages = self.lock();
            pages.last_id += 1;
            received.id = pages.last_id;
            pages.kept_bytes += received.body.len();
            pages.kept.push_back(Arc::new(received));
            while pages.kept.len() > self.max_kept || pages.kept_bytes > KEPT_BYTES_MAX {
                let Some(oldest) = pages.kept.pop_front() else { break };
                pages.kept_bytes -= oldest.body.len();
            }
        }
        self.changed.send_replace(());
    }

    pub(crate) fn kept(&self) -> Vec<Arc<Received>> {
        self.lock().kept.iter().cloned().collect()
    }

    pub(crate) fn count(&self) -> u64 {
        let pages = self.lock();
        pages.last_id - pages.cleared_id
    }

    pub(crate) fn clear(&self) {
        let mut pages = self.lock();
        pages.kept.clear();
        pages.kept_bytes = 0;
        pages.cleared_id = pages.last_id;
        pages.in_flight_peak = pages.in_flight;
    }

    pub(crate) async fn wait_for(&self, n: u64) -> Result<Vec<Arc<Received>>, WaitError> {
        self.wait(|| self.count() >= n).await
    }

    pub(crate) async fn wait_until(
        &self,
        done: impl Fn(&[Arc<Received>]) -> bool,
    ) -> Result<Vec<Arc<Received>>, WaitError> {
        self.wait(|| done(&self.kept())).await
    }

    async fn wait(&self, done: impl Fn() -> bool) -> Result<Vec<Arc<Received>>, WaitError> {
        let met = tokio::time::timeout(WAIT_MAX, self.woken_until(&done)).await;
        // A last look, so that what came at the very end of the time counts.
        if met.is_ok() || done() { Ok(self.kept()) } else { Err(WaitError { seen: self.count() }) }
    }

    pub(crate) async fn received_after(&self, id: u64) -> Vec<Arc<Received>> {
        self.woken_until(&|| self.lock().last_id > id).await;
        self.kept().into_iter().filter(|r| r.id > id).collect()
    }

    async fn woken_until(&self, done: &impl Fn() -> bool) {
        // Subscribed before the first look, so that nothing falls between look and wait.
        let mut changes = self.changed.subscribe();
        while !done() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}
