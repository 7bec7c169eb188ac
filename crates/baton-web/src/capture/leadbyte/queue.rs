//! `GET /restapi/v1.3/apiqueue`: what became of leads (`reference/integrations.md` 1.2).

use super::super::outcome;
use super::super::shapes::{QueueItemShape, QueueQueryShape};
use super::{BATCH_BYTES_MAX, check_count, key_words, presented, query_pairs, read_object, shape};
use crate::body;
use crate::problem::{Code, FieldError, Path, Problem, json_bytes};
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::response::Response;
use baton_domain::config::Scope;
use baton_domain::id::{LeadId, TypedId, WorkspaceId};
use baton_domain::lead::LeadState;
use baton_domain::personal::scalar_text;
use baton_store::leads::LeadRow;
use http::{HeaderMap, StatusCode, Uri};
use serde_json::{Map, Value, json};

/// Ask what became of a lead as at LeadByte
///
/// A lead of another workspace is not found.
#[utoipa::path(get, path = "/restapi/v1.3/apiqueue/{queue_id}", tag = "leadbyte",
    operation_id = "leadbyte_queue_item",
    params(("queue_id" = String, Path), ("key" = Option<String>, Query,
        description = "The key, where it is not in a header.")),
    responses((status = 200, body = QueueItemShape)),
    security(("x_key" = ["leads:write"]), ("x_key" = ["leads:read"])))]
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

/// Ask what became of leads as at LeadByte
///
/// A GET with a body, because LeadByte has it so. The items come in the order of `queueIds`.
#[utoipa::path(get, path = "/restapi/v1.3/apiqueue", tag = "leadbyte",
    operation_id = "leadbyte_queue_items", request_body = QueueQueryShape,
    responses((status = 200, body = Vec<QueueItemShape>)),
    security(("x_key" = ["leads:write"]), ("x_key" = ["leads:read"])))]
pub(super) async fn items(State(state): State<AppState>, request: Request) -> Response {
    match find_all(&state, request).await {
        Ok(items) => json_bytes(StatusCode::OK, Value::Array(items).to_string().into_bytes()),
        Err(problem) => shape::refused(&problem),
    }
}

async fn find_all(state: &AppState, request: Request) -> Result<Vec<Value>, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = body::read_parts(&parts, body, BATCH_BYTES_MAX).await?;
    // A GET without a body names no leads; it need not be JSON to be told so.
    let mut object = match bytes.is_empty() {
        true => Map::new(),
        false => read_object(&parts.headers, &bytes)?,
    };
    let query = query_pairs(&parts.uri);
    let in_body = object.shift_remove("key").and_then(|key| scalar_text(&key));
    let key = presented(&parts.headers, &query).or(in_body.as_deref());
    let workspace = reading_key(state, key).await?;
    let ids = match object.shift_remove("queueIds") {
        Some(Value::Array(ids)) => ids,
        None => Vec::new(),
        Some(_) => {
            let why = "must be a list of queue ids";
            return Err(Problem::invalid_field("queueIds", "wrong_type", why));
        }
    };
    check_count("queueIds", ids.len())?;
    let mut items = Vec::with_capacity(ids.len());
    for id in ids {
        items.push(find(state, workspace, &scalar_text(&id).unwrap_or_default()).await?);
    }
    Ok(items)
}

/// Whoever may post leads may ask what became of them.
async fn reading_key(state: &AppState, presented: Option<&str>) -> Result<WorkspaceId, Problem> {
    let key = state.live_key(presented.unwrap_or_default()).await?;
    let unknown = || key_words(Problem::new(Code::Unauthorized, ""), presented);
    let (_, key) = key.ok_or_else(unknown)?;
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
