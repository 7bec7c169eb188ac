use super::{Code, Problem};
use baton_store::StoreError;

/// Seconds after which a caller should try again when the database is gone.
pub const UNAVAILABLE_RETRY_S: u64 = 5;
/// Seconds after which a caller should try again when the queue is full.
pub const OVERLOADED_RETRY_S: u64 = 1;

/// What a failed store call means to a caller. [`StoreError::Replayed`] is an answer, not an
/// error: who sends idempotency keys with documents takes it before.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded | StoreError::Collision => {
                Self::new(Code::Overloaded, "too much is waiting to be stored; try again")
                    .retry_after(OVERLOADED_RETRY_S)
            }
            StoreError::Closed => Self::new(Code::Overloaded, "the server is stopping; try again")
                .retry_after(OVERLOADED_RETRY_S),
            // The store's own log tells of it.
            StoreError::Unavailable(_) => {
                Self::new(Code::Unavailable, "it cannot be stored now; try again")
                    .retry_after(UNAVAILABLE_RETRY_S)
            }
            StoreError::NotFound => Self::not_found("thing"),
            StoreError::VersionConflict { current } => Self::new(
                Code::VersionConflict,
                "the document was changed meanwhile; read it again and repeat the change",
            )
            .with("current_version", current),
            StoreError::Taken { what } => Self::new(Code::Taken, format!("{what} is taken")),
            StoreError::IdempotencyMismatch => idempotency_mismatch(),
            StoreError::Damaged { what, .. } => {
                let logged: &dyn std::error::Error = &error;
                tracing::error!(error = logged, "what is stored is damaged");
                let detail = format!(
                    "a stored {what} is damaged and cannot be read; the server's log says more \
                     under this request's id, a backup may have it whole"
                );
                Self::new(Code::Damaged, detail)
            }
            error @ (StoreError::Statement(_) | StoreError::Replayed { .. }) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "a store call failed");
                Self::internal()
            }
        }
    }
}

impl Problem {
    /// A defect of ours; the log has the cause.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            Code::Internal,
            "something is broken here; the server's log has the cause under this request's id",
        )
    }
}

/// The problem of a key that comes again with another body.
#[must_use]
pub fn idempotency_mismatch() -> Problem {
    Problem::new(
        Code::IdempotencyMismatch,
        "this Idempotency-Key was used with another body; use a new key for another request",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_ask_to_try_again() {
        for error in
            [StoreError::Overloaded, StoreError::Unavailable("gone".to_owned()), StoreError::Closed]
        {
            let problem = Problem::from(error);
            assert_eq!(problem.status().as_u16(), 503);
            assert!(problem.retry_after_s.is_some());
        }
    }

    #[test]
    fn causes_that_are_ours_are_not_shown() {
        let error = StoreError::Damaged { what: "lead", detail: "jane@example.com".to_owned() };
        let body = String::from_utf8(Problem::from(error).body()).unwrap();
        assert!(!body.contains("jane"));
        assert!(body.contains("\"code\":\"damaged\"") && body.contains("a stored lead"), "{body}");
    }
}
