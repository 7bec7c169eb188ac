//! Reads the files of imports and takes their rows in.
//!
//! ```text
//! claim -> head of the file -> place of the last commit
//!            -> [ judge a batch on a thread | the batch before it is committed ] ... -> end
//! ```
//! A batch is one transaction with the place it reached (see `baton_store::imports`), so it does
//! not matter where this stops. One batch is under way at a time and is short: captures that come
//! meanwhile wait for no more than that.

mod check;
mod pass;

use crate::capture::Entrance;
use crate::state::AppState;
use baton_domain::config::PausedAction;
use baton_domain::id::{ImportId, TypedId};
use baton_domain::import::{ImportFault, ImportProgress, ImportState};
use baton_store::StoreError;
use baton_store::imports::{ImportBatch, ImportEnd, ImportLead, ImportRow};
use check::Check;
use pass::{Batch, Filled, Pass};
use std::time::Duration;
use uuid::Uuid;

/// How long an import is ours after a commit. A node that is gone is waited for so long.
pub const LEASE_MS: i64 = 30_000;
/// How often imports are looked for without a hint.
const POLL: Duration = Duration::from_secs(1);
/// Wait after a failure.
const BACKOFF: Duration = Duration::from_secs(1);
/// How long an import rests while its campaign takes no leads, or the database no writes.
const REST_MS: i64 = 2_000;
/// How often an import is begun without getting on before it is given up.
const STARTS_MAX: i64 = 5;

/// Works on imports until `stop` ends. What is under way is dropped then, and gone on with by
/// whoever claims it next.
pub async fn run(state: AppState, stop: impl Future<Output = ()>) {
    let working = async {
        while let Err(error) = state.store.free_imports().await {
            tracing::warn!(%error, "imports cannot be looked at");
            tokio::time::sleep(BACKOFF).await;
        }
        loop {
            if let Err(error) = round(&state).await {
                tracing::warn!(%error, "an import does not get on");
                tokio::time::sleep(BACKOFF).await;
            }
        }
    };
    tokio::select! {
        () = stop => {}
        () = working => {}
    }
}

async fn round(state: &AppState) -> Result<(), StoreError> {
    let token = state.store.new_id::<ImportId>().uuid();
    let claimed = state.store.claim_import(token, lease(state)).await?;
    let Some(row) = claimed else {
        let _ = tokio::time::timeout(POLL, state.store.hints().imports_changed()).await;
        return Ok(());
    };
    let (id, working) = (row.id, row.state.is_working());
    let work = Work { state, id, token };
    let done = match row.state {
        ImportState::Checking | ImportState::Importing if row.starts > STARTS_MAX => {
            let why = "it was begun several times and did not get on; the server's log says why";
            work.end(ImportState::Failed, Some(ImportFault::new("gave_up", why))).await
        }
        ImportState::Checking | ImportState::Importing => work.read(row).await,
        ImportState::Waiting | ImportState::Checked => {
            let fault = ImportFault::new("expired", "nobody went on with it within a day");
            work.end(ImportState::Cancelled, Some(fault)).await
        }
        ImportState::Done | ImportState::Cancelled | ImportState::Failed => work.tidy(row).await,
    };
    if working && done.as_ref().is_err_and(StoreError::is_outage) {
        // Not the import's fault: it spends none of its starts.
        let wake_at = state.store.now().plus_ms(REST_MS);
        state.store.release_import(id, token, wake_at).await?;
    }
    done
}

fn lease(state: &AppState) -> baton_domain::time::Millis {
    state.store.now().plus_ms(LEASE_MS)
}

/// A claimed import.
struct Work<'a> {
    state: &'a AppState,
    id: ImportId,
    token: Uuid,
}

impl Work<'_> {
    async fn end(&self, state: ImportState, fault: Option<ImportFault>) -> Result<(), StoreError> {
        let store = &self.state.store;
        let end = ImportEnd { id: self.id, token: self.token, state, fault, now: store.now() };
        store.end_import(end).await.map(|_| ())
    }

    /// Removes the file of an import that is over, and in time the import.
    async fn tidy(&self, row: ImportRow) -> Result<(), StoreError> {
        let store = &self.state.store;
        store.clear_import_pieces(row.id).await?;
        if row.removed_at() > store.now() {
            store.release_import(row.id, self.token, row.removed_at()).await?;
            return Ok(());
        }
        store.clear_import_report(row.id).await?;
        store.remove_import(row.id, self.token).await
    }

    /// Reads on to the end of the file.
    async fn read(&self, row: ImportRow) -> Result<(), StoreError> {
        let checking = row.state == ImportState::Checking;
        let mut progress = row.progress.clone();
        if checking || progress.place.offset == 0 {
            // What a dry run knows of the rows before is not kept, so it begins anew.
            progress = ImportProgress::default();
            self.state.store.clear_import_report(self.id).await?;
        }
        let mut check = checking.then(Check::default);
        let pass = match Pass::open(self.state, &row, progress.place).await? {
            Ok(pass) => pass,
            Err(fault) => return self.end(ImportState::Failed, Some(fault)).await,
        };
        let mut next = tokio::spawn(pass.fill());
        loop {
            let (pass, batch, filled) = next.await.map_err(|_| lost_thread())??;
            let paused = !checking && row.settings.deliver && pass.entrance().is_some_and(refuses);
            if paused {
                let wake_at = self.state.store.now().plus_ms(REST_MS);
                self.state.store.release_import(self.id, self.token, wake_at).await?;
                return Ok(());
            }
            let more = filled == Filled::Full;
            next = if more { tokio::spawn(pass.fill()) } else { tokio::spawn(pass.nothing()) };
            match self.commit(batch, progress, check.as_mut(), row.settings.deliver).await? {
                Some(reached) => progress = reached,
                // Somebody stopped it, or took it over.
                None => return Ok(()),
            }
            match filled {
                Filled::Full => {}
                Filled::Unusable(fault) => {
                    return self.end(ImportState::Failed, Some(fault)).await;
                }
                Filled::End if checking => return self.end(ImportState::Checked, None).await,
                Filled::End => return self.end(ImportState::Done, None).await,
            }
        }
    }

    async fn commit(
        &self,
        batch: Batch,
        mut progress: ImportProgress,
        check: Option<&mut Check>,
        deliver: bool,
    ) -> Result<Option<ImportProgress>, StoreError> {
        let store = &self.state.store;
        let Batch { leads, refused, place } = batch;
        let mut report = Vec::new();
        for row in refused {
            progress.refuse(&row.problems);
            if progress.report() {
                report.push(row);
            }
        }
        progress.place = place;
        let leads = match check {
            Some(check) => {
                check.take(store, leads, &mut progress, &mut report).await?;
                Vec::new()
            }
            None => leads
                .into_iter()
                .map(|lead| ImportLead::new(lead.row, lead.line, lead.capture, !deliver))
                .collect::<Result<_, _>>()?,
        };
        let (now, lease_until) = (store.now(), lease(self.state));
        let (id, token) = (self.id, self.token);
        store
            .commit_import(ImportBatch { id, token, leads, report, progress, now, lease_until })
            .await
    }
}

/// Whether the campaign takes no leads that would be delivered.
fn refuses(entrance: &Entrance) -> bool {
    let campaign = &entrance.campaign.body;
    campaign.paused && campaign.when_paused == PausedAction::Reject
}

/// A panic while rows were judged: logged by the runtime, and counted as a start without progress.
fn lost_thread() -> StoreError {
    StoreError::Damaged { what: "import", detail: "its rows could not be judged".to_owned() }
}
