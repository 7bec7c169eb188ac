//! Ending attempts in a batch. What is no longer ours is recorded as late and changes nothing.

use super::followups::write_followups;
use super::{Finish, Release, fields};
use crate::command::{Effects, FinishCommand, Reply};
use crate::db::{Tx, Value, id, opt_id};
use crate::docs::run::disable_target;
use crate::error::StoreError;
use crate::leads::erase::scrubbed;
use crate::outcomes::count_outcomes;
use crate::sql;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DeliveryId, LeadId, TypedId};
use baton_domain::lead::LeadState;
use baton_domain::time::Millis;
use std::collections::{BTreeMap, HashMap, HashSet};
use tokio::try_join;
use uuid::Uuid;

/// Claims that were still theirs who finished, delivery and token, with the version of the lead's
/// data that the delivery carried.
pub(super) type Owned = HashMap<(DeliveryId, Uuid), i64>;

pub(super) fn claim_of(finish: &Finish) -> (DeliveryId, Uuid) {
    (finish.delivery, finish.token)
}

pub(crate) async fn run_finishes(
    tx: &Tx<'_>,
    commands: &[&FinishCommand],
) -> Result<(Vec<Result<Reply, StoreError>>, Effects), StoreError> {
    let mut effects = Effects::default();
    let owned = finish_deliveries(tx, commands).await?;
    let erased = erased_leads(tx, commands, &owned).await?;
    let ((), tests) = try_join!(
        biased;
        write_records(tx, commands, &owned, &erased),
        write_events(tx, commands, &owned, &mut effects),
    )?;
    let ended = commands.iter().filter(|c| owned.contains_key(&claim_of(&c.finish)));
    let counted = ended.filter(|c| c.finish.lead.is_none_or(|lead| !tests.contains(&lead)));
    count_outcomes(tx, counted.copied()).await?;
    write_followups(tx, commands, &owned, &mut effects).await?;
    for command in commands {
        let finish = &command.finish;
        if !owned.contains_key(&claim_of(finish)) {
            continue;
        }
        if let Some(lead) = finish.lead.filter(|_| finish.state.is_final() || finish.lead_delivered)
        {
            effects.leads.push(lead);
        }
        if let Some(disable) = &finish.disable {
            disable_target(tx, finish, disable, &mut effects).await?;
        }
    }
    let replies = commands
        .iter()
        .map(|c| Ok(Reply::Finished { owned: owned.contains_key(&claim_of(&c.finish)) }))
        .collect();
    Ok((replies, effects))
}

async fn finish_deliveries(tx: &Tx<'_>, commands: &[&FinishCommand]) -> Result<Owned, StoreError> {
    // Sorted, so that two nodes take their locks in one order.
    let mut params: BTreeMap<(DeliveryId, Uuid), Vec<Value>> = BTreeMap::new();
    for finish in commands.iter().map(|c| &c.finish) {
        params.insert(claim_of(finish), finish_values(finish)?);
    }
    let params: Vec<Vec<Value>> = params.into_values().collect();
    let owned: Owned = tx
        .query_many(&sql::FINISH, &params)
        .await?
        .iter()
        .map(|row| Ok(((row.id(0)?, row.uuid(1)?), row.int(2)?)))
        .collect::<Result<_, StoreError>>()?;
    let retrying: Vec<Vec<Value>> = commands
        .iter()
        .map(|c| &c.finish)
        .filter(|f| {
            f.state == DeliveryState::Retrying
                && f.lead.is_some()
                && owned.contains_key(&claim_of(f))
        })
        .map(|f| vec![id(f.workspace), id(f.delivery), f.now.into()])
        .collect();
    tx.execute_many(&sql::RETRY_SUPERSEDE, &retrying).await?;
    Ok(owned)
}

/// Leads that were erased while a request about them was out. An erasure takes the claims of a lead
/// away, so only who comes too late may be about an erased one. The look waits for an erasure that
/// is not committed yet.
async fn erased_leads(
    tx: &Tx<'_>,
    commands: &[&FinishCommand],
    owned: &Owned,
) -> Result<HashSet<LeadId>, StoreError> {
    let late = commands.iter().map(|c| &c.finish).filter(|f| !owned.contains_key(&claim_of(f)));
    let leads: BTreeMap<LeadId, Vec<Value>> = late
        .filter_map(|f| Some((f.lead?, f.workspace)))
        .map(|(lead, workspace)| (lead, vec![id(workspace), id(lead)]))
        .collect();
    let params: Vec<Vec<Value>> = leads.into_values().collect();
    let mut erased = HashSet::new();
    for row in tx.query_many(&sql::LEADS_STATE, &params).await? {
        if row.text(1)? == LeadState::Erased.as_str() {
            erased.insert(row.id(0)?);
        }
    }
    Ok(erased)
}

/// The parameters of [`sql::FINISH`].
fn finish_values(finish: &Finish) -> Result<Vec<Value>, StoreError> {
    let Finish { state, question, .. } = finish;
    let settles = !question || *state != DeliveryState::Queued;
    let verdict = finish.attempt.as_ref().filter(|_| settles).map(|a| a.verdict.as_str());
    let answered = finish.answered.as_ref().map(serde_json::to_vec).transpose();
    let answered = answered.map_err(|e| StoreError::unreadable("delivery", &e))?;
    let queued_at = (*state == DeliveryState::Queued).then_some(finish.now);
    Ok(vec![
        id(finish.workspace),
        id(finish.delivery),
        finish.token.into(),
        state.as_str().into(),
        (finish.attempt.is_some() && !question).into(),
        finish.next_at.into(),
        verdict.into(),
        finish.note.clone().into(),
        finish.now.into(),
        answered.into(),
        queued_at.into(),
        i64::from(*question).into(),
    ])
}

async fn write_records(
    tx: &Tx<'_>,
    commands: &[&FinishCommand],
    owned: &Owned,
    erased: &HashSet<LeadId>,
) -> Result<(), StoreError> {
    let mut attempts = Vec::new();
    let mut requests = Vec::new();
    for command in commands {
        let finish = &command.finish;
        if let (Some(attempt), Some(body)) = (&finish.attempt, &command.attempt_body) {
            let erased = finish.lead.is_some_and(|lead| erased.contains(&lead));
            let (body, answer) = match erased {
                true => (scrubbed(body)?, Vec::new()),
                false => (body.clone(), attempt.answer.clone()),
            };
            attempts.push(vec![
                id(finish.delivery),
                attempt.n.into(),
                id(finish.workspace),
                (!owned.contains_key(&claim_of(finish))).into(),
                attempt.started_at.into(),
                finish.now.into(),
                attempt.verdict.as_str().into(),
                Value::Bytes(body),
                Value::Bytes(answer),
            ]);
            if let Some((sealed, body)) = command.request_body.as_ref().filter(|_| !erased) {
                requests.push(vec![
                    id(finish.delivery),
                    attempt.n.into(),
                    id(finish.workspace),
                    (*sealed).into(),
                    Value::Bytes(body.clone()),
                ]);
            }
        }
    }
    try_join!(
        biased;
        tx.execute_many(&sql::ATTEMPTS_ADD, &attempts),
        tx.execute_many(&sql::REQUESTS_ADD, &requests),
    )?;
    Ok(())
}

/// Writes the events, and gives those of their leads that are tests.
async fn write_events(
    tx: &Tx<'_>,
    commands: &[&FinishCommand],
    owned: &Owned,
    effects: &mut Effects,
) -> Result<HashSet<LeadId>, StoreError> {
    // One row per lead: an UPDATE with arrays would touch a lead named twice only once.
    let mut touched: BTreeMap<LeadId, (Value, i64, bool, Millis)> = BTreeMap::new();
    let ours: Vec<&Finish> =
        commands.iter().map(|c| &c.finish).filter(|f| owned.contains_key(&claim_of(f))).collect();
    for finish in &ours {
        let Some(lead) = finish.lead else { continue };
        // Who hands the lead on has its row, so that two do so one after the other.
        let hands_on = !finish.followups.is_empty();
        let touches = finish.lead_delivered || finish.lead_fields.is_some() || hands_on;
        if finish.events.is_empty() && !touches {
            continue;
        }
        let entry = touched.entry(lead).or_insert((id(finish.workspace), 0, false, finish.now));
        entry.1 += finish.events.len() as i64;
        entry.2 |= finish.lead_delivered;
    }
    let params: Vec<Vec<Value>> = touched
        .into_iter()
        .map(|(lead, (workspace, events, delivered, now))| {
            vec![workspace, id(lead), events.into(), delivered.into(), now.into()]
        })
        .collect();
    let mut next: HashMap<LeadId, (i64, i64)> = HashMap::new();
    let counts: HashMap<Uuid, i64> = params
        .iter()
        .filter_map(|p| match (&p[1], &p[2]) {
            (Value::Id(lead), Value::Int(n)) => Some((*lead, *n)),
            _ => None,
        })
        .collect();
    let mut tests = HashSet::new();
    for row in tx.query_many(&sql::LEADS_TOUCH, &params).await? {
        let lead: LeadId = row.id(0)?;
        if row.flag(3)? {
            tests.insert(lead);
        }
        let added = counts.get(&lead.uuid()).copied().unwrap_or(0);
        next.insert(lead, (row.int(1)? - added + 1, row.int(2)?));
    }
    let mut events = Vec::new();
    for finish in &ours {
        for event in &finish.events {
            let (n, version) = match finish.lead.and_then(|l| next.get_mut(&l)) {
                Some(slot) => {
                    slot.0 += 1;
                    (slot.0 - 1, slot.1)
                }
                None => (0, 0),
            };
            events.push(vec![
                id(event.id),
                id(finish.workspace),
                event.kind.as_str().into(),
                finish.now.into(),
                opt_id(finish.lead),
                n.into(),
                version.into(),
                Value::Bytes(event.delta.clone()),
            ]);
        }
    }
    events.extend(fields::write(tx, &ours).await?);
    effects.events |= !events.is_empty();
    tx.execute_many(&sql::EVENTS_ADD, &events).await?;
    Ok(tests)
}

pub(crate) async fn run_release(
    tx: &Tx<'_>,
    releases: &[Release],
) -> Result<(Reply, Effects), StoreError> {
    let mut params: Vec<Vec<Value>> = releases
        .iter()
        .map(|r| {
            vec![id(r.workspace), id(r.delivery), r.token.into(), r.due.into(), r.counts.into()]
        })
        .collect();
    params.sort_by_key(|p| match p[1] {
        Value::Id(u) => u,
        _ => Uuid::nil(),
    });
    let mut effects = Effects::default();
    let rows = tx.query_many(&sql::RELEASE, &params).await?;
    for row in &rows {
        effects.lanes.push(row.uuid(0)?);
    }
    Ok((Reply::Count(rows.len() as u64), effects))
}

pub(crate) async fn run_renew(
    tx: &Tx<'_>,
    deliveries: &[(Uuid, DeliveryId)],
    tokens: &[Uuid],
    until: Millis,
) -> Result<(Reply, Effects), StoreError> {
    let mut params: Vec<(DeliveryId, Vec<Value>)> = deliveries
        .iter()
        .zip(tokens)
        .map(|((ws, delivery), token)| {
            (*delivery, vec![(*ws).into(), id(*delivery), (*token).into(), until.into()])
        })
        .collect();
    params.sort_by_key(|(delivery, _)| *delivery);
    let params: Vec<Vec<Value>> = params.into_iter().map(|(_, p)| p).collect();
    let renewed = tx.execute_many(&sql::RENEW, &params).await?;
    Ok((Reply::Count(renewed), Effects::default()))
}

/// Makes everything that was in flight due at once: the directory lock proves that no other
/// process is sending. Goes lane by lane along the index, so that a million waiting rows cost
/// nothing: what is in flight has its lease's end ahead, what waits is mostly due already.
pub(crate) async fn run_free_leases(
    tx: &Tx<'_>,
    now: Millis,
) -> Result<(Reply, Effects), StoreError> {
    let mut freed = 0;
    let mut lane = tx.query_opt(FIRST_LANE, &[]).await?;
    while let Some(row) = lane {
        let id = row.uuid(0)?;
        for class in [0, 1] {
            freed += tx
                .execute(
                    "UPDATE deliveries SET wake_at = ?3 WHERE lane = ?1 AND class = ?2 \
                     AND wake_at IS NOT NULL AND wake_at > ?3 AND token IS NOT NULL",
                    &[id.into(), Value::Int(class), now.into()],
                )
                .await?;
        }
        lane = tx.query_opt(NEXT_LANE, &[id.into()]).await?;
    }
    tx.execute(
        "UPDATE tasks SET wake_at = ?1 WHERE wake_at IS NOT NULL AND state = 'running'",
        &[now.into()],
    )
    .await?;
    Ok((Reply::Count(freed), Effects::default()))
}

const FIRST_LANE: &str =
    "SELECT lane FROM deliveries WHERE wake_at IS NOT NULL ORDER BY lane LIMIT 1";
const NEXT_LANE: &str = "SELECT lane FROM deliveries WHERE wake_at IS NOT NULL AND lane > ?1 \
     ORDER BY lane LIMIT 1";
