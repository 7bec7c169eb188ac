//! `/api/v1/auth`: making the first user, signing in and out.

pub(super) mod invited;
pub(super) mod proof;

use super::answer;
use super::input::{Body, Faults, NAME_CHARS_MAX};
use super::me::signed_in_view;
use crate::auth::{Client, new_token, token_hash};
use crate::problem::{Code, Problem};
use crate::state::AppState;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use baton_domain::account::{PERSON_NAME_CHARS_MAX, account_email, check_password};
use baton_domain::audit::Actor;
use baton_domain::config::{DocKind, Workspace};
use baton_domain::id::UserId;
use baton_domain::secret::Secret;
use baton_domain::time::Millis;
use baton_store::accounts::{Ending, NewUser, Refusal, SetUp, SignIn};
use baton_store::audit::AuditEntry;
use baton_store::docs::{DocWrite, Expect};
use http::StatusCode;
use http::header::SET_COOKIE;
use proof::{Subject, Typed, lines, prove};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How this server stands to whoever asks.
#[derive(Serialize, ToSchema)]
pub struct AuthState {
    /// Whether nobody can sign in yet: the link that was printed at the start makes the first user.
    pub setup_needed: bool,
    /// Whether the caller's session is live.
    pub signed_in: bool,
    /// Whether this connection is plain http over a network, on which others can read along.
    pub insecure: bool,
    /// Version of Baton.
    pub version: String,
}

/// Ask how things stand
///
/// For a page that does not know yet whether to show the sign-in.
#[utoipa::path(get, path = "/api/v1/auth/state", tag = "auth",
    responses((status = 200, body = AuthState)), security(()))]
pub(super) async fn auth_state(
    State(state): State<AppState>,
    client: Client,
) -> Result<Response, Problem> {
    let signed_in = match &client.session {
        Some(session) => state.signed_in(session).await?.is_some(),
        None => false,
    };
    let view = AuthState {
        setup_needed: !signed_in && !state.store.has_users().await?,
        signed_in,
        insecure: !client.secure && !client.local,
        version: state.settings.version.clone(),
    };
    answer::json(StatusCode::OK, &view)
}

/// The first user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupInput {
    /// What stands behind the `#` of the link that was printed at the start.
    token: String,
    /// Their e-mail address.
    #[schema(example = "jane@example.com")]
    email: String,
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Their password: at least 12 characters.
    #[schema(min_length = 12, format = "password")]
    password: String,
    /// What the workspace is called; left out, it keeps its name.
    #[serde(default)]
    #[schema(max_length = 200)]
    workspace: Option<String>,
}

/// Make the first user
///
/// They become owner of every workspace there is, and are signed in: the answer sets the session's
/// cookie.
#[utoipa::path(post, path = "/api/v1/auth/setup", tag = "auth", request_body = SetupInput,
    responses((status = 201, body = super::me::MeView)), security(()))]
pub(super) async fn set_up(
    State(state): State<AppState>,
    client: Client,
    Body(input): Body<SetupInput>,
) -> Result<Response, Problem> {
    let link = token_hash(&input.token);
    if state.store.has_users().await? || !state.store.is_setup_link(&link).await? {
        return Err(link_is_none());
    }
    let mut faults = Faults::default();
    if let Some(workspace) = &input.workspace {
        faults.text("workspace", workspace, NAME_CHARS_MAX);
    }
    let user = new_user(&state, (&input.email, &input.name, &input.password), faults).await?;
    let now = state.store.now();
    let by = client.by(Actor::User(user.id), &user.name);
    let first = state.store.snapshot().workspaces.values().min_by_key(|doc| doc.meta.id).cloned();
    let first = first.ok_or_else(Problem::internal)?;
    let writes = match input.workspace {
        Some(name) => vec![DocWrite {
            workspace: first.body.id,
            kind: DocKind::Workspace,
            id: first.meta.id,
            expect: Expect::Any,
            body: Some(answer::encode(&Workspace { name, ..first.body.clone() })?),
            secrets: None,
            unique: None,
            stopped: false,
            changed_by: by.clone(),
            now,
            idempotency: None,
        }],
        None => Vec::new(),
    };
    let entry = AuditEntry {
        workspace: first.body.id,
        at: now,
        by,
        action: "user.create".to_owned(),
        subject_kind: "user".to_owned(),
        subject: Some(user.id.to_string()),
        subject_name: Some(user.email.clone()),
        before: None,
        after: Some(serde_json::json!({"role": "owner", "how": "set-up link"})),
    };
    let token = new_token(&state.store);
    let session = client.new_session(&state.store, &token, now);
    let set_up = SetUp { link, user, writes, session, now, entries: vec![entry] };
    state.store.set_up(set_up).await?.map_err(|_| link_is_none())?;
    welcome(&state, &client, &token, StatusCode::CREATED).await
}

fn link_is_none() -> Problem {
    let detail = "this set-up link was used or has been replaced; a new one is printed when Baton \
                  starts, as long as nobody can sign in";
    Problem::new(Code::NotFound, detail)
}

/// Somebody who is not known yet, from what they typed, with the faults found so far.
async fn new_user(
    state: &AppState,
    (email, name, password): (&str, &str, &str),
    mut faults: Faults,
) -> Result<NewUser, Problem> {
    let address = account_email(email);
    if address.is_none() {
        faults.add("email", "invalid", "must be an e-mail address");
    }
    faults.text("name", name, PERSON_NAME_CHARS_MAX);
    let email = address.unwrap_or_default();
    if let Err(fault) = check_password(password, &email) {
        faults.add("password", "weak", fault.to_string());
    }
    faults.into_result()?;
    let password =
        state.accounts.passwords.hash(Secret::new(password), state.store.random()).await?;
    Ok(NewUser { id: state.store.new_id::<UserId>(), email, name: name.to_owned(), password })
}

/// What somebody types to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInInput {
    /// Their e-mail address; upper and lower case are the same.
    email: String,
    /// Their password.
    #[schema(format = "password")]
    password: String,
    /// The code their app shows, or a recovery code, for who has a second factor.
    #[serde(default)]
    code: Option<String>,
}

/// Sign in
///
/// The answer sets the session's cookie. 401 `sign_in_failed` says that address, password and code
/// do not belong together, 401 `second_factor_needed` that a code is needed too; 429 comes with the
/// time to wait.
#[utoipa::path(post, path = "/api/v1/auth/sign-in", tag = "auth", request_body = SignInInput,
    responses((status = 200, body = super::me::MeView)), security(()))]
pub(super) async fn sign_in(
    State(state): State<AppState>,
    client: Client,
    Body(input): Body<SignInInput>,
) -> Result<Response, Problem> {
    let typed = Typed {
        email: &input.email,
        password: Secret::new(input.password),
        code: input.code.as_deref(),
    };
    let proven = prove(&state, &client, typed).await?;
    let memberships = state.store.memberships(proven.user.id).await?;
    if memberships.is_empty() {
        state.accounts.guesses.right(proven.guess);
        let detail = "this account belongs to no workspace any more; ask for an invitation";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let now = state.store.now();
    let token = new_token(&state.store);
    let how = serde_json::json!({"second_factor": proven.second_factor()});
    let subject = Subject { user: &proven.user, memberships: &memberships };
    let sign_in = SignIn {
        user: proven.user.id,
        password: proven.user.password.clone(),
        factor: proven.factor,
        session: client.new_session(&state.store, &token, now),
        now,
        entries: lines(&client, subject, "user.sign_in", Some(how), now),
    };
    match state.store.sign_in(sign_in).await? {
        Ok(()) => state.accounts.guesses.right(proven.guess),
        Err(_) => return Err(proof::failed()),
    }
    welcome(&state, &client, &token, StatusCode::OK).await
}

/// Tells somebody who has just come in who they are, and sets their cookie.
async fn welcome(
    state: &AppState,
    client: &Client,
    token: &Secret,
    status: StatusCode,
) -> Result<Response, Problem> {
    state.accounts.sessions.forget();
    let signed_in = state.signed_in(&token_hash(token.reveal())).await?;
    let signed_in = signed_in.ok_or_else(Problem::internal)?;
    let view = signed_in_view(state, &signed_in, None).await?;
    let mut response = answer::json(status, &view)?;
    response.headers_mut().append(SET_COOKIE, client.cookie(token)?);
    Ok(response)
}

/// Sign out
///
/// Ends the session and takes its cookie away. Who is not signed in may ask as well.
#[utoipa::path(post, path = "/api/v1/auth/sign-out", tag = "auth",
    responses((status = 204, description = "Nobody is signed in here any more.")), security(()))]
pub(super) async fn sign_out(
    State(state): State<AppState>,
    client: Client,
) -> Result<Response, Problem> {
    if let Some(session) = &client.session
        && let Some(signed_in) = state.signed_in(session).await?
    {
        let now: Millis = state.store.now();
        let subject = Subject { user: &signed_in.user, memberships: &signed_in.memberships };
        let entries = lines(&client, subject, "user.sign_out", None, now);
        let which = Ending::One(signed_in.session.id);
        let ended = state.store.end_sessions(signed_in.user.id, which, entries).await?;
        state.accounts.sessions.forget();
        // Ended elsewhere meanwhile: what was asked for has come about.
        debug_assert!(matches!(ended, Ok(()) | Err(Refusal::Gone)));
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().append(SET_COOKIE, client.no_cookie()?);
    Ok(response)
}
