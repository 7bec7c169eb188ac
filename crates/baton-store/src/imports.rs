//! Imports: files of leads, their rows on their way to the leads, and what was refused.
//!
//! `baton_domain::import` has the states. Here is who may do what when:
//! ```text
//! free --claim--> token, lease --commit (batch + place)--> lease renewed --end | release--> free
//!                        |  lease over: claimed again, from the place of the last commit
//!                        +--cancel: the token is gone, the next commit finds nothing to do
//! ```

pub(crate) mod run;

use crate::capture::{Capture, Idempotency};
use crate::command::{CaptureCommand, Command, Reply, WriterOf};
use crate::db::{Many, Row, Value, id};
use crate::error::StoreError;
use crate::page::{self, PAGE_MAX, Page};
use crate::store::{Store, WorkspaceStore};
use baton_domain::id::{CampaignId, ImportId, LeadId, SourceId, TypedId, WorkspaceId};
use baton_domain::import::{ImportFault, ImportProgress, ImportSettings, ImportState, ReportRow};
use baton_domain::time::Millis;
use serde::Serialize;
use std::collections::HashMap;
use uuid::Uuid;

/// Bytes of each piece of a file but the last.
pub const PIECE_BYTES: usize = 256 * 1024;
/// Most imports of a workspace that are not over.
pub const IMPORTS_OPEN_MAX: i64 = 20;
/// Hours an import waits for its file, or after a dry run for being run.
pub const WAITING_HOURS: i64 = 24;
/// Days an import that is over, and its report, are kept.
pub const KEPT_DAYS: i64 = 30;
/// Most rows removed in one transaction.
pub(crate) const REMOVED_MAX: i64 = 2_000;
/// Most pieces removed in one transaction: 8 MiB.
pub(crate) const PIECES_REMOVED_MAX: i64 = 32;
const HOUR_MS: i64 = 3_600_000;

/// An import to be made.
#[derive(Clone, Debug)]
pub struct NewImport {
    /// Its id.
    pub id: ImportId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The campaign its leads belong to.
    pub campaign: CampaignId,
    /// The source they come through.
    pub source: SourceId,
    /// Whether it judges rows only, at first.
    pub dry_run: bool,
    /// How it reads.
    pub settings: ImportSettings,
    /// The present.
    pub now: Millis,
    /// `Idempotency-Key` of the caller with the status and the sealed answer it will get.
    pub idempotency: Option<(Idempotency, u16, Vec<u8>)>,
}

/// An import as it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct ImportRow {
    /// Its id.
    pub id: ImportId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The campaign its leads belong to.
    pub campaign: CampaignId,
    /// The source they come through.
    pub source: SourceId,
    /// Where it stands.
    pub state: ImportState,
    /// Whether it stores nothing.
    pub dry_run: bool,
    /// How it reads.
    pub settings: ImportSettings,
    /// What it has done so far.
    pub progress: ImportProgress,
    /// Why it failed or was called off by itself.
    pub fault: Option<ImportFault>,
    /// Names the upload that is its file.
    pub upload: Option<Uuid>,
    /// Size of the file.
    pub bytes: u64,
    /// How often it was claimed since its last commit.
    pub starts: i64,
    /// When it was made.
    pub created_at: Millis,
    /// When its state or progress last changed.
    pub updated_at: Millis,
}

/// A lead of an import.
pub struct ImportLead {
    pub(crate) row: u64,
    pub(crate) line: u64,
    pub(crate) command: CaptureCommand,
}

impl ImportLead {
    /// A lead with its place in the file. A quiet one is in the record of events but told to no
    /// webhook.
    ///
    /// # Errors
    /// When its data cannot be encoded.
    pub fn new(row: u64, line: u64, capture: Capture, quiet: bool) -> Result<Self, StoreError> {
        let body = encode("lead", &capture.data)?;
        Ok(Self { row, line, command: CaptureCommand { capture, body, leases: Vec::new(), quiet } })
    }
}

/// Rows that are stored together with the place up to which the file was read.
pub struct ImportBatch {
    /// The import.
    pub id: ImportId,
    /// Token of the claim.
    pub token: Uuid,
    /// The leads; the transaction counts them, for it alone knows which are duplicates.
    pub leads: Vec<ImportLead>,
    /// Rows for the report, already counted.
    pub report: Vec<ReportRow>,
    /// The progress without the leads.
    pub progress: ImportProgress,
    /// The present.
    pub now: Millis,
    /// Until when the import is ours.
    pub lease_until: Millis,
}

/// How a claim of an import ends.
#[derive(Clone, Debug)]
pub struct ImportEnd {
    /// The import.
    pub id: ImportId,
    /// Token of the claim.
    pub token: Uuid,
    /// The state it has from now on.
    pub state: ImportState,
    /// Why, when that is not plain.
    pub fault: Option<ImportFault>,
    /// The present.
    pub now: Millis,
}

/// A write about imports.
pub(crate) enum ImportCommand {
    New(Box<NewImport>),
    Piece { workspace: WorkspaceId, id: ImportId, upload: Uuid, n: i64, body: Vec<u8> },
    Uploaded { workspace: WorkspaceId, id: ImportId, upload: Uuid, bytes: u64, now: Millis },
    Run { workspace: WorkspaceId, id: ImportId, now: Millis },
    Cancel { workspace: WorkspaceId, id: ImportId, now: Millis },
    Claim { now: Millis, lease_until: Millis, token: Uuid },
    Batch(Box<ImportBatch>),
    End(ImportEnd),
    Release { id: ImportId, token: Uuid, wake_at: Millis },
    Free { now: Millis },
    ClearPieces { id: ImportId },
    ClearReport { id: ImportId },
    Remove { id: ImportId, token: Uuid },
}

impl ImportCommand {
    pub(crate) fn writer(&self) -> WriterOf {
        match self {
            Self::New(_) | Self::Uploaded { .. } | Self::Run { .. } | Self::Cancel { .. } => {
                WriterOf::Intake
            }
            _ => WriterOf::Upkeep,
        }
    }

    /// Whether it waits while the log of SQLite is too long: what adds much to it.
    pub(crate) fn is_bulk(&self) -> bool {
        matches!(self, Self::Piece { .. } | Self::Batch(_))
    }
}

pub(crate) const COLUMNS: &str = "id, ws, campaign, source, state, dry_run, settings, progress, \
     fault, upload, bytes, starts, created_at, updated_at";

const CLAIMS_LOOK: Many = Many {
    sqlite: "SELECT key, lead, claimed_at FROM claims WHERE key = ?1",
    postgres: "SELECT key, lead, claimed_at FROM claims WHERE key = ANY($1::bytea[])",
};

pub(crate) fn read(row: &Row) -> Result<ImportRow, StoreError> {
    let damaged = |detail: &str| StoreError::Damaged { what: "import", detail: detail.to_owned() };
    let fault = row.opt_bytes(8)?;
    Ok(ImportRow {
        id: row.id(0)?,
        workspace: row.id(1)?,
        campaign: row.id(2)?,
        source: row.id(3)?,
        state: ImportState::parse(row.text(4)?).ok_or_else(|| damaged("its state is no word"))?,
        dry_run: row.flag(5)?,
        settings: decode(row.bytes(6)?)?,
        progress: decode(row.bytes(7)?)?,
        fault: fault.map(|bytes| decode(&bytes)).transpose()?,
        upload: row.opt_id::<ImportId>(9)?.map(TypedId::uuid),
        bytes: u64::try_from(row.int(10)?).unwrap_or(0),
        starts: row.int(11)?,
        created_at: row.millis(12)?,
        updated_at: row.millis(13)?,
    })
}

fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|e| StoreError::unreadable("import", &e))
}

pub(crate) fn encode<T: Serialize>(what: &'static str, value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|e| StoreError::unreadable(what, &e))
}

/// When an import that waits for a person is called off.
pub(crate) fn patience_ends(now: Millis) -> Millis {
    now.plus_ms(WAITING_HOURS * HOUR_MS)
}

impl ImportRow {
    /// When an import that is over is removed.
    #[must_use]
    pub fn removed_at(&self) -> Millis {
        self.updated_at.plus_ms(KEPT_DAYS * 24 * HOUR_MS)
    }
}

impl Store {
    async fn import_write(&self, command: ImportCommand) -> Result<Reply, StoreError> {
        self.write(Command::Import(command)).await
    }

    async fn import_count(&self, command: ImportCommand) -> Result<u64, StoreError> {
        match self.import_write(command).await? {
            Reply::Count(count) => Ok(count),
            _ => Err(StoreError::Closed),
        }
    }

    /// Makes an import that waits for its file.
    ///
    /// # Errors
    /// [`StoreError::Replayed`]; [`StoreError::Taken`] when [`IMPORTS_OPEN_MAX`] are open.
    pub async fn new_import(&self, import: NewImport) -> Result<(), StoreError> {
        self.import_write(ImportCommand::New(Box::new(import))).await.map(|_| ())
    }

    /// Takes an import that somebody has to work on: one of a workspace at a time.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn claim_import(
        &self,
        token: Uuid,
        lease_until: Millis,
    ) -> Result<Option<ImportRow>, StoreError> {
        let claim = ImportCommand::Claim { now: self.now(), lease_until, token };
        match self.import_write(claim).await? {
            Reply::Import(row) => Ok(row.map(|row| *row)),
            _ => Err(StoreError::Closed),
        }
    }

    /// Stores a batch. The progress with its leads counted; `None` when the import is no longer
    /// ours and nothing was written.
    ///
    /// # Errors
    /// When the database is not available; nothing was written then, or the next try is `None`.
    pub async fn commit_import(
        &self,
        batch: ImportBatch,
    ) -> Result<Option<ImportProgress>, StoreError> {
        match self.import_write(ImportCommand::Batch(Box::new(batch))).await? {
            Reply::Imported(progress) => Ok(progress.map(|progress| *progress)),
            _ => Err(StoreError::Closed),
        }
    }

    /// Gives a claim up with a new state; false when it was no longer ours.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn end_import(&self, end: ImportEnd) -> Result<bool, StoreError> {
        Ok(self.import_count(ImportCommand::End(end)).await? > 0)
    }

    /// Gives a claim up until a time.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn release_import(
        &self,
        id: ImportId,
        token: Uuid,
        wake_at: Millis,
    ) -> Result<bool, StoreError> {
        Ok(self.import_count(ImportCommand::Release { id, token, wake_at }).await? > 0)
    }

    /// At start on SQLite: whoever worked on an import is gone.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn free_imports(&self) -> Result<(), StoreError> {
        if self.is_postgres() {
            return Ok(());
        }
        self.import_count(ImportCommand::Free { now: self.now() }).await.map(|_| ())
    }

    /// Removes the file of an import, in slices.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn clear_import_pieces(&self, id: ImportId) -> Result<(), StoreError> {
        while self.import_count(ImportCommand::ClearPieces { id }).await? > 0 {}
        Ok(())
    }

    /// Removes the report of an import, in slices.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn clear_import_report(&self, id: ImportId) -> Result<(), StoreError> {
        while self.import_count(ImportCommand::ClearReport { id }).await? > 0 {}
        Ok(())
    }

    /// Removes an import of which nothing else is left.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn remove_import(&self, id: ImportId, token: Uuid) -> Result<(), StoreError> {
        self.import_count(ImportCommand::Remove { id, token }).await.map(|_| ())
    }

    /// A piece of the file of an import, from 0.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn import_piece(
        &self,
        import: ImportId,
        upload: Uuid,
        n: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT body FROM import_pieces WHERE import = ?1 AND upload = ?2 AND n = ?3";
        let rows = self.query(sql, &[id(import), upload.into(), n.into()]).await?;
        rows.first().map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
    }

    /// Which leads hold duplicate keys now, and since when. Only a transaction that takes a key
    /// knows for sure; this is for saying what would happen.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn held_keys(
        &self,
        keys: &[[u8; 16]],
    ) -> Result<HashMap<[u8; 16], (LeadId, Millis)>, StoreError> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let params = keys.iter().map(|key| vec![Value::Bytes(key.to_vec())]).collect();
        let rows = self.query_many(&CLAIMS_LOOK, params).await?;
        rows.iter().map(|row| Ok((row.key16(0)?, (row.id(1)?, row.millis(2)?)))).collect()
    }
}

impl WorkspaceStore {
    /// An import of the workspace.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn import(&self, import: ImportId) -> Result<Option<ImportRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM imports WHERE id = ?1 AND ws = ?2");
        let rows = self.query(&sql, &[id(import), id(self.workspace)]).await?;
        rows.first().map(read).transpose()
    }

    /// Imports of the workspace, newest first, before one, at most [`PAGE_MAX`].
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn imports(
        &self,
        before: Option<ImportId>,
        limit: u32,
    ) -> Result<Page<ImportRow>, StoreError> {
        let limit = limit.clamp(1, PAGE_MAX);
        let last = Value::Id(before.map_or(Uuid::max(), TypedId::uuid));
        let sql = format!(
            "SELECT {COLUMNS} FROM imports WHERE ws = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
        );
        let params = [id(self.workspace), last, i64::from(limit).into()];
        let found = self.query(&sql, &params).await?;
        Ok(Page::read(&found, read, page::nothing).followed(&found, limit))
    }

    /// Rows of a report after one, in their order.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn import_report(
        &self,
        import: ImportId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<ReportRow>, StoreError> {
        let sql = "SELECT r.row_no, r.line, r.problems FROM import_rows r \
                   JOIN imports i ON i.id = r.import WHERE r.import = ?1 AND i.ws = ?2 \
                   AND r.row_no > ?3 ORDER BY r.row_no LIMIT ?4";
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let params = [id(import), id(self.workspace), after.into(), i64::from(limit).into()];
        let rows = self.query(sql, &params).await?;
        let number = |row: &Row, at| row.int(at).map(|n| u64::try_from(n).unwrap_or(0));
        rows.iter()
            .map(|row| {
                let problems = decode(row.bytes(2)?)?;
                Ok(ReportRow { row: number(row, 0)?, line: number(row, 1)?, problems })
            })
            .collect()
    }

    /// Stores a piece of an upload; false when the import does not wait for a file.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn add_import_piece(
        &self,
        id: ImportId,
        upload: Uuid,
        n: i64,
        body: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let workspace = self.workspace;
        let piece = ImportCommand::Piece { workspace, id, upload, n, body };
        Ok(self.store.import_count(piece).await? > 0)
    }

    /// Makes an upload the file of an import, which begins; false when it waits for none.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when pieces of a file of that size are missing, or
    /// When the database is not available.
    pub async fn finish_import_upload(
        &self,
        id: ImportId,
        upload: Uuid,
        bytes: u64,
    ) -> Result<bool, StoreError> {
        let (workspace, now) = (self.workspace, self.store.now());
        let uploaded = ImportCommand::Uploaded { workspace, id, upload, bytes, now };
        Ok(self.store.import_count(uploaded).await? > 0)
    }

    /// Runs an import in earnest after its dry run; false when it is not at that point.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn run_import(&self, id: ImportId) -> Result<bool, StoreError> {
        let (workspace, now) = (self.workspace, self.store.now());
        Ok(self.store.import_count(ImportCommand::Run { workspace, id, now }).await? > 0)
    }

    /// Stops an import; false when it is over already. Leads that were taken in stay.
    ///
    /// # Errors
    /// When the database is not available.
    pub async fn cancel_import(&self, id: ImportId) -> Result<bool, StoreError> {
        let (workspace, now) = (self.workspace, self.store.now());
        Ok(self.store.import_count(ImportCommand::Cancel { workspace, id, now }).await? > 0)
    }
}
