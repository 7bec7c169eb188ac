//! Background work that is not a delivery: a test call, for now.
//!
//! ```text
//! waiting --claim--> running --finish--> done
//!                       |  lease over --claim--> running
//! ```

use crate::command::{Command, Effects, Reply};
use crate::db::{Row, Tx, Value, id};
use crate::error::StoreError;
use crate::store::Store;
use baton_domain::id::{TaskId, TypedId, WorkspaceId};
use baton_domain::time::Millis;
use uuid::Uuid;

/// A task to be made.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Its id.
    pub id: TaskId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// What kind of work it is.
    pub kind: String,
    /// Format of the body, so that an older or newer release knows whether it can read it.
    pub format: i64,
    /// The work, sealed with purpose `task`: it may hold unsaved credentials.
    pub body: Vec<u8>,
    /// The present.
    pub now: Millis,
}

/// A wish for one due task.
#[derive(Clone, Debug)]
pub struct TaskClaim {
    /// The present.
    pub now: Millis,
    /// Until when it is ours.
    pub lease_until: Millis,
    /// Token of the claim.
    pub token: Uuid,
}

/// A task that ended.
#[derive(Clone, Debug)]
pub struct TaskFinish {
    /// The task.
    pub id: TaskId,
    /// Token of the claim.
    pub token: Uuid,
    /// Its result as JSON, sealed with purpose `task`.
    pub result: Vec<u8>,
    /// The present.
    pub now: Millis,
}

/// A claimed task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaskRow {
    /// Its id.
    pub id: TaskId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// What kind of work it is.
    pub kind: String,
    /// Format of the body.
    pub format: i64,
    /// The work, sealed.
    pub body: Vec<u8>,
    /// How often it was claimed.
    pub starts: i64,
    /// Token of the claim.
    pub token: Uuid,
}

/// Most often a task is started before it is given up.
pub const TASK_STARTS_MAX: i64 = 3;

impl Store {
    /// Makes a task.
    pub async fn new_task(&self, task: NewTask) -> Result<(), StoreError> {
        self.write(Command::NewTask(task)).await.map(|_| ())
    }

    /// Takes one due task, if there is one.
    pub async fn claim_task(&self, claim: TaskClaim) -> Result<Option<TaskRow>, StoreError> {
        match self.write(Command::ClaimTask(claim)).await? {
            Reply::Task(task) => Ok(task),
            _ => Ok(None),
        }
    }

    /// Ends a task, if it is still ours.
    pub async fn finish_task(&self, finish: TaskFinish) -> Result<(), StoreError> {
        self.write(Command::FinishTask(finish)).await.map(|_| ())
    }

    /// The result of a task, sealed; `None` while it is not done.
    pub async fn task_result(
        &self,
        workspace: WorkspaceId,
        task: TaskId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self
            .query(
                "SELECT result FROM tasks WHERE id = ?1 AND ws = ?2 AND state = 'done'",
                &[id(task), id(workspace)],
            )
            .await?;
        rows.first().map_or(Ok(None), |row| row.opt_bytes(0))
    }
}

pub(crate) async fn run_new(tx: &Tx<'_>, task: &NewTask) -> Result<(Reply, Effects), StoreError> {
    tx.execute(
        "INSERT INTO tasks (id, ws, kind, format, body, state, starts, wake_at, created_at, \
         updated_at) VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', 0, ?6, ?6, ?6)",
        &[
            id(task.id),
            id(task.workspace),
            task.kind.as_str().into(),
            task.format.into(),
            Value::Bytes(task.body.clone()),
            task.now.into(),
        ],
    )
    .await?;
    Ok((Reply::Count(1), Effects { tasks: true, ..Effects::default() }))
}

pub(crate) async fn run_claim(
    tx: &Tx<'_>,
    claim: &TaskClaim,
) -> Result<(Reply, Effects), StoreError> {
    let sql = if tx.is_postgres() {
        "SELECT id, ws, kind, format, body, starts FROM tasks WHERE wake_at IS NOT NULL \
         AND wake_at <= ?1 ORDER BY wake_at LIMIT 1 FOR UPDATE SKIP LOCKED"
    } else {
        "SELECT id, ws, kind, format, body, starts FROM tasks WHERE wake_at IS NOT NULL \
         AND wake_at <= ?1 ORDER BY wake_at LIMIT 1"
    };
    let Some(row) = tx.query_opt(sql, &[claim.now.into()]).await? else {
        return Ok((Reply::Task(None), Effects::default()));
    };
    let task = match read_claimed(&row, claim.token) {
        Ok(task) => task,
        Err(error) => {
            tracing::error!(task = ?row.uuid(0).ok(), error = %error, "a task is given up: its row is damaged");
            tx.execute(
                "UPDATE tasks SET state = 'failed', wake_at = NULL, updated_at = ?2 WHERE id = ?1",
                &[row.value(0), claim.now.into()],
            )
            .await?;
            // There may be others behind it.
            return Ok((Reply::Task(None), Effects { tasks: true, ..Effects::default() }));
        }
    };
    let given_up = task.starts > TASK_STARTS_MAX;
    tx.execute(
        "UPDATE tasks SET state = ?2, starts = starts + 1, token = ?3, wake_at = ?4, \
         updated_at = ?5 WHERE id = ?1",
        &[
            id(task.id),
            if given_up { "failed" } else { "running" }.into(),
            claim.token.into(),
            Some(claim.lease_until).filter(|_| !given_up).into(),
            claim.now.into(),
        ],
    )
    .await?;
    Ok((Reply::Task(Some(task).filter(|_| !given_up)), Effects::default()))
}

fn read_claimed(row: &Row, token: Uuid) -> Result<TaskRow, StoreError> {
    Ok(TaskRow {
        id: row.id(0)?,
        workspace: row.id(1)?,
        kind: row.text(2)?.to_owned(),
        format: row.int(3)?,
        body: row.bytes(4)?.to_vec(),
        starts: row.int(5)? + 1,
        token,
    })
}

pub(crate) async fn run_finish(
    tx: &Tx<'_>,
    finish: &TaskFinish,
) -> Result<(Reply, Effects), StoreError> {
    let ended = tx
        .execute(
            "UPDATE tasks SET state = 'done', wake_at = NULL, token = NULL, result = ?3, \
             body = ?5, updated_at = ?4 WHERE id = ?1 AND token = ?2",
            &[
                id(finish.id),
                finish.token.into(),
                Value::Bytes(finish.result.clone()),
                finish.now.into(),
                Value::Bytes(Vec::new()),
            ],
        )
        .await?;
    let effects = Effects { finished_tasks: vec![finish.id.uuid()], ..Effects::default() };
    Ok((Reply::Count(ended), effects))
}
