//! Events as they happen: server-sent events that a dropped connection can take up again.

use super::answer;
use super::events::{kinds_of, render};
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Code, Problem, Query};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use baton_domain::event::EventKind;
use baton_store::events::EventCursor;
use futures_util::stream;
use http::HeaderMap;
use serde::Deserialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use utoipa::IntoParams;

/// Most open streams of a node.
pub const STREAMS_MAX: usize = 200;
/// Seconds after which a caller should ask again when there are too many.
const RETRY_S: u64 = 30;
/// How long a stream may be silent; then a comment keeps the connection.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often the record is looked at without a hint: other nodes write it too.
const POLL: Duration = Duration::from_secs(1);
/// Events read at once; what a slow reader has not taken stays in the database.
const BATCH: u32 = 100;

/// The open streams of a node.
#[derive(Debug)]
pub struct Streams {
    slots: Arc<Semaphore>,
    ended: watch::Sender<bool>,
}

impl Default for Streams {
    fn default() -> Self {
        Self { slots: Arc::new(Semaphore::new(STREAMS_MAX)), ended: watch::Sender::new(false) }
    }
}

impl Streams {
    /// Ends all streams: the server stops. Readers come back elsewhere, or later.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }
}

/// Which events to stream.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Only of these kinds, with commas between them.
    events: Option<String>,
    /// Where to begin when there is no `Last-Event-ID`; at the present when left out.
    cursor: Option<String>,
    /// The workspace, for readers that cannot set the header `Baton-Workspace`.
    #[serde(rename = "workspace")]
    _workspace: Option<String>,
}

/// Stream events
///
/// Server-sent events; `id` is the place in the record, `event` the kind, `data` the event. A
/// reader that comes back with `Last-Event-ID` misses nothing.
#[utoipa::path(get, path = "/api/v1/events/stream", tag = "events",
    params(StreamQuery, ("Last-Event-ID" = Option<String>, Header,
        description = "`id` of the last event that was read.")),
    responses((status = 200, body = String, content_type = "text/event-stream")),
    security(("key" = ["events:read"])))]
pub(super) async fn stream_events(
    permit: Permit<scopes::EventsRead>,
    headers: HeaderMap,
    Query(query): Query<StreamQuery>,
) -> Result<Response, Problem> {
    open(&permit, &headers, &query).await
}

/// Stream events
///
/// The same as `/api/v1/events/stream`.
#[utoipa::path(get, path = "/api/v1/stream", tag = "events",
    params(StreamQuery, ("Last-Event-ID" = Option<String>, Header,
        description = "`id` of the last event that was read.")),
    responses((status = 200, body = String, content_type = "text/event-stream")),
    security(("key" = ["events:read"])))]
pub(super) async fn stream_all(
    permit: Permit<scopes::EventsRead>,
    headers: HeaderMap,
    Query(query): Query<StreamQuery>,
) -> Result<Response, Problem> {
    open(&permit, &headers, &query).await
}

async fn open(
    access: &Access,
    headers: &HeaderMap,
    query: &StreamQuery,
) -> Result<Response, Problem> {
    let wanted = kinds_of(query.events.as_deref())?;
    let streams = &access.state().streams;
    let slot = Arc::clone(&streams.slots).try_acquire_owned().map_err(|_| {
        let detail = format!("{STREAMS_MAX} streams are open, more are not taken now");
        Problem::new(Code::Overloaded, detail).retry_after(RETRY_S)
    })?;
    let feed = Feed {
        cursor: begin(access, headers, query).await?,
        access: access.clone(),
        wanted,
        ready: VecDeque::new(),
        changed: access.store().hints().events(),
        ended: streams.ended.subscribe(),
        _slot: slot,
    };
    let events = stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    let alive = KeepAlive::new().interval(HEARTBEAT).text("alive");
    let mut response = Sse::new(events).keep_alive(alive).into_response();
    // Proxies that gather an answer before they pass it on would keep every event back.
    response.headers_mut().insert("x-accel-buffering", http::HeaderValue::from_static("no"));
    Ok(response)
}

async fn begin(
    access: &Access,
    headers: &HeaderMap,
    query: &StreamQuery,
) -> Result<EventCursor, Problem> {
    let last = match headers.get("last-event-id") {
        None => None,
        Some(value) => Some(
            value.to_str().ok().and_then(|text| text.trim().parse().ok()).ok_or_else(|| {
                let detail = "the header `Last-Event-ID` must be the `id` of a streamed event";
                Problem::new(Code::InvalidHeader, detail)
            })?,
        ),
    };
    let asked = answer::query("cursor", query.cursor.as_deref(), "the `id` of a streamed event")?;
    match last.or(asked) {
        Some(cursor) => Ok(cursor),
        None => Ok(access.store().events_end().await?),
    }
}

/// One reader's place in the record.
struct Feed {
    access: Access,
    wanted: Vec<EventKind>,
    cursor: EventCursor,
    ready: VecDeque<Event>,
    changed: watch::Receiver<u64>,
    ended: watch::Receiver<bool>,
    _slot: OwnedSemaphorePermit,
}

impl Feed {
    /// The next event; `None` ends the stream, and the reader comes back with its place.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if *self.ended.borrow() || !self.access.is_live().await {
                return None;
            }
            self.changed.mark_unchanged();
            if self.read().await? {
                continue;
            }
            tokio::select! {
                // A hint or the time: the record is asked either way.
                _ = timeout(POLL, self.changed.changed()) => {}
                _ = self.ended.changed() => {}
            }
        }
    }

    /// Reads a batch; whether the place moved.
    async fn read(&mut self) -> Option<bool> {
        let (rows, cursor) = self.access.workspace().events(self.cursor, BATCH).await.ok()?;
        let moved = cursor != self.cursor;
        for row in &rows {
            if !self.wanted.is_empty() && !self.wanted.contains(&row.kind) {
                continue;
            }
            let view = render(&self.access, row).await.ok()?;
            let event = Event::default().id(row.cursor.to_string()).event(row.kind.as_str());
            self.ready.push_back(event.data(view.json()));
        }
        self.cursor = cursor;
        Some(moved)
    }
}
