//! Removing what is old, in slices of few rows, never what is not finished.

use crate::command::{Command, Effects, Reply};
use crate::db::{Tx, Value, id};
use crate::error::StoreError;
use crate::jobs::JOBS_KEPT_DAYS;
use crate::leads::LEADS_RARE;
use crate::outcomes::forget_old;
use crate::store::Store;
use baton_domain::account::SESSION_IDLE_MS;
use baton_domain::id::{LeadId, WorkspaceId};
use baton_domain::time::Millis;

/// Most leads removed in one transaction.
const SLICE: i64 = 50;
/// Days a refused lead is kept (DESIGN section 7).
pub const REJECTED_DAYS: i64 = 30;
/// How long the result of a test call is kept, in milliseconds: who asked waits for it.
const TEST_RESULT_MS: i64 = 3_600_000;
/// Hours an idempotency key is kept (DESIGN section 7).
pub const IDEMPOTENCY_HOURS: i64 = 24;
/// Days a line of the audit is kept: three years.
pub const AUDIT_DAYS: i64 = 3 * 365;
const DAY_MS: i64 = 86_400_000;

/// What is too old.
#[derive(Clone, Debug)]
pub struct Retention {
    /// Workspaces with the days their finished leads are kept.
    pub workspaces: Vec<(WorkspaceId, u32)>,
    /// All workspaces: refused leads go after [`REJECTED_DAYS`].
    pub all: Vec<WorkspaceId>,
    /// The present.
    pub now: Millis,
}

/// What one slice removed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RetentionReport {
    /// Leads with all that belonged to them.
    pub leads: u64,
    /// Idempotency keys.
    pub idempotency: u64,
}

#[derive(Clone)]
pub(crate) enum RetentionSlice {
    Idempotency {
        before: Millis,
    },
    /// Jobs that are over, and test calls, which may hold what a lead said.
    Work {
        jobs_before: Millis,
        tests_before: Millis,
    },
    /// Lines of the audit, sessions and invitations.
    Accounts {
        now: Millis,
    },
    /// Counts for the reports.
    Outcomes {
        workspace: WorkspaceId,
        now: Millis,
    },
    /// Named leads, if they may still go.
    Leads {
        workspace: WorkspaceId,
        leads: Vec<LeadId>,
    },
}

/// Finished leads of a workspace that came before an instant.
struct Old {
    workspace: WorkspaceId,
    before: Millis,
    only_rejected: bool,
}

impl Store {
    /// Runs one round: slices until nothing is left or `slices_max` were done. Other writers get
    /// their turn between slices.
    pub async fn retain(
        &self,
        retention: &Retention,
        slices_max: u32,
    ) -> Result<RetentionReport, StoreError> {
        let now = retention.now;
        let days_ago = |days: i64| now.plus_ms(-days * DAY_MS);
        let mut left = slices_max;
        let mut report = RetentionReport::default();
        let before = now.plus_ms(-IDEMPOTENCY_HOURS * 3_600_000);
        while left > 0 {
            left -= 1;
            let done = self.retain_slice(RetentionSlice::Idempotency { before }).await?;
            report.idempotency += done.idempotency;
            if done.idempotency == 0 {
                break;
            }
        }
        let (jobs_before, tests_before) = (days_ago(JOBS_KEPT_DAYS), now.plus_ms(-TEST_RESULT_MS));
        self.retain_slice(RetentionSlice::Work { jobs_before, tests_before }).await?;
        self.retain_slice(RetentionSlice::Accounts { now }).await?;
        for workspace in &retention.all {
            self.retain_slice(RetentionSlice::Outcomes { workspace: *workspace, now }).await?;
        }
        let refused = retention.all.iter().map(|workspace| Old {
            workspace: *workspace,
            before: days_ago(REJECTED_DAYS),
            only_rejected: true,
        });
        let finished = retention.workspaces.iter().map(|(workspace, days)| Old {
            workspace: *workspace,
            before: days_ago(i64::from(*days)),
            only_rejected: false,
        });
        for old in refused.chain(finished) {
            while left > 0 {
                left -= 1;
                let leads = self.old_leads(&old).await?;
                if leads.is_empty() {
                    break;
                }
                // First, so that nothing of a removed lead is ever left in the index. One that
                // got something to do in between stays, and is not found until it goes.
                self.unindex(old.workspace, &leads).await?;
                let slice = RetentionSlice::Leads { workspace: old.workspace, leads };
                let done = self.retain_slice(slice).await?;
                report.leads += done.leads;
                if done.leads == 0 {
                    break;
                }
            }
        }
        Ok(report)
    }

    async fn retain_slice(&self, slice: RetentionSlice) -> Result<RetentionReport, StoreError> {
        match self.write(Command::Retain(slice)).await? {
            Reply::Retained(done) => Ok(done),
            _ => Err(StoreError::Closed),
        }
    }

    async fn old_leads(&self, old: &Old) -> Result<Vec<LeadId>, StoreError> {
        let floor = Value::Id(baton_domain::id::uuid_v7(old.before, [0; 10]));
        let state = if old.only_rejected {
            format!("l.{} AND l.state = 'rejected'", LEADS_RARE.condition)
        } else {
            "l.state NOT IN ('partial', 'held', 'routing')".to_owned()
        };
        let by = if old.only_rejected { LEADS_RARE.by(self.is_postgres()) } else { String::new() };
        let sql = format!(
            "SELECT l.id FROM leads l{by} WHERE l.ws = ?1 AND l.id < ?2 AND {state} \
             AND {FINISHED} ORDER BY l.id LIMIT {SLICE}"
        );
        let rows = self.query(&sql, &[id(old.workspace), floor]).await?;
        rows.iter().map(|row| row.id(0)).collect()
    }
}

/// A lead with a delivery that is not final, or whose receiver is still asked, stays whatever its age.
const FINISHED: &str = "NOT EXISTS (SELECT 1 FROM deliveries v WHERE v.lead = l.id \
     AND (v.wake_at IS NOT NULL \
     OR v.state IN ('pending', 'in_flight', 'retrying', 'held', 'unknown')))";

pub(crate) async fn run_slice(
    tx: &Tx<'_>,
    slice: &RetentionSlice,
) -> Result<(Reply, Effects), StoreError> {
    let report = match slice {
        RetentionSlice::Idempotency { before } => RetentionReport {
            idempotency: tx
                .execute(
                    "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency \
                     WHERE at < ?1 ORDER BY at LIMIT 500)",
                    &[(*before).into()],
                )
                .await?,
            leads: 0,
        },
        RetentionSlice::Work { jobs_before, tests_before } => {
            for (table, before) in [("jobs", jobs_before), ("tasks", tests_before)] {
                let sql = format!(
                    "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} \
                     WHERE wake_at IS NULL AND updated_at < ?1 LIMIT 500)"
                );
                tx.execute(&sql, &[(*before).into()]).await?;
            }
            RetentionReport::default()
        }
        RetentionSlice::Accounts { now } => {
            forget_accounts(tx, *now).await?;
            RetentionReport::default()
        }
        RetentionSlice::Outcomes { workspace, now } => {
            forget_old(tx, *workspace, *now).await?;
            RetentionReport::default()
        }
        RetentionSlice::Leads { workspace, leads } => {
            RetentionReport { leads: remove_leads(tx, *workspace, leads).await?, idempotency: 0 }
        }
    };
    Ok((Reply::Retained(report), Effects::default()))
}

/// Removes what has ended of accounts, and a slice of what is too old of the audit.
async fn forget_accounts(tx: &Tx<'_>, now: Millis) -> Result<(), StoreError> {
    let idle = now.plus_ms(-SESSION_IDLE_MS);
    let sql = "DELETE FROM sessions WHERE expires_at <= ?1 OR seen_at <= ?2";
    tx.execute(sql, &[now.into(), idle.into()]).await?;
    tx.execute("DELETE FROM invitations WHERE expires_at <= ?1", &[now.into()]).await?;
    let sql = "DELETE FROM audit WHERE seq IN \
               (SELECT seq FROM audit WHERE at < ?1 ORDER BY at LIMIT 500)";
    tx.execute(sql, &[now.plus_ms(-AUDIT_DAYS * DAY_MS).into()]).await.map(|_| ())
}

async fn remove_leads(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    leads: &[LeadId],
) -> Result<u64, StoreError> {
    let may_go = format!(
        "SELECT l.id FROM leads l WHERE l.ws = ?1 AND l.id = ?2 \
         AND l.state NOT IN ('partial', 'held', 'routing') AND {FINISHED}"
    );
    let mut removed = 0;
    for lead in leads {
        if tx.query_opt(&may_go, &[id(workspace), id(*lead)]).await?.is_some() {
            remove_lead(tx, workspace, *lead).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

async fn remove_lead(tx: &Tx<'_>, workspace: WorkspaceId, lead: LeadId) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM attempts WHERE ws = ?1 AND delivery IN \
         (SELECT id FROM deliveries WHERE lead = ?2)",
        "DELETE FROM requests WHERE ws = ?1 AND delivery IN \
         (SELECT id FROM deliveries WHERE lead = ?2)",
        "DELETE FROM refusals WHERE ws = ?1 AND delivery IN \
         (SELECT id FROM deliveries WHERE lead = ?2)",
        "DELETE FROM deliveries WHERE ws = ?1 AND lead = ?2",
        "DELETE FROM events WHERE ws = ?1 AND lead = ?2",
        "DELETE FROM lead_notes WHERE ws = ?1 AND lead = ?2",
        "DELETE FROM lead_tags WHERE ws = ?1 AND lead = ?2",
        "DELETE FROM lead_data WHERE ws = ?1 AND lead = ?2",
        "DELETE FROM leads WHERE ws = ?1 AND id = ?2",
    ] {
        tx.execute(sql, &[id(workspace), id(lead)]).await?;
    }
    Ok(())
}
