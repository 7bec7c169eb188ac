//! Notes about leads, for the people of a workspace alone.

use super::change::erased;
use crate::api::answer;
use crate::api::input::{Creating, Faults};
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::id::{LeadId, NoteId};
use baton_domain::lead::LeadState;
use baton_store::StoreError;
use baton_store::leads::{NewNote, NoteRow};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest note about a lead, in characters.
pub const LEAD_NOTE_CHARS_MAX: usize = 4_000;

/// A note to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteInput {
    /// What it says; lines are kept.
    #[schema(min_length = 1, max_length = 4000, example = "Wants to be called after six.")]
    text: String,
}

/// A note about a lead.
#[derive(Serialize, ToSchema)]
pub struct NoteView {
    /// Its id.
    #[schema(value_type = String, example = "note_01h455vb4pex5vsknk084sn02q")]
    id: NoteId,
    /// What it says.
    text: String,
    /// Who wrote it, by the name they had.
    author: String,
    /// When.
    created_at: String,
}

fn view(row: NoteRow) -> NoteView {
    let NoteRow { id, text, author, created_at } = row;
    NoteView { id, text, author, created_at: created_at.to_rfc3339() }
}

/// Whether the lead is there, and can be written about.
async fn find(access: &Access, id: LeadId) -> Result<LeadState, Problem> {
    let row = access.workspace().lead(id).await?;
    row.map(|row| row.state).ok_or_else(|| Problem::not_found("lead"))
}

/// List the notes of a lead
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/leads/{id}/notes", tag = "leads",
    params(("id" = String, Path)), responses((status = 200, body = answer::Listed<NoteView>)),
    security(("key" = ["leads:read"])))]
pub(in crate::api) async fn list_notes(
    permit: Permit<scopes::LeadsRead>,
    Path(id): Path<LeadId>,
) -> Result<Response, Problem> {
    find(&permit, id).await?;
    let data = permit.workspace().notes(id).await?.into_iter().map(view).collect();
    answer::json(StatusCode::OK, &answer::Listed::new(data, None))
}

/// Write a note about a lead
///
/// Neither events nor deliveries carry it.
#[utoipa::path(post, path = "/api/v1/leads/{id}/notes", tag = "leads",
    params(("id" = String, Path)), request_body = NoteInput,
    responses((status = 201, body = NoteView)), security(("key" = ["leads:update"])))]
pub(in crate::api) async fn create_note(
    permit: Permit<scopes::LeadsUpdate>,
    Path(id): Path<LeadId>,
    creating: Creating<NoteInput>,
) -> Result<Response, Problem> {
    let Creating { input: NoteInput { text }, idempotency } = creating;
    check(&text)?;
    if find(&permit, id).await? == LeadState::Erased {
        return Err(erased());
    }
    let store = permit.store();
    let (note, now, author) = (store.new_id::<NoteId>(), store.now(), permit.by().name);
    let row = NoteRow { id: note, text: text.clone(), author: author.clone(), created_at: now };
    let bytes = answer::encode(&view(row))?;
    let idempotency = permit.kept(idempotency, StatusCode::CREATED, &bytes)?;
    let mut audit = permit.entry("lead.note", "lead", Some(id.to_string()));
    audit.after = Some(serde_json::json!({"note": note}));
    let new = NewNote { id: note, lead: id, text, author, now, idempotency, audit: Some(audit) };
    match permit.workspace().add_note(new).await {
        Ok(()) => Ok(answer::json_bytes(StatusCode::CREATED, bytes)),
        Err(StoreError::Replayed { status, answer }) => answer::replayed(&permit, status, &answer),
        Err(error) => Err(error.into()),
    }
}

fn check(text: &str) -> Result<(), Problem> {
    let mut faults = Faults::default();
    let length = text.chars().count();
    if text.trim().is_empty() {
        faults.add("text", "required", "must not be empty");
    } else if length > LEAD_NOTE_CHARS_MAX {
        let message = format!("has {length} characters, at most {LEAD_NOTE_CHARS_MAX} are taken");
        faults.add("text", "too_long", message);
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        faults.add("text", "invalid", "must not have control characters but line breaks and tabs");
    }
    faults.into_result()
}

/// Remove a note
#[utoipa::path(delete, path = "/api/v1/leads/{id}/notes/{note}", tag = "leads",
    params(("id" = String, Path), ("note" = String, Path)),
    responses((status = 204, description = "It is gone.")),
    security(("key" = ["leads:update"])))]
pub(in crate::api) async fn delete_note(
    permit: Permit<scopes::LeadsUpdate>,
    Path((id, note)): Path<(LeadId, NoteId)>,
) -> Result<StatusCode, Problem> {
    let mut audit = permit.entry("lead.note_remove", "lead", Some(id.to_string()));
    audit.before = Some(serde_json::json!({"note": note}));
    match permit.workspace().remove_note(id, note, Some(audit)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("note")),
    }
}
