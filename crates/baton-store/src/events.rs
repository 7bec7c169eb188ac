//! The public record, read in commit order.
//!
//! On PostgreSQL positions are drawn before the commit: a reader that asks for "since N" would skip
//! rows for ever. The cursor is (transaction, position) and only rows below the oldest running
//! transaction are read. On SQLite there is one writer and the transaction part is 0.

use crate::claim::TargetKind;
use crate::command::{Command, Effects, Reply};
use crate::db::{Row, Tx, Value, id};
use crate::deliveries::NewRow;
use crate::error::StoreError;
use crate::sql;
use crate::store::{Store, WorkspaceStore};
use baton_domain::delivery::DeliveryCause;
use baton_domain::event::EventKind;
use baton_domain::id::{DeliveryId, EventId, LeadId, SubscriptionId, TypedId, WorkspaceId};
use baton_domain::time::Millis;
use std::fmt;
use std::str::FromStr;

/// How many of the newest events are looked through for recent ones of a kind.
pub const RECENT_EVENTS: i64 = 5_000;

/// A place in the record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct EventCursor {
    /// The transaction.
    pub tx: i64,
    /// The position in it.
    pub position: i64,
}

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.tx, self.position)
    }
}

impl FromStr for EventCursor {
    type Err = StoreError;
    fn from_str(text: &str) -> Result<Self, StoreError> {
        let parsed = text
            .split_once('-')
            .and_then(|(tx, position)| Some((tx.parse().ok()?, position.parse().ok()?)));
        let (tx, position) = parsed.ok_or(StoreError::NotFound)?;
        Ok(Self { tx, position })
    }
}

/// Events after a place, as far as was looked.
#[derive(Clone, Debug)]
pub struct EventBatch {
    /// The events that can be read, in commit order.
    pub events: Vec<EventRow>,
    /// The place of the last row that was looked at; a damaged one is passed over for good.
    pub to: EventCursor,
    /// How many rows were looked at.
    pub looked_at: usize,
}

/// Marks, in what an event keeps of its moment, one that is told to no webhook.
pub const QUIET: &str = "quiet";

/// One event.
#[derive(Clone, PartialEq, Debug)]
pub struct EventRow {
    /// Its place.
    pub cursor: EventCursor,
    /// Its id.
    pub id: EventId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its kind.
    pub kind: EventKind,
    /// When it happened.
    pub at: Millis,
    /// The lead it is about.
    pub lead: Option<LeadId>,
    /// Counts the lead's events.
    pub n: i64,
    /// Version of the lead's data then.
    pub data_version: i64,
    /// What is not in the lead, as JSON.
    pub delta: Vec<u8>,
}

impl EventRow {
    /// Whether no webhook is to be told: it is in the record only.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        #[derive(serde::Deserialize)]
        struct Mark {
            #[serde(default)]
            quiet: bool,
        }
        serde_json::from_slice::<Mark>(&self.delta).is_ok_and(|mark| mark.quiet)
    }
}

pub(crate) fn columns(postgres: bool) -> &'static str {
    if postgres {
        "position, tx, id, ws, kind, at, lead, n, data_version, delta"
    } else {
        "position, 0, id, ws, kind, at, lead, n, data_version, delta"
    }
}

pub(crate) fn read_event(row: &Row) -> Result<EventRow, StoreError> {
    let kind = EventKind::parse(row.text(4)?).ok_or_else(|| StoreError::Damaged {
        what: "event",
        detail: "its kind is not a known word".to_owned(),
    })?;
    Ok(EventRow {
        cursor: EventCursor { position: row.int(0)?, tx: row.int(1)? },
        id: row.id(2)?,
        workspace: row.id(3)?,
        kind,
        at: row.millis(5)?,
        lead: row.opt_id(6)?,
        n: row.int(7)?,
        data_version: row.int(8)?,
        delta: row.bytes(9)?.to_vec(),
    })
}

/// An event, unless it is damaged.
pub(crate) fn read_or_pass(row: &Row) -> Option<EventRow> {
    read_event(row)
        .inspect_err(|error| {
            tracing::error!(position = ?row.int(0).ok(), %error, "an event is passed over: it is damaged");
        })
        .ok()
}

const AFTER_SQLITE: &str = "SELECT position, 0, id, ws, kind, at, lead, n, data_version, delta \
     FROM events WHERE position > ?1 ORDER BY position LIMIT ?2";
const AFTER_POSTGRES: &str = "SELECT position, tx, id, ws, kind, at, lead, n, data_version, delta \
     FROM events WHERE (tx, position) > (?1, ?2) \
     AND tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint ORDER BY tx, position LIMIT ?3";

impl Store {
    /// Events of all workspaces after a place, in commit order, at most `limit`.
    pub async fn events_after(
        &self,
        cursor: EventCursor,
        limit: u32,
    ) -> Result<EventBatch, StoreError> {
        let limit = Value::Int(i64::from(limit));
        let rows = if self.is_postgres() {
            self.query(AFTER_POSTGRES, &[cursor.tx.into(), cursor.position.into(), limit]).await?
        } else {
            self.query(AFTER_SQLITE, &[cursor.position.into(), limit]).await?
        };
        let to = rows
            .last()
            .map_or(Ok(cursor), |row| Ok(EventCursor { position: row.int(0)?, tx: row.int(1)? }))?;
        // One that cannot be read is passed over: no reader would ever get past it.
        let events = rows.iter().filter_map(read_or_pass).collect();
        Ok(EventBatch { events, to, looked_at: rows.len() })
    }

    /// The place of the newest event that may be read now; a stream begins after it.
    pub async fn events_end(&self) -> Result<EventCursor, StoreError> {
        let sql = if self.is_postgres() {
            "SELECT position, tx FROM events \
             WHERE tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
             ORDER BY tx DESC, position DESC LIMIT 1"
        } else {
            "SELECT position, 0 FROM events ORDER BY position DESC LIMIT 1"
        };
        let rows = self.query(sql, &[]).await?;
        rows.first().map_or(Ok(EventCursor::default()), |row| {
            Ok(EventCursor { position: row.int(0)?, tx: row.int(1)? })
        })
    }

    /// Where a named reader stands.
    pub async fn cursor(&self, name: &str) -> Result<EventCursor, StoreError> {
        let rows =
            self.query("SELECT tx, position FROM cursors WHERE name = ?1", &[name.into()]).await?;
        rows.first().map_or(Ok(EventCursor::default()), |row| {
            Ok(EventCursor { tx: row.int(0)?, position: row.int(1)? })
        })
    }

    /// Makes deliveries of events for subscriptions and moves the reader on, if it still stands
    /// where it is thought to; false when another node was faster.
    pub async fn fan_out(&self, fan_out: FanOut) -> Result<bool, StoreError> {
        match self.write(Command::FanOut(fan_out)).await? {
            Reply::FannedOut(moved) => Ok(moved),
            _ => Ok(false),
        }
    }

    /// The event at a place of a workspace.
    pub async fn event_at(
        &self,
        workspace: WorkspaceId,
        position: i64,
    ) -> Result<Option<EventRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM events WHERE position = ?1 AND ws = ?2",
            columns(self.is_postgres())
        );
        let rows = self.query(&sql, &[position.into(), id(workspace)]).await?;
        rows.first().map(read_event).transpose()
    }
}

impl WorkspaceStore {
    /// Events of the workspace after a place, oldest first; looks at 5,000 at most. The cursor is
    /// where it stopped looking.
    pub async fn events(
        &self,
        after: EventCursor,
        limit: u32,
    ) -> Result<(Vec<EventRow>, EventCursor), StoreError> {
        let mut cursor = after;
        let mut found = Vec::new();
        for _ in 0..10 {
            let batch = self.store.events_after(cursor, 500).await?;
            for event in batch.events {
                if found.len() >= limit as usize {
                    return Ok((found, cursor));
                }
                cursor = event.cursor;
                if event.workspace == self.workspace {
                    found.push(event);
                }
            }
            cursor = batch.to;
            if batch.looked_at < 500 {
                break;
            }
        }
        Ok((found, cursor))
    }
}

impl WorkspaceStore {
    /// The newest events of a kind, newest first; looks at the newest [`RECENT_EVENTS`] only.
    pub async fn recent_events(
        &self,
        kind: EventKind,
        limit: u32,
    ) -> Result<Vec<EventRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM events WHERE position > (SELECT coalesce(max(position), 0) \
             FROM events) - {RECENT_EVENTS} AND ws = ?1 AND kind = ?2 \
             ORDER BY position DESC LIMIT ?3",
            columns(self.store.is_postgres())
        );
        let params = [id(self.workspace), kind.as_str().into(), i64::from(limit).into()];
        Ok(self.query(&sql, &params).await?.iter().filter_map(read_or_pass).collect())
    }
}

/// Deliveries of events for subscriptions, and the reader's move.
#[derive(Clone, Debug)]
pub struct FanOut {
    /// Name of the reader.
    pub reader: String,
    /// Where it stands.
    pub from: EventCursor,
    /// Where it goes.
    pub to: EventCursor,
    /// The deliveries: id, subscription, event.
    pub deliveries: Vec<(DeliveryId, SubscriptionId, EventRow)>,
    /// The present.
    pub now: Millis,
}

pub(crate) async fn run_fan_out(
    tx: &Tx<'_>,
    fan_out: &FanOut,
) -> Result<(Reply, Effects), StoreError> {
    let moved = move_reader(tx, &fan_out.reader, fan_out.from, fan_out.to).await?;
    let mut effects = Effects::default();
    if !moved {
        return Ok((Reply::FannedOut(false), effects));
    }
    let mut rows = Vec::with_capacity(fan_out.deliveries.len());
    for (delivery, subscription, event) in &fan_out.deliveries {
        let row = NewRow {
            workspace: event.workspace,
            id: *delivery,
            lead: event.lead,
            data_version: event.data_version,
            event: Some(event.cursor.position),
            target_kind: TargetKind::Subscription,
            lane: subscription.uuid(),
            cause: DeliveryCause::Event,
            parent: None,
            due: fan_out.now,
            now: fan_out.now,
            lease: None,
        };
        rows.push(row.values());
        effects.lanes.push(subscription.uuid());
    }
    tx.execute_many(&sql::DELIVERIES_ADD, &rows).await?;
    Ok((Reply::FannedOut(true), effects))
}

/// Moves a named reader on, if it still stands at `from`: of several nodes one gets anywhere.
pub(crate) async fn move_reader(
    tx: &Tx<'_>,
    name: &str,
    from: EventCursor,
    to: EventCursor,
) -> Result<bool, StoreError> {
    if from == EventCursor::default() {
        tx.execute(
            "INSERT INTO cursors (name, tx, position) VALUES (?1, 0, 0) \
             ON CONFLICT (name) DO NOTHING",
            &[name.into()],
        )
        .await?;
    }
    let moved = tx
        .execute(
            "UPDATE cursors SET tx = ?2, position = ?3 \
             WHERE name = ?1 AND tx = ?4 AND position = ?5",
            &[name.into(), to.tx.into(), to.position.into(), from.tx.into(), from.position.into()],
        )
        .await?;
    Ok(moved == 1)
}
