//! Writes about jobs inside the transaction.

use super::{
    BULK_RESEND, BulkResend, FORMAT, JOB_LOOKS, JOB_SLICE, JOBS_OPEN_MAX, JobCommand, NewJob,
    ResendFilter, Selection,
};
use crate::audit::record;
use crate::command::{Effects, Reply};
use crate::db::{Row, Tx, Value, id};
use crate::deliveries::resend::{RESEND_COLUMNS, RESENT, Resendable, copy_request, resendable};
use crate::deliveries::{Payload, head_of};
use crate::docs::run::remember_answer;
use crate::error::StoreError;
use crate::leads::floor_id;
use crate::sql;
use baton_domain::id::{DeliveryId, JobId, TypedId, WorkspaceId};
use baton_domain::job::JobState;
use baton_domain::time::Millis;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

type Ran = Result<(Reply, Effects), StoreError>;

pub(crate) async fn run_job(tx: &Tx<'_>, command: &JobCommand) -> Ran {
    match command {
        JobCommand::New(workspace, job) => run_new(tx, *workspace, job).await,
        JobCommand::Cancel { workspace, id: job, now, audit } => {
            let sql = "UPDATE jobs SET state = 'cancelled', wake_at = NULL, updated_at = ?3 \
                       WHERE id = ?1 AND ws = ?2 AND state IN ('waiting', 'running')";
            let params = [id(*job), id(*workspace), (*now).into()];
            let stopped = tx.execute(sql, &params).await?;
            if let Some(audit) = audit.as_deref().filter(|_| stopped > 0) {
                record(tx, audit).await?;
            }
            Ok((Reply::Count(stopped), Effects::default()))
        }
        JobCommand::Slice { now, ids } => run_slice(tx, *now, ids).await,
    }
}

async fn run_new(tx: &Tx<'_>, workspace: WorkspaceId, job: &NewJob) -> Ran {
    if let Some((wanted, status, answer)) = &job.idempotency {
        remember_answer(tx, job.now, wanted, *status, answer).await?;
    }
    let sql = "SELECT count(*) FROM jobs WHERE ws = ?1 AND wake_at IS NOT NULL";
    let open = tx.query_opt(sql, &[id(workspace)]).await?.map_or(Ok(0), |row| row.int(0))?;
    if open >= JOBS_OPEN_MAX {
        let what = format!("room for jobs ({JOBS_OPEN_MAX} that are not over; cancel one)");
        return Err(StoreError::Taken { what });
    }
    let body = serde_json::to_vec(&job.resend).map_err(|e| StoreError::unreadable("job", &e))?;
    let (done_to, until) = bounds(&job.resend.selection, job.now);
    tx.execute(
        "INSERT INTO jobs (id, ws, kind, format, body, state, total, total_is_exact, done, \
         skipped, done_to, until, created_by, wake_at, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?6, ?7, 0, 0, ?8, ?9, ?10, ?11, ?11, ?11)",
        &[
            id(job.id),
            id(workspace),
            BULK_RESEND.into(),
            FORMAT.into(),
            Value::Bytes(body),
            job.total.0.into(),
            job.total.1.into(),
            done_to,
            until,
            job.created_by.as_str().into(),
            job.now.into(),
        ],
    )
    .await?;
    if let Some(audit) = &job.audit {
        record(tx, audit).await?;
    }
    Ok((Reply::Count(1), Effects { releases: true, ..Effects::default() }))
}

/// Before the first delivery of a job, and after the last: what is made from now on, its own
/// resends above all, is none of its business.
fn bounds(selection: &Selection, now: Millis) -> (Value, Value) {
    let first = Value::Id(Uuid::nil());
    match selection {
        Selection::Ids(_) => (first, floor_id(now)),
        Selection::Filter(filter) => {
            let until = filter.until.map_or(now, |until| until.min(now));
            (filter.since.map_or(first, floor_id), floor_id(until))
        }
    }
}

/// A job that is worked on.
struct Working {
    id: JobId,
    workspace: WorkspaceId,
    resend: BulkResend,
    total: i64,
    total_is_exact: bool,
    done: i64,
    skipped: i64,
    done_to: Uuid,
    until: Uuid,
}

/// Answers with 1 when something was done.
async fn run_slice(tx: &Tx<'_>, now: Millis, ids: &[DeliveryId]) -> Ran {
    // Of several nodes one works at a job at a time.
    let lock = if tx.is_postgres() { " FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "SELECT id, ws, kind, format, body, total, total_is_exact, done, skipped, done_to, until \
         FROM jobs WHERE wake_at IS NOT NULL AND wake_at <= ?1 ORDER BY wake_at LIMIT 1{lock}"
    );
    let Some(row) = tx.query_opt(&sql, &[now.into()]).await? else {
        return Ok((Reply::Count(0), Effects::default()));
    };
    let mut job = match read_working(&row) {
        Ok(job) => job,
        Err(error) => {
            tracing::error!(job = ?row.uuid(0).ok(), %error, "a job is given up");
            let sql = "UPDATE jobs SET state = 'failed', fault = ?2, wake_at = NULL, \
                       updated_at = ?3 WHERE id = ?1";
            let fault = "what is stored of it cannot be read";
            tx.execute(sql, &[row.value(0), fault.into(), now.into()]).await?;
            return Ok((Reply::Count(1), Effects::default()));
        }
    };
    let (found, last) = candidates(tx, &job).await?;
    let (effects, through) = resend_all(tx, &mut job, found, now, ids).await?;
    let all_seen = last && through;
    let state = if all_seen { JobState::Done } else { JobState::Running };
    if all_seen && job.total_is_exact {
        // What left the selection meanwhile was resent by others, or went on by itself.
        job.skipped = job.skipped.max(job.total - job.done);
    }
    job.total = job.total.max(job.done + job.skipped);
    tx.execute(
        "UPDATE jobs SET state = ?2, total = ?3, done = ?4, skipped = ?5, done_to = ?6, \
         wake_at = ?7, updated_at = ?8 WHERE id = ?1",
        &[
            id(job.id),
            state.as_str().into(),
            job.total.into(),
            job.done.into(),
            job.skipped.into(),
            job.done_to.into(),
            Some(now).filter(|_| !all_seen).into(),
            now.into(),
        ],
    )
    .await?;
    Ok((Reply::Count(1), effects))
}

fn read_working(row: &Row) -> Result<Working, StoreError> {
    let damaged = |detail: &str| StoreError::Damaged { what: "job", detail: detail.to_owned() };
    if row.text(2)? != BULK_RESEND || row.int(3)? > FORMAT {
        return Err(damaged("it is of a kind this release does not know"));
    }
    Ok(Working {
        id: row.id(0)?,
        workspace: row.id(1)?,
        resend: serde_json::from_slice(row.bytes(4)?).map_err(|e| damaged(&e.to_string()))?,
        total: row.int(5)?,
        total_is_exact: row.flag(6)?,
        done: row.int(7)?,
        skipped: row.int(8)?,
        done_to: row.uuid(9)?,
        until: row.uuid(10)?,
    })
}

/// The next deliveries in the order of their ids, and whether they are the last.
async fn candidates(tx: &Tx<'_>, job: &Working) -> Result<(Vec<Resendable>, bool), StoreError> {
    let rows = match &job.resend.selection {
        Selection::Filter(filter) => {
            let mut params = vec![id(job.workspace), job.done_to.into(), job.until.into()];
            let (table, condition) = filter.found(&mut params, tx.is_postgres());
            let sql = format!(
                "SELECT {RESEND_COLUMNS} FROM {table} WHERE {condition} \
                 AND v.id > ?2 AND v.id < ?3 ORDER BY v.id LIMIT {JOB_LOOKS}"
            );
            tx.query(&sql, &params).await?
        }
        Selection::Ids(ids) => {
            let mut left: Vec<Uuid> =
                ids.iter().map(|id| id.uuid()).filter(|id| *id > job.done_to).collect();
            left.sort_unstable();
            left.dedup();
            left.truncate(JOB_SLICE + 1);
            if left.is_empty() {
                return Ok((Vec::new(), true));
            }
            let places: Vec<String> = (2..left.len() + 2).map(|n| format!("?{n}")).collect();
            let sql = format!(
                "SELECT {RESEND_COLUMNS} FROM deliveries v WHERE v.ws = ?1 AND v.id IN ({}) \
                 ORDER BY v.id",
                places.join(", ")
            );
            let mut params = vec![id(job.workspace)];
            params.extend(left.iter().map(|delivery| Value::from(*delivery)));
            let rows = tx.query(&sql, &params).await?;
            let all_seen = left.len() <= JOB_SLICE;
            let found = rows.into_iter().map(resendable).collect::<Result<Vec<_>, _>>()?;
            return Ok((found, all_seen));
        }
    };
    let all_seen = rows.len() < JOB_LOOKS;
    let found = rows.into_iter().map(resendable).collect::<Result<Vec<_>, _>>()?;
    Ok((found, all_seen))
}

/// What a delivery is to a job.
enum Is {
    NoneOfIt,
    Skipped,
    Wanted,
}

fn judge(selection: &Selection, delivery: &Resendable, lane: Uuid) -> Is {
    if let Selection::Filter(filter) = selection
        && !is_like(filter, delivery, lane)
    {
        return Is::NoneOfIt;
    }
    // What is on its way needs no resend, and what somebody resent has had it.
    let on_its_way = matches!(delivery.state.as_str(), "pending" | "in_flight" | "superseded");
    if on_its_way || delivery.resent || delivery.lead_is_erased {
        return Is::Skipped;
    }
    Is::Wanted
}

fn is_like(filter: &ResendFilter, delivery: &Resendable, lane: Uuid) -> bool {
    filter.target.is_none_or(|target| target.uuid() == lane)
        && filter.verdict.as_ref().is_none_or(|verdict| *verdict == delivery.verdict)
        && filter.note.as_deref().is_none_or(|n| head_of(n) == head_of(&delivery.note))
        && filter.since.is_none_or(|since| delivery.created_at >= since)
        && filter.until.is_none_or(|until| delivery.created_at < until)
        && !delivery.resent
}

/// Resends at most a slice of what was found and moves the job's place behind the last that was
/// looked at; whether that is the last that was found.
async fn resend_all(
    tx: &Tx<'_>,
    job: &mut Working,
    found: Vec<Resendable>,
    now: Millis,
    ids: &[DeliveryId],
) -> Result<(Effects, bool), StoreError> {
    let mut through = true;
    let mut new_ids = ids.iter().copied();
    let mut standing: HashMap<Uuid, bool> = HashMap::new();
    let (mut wanted, mut marks) = (Vec::new(), Vec::new());
    for delivery in found {
        let lane = delivery.lane()?;
        let mut is = judge(&job.resend.selection, &delivery, lane);
        if matches!(is, Is::Wanted) && !is_standing(tx, &mut standing, lane).await? {
            is = Is::Skipped;
        }
        match is {
            Is::NoneOfIt => {}
            Is::Skipped => job.skipped += 1,
            Is::Wanted => {
                let Some(new) = new_ids.next() else {
                    through = false;
                    break;
                };
                let same = job.resend.payload == Payload::Same;
                if same && !copy_request(tx, job.workspace, delivery.id, new).await? {
                    job.skipped += 1;
                } else {
                    marks.push(vec![
                        id(job.workspace),
                        id(delivery.id),
                        id(new),
                        delivery.state.as_str().into(),
                        Value::Int(0),
                        now.into(),
                    ]);
                    wanted.push((delivery.id, delivery.again(job.workspace, new, now)?));
                }
            }
        }
        job.done_to = delivery.id.uuid();
    }
    let marked: HashSet<DeliveryId> = tx
        .query_many(&RESENT, &marks)
        .await?
        .iter()
        .map(|row| row.id(0))
        .collect::<Result<_, _>>()?;
    let mut effects = Effects::default();
    let mut rows = Vec::new();
    for (of, new) in wanted {
        if marked.contains(&of) {
            job.done += 1;
            rows.push(new.values());
            effects.lanes.push(new.lane);
        } else {
            // Somebody else resent it at this moment. What was copied for it goes again.
            job.skipped += 1;
            tx.execute("DELETE FROM requests WHERE delivery = ?1", &[id(new.id)]).await?;
        }
    }
    tx.execute_many(&sql::DELIVERIES_ADD_BEHIND, &rows).await?;
    effects.lanes.sort_unstable();
    effects.lanes.dedup();
    Ok((effects, through))
}

/// Whether a destination or subscription was not deleted.
async fn is_standing(
    tx: &Tx<'_>,
    known: &mut HashMap<Uuid, bool>,
    lane: Uuid,
) -> Result<bool, StoreError> {
    if let Some(standing) = known.get(&lane) {
        return Ok(*standing);
    }
    let sql = "SELECT 1 FROM docs WHERE id = ?1 AND deleted = 0 \
               AND kind IN ('destination', 'subscription')";
    let standing = tx.query_opt(sql, &[lane.into()]).await?.is_some();
    known.insert(lane, standing);
    Ok(standing)
}
