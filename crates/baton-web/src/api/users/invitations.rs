//! `/api/v1/users/invitations`: who may come in.

use super::check_change;
use crate::api::answer;
use crate::api::base_url::BaseUrl;
use crate::api::input::{Creating, Faults};
use crate::api::me::{Page, PageQuery};
use crate::auth::{INVITATION_PATH, Permit, new_token, scopes, token_hash};
use crate::problem::{Code, Path, Problem, Query};
use axum::response::Response;
use baton_domain::account::{INVITATION_MS, Role, account_email};
use baton_domain::id::InvitationId;
use baton_domain::time::Millis;
use baton_store::StoreError;
use baton_store::accounts::{MEMBERS_MAX, NewInvitation, Refusal};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Who is invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationInput {
    /// Their e-mail address.
    #[schema(example = "jo@example.com")]
    email: String,
    /// What they will be.
    role: Role,
}

/// An invitation that was not accepted yet.
#[derive(Serialize, ToSchema)]
pub struct InvitationView {
    /// Its id.
    #[schema(value_type = String, example = "inv_01h455vb4pex5vsknk084sn02q")]
    pub id: InvitationId,
    /// Who is invited.
    pub email: String,
    /// As what.
    pub role: Role,
    /// When it was made.
    pub created_at: String,
    /// When it ends.
    pub expires_at: String,
    /// The link for them; shown when it is made and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// List invitations
///
/// Those that can still be accepted.
#[utoipa::path(get, path = "/api/v1/users/invitations", tag = "users", params(PageQuery),
    responses((status = 200, body = answer::Listed<InvitationView>)),
    security(("key" = ["users"])))]
pub(in crate::api) async fn list_invitations(
    permit: Permit<scopes::Users>,
    Query(query): Page,
) -> Result<Response, Problem> {
    let limit = answer::limit(query.limit)?;
    let after = answer::cursor(query.cursor.as_deref())?;
    let now = permit.store().now();
    let mut found = permit.workspace().invitations(after, limit + 1, now).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| more).map(|row| row.id.to_string());
    let view = |row: baton_store::accounts::Invitation| InvitationView {
        id: row.id,
        email: row.email,
        role: row.role,
        created_at: row.created_at.to_rfc3339(),
        expires_at: row.expires_at.to_rfc3339(),
        url: None,
    };
    let data = found.into_iter().map(view).collect();
    answer::json(StatusCode::OK, &answer::Listed::new(data, next_cursor))
}

/// Invite somebody
///
/// The link is in this answer only; hand it to them. It works once and for seven days. Another
/// invitation of the same address replaces it.
#[utoipa::path(post, path = "/api/v1/users/invitations", tag = "users",
    request_body = InvitationInput, responses((status = 201, body = InvitationView)),
    security(("key" = ["users"])))]
pub(in crate::api) async fn invite_user(
    permit: Permit<scopes::Users>,
    base: BaseUrl,
    creating: Creating<InvitationInput>,
) -> Result<Response, Problem> {
    let InvitationInput { email, role } = creating.input;
    let mut faults = Faults::default();
    let address = account_email(&email);
    if address.is_none() {
        faults.add("email", "invalid", "must be an e-mail address");
    }
    faults.into_result()?;
    check_change(&permit, None, Some(role))?;
    let email = address.unwrap_or_default();
    let (id, now) = (permit.store().new_id::<InvitationId>(), permit.store().now());
    let token = new_token(permit.store());
    let expires_at: Millis = now.plus_ms(INVITATION_MS);
    let view = InvitationView {
        id,
        email: email.clone(),
        role,
        created_at: now.to_rfc3339(),
        expires_at: expires_at.to_rfc3339(),
        url: Some(base.url(&format!("{INVITATION_PATH}#{}", token.reveal()))),
    };
    let bytes = answer::encode(&view)?;
    let idempotency = match creating.idempotency {
        Some(key) => {
            let sealed = permit.store().master().seal(answer::ANSWER_PURPOSE, &bytes)?;
            Some((key, StatusCode::CREATED.as_u16(), sealed))
        }
        None => None,
    };
    let mut entry = permit.entry("invitation.create", "invitation", Some(id.to_string()));
    entry.subject_name = Some(email.clone());
    entry.after = Some(json!({"email": email, "role": role.as_str()}));
    let invitation = NewInvitation {
        id,
        token: token_hash(token.reveal()),
        workspace: permit.workspace_id(),
        email,
        role,
        now,
        expires_at,
        idempotency,
        entry,
    };
    match permit.store().invite(invitation).await {
        Ok(Ok(())) => Ok(answer::json_bytes(StatusCode::CREATED, bytes)),
        Ok(Err(Refusal::TooMany)) => {
            let detail = format!("a workspace has at most {MEMBERS_MAX} people, invited ones too");
            Err(Problem::new(Code::Conflict, detail))
        }
        Ok(Err(_)) => {
            Err(Problem::new(Code::Taken, "somebody of this address is in the workspace already"))
        }
        Err(StoreError::Replayed { status, answer }) => answer::replayed(&permit, status, &answer),
        Err(error) => Err(error.into()),
    }
}

/// Take an invitation back
#[utoipa::path(delete, path = "/api/v1/users/invitations/{id}", tag = "users",
    params(("id" = String, Path)),
    responses((status = 204, description = "Its link works no more.")),
    security(("key" = ["users"])))]
pub(in crate::api) async fn withdraw_invitation(
    permit: Permit<scopes::Users>,
    Path(id): Path<InvitationId>,
) -> Result<StatusCode, Problem> {
    let entry = permit.entry("invitation.delete", "invitation", Some(id.to_string()));
    let withdrawn = permit.store().withdraw_invitation(permit.workspace_id(), id, entry).await?;
    withdrawn.map_err(|_| Problem::not_found("invitation"))?;
    Ok(StatusCode::NO_CONTENT)
}
