//! `/api/inbound`: capture by a source's public id, and by API key.

use super::entrance::{Entrance, find_campaign, posting_key};
use super::intake::{self, Incoming};
use super::{answer, cors, reading};
use crate::body;
use crate::client_address::Peer;
use crate::metrics::bearer;
use crate::problem::{Path, Problem};
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use baton_domain::id::WorkspaceId;
use baton_domain::lead::body::{Body, CAPTURE_BODY_BYTES_MAX};
use bytes::Bytes;
use http::HeaderMap;

/// `POST /api/inbound/w/{webhookId}/leads`
pub(super) async fn by_webhook(
    State(state): State<AppState>,
    Path(webhook): Path<String>,
    request: Request,
) -> Response {
    let entrance = match Entrance::by_webhook(&state, &webhook) {
        Ok(entrance) => entrance,
        Err(problem) => {
            // There is no source that could restrict who reads this.
            let mut response = problem.into_response();
            cors::Origin::Any.mark(&mut response);
            return response;
        }
    };
    let origin = cors::judge(&entrance.source.body.allowed_origins, request.headers());
    let posted = async {
        origin.check()?;
        entrance.check_open(&state)?;
        let (headers, peer) = (request.headers().clone(), peer(&request));
        let bytes = body::read(request, CAPTURE_BODY_BYTES_MAX).await?;
        entrance.check_signature(&state, &headers, &bytes)?;
        let lead = reading::read_lead(&headers, bytes.clone()).await?;
        post(&state, &entrance, &headers, peer, (lead, bytes)).await
    };
    let mut response = posted.await.unwrap_or_else(IntoResponse::into_response);
    origin.mark(&mut response);
    response
}

/// `POST /api/inbound/{businessId}/leads`
pub(super) async fn by_key(
    State(state): State<AppState>,
    Path(workspace): Path<String>,
    request: Request,
) -> Response {
    let mut origin = cors::Origin::Any;
    let posted = async {
        let key = posting_key(&state, bearer(request.headers()))?;
        let of_key = key.meta.workspace;
        if workspace.parse::<WorkspaceId>() != Ok(of_key) {
            return Err(Problem::not_found("workspace"));
        }
        let (headers, peer) = (request.headers().clone(), peer(&request));
        let bytes = body::read(request, CAPTURE_BODY_BYTES_MAX).await?;
        let lead = reading::read_lead(&headers, bytes.clone()).await?;
        let named = lead.control.campaign.as_deref();
        let campaign = find_campaign(&state.store.snapshot(), of_key, named)?;
        let entrance = Entrance::by_key(&state, &key, campaign).await?;
        origin = cors::judge(&entrance.source.body.allowed_origins, &headers);
        origin.check()?;
        entrance.check_open(&state)?;
        entrance.check_signature(&state, &headers, &bytes)?;
        post(&state, &entrance, &headers, peer, (lead, bytes)).await
    };
    let mut response = posted.await.unwrap_or_else(IntoResponse::into_response);
    origin.mark(&mut response);
    response
}

async fn post(
    state: &AppState,
    entrance: &Entrance,
    headers: &HeaderMap,
    peer: Option<Peer>,
    (body, bytes): (Body, Bytes),
) -> Result<Response, Problem> {
    let idempotency =
        reading::idempotency(state, entrance.workspace, &entrance.scope, headers, &bytes)?;
    let server = reading::server_facts(state, peer, headers);
    let taken = intake::take(state, entrance, Incoming { body, server, idempotency }).await?;
    Ok(answer::answer(taken))
}

/// The address of the connection's other end.
pub(super) fn peer(request: &Request) -> Option<Peer> {
    request.extensions().get::<Peer>().copied()
}

/// `OPTIONS` of a source's URL.
pub(super) async fn preflight_webhook(
    State(state): State<AppState>,
    Path(webhook): Path<String>,
    headers: HeaderMap,
) -> Response {
    match Entrance::by_webhook(&state, &webhook) {
        Ok(entrance) => cors::judge(&entrance.source.body.allowed_origins, &headers).preflight(),
        // The post itself says that there is no such source, where the page can read it.
        Err(_) => cors::Origin::Any.preflight(),
    }
}

/// `OPTIONS` of a workspace's URL: which source it is stands in the body, so the post decides.
pub(super) async fn preflight_key() -> Response {
    cors::Origin::Any.preflight()
}
