//! Who calls the management API and what they may do.
//!
//! A handler names the scope it needs in its signature, as [`Permit`]; through it, and only
//! through it, it gets at the caller's workspace. Reading or changing without a check of the key,
//! or across workspaces, cannot be written that way.

mod guesses;
mod invite;
mod key_uses;
mod origin;
mod passwords;
mod session;
mod setup;

pub use guesses::GUESSES_MAX;
pub(crate) use guesses::Guess;
pub use invite::{INVITATION_PATH, InviteError, invite_from_here};
pub use key_uses::KEY_USED_EVERY_MS;
pub use passwords::{HASHES_AT_ONCE, HASHES_WAITING_MAX};
pub use session::SESSION_KEPT_MS;
pub(crate) use session::{Client, new_token, token_hash};
pub use setup::{SETUP_PATH, offer_setup};

use crate::keys::sha256_hex;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use axum::extract::FromRequestParts;
use baton_domain::account::Role;
use baton_domain::audit::{Actor, By};
use baton_domain::config::Scope;
use baton_domain::id::{KeyId, WorkspaceId};
use baton_store::accounts::{SignedIn, TokenHash};
use baton_store::audit::AuditEntry;
use baton_store::{Store, WorkspaceStore};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// Names the workspace that a person works in; without it it is their first.
pub const WORKSPACE_HEADER: HeaderName = HeaderName::from_static("baton-workspace");

/// What there is in memory about people who sign in.
#[derive(Default)]
pub(crate) struct Accounts {
    pub(crate) sessions: session::Sessions,
    pub(crate) guesses: guesses::Guesses,
    pub(crate) passwords: passwords::Passwords,
    pub(crate) key_uses: key_uses::KeyUses,
}

/// A scope as a type, so that a handler's signature can name it.
pub trait Needs: Send + Sync + 'static {
    /// The scope; `None`: any key or session that works will do.
    const SCOPE: Option<Scope>;
}

macro_rules! needs {
    ($($name:ident,)*) => {
        /// The scopes as types.
        pub mod scopes {
            $(
                /// The scope of the same name in [`baton_domain::config::Scope`].
                #[derive(Clone, Copy, Debug)]
                pub enum $name {}
                impl super::Needs for $name {
                    const SCOPE: Option<baton_domain::config::Scope> =
                        Some(baton_domain::config::Scope::$name);
                }
            )*
            /// No scope in particular.
            #[derive(Clone, Copy, Debug)]
            pub enum Any {}
            impl super::Needs for Any {
                const SCOPE: Option<baton_domain::config::Scope> = None;
            }
        }
    };
}

needs! {
    LeadsRead, LeadsWrite, LeadsUpdate, LeadsErase, EventsRead, ConfigRead, ConfigWrite,
    DeliveriesWrite, Keys, Users, AuditRead,
}

/// A caller whose key or session is known, works now, and has the scope `S`.
pub struct Permit<S> {
    access: Access,
    scope: PhantomData<S>,
}

/// What a permitted caller can get at: one workspace of theirs.
#[derive(Clone)]
pub struct Access {
    state: AppState,
    workspace: WorkspaceStore,
    who: Who,
    scopes: Vec<Scope>,
    /// The scope that what they ask for needs.
    needs: Option<Scope>,
    by: By,
}

#[derive(Clone)]
enum Who {
    Key {
        id: KeyId,
        /// Hash of the text the key was presented with: its own or, after a rotation, the former
        /// one.
        sha256: String,
    },
    Person(Person),
}

/// A person who is signed in, in the workspace they look at.
#[derive(Clone)]
pub(crate) struct Person {
    /// They and their session.
    pub signed_in: Arc<SignedIn>,
    /// What they are in this workspace.
    pub role: Role,
}

/// The caller, left with the request so that the body's extractor can ask for a stored answer.
#[derive(Clone)]
pub(crate) struct Caller(pub(crate) Access);

impl<S> Deref for Permit<S> {
    type Target = Access;
    fn deref(&self) -> &Access {
        &self.access
    }
}

impl Access {
    /// Id of the caller's workspace.
    #[must_use]
    pub fn workspace_id(&self) -> WorkspaceId {
        self.workspace.id()
    }

    /// Reads of the caller's workspace.
    #[must_use]
    pub fn workspace(&self) -> &WorkspaceStore {
        &self.workspace
    }

    /// The store, for changes that name the workspace themselves; only `api::document`, accounts,
    /// the tasks of test calls and the event stream need it.
    pub(crate) fn store(&self) -> &Store {
        &self.state.store
    }

    /// The application's state.
    pub(crate) fn state(&self) -> &AppState {
        &self.state
    }

    /// The caller.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.by.actor
    }

    /// The caller's key, when they have not signed in.
    #[must_use]
    pub fn key(&self) -> Option<KeyId> {
        match self.who {
            Who::Key { id, .. } => Some(id),
            Who::Person(_) => None,
        }
    }

    /// The person who has signed in.
    ///
    /// # Errors
    /// 403 for a key.
    pub(crate) fn person(&self) -> Result<&Person, Problem> {
        match &self.who {
            Who::Person(person) => Ok(person),
            Who::Key { .. } => {
                let detail = "this is for people who are signed in; a key cannot do it";
                Err(Problem::new(Code::Forbidden, detail))
            }
        }
    }

    /// The role of the person who has signed in; `None` for a key.
    pub(crate) fn role(&self) -> Option<Role> {
        self.person().ok().map(|person| person.role)
    }

    /// The caller as the audit names them.
    #[must_use]
    pub fn by(&self) -> By {
        self.by.clone()
    }

    /// A line of the audit about something the caller does now to a thing of that kind.
    #[must_use]
    pub fn entry(&self, action: &str, subject_kind: &str, subject: Option<String>) -> AuditEntry {
        AuditEntry {
            workspace: self.workspace_id(),
            at: self.store().now(),
            by: self.by(),
            action: action.to_owned(),
            subject_kind: subject_kind.to_owned(),
            subject,
            subject_name: None,
            before: None,
            after: None,
        }
    }

    /// What the caller may do.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The first of these scopes that the caller does not have.
    #[must_use]
    pub fn lacks(&self, scopes: &[Scope]) -> Option<Scope> {
        scopes.iter().copied().find(|scope| !self.scopes.contains(scope))
    }

    /// Whether the caller may still do what they were permitted; long answers ask again.
    pub(crate) async fn is_live(&self) -> bool {
        let may = |scopes: &[Scope]| self.needs.is_none_or(|scope| scopes.contains(&scope));
        match &self.who {
            Who::Key { id, sha256 } => {
                let snapshot = self.state.store.snapshot();
                let now = self.state.store.now();
                let key = snapshot.keys.get(id);
                key.is_some_and(|key| key.body.accepts(sha256, now) && may(&key.body.scopes))
            }
            Who::Person(person) => {
                let found = self.state.signed_in(&person.signed_in.session.token).await;
                let role = found.ok().flatten().and_then(|s| role_in(&s, self.workspace_id()));
                role.is_some_and(|role| may(role.scopes()))
            }
        }
    }
}

fn role_in(signed_in: &SignedIn, workspace: WorkspaceId) -> Option<Role> {
    signed_in.memberships.iter().find(|m| m.workspace == workspace).map(|m| m.role)
}

impl<S: Needs> FromRequestParts<AppState> for Permit<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let client = Client::of(parts, state);
        let access = match client.session.filter(|_| !names_key(&parts.headers)) {
            Some(session) => by_session(parts, state, &client, &session, S::SCOPE).await?,
            None => by_key(parts, state, &client, S::SCOPE).await?,
        };
        parts.extensions.insert(Caller(access.clone()));
        Ok(Self { access, scope: PhantomData })
    }
}

async fn by_key(
    parts: &Parts,
    state: &AppState,
    client: &Client,
    needs: Option<Scope>,
) -> Result<Access, Problem> {
    let presented = bearer(&parts.headers)?;
    let (id, doc) = state
        .live_key(presented)
        .await?
        .ok_or_else(|| unauthorized("this API key is not known, has ended or was revoked"))?;
    // Who names another workspace than the key's would otherwise change the wrong one.
    if asked_workspace(parts)?.is_some_and(|asked| asked != doc.meta.workspace) {
        return Err(Problem::not_found("workspace"));
    }
    if let Some(scope) = needs.filter(|scope| !doc.body.allows(*scope)) {
        return Err(lacking("this key", scope));
    }
    Ok(Access {
        state: state.clone(),
        workspace: state.store.workspace(doc.meta.workspace),
        who: Who::Key { id, sha256: sha256_hex(presented) },
        scopes: doc.body.scopes.clone(),
        needs,
        by: client.by(Actor::Key(id), &doc.body.name),
    })
}

async fn by_session(
    parts: &Parts,
    state: &AppState,
    client: &Client,
    session: &TokenHash,
    needs: Option<Scope>,
) -> Result<Access, Problem> {
    client.check_sender()?;
    let signed_in = state
        .signed_in(session)
        .await?
        .ok_or_else(|| unauthorized("the session has ended; sign in again"))?;
    let first = signed_in.memberships.first().map(|m| m.workspace);
    let workspace = asked_workspace(parts)?.or(first);
    let found = workspace.and_then(|ws| role_in(&signed_in, ws).map(|role| (ws, role)));
    let (workspace, role) = found.ok_or_else(|| Problem::not_found("workspace"))?;
    if let Some(scope) = needs.filter(|scope| !role.allows(*scope)) {
        return Err(lacking(&format!("the role `{}`", role.as_str()), scope));
    }
    Ok(Access {
        state: state.clone(),
        workspace: state.store.workspace(workspace),
        scopes: role.scopes().to_vec(),
        needs,
        by: client.by(Actor::User(signed_in.user.id), &signed_in.user.name),
        who: Who::Person(Person { signed_in, role }),
    })
}

fn lacking(who: &str, scope: Scope) -> Problem {
    let detail = format!("{who} lacks the scope `{}`", scope.as_str());
    Problem::new(Code::Forbidden, detail).with("scope", scope.as_str())
}

/// The workspace a request names: in its header or, where a browser cannot set one, in the query.
///
/// # Errors
/// 404 for what is no workspace's id.
fn asked_workspace(parts: &Parts) -> Result<Option<WorkspaceId>, Problem> {
    let in_query = || {
        let query = parts.uri.query().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == "workspace").map(|(_, value)| value.into_owned())
    };
    let named = match parts.headers.get(WORKSPACE_HEADER) {
        Some(value) => Some(value.to_str().unwrap_or_default().trim().to_owned()),
        None => in_query(),
    };
    named.map(|id| id.parse().map_err(|_| Problem::not_found("workspace"))).transpose()
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(Code::Unauthorized, detail)
}

/// Whether a request brings a key. Another kind of `Authorization` may be for a proxy on the way.
fn names_key(headers: &HeaderMap) -> bool {
    let is_bearer = |value: &HeaderValue| {
        let scheme = value.as_bytes().get(..6);
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
    };
    headers.get_all(AUTHORIZATION).iter().any(is_bearer)
}

/// The key of `Authorization: Bearer <key>`; the word is compared without case (RFC 9110 11.1).
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(unauthorized("sign in, or send an API key as `Authorization: Bearer <key>`"));
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.trim().split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim())
        .filter(|key| !key.is_empty())
        .ok_or_else(|| unauthorized("the header `Authorization` must be `Bearer <key>`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_bearer_key_is_read() {
        let check = |values: &[&str], expect: Option<&str>| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, value.parse().unwrap());
            }
            assert_eq!(bearer(&headers).ok(), expect, "{values:?}");
        };
        check(&["Bearer bk_1"], Some("bk_1"));
        check(&["bearer  bk_1 "], Some("bk_1"));
        check(&[], None);
        check(&["bk_1"], None);
        check(&["Basic bk_1"], None);
        check(&["Bearer "], None);
        check(&["Bearer a", "Bearer b"], None);
    }
}
