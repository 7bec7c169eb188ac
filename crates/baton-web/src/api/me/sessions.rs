//! `/api/v1/me/sessions`: where somebody is signed in.

use crate::api::answer;
use crate::api::auth::proof::{Subject, lines};
use crate::auth::{Access, Client, Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::id::SessionId;
use baton_store::accounts::{Ending, Refusal, SignedIn};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// A session.
#[derive(Serialize, ToSchema)]
pub struct SessionView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: SessionId,
    /// When they signed in.
    pub created_at: String,
    /// When it was last used, to the minute.
    pub seen_at: String,
    /// The address they signed in from.
    pub ip: Option<String>,
    /// The browser, in its own words.
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// List your sessions
///
/// The newest first; there are at most 50.
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "me",
    responses((status = 200, body = Vec<SessionView>)), security(("session" = [])))]
pub(in crate::api) async fn list_sessions(
    permit: Permit<scopes::Any>,
) -> Result<Response, Problem> {
    let signed_in = &permit.person()?.signed_in;
    let sessions = permit.store().sessions(signed_in.user.id, permit.store().now()).await?;
    let view = sessions.into_iter().map(|session| SessionView {
        current: session.id == signed_in.session.id,
        id: session.id,
        created_at: session.created_at.to_rfc3339(),
        seen_at: session.seen_at.to_rfc3339(),
        ip: session.ip,
        user_agent: session.user_agent,
    });
    answer::json(StatusCode::OK, &view.collect::<Vec<_>>())
}

/// End one of your sessions
#[utoipa::path(delete, path = "/api/v1/me/sessions/{id}", tag = "me",
    params(("id" = String, Path)),
    responses((status = 204, description = "It has ended.")), security(("session" = [])))]
pub(in crate::api) async fn end_session(
    permit: Permit<scopes::Any>,
    client: Client,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    let ended = end(&permit, &client, Ending::One(id), "one").await?;
    ended.map_err(|_| Problem::not_found("session"))?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all your other sessions
#[utoipa::path(delete, path = "/api/v1/me/sessions", tag = "me",
    responses((status = 204, description = "This is the only one.")),
    security(("session" = [])))]
pub(in crate::api) async fn end_other_sessions(
    permit: Permit<scopes::Any>,
    client: Client,
) -> Result<StatusCode, Problem> {
    let own = permit.person()?.signed_in.session.token;
    // That there was no other is what was asked for.
    let _ = end(&permit, &client, Ending::Others(own), "others").await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn end(
    access: &Access,
    client: &Client,
    which: Ending,
    word: &str,
) -> Result<Result<(), Refusal>, Problem> {
    let SignedIn { user, memberships, .. } = access.person()?.signed_in.as_ref();
    let subject = Subject { user, memberships };
    let which_ones = Some(json!({ "ended": word }));
    let now = access.store().now();
    let entries = lines(client, subject, "user.end_sessions", which_ones, now);
    let ended = access.store().end_sessions(user.id, which, entries).await?;
    access.state().accounts.sessions.forget();
    Ok(ended)
}
