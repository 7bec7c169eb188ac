//! The HTTP face of Baton: capture endpoints, the management API, health and metrics.
//!
//! Capture reads its configuration from the store's snapshot in memory and writes one command; it
//! calls nobody. What needs the network is the engine's, and the two meet in the store.

// Nothing from outside may make a request path panic.
#![cfg_attr(
    not(test),
    warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used)
)]

mod admin;
pub mod api;
pub mod auth;
pub mod body;
pub mod capture;
mod catch_up;
pub mod client_address;
pub mod health;
pub mod importing;
pub mod keys;
pub mod limiter;
pub mod metrics;
pub mod openapi;
pub mod problem;
pub mod server;
mod spec;
pub mod state;

pub use server::{ServerSettings, serve};
pub use state::{AppState, WebSettings};

use axum::Router;

/// All routes, with a problem for every path and method that is none.
pub fn router(state: AppState) -> Router {
    let pages = Router::from(spec::described()).merge(admin::routes());
    served(capture::routes().merge(api::routes()).merge(pages), state)
}

/// Health and metrics only, for a process that takes no leads and has no API.
pub fn health_router(state: AppState) -> Router {
    served(Router::new(), state)
}

fn served(routes: Router<AppState>, state: AppState) -> Router {
    let routes = routes
        .merge(health::routes())
        .merge(metrics::routes())
        .method_not_allowed_fallback(problem::method_not_allowed)
        .fallback(problem::no_such_path);
    server::request::wrap(routes, state.clone()).with_state(state)
}
