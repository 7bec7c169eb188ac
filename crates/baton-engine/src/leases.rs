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

    /// Forgets a lease that was given up. A delivery that was claimed anew meanwhile is held under
    /// another token, and stays.
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
