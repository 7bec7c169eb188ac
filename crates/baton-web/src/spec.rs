//! `/spec/{webhook_id}`: what to post to an endpoint, for whoever has its public id. Made anew from
//! the configuration at each look, so it is always current; it names nothing that a caller of the
//! endpoint would not learn from its answers.

use crate::api::{BaseUrl, sample_value};
use crate::capture::Entrance;
use crate::problem::{Path, Problem};
use crate::state::AppState;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use baton_domain::config::{Campaign, DuplicateAction, PausedAction, Source, SourceKind};
use baton_domain::lead::body::{CAPTURE_BODY_BYTES_MAX, FIELDS_MAX, VALUE_BYTES_MAX};
use baton_domain::lead::schema::{FieldKind, FieldSpec};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::header::{X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use http::{HeaderMap, HeaderValue};
use minijinja::Environment;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const PAGE: &str = include_str!("spec/page.html");
const STYLE: &str = include_str!("spec/page.css");
/// Most choices of a field that are shown.
const CHOICES_SHOWN_MAX: usize = 100;

/// Nothing is loaded and nothing runs; the one style is named by its hash.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
});

static PAGES: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut pages = Environment::new();
    // The name's ending is what texts are escaped for.
    pages.add_template("page.html", PAGE)?;
    Ok(pages)
});

/// The routes with their description.
pub(crate) fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(posting_specification))
}

/// Read what to post to a source
///
/// A page for people, of endpoint sources only.
#[utoipa::path(get, path = "/spec/{webhook_id}", tag = "capture",
    params(("webhook_id" = String, Path, description = "The source's public id.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")),
    security(()))]
async fn posting_specification(
    State(state): State<AppState>,
    base: BaseUrl,
    Path(webhook): Path<String>,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found("posting specification");
    let entrance = Entrance::by_webhook(&state, &webhook).await.map_err(|problem| {
        if problem.status() == http::StatusCode::NOT_FOUND { unknown() } else { problem }
    })?;
    let source = &entrance.source.body;
    if source.kind != SourceKind::Endpoint {
        return Err(unknown());
    }
    let url = base.url(&format!("/api/inbound/w/{}/leads", source.webhook_id));
    let page = render(source, &entrance.campaign.body, &url).map_err(|error| {
        tracing::error!(%error, "a posting specification cannot be written");
        Problem::internal()
    })?;
    let mut response = page.into_response();
    put_headers(response.headers_mut());
    Ok(response)
}

fn put_headers(headers: &mut HeaderMap) {
    let plain = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in plain {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
}

/// What the page shows.
#[derive(Serialize)]
struct Page<'a> {
    style: &'a str,
    source: &'a str,
    campaign: &'a str,
    reference: &'a str,
    url: &'a str,
    /// Why leads are refused now.
    closed: Option<&'a str>,
    body_kib: usize,
    fields_max: usize,
    value_kib: usize,
    signed: bool,
    origins: &'a [String],
    rate: Option<String>,
    wait_s: Option<u32>,
    fields: Vec<Row>,
    context: &'a [(&'a [&'a str], &'a str)],
    curl: String,
    answers: Vec<AnswerRow>,
}

/// A field as the page shows it.
#[derive(Serialize)]
struct Row {
    name: String,
    label: Option<String>,
    required: bool,
    kind: &'static str,
    rules: Vec<String>,
    example: String,
}

/// An answer as the page shows it.
#[derive(Serialize)]
struct AnswerRow {
    status: u16,
    meaning: &'static str,
    body: &'static str,
}

/// What may be said about the visit.
const CONTEXT: &[(&[&str], &str)] = &[
    (&["ip_address", "user_agent"], "address and browser of the person"),
    (
        &["page_url", "landing_page", "referrer"],
        "the page of the form, the first page, the page before",
    ),
    (
        &["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"],
        "where the visit came from",
    ),
    (&["gclid", "fbclid", "sub_id1"], "click ids and ids of yours; others of the kind too"),
    (&["optin_at", "consent_text"], "when the person agreed (RFC 3339), and to what words"),
    (&["trustedform_cert_url", "jornaya_leadid"], "certificates of consent"),
    (&["test"], "true: a test, which counts nowhere"),
];

fn render(source: &Source, campaign: &Campaign, url: &str) -> Result<String, minijinja::Error> {
    let pages = PAGES.as_ref().map_err(|e| {
        minijinja::Error::new(minijinja::ErrorKind::BadSerialization, e.to_string())
    })?;
    let country = campaign.country.as_deref();
    let fields: Vec<Row> = campaign.fields.iter().map(|spec| row(spec, country)).collect();
    let closed = if source.disabled {
        Some("This source is switched off: leads are refused now.")
    } else if campaign.paused && campaign.when_paused == PausedAction::Reject {
        Some("The campaign is paused: leads are refused now.")
    } else {
        None
    };
    let rate = source.rate_limit.map(|limit| format!("{} leads in {} s", limit.count, limit.per_s));
    let page = Page {
        style: STYLE,
        source: &source.name,
        campaign: &campaign.name,
        reference: &campaign.reference,
        url,
        closed,
        body_kib: CAPTURE_BODY_BYTES_MAX / 1024,
        fields_max: FIELDS_MAX,
        value_kib: VALUE_BYTES_MAX / 1024,
        signed: source.require_signature,
        origins: &source.allowed_origins,
        rate,
        wait_s: source.wait_ms.map(|ms| ms.div_ceil(1_000)),
        fields,
        context: CONTEXT,
        curl: curl(campaign, url),
        answers: answers(source, campaign),
    };
    pages.get_template("page.html")?.render(minijinja::value::Serde(&page))
}

fn row(spec: &FieldSpec, country: Option<&str>) -> Row {
    let mut rules = Vec::new();
    match (spec.min_length, spec.max_length) {
        (Some(min), Some(max)) => rules.push(format!("{min} to {max} characters")),
        (Some(min), None) => rules.push(format!("at least {min} characters")),
        (None, Some(max)) => rules.push(format!("at most {max} characters")),
        (None, None) => {}
    }
    if let Some(min) = &spec.min {
        rules.push(format!("not below {min}"));
    }
    if let Some(max) = &spec.max {
        rules.push(format!("not above {max}"));
    }
    if let Some(pattern) = &spec.pattern {
        rules.push(format!("matches the regular expression {pattern}"));
    }
    if !spec.choices.is_empty() {
        let shown = spec.choices.iter().take(CHOICES_SHOWN_MAX).cloned().collect::<Vec<_>>();
        let more = if spec.choices.len() > CHOICES_SHOWN_MAX { ", ..." } else { "" };
        rules.push(format!("one of: {}{more}", shown.join(", ")));
    }
    Row {
        name: spec.name.clone(),
        label: spec.label.clone(),
        required: spec.required,
        kind: words_of(spec.kind),
        rules,
        example: example_text(&sample_value(spec, country)),
    }
}

fn example_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        value => value.to_string(),
    }
}

fn words_of(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "text",
        FieldKind::Email => "an e-mail address",
        FieldKind::Phone => {
            "a phone number, of the campaign's country or with + and the country's code"
        }
        FieldKind::Number => "a decimal number, without grouping",
        FieldKind::Integer => "a whole number",
        FieldKind::Boolean => "yes or no (true, false, 1, 0)",
        FieldKind::Date => "a date, best as YYYY-MM-DD",
        FieldKind::Choice => "a choice",
        FieldKind::Postcode => "a postal code",
        FieldKind::Country => "a country, best as its ISO 3166-1 code",
        FieldKind::State => "a state or province",
        FieldKind::Url => "an http or https URL",
        FieldKind::Consent => "a consent: yes or no (true, false, 1, 0)",
    }
}

/// A request that would be taken.
fn curl(campaign: &Campaign, url: &str) -> String {
    let country = campaign.country.as_deref();
    let mut body = Map::new();
    for spec in &campaign.fields {
        let value = sample_value(spec, country);
        if !value.is_null() {
            body.insert(spec.name.clone(), value);
        }
    }
    body.insert("test".to_owned(), true.into());
    // A quote in single quotes: end them, say it, begin again.
    let body = Value::Object(body).to_string().replace('\'', "'\\''");
    format!(
        "curl -X POST '{url}' \\\n  -H 'Content-Type: application/json' \\\n  \
         -H 'Idempotency-Key: your-own-id-of-this-lead' \\\n  -d '{body}'"
    )
}

fn answers(source: &Source, campaign: &Campaign) -> Vec<AnswerRow> {
    let answer = |status, meaning, body| AnswerRow { status, meaning, body };
    let taken = match source.wait_ms {
        Some(_) => {
            r#"{"id":"lead_...","state":"received","outcome":"accepted","price":null,"redirect_url":null}"#
        }
        None => r#"{"id":"lead_...","state":"received"}"#,
    };
    let mut rows = vec![answer(201, "The lead is stored.", taken)];
    let refuses = campaign.duplicates.as_ref().is_some_and(|r| r.action == DuplicateAction::Reject);
    if campaign.duplicates.is_some() && !refuses {
        let body = r#"{"id":"lead_...","state":"received","duplicate_of":"lead_..."}"#;
        rows.push(answer(201, "The lead is stored and repeats one of yours.", body));
    }
    if refuses {
        let body = r#"{"status":409,"code":"duplicate_lead","duplicate_of":"lead_..."}"#;
        rows.push(answer(409, "The lead repeats one that came before.", body));
    }
    let invalid = r#"{"status":422,"code":"validation_failed","errors":[{"field":"email","code":"required","message":"..."}]}"#;
    rows.push(answer(422, "Fields are missing or wrong; `errors` names them.", invalid));
    let paused = r#"{"status":409,"code":"campaign_paused"}"#;
    rows.push(answer(409, "The campaign is paused.", paused));
    let unreadable = r#"{"status":400,"code":"malformed_json"}"#;
    rows.push(answer(400, "The body cannot be read.", unreadable));
    if source.require_signature {
        let unsigned = r#"{"status":401,"code":"invalid_signature"}"#;
        rows.push(answer(401, "The signature is missing or wrong.", unsigned));
    }
    let closed = r#"{"status":403,"code":"source_disabled"}"#;
    rows.push(answer(
        403,
        "This source is switched off, or the page's origin may not post.",
        closed,
    ));
    rows.push(answer(413, "The body is too large.", r#"{"status":413,"code":"body_too_large"}"#));
    rows.push(answer(
        429,
        "Too many leads in too short a time.",
        r#"{"status":429,"code":"rate_limited"}"#,
    ));
    rows.push(answer(
        503,
        "It cannot be stored now; try again.",
        r#"{"status":503,"code":"unavailable"}"#,
    ));
    rows
}
