//! `/api/v1/leads`: reading; what people do with leads is in the modules below.

pub(super) mod change;
pub(super) mod count;
pub(super) mod erase;
pub(super) mod export;
pub(super) mod notes;
mod timeline;

pub(super) use timeline::{__path_get_lead_timeline, get_lead_timeline};

use super::answer;
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Path, Problem, Query};
use axum::response::Response;
use baton_domain::config::{Campaign, Source};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{CampaignId, DeliveryId, DestinationId, LeadId, SourceId};
use baton_domain::lead::LeadState;
use baton_domain::time::Millis;
use baton_store::leads::{LeadDelivery, LeadFilter, LeadRow};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// Fewest characters of a free-text search.
pub const SEARCH_CHARS_MIN: usize = 3;
/// Longest text that is searched for, in characters.
pub const SEARCH_CHARS_MAX: usize = 200;

/// A lead.
#[derive(Serialize, ToSchema)]
pub struct LeadDocument {
    /// Its id.
    #[schema(value_type = String, example = "lead_01h455vb4pex5vsknk084sn02q")]
    pub id: LeadId,
    /// Its campaign.
    #[schema(value_type = String)]
    pub campaign_id: CampaignId,
    /// Reference of its campaign.
    pub campaign: String,
    /// Its source.
    #[schema(value_type = String)]
    pub source_id: SourceId,
    /// Name of its source.
    pub source: String,
    /// Where it stands.
    #[schema(value_type = String, example = "received")]
    pub state: LeadState,
    /// The operator's word for it.
    pub status: String,
    /// Its tags, in their order.
    pub tags: Vec<String>,
    /// 0 to 100.
    pub score: Option<i64>,
    /// Whether it is a test.
    pub test: bool,
    /// The lead it repeats.
    #[schema(value_type = Option<String>)]
    pub duplicate_of: Option<LeadId>,
    /// The sender's number of a partial lead's version.
    pub seq: Option<i64>,
    /// Its fields, normalised where there is a normal form.
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
    /// Its fields as they came.
    #[schema(value_type = Object)]
    pub raw: Map<String, Value>,
    /// What was found out about values, by field.
    #[schema(value_type = Object)]
    pub notes: Map<String, Value>,
    /// Where it came from.
    #[schema(value_type = Object)]
    pub context: Value,
    /// Why it was refused or put aside.
    pub problems: Option<Value>,
    /// Counts the versions of its data.
    pub data_version: i64,
    /// When it came.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// Where it went, newest first, at most 20; only in lists with `include=deliveries`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<Vec<LeadDeliveryView>>,
}

/// A delivery of a lead, in a list of leads.
#[derive(Serialize, ToSchema)]
pub struct LeadDeliveryView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: DeliveryId,
    /// The destination.
    #[schema(value_type = String)]
    pub destination_id: DestinationId,
    /// Name of the destination; its id once it was deleted.
    pub destination: String,
    /// Where it stands.
    #[schema(value_type = String)]
    pub state: DeliveryState,
}

/// A delivery as a list of leads shows it.
fn dot(access: &Access, delivery: &LeadDelivery) -> LeadDeliveryView {
    LeadDeliveryView {
        id: delivery.id,
        destination_id: delivery.destination,
        destination: access.destination_name(delivery.destination),
        state: delivery.state,
    }
}

fn view(access: &Access, row: LeadRow) -> LeadDocument {
    let source = access.known::<Source>(row.source);
    let campaign = access.known::<Campaign>(row.campaign);
    LeadDocument {
        id: row.id,
        campaign_id: row.campaign,
        // What was deleted is named by its id.
        campaign: campaign.map_or_else(|| row.campaign.to_string(), |c| c.body.reference.clone()),
        source_id: row.source,
        source: source.map_or_else(|| row.source.to_string(), |s| s.body.name.clone()),
        state: row.state,
        status: row.status,
        tags: row.tags,
        score: row.score,
        test: row.test,
        duplicate_of: row.duplicate_of,
        seq: row.partial_seq,
        fields: row.data.fields().0,
        raw: row.data.raw.0,
        notes: row.data.notes.0,
        context: serde_json::to_value(&row.data.context).unwrap_or_default(),
        problems: row.problems.and_then(|bytes| serde_json::from_slice(&bytes).ok()),
        data_version: row.data_version,
        created_at: row.created_at.to_rfc3339(),
        updated_at: row.updated_at.to_rfc3339(),
        deliveries: None,
    }
}

/// Which leads to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LeadQuery {
    /// Only of these states, with commas between them.
    state: Option<String>,
    /// Only of this campaign.
    campaign_id: Option<String>,
    /// Only of this source.
    source_id: Option<String>,
    /// Only with this status.
    status: Option<String>,
    /// Only with this tag.
    tag: Option<String>,
    /// `true`: only tests; `false`: only others.
    test: Option<bool>,
    /// Only that came at or after this time.
    since: Option<String>,
    /// Only that came before this time.
    until: Option<String>,
    /// Only that hold this text in a field, at least three characters.
    q: Option<String>,
    /// Only with exactly this e-mail address.
    email: Option<String>,
    /// Only with exactly this phone number.
    phone: Option<String>,
    /// `deliveries`: shows where each lead went.
    include: Option<String>,
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn states_of(text: Option<&str>) -> Result<Vec<LeadState>, Problem> {
    let read = |text: &str| {
        LeadState::parse(text.trim())
            .ok_or_else(|| answer::invalid_query("state", "must be states of leads"))
    };
    text.map_or(Ok(Vec::new()), |text| text.split(',').map(read).collect())
}

pub(super) fn time_of(name: &str, text: Option<&str>) -> Result<Option<Millis>, Problem> {
    let read = |text| {
        Millis::parse_rfc3339(text).ok_or_else(|| {
            answer::invalid_query(name, "must be an RFC 3339 time such as 2026-01-28T14:30:00Z")
        })
    };
    text.map(read).transpose()
}

fn filter_of(access: &Access, query: LeadQuery) -> Result<LeadFilter, Problem> {
    let searches = [&query.q, &query.email, &query.phone].into_iter().flatten().count();
    if searches > 1 {
        return Err(answer::invalid_query("q", "`email` and `phone` cannot be combined"));
    }
    let bounded = |name: &str, text: Option<String>, min: usize| match text {
        Some(text) if !(min..=SEARCH_CHARS_MAX).contains(&text.trim().chars().count()) => {
            let message = format!("must have {min} to {SEARCH_CHARS_MAX} characters");
            Err(answer::invalid_query(name, &message))
        }
        text => Ok(text),
    };
    let email = bounded("email", query.email, SEARCH_CHARS_MIN)?;
    let phone = bounded("phone", query.phone, SEARCH_CHARS_MIN)?;
    let campaign = answer::query("campaign_id", query.campaign_id.as_deref(), "a campaign's id")?;
    let source = answer::query("source_id", query.source_id.as_deref(), "a source's id")?;
    // A source never changes its campaign, and lists have an index by campaign.
    let of_source = || access.known::<Source>(source?).map(|doc| doc.body.campaign);
    Ok(LeadFilter {
        states: states_of(query.state.as_deref())?,
        campaign: campaign.or_else(of_source),
        source,
        status: bounded("status", query.status, 1)?,
        tag: bounded("tag", query.tag, 1)?.map(|tag| tag.trim().to_owned()),
        test: query.test,
        since: time_of("since", query.since.as_deref())?,
        until: time_of("until", query.until.as_deref())?,
        exact: email.or(phone),
        text: bounded("q", query.q, SEARCH_CHARS_MIN)?,
        before: answer::cursor(query.cursor.as_deref())?,
        limit: answer::limit(query.limit)?,
    })
}

/// List leads
///
/// Newest first. A page with filters that hit rarely may have fewer rows, or none, and still a
/// `next_cursor`.
#[utoipa::path(get, path = "/api/v1/leads", tag = "leads", params(LeadQuery),
    responses((status = 200, body = answer::Listed<LeadDocument>)),
    security(("key" = ["leads:read"])))]
pub(super) async fn list_leads(
    permit: Permit<scopes::LeadsRead>,
    Query(query): Query<LeadQuery>,
) -> Result<Response, Problem> {
    let with_deliveries = match query.include.as_deref() {
        None => false,
        Some("deliveries") => true,
        Some(_) => return Err(answer::invalid_query("include", "must be `deliveries`")),
    };
    let page = permit.workspace().leads(&filter_of(&permit, query)?).await?;
    let mut listed = answer::Listed::of::<LeadId, _>(page, |row| view(&permit, row));
    if with_deliveries {
        let leads: Vec<LeadId> = listed.data.iter().map(|lead| lead.id).collect();
        let mut found = permit.workspace().deliveries_of(&leads).await?;
        for lead in &mut listed.data {
            let of_it = found.remove(&lead.id).unwrap_or_default();
            lead.deliveries = Some(of_it.iter().map(|delivery| dot(&permit, delivery)).collect());
        }
    }
    answer::json(StatusCode::OK, &listed)
}

/// Read a lead
#[utoipa::path(get, path = "/api/v1/leads/{id}", tag = "leads", params(("id" = String, Path)),
    responses((status = 200, body = LeadDocument)), security(("key" = ["leads:read"])))]
pub(super) async fn get_lead(
    permit: Permit<scopes::LeadsRead>,
    Path(id): Path<LeadId>,
) -> Result<Response, Problem> {
    let row = permit.workspace().lead(id).await?.ok_or_else(|| Problem::not_found("lead"))?;
    answer::json(StatusCode::OK, &view(&permit, row))
}
