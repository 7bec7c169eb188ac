//! The deliveries that a finish makes: a failover, links.
//!
//! Who gets the lead was decided before the transaction. A delivery and its resend may end at the
//! same moment, and neither saw what the other was about to write; so it is looked at once more
//! here, where the row of the lead is ours.

use super::run::{Owned, claim_of};
use super::{Finish, Followup};
use crate::claim::TargetKind;
use crate::command::{Effects, FinishCommand};
use crate::db::{Row, Tx, id};
use crate::deliveries::NewRow;
use crate::error::StoreError;
use crate::sql;
use baton_domain::delivery::{DeliveryCause, DeliveryState, Kin, linked_from, root_of};
use baton_domain::id::{LeadId, TypedId};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Writes them, except to where the lead went already. The leads are locked by the caller, who has
/// touched them.
pub(super) async fn write_followups(
    tx: &Tx<'_>,
    commands: &[&FinishCommand],
    owned: &Owned,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    let mut known: HashMap<LeadId, Vec<Kin>> = HashMap::new();
    for finish in commands.iter().map(|c| &c.finish) {
        let Some(version) = owned.get(&claim_of(finish)) else { continue };
        let Some(lead) = finish.lead.filter(|_| !finish.followups.is_empty()) else { continue };
        let kin = match known.entry(lead) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(read_kin(tx, finish, lead).await?),
        };
        for followup in &finish.followups {
            if is_there(kin, finish, followup, *version) {
                continue;
            }
            let row = NewRow {
                workspace: finish.workspace,
                id: followup.id,
                lead: finish.lead,
                data_version: *version,
                event: None,
                target_kind: TargetKind::Destination,
                lane: followup.destination.uuid(),
                cause: followup.cause,
                parent: Some(finish.delivery),
                due: followup.due,
                now: finish.now,
                lease: None,
            };
            rows.push(row.values());
            kin.push(Kin {
                id: followup.id,
                target: followup.destination.uuid(),
                cause: followup.cause,
                parent: Some(finish.delivery),
                state: DeliveryState::Pending,
                data_version: *version,
            });
            effects.lanes.push(followup.destination.uuid());
        }
    }
    tx.execute_many(&sql::DELIVERIES_ADD, &rows).await?;
    Ok(())
}

async fn read_kin(tx: &Tx<'_>, finish: &Finish, lead: LeadId) -> Result<Vec<Kin>, StoreError> {
    let rows = tx
        .query(
            "SELECT id, lane, cause, parent, state, data_version FROM deliveries \
             WHERE lead = ?1 AND ws = ?2 AND target_kind = 0",
            &[id(lead), id(finish.workspace)],
        )
        .await?;
    // Whoever claims a row that cannot be read gives it up; it is no reason not to end this one.
    Ok(rows.iter().filter_map(|row| read(row).ok()).collect())
}

fn read(row: &Row) -> Result<Kin, StoreError> {
    let damaged = |what: &str| StoreError::Damaged {
        what: "delivery",
        detail: format!("its {what} is not a known word"),
    };
    Ok(Kin {
        id: row.id(0)?,
        target: row.uuid(1)?,
        cause: DeliveryCause::parse(row.text(2)?).ok_or_else(|| damaged("cause"))?,
        parent: row.opt_id(3)?,
        state: DeliveryState::parse(row.text(4)?).ok_or_else(|| damaged("state"))?,
        data_version: row.int(5)?,
    })
}

/// Whether the lead went there already, by the doing of the same delivery or one of its resends.
fn is_there(kin: &[Kin], finish: &Finish, followup: &Followup, version: i64) -> bool {
    let target = followup.destination.uuid();
    match followup.cause {
        DeliveryCause::Linked => {
            let root = root_of(kin, finish.delivery);
            linked_from(kin, root).any(|linked| linked.target == target)
        }
        _ => kin.iter().any(|row| {
            row.target == target && row.data_version >= version && row.state.has_the_lead()
        }),
    }
}
