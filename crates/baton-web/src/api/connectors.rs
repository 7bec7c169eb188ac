//! `/api/v1/connectors`: the kinds of destinations there are.

use super::answer;
use crate::auth::{Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::config::Unmapped;
use baton_domain::connector::manifest::{Manifest, Setting};
use baton_domain::connector::rules::ResponseRule;
use http::StatusCode;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A kind of destination.
#[derive(Serialize, ToSchema)]
pub struct ConnectorView {
    /// What destinations call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Where the vendor describes the API.
    pub docs: Option<String>,
    /// What a destination sets, in the order a form shows it.
    pub settings: Vec<Setting>,
    /// What the receiver calls lead and system fields when there is no mapping.
    pub field_names: BTreeMap<String, String>,
    /// What happens to fields no mapping row names.
    pub unmapped: Unmapped,
    /// The response rules of a destination that has none of its own.
    pub responses: Vec<ResponseRule>,
    /// Whether a campaign can have only one destination of this kind.
    pub one_per_campaign: bool,
    /// Whether plain http is refused even where the server allows it.
    pub https_only: bool,
}

fn view(manifest: &Manifest) -> ConnectorView {
    ConnectorView {
        name: manifest.name.clone(),
        description: manifest.description.clone(),
        docs: manifest.docs.clone(),
        settings: manifest.settings.clone(),
        field_names: manifest.field_names.clone(),
        unmapped: manifest.unmapped,
        responses: manifest.responses.clone(),
        one_per_campaign: manifest.limits.one_per_campaign,
        https_only: manifest.limits.https_only,
    }
}

/// List connectors
#[utoipa::path(get, path = "/api/v1/connectors", tag = "connectors",
    responses((status = 200, body = answer::Listed<ConnectorView>)),
    security(("key" = ["config:read"])))]
pub(super) async fn list_connectors(
    permit: Permit<scopes::ConfigRead>,
) -> Result<Response, Problem> {
    let data = permit.state().connectors.iter().map(|m| view(m)).collect();
    answer::json(StatusCode::OK, &answer::Listed { data, next_cursor: None })
}

/// Read a connector
#[utoipa::path(get, path = "/api/v1/connectors/{name}", tag = "connectors",
    params(("name" = String, Path)), responses((status = 200, body = ConnectorView)),
    security(("key" = ["config:read"])))]
pub(super) async fn get_connector(
    permit: Permit<scopes::ConfigRead>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let connectors = &permit.state().connectors;
    let manifest = connectors.get(&name).ok_or_else(|| Problem::not_found("connector"))?;
    answer::json(StatusCode::OK, &view(manifest))
}
