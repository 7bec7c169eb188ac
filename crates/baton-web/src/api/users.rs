//! `/api/v1/users`: who belongs to the workspace.

pub(super) mod invitations;

use super::answer;
use super::input::Body;
use super::me::Page;
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Code, Path, Problem, Query};
use axum::response::Response;
use baton_domain::account::{MemberFault, Role, check_member_change};
use baton_domain::id::UserId;
use baton_domain::time::Millis;
use baton_store::accounts::{Member, Refusal, RoleChange};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::me::PageQuery;

/// A person in the workspace.
#[derive(Serialize, ToSchema)]
pub struct UserView {
    /// Their id.
    #[schema(value_type = String, example = "usr_01h455vb4pex5vsknk084sn02q")]
    pub id: UserId,
    /// Their e-mail address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they are here.
    pub role: Role,
    /// Whether they have a second factor.
    pub second_factor: bool,
    /// Since when they belong to it.
    pub created_at: String,
    /// When they were last seen, to the minute.
    pub seen_at: Option<String>,
}

fn view(member: &Member) -> UserView {
    UserView {
        id: member.user,
        email: member.email.clone(),
        name: member.name.clone(),
        role: member.role,
        second_factor: member.second_factor,
        created_at: member.created_at.to_rfc3339(),
        seen_at: member.seen_at.map(Millis::to_rfc3339),
    }
}

/// List the people of the workspace
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(PageQuery),
    responses((status = 200, body = answer::Listed<UserView>)), security(("key" = ["users"])))]
pub(super) async fn list_users(
    permit: Permit<scopes::Users>,
    Query(query): Page,
) -> Result<Response, Problem> {
    let limit = answer::limit(query.limit)?;
    let after = answer::cursor(query.cursor.as_deref())?;
    let mut members = permit.workspace().members(after, limit + 1).await?;
    let more = members.len() > limit as usize;
    members.truncate(limit as usize);
    let next_cursor = members.last().filter(|_| more).map(|member| member.user.to_string());
    let data = members.iter().map(view).collect();
    answer::json(StatusCode::OK, &answer::Listed::new(data, next_cursor))
}

/// Another role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleInput {
    /// What they are from now on.
    role: Role,
}

/// Change what somebody may do
///
/// It counts at once. Nobody gives or takes a role that may more than they may, and only an owner
/// says who is an owner.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users", params(("id" = String, Path)),
    request_body = RoleInput, responses((status = 200, body = UserView)),
    security(("key" = ["users"])))]
pub(super) async fn update_user(
    permit: Permit<scopes::Users>,
    Path(id): Path<UserId>,
    Body(input): Body<RoleInput>,
) -> Result<Response, Problem> {
    let member = change(&permit, id, Some(input.role)).await?;
    answer::json(StatusCode::OK, &UserView { role: input.role, ..view(&member) })
}

/// Take somebody out of the workspace
///
/// It counts at once. Their account stays, for other workspaces and for the audit; the keys they
/// made stay too.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users", params(("id" = String, Path)),
    responses((status = 204, description = "They are out.")), security(("key" = ["users"])))]
pub(super) async fn remove_user(
    permit: Permit<scopes::Users>,
    Path(id): Path<UserId>,
) -> Result<StatusCode, Problem> {
    change(&permit, id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses what the caller may not give or take.
fn check_change(access: &Access, from: Option<Role>, to: Option<Role>) -> Result<(), Problem> {
    check_member_change(access.role(), access.scopes(), from, to).map_err(|fault| {
        let problem = Problem::new(Code::Forbidden, fault.to_string());
        match fault {
            MemberFault::Beyond(scope) => problem.with("scope", scope.as_str()),
            MemberFault::OwnersOnly => problem,
        }
    })
}

/// Changes what somebody is, and gives them as they were.
async fn change(access: &Access, id: UserId, to: Option<Role>) -> Result<Member, Problem> {
    let member = access.workspace().member(id).await?;
    let member = member.ok_or_else(|| Problem::not_found("user"))?;
    // Everybody may step down or go.
    let steps_down = access.actor().uuid() == Some(baton_domain::id::TypedId::uuid(id))
        && to.is_none_or(|to| to <= member.role);
    if !steps_down {
        check_change(access, Some(member.role), to)?;
    }
    let action = if to.is_some() { "user.role" } else { "user.remove" };
    let mut entry = access.entry(action, "user", Some(id.to_string()));
    entry.subject_name = Some(member.email.clone());
    entry.before = Some(json!({"role": member.role.as_str()}));
    entry.after = to.map(|role| json!({"role": role.as_str()}));
    let change = RoleChange {
        workspace: access.workspace_id(),
        user: id,
        from: member.role,
        to,
        now: access.store().now(),
        entry,
    };
    let changed = access.store().change_role(change).await?;
    access.state().accounts.sessions.forget();
    match changed {
        Ok(()) => Ok(member),
        Err(Refusal::Gone) => Err(Problem::not_found("user")),
        Err(Refusal::LastOwner) => {
            let detail = "this is the last owner of the workspace; make somebody else one before";
            Err(Problem::new(Code::LastOwner, detail))
        }
        Err(_) => {
            let detail = "their role was changed meanwhile; read it again and repeat the change";
            Err(Problem::new(Code::Conflict, detail))
        }
    }
}
