//! Who calls the management API and what they may do.
//!
//! A handler names the scope it needs in its signature, as [`Permit`]; through it, and only
//! through it, it gets at the caller's workspace. Reading or changing without a check of the key,
//! or across workspaces, cannot be written that way.

use crate::client_address;
use crate::keys::sha256_hex;
use crate::problem::{Code, Problem, REQUEST_ID};
use crate::state::AppState;
use axum::extract::FromRequestParts;
use baton_domain::audit::{Actor, By};
use baton_domain::config::Scope;
use baton_domain::id::{KeyId, WorkspaceId};
use baton_store::audit::AuditEntry;
use baton_store::{Store, WorkspaceStore};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use std::marker::PhantomData;
use std::ops::Deref;

/// A scope as a type, so that a handler's signature can name it.
pub trait Needs: Send + Sync + 'static {
    /// The scope; `None`: any key that works will do.
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
    DeliveriesWrite, Keys,
}

/// A caller whose key is known, works now, and has the scope `S`.
pub struct Permit<S> {
    access: Access,
    scope: PhantomData<S>,
}

/// What a permitted caller can get at: their own workspace.
#[derive(Clone)]
pub struct Access {
    state: AppState,
    workspace: WorkspaceStore,
    key: KeyId,
    /// Hash of the text the key was presented with: its own or, after a rotation, the former one.
    sha256: String,
    scopes: Vec<Scope>,
    by: By,
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

    /// The store, for changes that name the workspace themselves; only `api::document`, the tasks
    /// of test calls and the event stream need it.
    pub(crate) fn store(&self) -> &Store {
        &self.state.store
    }

    /// The application's state.
    pub(crate) fn state(&self) -> &AppState {
        &self.state
    }

    /// The caller's key.
    #[must_use]
    pub fn key(&self) -> KeyId {
        self.key
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

    /// The first of these scopes that the caller does not have.
    #[must_use]
    pub fn lacks(&self, scopes: &[Scope]) -> Option<Scope> {
        scopes.iter().copied().find(|scope| !self.scopes.contains(scope))
    }

    /// Whether the caller's key still works; long answers ask again.
    pub(crate) fn is_live(&self) -> bool {
        let snapshot = self.state.store.snapshot();
        let now = self.state.store.now();
        snapshot.keys.get(&self.key).is_some_and(|key| key.body.accepts(&self.sha256, now))
    }
}

impl<S: Needs> FromRequestParts<AppState> for Permit<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let presented = bearer(&parts.headers)?;
        let (key, doc) = state
            .live_key(presented)
            .await?
            .ok_or_else(|| unauthorized("this API key is not known, has ended or was revoked"))?;
        if let Some(scope) = S::SCOPE.filter(|scope| !doc.body.allows(*scope)) {
            let detail = format!("this key lacks the scope `{}`", scope.as_str());
            return Err(Problem::new(Code::Forbidden, detail).with("scope", scope.as_str()));
        }
        let access = Access {
            state: state.clone(),
            workspace: state.store.workspace(doc.meta.workspace),
            key,
            sha256: sha256_hex(presented),
            scopes: doc.body.scopes.clone(),
            by: By {
                actor: Actor::Key(key),
                name: doc.body.name.clone(),
                ip: client_address::of_request(
                    state,
                    parts.extensions.get().copied(),
                    &parts.headers,
                ),
                request_id: REQUEST_ID.try_with(Clone::clone).ok(),
            },
        };
        parts.extensions.insert(Caller(access.clone()));
        Ok(Self { access, scope: PhantomData })
    }
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(Code::Unauthorized, detail)
}

/// The key of `Authorization: Bearer <key>`; the word is compared without case (RFC 9110 11.1).
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(unauthorized("send an API key as `Authorization: Bearer <key>`"));
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
