//! What tests and the start of the program ask of a store about itself.

use crate::command::{Command, Effects, Reply};
use crate::db::Tx;
use crate::error::StoreError;
use crate::store::Store;

/// When the database puts a commit on disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Durability {
    /// Before it is acknowledged: what was acknowledged outlives a loss of power.
    pub before_answer: bool,
    /// The settings that say so, as the database names them.
    pub settings: String,
}

impl Store {
    /// When commits of the connection that takes leads in are on disk, as it says at run time.
    pub async fn durability(&self) -> Result<Durability, StoreError> {
        match self.write(Command::Durability).await? {
            Reply::Durability(durability) => Ok(durability),
            _ => Err(StoreError::Closed),
        }
    }

    /// Gives back two texts through a statement that binds them out of order: `?2, ?1, ?2`. Part
    /// of the conformance suite, since a driver that numbers parameters by their first appearance
    /// swaps them without an error.
    #[doc(hidden)]
    pub async fn echo_out_of_order(
        &self,
        first: &str,
        second: &str,
    ) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT CAST(?2 AS text), CAST(?1 AS text), CAST(?2 AS text)";
        let rows = self.query(sql, &[first.into(), second.into()]).await?;
        let row = rows.first().ok_or(StoreError::NotFound)?;
        (0..3).map(|column| row.text(column).map(str::to_owned)).collect()
    }

    /// A write that panics, to show that the writer goes on.
    #[doc(hidden)]
    pub async fn panic_in_a_write(&self) -> Result<(), StoreError> {
        self.write(Command::Panic).await.map(|_| ())
    }

    /// A read that panics in the thread that reads, where there is one, to show that it goes on.
    #[doc(hidden)]
    pub async fn panic_in_a_read(&self) -> Result<(), StoreError> {
        match self.sqlite() {
            Some(engine) => engine.read(|_| run_panic()).await,
            None => Ok(()),
        }
    }
}

#[expect(clippy::panic, reason = "what it is there for; no request leads here")]
pub(crate) fn run_panic() -> Result<(), StoreError> {
    panic!("a panic on purpose");
}

pub(crate) async fn run_durability(tx: &Tx<'_>) -> Result<(Reply, Effects), StoreError> {
    let durability = if tx.is_postgres() {
        let sql = "SELECT current_setting('synchronous_commit'), current_setting('fsync')";
        let row = tx.query_opt(sql, &[]).await?.ok_or(StoreError::NotFound)?;
        let (commit, fsync) = (row.text(0)?, row.text(1)?);
        Durability {
            before_answer: matches!(commit, "on" | "remote_apply") && fsync == "on",
            settings: format!("synchronous_commit={commit}, fsync={fsync}"),
        }
    } else {
        let journal =
            tx.query_opt("PRAGMA journal_mode", &[]).await?.ok_or(StoreError::NotFound)?;
        let sync = tx.query_opt("PRAGMA synchronous", &[]).await?.ok_or(StoreError::NotFound)?;
        let (journal, sync) = (journal.text(0)?, sync.int(0)?);
        Durability {
            // 2 is FULL, 3 is EXTRA.
            before_answer: journal == "wal" && sync >= 2,
            settings: format!("journal_mode={journal}, synchronous={sync}"),
        }
    };
    Ok((Reply::Durability(durability), Effects::default()))
}
