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

/// The granted slots that nobody has taken yet, by lane; empty once the engine drains.
#[derive(Default)]
pub(crate) struct Grants(Mutex<HashMap<Uuid, u32>>);

impl Grants {
    pub(crate) fn free(&self) -> MutexGuard<'_, HashMap<Uuid, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An engine as captures see it.
pub(crate) struct Direct(pub Weak<Core>);

impl DirectStart for Direct {
    fn reserve(&self, lane: Uuid, delivery: DeliveryId) -> Option<Box<dyn Reservation>> {
        let core = self.0.upgrade()?;
        let mut free = core.grants.free();
        let left = free.get_mut(&lane).filter(|left| **left > 0)?;
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
        drop(free);
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
            let token = lease.token;
            let release = Release { workspace, delivery, token, due, unstarted: false };
            crate::dispatcher::release(&core, vec![release]).await;
            drop(slot);
        });
    }
}
