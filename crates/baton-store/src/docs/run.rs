//! Document changes inside the transaction.

use super::{DocWrite, Expect};
use crate::audit::record_document;
use crate::command::{Effects, Reply};
use crate::db::{Tx, Value, id};
use crate::error::StoreError;
use crate::finish::{DisableTarget, Finish};
use baton_domain::config::DocKind;
use baton_domain::id::WorkspaceId;
use baton_domain::time::Millis;
use uuid::Uuid;

pub(crate) async fn run_docs(
    tx: &Tx<'_>,
    writes: &[DocWrite],
) -> Result<(Reply, Effects), StoreError> {
    let mut effects = Effects { config: true, ..Effects::default() };
    let mut versions = Vec::with_capacity(writes.len());
    for write in writes {
        if let Some((wanted, status, answer)) = &write.idempotency {
            remember_answer(tx, write.now, wanted, *status, answer).await?;
        }
        versions.push(write_doc(tx, write, &mut effects).await?);
    }
    Ok((Reply::Docs(versions), effects))
}

/// Keeps an answer for an idempotency key, or says what was answered to it before.
pub(crate) async fn remember_answer(
    tx: &Tx<'_>,
    now: Millis,
    wanted: &crate::capture::Idempotency,
    status: u16,
    answer: &[u8],
) -> Result<(), StoreError> {
    let key = Value::Bytes(wanted.key.to_vec());
    let taken = tx
        .execute(
            "INSERT INTO idempotency (key, body_hash, status, answer, at) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key) DO NOTHING",
            &[
                key.clone(),
                Value::Bytes(wanted.body_hash.to_vec()),
                Value::Int(i64::from(status)),
                Value::Bytes(answer.to_vec()),
                now.into(),
            ],
        )
        .await?;
    if taken == 1 {
        return Ok(());
    }
    let row = tx
        .query_opt("SELECT body_hash, status, answer FROM idempotency WHERE key = ?1", &[key])
        .await?
        .ok_or(StoreError::Collision)?;
    if row.bytes(0)? != wanted.body_hash {
        return Err(StoreError::IdempotencyMismatch);
    }
    let status = u16::try_from(row.int(1)?).unwrap_or(201);
    Err(StoreError::Replayed { status, answer: row.bytes(2)?.to_vec() })
}

async fn write_doc(
    tx: &Tx<'_>,
    write: &DocWrite,
    effects: &mut Effects,
) -> Result<i64, StoreError> {
    let found = tx
        .query_opt(
            "SELECT version, deleted, body FROM docs WHERE kind = ?1 AND id = ?2 AND ws = ?3",
            &[write.kind.as_str().into(), write.id.into(), id(write.workspace)],
        )
        .await?;
    let current = match &found {
        Some(row) if !row.flag(1)? => Some(row.int(0)?),
        _ => None,
    };
    match (write.expect, current) {
        (Expect::New, None) | (Expect::Any, Some(_)) => {}
        (Expect::Version(wanted), Some(current)) if wanted == current => {}
        (Expect::Any | Expect::Version(_), None) => return Err(StoreError::NotFound),
        (_, Some(current)) => return Err(StoreError::VersionConflict { current }),
    }
    let version = found.as_ref().map_or(Ok(0), |row| row.int(0))? + 1;
    check_unique(tx, write).await?;
    let before = found.as_ref().filter(|_| current.is_some());
    record_document(tx, write, before.map(|row| row.bytes(2)).transpose()?).await?;
    let change_seq = next_change(tx).await?;
    let signature = write.changed_by.signature();
    let body = write.body.clone().unwrap_or_else(|| b"null".to_vec());
    let params = [
        write.kind.as_str().into(),
        write.id.into(),
        id(write.workspace),
        version.into(),
        Value::Bytes(body.clone()),
        write.secrets.clone().into(),
        write.now.into(),
        signature.as_str().into(),
        write.body.is_none().into(),
        change_seq.into(),
        write.unique.clone().into(),
    ];
    tx.execute(
        "INSERT INTO docs (kind, id, ws, version, body, secrets, created_at, updated_at, \
         changed_by, deleted, change_seq, unique_text) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10, ?11) \
         ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, body = excluded.body, \
         secrets = coalesce(excluded.secrets, docs.secrets), updated_at = excluded.updated_at, \
         changed_by = excluded.changed_by, deleted = excluded.deleted, \
         change_seq = excluded.change_seq, unique_text = excluded.unique_text",
        &params,
    )
    .await?;
    keep_version(tx, write.kind, write.id, version, body, write.now, &signature).await?;
    set_stopped(tx, write.kind, write.id, write.stopped || write.body.is_none()).await?;
    effects.lanes.push(write.id);
    Ok(version)
}

async fn check_unique(tx: &Tx<'_>, write: &DocWrite) -> Result<(), StoreError> {
    let (Some(unique), true) = (&write.unique, write.body.is_some()) else { return Ok(()) };
    let taken = tx
        .query_opt(
            "SELECT 1 FROM docs WHERE kind = ?1 AND ws = ?2 AND unique_text = ?3 \
             AND deleted = 0 AND id <> ?4",
            &[
                write.kind.as_str().into(),
                id(write.workspace),
                unique.as_str().into(),
                write.id.into(),
            ],
        )
        .await?;
    match taken {
        Some(_) => Err(StoreError::Taken { what: format!("`{unique}`") }),
        None => Ok(()),
    }
}

/// Draws the next number of a change. The row stays locked until the commit, so numbers become
/// visible in order.
async fn next_change(tx: &Tx<'_>) -> Result<i64, StoreError> {
    tx.query_opt(
        "UPDATE counters SET value = value + 1 WHERE name = 'change_seq' RETURNING value",
        &[],
    )
    .await?
    .ok_or(StoreError::NotFound)?
    .int(0)
}

async fn keep_version(
    tx: &Tx<'_>,
    kind: DocKind,
    doc: Uuid,
    version: i64,
    body: Vec<u8>,
    now: Millis,
    changed_by: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO doc_versions (kind, id, version, body, at, changed_by) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            kind.as_str().into(),
            doc.into(),
            version.into(),
            Value::Bytes(body),
            now.into(),
            changed_by.into(),
        ],
    )
    .await?;
    Ok(())
}

async fn set_stopped(
    tx: &Tx<'_>,
    kind: DocKind,
    doc: Uuid,
    stopped: bool,
) -> Result<(), StoreError> {
    if !matches!(kind, DocKind::Destination | DocKind::Subscription) {
        return Ok(());
    }
    let sql = if stopped {
        "INSERT INTO stopped_lanes (lane) VALUES (?1) ON CONFLICT (lane) DO NOTHING"
    } else {
        "DELETE FROM stopped_lanes WHERE lane = ?1"
    };
    tx.execute(sql, &[doc.into()]).await.map(|_| ())
}

/// Switches a destination or subscription off because of what its receiver answered.
pub(crate) async fn disable_target(
    tx: &Tx<'_>,
    finish: &Finish,
    disable: &DisableTarget,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let Some((kind, target)) = target_of(tx, finish.workspace, finish).await? else {
        return Ok(());
    };
    let row = tx
        .query_opt(
            "SELECT version, body, unique_text FROM docs WHERE kind = ?1 AND id = ?2 AND deleted = 0",
            &[kind.as_str().into(), target.into()],
        )
        .await?;
    let Some(row) = row else { return Ok(()) };
    let mut body: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(row.bytes(1)?)
            .map_err(|e| StoreError::unreadable("document", &e))?;
    if kind == DocKind::Subscription && body.get("hook").is_some_and(|hook| hook == true) {
        return delete_hook(tx, finish, target, row.int(0)?, effects).await;
    }
    if body.get("disabled").is_some_and(|d| !d.is_null()) {
        return Ok(());
    }
    body.insert("disabled".to_owned(), disable.reason.clone().into());
    let body = serde_json::to_vec(&body).map_err(|e| StoreError::unreadable("document", &e))?;
    let write = DocWrite {
        body: Some(body),
        unique: row.opt_text(2)?,
        ..by_baton(finish, kind, target, row.int(0)?)
    };
    write_unless_changed(tx, &write, effects).await
}

/// Writes what follows from an answer. When somebody changed the document at this moment theirs
/// stands: the outcome of the attempt is to be kept whatever becomes of it.
async fn write_unless_changed(
    tx: &Tx<'_>,
    write: &DocWrite,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    match write_doc(tx, write, effects).await {
        Ok(_) => effects.config = true,
        Err(StoreError::NotFound | StoreError::VersionConflict { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// A change that Baton makes by itself: the deletion of a document, unless it is given a body.
fn by_baton(finish: &Finish, kind: DocKind, target: Uuid, version: i64) -> DocWrite {
    DocWrite {
        workspace: finish.workspace,
        kind,
        id: target,
        expect: Expect::Version(version),
        body: None,
        secrets: None,
        unique: None,
        stopped: true,
        changed_by: "baton".into(),
        now: finish.now,
        idempotency: None,
    }
}

/// An app's hook that said it is gone: nobody would switch it on again, so it is deleted.
async fn delete_hook(
    tx: &Tx<'_>,
    finish: &Finish,
    hook: Uuid,
    version: i64,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let write = by_baton(finish, DocKind::Subscription, hook, version);
    write_unless_changed(tx, &write, effects).await
}

async fn target_of(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    finish: &Finish,
) -> Result<Option<(DocKind, Uuid)>, StoreError> {
    let row = tx
        .query_opt(
            "SELECT target_kind, lane FROM deliveries WHERE ws = ?1 AND id = ?2",
            &[id(workspace), id(finish.delivery)],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let kind = if row.int(0)? == 0 { DocKind::Destination } else { DocKind::Subscription };
    Ok(Some((kind, row.uuid(1)?)))
}
