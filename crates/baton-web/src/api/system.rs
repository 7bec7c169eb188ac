//! `/api/v1/system`: the server itself.

use super::answer;
use crate::auth::{Permit, scopes};
use crate::health::{CLOCK_DRIFT_MS_MAX, probe};
use crate::problem::Problem;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The server.
#[derive(Serialize, ToSchema)]
pub struct SystemView {
    /// Version of this release.
    version: String,
    /// `sqlite` or `postgres`.
    database: &'static str,
    /// Seconds since this process began.
    uptime_s: i64,
    /// Bytes that are free where the data directory is; null on PostgreSQL.
    data_dir_free_bytes: Option<u64>,
    /// Bytes the database takes.
    database_bytes: u64,
    /// How it feels.
    health: HealthView,
    /// How many nodes share the database.
    nodes: u32,
}

/// How the server feels.
#[derive(Serialize, ToSchema)]
pub struct HealthView {
    /// Whether leads can be taken.
    ready: bool,
    /// Why not, for people.
    detail: Option<String>,
    /// How far its clock is off the database's, in milliseconds.
    clock_drift_ms: i64,
    /// Bytes in the log of SQLite.
    wal_bytes: u64,
}

/// Look at the server
#[utoipa::path(get, path = "/api/v1/system", tag = "service",
    responses((status = 200, body = SystemView)), security(("key" = ["config:read"])))]
pub(super) async fn get_system(permit: Permit<scopes::ConfigRead>) -> Result<Response, Problem> {
    let (store, state) = (permit.store(), permit.state());
    let drift = store.clock_offset_ms();
    let detail = match probe(state).await {
        Err(problem) => Some(problem.detail),
        Ok(()) if drift.abs() > CLOCK_DRIFT_MS_MAX => {
            Some("the clock is off the database's; set it by NTP".to_owned())
        }
        Ok(()) => None,
    };
    let size = store.database_size().await?;
    let view = SystemView {
        version: state.settings.version.clone(),
        database: if store.is_postgres() { "postgres" } else { "sqlite" },
        uptime_s: store.now().since_ms(state.started_at).max(0) / 1_000,
        data_dir_free_bytes: size.free,
        database_bytes: size.used,
        health: HealthView {
            ready: detail.is_none(),
            detail,
            clock_drift_ms: drift,
            wal_bytes: store.wal_bytes(),
        },
        nodes: store.nodes(),
    };
    answer::json(StatusCode::OK, &view)
}
