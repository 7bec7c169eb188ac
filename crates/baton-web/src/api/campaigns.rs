//! `/api/v1/campaigns`.

mod pause;
mod rules;
mod sample;

pub(super) use pause::{
    __path_pause_campaign, __path_resume_campaign, pause_campaign, resume_campaign,
};
pub(super) use sample::{__path_check_sample, check_sample};

use super::answer;
use super::document::{Changed, new_doc};
use super::input::{Body, Creating, IfMatch, Patch};
use super::span::Span;
use super::strict::Strict;
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Code, Path, Problem, Query};
use axum::response::Response;
use baton_domain::config::{
    Campaign, Destination, DuplicateAction, DuplicateMatch, PausedAction, Source, SourceKind,
    Workspace,
};
use baton_domain::id::{CampaignId, SourceId};
use baton_domain::lead::schema::FieldSpec;
use baton_domain::secret::Secrets;
use baton_domain::time::Millis;
use baton_store::Doc;
use baton_store::docs::{DocWrite, Expect};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How often a creation is tried again when the workspace changed meanwhile.
const CREATE_TRIES_MAX: usize = 5;
/// Name of the source that a campaign's API captures come from.
pub const API_SOURCE: &str = "API";

/// What can be set about a campaign.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignInput {
    /// Its name.
    #[schema(min_length = 1, max_length = 200, example = "Solar UK")]
    pub name: String,
    /// What callers may use instead of the id; unique in the workspace, compared without case.
    /// Made from the name when left out.
    #[serde(default)]
    #[schema(max_length = 64, example = "SOLAR-UK")]
    pub reference: Option<String>,
    /// ISO 3166-1 alpha-2 code; phones without a country code are read as of this country.
    #[serde(default)]
    #[schema(example = "GB")]
    pub country: Option<String>,
    /// ISO 4217 code of prices; when left out that of the country, without one `USD`.
    #[serde(default)]
    #[schema(example = "GBP")]
    pub currency: Option<String>,
    /// The fields of its leads; e-mail (required), phone, first and last name when left out.
    #[serde(default)]
    #[schema(value_type = Option<Vec<FieldSpec>>)]
    pub fields: Option<Vec<Strict<FieldSpec>>>,
    /// Who counts as a duplicate; null: nobody.
    #[serde(default)]
    pub duplicates: Option<DuplicatesInput>,
    /// What it does with leads while it is paused.
    #[serde(default)]
    pub when_paused: Option<PausedAction>,
}

/// Who counts as a duplicate.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DuplicatesInput {
    /// The fields that are compared by their normalised values.
    pub fields: Vec<String>,
    /// Whether one equal field is enough.
    #[serde(default)]
    pub matching: DuplicateMatch,
    /// How long a lead keeps others out, such as `30d`; for ever when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "30d")]
    pub window: Option<Span>,
    /// The same in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_s: Option<i64>,
    /// What happens to a duplicate.
    #[serde(default)]
    pub action: DuplicateAction,
}

/// A campaign.
#[derive(Serialize, ToSchema)]
pub struct CampaignView {
    /// Its id.
    #[schema(value_type = String, example = "cmp_01h455vb4pex5vsknk084sn02q")]
    pub id: CampaignId,
    #[serde(flatten)]
    input: CampaignInput,
    /// Whether it takes no leads now.
    pub paused: bool,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
}

fn view(doc: &Doc<Campaign>) -> CampaignView {
    CampaignView {
        id: baton_domain::id::TypedId::from_uuid(doc.meta.id),
        input: rules::input_of(&doc.body),
        paused: doc.body.paused,
        version: doc.meta.version,
        created_at: doc.meta.created_at.to_rfc3339(),
        updated_at: doc.meta.updated_at.to_rfc3339(),
    }
}

/// Which campaigns to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CampaignQuery {
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List campaigns
#[utoipa::path(get, path = "/api/v1/campaigns", tag = "campaigns", params(CampaignQuery),
    responses((status = 200, body = answer::Listed<CampaignView>)),
    security(("key" = ["config:read"])))]
pub(super) async fn list_campaigns(
    permit: Permit<scopes::ConfigRead>,
    Query(query): Query<CampaignQuery>,
) -> Result<Response, Problem> {
    let place = (query.limit, query.cursor.as_deref());
    let page = permit.page::<Campaign, _>(place, |_| true, view)?;
    answer::json(StatusCode::OK, &page)
}

/// Create a campaign
///
/// Its source for captures with an API key is made with it. The workspace's first campaign becomes
/// its default.
#[utoipa::path(post, path = "/api/v1/campaigns", tag = "campaigns", request_body = CampaignInput,
    responses((status = 201, body = CampaignView)), security(("key" = ["config:write"])))]
pub(super) async fn create_campaign(
    permit: Permit<scopes::ConfigWrite>,
    creating: Creating<CampaignInput>,
) -> Result<Response, Problem> {
    let now = permit.store().now();
    let mut input = creating.input;
    if input.reference.is_none() {
        input.reference = Some(rules::free_reference(&permit, &input.name));
    }
    let body = rules::check(input, None)?;
    let id: CampaignId = permit.store().new_id();
    let doc = new_doc(&permit, id, body, Secrets::new(), now);
    let mut last = Problem::internal();
    for _ in 0..CREATE_TRIES_MAX {
        let writes = creation(&permit, id, &doc.body, now).await?;
        match permit.create(creating.idempotency.clone(), writes, &view(&doc)).await {
            // The workspace changed meanwhile; the campaign itself is new.
            Err(problem) if problem.code == Code::VersionConflict => {
                permit.store().refresh().await?;
                last = problem;
            }
            decided => return decided,
        }
    }
    Err(last)
}

async fn creation(
    access: &Access,
    id: CampaignId,
    body: &Campaign,
    now: Millis,
) -> Result<Vec<DocWrite>, Problem> {
    let source = Source {
        campaign: id,
        kind: SourceKind::Api,
        name: API_SOURCE.to_owned(),
        webhook_id: access.store().new_id(),
        supplier: None,
        allowed_origins: Vec::new(),
        require_signature: false,
        rate_limit: None,
        wait_ms: None,
        disabled: false,
        hmac_previous_until: None,
    };
    let source_id: SourceId = access.store().new_id();
    let mut writes = vec![
        access.write(id, Expect::New, &Changed::body(body.clone()), now)?,
        access.write(source_id, Expect::New, &Changed::body(source), now)?,
    ];
    let own = access.find::<Workspace>(access.workspace_id()).await?;
    if own.body.default_campaign.is_none() {
        let body = Workspace { default_campaign: Some(id), ..own.body.clone() };
        let expect = Expect::Version(own.meta.version);
        writes.push(access.write(own.body.id, expect, &Changed::body(body), now)?);
    }
    Ok(writes)
}

/// Read a campaign
#[utoipa::path(get, path = "/api/v1/campaigns/{id}", tag = "campaigns",
    params(("id" = String, Path)), responses((status = 200, body = CampaignView)),
    security(("key" = ["config:read"])))]
pub(super) async fn get_campaign(
    permit: Permit<scopes::ConfigRead>,
    Path(id): Path<CampaignId>,
) -> Result<Response, Problem> {
    let doc = permit.find::<Campaign>(id).await?;
    answer::document(doc.meta.version, &view(&doc))
}

/// Change a campaign
#[utoipa::path(patch, path = "/api/v1/campaigns/{id}", tag = "campaigns",
    params(("id" = String, Path)), request_body = CampaignInput,
    responses((status = 200, body = CampaignView)), security(("key" = ["config:write"])))]
pub(super) async fn update_campaign(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<CampaignId>,
    if_match: IfMatch,
    Body(patch): Body<Patch>,
) -> Result<Response, Problem> {
    let doc = permit
        .change::<Campaign>(id, &if_match, |doc| {
            let input: CampaignInput = patch.clone().apply(&rules::input_of(&doc.body))?;
            rules::check(input, Some(&doc.body)).map(Changed::body)
        })
        .await?;
    answer::document(doc.meta.version, &view(&doc))
}

/// Delete a campaign
///
/// Its destinations and its sources, except the one for API captures, have to be deleted before.
/// Its leads stay.
#[utoipa::path(delete, path = "/api/v1/campaigns/{id}", tag = "campaigns",
    params(("id" = String, Path)), responses((status = 204, description = "It is gone.")),
    security(("key" = ["config:write"])))]
pub(super) async fn delete_campaign(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<CampaignId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let doc = permit.find::<Campaign>(id).await?;
    let now = permit.store().now();
    let sources = permit.all::<Source>().into_iter().filter(|s| s.body.campaign == id);
    let (api, others): (Vec<_>, Vec<_>) = sources.partition(|s| s.body.kind == SourceKind::Api);
    let destinations = permit.all::<Destination>().iter().filter(|d| d.body.campaign == id).count();
    if !others.is_empty() || destinations > 0 {
        let detail = format!(
            "the campaign still has {} sources and {destinations} destinations; delete those first",
            others.len()
        );
        return Err(Problem::new(Code::Conflict, detail));
    }
    let mut further: Vec<DocWrite> = api.iter().map(|s| permit.deletion(s, now)).collect();
    let own = permit.find::<Workspace>(permit.workspace_id()).await?;
    if own.body.default_campaign == Some(id) {
        let body = Workspace { default_campaign: None, ..own.body.clone() };
        let expect = Expect::Version(own.meta.version);
        further.push(permit.write(own.body.id, expect, &Changed::body(body), now)?);
    }
    permit.delete(&doc, &if_match, further).await
}
