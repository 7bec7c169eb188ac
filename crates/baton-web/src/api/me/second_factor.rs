//! `/api/v1/me/second-factor`: codes of an app besides the password.

use crate::api::answer;
use crate::api::auth::proof::{FACTOR_PURPOSE, Subject, factor_secret, lines, prove_again};
use crate::api::input::Body;
use crate::auth::{Client, Permit, new_token, scopes, token_hash};
use crate::problem::{Code, Problem};
use axum::response::{IntoResponse, Response};
use baton_domain::account::{
    FACTOR_SECRET_BYTES, RECOVERY_CODE_BYTES, RECOVERY_CODES, factor_url, matched_step,
    recovery_code, secret_text,
};
use baton_domain::secret::Secret;
use baton_store::accounts::{FactorChange, Rotation, SignedIn};
use http::StatusCode;
use http::header::SET_COOKIE;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The password, once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordAgain {
    /// The caller's password.
    #[schema(format = "password")]
    password: String,
}

/// A secret for an app, shown this once.
#[derive(Serialize, ToSchema)]
pub struct FactorView {
    /// The secret in base 32, for an app that cannot read a picture.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub secret: String,
    /// The same as a URL, for a picture that the app reads.
    pub otpauth_url: String,
}

fn has_one() -> Problem {
    Problem::new(Code::Conflict, "you have a second factor; remove it before you set up another")
}

/// Ask for a second factor
///
/// It counts from when a code of it is confirmed. Asking again replaces the secret.
#[utoipa::path(post, path = "/api/v1/me/second-factor", tag = "me", request_body = PasswordAgain,
    responses((status = 200, body = FactorView)), security(("session" = [])))]
pub(in crate::api) async fn ask_second_factor(
    permit: Permit<scopes::Any>,
    client: Client,
    Body(input): Body<PasswordAgain>,
) -> Result<Response, Problem> {
    let SignedIn { user, .. } = permit.person()?.signed_in.as_ref();
    let state = permit.state();
    if user.factor.is_some() {
        return Err(has_one());
    }
    prove_again(state, &client, user, &input.password, "password").await?;
    let secret = state.store.random::<FACTOR_SECRET_BYTES>();
    let otpauth_url = factor_url(secret, &user.email).ok_or_else(Problem::internal)?;
    let sealed = state.store.master().seal(FACTOR_PURPOSE, &secret)?;
    let change = FactorChange::Asked { secret: sealed };
    let asked = state.store.change_factor(user.id, change, state.store.now(), Vec::new()).await?;
    state.accounts.sessions.forget();
    asked.map_err(|_| has_one())?;
    answer::json(StatusCode::OK, &FactorView { secret: secret_text(secret), otpauth_url })
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeInput {
    /// The code the app shows.
    #[schema(example = "123456")]
    code: String,
}

/// Recovery codes, shown this once.
#[derive(Serialize, ToSchema)]
pub struct RecoveryView {
    /// Each signs in once in place of a code.
    pub recovery_codes: Vec<String>,
}

/// Confirm a second factor
///
/// From now on signing in asks for a code. All your other sessions end; this one goes on with a
/// new cookie.
#[utoipa::path(post, path = "/api/v1/me/second-factor/confirm", tag = "me",
    request_body = CodeInput, responses((status = 200, body = RecoveryView)),
    security(("session" = [])))]
pub(in crate::api) async fn confirm_second_factor(
    permit: Permit<scopes::Any>,
    client: Client,
    Body(input): Body<CodeInput>,
) -> Result<Response, Problem> {
    let signed_in = &permit.person()?.signed_in;
    let state = permit.state();
    // What is kept of the session may be from before the secret was asked for at another node.
    let fresh = state.store.signed_in(&signed_in.session.token, state.store.now()).await?;
    let fresh = fresh.ok_or_else(|| Problem::not_found("session"))?;
    let SignedIn { user, memberships, session } = &fresh;
    let Some(sealed) = &user.factor_asked else {
        return Err(Problem::new(Code::Conflict, "ask for a second factor before you confirm it"));
    };
    let secret = factor_secret(state, sealed)?;
    let step = matched_step(secret, &input.code, None, state.store.wall()).ok_or_else(|| {
        let message = "is not the code the app shows now; is the clock of the phone right?";
        Problem::invalid_field("code", "wrong", message)
    })?;
    let codes: Vec<String> = (0..RECOVERY_CODES)
        .map(|_| recovery_code(state.store.random::<RECOVERY_CODE_BYTES>()))
        .collect();
    let (token, now) = (new_token(&state.store), state.store.now());
    let change = FactorChange::Confirmed {
        secret: sealed.clone(),
        step,
        codes: codes.iter().map(|c| state.store.master().recovery_hash(user.id, c)).collect(),
        rotation: Rotation { from: session.token, to: token_hash(token.reveal()) },
    };
    let subject = Subject { user, memberships };
    let entries = lines(&client, subject, "user.second_factor_on", None, now);
    let confirmed = state.store.change_factor(user.id, change, now, entries).await?;
    state.accounts.sessions.forget();
    confirmed.map_err(|_| has_one())?;
    let view = RecoveryView { recovery_codes: codes };
    with_cookie(answer::json(StatusCode::OK, &view)?, &client, &token)
}

/// Remove your second factor
///
/// All your other sessions end; this one goes on with a new cookie.
#[utoipa::path(post, path = "/api/v1/me/second-factor/remove", tag = "me",
    request_body = PasswordAgain,
    responses((status = 204, description = "A password is enough.")), security(("session" = [])))]
pub(in crate::api) async fn remove_second_factor(
    permit: Permit<scopes::Any>,
    client: Client,
    Body(input): Body<PasswordAgain>,
) -> Result<Response, Problem> {
    let SignedIn { user, memberships, session } = permit.person()?.signed_in.as_ref();
    let state = permit.state();
    prove_again(state, &client, user, &input.password, "password").await?;
    let (token, now) = (new_token(&state.store), state.store.now());
    let change = FactorChange::Removed {
        password: user.password.clone(),
        rotation: Rotation { from: session.token, to: token_hash(token.reveal()) },
    };
    let subject = Subject { user, memberships };
    let entries = lines(&client, subject, "user.second_factor_off", None, now);
    let removed = state.store.change_factor(user.id, change, now, entries).await?;
    state.accounts.sessions.forget();
    removed.map_err(|_| Problem::new(Code::Conflict, "there is no second factor to remove"))?;
    with_cookie(StatusCode::NO_CONTENT.into_response(), &client, &token)
}

fn with_cookie(
    mut response: Response,
    client: &Client,
    token: &Secret,
) -> Result<Response, Problem> {
    response.headers_mut().append(SET_COOKIE, client.cookie(token)?);
    Ok(response)
}
