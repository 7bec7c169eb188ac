//! `/api/v1/me/password`.

use crate::api::auth::proof::{Subject, lines, prove_again};
use crate::api::input::{Body, Faults};
use crate::auth::{Client, Permit, new_token, scopes, token_hash};
use crate::problem::{Code, Problem};
use axum::response::{IntoResponse, Response};
use baton_domain::account::check_password;
use baton_domain::secret::Secret;
use baton_store::accounts::{NewPassword, Rotation, SignedIn};
use http::StatusCode;
use http::header::SET_COOKIE;
use serde::Deserialize;
use utoipa::ToSchema;

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordInput {
    /// The password so far.
    #[schema(format = "password")]
    current: String,
    /// The new one: at least 12 characters.
    #[schema(min_length = 12, format = "password")]
    new: String,
}

/// Change your password
///
/// All your other sessions end; this one goes on with a new cookie.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "me", request_body = PasswordInput,
    responses((status = 204, description = "It is changed.")), security(("session" = [])))]
pub(in crate::api) async fn change_password(
    permit: Permit<scopes::Any>,
    client: Client,
    Body(input): Body<PasswordInput>,
) -> Result<Response, Problem> {
    let SignedIn { user, memberships, session } = permit.person()?.signed_in.as_ref();
    let state = permit.state();
    let mut faults = Faults::default();
    if let Err(fault) = check_password(&input.new, &user.email) {
        faults.add("new", "weak", fault.to_string());
    }
    faults.into_result()?;
    prove_again(state, &client, user, &input.current, "current").await?;
    let new = state.accounts.passwords.hash(Secret::new(input.new), state.store.random()).await?;
    let (token, now) = (new_token(&state.store), state.store.now());
    let change = NewPassword {
        user: user.id,
        was: user.password.clone(),
        new,
        rotation: Rotation { from: session.token, to: token_hash(token.reveal()) },
        now,
        entries: lines(&client, Subject { user, memberships }, "user.password", None, now),
    };
    let changed = state.store.change_password(change).await?;
    state.accounts.sessions.forget();
    changed.map_err(|_| {
        Problem::new(Code::Conflict, "the password was changed meanwhile; sign in again")
    })?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().append(SET_COOKIE, client.cookie(&token)?);
    Ok(response)
}
