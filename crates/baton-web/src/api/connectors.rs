//! `/api/v1/connectors`: the kinds of destinations there are.

use super::answer;
use crate::auth::{Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::connector::schema::ConnectorSchema;
use http::StatusCode;

/// List connectors
#[utoipa::path(get, path = "/api/v1/connectors", tag = "connectors",
    responses((status = 200, body = answer::Listed<ConnectorSchema>)),
    security(("key" = ["config:read"])))]
pub(super) async fn list_connectors(
    permit: Permit<scopes::ConfigRead>,
) -> Result<Response, Problem> {
    let data = permit.state().connectors.iter().map(|m| m.schema()).collect();
    answer::json(StatusCode::OK, &answer::Listed::new(data, None))
}

/// Read a connector
#[utoipa::path(get, path = "/api/v1/connectors/{name}", tag = "connectors",
    params(("name" = String, Path)), responses((status = 200, body = ConnectorSchema)),
    security(("key" = ["config:read"])))]
pub(super) async fn get_connector(
    permit: Permit<scopes::ConfigRead>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let connectors = &permit.state().connectors;
    let manifest = connectors.get(&name).ok_or_else(|| Problem::not_found("connector"))?;
    answer::json(StatusCode::OK, &manifest.schema())
}
