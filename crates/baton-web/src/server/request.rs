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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use baton_domain::time::{Clock, Entropy, Millis};
    use baton_store::sealing::MasterKey;
    use baton_store::{Location, Store, StoreSettings};
    use std::sync::Arc;
    use tower::ServiceExt;

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Millis {
            Millis(1_790_000_000_000)
        }
    }
    impl Entropy for Still {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    #[tokio::test]
    async fn panic_in_a_handler_is_a_problem_without_its_words() {
        async fn fall() -> Response {
            let numbers: Vec<u8> = Vec::new();
            numbers.first().expect("jane@example.com").to_string().into_response()
        }
        let dir = tempfile::tempdir().unwrap();
        let settings = StoreSettings {
            location: Location::Sqlite { dir: dir.path().to_owned() },
            master: MasterKey::new([7; 32], Arc::new(Still)),
            clock: Arc::new(Still),
            entropy: Arc::new(Still),
        };
        let store = Store::open(settings).await.unwrap();
        let state = AppState::new(store, Arc::default(), crate::WebSettings::default());
        let routes = Router::new().route("/fall", get(fall));
        let router = wrap(routes, state.clone()).with_state(state.clone());
        let request = Request::get("/fall").body(axum::body::Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), 500);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("\"code\":\"internal\"") && !body.contains("jane"), "{body}");
        assert_eq!(state.stats.panics.get(), 1);
    }
}
