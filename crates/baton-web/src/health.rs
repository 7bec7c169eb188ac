//! Whether the process lives and whether it can store.

use crate::problem::{Code, Problem, json_bytes};
use crate::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use baton_domain::time::Millis;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long the outcome of a probe is used again, in milliseconds: `/readyz` is public, and each
/// probe is a commit.
pub const PROBE_KEPT_MS: i64 = 1_000;
/// Most milliseconds our clock may be off the database's.
pub const CLOCK_DRIFT_MS_MAX: i64 = 1_000;

/// The last probe.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    last: Mutex<Option<(Millis, Result<(), Problem>)>>,
}

pub(crate) fn routes() -> Router<AppState> {
    Router::from(described())
}

/// The routes with their description.
pub(crate) fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// Ask whether the process lives
#[utoipa::path(get, path = "/healthz", tag = "service",
    responses((status = 200, description = "It does.")), security(()))]
async fn healthz() -> Response {
    shown(json!({"status": "ok"}))
}

/// Ask whether leads can be taken
///
/// Answers 200 when a row was just written and a capture would find everything at hand.
#[utoipa::path(get, path = "/readyz", tag = "service",
    responses(
        (status = 200, description = "They can."),
        (status = 503, description = "The database cannot be written, or the clock is off."),
    ), security(()))]
async fn readyz(State(state): State<AppState>) -> Result<Response, Problem> {
    state.warm_up().await;
    probe(&state).await?;
    let drift = state.store.clock_offset_ms();
    if drift.abs() > CLOCK_DRIFT_MS_MAX {
        let detail = format!("the clock is {drift} ms off the database's; set it by NTP");
        return Err(Problem::new(Code::Unavailable, detail));
    }
    Ok(shown(json!({"status": "ready", "clock_drift_ms": drift})))
}

fn shown(state: Value) -> Response {
    json_bytes(StatusCode::OK, state.to_string().into_bytes())
}

pub(crate) async fn probe(state: &AppState) -> Result<(), Problem> {
    // Whoever waits here uses the outcome of the one before.
    let mut last = state.readiness.last.lock().await;
    let now = state.store.now();
    if let Some((at, outcome)) = &*last
        && (0..PROBE_KEPT_MS).contains(&now.since_ms(*at))
    {
        return outcome.clone();
    }
    let outcome = state.store.probe().await.map_err(Problem::from);
    *last = Some((state.store.now(), outcome.clone()));
    outcome
}
