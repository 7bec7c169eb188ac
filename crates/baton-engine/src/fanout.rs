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
use baton_domain::id::{SubscriptionId, WorkspaceId};
use baton_store::events::{EventCursor, EventRow, FanOut};
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
}

type Wanted<'a> = HashMap<WorkspaceId, Vec<(SubscriptionId, &'a Doc<Subscription>)>>;

impl Fanout {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let events = core.store.hints().events();
        Self { core, events }
    }

    /// Makes the deliveries of the next events; whether there may be more.
    async fn step(&self) -> Result<bool, StoreError> {
        let store = &self.core.store;
        let snapshot = store.snapshot();
        let wanted = subscribers(&snapshot);
        let from = store.cursor(READER).await?;
        if wanted.is_empty() {
            // Nobody listens: the place is moved on without reading, so that who subscribes later
            // does not wait behind a long record.
            let to = store.events_end().await?;
            if to > from {
                store.fan_out(self.moved(from, to, Vec::new())).await?;
            }
            return Ok(false);
        }
        let most = wanted.values().map(Vec::len).max().unwrap_or(1);
        let limit = (DELIVERIES_MAX / most).clamp(1, EVENTS_MAX);
        let events = store.events_after(from, u32::try_from(limit).unwrap_or(1)).await?;
        let Some(to) = events.last().map(|event| event.cursor) else { return Ok(false) };
        let more = events.len() == limit;
        let deliveries = self.deliveries(&wanted, events);
        let made = deliveries.len() as u64;
        if store.fan_out(self.moved(from, to, deliveries)).await? {
            self.core.stats.fanned_out.fetch_add(made, Relaxed);
        }
        Ok(more)
    }

    fn deliveries(
        &self,
        wanted: &Wanted<'_>,
        events: Vec<EventRow>,
    ) -> Vec<(baton_domain::id::DeliveryId, SubscriptionId, EventRow)> {
        let mut deliveries = Vec::new();
        for event in events {
            for (id, doc) in wanted.get(&event.workspace).into_iter().flatten() {
                if doc.body.wants(event.kind) && doc.meta.created_at <= event.at {
                    deliveries.push((self.core.store.new_id(), *id, event.clone()));
                }
            }
        }
        deliveries
    }

    fn moved(
        &self,
        from: EventCursor,
        to: EventCursor,
        deliveries: Vec<(baton_domain::id::DeliveryId, SubscriptionId, EventRow)>,
    ) -> FanOut {
        FanOut { reader: READER.to_owned(), from, to, deliveries, now: self.core.store.now() }
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
        while self.step().await? {}
        if self.core.store.snapshot().subscriptions.is_empty() {
            self.core.sleep(POLL_MS).await;
            return Ok(());
        }
        tokio::select! {
            Ok(()) = self.events.changed() => {}
            () = self.core.sleep(POLL_MS) => {}
        }
        Ok(())
    }
}
