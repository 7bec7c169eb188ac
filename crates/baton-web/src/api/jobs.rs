//! `/api/v1/jobs`: work over many deliveries, and how far it is.

use super::answer;
use super::input::MaybeBody;
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Code, Path, Problem, Query};
use axum::response::Response;
use baton_domain::id::JobId;
use baton_domain::job::JobState;
use baton_store::jobs::JobRow;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A job.
#[derive(Serialize, ToSchema)]
pub struct JobView {
    /// Its id.
    #[schema(value_type = String, example = "job_01h455vb4pex5vsknk084sn02q")]
    id: JobId,
    /// `bulk_resend`.
    kind: String,
    /// Where it stands.
    state: JobState,
    /// How many deliveries it is about; grows while that is not exact.
    total: i64,
    /// Whether that was all of them when it began.
    total_is_exact: bool,
    /// How many it resent.
    done: i64,
    /// How many it left alone: resent by others, on their way, gone, erased.
    skipped: i64,
    /// Why it failed.
    fault: Option<String>,
    /// When it was made.
    created_at: String,
    /// When it last got on.
    updated_at: String,
    /// Who wanted it, by the name they had.
    created_by: String,
}

pub(super) fn view(row: JobRow) -> JobView {
    JobView {
        id: row.id,
        kind: row.kind,
        state: row.state,
        total: row.total,
        total_is_exact: row.total_is_exact,
        done: row.done,
        skipped: row.skipped,
        fault: row.fault,
        created_at: row.created_at.to_rfc3339(),
        updated_at: row.updated_at.to_rfc3339(),
        created_by: row.created_by,
    }
}

/// Which jobs to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobQuery {
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List jobs
///
/// Newest first; those that are over for 30 days.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "deliveries", params(JobQuery),
    responses((status = 200, body = answer::Listed<JobView>)),
    security(("key" = ["leads:read"])))]
pub(super) async fn list_jobs(
    permit: Permit<scopes::LeadsRead>,
    Query(query): Query<JobQuery>,
) -> Result<Response, Problem> {
    let limit = answer::limit(query.limit)?;
    let before = answer::cursor(query.cursor.as_deref())?;
    let rows = permit.workspace().jobs(before, limit).await?;
    let last = rows.last().filter(|_| rows.len() == limit as usize);
    let next_cursor = last.map(|row| row.id.to_string());
    let data = rows.into_iter().map(view).collect();
    answer::json(StatusCode::OK, &answer::Listed::new(data, next_cursor))
}

async fn show(access: &Access, id: JobId) -> Result<Response, Problem> {
    let row = access.workspace().job(id).await?.ok_or_else(|| Problem::not_found("job"))?;
    answer::json(StatusCode::OK, &view(row))
}

/// Read a job
///
/// Its counts grow while it works.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", tag = "deliveries", params(("id" = String, Path)),
    responses((status = 200, body = JobView)), security(("key" = ["leads:read"])))]
pub(super) async fn get_job(
    permit: Permit<scopes::LeadsRead>,
    Path(id): Path<JobId>,
) -> Result<Response, Problem> {
    show(&permit, id).await
}

/// Nothing to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelJobInput {}

/// Stop a job
///
/// What it resent stays resent.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/cancel", tag = "deliveries",
    params(("id" = String, Path)), request_body = Option<CancelJobInput>,
    responses((status = 200, body = JobView)), security(("key" = ["deliveries:write"])))]
pub(super) async fn cancel_job(
    permit: Permit<scopes::DeliveriesWrite>,
    Path(id): Path<JobId>,
    MaybeBody(CancelJobInput {}): MaybeBody<CancelJobInput>,
) -> Result<Response, Problem> {
    let workspace = permit.workspace();
    workspace.job(id).await?.ok_or_else(|| Problem::not_found("job"))?;
    let audit = Some(permit.entry("job.cancel", "job", Some(id.to_string())));
    if !workspace.cancel_job(id, audit).await? {
        return Err(Problem::new(Code::Conflict, "the job is over already"));
    }
    show(&permit, id).await
}
