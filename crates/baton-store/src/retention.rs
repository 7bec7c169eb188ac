//! Removing what is old, in slices of few rows, never what is not finished.

use crate::command::{Command, Effects, Reply};
use crate::db::{Row, Tx, Value, id};
use crate::error::StoreError;
use crate::store::Store;
use baton_domain::id::{LeadId, WorkspaceId};
use baton_domain::time::Millis;

/// Most leads removed in one transaction.
const SLICE: i64 = 50;
/// Days a refused lead is kept (DESIGN section 7).
pub const REJECTED_DAYS: i64 = 30;
/// Hours an idempotency key is kept (DESIGN section 7).
pub const IDEMPOTENCY_HOURS: i64 = 24;
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
    Idempotency { before: Millis },
    Leads { workspace: WorkspaceId, before: Millis, only_rejected: bool },
}

impl Store {
    /// Runs one round: slices until nothing is left or `slices_max` were done. Other writers get
    /// their turn between slices.
    pub async fn retain(
        &self,
        retention: &Retention,
        slices_max: u32,
    ) -> Result<RetentionReport, StoreError> {
        let mut report = RetentionReport::default();
        let mut slices = vec![RetentionSlice::Idempotency {
            before: retention.now.plus_ms(-IDEMPOTENCY_HOURS * 3_600_000),
        }];
        for workspace in &retention.all {
            slices.push(RetentionSlice::Leads {
                workspace: *workspace,
                before: retention.now.plus_ms(-REJECTED_DAYS * DAY_MS),
                only_rejected: true,
            });
        }
        for (workspace, days) in &retention.workspaces {
            slices.push(RetentionSlice::Leads {
                workspace: *workspace,
                before: retention.now.plus_ms(-i64::from(*days) * DAY_MS),
                only_rejected: false,
            });
        }
        let mut left = slices_max;
        for slice in slices {
            while left > 0 {
                left -= 1;
                let Reply::Retained(done) = self.write(Command::Retain(slice.clone())).await?
                else {
                    break;
                };
                report.leads += done.leads;
                report.idempotency += done.idempotency;
                if done == RetentionReport::default() {
                    break;
                }
            }
        }
        Ok(report)
    }
}

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
        RetentionSlice::Leads { workspace, before, only_rejected } => RetentionReport {
            leads: remove_leads(tx, *workspace, *before, *only_rejected).await?,
            idempotency: 0,
        },
    };
    Ok((Reply::Retained(report), Effects::default()))
}

async fn remove_leads(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    before: Millis,
    only_rejected: bool,
) -> Result<u64, StoreError> {
    let floor = Value::Id(baton_domain::id::uuid_v7(before, [0; 10]));
    let state = if only_rejected {
        "l.state = 'rejected'"
    } else {
        "l.state NOT IN ('partial', 'held', 'routing')"
    };
    // A lead with a delivery that is not final stays, whatever its age.
    let sql = format!(
        "SELECT l.id FROM leads l WHERE l.ws = ?1 AND l.id < ?2 AND {state} \
         AND NOT EXISTS (SELECT 1 FROM deliveries v WHERE v.lead = l.id AND v.state IN \
         ('pending', 'in_flight', 'retrying', 'held', 'unknown')) ORDER BY l.id LIMIT {SLICE}"
    );
    let rows = tx.query(&sql, &[id(workspace), floor]).await?;
    let leads: Vec<LeadId> = rows.iter().map(|r: &Row| r.id(0)).collect::<Result<_, _>>()?;
    for lead in &leads {
        remove_lead(tx, workspace, *lead).await?;
    }
    Ok(leads.len() as u64)
}

async fn remove_lead(tx: &Tx<'_>, workspace: WorkspaceId, lead: LeadId) -> Result<(), StoreError> {
    let params = [id(workspace), id(lead)];
    if tx.is_postgres() {
        tx.execute("DELETE FROM lead_search WHERE ws = ?1 AND lead = ?2", &params).await?;
    } else {
        tx.execute(
            "DELETE FROM lead_search WHERE rowid IN \
             (SELECT seq FROM lead_data WHERE ws = ?1 AND lead = ?2)",
            &params,
        )
        .await?;
    }
    for sql in [
        "DELETE FROM attempts WHERE ws = ?1 AND delivery IN \
         (SELECT id FROM deliveries WHERE lead = ?2)",
        "DELETE FROM requests WHERE ws = ?1 AND delivery IN \
         (SELECT id FROM deliveries WHERE lead = ?2)",
        "DELETE FROM deliveries WHERE ws = ?1 AND lead = ?2",
        "DELETE FROM events WHERE ws = ?1 AND lead = ?2",
        "DELETE FROM lead_keys WHERE ws = ?1 AND lead = ?2",
        "DELETE FROM lead_data WHERE ws = ?1 AND lead = ?2",
        "DELETE FROM leads WHERE ws = ?1 AND id = ?2",
    ] {
        tx.execute(sql, &params).await?;
    }
    Ok(())
}
