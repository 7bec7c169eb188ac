//! `GET /restapi/v1.3/apiqueue/{id}`: what became of a lead (`reference/integrations.md` 1.2).

use super::super::outcome;
use super::{presented, query_pairs, shape};
use crate::problem::{Code, FieldError, Path, Problem, json_bytes};
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use baton_domain::config::Scope;
use baton_domain::id::{LeadId, TypedId, WorkspaceId};
use baton_domain::lead::LeadState;
use baton_store::leads::LeadRow;
use http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};

/// Answers with the queue item of a lead; a lead of another workspace is not found.
pub(super) async fn item(
    State(state): State<AppState>,
    Path(queue_id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let query = query_pairs(&uri);
    let workspace = match reading_key(&state, presented(&headers, &query)).await {
        Ok(workspace) => workspace,
        Err(problem) => return shape::refused(&problem),
    };
    match find(&state, workspace, &queue_id).await {
        Ok(item) => json_bytes(StatusCode::OK, item.to_string().into_bytes()),
        Err(problem) => shape::refused(&problem),
    }
}

/// Whoever may post leads may ask what became of them.
async fn reading_key(state: &AppState, presented: Option<&str>) -> Result<WorkspaceId, Problem> {
    let key = state.live_key(presented.unwrap_or_default()).await?;
    let (_, key) = key.ok_or_else(|| Problem::new(Code::Unauthorized, "key is not valid"))?;
    if key.body.allows(Scope::LeadsWrite) || key.body.allows(Scope::LeadsRead) {
        return Ok(key.meta.workspace);
    }
    let detail = "this key has neither of the scopes leads:write and leads:read";
    Err(Problem::new(Code::Forbidden, detail))
}

async fn find(state: &AppState, workspace: WorkspaceId, id: &str) -> Result<Value, Problem> {
    let lead = match id.parse::<uuid::Uuid>() {
        Ok(uuid) => state.store.workspace(workspace).lead(LeadId::from_uuid(uuid)).await?,
        Err(_) => None,
    };
    let Some(row) = lead else {
        return Ok(json!({
            "queueRef": id, "status": "Not Found", "processed": null, "response": null
        }));
    };
    let (done, code, info) = read(state, workspace, &row).await?;
    let seconds = row.updated_at.since_ms(row.created_at).max(0) as f64 / 1000.0;
    let response = done.then(|| shape::response(row.id, code, &info, row.updated_at, seconds));
    Ok(json!({
        "queueRef": row.id.uuid().to_string(),
        "status": if done { "Processed" } else { "Pending" },
        "processed": done.then(|| row.updated_at.to_rfc3339()),
        "response": response,
    }))
}

/// Whether a lead is through, LeadByte's code for how, and why.
async fn read(
    state: &AppState,
    workspace: WorkspaceId,
    row: &LeadRow,
) -> Result<(bool, i32, Vec<String>), Problem> {
    match row.state {
        LeadState::Partial | LeadState::Held | LeadState::Quarantined => {
            Ok((false, shape::OK, Vec::new()))
        }
        LeadState::Rejected => {
            let problems = row.problems.as_deref().unwrap_or_default();
            let errors: Vec<FieldError> = serde_json::from_slice(problems).unwrap_or_default();
            let lines: Vec<String> =
                errors.iter().map(|e| format!("{} {}", e.field, e.message)).collect();
            let code = if lines.is_empty() { shape::DUPLICATE } else { shape::INVALID };
            Ok((true, code, lines))
        }
        _ => {
            let (outcome, settled) = outcome::look(state, workspace, row.id).await?;
            let done = settled && (outcome.word != "pending" || outcome.sent_nowhere);
            Ok((done, shape::outcome_code(&outcome), Vec::new()))
        }
    }
}
