//! Test calls, claimed as tasks.

use crate::dispatcher::POLL_MS;
use crate::engine::Core;
use crate::stats::{Part, count};
use crate::supervise::{Rounds, log_failure};
use crate::trial::{call, not_made};
use baton_domain::id::{TaskId, TypedId};
use baton_domain::probe::{FORMAT, KIND, PURPOSE};
use baton_store::StoreError;
use baton_store::tasks::{TaskClaim, TaskFinish, TaskRow};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How long a claimed task is ours: far more than the longest call.
const TASK_LEASE_MS: i64 = 120_000;

/// The loop that claims test calls.
pub(crate) struct Tasks {
    core: Arc<Core>,
    slots: Arc<Semaphore>,
}

impl Tasks {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let slots = Arc::new(Semaphore::new(core.limits.probes.max(1)));
        Self { core, slots }
    }
}

impl Rounds for Tasks {
    const PART: Part = Part::Tasks;

    async fn round(&mut self) -> Result<(), StoreError> {
        let store = &self.core.store;
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&self.slots).acquire_owned().await else { return Ok(()) };
        let now = store.now();
        let claim = TaskClaim {
            now,
            lease_until: now.plus_ms(TASK_LEASE_MS),
            token: store.new_id::<TaskId>().uuid(),
        };
        if let Some(task) = store.claim_task(claim).await? {
            let core = Arc::clone(&self.core);
            tokio::spawn(async move {
                let _permit = permit;
                run(&core, task).await;
            });
            return Ok(());
        }
        drop(permit);
        tokio::select! {
            () = store.hints().tasks_changed() => {}
            () = self.core.sleep(POLL_MS) => {}
        }
        Ok(())
    }
}

/// Runs a task. What this release does not understand is left for one that does.
async fn run(core: &Core, task: TaskRow) {
    if task.kind != KIND || task.format > FORMAT {
        tracing::warn!(task = %task.id, kind = task.kind, format = task.format, "a task is of a kind this release does not know");
        return;
    }
    let done = async {
        let damaged = |e: serde_json::Error| StoreError::Damaged {
            what: "task",
            // The parser's own words could repeat a secret.
            detail: format!("its body cannot be read at column {}", e.column()),
        };
        let opened = core.store.master().open(PURPOSE, &task.body);
        let probe = opened.and_then(|plain| serde_json::from_slice(&plain).map_err(damaged));
        let result = match probe {
            Ok(probe) => call(core, task.workspace, probe).await,
            Err(error) => {
                tracing::error!(task = %task.id, error = %error, "a test call is given up");
                not_made("the stored test call is damaged; make it again")
            }
        };
        let result = serde_json::to_vec(&result).map_err(damaged)?;
        let result = core.store.master().seal(PURPOSE, &result)?;
        let now = core.store.now();
        core.store.finish_task(TaskFinish { id: task.id, token: task.token, result, now }).await
    };
    match done.await {
        Ok(()) => {
            count(&core.stats.probes);
            core.stats.tell();
        }
        Err(error) => log_failure!(error, task = %task.id, "a test call failed here"),
    }
}
