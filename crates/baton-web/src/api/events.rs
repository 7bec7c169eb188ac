//! `/api/v1/events`: the public record.

use super::answer;
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Problem, Query};
use axum::response::Response;
use baton_domain::connector::envelope::{event_envelope, lead_event_data};
use baton_domain::event::EventKind;
use baton_domain::id::{EventId, WorkspaceId};
use baton_store::StoreError;
use baton_store::events::{EventCursor, EventRow};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// Longest text of the parameter that names kinds of events.
const KINDS_CHARS_MAX: usize = 1_000;

/// An event, in the same bytes as webhooks get it.
#[derive(Serialize)]
#[serde(transparent)]
pub struct EventView(Box<RawValue>);

/// What an [`EventView`] looks like.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
struct EventShape {
    /// Its id.
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    id: EventId,
    /// What happened.
    event: EventKind,
    /// When.
    timestamp: String,
    /// The workspace.
    #[schema(value_type = String)]
    workspace_id: WorkspaceId,
    /// Counts the events of its lead.
    seq: i64,
    /// The lead with its fields at the top, or what the event is about.
    #[schema(value_type = Object)]
    data: Value,
}

impl PartialSchema for EventView {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        EventShape::schema()
    }
}

impl ToSchema for EventView {
    fn name() -> std::borrow::Cow<'static, str> {
        "Event".into()
    }
    fn schemas(
        schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>,
    ) {
        EventShape::schemas(schemas);
    }
}

impl EventView {
    /// An event of its bytes.
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, Problem> {
        let text = String::from_utf8(bytes).map_err(|_| Problem::internal())?;
        RawValue::from_string(text).map(Self).map_err(|_| Problem::internal())
    }

    /// Its JSON.
    pub(super) fn json(&self) -> &str {
        self.0.get()
    }
}

/// An event as webhooks get it. The data of a lead event is the version of the lead it was about,
/// while that is stored. Where a part is damaged, the rest is there with `"damaged": true`: a
/// reader that got an error instead would never come past it.
pub(super) async fn render(access: &Access, event: &EventRow) -> Result<EventView, Problem> {
    let read = serde_json::from_slice(&event.delta);
    let mut damaged = read.is_err();
    let mut delta: Map<String, Value> = read.unwrap_or_default();
    let lead = match event.lead.filter(|_| event.kind.is_lead()) {
        Some(lead) => match access.workspace().lead_view(lead, event.data_version).await {
            Err(StoreError::Damaged { .. }) => {
                damaged = true;
                None
            }
            lead => lead?,
        },
        None => None,
    };
    if damaged {
        tracing::error!(event = %event.id, "an event is shown without what is damaged of it");
        delta.insert("damaged".to_owned(), true.into());
    }
    let data = match (lead, event.lead) {
        (Some(lead), _) => lead_event_data(&lead, delta),
        (None, Some(id)) if event.kind.is_lead() => {
            delta.insert("id".to_owned(), id.to_string().into());
            Value::Object(delta)
        }
        _ => Value::Object(delta),
    };
    let bytes = event_envelope(event.id, event.kind, event.at, event.workspace, event.n, &data);
    EventView::new(bytes)
}

/// The kinds of events a parameter names; all when it is left out.
pub(super) fn kinds_of(text: Option<&str>) -> Result<Vec<EventKind>, Problem> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let read = |word: &str| EventKind::parse(word.trim()).filter(|k| *k != EventKind::WebhookTest);
    let kinds: Option<Vec<EventKind>> = text.split(',').map(read).collect();
    kinds.filter(|_| text.len() <= KINDS_CHARS_MAX).ok_or_else(|| {
        answer::invalid_query("events", "must name kinds of events, with commas between them")
    })
}

/// Which events to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Only of these kinds, with commas between them.
    events: Option<String>,
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before, or the `id` of a streamed event.
    cursor: Option<String>,
}

/// List events
///
/// Oldest first. `next_cursor` is always there: pass it later to get what happened since.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(EventQuery),
    responses((status = 200, body = answer::Listed<EventView>)),
    security(("key" = ["events:read"])))]
pub(super) async fn list_events(
    permit: Permit<scopes::EventsRead>,
    Query(query): Query<EventQuery>,
) -> Result<Response, Problem> {
    let limit = answer::limit(query.limit)?;
    let kinds = kinds_of(query.events.as_deref())?;
    let expected = "the `next_cursor` of the page before";
    let after: Option<EventCursor> = answer::query("cursor", query.cursor.as_deref(), expected)?;
    let (rows, cursor) = permit.workspace().events(after.unwrap_or_default(), limit).await?;
    let mut data = Vec::with_capacity(rows.len());
    for row in rows.iter().filter(|row| kinds.is_empty() || kinds.contains(&row.kind)) {
        data.push(render(&permit, row).await?);
    }
    let listed = answer::Listed::new(data, Some(cursor.to_string()));
    answer::json(StatusCode::OK, &listed)
}
