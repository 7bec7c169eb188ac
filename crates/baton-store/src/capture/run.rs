//! Captures of a batch: read what they depend on, decide in order, write in sorted arrays.
//!
//! A partial lead's way:
//! ```text
//! (none) --partial--> partial --partial, seq not smaller--> partial (data version + 1)
//!                        |------complete------------------> received | rejected | quarantined
//! anything after that under the same lead_key is stale and changes nothing
//! ```

use super::carry::{body_of, read_given};
use super::{Capture, Captured, event_of};
use crate::claim::{TargetKind, stopped_lanes};
use crate::command::{CaptureCommand, Effects, Reply};
use crate::db::{Tx, Value, id, opt_id};
use crate::deliveries::NewRow;
use crate::error::StoreError;
use crate::events::QUIET;
use crate::sql;
use baton_domain::config::{DuplicateAction, Stage};
use baton_domain::delivery::DeliveryCause;
use baton_domain::event::EventKind;
use baton_domain::id::{DeliveryId, LeadId, SourceId, TypedId};
use baton_domain::lead::{LeadData, LeadState};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokio::try_join;

type Key = [u8; 16];

/// What an idempotency row remembers: the facts an answer is made from.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Remembered {
    lead: LeadId,
    state: LeadState,
    duplicate_of: Option<(LeadId, SourceId)>,
    stale: bool,
}

impl Remembered {
    /// The same outcome again.
    pub(crate) fn replayed(&self) -> Captured {
        Captured {
            lead: self.lead,
            state: self.state,
            duplicate_of: self.duplicate_of,
            replayed: true,
            stale: self.stale,
            deliveries: Vec::new(),
            in_flight: Vec::new(),
        }
    }
}

#[derive(Clone, Copy)]
struct Held {
    lead: LeadId,
    source: SourceId,
    claimed_at: i64,
}

#[derive(Clone, Copy)]
pub(super) struct PartialRow {
    pub(super) state: LeadState,
    pub(super) data_version: i64,
    event_seq: i64,
    seq: i64,
}

#[derive(Default)]
pub(super) struct Known {
    idempotency: HashMap<Key, ([u8; 32], Remembered)>,
    claims: HashMap<Key, Held>,
    partials: HashMap<LeadId, PartialRow>,
    /// The data of those to which answers gave something.
    pub(super) given: HashMap<LeadId, LeadData>,
    /// Read only when a delivery is to be written as in flight.
    stopped: Vec<uuid::Uuid>,
}

#[derive(Default)]
struct Rows {
    idempotency: BTreeMap<Key, Vec<Value>>,
    claims: BTreeMap<Key, Vec<Value>>,
    leads: Vec<Vec<Value>>,
    revised: BTreeMap<LeadId, Vec<Value>>,
    data: Vec<Vec<Value>>,
    superseded: Vec<Vec<Value>>,
    deliveries: Vec<Vec<Value>>,
    events: Vec<Vec<Value>>,
}

pub(crate) async fn run_captures(
    tx: &Tx<'_>,
    commands: &[&CaptureCommand],
) -> Result<(Vec<Result<Reply, StoreError>>, Effects), StoreError> {
    let mut known = read_known(tx, commands).await?;
    let mut rows = Rows::default();
    let mut effects = Effects::default();
    let mut replies = Vec::with_capacity(commands.len());
    for command in commands {
        replies.push(decide(command, &mut known, &mut rows, &mut effects).map(Reply::Captured));
    }
    write_rows(tx, rows).await?;
    Ok((replies, effects))
}

async fn read_known(tx: &Tx<'_>, commands: &[&CaptureCommand]) -> Result<Known, StoreError> {
    let mut known = Known::default();
    let idempotency: BTreeSet<Key> =
        commands.iter().filter_map(|c| c.capture.idempotency.as_ref().map(|i| i.key)).collect();
    let mut keys = BTreeSet::new();
    for command in commands {
        keys.extend(command.capture.duplicates.iter().flat_map(|d| d.keys.iter().copied()));
        keys.extend(command.capture.partial.iter().map(|p| p.key));
    }
    let leased = commands.iter().any(|c| !c.leases.is_empty());
    let stopped = async { if leased { stopped_lanes(tx).await } else { Ok(Vec::new()) } };
    let (remembered, claims, stopped) = try_join!(
        biased;
        find(tx, &sql::IDEMPOTENCY_FIND, &idempotency),
        find(tx, &sql::CLAIMS_FIND, &keys),
        stopped,
    )?;
    known.stopped = stopped;
    for row in remembered {
        let hash = row.bytes(1)?.try_into().map_err(|_| StoreError::Damaged {
            what: "idempotency row",
            detail: "the body hash is not 32 bytes".to_owned(),
        })?;
        let remembered = serde_json::from_slice(row.bytes(2)?)
            .map_err(|e| StoreError::unreadable("idempotency row", &e))?;
        known.idempotency.insert(row.key16(0)?, (hash, remembered));
    }
    for row in claims {
        let held = Held { lead: row.id(1)?, source: row.id(2)?, claimed_at: row.int(3)? };
        known.claims.insert(row.key16(0)?, held);
    }
    let partial_leads: BTreeMap<LeadId, Vec<Value>> = commands
        .iter()
        .filter_map(|c| {
            let held = known.claims.get(&c.capture.partial.as_ref()?.key)?;
            Some((held.lead, vec![id(c.capture.workspace), id(held.lead)]))
        })
        .collect();
    let params: Vec<Vec<Value>> = partial_leads.into_values().collect();
    for row in tx.query_many(&sql::PARTIALS_FIND, &params).await? {
        let state = LeadState::parse(row.text(1)?).ok_or_else(|| StoreError::Damaged {
            what: "lead",
            detail: "its state is not a known word".to_owned(),
        })?;
        let partial = PartialRow {
            state,
            data_version: row.int(2)?,
            event_seq: row.int(3)?,
            seq: row.opt_int(4)?.unwrap_or(0),
        };
        known.partials.insert(row.id(0)?, partial);
    }
    known.given = read_given(tx, &known.partials).await?;
    Ok(known)
}

async fn find(
    tx: &Tx<'_>,
    many: &crate::db::Many,
    keys: &BTreeSet<Key>,
) -> Result<Vec<crate::db::Row>, StoreError> {
    let params: Vec<Vec<Value>> = keys.iter().map(|k| vec![Value::Bytes(k.to_vec())]).collect();
    tx.query_many(many, &params).await
}

fn decide(
    command: &CaptureCommand,
    known: &mut Known,
    rows: &mut Rows,
    effects: &mut Effects,
) -> Result<Captured, StoreError> {
    let capture = &command.capture;
    if let Some(wanted) = &capture.idempotency
        && let Some((hash, remembered)) = known.idempotency.get(&wanted.key)
    {
        if *hash != wanted.body_hash {
            return Err(StoreError::IdempotencyMismatch);
        }
        return Ok(remembered.replayed());
    }
    let existing = capture.partial.as_ref().and_then(|partial| {
        let lead = known.claims.get(&partial.key)?.lead;
        known.partials.get(&lead).map(|row| (lead, *row, partial))
    });
    let captured = match existing {
        Some((lead, row, partial))
            if row.state != LeadState::Partial || (partial.partial && partial.seq < row.seq) =>
        {
            Captured {
                lead,
                state: row.state,
                duplicate_of: None,
                replayed: false,
                stale: true,
                deliveries: Vec::new(),
                in_flight: Vec::new(),
            }
        }
        existing => accept(command, existing.map(|(l, r, _)| (l, r)), known, rows, effects),
    };
    remember(capture, &captured, known, rows)?;
    Ok(captured)
}

fn remember(
    capture: &Capture,
    captured: &Captured,
    known: &mut Known,
    rows: &mut Rows,
) -> Result<(), StoreError> {
    let Some(wanted) = &capture.idempotency else { return Ok(()) };
    let remembered = Remembered {
        lead: captured.lead,
        state: captured.state,
        duplicate_of: captured.duplicate_of,
        stale: captured.stale,
    };
    let answer = serde_json::to_vec(&remembered)
        .map_err(|e| StoreError::unreadable("idempotency row", &e))?;
    rows.idempotency.insert(
        wanted.key,
        vec![
            Value::Bytes(wanted.key.to_vec()),
            Value::Bytes(wanted.body_hash.to_vec()),
            Value::Int(201),
            Value::Bytes(answer),
            capture.now.into(),
        ],
    );
    known.idempotency.insert(wanted.key, (wanted.body_hash, remembered));
    Ok(())
}

/// Makes a new lead, or a new version of a partial one.
fn accept(
    command: &CaptureCommand,
    existing: Option<(LeadId, PartialRow)>,
    known: &mut Known,
    rows: &mut Rows,
    effects: &mut Effects,
) -> Captured {
    let capture = &command.capture;
    let (lead, row) = match existing {
        Some((lead, row)) => (lead, Some(row)),
        None => (capture.lead, None),
    };
    let (state, duplicate_of) = claim_duplicates(capture, lead, known, rows);
    let data_version = row.map_or(1, |r| r.data_version + 1);
    let kinds = event_kinds(row.is_some(), state, duplicate_of.is_some());
    let event_seq = row.map_or(0, |r| r.event_seq) + kinds.len() as i64;
    for (offset, kind) in kinds.iter().enumerate() {
        let n = event_seq - kinds.len() as i64 + offset as i64 + 1;
        let delta = delta_of(command, row, *kind, state, duplicate_of.map(|(of, _)| of));
        rows.events.push(vec![
            id(capture.event_ids[offset.min(2)]),
            id(capture.workspace),
            kind.as_str().into(),
            capture.now.into(),
            id(lead),
            n.into(),
            data_version.into(),
            Value::Bytes(delta),
        ]);
    }
    effects.events = true;
    write_lead(capture, lead, row, (state, duplicate_of), (data_version, event_seq), known, rows);
    rows.data.push(vec![
        id(lead),
        data_version.into(),
        id(capture.workspace),
        Value::Bytes(body_of(command, lead, known)),
    ]);
    let version = (state, data_version, row.is_some());
    let (deliveries, in_flight) = add_deliveries(command, lead, version, known, rows, effects);
    Captured { lead, state, duplicate_of, replayed: false, stale: false, deliveries, in_flight }
}

/// The sender's number of a version. A completed lead without one of its own is not older than
/// the last version before it.
fn seq_of(capture: &Capture, row: Option<PartialRow>) -> Option<i64> {
    let own = capture.partial.as_ref()?.seq;
    Some(row.map_or(own, |row| own.max(row.seq)))
}

/// What an event keeps of its moment: the state and the sender's number then, what the lead
/// repeats, why it was refused.
fn delta_of(
    command: &CaptureCommand,
    row: Option<PartialRow>,
    kind: EventKind,
    state: LeadState,
    duplicate_of: Option<LeadId>,
) -> Vec<u8> {
    let CaptureCommand { capture, quiet, .. } = command;
    let mut delta = serde_json::Map::new();
    delta.insert("state".to_owned(), state.as_str().into());
    if let Some(seq) = seq_of(capture, row) {
        delta.insert("seq".to_owned(), seq.into());
    }
    if *quiet {
        delta.insert(QUIET.to_owned(), true.into());
    }
    if let Some(of) = duplicate_of.filter(|_| kind == EventKind::LeadDuplicate) {
        delta.insert("duplicate_of".to_owned(), of.to_string().into());
    }
    let refused = matches!(kind, EventKind::LeadRejected | EventKind::LeadQuarantined);
    let problems = capture.problems.as_ref().filter(|_| refused);
    if let Some(problems) = problems.and_then(|p| serde_json::from_slice(p).ok()) {
        delta.insert("problems".to_owned(), problems);
    }
    serde_json::Value::Object(delta).to_string().into_bytes()
}

fn event_kinds(revision: bool, state: LeadState, duplicate: bool) -> Vec<EventKind> {
    let mut kinds = Vec::with_capacity(3);
    if revision && state != LeadState::Partial {
        kinds.push(EventKind::LeadCompleted);
    }
    if duplicate {
        kinds.push(EventKind::LeadDuplicate);
    }
    kinds.push(event_of(state));
    kinds
}

/// Takes the lead's duplicate keys, or finds who has them.
fn claim_duplicates(
    capture: &Capture,
    lead: LeadId,
    known: &mut Known,
    rows: &mut Rows,
) -> (LeadState, Option<(LeadId, SourceId)>) {
    if let Some(partial) = &capture.partial {
        let held = Held { lead, source: capture.source, claimed_at: capture.now.0 };
        if !known.claims.contains_key(&partial.key) {
            take(partial.key, held, i64::MIN, known, rows);
        }
    }
    let Some(rule) = &capture.duplicates else { return (capture.state, None) };
    let free_before = rule.window_ms.map_or(i64::MIN, |w| capture.now.0.saturating_sub(w));
    let holder = rule.keys.iter().find_map(|key| {
        known.claims.get(key).filter(|h| h.claimed_at > free_before && h.lead != lead)
    });
    let duplicate_of = holder.map(|h| (h.lead, h.source));
    let state = match (duplicate_of, rule.action) {
        (Some(_), DuplicateAction::Reject) => LeadState::Rejected,
        (Some(_), DuplicateAction::Quarantine) => LeadState::Quarantined,
        _ => capture.state,
    };
    // A refused lead keeps nobody out: it takes no key at all.
    if duplicate_of.is_none() || rule.action == DuplicateAction::Mark {
        for key in &rule.keys {
            let free = known.claims.get(key).is_none_or(|h| h.claimed_at <= free_before);
            if free {
                let held = Held { lead, source: capture.source, claimed_at: capture.now.0 };
                take(*key, held, free_before, known, rows);
            }
        }
    }
    (state, duplicate_of)
}

fn take(key: Key, held: Held, free_before: i64, known: &mut Known, rows: &mut Rows) {
    known.claims.insert(key, held);
    rows.claims.insert(
        key,
        vec![
            Value::Bytes(key.to_vec()),
            id(held.lead),
            id(held.source),
            held.claimed_at.into(),
            free_before.into(),
        ],
    );
}

fn write_lead(
    capture: &Capture,
    lead: LeadId,
    row: Option<PartialRow>,
    (state, duplicate_of): (LeadState, Option<(LeadId, SourceId)>),
    (data_version, event_seq): (i64, i64),
    known: &mut Known,
    rows: &mut Rows,
) {
    let seq = seq_of(capture, row);
    let duplicate_of = opt_id(duplicate_of.map(|(of, _)| of));
    let problems: Value = capture.problems.clone().into();
    if row.is_none() {
        rows.leads.push(vec![
            id(capture.workspace),
            id(lead),
            id(capture.campaign),
            id(capture.source),
            state.as_str().into(),
            event_seq.into(),
            capture.config_version.into(),
            capture.test.into(),
            duplicate_of,
            seq.into(),
            problems,
            capture.now.into(),
        ]);
    } else {
        rows.revised.insert(
            lead,
            vec![
                id(capture.workspace),
                id(lead),
                state.as_str().into(),
                data_version.into(),
                event_seq.into(),
                capture.config_version.into(),
                duplicate_of,
                seq.into(),
                problems,
                capture.now.into(),
            ],
        );
    }
    if capture.partial.is_some() {
        let row = PartialRow { state, data_version, event_seq, seq: seq.unwrap_or(0) };
        known.partials.insert(lead, row);
    }
}

/// Makes the deliveries of a version; which of them are in flight already.
fn add_deliveries(
    command: &CaptureCommand,
    lead: LeadId,
    (state, data_version, revision): (LeadState, i64, bool),
    known: &Known,
    rows: &mut Rows,
    effects: &mut Effects,
) -> (Vec<DeliveryId>, Vec<DeliveryId>) {
    let capture = &command.capture;
    if revision {
        rows.superseded.push(vec![id(capture.workspace), id(lead), capture.now.into()]);
        // A version that came in this very batch has no rows yet: its deliveries are not made.
        let lead = id(lead);
        rows.deliveries.retain(|row| row[2] != lead);
    }
    let (mut made, mut in_flight) = (Vec::new(), Vec::new());
    if !matches!(state, LeadState::Received | LeadState::Partial) {
        return (made, in_flight);
    }
    let stage = match state {
        LeadState::Partial => Stage::Partial,
        _ if revision => Stage::Completed,
        _ => Stage::Whole,
    };
    for delivery in capture.deliveries.iter().filter(|d| d.partials.wants(stage)) {
        let lane = delivery.destination.uuid();
        let lease = command.leases.iter().find(|(of, _)| *of == delivery.id).map(|(_, l)| *l);
        let lease = lease.filter(|_| !known.stopped.contains(&lane));
        match lease {
            Some(_) => in_flight.push(delivery.id),
            None => effects.lanes.push(lane),
        }
        made.push(delivery.id);
        let row = NewRow {
            workspace: capture.workspace,
            id: delivery.id,
            lead: Some(lead),
            data_version,
            event: None,
            target_kind: TargetKind::Destination,
            lane,
            cause: DeliveryCause::Lead,
            parent: None,
            due: delivery.due,
            now: capture.now,
            lease,
        };
        rows.deliveries.push(row.values());
    }
    (made, in_flight)
}

/// Writes what was decided. Statements that do not touch each other's rows go out together, so that
/// PostgreSQL need not be waited for after each.
async fn write_rows(tx: &Tx<'_>, rows: Rows) -> Result<(), StoreError> {
    let claims: Vec<Vec<Value>> = rows.claims.into_values().collect();
    let idempotency: Vec<Vec<Value>> = rows.idempotency.into_values().collect();
    let revised: Vec<Vec<Value>> = rows.revised.into_values().collect();
    let lead_rows = async {
        // A lead of this very batch may be among the revised ones.
        tx.execute_many(&sql::LEADS_ADD, &rows.leads).await?;
        tx.execute_many(&sql::LEADS_REVISE, &revised).await
    };
    let deliveries = async {
        tx.execute_many(&sql::DELIVERIES_SUPERSEDE, &rows.superseded).await?;
        tx.execute_many(&sql::DELIVERIES_ADD, &rows.deliveries).await
    };
    let (claimed, remembered, ..) = try_join!(
        biased;
        tx.execute_many(&sql::CLAIMS_TAKE, &claims),
        tx.execute_many(&sql::IDEMPOTENCY_ADD, &idempotency),
        lead_rows,
        tx.execute_many(&sql::LEAD_DATA_ADD, &rows.data),
        deliveries,
        tx.execute_many(&sql::EVENTS_ADD, &rows.events),
    )?;
    expect_all(claimed, claims.len())?;
    expect_all(remembered, idempotency.len())
}

/// Fewer rows than asked for: another node took one between our look and our write.
fn expect_all(touched: u64, wanted: usize) -> Result<(), StoreError> {
    if touched == wanted as u64 { Ok(()) } else { Err(StoreError::Collision) }
}
