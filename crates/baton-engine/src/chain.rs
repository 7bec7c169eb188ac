//! The deliveries a delivery was made from: resends, failovers and links followed back.

use crate::engine::Core;
use baton_domain::connector::answered::Answered;
use baton_domain::delivery::DeliveryCause;
use baton_domain::id::DeliveryId;
use baton_store::deliveries::DeliveryRow;
use baton_store::{ClaimedDelivery, StoreError};

/// Most deliveries looked at when a chain is followed back.
const CHAIN_MAX: usize = 32;

/// A delivery's ancestors, the nearest first.
#[derive(Default)]
pub(crate) struct Chain(pub Vec<DeliveryRow>);

impl Chain {
    pub(crate) async fn of(core: &Core, claimed: &ClaimedDelivery) -> Result<Self, StoreError> {
        let workspace = core.store.workspace(claimed.workspace);
        let mut rows: Vec<DeliveryRow> = Vec::new();
        let mut parent = claimed.parent;
        while let Some(id) = parent.filter(|_| rows.len() < CHAIN_MAX) {
            let Some(row) = workspace.delivery(id).await? else { break };
            parent = row.parent;
            rows.push(row);
        }
        Ok(Self(rows))
    }

    /// Each with the cause of the delivery that was made from it.
    fn steps<'a>(
        &'a self,
        claimed: &'a ClaimedDelivery,
    ) -> impl Iterator<Item = (DeliveryCause, &'a DeliveryRow)> {
        let causes = std::iter::once(claimed.cause).chain(self.0.iter().map(|row| row.cause));
        causes.zip(&self.0)
    }

    /// The first delivery of a chain of resends: a resend is the same delivery to its receiver, and
    /// known by the id of the first one.
    pub(crate) fn origin(&self, claimed: &ClaimedDelivery) -> DeliveryId {
        let resent = self.steps(claimed).take_while(|(cause, _)| *cause == DeliveryCause::Resend);
        resent.last().map_or(claimed.id, |(_, row)| row.id)
    }

    /// What the answer gave that a link was followed after.
    pub(crate) fn given(&self, claimed: &ClaimedDelivery) -> Option<Answered> {
        let linked = self.steps(claimed).find(|(cause, _)| *cause == DeliveryCause::Linked);
        linked.and_then(|(_, row)| row.answered.clone())
    }

    /// How many times the lead was handed on.
    pub(crate) fn handed_on(&self, claimed: &ClaimedDelivery) -> usize {
        self.steps(claimed).filter(|(cause, _)| *cause != DeliveryCause::Resend).count()
    }

    /// Whether the lead was at that target on its way here, here included.
    pub(crate) fn was_at(&self, claimed: &ClaimedDelivery, target: uuid::Uuid) -> bool {
        claimed.target == target || self.0.iter().any(|row| row.target == target)
    }
}
