//! `/api/inbound`: capture by a source's public id, and by API key.

use super::entrance::{Entrance, find_campaign, posting_key};
use super::intake::{self, Incoming};
use super::shapes::{AnswerShape, CaptureShape};
use super::{answer, cors, reading};
use crate::body;
use crate::client_address::Peer;
use crate::metrics::bearer;
use crate::problem::{Path, Problem};
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use baton_domain::config::ApiKey;
use baton_domain::id::WorkspaceId;
use baton_domain::lead::body::{Body, CAPTURE_BODY_BYTES_MAX};
use baton_store::Doc;
use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use std::sync::Arc;

/// Post a lead to a source
///
/// The id in the path is the authority; a source may also ask for a signature and for one of its
/// origins. JSON may come as `text/plain` too.
#[utoipa::path(post, path = "/api/inbound/w/{webhook_id}/leads", tag = "capture",
    operation_id = "capture_by_source", params(
        ("webhook_id" = String, Path, description = "The source's public id."),
        ("X-LeadsBot-Signature" = Option<String>, Header,
            description = "Hex HMAC-SHA256 of the body, where the source asks for it."),
    ),
    request_body(content(
        (CaptureShape = "application/json"),
        (CaptureShape = "application/x-www-form-urlencoded"),
        (CaptureShape = "multipart/form-data"),
    )),
    responses(
        (status = 201, body = AnswerShape),
        (status = 409, description = "It repeats another lead, or the campaign is paused."),
        (status = 422, description = "Fields are wrong; the lead is kept as rejected."),
    ), security(()))]
pub(super) async fn by_webhook(
    State(state): State<AppState>,
    Path(webhook): Path<String>,
    request: Request,
) -> Response {
    let entrance = match Entrance::by_webhook(&state, &webhook).await {
        Ok(entrance) => entrance,
        Err(problem) => {
            let (parts, body) = request.into_parts();
            body::discard(&parts, body).await;
            // There is no source that could restrict who reads this.
            let mut response = problem.into_response();
            cors::Origin::Any.mark(&mut response);
            return response;
        }
    };
    let (parts, body) = request.into_parts();
    let origin = cors::judge(&entrance.source.body.allowed_origins, &parts.headers);
    let posted = async {
        if let Err(problem) = origin.check().and_then(|()| entrance.check_open(&state)) {
            body::discard(&parts, body).await;
            return Err(problem);
        }
        let bytes = body::read_parts(&parts, body, CAPTURE_BODY_BYTES_MAX).await?;
        entrance.check_signature(&state, &parts.headers, &bytes)?;
        let lead = reading::read_lead(&parts.headers, bytes.clone()).await?;
        post(&state, &entrance, &parts, (lead, bytes)).await
    };
    let mut response = posted.await.unwrap_or_else(IntoResponse::into_response);
    origin.mark(&mut response);
    response
}

/// Post a lead with an API key
///
/// To the campaign that the body names, otherwise to the workspace's default campaign.
#[utoipa::path(post, path = "/api/inbound/{workspace_id}/leads", tag = "capture",
    operation_id = "capture_by_key",
    params(("workspace_id" = String, Path, description = "The key's workspace.")),
    request_body(content(
        (CaptureShape = "application/json"),
        (CaptureShape = "application/x-www-form-urlencoded"),
        (CaptureShape = "multipart/form-data"),
    )),
    responses(
        (status = 201, body = AnswerShape),
        (status = 409, description = "It repeats another lead, or the campaign is paused."),
        (status = 422, description = "Fields are wrong; the lead is kept as rejected."),
    ), security(("key" = ["leads:write"])))]
pub(super) async fn by_key(
    State(state): State<AppState>,
    Path(workspace): Path<String>,
    request: Request,
) -> Response {
    let mut origin = cors::Origin::Any;
    let (parts, body) = request.into_parts();
    let posted = async {
        let key = match key_of(&state, &workspace, &parts.headers).await {
            Ok(key) => key,
            Err(problem) => {
                body::discard(&parts, body).await;
                return Err(problem);
            }
        };
        let bytes = body::read_parts(&parts, body, CAPTURE_BODY_BYTES_MAX).await?;
        let lead = reading::read_lead(&parts.headers, bytes.clone()).await?;
        let named = lead.control.campaign.as_deref();
        let campaign = find_campaign(&state.store.snapshot(), key.meta.workspace, named)?;
        let entrance = Entrance::by_key(&state, &key, campaign).await?;
        origin = cors::judge(&entrance.source.body.allowed_origins, &parts.headers);
        origin.check()?;
        entrance.check_open(&state)?;
        entrance.check_signature(&state, &parts.headers, &bytes)?;
        post(&state, &entrance, &parts, (lead, bytes)).await
    };
    let mut response = posted.await.unwrap_or_else(IntoResponse::into_response);
    origin.mark(&mut response);
    response
}

/// The key of a request, which must be one of that workspace.
async fn key_of(
    state: &AppState,
    workspace: &str,
    headers: &HeaderMap,
) -> Result<Arc<Doc<ApiKey>>, Problem> {
    let key = posting_key(state, bearer(headers)).await?;
    if workspace.parse::<WorkspaceId>() != Ok(key.meta.workspace) {
        return Err(Problem::not_found("workspace"));
    }
    Ok(key)
}

async fn post(
    state: &AppState,
    entrance: &Entrance,
    parts: &Parts,
    (body, bytes): (Body, Bytes),
) -> Result<Response, Problem> {
    let Parts { headers, extensions, .. } = parts;
    let idempotency =
        reading::idempotency(state, entrance.workspace, &entrance.scope, headers, &bytes)?;
    let server = reading::server_facts(state, extensions.get::<Peer>().copied(), headers);
    let taken = intake::take(state, entrance, Incoming { body, server, idempotency }).await?;
    Ok(answer::answer(taken))
}

/// `OPTIONS` of a source's URL.
pub(super) async fn preflight_webhook(
    State(state): State<AppState>,
    Path(webhook): Path<String>,
    headers: HeaderMap,
) -> Response {
    match Entrance::by_webhook(&state, &webhook).await {
        Ok(entrance) => cors::judge(&entrance.source.body.allowed_origins, &headers).preflight(),
        // The post itself says that there is no such source, where the page can read it.
        Err(_) => cors::Origin::Any.preflight(),
    }
}

/// `OPTIONS` of a workspace's URL: which source it is stands in the body, so the post decides.
pub(super) async fn preflight_key() -> Response {
    cors::Origin::Any.preflight()
}
