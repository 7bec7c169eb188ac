//! `/metrics` in the text format of Prometheus.

use crate::problem::{Code, Problem};
use crate::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use baton_domain::config::Scope;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::{Mutex, PoisonError};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Labels of answers.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(crate) struct AnswerLabels {
    /// The route, not the path: `/api/inbound/w/{webhook_id}/leads`.
    pub route: String,
    /// The status.
    pub status: u16,
}

/// Labels of captures.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(crate) struct CaptureLabels {
    /// State of the lead, or the code of the refusal.
    pub outcome: &'static str,
}

/// What is counted, and what others had registered.
#[derive(Debug)]
pub struct Stats {
    registry: Mutex<Registry>,
    pub(crate) answers: Family<AnswerLabels, Counter>,
    pub(crate) captures: Family<CaptureLabels, Counter>,
    pub(crate) capture_seconds: Histogram,
    pub(crate) connections: Gauge,
    pub(crate) panics: Counter,
}

/// Upper bounds of the capture histogram, in seconds.
const CAPTURE_SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

impl Stats {
    pub(crate) fn new() -> Self {
        let stats = Self {
            registry: Mutex::new(Registry::with_prefix("baton")),
            answers: Family::default(),
            captures: Family::default(),
            capture_seconds: Histogram::new(CAPTURE_SECONDS),
            connections: Gauge::default(),
            panics: Counter::default(),
        };
        stats.register(|registry| {
            registry.register("http_answers", "Answers", stats.answers.clone());
            registry.register(
                "captures",
                "Captures by what became of them",
                stats.captures.clone(),
            );
            registry.register(
                "capture_seconds",
                "From the read body to the committed lead",
                stats.capture_seconds.clone(),
            );
            registry.register("http_connections", "Open connections", stats.connections.clone());
            registry.register("handler_panics", "Handlers that panicked", stats.panics.clone());
        });
        stats
    }

    /// Lets another part of the process add its own metrics.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }
}

pub(crate) fn routes() -> Router<AppState> {
    Router::from(described())
}

/// The routes with their description.
pub(crate) fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// Read metrics
///
/// In the text format of Prometheus. Needs no key where the server's settings say so.
#[utoipa::path(get, path = "/metrics", tag = "service",
    responses((status = 200, description = "Counters, gauges and histograms.",
        content_type = "application/openmetrics-text", body = String)),
    security(("key" = ["metrics:read"])))]
async fn metrics(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    if !state.settings.metrics_public {
        let key = state.live_key(bearer(&headers).unwrap_or_default()).await?;
        let (_, key) = key.ok_or_else(|| {
            Problem::new(Code::Unauthorized, "metrics need a key with the scope metrics:read")
        })?;
        if !key.body.allows(Scope::MetricsRead) {
            let detail = "this key does not have the scope metrics:read";
            let scope = Scope::MetricsRead.as_str();
            return Err(Problem::new(Code::Forbidden, detail).with("scope", scope));
        }
    }
    let mut text = state.stats.text().map_err(|_| Problem::internal())?;
    // The store's own figures are read when asked for; it keeps no registry.
    let marker = "# EOF\n";
    text.truncate(text.len() - if text.ends_with(marker) { marker.len() } else { 0 });
    text.push_str(&format!(
        "# HELP baton_wal_bytes Bytes in the log of SQLite.\n# TYPE baton_wal_bytes gauge\n\
         baton_wal_bytes {}\n{marker}",
        state.store.wal_bytes()
    ));
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response())
}

/// The credential of `Authorization: Bearer`, if there is one.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, credential) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credential.trim())
}
