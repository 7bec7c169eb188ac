//! The leases of what is in flight.
//!
//! On SQLite the directory lock proves that nobody else sends, so a lease lasts until the next
//! start. On PostgreSQL it lasts [`LEASE_MS`] unless set otherwise.

use crate::engine::{Core, Phase};
use crate::stats::Part;
use crate::supervise::Rounds;
use baton_domain::id::{DeliveryId, WorkspaceId};
use baton_domain::time::Millis;
use baton_store::{ClaimedDelivery, Store, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// How long a lease lasts without a renewal, on PostgreSQL.
pub(crate) const LEASE_MS: i64 = 45_000;
/// How often a lease is renewed while it lasts: four renewals may fail before it is lost.
const RENEWALS: i64 = 5;
/// How long a lease lasts on SQLite: for ever, in practice.
const LEASE_EMBEDDED_MS: i64 = 10 * 365 * 86_400_000;

/// Until when a lease taken now lasts.
pub(crate) fn lease_until(store: &Store, lease_ms: i64) -> Millis {
    store.now().plus_ms(if store.is_postgres() { lease_ms } else { LEASE_EMBEDDED_MS })
}

struct Held {
    workspace: WorkspaceId,
    token: Uuid,
    until: Millis,
}

/// What this node holds.
#[derive(Default)]
pub(crate) struct Leases(Mutex<HashMap<DeliveryId, Held>>);

impl Leases {
    fn held(&self) -> MutexGuard<'_, HashMap<DeliveryId, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn hold(&self, claimed: &ClaimedDelivery, until: Millis) {
        let held = Held { workspace: claimed.workspace, token: claimed.token, until };
        self.held().insert(claimed.id, held);
    }

    /// Forgets what was held by that token. A claim made since is another's.
    pub(crate) fn forget(&self, delivery: DeliveryId, token: Uuid) {
        let mut held = self.held();
        if held.get(&delivery).is_some_and(|held| held.token == token) {
            held.remove(&delivery);
        }
    }

    /// Whether the lease of that claim still lasts at `now`.
    pub(crate) fn lasts(&self, claimed: &ClaimedDelivery, now: Millis) -> bool {
        let held = self.held();
        held.get(&claimed.id).is_some_and(|h| h.token == claimed.token && h.until > now)
    }

    async fn renew(&self, store: &Store, lease_ms: i64) -> Result<(), StoreError> {
        let held: Vec<_> =
            self.held().iter().map(|(id, held)| (held.workspace, *id, held.token)).collect();
        if held.is_empty() {
            return Ok(());
        }
        let until = lease_until(store, lease_ms);
        store.renew(&held, until).await?;
        let mut map = self.held();
        for (_, id, token) in held {
            if let Some(held) = map.get_mut(&id).filter(|held| held.token == token) {
                held.until = until;
            }
        }
        Ok(())
    }
}

/// The loop that renews.
pub(crate) struct Renewing(pub Arc<Core>);

impl Rounds for Renewing {
    const PART: Part = Part::Leases;
    const UNTIL: Phase = Phase::Killing;

    async fn round(&mut self) -> Result<(), StoreError> {
        let lease_ms = self.0.limits.lease_ms;
        self.0.sleep(lease_ms / RENEWALS).await;
        if !self.0.store.is_postgres() {
            return Ok(());
        }
        self.0.leases.renew(&self.0.store, lease_ms).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_domain::delivery::{DeliveryCause, DeliveryState};
    use baton_domain::id::TypedId;
    use baton_store::TargetKind;

    fn claimed(token: u128) -> ClaimedDelivery {
        ClaimedDelivery {
            id: DeliveryId::from_uuid(Uuid::from_u128(7)),
            workspace: WorkspaceId::from_uuid(Uuid::nil()),
            lead: None,
            data_version: 1,
            event: None,
            target_kind: TargetKind::Destination,
            target: Uuid::nil(),
            cause: DeliveryCause::Lead,
            parent: None,
            was: DeliveryState::Retrying,
            starts: 2,
            attempts: 1,
            last_verdict: None,
            answered: None,
            asked: 0,
            queued_at: None,
            created_at: Millis(0),
            due: Millis(0),
            token: Uuid::from_u128(token),
        }
    }

    #[test]
    fn a_slot_that_comes_back_late_leaves_the_lease_of_a_later_claim() {
        let leases = Leases::default();
        let (first, second) = (claimed(1), claimed(2));
        leases.hold(&first, Millis(100));
        leases.hold(&second, Millis(100));
        leases.forget(first.id, first.token);
        assert!(leases.lasts(&second, Millis(50)));
        leases.forget(second.id, second.token);
        assert!(!leases.lasts(&second, Millis(50)));
    }
}
