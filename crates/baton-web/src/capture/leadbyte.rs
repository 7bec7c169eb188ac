//! LeadByte-shaped intake (`reference/integrations.md` 1): an existing LeadByte client posts here
//! unchanged. Refusals are HTTP 200 with their own codes; only what is no matter of the lead
//! (too large, too slow, too many, cannot be stored) has a status of its own, in the same shape.

mod names;
mod queue;
mod shape;

use super::answer::IDEMPOTENT_REPLAYED;
use super::entrance::{Entrance, find_campaign, posting_key};
use super::intake::{self, Incoming, Pending, Taken};
use super::reading;
use super::shapes::LeadByteAnswerShape;
use crate::body::{self, MediaType};
use crate::client_address::Peer;
use crate::metrics::bearer;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::response::Response;
use baton_domain::config::ApiKey;
use baton_domain::lead::body::{BodyFault, parse_form, parse_object, sort};
use baton_domain::personal::scalar_text;
use baton_store::Doc;
use baton_store::capture::Capture;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Uri};
use serde_json::{Map, Value};
use shape::Item;
use std::sync::Arc;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Most bytes of a body.
pub(crate) const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// Most leads of a body.
pub(crate) const BATCH_LEADS_MAX: usize = 200;

pub(super) fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(leads))
        .routes(routes!(queue::items))
        .routes(routes!(queue::item))
}

/// The key in a header or in the query. The header's underscore is LeadByte's; proxies that drop
/// such headers made clients send a dash.
fn presented<'a>(headers: &'a HeaderMap, query: &'a [(String, String)]) -> Option<&'a str> {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    header("x_key")
        .or_else(|| header("x-key"))
        .or_else(|| bearer(headers))
        .or_else(|| query.iter().find(|(name, _)| name == "key").map(|(_, key)| key.as_str()))
}

/// What a caller without a key that works is told, in words that fit where LeadByte's clients put
/// their key.
fn key_words(problem: Problem, presented: Option<&str>) -> Problem {
    let detail = match presented {
        _ if problem.code != Code::Unauthorized => return problem,
        None | Some("") => "X_KEY is required",
        Some(_) => "X_KEY is not valid",
    };
    Problem::new(Code::Unauthorized, detail)
}

/// The key of a call, if it may post leads.
async fn poster(state: &AppState, presented: Option<&str>) -> Result<Arc<Doc<ApiKey>>, Problem> {
    posting_key(state, presented).await.map_err(|problem| key_words(problem, presented))
}

/// The body's object: JSON, also without the header that says so, or one lead as a form.
fn read_object(headers: &HeaderMap, bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let read = match MediaType::of(headers) {
        // `curl -d '{...}'` calls JSON a form. No form begins with a bare brace: it is encoded.
        MediaType::Form if bytes.first() != Some(&b'{') => parse_form(bytes, BATCH_BYTES_MAX),
        MediaType::Json | MediaType::Text | MediaType::Missing | MediaType::Form => {
            parse_object(bytes, BATCH_BYTES_MAX)
        }
        MediaType::Multipart(_) | MediaType::Other => {
            let detail = "the body must be JSON or application/x-www-form-urlencoded, in UTF-8";
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
    };
    read.map_err(reading::unreadable)
}

fn query_pairs(uri: &Uri) -> Vec<(String, String)> {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Post leads as to LeadByte
///
/// One lead, or `{"leads": [...]}` with up to 200. The key may also come as `X-KEY`, as a bearer
/// token, as `?key=` or as `key` in the body.
#[utoipa::path(post, path = "/restapi/v1.3/leads", tag = "leadbyte",
    operation_id = "leadbyte_leads",
    params(
        ("campid" = Option<String>, Query, description = "The campaign, where the lead has none."),
        ("Idempotency-Key" = Option<String>, Header,
            description = "Repeating a request with the same key and body makes nothing."),
    ),
    request_body(content((Object = "application/json"),
        (Object = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = LeadByteAnswerShape)),
    security(("x_key" = ["leads:write"])))]
async fn leads(State(state): State<AppState>, request: Request) -> Response {
    let began = Instant::now();
    match receive(&state, request).await {
        Ok(batch) => batch.answer(&state, began),
        Err(problem) => shape::refused(&problem),
    }
}

struct Batch {
    single: bool,
    items: Vec<Item>,
    replayed: bool,
}

impl Batch {
    fn answer(self, state: &AppState, began: Instant) -> Response {
        let seconds = began.elapsed().as_secs_f64();
        let mut response = shape::answer(self.single, &self.items, state.store.now(), seconds);
        if self.replayed {
            response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// What belongs to the request as a whole.
struct Call {
    key: Arc<Doc<ApiKey>>,
    headers: HeaderMap,
    peer: Option<Peer>,
    bytes: Bytes,
    campaign: Option<String>,
}

async fn receive(state: &AppState, request: Request) -> Result<Batch, Problem> {
    let (parts, body) = request.into_parts();
    let query = query_pairs(&parts.uri);
    // A key outside the body is judged before the body is read.
    let early = match presented(&parts.headers, &query) {
        Some(key) => Some(poster(state, Some(key)).await),
        None => None,
    };
    let early = match early {
        Some(Err(problem)) => {
            body::discard(&parts, body).await;
            return Err(problem);
        }
        Some(Ok(key)) => Some(key),
        None => None,
    };
    let bytes = body::read_parts(&parts, body, BATCH_BYTES_MAX).await?;
    let mut object = read_object(&parts.headers, &bytes)?;
    let in_body = object.shift_remove("key").and_then(|key| scalar_text(&key));
    let key = match early {
        Some(key) => key,
        None => poster(state, in_body.as_deref()).await?,
    };
    let campaign = query.into_iter().find(|(name, _)| name == "campid").map(|(_, id)| id);
    let (single, leads, campaign) = match object.shift_remove("leads") {
        Some(Value::Array(leads)) => {
            let of_all = object.get("campid").and_then(scalar_text);
            (false, leads, of_all.or(campaign))
        }
        Some(_) => {
            return Err(Problem::invalid_field("leads", "wrong_type", "must be a list of leads"));
        }
        None => (true, vec![Value::Object(object)], campaign),
    };
    check_count("leads", leads.len())?;
    let peer = parts.extensions.get::<Peer>().copied();
    let call = Call { key, headers: parts.headers, peer, bytes, campaign };
    take_all(state, &call, leads).await.map(|(items, replayed)| Batch { single, items, replayed })
}

/// Refuses an empty list and one that is too long.
fn check_count(name: &str, count: usize) -> Result<(), Problem> {
    let why = match count {
        0 => return Err(Problem::invalid_field(name, "required", "must have at least one item")),
        1..=BATCH_LEADS_MAX => return Ok(()),
        _ => format!("has {count} items, at most {BATCH_LEADS_MAX} are taken"),
    };
    Err(Problem::invalid_field(name, "too_many", why))
}

/// A lead on its way through the batch.
struct OneLead {
    entrance: Entrance,
    pending: Pending,
    names: names::Translated,
}

/// Judges all leads, stores all that may be in one go, and answers each in its place.
async fn take_all(
    state: &AppState,
    call: &Call,
    leads: Vec<Value>,
) -> Result<(Vec<Item>, bool), Problem> {
    let mut items: Vec<Option<Item>> = Vec::with_capacity(leads.len());
    let mut ready: Vec<(usize, OneLead)> = Vec::new();
    let mut captures: Vec<Capture> = Vec::new();
    let mut replayed = false;
    for (at, lead) in leads.into_iter().enumerate() {
        match prepare(state, call, at, lead).await {
            Ok(Start::Ready(capture, one)) => {
                items.push(None);
                captures.push(*capture);
                ready.push((at, one));
            }
            Ok(Start::Done(taken, names)) => {
                replayed |= taken.replayed;
                items.push(Some(Item::taken(taken, &names)));
            }
            Err(problem) => items.push(Some(Item::refused(&problem))),
        }
    }
    let stored = intake::store_all(state, captures).await?;
    let concluded = ready.into_iter().zip(stored).map(|((at, one), stored)| async move {
        let taken = match stored {
            Ok(captured) => intake::conclude(state, &one.entrance, one.pending, captured).await,
            Err(error) => Err(error.into()),
        };
        (at, taken, one.names)
    });
    for (at, taken, names) in futures_util::future::join_all(concluded).await {
        let item = match taken {
            Ok(taken) => {
                replayed |= taken.replayed;
                Item::taken(taken, &names)
            }
            Err(problem) => Item::refused(&problem),
        };
        items[at] = Some(item);
    }
    Ok((items.into_iter().flatten().collect(), replayed))
}

enum Start {
    Ready(Box<Capture>, OneLead),
    Done(Taken, names::Translated),
}

async fn prepare(state: &AppState, call: &Call, at: usize, lead: Value) -> Result<Start, Problem> {
    let Value::Object(mut lead) = lead else {
        return Err(Problem::invalid_field("leads", "wrong_type", "must be a list of objects"));
    };
    let entrance = entrance(state, call, &mut lead).await?;
    entrance.check_open(state)?;
    entrance.check_signature(state, &call.headers, &call.bytes)?;
    let names = names::translate(&entrance.campaign.body.fields, lead);
    let body = sort(names.lead.clone()).map_err(|mut problem| {
        problem.field = problem.field.map(|f| names.as_sent(&f).to_owned());
        if problem.fault == BodyFault::DuplicateKey {
            problem.message = "a name stands there twice".to_owned();
        }
        reading::unreadable(problem)
    })?;
    let scope = [entrance.scope.as_slice(), b" lead ", at.to_string().as_bytes()].concat();
    let idempotency =
        reading::idempotency(state, entrance.workspace, &scope, &call.headers, &call.bytes)?;
    let server = reading::server_facts(state, call.peer, &call.headers);
    match intake::prepare(state, &entrance, Incoming { body, server, idempotency }) {
        Ok((capture, pending)) => {
            Ok(Start::Ready(Box::new(capture), OneLead { entrance, pending, names }))
        }
        Err(refusal) => {
            let taken = intake::refused_or_replayed(state, &entrance, refusal).await?;
            Ok(Start::Done(taken, names))
        }
    }
}

async fn entrance(
    state: &AppState,
    call: &Call,
    lead: &mut Map<String, Value>,
) -> Result<Entrance, Problem> {
    lead.shift_remove("key");
    let named = lead.shift_remove("campid").and_then(|id| scalar_text(&id));
    let named = named.filter(|id| !id.trim().is_empty()).or_else(|| call.campaign.clone());
    let refuse = |code, why| Problem::invalid_field("campid", code, why);
    // A client of LeadByte that forgot it has to hear so: its leads would land anywhere.
    let named = named.as_deref().map(str::trim).filter(|id| !id.is_empty());
    let named = named.ok_or_else(|| refuse("required", "is required"))?;
    let snapshot = state.store.snapshot();
    let campaign = find_campaign(&snapshot, call.key.meta.workspace, Some(named))
        .map_err(|_| refuse("unknown", "is not a campaign of this account"))?;
    Entrance::by_key(state, &call.key, campaign).await
}
