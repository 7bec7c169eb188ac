//! `/api/v1/destinations`.

mod check;
mod evaluate;
mod probe;
mod secret;
mod unmatched;
mod warnings;

pub(super) use check::{retry, timeout_ms};
pub(super) use evaluate::{
    __path_evaluate_new_responses, __path_evaluate_responses, evaluate_new_responses,
    evaluate_responses,
};
pub(super) use probe::{
    __path_preview_destination, __path_preview_document, __path_test_destination,
    __path_test_document, preview_destination, preview_document, test_destination, test_document,
};
pub(super) use secret::{
    __path_finish_destination_rotation, __path_rotate_destination_secret,
    finish_destination_rotation, rotate_destination_secret,
};

pub(super) use unmatched::{
    __path_add_group_rule, __path_list_unmatched, add_group_rule, list_unmatched,
};

use self::warnings::WarningView;
use super::answer;
use super::document::{Changed, new_doc};
use super::input::{Body, Creating, IfMatch, Patch};
use super::secret_hint::{SecretHint, hint};
use super::span::{Rate, Span};
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Code, Path, Problem, Query};
use axum::response::Response;
use baton_domain::config::{
    Destination, Linked, MappingRow, OnUnmatched, Partials, Unmapped, ValueSource,
};
use baton_domain::connector::manifest::{Manifest, SettingKind};
use baton_domain::connector::rules::ResponseRule;
use baton_domain::id::{CampaignId, DestinationId, TypedId};
use baton_domain::retry::show_schedule;
use baton_domain::secret::{MASK, SIGNING};
use baton_domain::signature::new_secret;
use baton_domain::time::Millis;
use baton_store::Doc;
use baton_store::docs::Expect;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

/// What can be set about a destination.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DestinationInput {
    /// The campaign whose leads it gets; cannot be changed.
    #[schema(value_type = String, example = "cmp_01h455vb4pex5vsknk084sn02q")]
    pub campaign_id: CampaignId,
    /// The kind of destination, see `/api/v1/connectors`; cannot be changed.
    #[schema(example = "webhook")]
    pub connector: String,
    /// Its name.
    #[schema(min_length = 1, max_length = 200, example = "CRM")]
    pub name: String,
    /// Settings by the connector's schema. Secret ones are shown masked; leave them out of a
    /// change, or send the mask back, to keep them.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"url": "https://crm.example/leads"}))]
    pub settings: Map<String, Value>,
    /// How lead fields become the receiver's; empty: the flat default payload.
    #[serde(default)]
    #[schema(max_items = 300)]
    pub mapping: Vec<MappingInput>,
    /// What happens to fields no mapping row names; the connector's default when left out.
    #[serde(default)]
    pub unmapped: Option<Unmapped>,
    /// Response rules in order; null: the connector's.
    #[serde(default)]
    pub responses: Option<Vec<ResponseRule>>,
    /// `standard`, `backoff`, or `{"schedule": ["0s", "1m", ...]}`.
    #[serde(default)]
    #[schema(value_type = Option<RetryInput>)]
    pub retry: Option<Value>,
    /// What an answer that no rule matched leads to.
    #[serde(default)]
    pub on_unmatched: OnUnmatched,
    /// The destination of the same campaign that gets the lead when this one gave up.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub failover_id: Option<DestinationId>,
    /// How much at once and how fast; the connector's limits when left out.
    #[serde(default)]
    pub limits: Option<LimitsInput>,
    /// How long one attempt may take, such as `30s`, at most `120s`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "30s")]
    pub timeout: Option<Span>,
    /// What it gets of leads that come in parts.
    #[serde(default)]
    pub partials: Partials,
    /// Where the lead goes after this destination, by what became of it.
    #[serde(default)]
    pub linked: Linked,
    /// Whether it is reached by failover, by links and by hand only.
    #[serde(default)]
    pub failover_only: bool,
    /// Why it is switched off; null: it is on. Its deliveries wait meanwhile.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub disabled: Option<String>,
}

/// One row of a mapping.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingInput {
    /// The receiver's name for it; dots nest in JSON and XML.
    #[schema(example = "Mobile")]
    pub to: String,
    /// The lead field or system field it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "phone")]
    pub from: Option<String>,
    /// A fixed value, instead of `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Changes made to the value, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["e164"]))]
    pub transform: Vec<Value>,
}

/// When to try again.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a value that is read by hand")]
pub enum RetryInput {
    /// A preset's name.
    Preset(String),
    /// Waits, each from the end of the attempt before; the first before the first attempt.
    Schedule {
        /// At most 50 waits such as `30s`, of at most 7 days.
        schedule: Vec<String>,
    },
}

/// How much at once and how fast.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsInput {
    /// Most requests in flight, 1 to 1,000; 32 when neither this nor the connector says.
    #[serde(default)]
    pub in_flight: Option<u32>,
    /// Most requests in a span of time, such as `10/s`; null: no limit.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "10/s")]
    pub rate: Option<Rate>,
}

/// A destination.
#[derive(Serialize, ToSchema)]
pub struct DestinationView {
    /// Its id.
    #[schema(value_type = String, example = "dst_01h455vb4pex5vsknk084sn02q")]
    pub id: DestinationId,
    #[serde(flatten)]
    input: DestinationInput,
    /// The secret its requests are signed with; shown when it is made and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_...")]
    pub secret: Option<String>,
    /// Until when the former secret counts too.
    pub previous_secret_until: Option<String>,
    /// The secrets it has: that its requests are signed with, and secret settings.
    pub secrets: Vec<SecretHint>,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// What is doubtful about it; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<WarningView>>,
}

fn view(access: &Access, doc: &Doc<Destination>) -> DestinationView {
    let mut input = input_of(&doc.body);
    let signing = doc.secrets.get(SIGNING).map(|secret| hint("signing", secret));
    let mut secrets: Vec<SecretHint> = signing.into_iter().collect();
    if let Some(manifest) = access.state().connectors.get(&doc.body.connector) {
        for setting in manifest.settings.iter().filter(|s| s.kind == SettingKind::Secret) {
            if let Some(secret) = doc.secrets.get(&setting.name) {
                input.settings.insert(setting.name.clone(), MASK.into());
                secrets.push(hint(&setting.name, secret));
            }
        }
    }
    DestinationView {
        id: DestinationId::from_uuid(doc.meta.id),
        input,
        secret: None,
        previous_secret_until: doc.body.signing_previous_until.map(Millis::to_rfc3339),
        secrets,
        version: doc.meta.version,
        created_at: doc.meta.created_at.to_rfc3339(),
        updated_at: doc.meta.updated_at.to_rfc3339(),
        warnings: None,
    }
}

/// A stored destination with what is doubtful about it.
async fn changed_view(access: &Access, doc: &Doc<Destination>) -> Result<DestinationView, Problem> {
    let found = match access.state().connectors.get(&doc.body.connector) {
        Some(manifest) => warnings::of_stored(access, manifest, doc).await?,
        None => Vec::new(),
    };
    Ok(DestinationView { warnings: Some(found), ..view(access, doc) })
}

/// The same with the signing secret that was made now.
fn view_with_secret(access: &Access, doc: &Doc<Destination>) -> DestinationView {
    let secret = doc.secrets.get(SIGNING).map(|s| s.reveal().to_owned());
    DestinationView { secret, ..view(access, doc) }
}

/// The destination as the API takes it, without secret settings.
fn input_of(body: &Destination) -> DestinationInput {
    DestinationInput {
        campaign_id: body.campaign,
        connector: body.connector.clone(),
        name: body.name.clone(),
        settings: body.settings.clone(),
        mapping: body.mapping.iter().map(mapping_of).collect(),
        unmapped: body.unmapped,
        responses: body.responses.clone(),
        retry: Some(json!({"schedule": show_schedule(&body.retry)})),
        on_unmatched: body.on_unmatched,
        failover_id: body.failover,
        limits: Some(LimitsInput {
            in_flight: Some(body.limits.in_flight),
            rate: body.limits.rate.map(Rate),
        }),
        timeout: Some(Span(i64::from(body.timeout_ms))),
        partials: body.partials,
        linked: body.linked.clone(),
        failover_only: body.failover_only,
        disabled: body.disabled.clone(),
    }
}

fn mapping_of(row: &MappingRow) -> MappingInput {
    let (from, value) = match &row.source {
        ValueSource::From(name) => (Some(name.clone()), None),
        ValueSource::Value(value) => (None, Some(value.clone())),
    };
    MappingInput { to: row.to.clone(), from, value, transform: row.transform.clone() }
}

/// Which destinations to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DestinationQuery {
    /// Only of this campaign.
    campaign_id: Option<String>,
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List destinations
#[utoipa::path(get, path = "/api/v1/destinations", tag = "destinations",
    params(DestinationQuery), responses((status = 200, body = answer::Listed<DestinationView>)),
    security(("key" = ["config:read"])))]
pub(super) async fn list_destinations(
    permit: Permit<scopes::ConfigRead>,
    Query(query): Query<DestinationQuery>,
) -> Result<Response, Problem> {
    let campaign: Option<CampaignId> =
        answer::query("campaign_id", query.campaign_id.as_deref(), "the id of a campaign")?;
    let place = (query.limit, query.cursor.as_deref());
    let wanted = |doc: &Doc<Destination>| campaign.is_none_or(|c| c == doc.body.campaign);
    let page = permit.page::<Destination, _>(place, wanted, |doc| view(&permit, doc))?;
    answer::json(StatusCode::OK, &page)
}

/// Create a destination
///
/// The secret its requests are signed with is in this answer only.
#[utoipa::path(post, path = "/api/v1/destinations", tag = "destinations",
    request_body = DestinationInput, responses((status = 201, body = DestinationView)),
    security(("key" = ["config:write"])))]
pub(super) async fn create_destination(
    permit: Permit<scopes::ConfigWrite>,
    creating: Creating<DestinationInput>,
) -> Result<Response, Problem> {
    let id: DestinationId = permit.store().new_id();
    permit.find::<baton_domain::config::Campaign>(creating.input.campaign_id).await.map_err(
        |_| Problem::invalid_field("campaign_id", "not_found", "there is no such campaign"),
    )?;
    let mut checked = check::new_destination(&permit, id, creating.input, check::For::Saving)?;
    checked.secrets.insert(SIGNING.to_owned(), new_secret(permit.store().random()));
    let now = permit.store().now();
    let doc = new_doc(&permit, id, checked.body, checked.secrets, now);
    let changed = Changed { body: doc.body.clone(), secrets: Some(doc.secrets.clone()) };
    let writes = vec![permit.write(id, Expect::New, &changed, now)?];
    let manifest = manifest_of(&permit, &doc.body.connector)?;
    let mut found = warnings::of_rules(manifest, &doc.body);
    found.extend(warnings::of_test(None));
    let view = DestinationView { warnings: Some(found), ..view_with_secret(&permit, &doc) };
    permit.create(creating.idempotency, writes, &view).await
}

/// Read a destination
#[utoipa::path(get, path = "/api/v1/destinations/{id}", tag = "destinations",
    params(("id" = String, Path)), responses((status = 200, body = DestinationView)),
    security(("key" = ["config:read"])))]
pub(super) async fn get_destination(
    permit: Permit<scopes::ConfigRead>,
    Path(id): Path<DestinationId>,
) -> Result<Response, Problem> {
    let doc = permit.find::<Destination>(id).await?;
    answer::document(doc.meta.version, &changed_view(&permit, &doc).await?)
}

/// Change a destination
///
/// `{"disabled": null}` switches it on again. A change of settings, or switching it on, lets held
/// deliveries go.
#[utoipa::path(patch, path = "/api/v1/destinations/{id}", tag = "destinations",
    params(("id" = String, Path)), request_body = DestinationInput,
    responses((status = 200, body = DestinationView)), security(("key" = ["config:write"])))]
pub(super) async fn update_destination(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<DestinationId>,
    if_match: IfMatch,
    Body(patch): Body<Patch>,
) -> Result<Response, Problem> {
    // Held deliveries wait for the settings to be mended or for the switch.
    let mends = ["settings", "disabled", "mapping", "responses"]
        .iter()
        .any(|name| patch.0.contains_key(*name));
    let doc = permit
        .change::<Destination>(id, &if_match, |doc| {
            check::changed_destination(&permit, id, doc, patch.clone(), check::For::Saving)
        })
        .await?;
    if mends && doc.body.disabled.is_none() {
        permit.workspace().release_held(id).await?;
    }
    answer::document(doc.meta.version, &changed_view(&permit, &doc).await?)
}

/// Delete a destination
#[utoipa::path(delete, path = "/api/v1/destinations/{id}", tag = "destinations",
    params(("id" = String, Path)), responses((status = 204, description = "It is gone.")),
    security(("key" = ["config:write"])))]
pub(super) async fn delete_destination(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<DestinationId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let doc = permit.find::<Destination>(id).await?;
    let relies = permit.all::<Destination>().into_iter().find(|d| d.body.failover == Some(id));
    if let Some(other) = relies {
        let other = DestinationId::from_uuid(other.meta.id);
        let detail = format!("{other} fails over to this destination; change that one before");
        return Err(Problem::new(Code::Conflict, detail));
    }
    permit.delete(&doc, &if_match, Vec::new()).await
}

/// The manifest of a connector.
fn manifest_of<'a>(access: &'a Access, name: &str) -> Result<&'a Manifest, Problem> {
    let connectors = &access.state().connectors;
    connectors.get(name).map(AsRef::as_ref).ok_or_else(|| {
        let known: Vec<&str> = connectors.iter().map(|m| m.name.as_str()).collect();
        let message = format!("there is no such connector; there are {}", known.join(", "));
        Problem::invalid_field("connector", "not_found", message)
    })
}
