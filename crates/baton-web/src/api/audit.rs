//! `/api/v1/audit`: who changed what.

use super::answer;
use crate::auth::{Permit, scopes};
use crate::problem::{Problem, Query};
use axum::response::Response;
use baton_domain::audit::{Actor, By, line_id, line_seq};
use baton_domain::id::{AuditId, KeyId, UserId};
use baton_store::audit::{AuditFilter, AuditRow};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// Who did it.
#[derive(Serialize, ToSchema)]
pub struct ActorView {
    /// `user`, `key`, or `system`: Baton itself.
    pub kind: &'static str,
    /// Id of the user or key.
    pub id: Option<String>,
    /// Their name as it was then, or the part of Baton.
    pub name: String,
}

/// A line of the audit.
#[derive(Serialize, ToSchema)]
pub struct AuditView {
    /// Its id.
    #[schema(value_type = String, example = "aud_01h455vb4pex5vsknk084sn02q")]
    pub id: AuditId,
    /// When it was.
    pub at: String,
    /// Who did it.
    pub actor: ActorView,
    /// What was done.
    #[schema(example = "destination.update")]
    pub action: String,
    /// What kind of thing it was done to.
    #[schema(example = "destination")]
    pub subject_kind: String,
    /// The thing's id.
    pub subject_id: Option<String>,
    /// The thing's name as it was then.
    pub subject_name: Option<String>,
    /// What changed, as it was before, with secrets masked; null for what was made.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// What changed, as it was after, with secrets masked; null for what was deleted.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// The address the request came from.
    pub ip: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

fn view(row: AuditRow) -> AuditView {
    let AuditRow { seq, entry, .. } = row;
    let By { actor, name, ip, request_id } = entry.by;
    AuditView {
        id: line_id(entry.at, seq),
        at: entry.at.to_rfc3339(),
        actor: ActorView { kind: actor.kind(), id: actor.id_text(), name },
        action: entry.action,
        subject_kind: entry.subject_kind,
        subject_id: entry.subject,
        subject_name: entry.subject_name,
        before: entry.before,
        after: entry.after,
        ip: ip.map(|ip| ip.to_string()),
        request_id,
    }
}

/// Which lines to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only about the thing of this id.
    subject: Option<String>,
    /// Only what this user or key did, by id.
    actor: Option<String>,
    /// Only of this action, such as `key.revoke`.
    action: Option<String>,
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn actor_of(text: &str) -> Result<Actor, Problem> {
    let user = text.parse::<UserId>().ok().map(Actor::User);
    let actor = user.or_else(|| text.parse::<KeyId>().ok().map(Actor::Key));
    actor.ok_or_else(|| answer::invalid_query("actor", "must be the id of a user or a key"))
}

/// List who changed what
///
/// Newest first. Lines are only added; they are kept for three years.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = answer::Listed<AuditView>)),
    security(("key" = ["audit:read"])))]
pub(super) async fn list_audit(
    permit: Permit<scopes::AuditRead>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Problem> {
    let before = answer::cursor::<AuditId>(query.cursor.as_deref())?;
    let filter = AuditFilter {
        subject: query.subject,
        actor: query.actor.as_deref().map(actor_of).transpose()?,
        action: query.action,
        before: before.map(line_seq),
        limit: answer::limit(query.limit)?,
    };
    let page = permit.workspace().audit(&filter).await?;
    let id = |row: &AuditRow| line_id(row.entry.at, row.seq).to_string();
    let damaged = page.rows.iter().filter(|row| row.damaged).map(id).collect();
    let data: Vec<AuditView> = page.rows.into_iter().map(view).collect();
    let last = data.last().filter(|_| page.more);
    let next_cursor = last.map(|line| line.id.to_string());
    answer::json(StatusCode::OK, &answer::Listed { data, next_cursor, damaged })
}
