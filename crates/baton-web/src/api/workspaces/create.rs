//! Further workspaces.

use super::{WorkspaceView, view};
use crate::api::answer;
use crate::api::document::{Changed, new_doc};
use crate::api::input::{Creating, Faults, NAME_CHARS_MAX};
use crate::auth::{Permit, scopes};
use crate::problem::{Code, Problem};
use axum::response::Response;
use baton_domain::account::Role;
use baton_domain::config::Workspace;
use baton_domain::id::WorkspaceId;
use baton_domain::secret::Secrets;
use baton_store::StoreError;
use baton_store::docs::{DocWrite, Expect};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

/// Most workspaces of a server.
pub const WORKSPACES_MAX: usize = 1_000;

/// A further workspace.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWorkspace {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// Create a workspace
///
/// For owners who are signed in. They become its owner; it has no API key until one is made.
#[utoipa::path(post, path = "/api/v1/workspaces", tag = "workspaces", request_body = NewWorkspace,
    responses((status = 201, body = WorkspaceView)), security(("session" = [])))]
pub(in crate::api) async fn create_workspace(
    permit: Permit<scopes::Any>,
    creating: Creating<NewWorkspace>,
) -> Result<Response, Problem> {
    let person = permit.person()?;
    if person.role != Role::Owner {
        return Err(Problem::new(Code::Forbidden, "only an owner makes workspaces"));
    }
    let mut faults = Faults::default();
    faults.text("name", &creating.input.name, NAME_CHARS_MAX);
    faults.into_result()?;
    if permit.store().snapshot().workspaces.len() >= WORKSPACES_MAX {
        let detail = format!("a server has at most {WORKSPACES_MAX} workspaces");
        return Err(Problem::new(Code::Conflict, detail));
    }
    let (id, now) = (permit.store().new_id::<WorkspaceId>(), permit.store().now());
    let body = Workspace::new(id, creating.input.name);
    let doc = new_doc(&permit, id, body, Secrets::new(), now);
    let bytes = answer::encode(&view(&doc))?;
    let mut write = DocWrite {
        workspace: id,
        ..permit.write(id, Expect::New, &Changed::body(doc.body.clone()), now)?
    };
    if let Some(key) = creating.idempotency {
        let sealed = permit.store().master().seal(answer::ANSWER_PURPOSE, &bytes)?;
        write.idempotency = Some((key, StatusCode::CREATED.as_u16(), sealed));
    }
    let owner = person.signed_in.user.id;
    let made = permit.store().add_workspace(vec![write], id, owner).await;
    permit.state().accounts.sessions.forget();
    match made {
        Ok(()) => Ok(answer::created(bytes)),
        Err(StoreError::Replayed { status, answer }) => answer::replayed(&permit, status, &answer),
        Err(error) => Err(error.into()),
    }
}
