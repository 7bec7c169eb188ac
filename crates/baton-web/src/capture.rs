//! Where leads come in.

use crate::state::AppState;
use axum::Router;

/// What captures keep between requests.
#[derive(Debug, Default)]
pub(crate) struct CaptureState {}

/// Its routes.
pub fn routes() -> Router<AppState> {
    Router::new()
}
