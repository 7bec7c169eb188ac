//! The audit: who changed what, in each workspace. Rows are written in the transaction of what they
//! tell of, and never changed.

use crate::command::{Command, Effects, Reply};
use crate::db::{Row, Tx, Value, id};
use crate::docs::DocWrite;
use crate::error::StoreError;
use crate::leads::PAGE_MAX;
use crate::store::{Store, WorkspaceStore};
use baton_domain::audit::{AUDIT_MASK, Actor, By, difference, document_action, masked};
use baton_domain::id::WorkspaceId;
use baton_domain::time::Millis;
use serde_json::Value as Json;
use std::fmt;

/// A line to be written. `Debug` shows nothing of what changed.
#[derive(Clone, PartialEq)]
pub struct AuditEntry {
    /// The workspace whose people can read it.
    pub workspace: WorkspaceId,
    /// The present.
    pub at: Millis,
    /// Who did it.
    pub by: By,
    /// What was done, such as `destination.update`.
    pub action: String,
    /// What kind of thing it was done to, such as `destination`.
    pub subject_kind: String,
    /// The thing's id with its prefix.
    pub subject: Option<String>,
    /// Its name; nothing of a lead.
    pub subject_name: Option<String>,
    /// What stood before; secrets are masked when it is written.
    pub before: Option<Json>,
    /// What stands now; secrets are masked when it is written.
    pub after: Option<Json>,
}

impl fmt::Debug for AuditEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditEntry")
            .field("workspace", &self.workspace)
            .field("by", &self.by)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// A line as it was written.
#[derive(Clone, PartialEq)]
pub struct AuditRow {
    /// Its number; counts up over all workspaces.
    pub seq: i64,
    /// What it says.
    pub entry: AuditEntry,
    /// Whether what changed is damaged where it is stored: the rest is shown without it.
    pub damaged: bool,
}

/// Which lines to read, newest first.
#[derive(Clone, Default, Debug)]
pub struct AuditFilter {
    /// Only about the thing of this id.
    pub subject: Option<String>,
    /// Only by this one; [`Actor::System`] cannot be asked for.
    pub actor: Option<Actor>,
    /// Only of this action.
    pub action: Option<String>,
    /// Only before the line of this number.
    pub before: Option<i64>,
    /// Most lines, at most [`PAGE_MAX`].
    pub limit: u32,
}

/// A page of lines.
#[derive(Clone, PartialEq)]
pub struct AuditPage {
    /// The lines.
    pub rows: Vec<AuditRow>,
    /// Whether there are more.
    pub more: bool,
}

const COLUMNS: &str = "seq, ws, at, actor_kind, actor, actor_name, action, subject_kind, subject, \
     subject_name, was, became, ip, request_id";

impl Store {
    /// Writes lines about what left no other trace in the database, such as an export.
    pub async fn note(&self, entries: Vec<AuditEntry>) -> Result<(), StoreError> {
        self.write(Command::Note(entries)).await.map(|_| ())
    }
}

impl WorkspaceStore {
    /// Lines of the audit, newest first.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<AuditPage, StoreError> {
        let mut sql = format!("SELECT {COLUMNS} FROM audit WHERE ws = ?1");
        let mut params = vec![id(self.workspace)];
        let mut only = |condition: &str, value: Value| {
            params.push(value);
            sql.push_str(&format!(" AND {condition} ?{}", params.len()));
        };
        if let Some(seq) = filter.before {
            only("seq <", seq.into());
        }
        if let Some(subject) = &filter.subject {
            only("subject =", subject.as_str().into());
        }
        if let Some(actor) = filter.actor.and_then(Actor::uuid) {
            only("actor =", actor.into());
        }
        if let Some(action) = &filter.action {
            only("action =", action.as_str().into());
        }
        let limit = filter.limit.min(PAGE_MAX) as usize;
        sql.push_str(&format!(" ORDER BY seq DESC LIMIT {}", limit + 1));
        let found = self.query(&sql, &params).await?;
        let more = found.len() > limit;
        let rows: Result<Vec<_>, _> = found.iter().take(limit).map(read).collect();
        Ok(AuditPage { rows: rows?, more })
    }
}

fn read(row: &Row) -> Result<AuditRow, StoreError> {
    let mut damaged = false;
    let mut json = |column: usize| -> Result<Option<Json>, StoreError> {
        let Some(bytes) = row.opt_bytes(column)? else { return Ok(None) };
        let read = serde_json::from_slice(&bytes).ok();
        damaged |= read.is_none();
        Ok(read)
    };
    let (before, after) = (json(10)?, json(11)?);
    let actor = match row.value(4) {
        Value::Null => None,
        _ => Some(row.uuid(4)?),
    };
    Ok(AuditRow {
        seq: row.int(0)?,
        entry: AuditEntry {
            workspace: row.id(1)?,
            at: row.millis(2)?,
            by: By {
                actor: Actor::of(row.text(3)?, actor),
                name: row.text(5)?.to_owned(),
                ip: row.opt_text(12)?.and_then(|ip| ip.parse().ok()),
                request_id: row.opt_text(13)?,
            },
            action: row.text(6)?.to_owned(),
            subject_kind: row.text(7)?.to_owned(),
            subject: row.opt_text(8)?,
            subject_name: row.opt_text(9)?,
            before,
            after,
        },
        damaged,
    })
}

/// Writes a line within the transaction of what it tells of.
pub(crate) async fn record(tx: &Tx<'_>, entry: &AuditEntry) -> Result<(), StoreError> {
    let bytes = |value: &Option<Json>| -> Result<Value, StoreError> {
        let damaged = |e: serde_json::Error| StoreError::Damaged {
            what: "audit line",
            detail: e.to_string(),
        };
        let encoded = value.as_ref().map(|v| serde_json::to_vec(&masked(v)).map_err(damaged));
        Ok(encoded.transpose()?.into())
    };
    let sql = "INSERT INTO audit (ws, at, actor_kind, actor, actor_name, action, subject_kind, \
               subject, subject_name, was, became, ip, request_id) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let params = [
        id(entry.workspace),
        entry.at.into(),
        entry.by.actor.kind().into(),
        entry.by.actor.uuid().into(),
        entry.by.name.as_str().into(),
        entry.action.as_str().into(),
        entry.subject_kind.as_str().into(),
        entry.subject.clone().into(),
        entry.subject_name.clone().into(),
        bytes(&entry.before)?,
        bytes(&entry.after)?,
        entry.by.ip.map(|ip| ip.to_string()).into(),
        entry.by.request_id.clone().into(),
    ];
    tx.execute(sql, &params).await.map(|_| ())
}

pub(crate) async fn run_note(
    tx: &Tx<'_>,
    entries: &[AuditEntry],
) -> Result<(Reply, Effects), StoreError> {
    for entry in entries {
        record(tx, entry).await?;
    }
    Ok((Reply::Count(entries.len() as u64), Effects::default()))
}

/// Writes the line about a changed document. `before` is the body that stood, if one did.
pub(crate) async fn record_document(
    tx: &Tx<'_>,
    write: &DocWrite,
    before: Option<&[u8]>,
) -> Result<(), StoreError> {
    // A body that cannot be read, by damage, is audited as changed without its contents.
    let json = |body: Option<&[u8]>| -> Option<Json> {
        body.map(|bytes| serde_json::from_slice(bytes).unwrap_or_default())
    };
    let (before, after) = (json(before), json(write.body.as_deref()));
    let action = document_action(write.kind, before.as_ref(), after.as_ref());
    let name = after.as_ref().or(before.as_ref()).and_then(|body| body.get("name"));
    let subject_name = name.and_then(Json::as_str).map(str::to_owned);
    let (before, mut after) = difference(before.as_ref(), after.as_ref());
    if let (Some(_), Some(Json::Object(members))) = (&write.secrets, &mut after) {
        members.insert("secrets".to_owned(), AUDIT_MASK.into());
    }
    let entry = AuditEntry {
        workspace: write.workspace,
        at: write.now,
        by: write.changed_by.clone(),
        action,
        subject_kind: write.kind.noun().to_owned(),
        subject: Some(write.kind.id_text(write.id)),
        subject_name,
        before,
        after,
    };
    record(tx, &entry).await
}
