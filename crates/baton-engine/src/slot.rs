//! A slot: the right to have one delivery in flight, given back whatever happens.

use crate::lane::Report;
use crate::leases::Leases;
use crate::stats::Stats;
use baton_domain::id::DeliveryId;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio::sync::mpsc;
use uuid::Uuid;

/// What the dispatcher hears about slots.
#[derive(Debug)]
pub(crate) enum Note {
    /// A granted slot of a lane was taken by a capture.
    Reserved(Uuid),
    /// A slot came back.
    Ended { lane: Uuid, retry: bool, report: Report },
}

/// The right to have one delivery in flight. Dropping it gives it back, also while unwinding.
pub(crate) struct Slot {
    pub lane: Uuid,
    pub retry: bool,
    pub delivery: DeliveryId,
    /// Token of the claim it is for.
    token: Uuid,
    pub report: Report,
    back: mpsc::UnboundedSender<Note>,
    leases: Arc<Leases>,
    stats: Arc<Stats>,
}

impl Slot {
    pub(crate) fn new(
        (lane, retry): (Uuid, bool),
        (delivery, token): (DeliveryId, Uuid),
        back: mpsc::UnboundedSender<Note>,
        leases: Arc<Leases>,
        stats: Arc<Stats>,
    ) -> Self {
        stats.in_flight.fetch_add(1, Relaxed);
        Self { lane, retry, delivery, token, report: Report::default(), back, leases, stats }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.leases.forget(self.delivery, self.token);
        self.stats.in_flight.fetch_sub(1, Relaxed);
        let ended = Note::Ended { lane: self.lane, retry: self.retry, report: self.report };
        // The dispatcher is gone only when the engine stops.
        drop(self.back.send(ended));
        self.stats.tell();
    }
}
