//! Makes deliveries of events for the subscriptions that want them.
//!
//! One reader with a durable place goes through the public record in commit order; the deliveries
//! and the move of the place are one commit, so an event is delivered to a subscription exactly
//! once, whichever node does it. A subscription gets what happened after it was made; a paused one
//! gets its events when it is resumed; one that was switched off by a 410 gets none.

use crate::dispatcher::POLL_MS;
use crate::engine::Core;
use crate::stats::Part;
use crate::supervise::Rounds;
use baton_domain::config::Subscription;
use baton_domain::id::{DeliveryId, SubscriptionId, WorkspaceId};
use baton_store::events::{EventBatch, EventRow, FanOut};
use baton_store::{Doc, Snapshot, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio::sync::watch;

/// Name of the reader.
const READER: &str = "subscriptions";
/// Most events read at once.
const EVENTS_MAX: usize = 500;
/// About how many deliveries are made in one commit; one event's are never split.
const DELIVERIES_MAX: usize = 2_000;

/// The loop that fans out.
pub(crate) struct Fanout {
    core: Arc<Core>,
    events: watch::Receiver<u64>,
    config: watch::Receiver<i64>,
}

type Wanted<'a> = HashMap<WorkspaceId, Vec<(SubscriptionId, &'a Doc<Subscription>)>>;

impl Fanout {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let events = core.store.hints().events();
        let config = core.store.hints().config();
        Self { core, events, config }
    }

    /// Makes the deliveries of the next events; whether there may be more.
    ///
    /// The record is read before the configuration: who subscribed before an event was committed
    /// is then known when the event is looked at.
    async fn step(&self) -> Result<bool, StoreError> {
        let store = &self.core.store;
        let from = store.cursor(READER).await?;
        let most = subscribers(&store.snapshot()).values().map(Vec::len).max();
        let limit = (DELIVERIES_MAX / most.unwrap_or(1)).clamp(1, EVENTS_MAX);
        let batch = if most.is_some() {
            store.events_after(from, u32::try_from(limit).unwrap_or(1)).await?
        } else {
            // Nobody listens: the place is moved on without reading, so that who subscribes later
            // does not wait behind a long record.
            EventBatch { events: Vec::new(), to: store.events_end().await?, looked_at: 0 }
        };
        let EventBatch { events, to, looked_at } = batch;
        if to <= from {
            return Ok(false);
        }
        if store.is_postgres() {
            store.refresh().await?;
        }
        let snapshot = store.snapshot();
        let wanted = subscribers(&snapshot);
        if most.is_none() && !wanted.is_empty() {
            return Ok(true);
        }
        let more = looked_at == limit;
        let deliveries = self.deliveries(&wanted, events);
        let made = deliveries.len() as u64;
        let fan_out = FanOut { reader: READER.to_owned(), from, to, deliveries, now: store.now() };
        if store.fan_out(fan_out).await? {
            self.core.stats.fanned_out.fetch_add(made, Relaxed);
        }
        Ok(more)
    }

    fn deliveries(
        &self,
        wanted: &Wanted<'_>,
        events: Vec<EventRow>,
    ) -> Vec<(DeliveryId, SubscriptionId, EventRow)> {
        let mut deliveries = Vec::new();
        for event in events.into_iter().filter(|event| !event.is_quiet()) {
            for (id, doc) in wanted.get(&event.workspace).into_iter().flatten() {
                if doc.body.wants(event.kind) && doc.meta.created_at <= event.at {
                    deliveries.push((self.core.store.new_id(), *id, event.clone()));
                }
            }
        }
        deliveries
    }
}

fn subscribers(snapshot: &Snapshot) -> Wanted<'_> {
    let mut wanted = Wanted::new();
    for (id, doc) in snapshot.subscriptions.iter().filter(|(_, d)| d.body.disabled.is_none()) {
        wanted.entry(doc.meta.workspace).or_default().push((*id, doc));
    }
    wanted
}

impl Rounds for Fanout {
    const PART: Part = Part::Fanout;

    async fn round(&mut self) -> Result<(), StoreError> {
        self.events.borrow_and_update();
        self.config.borrow_and_update();
        while self.step().await? {}
        let nobody = self.core.store.snapshot().subscriptions.is_empty();
        tokio::select! {
            Ok(()) = self.events.changed(), if !nobody => {}
            Ok(()) = self.config.changed() => {}
            () = self.core.sleep(POLL_MS) => {}
        }
        Ok(())
    }
}
