//! Direct start: a new delivery is written as already in flight when the engine of this process has
//! a slot for it free right now. It spares the commit of a claim and the reading of the lead.
//!
//! ```text
//! reserve a slot -> commit with its lease -> start
//!                       |-- not made (a duplicate, a replay, a stopped lane) -> the slot is free again
//!                       +-- outcome unknown -> given back by its token, which is harmless where no
//!                                              row came of it
//! ```

use crate::capture::{Capture, Captured};
use crate::claim::{ClaimedDelivery, TargetKind};
use crate::error::StoreError;
use crate::store::Store;
use baton_domain::delivery::{DeliveryCause, DeliveryState};
use baton_domain::id::{DeliveryId, TypedId, WorkspaceId};
use baton_domain::lead::{LeadState, LeadView};
use baton_domain::time::Millis;
use uuid::Uuid;

/// The right to send a delivery, until an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lease {
    /// Token that a finish must name.
    pub token: Uuid,
    /// When it ends unless it is renewed.
    pub until: Millis,
}

/// An engine that has free slots to offer.
pub trait DirectStart: Send + Sync {
    /// Takes a free slot of a lane for a delivery that is about to be committed.
    fn reserve(&self, lane: Uuid, delivery: DeliveryId) -> Option<Box<dyn Reservation>>;
}

/// A slot that is taken. Dropping it makes it free again.
pub trait Reservation: Send {
    /// The lease to write.
    fn lease(&self) -> Lease;
    /// The delivery is committed under the lease: send it.
    fn start(self: Box<Self>, delivery: ClaimedDelivery, lead: LeadView);
    /// Whether the delivery was committed is not known: give it back as soon as can be.
    fn abandon(self: Box<Self>, workspace: WorkspaceId);
}

/// The reservations of one capture. Once the capture is on its way to the writer, one that is
/// dropped without an outcome is abandoned.
pub(crate) struct Reserved {
    workspace: WorkspaceId,
    /// Each delivery, its lane, and the slot for it.
    slots: Vec<(DeliveryId, Uuid, Box<dyn Reservation>)>,
    /// What the deliveries are rendered from.
    lead: Option<LeadView>,
    sent: bool,
}

impl Reserved {
    pub(crate) fn leases(&self) -> Vec<(DeliveryId, Lease)> {
        self.slots.iter().map(|(id, _, slot)| (*id, slot.lease())).collect()
    }

    pub(crate) fn is_sent(&mut self) {
        self.sent = true;
    }

    /// Starts what was committed in flight; the other slots are free again.
    pub(crate) fn committed(mut self, captured: &Captured) {
        let Some(lead) = self.lead.take() else { return };
        for (id, lane, slot) in std::mem::take(&mut self.slots) {
            if !captured.in_flight.contains(&id) {
                continue;
            }
            let token = slot.lease().token;
            let delivery = ClaimedDelivery {
                id,
                workspace: self.workspace,
                lead: Some(lead.id),
                data_version: lead.data_version,
                event: None,
                target_kind: TargetKind::Destination,
                target: lane,
                cause: DeliveryCause::Lead,
                parent: None,
                was: DeliveryState::Pending,
                starts: 1,
                attempts: 0,
                last_verdict: None,
                answered: None,
                queued_at: None,
                asked: 0,
                created_at: lead.created_at,
                due: lead.created_at,
                token,
            };
            slot.start(delivery, lead.clone());
        }
    }

    /// Nothing was written: all slots are free again.
    pub(crate) fn refused(mut self) {
        self.slots.clear();
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if self.sent {
            for (_, _, slot) in std::mem::take(&mut self.slots) {
                slot.abandon(self.workspace);
            }
        }
    }
}

impl Store {
    /// Reserves slots for the deliveries that a new lead may get.
    pub(crate) fn reserve(&self, capture: &Capture) -> Reserved {
        let mut reserved =
            Reserved { workspace: capture.workspace, slots: Vec::new(), lead: None, sent: false };
        // A partial lead may turn out to be a new version of an older one.
        if capture.state != LeadState::Received || capture.partial.is_some() {
            return reserved;
        }
        let Some(engine) = self.direct_start() else { return reserved };
        for delivery in capture.deliveries.iter().filter(|d| d.due <= capture.now) {
            let lane = delivery.destination.uuid();
            let slot = engine.reserve(lane, delivery.id);
            reserved.slots.extend(slot.map(|slot| (delivery.id, lane, slot)));
        }
        if !reserved.slots.is_empty() {
            reserved.lead = Some(self.view_of(capture));
        }
        reserved
    }

    /// The lead that the capture makes, as requests are rendered from it.
    fn view_of(&self, capture: &Capture) -> LeadView {
        let snapshot = self.snapshot();
        let (source, campaign) = snapshot.names_of(capture.source, capture.campaign);
        LeadView {
            id: capture.lead,
            data_version: 1,
            data: capture.data.clone(),
            state: capture.state,
            status: "new".to_owned(),
            score: None,
            source,
            campaign,
            created_at: capture.now,
            test: capture.test,
            seq: None,
        }
    }
}

/// Whether nothing was written for certain.
pub(crate) fn is_certain(error: &StoreError) -> bool {
    !matches!(error, StoreError::Unavailable(_) | StoreError::Closed)
}
