//! Notes: what people write about leads. No event and no delivery carries them.

use crate::audit::{AuditEntry, record};
use crate::capture::Idempotency;
use crate::command::{Command, Effects, Reply};
use crate::db::{Row, Tx, Value, id};
use crate::docs::run::remember_answer;
use crate::error::StoreError;
use crate::store::WorkspaceStore;
use baton_domain::id::{LeadId, NoteId, WorkspaceId};
use baton_domain::lead::LeadState;
use baton_domain::time::Millis;
use std::fmt;

/// Most notes of a lead.
pub const NOTES_PER_LEAD_MAX: u32 = 200;

/// A note to be kept.
#[derive(Clone)]
pub struct NewNote {
    /// Its id.
    pub id: NoteId,
    /// The lead.
    pub lead: LeadId,
    /// What it says.
    pub text: String,
    /// Who wrote it.
    pub author: String,
    /// The present.
    pub now: Millis,
    /// `Idempotency-Key` of the caller with the status and the sealed answer it will get.
    pub idempotency: Option<(Idempotency, u16, Vec<u8>)>,
    /// The line of the audit; nothing of the text.
    pub audit: Option<AuditEntry>,
}

impl fmt::Debug for NewNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewNote").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A note.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteRow {
    /// Its id.
    pub id: NoteId,
    /// What it says.
    pub text: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub created_at: Millis,
}

impl fmt::Debug for NoteRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteRow").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A write about notes.
pub(crate) enum NoteCommand {
    New(WorkspaceId, Box<NewNote>),
    Remove { workspace: WorkspaceId, lead: LeadId, note: NoteId, audit: Option<Box<AuditEntry>> },
}

impl WorkspaceStore {
    /// The notes of a lead, newest first.
    pub async fn notes(&self, lead: LeadId) -> Result<Vec<NoteRow>, StoreError> {
        let sql = format!(
            "SELECT id, text, author, created_at FROM lead_notes WHERE lead = ?2 AND ws = ?1 \
             ORDER BY id DESC LIMIT {NOTES_PER_LEAD_MAX}"
        );
        let read = |row: &Row| {
            Ok(NoteRow {
                id: row.id(0)?,
                text: row.text(1)?.to_owned(),
                author: row.text(2)?.to_owned(),
                created_at: row.millis(3)?,
            })
        };
        self.query(&sql, &[id(self.workspace), id(lead)]).await?.iter().map(read).collect()
    }

    /// Keeps a note.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a lead or when it is erased; [`StoreError::Taken`]
    /// when it has [`NOTES_PER_LEAD_MAX`]; [`StoreError::Replayed`].
    pub async fn add_note(&self, note: NewNote) -> Result<(), StoreError> {
        let command = NoteCommand::New(self.workspace, Box::new(note));
        self.store.write(Command::LeadNote(command)).await.map(|_| ())
    }

    /// Removes a note; false without such a one.
    pub async fn remove_note(
        &self,
        lead: LeadId,
        note: NoteId,
        audit: Option<AuditEntry>,
    ) -> Result<bool, StoreError> {
        let command = NoteCommand::Remove {
            workspace: self.workspace,
            lead,
            note,
            audit: audit.map(Box::new),
        };
        match self.store.write(Command::LeadNote(command)).await? {
            Reply::Count(removed) => Ok(removed > 0),
            _ => Err(StoreError::Closed),
        }
    }
}

pub(crate) async fn run_note(
    tx: &Tx<'_>,
    command: &NoteCommand,
) -> Result<(Reply, Effects), StoreError> {
    let (count, audit) = match command {
        NoteCommand::New(workspace, note) => {
            (run_new(tx, *workspace, note).await?, note.audit.as_ref())
        }
        NoteCommand::Remove { workspace, lead, note, audit } => {
            let sql = "DELETE FROM lead_notes WHERE id = ?1 AND ws = ?2 AND lead = ?3";
            (tx.execute(sql, &[id(*note), id(*workspace), id(*lead)]).await?, audit.as_deref())
        }
    };
    if let Some(audit) = audit.filter(|_| count > 0) {
        record(tx, audit).await?;
    }
    Ok((Reply::Count(count), Effects::default()))
}

async fn run_new(tx: &Tx<'_>, workspace: WorkspaceId, note: &NewNote) -> Result<u64, StoreError> {
    // The lead is locked, so that a note is never written behind an erasure.
    let lock = if tx.is_postgres() { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT state FROM leads WHERE ws = ?1 AND id = ?2{lock}");
    let lead = tx.query_opt(&sql, &[id(workspace), id(note.lead)]).await?;
    let lead = lead.ok_or(StoreError::NotFound)?;
    if lead.text(0)? == LeadState::Erased.as_str() {
        return Err(StoreError::NotFound);
    }
    if let Some((wanted, status, answer)) = &note.idempotency {
        remember_answer(tx, note.now, wanted, *status, answer).await?;
    }
    let sql = "SELECT count(*) FROM lead_notes WHERE lead = ?1 AND ws = ?2";
    let row = tx.query_opt(sql, &[id(note.lead), id(workspace)]).await?;
    if row.map_or(Ok(0), |row| row.int(0))? >= i64::from(NOTES_PER_LEAD_MAX) {
        let what = format!("room for notes ({NOTES_PER_LEAD_MAX} on this lead; remove one)");
        return Err(StoreError::Taken { what });
    }
    tx.execute(
        "INSERT INTO lead_notes (id, ws, lead, text, author, idempotency, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            id(note.id),
            id(workspace),
            id(note.lead),
            note.text.as_str().into(),
            note.author.as_str().into(),
            note.idempotency.as_ref().map(|(key, ..)| Value::Bytes(key.key.to_vec())).into(),
            note.now.into(),
        ],
    )
    .await
}
