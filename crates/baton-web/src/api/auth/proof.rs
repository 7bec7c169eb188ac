//! Whether somebody is who they say: by password and, if they have one, second factor.

use crate::auth::{Client, Guess};
use crate::problem::{Code, Problem};
use crate::state::AppState;
use baton_domain::account::{
    FACTOR_SECRET_BYTES, account_email, matched_step, typed_recovery_code,
};
use baton_domain::audit::Actor;
use baton_domain::id::{TypedId, UserId};
use baton_domain::secret::Secret;
use baton_domain::time::Millis;
use baton_store::accounts::{FactorUse, Membership, User};
use baton_store::audit::AuditEntry;
use serde_json::{Value, json};
use uuid::Uuid;

/// What the secret of a second factor is sealed for.
pub(in crate::api) const FACTOR_PURPOSE: &str = "second factor";
/// Most workspaces in whose audit a line about one person's account is written.
const LINES_MAX: usize = 20;

/// What somebody typed.
pub(super) struct Typed<'a> {
    pub email: &'a str,
    pub password: Secret,
    pub code: Option<&'a str>,
}

/// Somebody who is who they say.
pub(super) struct Proven {
    pub user: User,
    pub factor: FactorUse,
    /// To be said to be right when they are in.
    pub guess: Guess,
}

impl Proven {
    /// How the second factor was shown, for the audit.
    pub(super) fn second_factor(&self) -> &'static str {
        match self.factor {
            FactorUse::None => "none",
            FactorUse::Step(_) => "code",
            FactorUse::Recovery(_) => "recovery code",
        }
    }
}

/// Somebody of whom the audit tells, and where.
#[derive(Clone, Copy)]
pub(in crate::api) struct Subject<'a> {
    pub user: &'a User,
    pub memberships: &'a [Membership],
}

/// The line about somebody's own account, in the audit of every workspace they belong to.
pub(in crate::api) fn lines(
    client: &Client,
    subject: Subject<'_>,
    action: &str,
    after: Option<Value>,
    now: Millis,
) -> Vec<AuditEntry> {
    let Subject { user, memberships } = subject;
    let line = |membership: &Membership| AuditEntry {
        workspace: membership.workspace,
        at: now,
        by: client.by(Actor::User(user.id), &user.name),
        action: action.to_owned(),
        subject_kind: "user".to_owned(),
        subject: Some(user.id.to_string()),
        subject_name: Some(user.email.clone()),
        before: None,
        after: after.clone(),
    };
    memberships.iter().take(LINES_MAX).map(line).collect()
}

/// The answer to whoever is not who they say; it does not say why.
pub(super) fn failed() -> Problem {
    let detail = "e-mail address, password and code do not belong together";
    Problem::new(Code::SignInFailed, detail)
}

/// Begins to look at an answer about an account, unless too many were wrong of late.
///
/// # Errors
/// 429 with the time to wait.
async fn begin(
    state: &AppState,
    client: &Client,
    email: &str,
    user: Option<UserId>,
) -> Result<Guess, Problem> {
    let now = state.store.now();
    // Asked for whoever it is, so that the time it takes does not tell whether there is one.
    let user = user.unwrap_or_else(|| UserId::from_uuid(Uuid::nil()));
    let ip = client.ip.map(|ip| ip.to_string());
    let sessions = state.store.sessions(user, now).await?;
    let is_known_there = ip.is_some() && sessions.iter().any(|session| session.ip == ip);
    state.accounts.guesses.begin(email, client.ip, is_known_there, now).map_err(|seconds| {
        let detail = format!("too many wrong answers; wait {seconds} s and try again");
        Problem::new(Code::RateLimited, detail).retry_after(seconds)
    })
}

/// Finds out whether somebody is who they say.
///
/// # Errors
/// 401 when not or when a code is needed, 429, 503.
pub(super) async fn prove(
    state: &AppState,
    client: &Client,
    typed: Typed<'_>,
) -> Result<Proven, Problem> {
    // What is no address is nobody's, and takes as long.
    let email = account_email(typed.email).unwrap_or_default();
    let user = state.store.user_by_email(&email).await?;
    let guess = begin(state, client, &email, user.as_ref().map(|user| user.id)).await?;
    let hashed = user.as_ref().map(|user| user.password.clone());
    let right = match state.accounts.passwords.is_right(typed.password, hashed).await {
        Ok(right) => right,
        Err(problem) => {
            state.accounts.guesses.void(guess);
            return Err(problem);
        }
    };
    let Some(user) = user else { return Err(failed()) };
    if !right {
        note_failure(state, client, user, "password");
        return Err(failed());
    }
    let Some(sealed) = &user.factor else {
        return Ok(Proven { user, factor: FactorUse::None, guess });
    };
    let Some(code) = typed.code.filter(|code| !code.trim().is_empty()) else {
        state.accounts.guesses.void(guess);
        let detail = "type the code your app shows, or a recovery code";
        return Err(Problem::new(Code::SecondFactorNeeded, detail));
    };
    match factor_use(state, &user, sealed, code)? {
        Some(factor) => Ok(Proven { user, factor, guess }),
        None => {
            note_failure(state, client, user, "code");
            Err(failed())
        }
    }
}

/// How a typed code shows the second factor; `None` when it does not.
fn factor_use(
    state: &AppState,
    user: &User,
    sealed: &[u8],
    code: &str,
) -> Result<Option<FactorUse>, Problem> {
    if let Some(code) = typed_recovery_code(code) {
        let hash = state.store.master().recovery_hash(user.id, &code);
        return Ok(Some(FactorUse::Recovery(hash)));
    }
    let secret = factor_secret(state, sealed)?;
    let step = matched_step(secret, code, user.factor_step, state.store.wall());
    Ok(step.map(FactorUse::Step))
}

/// The secret of a second factor, opened.
pub(in crate::api) fn factor_secret(
    state: &AppState,
    sealed: &[u8],
) -> Result<[u8; FACTOR_SECRET_BYTES], Problem> {
    let plain = state.store.master().open(FACTOR_PURPOSE, sealed)?;
    plain.try_into().map_err(|_| Problem::internal())
}

/// Writes down that somebody was not who they said. Nobody waits for it: for an address nobody has
/// nothing is written, and the time the answer takes must not tell.
fn note_failure(state: &AppState, client: &Client, user: User, what: &'static str) {
    let (state, client) = (state.clone(), client.clone());
    // Whoever it was, it need not have been them.
    let by = client.by(Actor::System, "sign-in");
    tokio::spawn(async move {
        let noted = async {
            let memberships = state.store.memberships(user.id).await?;
            let subject = Subject { user: &user, memberships: &memberships };
            let wrong = Some(json!({ "wrong": what }));
            let now = state.store.now();
            let mut entries = lines(&client, subject, "user.sign_in_failed", wrong, now);
            for entry in &mut entries {
                entry.by = by.clone();
            }
            state.store.note(entries).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a failed sign-in could not be written down");
        }
    });
}

/// Finds out whether somebody who is signed in knows their password too.
///
/// # Errors
/// 422 naming `field` when not, 429, 503.
pub(in crate::api) async fn prove_again(
    state: &AppState,
    client: &Client,
    user: &User,
    password: &str,
    field: &str,
) -> Result<(), Problem> {
    let guess = begin(state, client, &user.email, Some(user.id)).await?;
    let hashed = Some(user.password.clone());
    match state.accounts.passwords.is_right(Secret::new(password), hashed).await {
        Ok(true) => {
            state.accounts.guesses.right(guess);
            Ok(())
        }
        Ok(false) => Err(Problem::invalid_field(field, "wrong", "is not your password")),
        Err(problem) => {
            state.accounts.guesses.void(guess);
            Err(problem)
        }
    }
}
