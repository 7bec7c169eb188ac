//! What became of deliveries to destinations: counted by the hour as they end, with the deliveries
//! behind the counts, and the last test call of each destination.
//!
//! Reports read the counts: a month is 720 hours, however many deliveries it had. The counts stay
//! when leads are removed, so they hold no personal data; `baton_domain::reason` sees to that.

use crate::command::{Command, Effects, FinishCommand, Reply};
use crate::db::{Row, Tx, Value, id};
use crate::deliveries::AttemptBody;
use crate::error::StoreError;
use crate::finish::Finish;
use crate::leads::PAGE_MAX;
use crate::sql;
use crate::store::WorkspaceStore;
use baton_domain::id::{DeliveryId, DestinationId, LeadId, TypedId, WorkspaceId};
use baton_domain::reason::Reason;
use baton_domain::time::Millis;
use baton_domain::verdict::Verdict;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Milliseconds of an hour, by which outcomes are counted.
pub const HOUR_MS: i64 = 3_600_000;
/// Days counts are kept.
pub const OUTCOME_DAYS: i64 = 400;
/// Counters of one number; nodes spread over them.
const SLOTS: u128 = 8;
/// Most reasons a report has.
pub const REASONS_MAX: usize = 2_000;
/// Most recorded answers that are read at once.
pub const ANSWERS_MAX: u32 = 500;
/// Most bytes of each recorded answer that are read at once.
pub const ANSWER_HEAD_BYTES: usize = 16 * 1024;

/// A span of whole hours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hours {
    first: i64,
    end: i64,
}

impl Hours {
    /// The hours that hold a span of time.
    #[must_use]
    pub fn around(from: Millis, to: Millis) -> Self {
        let end = to.0.div_euclid(HOUR_MS) + i64::from(to.0.rem_euclid(HOUR_MS) > 0);
        Self { first: from.0.div_euclid(HOUR_MS), end }
    }

    /// When they begin.
    #[must_use]
    pub fn from(self) -> Millis {
        Millis(self.first * HOUR_MS)
    }

    /// When they end.
    #[must_use]
    pub fn to(self) -> Millis {
        Millis(self.end * HOUR_MS)
    }
}

/// Deliveries to a destination that ended with one verdict for one reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutcomeCount {
    /// The destination.
    pub destination: DestinationId,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason.
    pub reason: Reason,
    /// How many.
    pub count: i64,
    /// When the first of them ended, within the hour it was first counted in.
    pub first_at: Millis,
    /// When the last of them ended.
    pub last_at: Millis,
}

/// Deliveries to a destination that ended with one verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VerdictCount {
    /// The destination.
    pub destination: DestinationId,
    /// The verdict.
    pub verdict: Verdict,
    /// How many.
    pub count: i64,
}

/// A place among refused deliveries, which go from new to old.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RefusedCursor {
    /// When it ended.
    pub at: Millis,
    /// The delivery.
    pub delivery: DeliveryId,
}

impl fmt::Display for RefusedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.at.0, self.delivery)
    }
}

impl FromStr for RefusedCursor {
    type Err = StoreError;
    fn from_str(text: &str) -> Result<Self, StoreError> {
        let parsed = text
            .split_once('-')
            .and_then(|(at, delivery)| Some((at.parse().ok()?, delivery.parse().ok()?)));
        let (at, delivery) = parsed.ok_or(StoreError::NotFound)?;
        Ok(Self { at: Millis(at), delivery })
    }
}

/// Which refused deliveries to list: those behind one [`OutcomeCount`].
#[derive(Clone, Copy, Debug)]
pub struct RefusedFilter {
    /// The destination.
    pub destination: DestinationId,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason's id.
    pub reason: Uuid,
    /// The hours they ended in.
    pub hours: Hours,
    /// Only before this one.
    pub before: Option<RefusedCursor>,
    /// At most so many, up to [`PAGE_MAX`].
    pub limit: u32,
}

/// A delivery that was not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused {
    /// When it ended.
    pub at: Millis,
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its lead.
    pub lead: Option<LeadId>,
    /// The attempt that decided.
    pub n: i64,
}

/// An answer as it was recorded, by its head.
#[derive(Clone, PartialEq, Debug)]
pub struct RecordedAnswer {
    /// When it came.
    pub at: Millis,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The attempt.
    pub n: i64,
    /// Status, headers and the rest of the attempt's record.
    pub body: AttemptBody,
    /// The head of its body, at most [`ANSWER_HEAD_BYTES`].
    pub head: Vec<u8>,
}

/// The last test call of a destination.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TestNote {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The destination.
    pub destination: DestinationId,
    /// Its version then.
    pub version: i64,
    /// When.
    pub at: Millis,
    /// What came of it.
    pub verdict: Verdict,
}

/// Which counter a node adds to.
pub(crate) fn slot_of(node: Uuid) -> i64 {
    i64::try_from(node.as_u128() % SLOTS).unwrap_or(0)
}

/// Counts deliveries that ended. Called with finishes that were still ours.
pub(crate) async fn count_outcomes<'a>(
    tx: &Tx<'_>,
    ended: impl Iterator<Item = &'a FinishCommand>,
) -> Result<(), StoreError> {
    type Key = (Uuid, i64, Uuid, &'static str, Uuid, i64);
    let mut counts: BTreeMap<Key, (&str, i64, Millis, Millis)> = BTreeMap::new();
    let mut refusals = Vec::new();
    for FinishCommand { finish, slot, .. } in ended {
        let Finish { workspace, delivery, now, attempt, tally, state, .. } = finish;
        let (Some(attempt), Some(tally)) = (attempt, tally) else { continue };
        if !state.is_final() {
            continue;
        }
        let hour = now.0.div_euclid(HOUR_MS);
        let (lane, verdict) = (tally.destination.uuid(), attempt.verdict.as_str());
        let key = (workspace.uuid(), hour, lane, verdict, tally.reason.id, *slot);
        let entry = counts.entry(key).or_insert((&tally.reason.text, 0, *now, *now));
        entry.1 += 1;
        entry.2 = entry.2.min(*now);
        entry.3 = entry.3.max(*now);
        if attempt.verdict != Verdict::Accepted {
            refusals.push(vec![
                id(*workspace),
                lane.into(),
                verdict.into(),
                tally.reason.id.into(),
                (*now).into(),
                id(*delivery),
                attempt.n.into(),
            ]);
        }
    }
    let counts: Vec<Vec<Value>> = counts
        .into_iter()
        .map(|((workspace, hour, lane, verdict, reason, slot), (text, n, first, last))| {
            vec![
                workspace.into(),
                hour.into(),
                lane.into(),
                verdict.into(),
                reason.into(),
                slot.into(),
                text.into(),
                n.into(),
                first.into(),
                last.into(),
            ]
        })
        .collect();
    tx.execute_many(&sql::OUTCOMES_ADD, &counts).await?;
    tx.execute_many(&sql::REFUSALS_ADD, &refusals).await?;
    Ok(())
}

fn verdict_of(text: &str) -> Result<Verdict, StoreError> {
    text.parse().map_err(|_| StoreError::Damaged {
        what: "outcome",
        detail: "its verdict is not a known word".to_owned(),
    })
}

fn read_count(row: &Row) -> Result<OutcomeCount, StoreError> {
    Ok(OutcomeCount {
        destination: row.id(0)?,
        verdict: verdict_of(row.text(1)?)?,
        reason: Reason { id: row.uuid(2)?, text: row.text(3)?.to_owned() },
        count: row.int(4)?,
        first_at: row.millis(5)?,
        last_at: row.millis(6)?,
    })
}

impl WorkspaceStore {
    /// What became of deliveries, by destination and verdict.
    pub async fn verdict_counts(
        &self,
        hours: Hours,
        destination: Option<DestinationId>,
    ) -> Result<Vec<VerdictCount>, StoreError> {
        let (clause, params) = self.span(hours, destination);
        let sql = format!(
            "SELECT lane, verdict, CAST(sum(n) AS bigint) FROM outcomes {clause} \
             GROUP BY lane, verdict ORDER BY lane, verdict"
        );
        let read = |row: &Row| {
            Ok(VerdictCount {
                destination: row.id(0)?,
                verdict: verdict_of(row.text(1)?)?,
                count: row.int(2)?,
            })
        };
        self.query(&sql, &params).await?.iter().map(read).collect()
    }

    /// Why deliveries were not accepted, the most frequent reason first, at most [`REASONS_MAX`].
    pub async fn refusal_counts(
        &self,
        hours: Hours,
        destination: Option<DestinationId>,
    ) -> Result<Vec<OutcomeCount>, StoreError> {
        let (clause, params) = self.span(hours, destination);
        let sql = format!(
            "SELECT lane, verdict, reason_id, max(reason), CAST(sum(n) AS bigint), \
             min(first_at), max(last_at) FROM outcomes {clause} AND verdict <> 'accepted' \
             GROUP BY lane, verdict, reason_id \
             ORDER BY sum(n) DESC, lane, verdict, reason_id LIMIT {REASONS_MAX}"
        );
        self.query(&sql, &params).await?.iter().map(read_count).collect()
    }

    fn span(&self, hours: Hours, destination: Option<DestinationId>) -> (String, Vec<Value>) {
        let mut params = vec![id(self.workspace), hours.first.into(), hours.end.into()];
        let mut clause = "WHERE ws = ?1 AND hour >= ?2 AND hour < ?3".to_owned();
        if let Some(destination) = destination {
            params.push(id(destination));
            clause.push_str(" AND lane = ?4");
        }
        (clause, params)
    }

    /// The deliveries behind a count, newest first. Those of leads that were removed are gone.
    pub async fn refused(&self, filter: &RefusedFilter) -> Result<Vec<Refused>, StoreError> {
        let limit = filter.limit.clamp(1, PAGE_MAX);
        let end = filter.before.map_or(filter.hours.to(), |before| before.at.plus_ms(1));
        let before = filter.before.map_or(Uuid::max(), |before| before.delivery.uuid());
        let params = [
            id(self.workspace),
            id(filter.destination),
            filter.verdict.as_str().into(),
            filter.reason.into(),
            filter.hours.from().into(),
            end.min(filter.hours.to()).into(),
            filter.before.map_or(Millis(i64::MAX), |b| b.at).into(),
            before.into(),
        ];
        let sql = format!(
            "SELECT r.at, r.delivery, v.lead, r.n FROM refusals r \
             JOIN deliveries v ON v.ws = r.ws AND v.id = r.delivery \
             WHERE r.ws = ?1 AND r.lane = ?2 AND r.verdict = ?3 AND r.reason_id = ?4 \
             AND r.at >= ?5 AND r.at < ?6 AND (r.at < ?7 OR r.delivery < ?8) \
             ORDER BY r.at DESC, r.delivery DESC LIMIT {limit}"
        );
        let read = |row: &Row| {
            Ok(Refused {
                at: row.millis(0)?,
                delivery: row.id(1)?,
                lead: row.opt_id(2)?,
                n: row.int(3)?,
            })
        };
        self.query(&sql, &params).await?.iter().map(read).collect()
    }

    /// The newest answers of a destination that no rule matched, at most [`ANSWERS_MAX`].
    pub async fn unmatched_answers(
        &self,
        destination: DestinationId,
        since: Millis,
        limit: u32,
    ) -> Result<Vec<RecordedAnswer>, StoreError> {
        let limit = limit.clamp(1, ANSWERS_MAX);
        let sql = format!(
            "SELECT r.at, r.delivery, r.n, a.body, substr(a.answer, 1, {ANSWER_HEAD_BYTES}) \
             FROM (SELECT at, delivery, n FROM refusals WHERE ws = ?1 AND lane = ?2 \
             AND verdict = 'unmatched' AND reason_id = ?3 AND at >= ?4 \
             ORDER BY at DESC, delivery DESC LIMIT {limit}) r \
             JOIN attempts a ON a.delivery = r.delivery AND a.n = r.n AND a.late = 0 \
             ORDER BY r.at DESC, r.delivery DESC"
        );
        let params = [id(self.workspace), id(destination), Value::Id(Uuid::nil()), since.into()];
        let mut answers = Vec::new();
        for row in self.query(&sql, &params).await? {
            // A damaged record is shown with its delivery; it is no answer to make a rule of.
            let Ok(body) = serde_json::from_slice(row.bytes(3)?) else { continue };
            let (at, delivery, n) = (row.millis(0)?, row.id(1)?, row.int(2)?);
            answers.push(RecordedAnswer { at, delivery, n, body, head: row.bytes(4)?.to_vec() });
        }
        Ok(answers)
    }

    /// Remembers the last test call of a destination of this workspace.
    pub async fn note_test(
        &self,
        destination: DestinationId,
        version: i64,
        verdict: Verdict,
    ) -> Result<(), StoreError> {
        let at = self.store.now();
        let note = TestNote { workspace: self.workspace, destination, version, at, verdict };
        self.store.write(Command::NoteTest(note)).await.map(|_| ())
    }

    /// The last test call of a destination.
    pub async fn last_test(
        &self,
        destination: DestinationId,
    ) -> Result<Option<TestNote>, StoreError> {
        let sql = "SELECT version, at, verdict FROM destination_tests \
             WHERE ws = ?1 AND destination = ?2";
        let rows = self.query(sql, &[id(self.workspace), id(destination)]).await?;
        let read = |row: &Row| {
            Ok(TestNote {
                workspace: self.workspace,
                destination,
                version: row.int(0)?,
                at: row.millis(1)?,
                verdict: verdict_of(row.text(2)?)?,
            })
        };
        rows.first().map(read).transpose()
    }
}

pub(crate) async fn run_note_test(
    tx: &Tx<'_>,
    note: &TestNote,
) -> Result<(Reply, Effects), StoreError> {
    tx.execute(
        "INSERT INTO destination_tests (ws, destination, version, at, verdict) \
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (ws, destination) DO UPDATE \
         SET version = excluded.version, at = excluded.at, verdict = excluded.verdict",
        &[
            id(note.workspace),
            id(note.destination),
            note.version.into(),
            note.at.into(),
            note.verdict.as_str().into(),
        ],
    )
    .await?;
    Ok((Reply::Count(1), Effects::default()))
}

/// Removes counts of a workspace that are older than [`OUTCOME_DAYS`].
pub(crate) async fn forget_old(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    now: Millis,
) -> Result<u64, StoreError> {
    let before = now.plus_ms(-OUTCOME_DAYS * 24 * HOUR_MS).0.div_euclid(HOUR_MS);
    let sql = "DELETE FROM outcomes WHERE ws = ?1 AND hour < ?2";
    tx.execute(sql, &[id(workspace), before.into()]).await
}
