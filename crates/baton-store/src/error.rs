use thiserror::Error;

/// Why a store call did not do what was asked. Callers branch on the variant.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The write queue is full; try again in a moment. Nothing was written.
    #[error("the write queue is full")]
    Overloaded,
    /// The database cannot write or be reached now (disk full, connection lost). Nothing was
    /// written. Only where the database went away or silent in the commit itself, and stayed so
    /// while its outcome was looked for, may it have been written all the same.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// Somebody changed the document meanwhile; carries the version that stands now.
    #[error("the document was changed meanwhile, it is at version {current}")]
    VersionConflict {
        /// The version that stands now.
        current: i64,
    },
    /// There is no such thing in this workspace.
    #[error("not found")]
    NotFound,
    /// The same idempotency key came with another body.
    #[error("the idempotency key was used with another body")]
    IdempotencyMismatch,
    /// The same idempotency key was used before; this is what was answered then.
    #[error("the idempotency key was used before")]
    Replayed {
        /// HTTP status of the answer.
        status: u16,
        /// Its body, byte for byte.
        answer: Vec<u8>,
    },
    /// A value that must be unique is taken.
    #[error("{what} is taken")]
    Taken {
        /// What is taken, for people.
        what: String,
    },
    /// A stored row could not be read: a defect or damage.
    #[error("a stored {what} cannot be read: {detail}")]
    Damaged {
        /// Which kind of row.
        what: &'static str,
        /// What is wrong with it, without its contents.
        detail: String,
    },
    /// A statement failed for a reason that is a defect.
    #[error("the database refused a statement: {0}")]
    Statement(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Several writers collided; the writer runs the batch again.
    #[error("the transaction collided with another")]
    Collision,
}

impl StoreError {
    /// Stored JSON that cannot be read, or a value that cannot be written as JSON. The parser's own
    /// words are left out: they could repeat what is in it.
    #[must_use]
    pub fn unreadable(what: &'static str, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self::Damaged { what, detail: format!("it is no fit JSON at line {line}, column {column}") }
    }

    /// Whether the fault is the database's state and not the command's.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Overloaded | Self::Closed)
    }
}

/// Why a store could not be opened; each text says what to do.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process holds the data directory.
    #[error(
        "the data directory {dir} is in use by another Baton process; stop that one first, or \
         give this one another --data directory"
    )]
    InUse {
        /// The directory.
        dir: String,
    },
    /// The directory cannot be made or written.
    #[error("cannot use the data directory {dir}: {source}")]
    Directory {
        /// The directory.
        dir: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The database is from a newer release.
    #[error(
        "the database is at migration {found}, this release knows up to {known}; start the newer \
         release, or restore the backup made before the upgrade"
    )]
    Newer {
        /// Last migration in the database.
        found: i64,
        /// Last migration this release knows.
        known: i64,
    },
    /// The master key does not fit what is stored.
    #[error(
        "the master key is not the one this database was sealed with; restore the key file or set \
         BATON_MASTER_KEY to the former key"
    )]
    WrongKey,
    /// PostgreSQL is older than 15.
    #[error("PostgreSQL {found} is too old, 15 or newer is needed")]
    PostgresTooOld {
        /// Its version.
        found: String,
    },
    /// Anything the database said.
    #[error("cannot open the database: {0}")]
    Database(#[from] StoreError),
    /// The URL of PostgreSQL cannot be read.
    #[error("the database URL cannot be read: {0}")]
    Url(String),
}
