//! Taking due deliveries: only what a free slot can start.

use crate::command::{Effects, Reply};
use crate::db::{Row, Tx, Value, id};
use crate::error::StoreError;
use crate::sql;
use baton_domain::connector::answered::Answered;
use baton_domain::delivery::{DeliveryCause, DeliveryState};
use baton_domain::id::{DeliveryId, LeadId, WorkspaceId};
use baton_domain::time::Millis;
use std::collections::HashMap;
use uuid::Uuid;

/// What a delivery is sent to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TargetKind {
    /// A destination.
    Destination,
    /// An event subscription.
    Subscription,
}

impl TargetKind {
    pub(crate) fn from_int(stored: i64) -> Self {
        if stored == 0 { Self::Destination } else { Self::Subscription }
    }
}

/// How many deliveries of one lane (a destination's or subscription's queue) can start now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaneRoom {
    /// Id of the destination or subscription.
    pub lane: Uuid,
    /// How many that were never tried.
    pub first: u32,
    /// How many that are being retried.
    pub retry: u32,
    /// How many in all.
    pub total: u32,
}

/// A request for due deliveries.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The lanes with room.
    pub lanes: Vec<LaneRoom>,
    /// The present, by the database's clock.
    pub now: Millis,
    /// Until when they are ours without a renewal (PostgreSQL; on SQLite the directory lock
    /// makes leases last until the next start).
    pub lease_until: Millis,
    /// Token of this claim: a finish must name it.
    pub token: Uuid,
}

/// What a claim got.
#[derive(Clone, Debug, Default)]
pub struct Claimed {
    /// The deliveries, in due order within each lane.
    pub deliveries: Vec<ClaimedDelivery>,
    /// When the next delivery of an asked lane is due, for those in which one waits; a lane may be
    /// named twice.
    pub next_due: Vec<(Uuid, Millis)>,
    /// Lanes of which more is due than there was room for.
    pub more: Vec<Uuid>,
}

/// A delivery that is ours to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The lead it carries; `None` for an event without one.
    pub lead: Option<LeadId>,
    /// The version of the lead's data.
    pub data_version: i64,
    /// The event it carries, by position, for a subscription.
    pub event: Option<i64>,
    /// Destination or subscription.
    pub target_kind: TargetKind,
    /// Its id.
    pub target: Uuid,
    /// Why it exists.
    pub cause: DeliveryCause,
    /// The delivery it was made from (failover, link, resend).
    pub parent: Option<DeliveryId>,
    /// Its state before the claim; `queued` stays so: its receiver is to be asked.
    pub was: DeliveryState,
    /// How often it was claimed, this time included and without what was given back for no fault
    /// of its own; guards against poison.
    pub starts: i64,
    /// How many attempts were recorded.
    pub attempts: i64,
    /// Verdict of the last one, in its word.
    pub last_verdict: Option<String>,
    /// What its answers gave so far.
    pub answered: Option<Answered>,
    /// When its receiver said that it is queued.
    pub queued_at: Option<Millis>,
    /// How often the receiver was asked since.
    pub asked: i64,
    /// When it was made.
    pub created_at: Millis,
    /// When it was due.
    pub due: Millis,
    /// Token of the claim.
    pub token: Uuid,
}

/// Shares the room of a lane: a quarter of it is kept for retries, the rest for first attempts,
/// and what one of them does not need goes to the other.
fn share(room: &LaneRoom, first_due: usize, retry_due: usize) -> (usize, usize) {
    let total = room.total as usize;
    let first_due = first_due.min(room.first as usize);
    let retry_due = retry_due.min(room.retry as usize);
    let kept_for_retries = retry_due.min(total.div_ceil(4));
    let first = first_due.min(total - kept_for_retries);
    (first, retry_due.min(total - first))
}

/// Lanes nobody may claim from now.
pub(crate) async fn stopped_lanes(tx: &Tx<'_>) -> Result<Vec<Uuid>, StoreError> {
    let rows = tx.query("SELECT lane FROM stopped_lanes", &[]).await?;
    rows.iter().map(|row| row.uuid(0)).collect()
}

pub(crate) async fn run_claim(tx: &Tx<'_>, claim: &Claim) -> Result<(Reply, Effects), StoreError> {
    let stopped = stopped_lanes(tx).await?;
    let lanes: Vec<&LaneRoom> = claim.lanes.iter().filter(|l| !stopped.contains(&l.lane)).collect();
    let mut params = Vec::with_capacity(lanes.len() * 2);
    for room in &lanes {
        for (class, limit) in [(0, room.first), (1, room.retry)] {
            let limit = i64::from(limit.min(room.total)) + 1;
            params.push(vec![
                room.lane.into(),
                Value::Int(class),
                claim.now.into(),
                Value::Int(limit),
            ]);
        }
    }
    let mut due: HashMap<(Uuid, i64), Vec<ClaimedDelivery>> = HashMap::new();
    for row in tx.query_many(&sql::CLAIM_DUE, &params).await? {
        match read_claimed(&row, claim.token) {
            Ok(delivery) => {
                due.entry((row.uuid(6)?, row.int(14)?)).or_default().push(delivery);
            }
            Err(error) => give_up_damaged(tx, &row, claim.now, &error).await?,
        }
    }
    let mut claimed = Claimed::default();
    for room in &lanes {
        let first = due.remove(&(room.lane, 0)).unwrap_or_default();
        let retry = due.remove(&(room.lane, 1)).unwrap_or_default();
        let (take_first, take_retry) = share(room, first.len(), retry.len());
        if first.len() > take_first || retry.len() > take_retry {
            claimed.more.push(room.lane);
        }
        claimed.deliveries.extend(first.into_iter().take(take_first));
        claimed.deliveries.extend(retry.into_iter().take(take_retry));
    }
    let taken: Vec<Vec<Value>> = claimed
        .deliveries
        .iter()
        .map(|d| {
            vec![
                id(d.workspace),
                id(d.id),
                claim.token.into(),
                claim.lease_until.into(),
                claim.now.into(),
            ]
        })
        .collect();
    tx.execute_many(&sql::CLAIM_TAKE, &taken).await?;
    let next: Vec<Vec<Value>> = params
        .into_iter()
        .map(|mut p| {
            p.truncate(3);
            p
        })
        .collect();
    for row in tx.query_many(&sql::CLAIM_NEXT_DUE, &next).await? {
        claimed.next_due.push((row.uuid(1)?, row.millis(0)?));
    }
    Ok((Reply::Claimed(claimed), Effects::default()))
}

/// Ends a delivery whose row cannot be read: it would hold up all that is claimed with it.
async fn give_up_damaged(
    tx: &Tx<'_>,
    row: &Row,
    now: Millis,
    error: &StoreError,
) -> Result<(), StoreError> {
    tracing::error!(delivery = ?row.uuid(1).ok(), error = %error, "a delivery is given up: its row is damaged");
    let cause = row.text(7).ok().and_then(DeliveryCause::parse).unwrap_or(DeliveryCause::Lead);
    tx.execute(
        "UPDATE deliveries SET state = 'failed', wake_at = NULL, due_at = NULL, token = NULL, \
         cause = ?3, note = ?4, updated_at = ?5 WHERE ws = ?1 AND id = ?2",
        &[
            row.value(0),
            row.value(1),
            cause.as_str().into(),
            format!("given up: {error}").into(),
            now.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Reads what the answers of a delivery gave.
pub(crate) fn read_answered(row: &Row, column: usize) -> Result<Option<Answered>, StoreError> {
    let stored = row.opt_bytes(column)?;
    stored.map(|bytes| serde_json::from_slice(&bytes)).transpose().map_err(|e| {
        StoreError::Damaged {
            what: "delivery",
            // The parser's own words could repeat a value.
            detail: format!("what its answers gave cannot be read at column {}", e.column()),
        }
    })
}

fn read_claimed(row: &Row, token: Uuid) -> Result<ClaimedDelivery, StoreError> {
    let damaged = |what: &str| StoreError::Damaged {
        what: "delivery",
        detail: format!("its {what} is not a known word"),
    };
    Ok(ClaimedDelivery {
        workspace: row.id(0)?,
        id: row.id(1)?,
        lead: row.opt_id(2)?,
        data_version: row.int(3)?,
        event: row.opt_int(4)?,
        target_kind: TargetKind::from_int(row.int(5)?),
        target: row.uuid(6)?,
        cause: DeliveryCause::parse(row.text(7)?).ok_or_else(|| damaged("cause"))?,
        parent: row.opt_id(8)?,
        was: DeliveryState::parse(row.text(9)?).ok_or_else(|| damaged("state"))?,
        starts: row.int(10)? + 1,
        attempts: row.int(11)?,
        last_verdict: row.opt_text(15)?,
        answered: read_answered(row, 16)?,
        queued_at: row.opt_millis(17)?,
        asked: row.int(18)?,
        created_at: row.millis(12)?,
        due: row.opt_millis(13)?.unwrap_or_default(),
        token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_keeps_room_for_both_first_attempts_and_retries() {
        let room = |total| LaneRoom { lane: Uuid::nil(), first: total, retry: total, total };
        for (total, first, retry, want) in [
            (8, 100, 100, (6, 2)),
            (8, 100, 0, (8, 0)),
            (8, 0, 100, (0, 8)),
            (8, 1, 100, (1, 7)),
            (8, 100, 1, (7, 1)),
            (1, 5, 5, (0, 1)),
            (0, 5, 5, (0, 0)),
        ] {
            assert_eq!(share(&room(total), first, retry), want, "{total} {first} {retry}");
        }
    }
}
