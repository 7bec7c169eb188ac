//! Writes about imports inside the transaction.

use super::{
    COLUMNS, IMPORTS_OPEN_MAX, ImportBatch, ImportCommand, ImportEnd, NewImport, PIECE_BYTES,
    PIECES_REMOVED_MAX, REMOVED_MAX, encode, patience_ends, read,
};
use crate::capture::run::run_captures;
use crate::command::{CaptureCommand, Effects, Reply};
use crate::db::{Many, Tx, Value, id};
use crate::docs::run::remember_answer;
use crate::error::StoreError;
use baton_domain::id::{ImportId, WorkspaceId};
use baton_domain::import::{ImportProgress, ImportState, ReportRow, RowProblem};
use baton_domain::time::Millis;
use uuid::Uuid;

/// States in which nothing more happens, as SQL.
const FINAL: &str = "('done', 'cancelled', 'failed')";

const ROWS_ADD: Many = Many {
    sqlite: "INSERT INTO import_rows (import, row_no, line, problems) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (import, row_no) DO NOTHING",
    postgres: "INSERT INTO import_rows (import, row_no, line, problems) \
               SELECT * FROM unnest($1::uuid[], $2::int8[], $3::int8[], $4::bytea[]) \
               ON CONFLICT (import, row_no) DO NOTHING",
};

type Ran = Result<(Reply, Effects), StoreError>;

pub(crate) async fn run_import(tx: &Tx<'_>, command: &ImportCommand) -> Ran {
    match command {
        ImportCommand::New(import) => run_new(tx, import).await,
        ImportCommand::Piece { .. } | ImportCommand::Uploaded { .. } => {
            run_upload(tx, command).await
        }
        ImportCommand::Run { workspace, id: import, now } => {
            let empty = encode("import", &ImportProgress::default())?;
            let params = [id(*import), id(*workspace), Value::Bytes(empty), (*now).into()];
            let sql = "UPDATE imports SET state = 'importing', dry_run = 0, progress = ?3, \
                       starts = 0, wake_at = ?4, updated_at = ?4 \
                       WHERE id = ?1 AND ws = ?2 AND state = 'checked'";
            count(tx, sql, &params, true).await
        }
        ImportCommand::Cancel { workspace, id: import, now } => {
            let params = [id(*import), id(*workspace), (*now).into()];
            let sql = format!(
                "UPDATE imports SET state = 'cancelled', token = NULL, wake_at = ?3, \
                 updated_at = ?3 WHERE id = ?1 AND ws = ?2 AND state NOT IN {FINAL}"
            );
            count(tx, &sql, &params, true).await
        }
        ImportCommand::Claim { now, lease_until, token } => {
            run_claim(tx, *now, *lease_until, *token).await
        }
        ImportCommand::Batch(batch) => run_batch(tx, batch).await,
        ImportCommand::End(end) => run_end(tx, end).await,
        ImportCommand::Release { id: import, token, wake_at } => {
            let params = [id(*import), (*token).into(), (*wake_at).into()];
            let sql = "UPDATE imports SET token = NULL, starts = 0, wake_at = ?3 \
                       WHERE id = ?1 AND token = ?2";
            count(tx, sql, &params, true).await
        }
        ImportCommand::Free { now } => {
            let sql = "UPDATE imports SET wake_at = ?1 WHERE token IS NOT NULL";
            count(tx, sql, &[(*now).into()], true).await
        }
        ImportCommand::ClearPieces { id: import } => {
            let sql = "DELETE FROM import_pieces WHERE seq IN (SELECT seq FROM import_pieces \
                       WHERE import = ?1 ORDER BY upload, n LIMIT ?2)";
            count(tx, sql, &[id(*import), PIECES_REMOVED_MAX.into()], false).await
        }
        ImportCommand::ClearReport { id: import } => {
            let sql = "DELETE FROM import_rows WHERE import = ?1 AND row_no IN \
                       (SELECT row_no FROM import_rows WHERE import = ?1 ORDER BY row_no LIMIT ?2)";
            count(tx, sql, &[id(*import), REMOVED_MAX.into()], false).await
        }
        ImportCommand::Remove { id: import, token } => {
            let sql =
                format!("DELETE FROM imports WHERE id = ?1 AND token = ?2 AND state IN {FINAL}");
            count(tx, &sql, &[id(*import), (*token).into()], false).await
        }
    }
}

/// A piece of a file, or its end.
async fn run_upload(tx: &Tx<'_>, command: &ImportCommand) -> Ran {
    match command {
        ImportCommand::Piece { workspace, id: import, upload, n, body } => {
            let params = [
                id(*import),
                (*upload).into(),
                (*n).into(),
                Value::Bytes(body.clone()),
                id(*workspace),
            ];
            let sql = "INSERT INTO import_pieces (import, upload, n, body) \
                       SELECT id, CAST(?2 AS uuid), CAST(?3 AS bigint), CAST(?4 AS bytea) \
                       FROM imports WHERE id = ?1 AND ws = ?5 AND state = 'waiting' \
                       ON CONFLICT (import, upload, n) DO UPDATE SET body = excluded.body";
            // A cast to a type SQLite does not know would turn an id into a number.
            let sql = if tx.is_postgres() { sql.to_owned() } else { plain(sql) };
            count(tx, &sql, &params, false).await
        }
        ImportCommand::Uploaded { workspace, id: import, upload, bytes, now } => {
            let bytes = i64::try_from(*bytes).unwrap_or(i64::MAX);
            let params =
                [id(*import), id(*workspace), (*upload).into(), bytes.into(), (*now).into()];
            if !is_whole(tx, *import, *upload, bytes).await? {
                return Err(StoreError::NotFound);
            }
            let sql = "UPDATE imports SET upload = ?3, bytes = ?4, wake_at = ?5, updated_at = ?5, \
                       state = CASE WHEN dry_run = 1 THEN 'checking' ELSE 'importing' END \
                       WHERE id = ?1 AND ws = ?2 AND state = 'waiting'";
            count(tx, sql, &params, true).await
        }
        _ => Err(StoreError::Closed),
    }
}

fn plain(sql: &str) -> String {
    let mut plain = sql.replace("CAST(", "");
    for kind in [" AS uuid)", " AS bigint)", " AS bytea)"] {
        plain = plain.replace(kind, "");
    }
    plain
}

async fn count(tx: &Tx<'_>, sql: &str, params: &[Value], tell: bool) -> Ran {
    let touched = tx.execute(sql, params).await?;
    let imports = tell && touched > 0;
    Ok((Reply::Count(touched), Effects { imports, ..Effects::default() }))
}

/// Whether all pieces of a file of that size are there, and no others.
async fn is_whole(
    tx: &Tx<'_>,
    import: ImportId,
    upload: Uuid,
    bytes: i64,
) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM import_pieces WHERE import = ?1 AND upload = ?2";
    let row = tx.query_opt(sql, &[id(import), upload.into()]).await?;
    let pieces = row.map_or(Ok(0), |row| row.int(0))?;
    Ok(pieces == (bytes + PIECE_BYTES as i64 - 1) / PIECE_BYTES as i64)
}

async fn run_new(tx: &Tx<'_>, import: &NewImport) -> Ran {
    if let Some((wanted, status, answer)) = &import.idempotency {
        remember_answer(tx, import.now, wanted, *status, answer).await?;
    }
    check_open(tx, import.workspace).await?;
    let params = [
        id(import.id),
        id(import.workspace),
        id(import.campaign),
        id(import.source),
        ImportState::Waiting.as_str().into(),
        import.dry_run.into(),
        Value::Bytes(encode("import", &import.settings)?),
        Value::Bytes(encode("import", &ImportProgress::default())?),
        patience_ends(import.now).into(),
        import.now.into(),
    ];
    let sql = "INSERT INTO imports (id, ws, campaign, source, state, dry_run, settings, progress, \
               bytes, starts, wake_at, created_at, updated_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, ?9, ?10, ?10)";
    count(tx, sql, &params, false).await
}

async fn check_open(tx: &Tx<'_>, workspace: WorkspaceId) -> Result<(), StoreError> {
    let sql = format!("SELECT count(*) FROM imports WHERE ws = ?1 AND state NOT IN {FINAL}");
    let open = tx.query_opt(&sql, &[id(workspace)]).await?.map_or(Ok(0), |row| row.int(0))?;
    if open < IMPORTS_OPEN_MAX {
        return Ok(());
    }
    let what = format!("room for imports ({IMPORTS_OPEN_MAX} that are not over; cancel one)");
    Err(StoreError::Taken { what })
}

async fn run_claim(tx: &Tx<'_>, now: Millis, lease_until: Millis, token: Uuid) -> Ran {
    let lock = if tx.is_postgres() { "FOR UPDATE OF i SKIP LOCKED" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS} FROM imports i WHERE wake_at IS NOT NULL AND wake_at <= ?1 \
         AND (token IS NOT NULL OR NOT EXISTS \
         (SELECT 1 FROM imports o WHERE o.ws = i.ws AND o.token IS NOT NULL)) \
         ORDER BY wake_at LIMIT 1 {lock}"
    );
    let Some(row) = tx.query_opt(&sql, &[now.into()]).await? else {
        return Ok((Reply::Import(None), Effects::default()));
    };
    let mut import = read(&row)?;
    import.starts += 1;
    let sql = "UPDATE imports SET token = ?2, wake_at = ?3, starts = starts + 1 WHERE id = ?1";
    tx.execute(sql, &[id(import.id), token.into(), lease_until.into()]).await?;
    Ok((Reply::Import(Some(Box::new(import))), Effects::default()))
}

/// Leads, report and place in one. First the claim: who lost it writes nothing.
async fn run_batch(tx: &Tx<'_>, batch: &ImportBatch) -> Ran {
    let lock = if tx.is_postgres() { "FOR UPDATE" } else { "" };
    let ours = format!("SELECT 1 FROM imports WHERE id = ?1 AND token = ?2 {lock}");
    if tx.query_opt(&ours, &[id(batch.id), batch.token.into()]).await?.is_none() {
        return Ok((Reply::Imported(None), Effects::default()));
    }
    let commands: Vec<&CaptureCommand> = batch.leads.iter().map(|lead| &lead.command).collect();
    let (replies, effects) = match commands.is_empty() {
        true => (Vec::new(), Effects::default()),
        false => run_captures(tx, &commands).await?,
    };
    let mut progress = batch.progress.clone();
    let mut report = batch.report.clone();
    for (lead, reply) in batch.leads.iter().zip(replies) {
        let Reply::Captured(captured) = reply? else { return Err(StoreError::Closed) };
        progress.take(captured.duplicate_of.is_some());
        if let Some((of, _)) = captured.duplicate_of
            && progress.report()
        {
            let problems = vec![RowProblem::new("", "duplicate_lead", format!("repeats {of}"))];
            report.push(ReportRow { row: lead.row, line: lead.line, problems });
        }
    }
    tx.execute_many(&ROWS_ADD, &report_rows(batch.id, report)?).await?;
    let params = [
        id(batch.id),
        Value::Bytes(encode("import", &progress)?),
        batch.lease_until.into(),
        batch.now.into(),
    ];
    let sql = "UPDATE imports SET progress = ?2, wake_at = ?3, updated_at = ?4, starts = 0 \
               WHERE id = ?1";
    tx.execute(sql, &params).await?;
    Ok((Reply::Imported(Some(Box::new(progress))), effects))
}

fn report_rows(import: ImportId, report: Vec<ReportRow>) -> Result<Vec<Vec<Value>>, StoreError> {
    let number = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let row = |row: ReportRow| {
        let problems = Value::Bytes(encode("import", &row.problems)?);
        Ok(vec![id(import), number(row.row), number(row.line), problems])
    };
    report.into_iter().map(row).collect()
}

async fn run_end(tx: &Tx<'_>, end: &ImportEnd) -> Ran {
    // What is over is due at once: its file is to be removed.
    let wake_at = if end.state.is_final() { end.now } else { patience_ends(end.now) };
    let params = [
        id(end.id),
        end.token.into(),
        end.state.as_str().into(),
        end.fault.as_ref().map(|fault| encode("import", fault)).transpose()?.into(),
        wake_at.into(),
        end.now.into(),
    ];
    let sql = "UPDATE imports SET token = NULL, starts = 0, state = ?3, fault = ?4, wake_at = ?5, \
               updated_at = ?6 WHERE id = ?1 AND token = ?2";
    count(tx, sql, &params, true).await
}
