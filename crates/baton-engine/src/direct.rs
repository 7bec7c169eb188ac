//! Slots offered to captures of this process, so that a new delivery need not be claimed first.
//!
//! The dispatcher grants slots to lanes in which nothing waits; a capture takes one and the delivery
//! starts as soon as it is committed. A lane with a backlog, a rate limit or an open breaker is
//! granted nothing: its deliveries are claimed in their order.

use crate::dispatcher::carry;
use crate::engine::Core;
use crate::leases::lease_until;
use crate::slot::{Note, Slot};
use crate::stats::count;
use baton_domain::id::{DeliveryId, TaskId, TypedId, WorkspaceId};
use baton_domain::lead::LeadView;
use baton_store::direct::{DirectStart, Lease, Reservation};
use baton_store::{ClaimedDelivery, Release};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use uuid::Uuid;

/// What captures may take.
#[derive(Default)]
pub(crate) struct Offer {
    /// The granted slots that nobody has taken yet, by lane; empty once the engine drains.
    pub free: HashMap<Uuid, u32>,
    /// Lanes whose receiver has just failed in so many calls that the dispatcher has not heard of:
    /// their grants stand still until it has.
    suspended: HashMap<Uuid, u32>,
}

/// The offer, shared by the dispatcher, which makes it, and the captures.
#[derive(Default)]
pub(crate) struct Grants(Mutex<Offer>);

impl Grants {
    pub(crate) fn offer(&self) -> MutexGuard<'_, Offer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call failed, and its outcome is about to be written: who sees it written and captures a
    /// lead does not find slots of before.
    pub(crate) fn suspend(&self, lane: Uuid) {
        *self.offer().suspended.entry(lane).or_insert(0) += 1;
    }

    /// The dispatcher has heard of it.
    pub(crate) fn resume(&self, lane: Uuid) {
        let mut offer = self.offer();
        if let Some(calls) = offer.suspended.get_mut(&lane) {
            *calls = calls.saturating_sub(1);
            if *calls == 0 {
                offer.suspended.remove(&lane);
            }
        }
    }

    /// Forgets suspensions whose end was lost to a panic.
    pub(crate) fn resume_all(&self) {
        self.offer().suspended.clear();
    }
}

/// An engine as captures see it.
pub(crate) struct Direct(pub Weak<Core>);

impl DirectStart for Direct {
    fn reserve(&self, lane: Uuid, delivery: DeliveryId) -> Option<Box<dyn Reservation>> {
        let core = self.0.upgrade()?;
        let mut offer = core.grants.offer();
        if offer.suspended.contains_key(&lane) {
            return None;
        }
        let left = offer.free.get_mut(&lane).filter(|left| **left > 0)?;
        *left -= 1;
        drop(core.notes.send(Note::Reserved(lane)));
        let lease = Lease {
            token: core.store.new_id::<TaskId>().uuid(),
            until: lease_until(&core.store, core.limits.lease_ms),
        };
        // Under the lock, so that an engine that drains counts it.
        let slot = Slot::new(
            (lane, false),
            (delivery, lease.token),
            core.notes.clone(),
            Arc::clone(&core.leases),
            Arc::clone(&core.stats),
        );
        drop(offer);
        Some(Box::new(Reserved { core, slot, lease }))
    }
}

struct Reserved {
    core: Arc<Core>,
    slot: Slot,
    lease: Lease,
}

impl Reservation for Reserved {
    fn lease(&self) -> Lease {
        self.lease
    }

    fn start(self: Box<Self>, delivery: ClaimedDelivery, lead: LeadView) {
        let Self { core, slot, lease } = *self;
        count(&core.stats.direct);
        core.leases.hold(&delivery, lease.until);
        tokio::spawn(carry(core, delivery, Some(Box::new(lead)), slot));
    }

    fn abandon(self: Box<Self>, workspace: WorkspaceId) {
        let Self { core, slot, lease } = *self;
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let delivery = slot.delivery;
            let due = core.store.now();
            let release = Release { workspace, delivery, token: lease.token, due, counts: false };
            crate::dispatcher::release(&core, vec![release]).await;
            drop(slot);
        });
    }
}
