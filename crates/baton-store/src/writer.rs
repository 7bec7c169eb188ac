//! Running a batch of commands in one transaction.
//!
//! ```text
//! queue -> take all (<= BATCH_MAX) -> BEGIN
//!            captures together, finishes together, the rest one by one
//!          -> COMMIT (one fsync) -> tell others -> answer each caller
//! ```
//! A batch is first run as if nothing could go wrong. When something does, it is rolled back and run
//! again under savepoints: a group that fails then is run member by member, and only the culprit
//! fails. A collision with another node runs the whole batch again.

use crate::capture::run::run_captures;
use crate::claim::run_claim;
use crate::command::{Command, Effects, Job, Reply};
use crate::db::Tx;
use crate::error::StoreError;
use crate::finish::run::{run_finishes, run_release, run_renew};

/// Most commands in one transaction.
pub(crate) const BATCH_MAX: usize = 512;
/// Most commands waiting for a writer; more are refused as overload.
pub(crate) const QUEUE_MAX: usize = 8_192;

/// Results of a batch, one per job, in order.
pub(crate) type Results = Vec<Option<Result<Reply, StoreError>>>;

/// How much trouble a batch is prepared for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Care {
    /// None: the first error ends the transaction.
    Hopeful,
    /// One member's error is that member's alone.
    Savepoints,
}

/// Whether a batch that failed so can be run again with care. Otherwise its transaction is gone, or
/// collided and is run again as it was.
pub(crate) fn is_members_fault(error: &StoreError) -> bool {
    !matches!(error, StoreError::Unavailable(_) | StoreError::Collision)
}

/// Runs all jobs inside the open transaction. An `Err` means that it is to be rolled back.
pub(crate) async fn run_batch(
    tx: &Tx<'_>,
    jobs: &[Job],
    care: Care,
) -> Result<(Results, Effects), StoreError> {
    let mut results: Results = jobs.iter().map(|_| None).collect();
    let mut effects = Effects::default();
    group(tx, jobs, (Kind::Capture, care), &mut results, &mut effects).await?;
    group(tx, jobs, (Kind::Finish, care), &mut results, &mut effects).await?;
    for (slot, job) in jobs.iter().enumerate() {
        if Kind::of(&job.command).is_some() {
            continue;
        }
        results[slot] = Some(match savepoint(tx, care, run_single(tx, &job.command)).await? {
            Ok((reply, told)) => {
                effects.merge(told);
                Ok(reply)
            }
            Err(error) => Err(error),
        });
    }
    Ok((results, effects))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Capture,
    Finish,
}

impl Kind {
    fn of(command: &Command) -> Option<Self> {
        match command {
            Command::Capture(_) => Some(Self::Capture),
            Command::Finish(_) => Some(Self::Finish),
            _ => None,
        }
    }
}

async fn group(
    tx: &Tx<'_>,
    jobs: &[Job],
    (kind, care): (Kind, Care),
    results: &mut Results,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let slots: Vec<usize> =
        (0..jobs.len()).filter(|i| Kind::of(&jobs[*i].command) == Some(kind)).collect();
    if slots.is_empty() {
        return Ok(());
    }
    match savepoint(tx, care, run_group(tx, jobs, &slots)).await? {
        Ok((replies, told)) => {
            effects.merge(told);
            for (slot, reply) in slots.iter().zip(replies) {
                results[*slot] = Some(reply);
            }
        }
        Err(_) if slots.len() > 1 => {
            for slot in slots {
                results[slot] =
                    Some(match savepoint(tx, care, run_group(tx, jobs, &[slot])).await? {
                        Ok((mut replies, told)) => {
                            effects.merge(told);
                            replies.pop().unwrap_or(Err(StoreError::Closed))
                        }
                        Err(error) => Err(error),
                    });
            }
        }
        Err(error) => results[slots[0]] = Some(Err(error)),
    }
    Ok(())
}

type GroupReplies = (Vec<Result<Reply, StoreError>>, Effects);

async fn run_group(tx: &Tx<'_>, jobs: &[Job], slots: &[usize]) -> Result<GroupReplies, StoreError> {
    let mut captures = Vec::new();
    let mut finishes = Vec::new();
    for slot in slots {
        match &jobs[*slot].command {
            Command::Capture(capture) => captures.push(capture.as_ref()),
            Command::Finish(finish) => finishes.push(finish.as_ref()),
            _ => {}
        }
    }
    if captures.is_empty() {
        run_finishes(tx, &finishes).await
    } else {
        run_captures(tx, &captures).await
    }
}

/// Runs work under a savepoint. The outer error means that the transaction cannot go on.
async fn savepoint<T>(
    tx: &Tx<'_>,
    care: Care,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<Result<T, StoreError>, StoreError> {
    if care == Care::Hopeful {
        return work.await.map(Ok);
    }
    tx.batch("SAVEPOINT step").await?;
    match work.await {
        Ok(value) => {
            tx.batch("RELEASE SAVEPOINT step").await?;
            Ok(Ok(value))
        }
        Err(error) if !is_members_fault(&error) => Err(error),
        Err(error) => {
            tx.batch("ROLLBACK TO SAVEPOINT step; RELEASE SAVEPOINT step").await?;
            Ok(Err(error))
        }
    }
}

async fn run_single(tx: &Tx<'_>, command: &Command) -> Result<(Reply, Effects), StoreError> {
    match command {
        Command::Claim(claim) => run_claim(tx, claim).await,
        Command::Release(releases) => run_release(tx, releases).await,
        Command::Renew { deliveries, token_until, tokens } => {
            run_renew(tx, deliveries, tokens, *token_until).await
        }
        Command::FreeLeases { now } => crate::finish::run::run_free_leases(tx, *now).await,
        Command::Docs(writes) => crate::docs::run::run_docs(tx, writes).await,
        Command::Resend(resend) => crate::deliveries::resend::run_resend(tx, resend).await,
        Command::FanOut(fan_out) => crate::events::run_fan_out(tx, fan_out).await,
        Command::NewTask(task) => crate::tasks::run_new(tx, task).await,
        Command::ClaimTask(claim) => crate::tasks::run_claim(tx, claim).await,
        Command::FinishTask(finish) => crate::tasks::run_finish(tx, finish).await,
        Command::Index(batch) => crate::search::run_index(tx, batch).await,
        Command::Unindex(unindex) => crate::search::run_unindex(tx, unindex).await,
        Command::Retain(slice) => crate::retention::run_slice(tx, slice).await,
        Command::Heartbeat { node, now, forget_before } => {
            crate::nodes::run_heartbeat(tx, *node, *now, *forget_before).await
        }
        Command::Probe { now } => crate::nodes::run_probe(tx, *now).await,
        Command::AskRelease { workspace, lane, now } => {
            crate::held::run_ask(tx, *workspace, *lane, *now).await
        }
        Command::ReleaseSlice { now } => crate::held::run_slice(tx, *now).await,
        Command::ResumeHeldLeads(resume) => crate::leads::run_resume_held(tx, resume).await,
        Command::NoteTest(note) => crate::outcomes::run_note_test(tx, note).await,
        Command::Note(entries) => crate::audit::run_note(tx, entries).await,
        Command::KeysUsed(uses) => crate::key_uses::run_used(tx, uses).await,
        Command::Account(account) => crate::accounts::run::run_account(tx, account).await,
        Command::Import(import) => crate::imports::run::run_import(tx, import).await,
        Command::CancelOrphans { now } => crate::orphans::run_cancel(tx, *now).await,
        Command::Durability => crate::proof::run_durability(tx).await,
        Command::Panic => crate::proof::run_panic().map(|()| (Reply::Count(0), Effects::default())),
        Command::ChangeLeads(change) => crate::leads::run_change(tx, change).await,
        Command::LeadNote(note) => crate::leads::notes::run_note(tx, note).await,
        Command::Erase(erase) => crate::leads::erase::run_erase(tx, erase).await,
        Command::Job(job) => crate::jobs::run::run_job(tx, job).await,
        Command::Capture(_) | Command::Finish(_) => Err(StoreError::Closed),
    }
}

/// Tells every caller of a lost batch why.
pub(crate) fn fail_all(jobs: Vec<Job>, error: &StoreError) {
    for job in jobs {
        let told = match error {
            StoreError::Unavailable(why) => StoreError::Unavailable(why.clone()),
            StoreError::Closed => StoreError::Closed,
            StoreError::Overloaded => StoreError::Overloaded,
            other => StoreError::Unavailable(other.to_string()),
        };
        // A caller that is gone is no longer interested; nothing was written.
        drop(job.reply.send(Err(told)));
    }
}

/// Answers every caller of a committed batch.
pub(crate) fn answer_all(jobs: Vec<Job>, results: Results) {
    for (job, result) in jobs.into_iter().zip(results) {
        drop(job.reply.send(result.unwrap_or(Err(StoreError::Closed))));
    }
}
