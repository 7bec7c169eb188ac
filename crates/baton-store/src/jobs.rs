//! Jobs: work over many deliveries that a person asked for, done slice by slice.
//!
//! ```text
//! waiting --first slice--> running --nothing left--> done
//!    +------- cancel ---------+----------------------> cancelled
//! ```
//! A slice is one transaction: it resends some deliveries and moves the job's place, so whoever
//! does the next one, after a crash too, begins where it ended. A delivery is marked as resent in
//! the same statement that finds it not resent yet: no two slices, jobs or nodes resend it twice.

pub(crate) mod run;

use crate::audit::AuditEntry;
use crate::capture::Idempotency;
use crate::command::{Command, Reply, WriterOf};
use crate::db::{Row, Value, id};
use crate::deliveries::{DELIVERIES_FAILURES, Payload, fails, failure_key, is_rare, of_rare_state};
use crate::error::StoreError;
use crate::leads::floor_id;
use crate::store::{Store, WorkspaceStore};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DeliveryId, DestinationId, JobId, TypedId, WorkspaceId};
use baton_domain::job::JobState;
use baton_domain::time::Millis;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Most deliveries resent in one transaction.
pub const JOB_SLICE: usize = 100;
/// Most deliveries looked at in one transaction.
pub const JOB_LOOKS: usize = 1_000;
/// Most jobs of a workspace that are not over.
pub const JOBS_OPEN_MAX: i64 = 20;
/// Most deliveries that a job can be given one by one.
pub const JOB_IDS_MAX: usize = 1_000;
/// How far deliveries are counted before a job begins.
pub const JOB_COUNTED_MAX: i64 = 200_000;
/// Days a job that is over is kept.
pub const JOBS_KEPT_DAYS: i64 = 30;
/// The kind of a job that resends deliveries.
const BULK_RESEND: &str = "bulk_resend";
/// Format of its body.
const FORMAT: i64 = 1;

/// Which deliveries are to be resent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These, at most [`JOB_IDS_MAX`].
    Ids(Vec<DeliveryId>),
    /// All that are like this.
    Filter(ResendFilter),
}

/// Which deliveries are to be resent, by what became of them. Those that somebody resent before
/// are left alone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ResendFilter {
    /// Of this state: one of those that [`Self::takes`] allows.
    pub state: DeliveryState,
    /// To this destination.
    #[serde(default)]
    pub target: Option<DestinationId>,
    /// With this verdict; empty: with none.
    #[serde(default)]
    pub verdict: Option<String>,
    /// Whose note begins so; empty: without one.
    #[serde(default)]
    pub note: Option<String>,
    /// Made at or after this instant.
    #[serde(default)]
    pub since: Option<Millis>,
    /// Made before this instant.
    #[serde(default)]
    pub until: Option<Millis>,
}

impl ResendFilter {
    /// Whether deliveries of a state can be resent by a filter.
    #[must_use]
    pub fn takes(state: DeliveryState) -> bool {
        is_rare(state)
    }

    /// The group of failures that it is, if it is one.
    fn group(&self) -> Option<(Uuid, String)> {
        let (target, verdict, note) =
            (self.target?, self.verdict.as_deref()?, self.note.as_deref()?);
        fails(self.state).then(|| (target.uuid(), failure_key(verdict, note)))
    }

    /// The table and the condition that find its deliveries, or, when it is no group, all of its
    /// state. The workspace is parameter 1.
    fn found(&self, params: &mut Vec<Value>, postgres: bool) -> (String, String) {
        let Some((lane, key)) = self.group() else {
            let (table, condition) = of_rare_state(postgres, self.state);
            return (table, format!("v.ws = ?1 AND {condition}"));
        };
        params.push(lane.into());
        let lane = params.len();
        params.push(key.into());
        let key = params.len();
        let table = format!("deliveries v{}", DELIVERIES_FAILURES.by(postgres));
        let condition = format!(
            "v.ws = ?1 AND v.state = '{}' AND v.lane = ?{lane} AND v.failure = ?{key}",
            self.state
        );
        (table, condition)
    }
}

/// What a job does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BulkResend {
    /// Which deliveries.
    pub selection: Selection,
    /// What is sent.
    pub payload: Payload,
}

/// A job to be made.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub resend: BulkResend,
    /// How many deliveries it is about, and whether that is all of them.
    pub total: (i64, bool),
    /// Who wants it.
    pub created_by: String,
    /// The present.
    pub now: Millis,
    /// `Idempotency-Key` of the caller with the status and the sealed answer it will get.
    pub idempotency: Option<(Idempotency, u16, Vec<u8>)>,
    /// The line of the audit.
    pub audit: Option<AuditEntry>,
}

/// A job as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// What kind of work it is.
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// How many deliveries it is about.
    pub total: i64,
    /// Whether that is all of them.
    pub total_is_exact: bool,
    /// How many it resent.
    pub done: i64,
    /// How many it left alone: resent by others, on their way, gone, erased.
    pub skipped: i64,
    /// Why it failed.
    pub fault: Option<String>,
    /// Who wanted it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it last got on.
    pub updated_at: Millis,
}

/// A write about jobs.
pub(crate) enum JobCommand {
    New(WorkspaceId, Box<NewJob>),
    Cancel { workspace: WorkspaceId, id: JobId, now: Millis, audit: Option<Box<AuditEntry>> },
    Slice { now: Millis, ids: Vec<DeliveryId> },
}

impl JobCommand {
    pub(crate) fn writer(&self) -> WriterOf {
        match self {
            Self::Slice { .. } => WriterOf::Upkeep,
            _ => WriterOf::Intake,
        }
    }
}

const COLUMNS: &str = "id, kind, state, total, total_is_exact, done, skipped, fault, created_by, \
     created_at, updated_at";

fn read(row: &Row) -> Result<JobRow, StoreError> {
    let state = JobState::parse(row.text(2)?).ok_or_else(|| StoreError::Damaged {
        what: "job",
        detail: "its state is not a known word".to_owned(),
    })?;
    Ok(JobRow {
        id: row.id(0)?,
        kind: row.text(1)?.to_owned(),
        state,
        total: row.int(3)?,
        total_is_exact: row.flag(4)?,
        done: row.int(5)?,
        skipped: row.int(6)?,
        fault: row.opt_text(7)?,
        created_by: row.text(8)?.to_owned(),
        created_at: row.millis(9)?,
        updated_at: row.millis(10)?,
    })
}

impl fmt::Display for JobRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {} of {}", self.id, self.state, self.done + self.skipped, self.total)
    }
}

impl NewJob {
    /// The job as it will stand.
    #[must_use]
    pub fn row(&self) -> JobRow {
        JobRow {
            id: self.id,
            kind: BULK_RESEND.to_owned(),
            state: JobState::Waiting,
            total: self.total.0,
            total_is_exact: self.total.1,
            done: 0,
            skipped: 0,
            fault: None,
            created_by: self.created_by.clone(),
            created_at: self.now,
            updated_at: self.now,
        }
    }
}

impl Store {
    /// Does one slice of a job; whether there may be more to do. Costs a read when there is no job.
    pub async fn job_slice(&self) -> Result<bool, StoreError> {
        let now = self.now();
        let sql = "SELECT 1 FROM jobs WHERE wake_at IS NOT NULL AND wake_at <= ?1 LIMIT 1";
        if self.query(sql, &[now.into()]).await?.is_empty() {
            return Ok(false);
        }
        let ids = (0..JOB_SLICE).map(|_| self.new_id()).collect();
        match self.write(Command::Job(JobCommand::Slice { now, ids })).await? {
            Reply::Count(n) => Ok(n > 0),
            _ => Err(StoreError::Closed),
        }
    }
}

impl WorkspaceStore {
    /// Makes a job.
    ///
    /// # Errors
    /// [`StoreError::Replayed`]; [`StoreError::Taken`] when [`JOBS_OPEN_MAX`] are open.
    pub async fn new_job(&self, job: NewJob) -> Result<(), StoreError> {
        let command = JobCommand::New(self.workspace, Box::new(job));
        self.store.write(Command::Job(command)).await.map(|_| ())
    }

    /// A job.
    pub async fn job(&self, job: JobId) -> Result<Option<JobRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM jobs WHERE id = ?1 AND ws = ?2");
        let rows = self.query(&sql, &[id(job), id(self.workspace)]).await?;
        rows.first().map(read).transpose()
    }

    /// Jobs, newest first, before one.
    pub async fn jobs(&self, before: Option<JobId>, limit: u32) -> Result<Vec<JobRow>, StoreError> {
        let last = Value::Id(before.map_or(Uuid::max(), TypedId::uuid));
        let sql = format!(
            "SELECT {COLUMNS} FROM jobs WHERE ws = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
        );
        let params = [id(self.workspace), last, i64::from(limit).into()];
        self.query(&sql, &params).await?.iter().map(read).collect()
    }

    /// Stops a job; false when it is over already.
    pub async fn cancel_job(
        &self,
        id: JobId,
        audit: Option<AuditEntry>,
    ) -> Result<bool, StoreError> {
        let (workspace, now) = (self.workspace, self.store.now());
        let command = JobCommand::Cancel { workspace, id, now, audit: audit.map(Box::new) };
        match self.store.write(Command::Job(command)).await? {
            Reply::Count(stopped) => Ok(stopped > 0),
            _ => Err(StoreError::Closed),
        }
    }

    /// How many deliveries a job would be about now, as far as [`JOB_COUNTED_MAX`] go, and whether
    /// that is all of them.
    pub async fn count_resendable(&self, selection: &Selection) -> Result<(i64, bool), StoreError> {
        let filter = match selection {
            Selection::Ids(ids) => return Ok((i64::try_from(ids.len()).unwrap_or(0), true)),
            Selection::Filter(filter) => filter,
        };
        let mut params = vec![id(self.workspace)];
        let (table, condition) = filter.found(&mut params, self.store.is_postgres());
        let mut sift = String::from("v.resent_by IS NULL");
        let mut push = |expression: &str, value: Option<Value>| {
            if let Some(value) = value {
                params.push(value);
                sift.push_str(&format!(" AND {expression} ?{}", params.len()));
            }
        };
        push("v.id >=", filter.since.map(floor_id));
        push("v.id <", filter.until.map(floor_id));
        if filter.group().is_none() {
            push("v.lane =", filter.target.map(id));
            push("coalesce(v.verdict, '') =", filter.verdict.clone().map(Value::from));
            let head = filter.note.as_deref().map(crate::deliveries::head_of);
            let note = format!(
                "substr(coalesce(v.note, ''), 1, {}) =",
                crate::deliveries::NOTE_HEAD_CHARS
            );
            push(&note, head.map(Value::from));
        }
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {condition} AND {sift} \
             LIMIT {}) AS c",
            JOB_COUNTED_MAX + 1
        );
        let rows = self.query(&sql, &params).await?;
        let count = rows.first().map_or(Ok(0), |row| row.int(0))?;
        Ok((count.min(JOB_COUNTED_MAX), count <= JOB_COUNTED_MAX))
    }
}
