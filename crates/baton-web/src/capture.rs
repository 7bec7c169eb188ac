//! Where leads come in.
//!
//! ```text
//! which source, may it -> read the body -> judge it -> one command, committed -> answer
//!      (entrance)           (reading)      (intake)        (the store)          (answer)
//! ```
//! Everything before the command reads memory only. The command runs in a task of its own, so that
//! a caller who hangs up changes nothing.

mod answer;
mod bulk;
mod cors;
mod entrance;
mod inbound;
mod intake;
mod leadbyte;
mod outcome;
mod reading;
mod schemas;

pub(crate) use bulk::prepare_row;
pub(crate) use entrance::{Entrance, find_campaign};

use crate::limiter::Limiter;
use crate::state::AppState;
use axum::Router;
use axum::routing::post;
use baton_domain::id::SourceId;

/// What captures keep between requests.
#[derive(Debug, Default)]
pub(crate) struct CaptureState {
    schemas: schemas::Schemas,
    limiter: Limiter<SourceId>,
    api_sources: entrance::ApiSources,
}

/// Its routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route(
            "/api/inbound/w/{webhook}/leads",
            post(inbound::by_webhook).options(inbound::preflight_webhook),
        )
        .route(
            "/api/inbound/{workspace}/leads",
            post(inbound::by_key).options(inbound::preflight_key),
        )
        .merge(leadbyte::routes())
}
