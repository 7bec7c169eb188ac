//! The conformance suite: every method, and batches of them with conflicts, on both databases.
//!
//! PostgreSQL is taken from `BATON_TEST_POSTGRES_URL` (set by `scripts/with-postgres.sh`); each test
//! makes a database of its own. Without that variable the PostgreSQL half fails, it is not skipped.

mod accounts;
mod audit;
mod captures;
mod claims;
mod damage;
mod direct;
mod documents;
mod erasing;
mod finishes;
mod harness;
mod held;
mod imports;
mod inbox;
mod jobs;
mod key_uses;
mod outcomes;
mod plans;
mod record;
mod seam;
mod sequels;
mod sqlite_only;
mod standing;
mod upgrade;
