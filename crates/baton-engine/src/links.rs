//! Who gets a lead after a delivery: its failover destination, and those it is linked to.

use crate::chain::Chain;
use crate::engine::Core;
use baton_domain::config::{Destination, LINK_DEPTH_MAX, Stage};
use baton_domain::delivery::{DeliveryCause, DeliveryState, Kin, linked_from};
use baton_domain::id::{DeliveryId, DestinationId, TypedId};
use baton_domain::lead::LeadState;
use baton_domain::retry::first_attempt;
use baton_domain::time::Millis;
use baton_store::deliveries::{DeliveryFilter, DeliveryRow};
use baton_store::leads::PAGE_MAX;
use baton_store::{ClaimedDelivery, Doc, Followup, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most linked deliveries of one lead, over all its chains; the rest is refused. Links that branch
/// again and again are no circle, and still have to end.
const LINKED_PER_LEAD_MAX: usize = 50;

type Place = (DestinationId, Arc<Doc<Destination>>);

/// Who gets the lead when a destination gave up.
pub(crate) enum Handover {
    None,
    To(DestinationId, Arc<Doc<Destination>>),
    /// Nobody, because of this.
    Refused(String),
}

fn place(core: &Core, claimed: &ClaimedDelivery, id: DestinationId) -> Option<Place> {
    let snapshot = core.store.snapshot();
    let doc = snapshot.destinations.get(&id)?;
    (doc.meta.workspace == claimed.workspace).then(|| (id, Arc::clone(doc)))
}

/// Whether a destination takes the lead as it is now: not everybody wants a partial one.
async fn wants(
    core: &Core,
    claimed: &ClaimedDelivery,
    doc: &Doc<Destination>,
) -> Result<bool, StoreError> {
    let Some(lead) = claimed.lead.filter(|_| !doc.body.partials.wants(Stage::Partial)) else {
        return Ok(true);
    };
    let lead = core.store.workspace(claimed.workspace).lead(lead).await?;
    Ok(lead.is_none_or(|lead| lead.state != LeadState::Partial))
}

/// The failover destination, unless the lead was there already: nothing loops, nobody gets a lead
/// twice from one chain.
pub(crate) async fn failover_of(
    core: &Core,
    claimed: &ClaimedDelivery,
    failover: DestinationId,
) -> Result<Handover, StoreError> {
    let Some((_, doc)) = place(core, claimed, failover) else {
        return Ok(Handover::Refused("its failover destination was deleted".to_owned()));
    };
    if Chain::of(core, claimed).await?.was_at(claimed, failover.uuid()) {
        return Ok(Handover::Refused(format!("`{}` was tried before it", doc.body.name)));
    }
    if !wants(core, claimed, &doc).await? {
        return Ok(Handover::Refused(format!("`{}` takes no partial leads", doc.body.name)));
    }
    let workspace = core.store.workspace(claimed.workspace);
    let filter = DeliveryFilter {
        lead: claimed.lead,
        target: Some(failover.uuid()),
        limit: 20,
        ..DeliveryFilter::default()
    };
    let there = workspace.deliveries(&filter).await?.whole()?;
    let mut there = there.iter().filter(|row| row.data_version >= claimed.data_version);
    if there.any(|row| row.state.has_the_lead()) {
        return Ok(Handover::Refused(format!("`{}` has this lead already", doc.body.name)));
    }
    Ok(Handover::To(failover, doc))
}

/// Where links lead.
#[derive(Default)]
pub(crate) struct Links {
    pub to: Vec<Place>,
    /// Why a destination that is linked does not get the lead.
    pub refused: Vec<String>,
}

/// The linked destinations that get the lead now that a delivery to `doc` is in `state`.
///
/// A resend does not deliver to them again, whatever became of those deliveries: each can be resent
/// by itself. Circles were refused when the destinations were saved; what changed since is caught
/// here.
pub(crate) async fn links_of(
    core: &Core,
    claimed: &ClaimedDelivery,
    doc: &Doc<Destination>,
    state: DeliveryState,
    failover: Option<DestinationId>,
) -> Result<Links, StoreError> {
    let linked = &doc.body.linked;
    let mut links = Links::default();
    if linked.after(state, &BTreeSet::new(), failover).is_empty() {
        return Ok(links);
    }
    let chain = Chain::of(core, claimed).await?;
    let workspace = core.store.workspace(claimed.workspace);
    let filter =
        DeliveryFilter { lead: claimed.lead, limit: PAGE_MAX, ..DeliveryFilter::default() };
    let rows = workspace.deliveries(&filter).await?.whole()?;
    let had = had(&rows, chain.origin(claimed));
    let mut count = rows.iter().filter(|row| row.cause == DeliveryCause::Linked).count();
    for id in linked.after(state, &had, failover) {
        let Some(place) = place(core, claimed, id) else {
            links.refused.push("a linked destination was deleted".to_owned());
            continue;
        };
        let name = &place.1.body.name;
        if !wants(core, claimed, &place.1).await? {
            links.refused.push(format!("`{name}` takes no partial leads"));
        } else if chain.was_at(claimed, id.uuid()) {
            links.refused.push(format!("`{name}` is where the lead came from"));
        } else if chain.handed_on(claimed) >= LINK_DEPTH_MAX {
            let why = format!("`{name}` would be more than {LINK_DEPTH_MAX} links away");
            links.refused.push(why);
        } else if count >= LINKED_PER_LEAD_MAX {
            let why = format!("`{name}`: the lead has {LINKED_PER_LEAD_MAX} linked deliveries");
            links.refused.push(why);
        } else {
            count += 1;
            links.to.push(place);
        }
    }
    Ok(links)
}

/// The destinations that got the lead from the delivery `origin` or one of its resends.
fn had(rows: &[DeliveryRow], origin: DeliveryId) -> BTreeSet<DestinationId> {
    let kin: Vec<Kin> = rows.iter().map(DeliveryRow::kin).collect();
    linked_from(&kin, origin).map(|k| DestinationId::from_uuid(k.target)).collect()
}

/// The delivery that hands the lead on.
pub(crate) fn followup(
    core: &Core,
    (destination, doc): (DestinationId, &Doc<Destination>),
    cause: DeliveryCause,
    now: Millis,
) -> Followup {
    let jitter = core.jitter.draw(&core.store);
    let due = first_attempt(&doc.body.retry, now, jitter);
    Followup { id: core.store.new_id::<DeliveryId>(), destination, cause, due }
}
