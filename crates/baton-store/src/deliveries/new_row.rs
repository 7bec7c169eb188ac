//! The row of a delivery that is made.

use crate::claim::TargetKind;
use crate::db::{Value, id, opt_id};
use crate::direct::Lease;
use baton_domain::delivery::DeliveryCause;
use baton_domain::id::{DeliveryId, LeadId, WorkspaceId};
use baton_domain::time::Millis;
use uuid::Uuid;

/// A delivery to write with [`crate::sql::DELIVERIES_ADD`].
pub(crate) struct NewRow {
    pub workspace: WorkspaceId,
    pub id: DeliveryId,
    pub lead: Option<LeadId>,
    pub data_version: i64,
    /// Position of the event it carries.
    pub event: Option<i64>,
    pub target_kind: TargetKind,
    pub lane: Uuid,
    pub cause: DeliveryCause,
    pub parent: Option<DeliveryId>,
    pub due: Millis,
    pub now: Millis,
    /// With one it is in flight from the start; without, it waits.
    pub lease: Option<Lease>,
}

impl NewRow {
    pub(crate) fn values(&self) -> Vec<Value> {
        vec![
            id(self.workspace),
            id(self.id),
            opt_id(self.lead),
            self.data_version.into(),
            self.event.into(),
            Value::Int(i64::from(self.target_kind == TargetKind::Subscription)),
            self.lane.into(),
            self.cause.as_str().into(),
            opt_id(self.parent),
            self.due.into(),
            self.now.into(),
            self.lease.map(|lease| lease.token).into(),
            self.lease.map_or(self.due, |lease| lease.until).into(),
        ]
    }
}
