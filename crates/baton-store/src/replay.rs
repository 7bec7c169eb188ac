//! What became of an earlier capture with the same idempotency key, without writing anything.

use crate::capture::run::Remembered;
use crate::capture::{Captured, Idempotency};
use crate::db::Value;
use crate::error::StoreError;
use crate::store::Store;

impl Store {
    /// The capture that was made with this idempotency key, if there was one. For answers that
    /// are decided before anything is written: they must not change what a repeated request gets.
    ///
    /// # Errors
    /// [`StoreError::IdempotencyMismatch`] when the key came with another body.
    pub async fn captured_before(
        &self,
        wanted: &Idempotency,
    ) -> Result<Option<Captured>, StoreError> {
        let rows = self
            .query(
                "SELECT body_hash, answer FROM idempotency WHERE key = ?1",
                &[Value::Bytes(wanted.key.to_vec())],
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if row.bytes(0)? != wanted.body_hash {
            return Err(StoreError::IdempotencyMismatch);
        }
        let remembered: Remembered = serde_json::from_slice(row.bytes(1)?)
            .map_err(|e| StoreError::unreadable("idempotency row", &e))?;
        Ok(Some(remembered.replayed()))
    }
}
