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
mod shapes;

pub(crate) use bulk::prepare_row;
pub(crate) use entrance::{Entrance, find_campaign};
pub(crate) use intake::duplicate_keys;

use crate::limiter::Limiter;
use crate::state::AppState;
use axum::Router;
use baton_domain::id::SourceId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What captures keep between requests.
#[derive(Debug, Default)]
pub(crate) struct CaptureState {
    schemas: schemas::Schemas,
    limiter: Limiter<SourceId>,
    api_sources: entrance::ApiSources,
}

/// Its routes.
pub fn routes() -> Router<AppState> {
    Router::from(described())
}

/// The routes with their description.
pub(crate) fn described() -> OpenApiRouter<AppState> {
    let (schemas, paths, by_webhook) = routes!(inbound::by_webhook);
    let webhook = (schemas, paths, by_webhook.options(inbound::preflight_webhook));
    let (schemas, paths, by_key) = routes!(inbound::by_key);
    let key = (schemas, paths, by_key.options(inbound::preflight_key));
    OpenApiRouter::new().routes(webhook).routes(key).merge(leadbyte::described())
}
