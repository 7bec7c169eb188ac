//! What happens around every handler: the request's id, panics, counting.

use crate::metrics::AnswerLabels;
use crate::problem::{Problem, REQUEST_ID};
use crate::state::AppState;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use baton_domain::id::{TaskId, TypedId};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue};
use std::panic::AssertUnwindSafe;

/// Header of a request's id, in and out.
pub(crate) const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Most characters of an id given by the caller.
const REQUEST_ID_CHARS_MAX: usize = 128;

/// Puts the outermost layer around routes.
pub(crate) fn wrap(routes: Router<AppState>, state: AppState) -> Router<AppState> {
    // On each route, so that the matched path is known, and on what matches none.
    routes.layer(from_fn_with_state(state, around))
}

async fn around(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let id = request_id(&state, &request);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let answer = REQUEST_ID.scope(id.clone(), async {
        match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(response) => response,
            Err(_) => {
                // The panic's own text may hold what the caller sent, so it is not logged here.
                tracing::error!(request = id, route, "a handler panicked");
                state.stats.panics.inc();
                Problem::internal().into_response()
            }
        }
    });
    let mut response = answer.await;
    let labels = AnswerLabels { route, status: response.status().as_u16() };
    state.stats.answers.get_or_create(&labels).inc();
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    response
}

/// The caller's id when it is a plain word, else a new one.
fn request_id(state: &AppState, request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID_HEADER).and_then(|v| v.to_str().ok());
    let is_plain = |id: &&str| {
        (1..=REQUEST_ID_CHARS_MAX).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(&b))
    };
    given
        .filter(is_plain)
        .map_or_else(|| state.store.new_id::<TaskId>().uuid().to_string(), str::to_owned)
}
