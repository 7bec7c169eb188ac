//! Looking up what was answered to an idempotency key, before the work is done again.

use crate::capture::Idempotency;
use crate::db::Value;
use crate::error::StoreError;
use crate::store::Store;

impl Store {
    /// The status and the sealed answer kept for a key, if it was used. The transaction that
    /// stores an answer decides between callers that come at once; this spares repeated requests
    /// the checks that only fit the first one.
    ///
    /// # Errors
    /// [`StoreError::IdempotencyMismatch`] when it was used with another body.
    pub async fn answer_of(
        &self,
        wanted: &Idempotency,
    ) -> Result<Option<(u16, Vec<u8>)>, StoreError> {
        let key = Value::Bytes(wanted.key.to_vec());
        let sql = "SELECT body_hash, status, answer FROM idempotency WHERE key = ?1";
        let rows = self.query(sql, &[key]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if row.bytes(0)? != wanted.body_hash {
            return Err(StoreError::IdempotencyMismatch);
        }
        let status = u16::try_from(row.int(1)?).unwrap_or(201);
        Ok(Some((status, row.bytes(2)?.to_vec())))
    }
}
