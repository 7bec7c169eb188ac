//! The management API.

use crate::state::AppState;
use axum::Router;

/// Its routes.
pub fn routes() -> Router<AppState> {
    Router::new()
}
