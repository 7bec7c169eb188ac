//! The description of the HTTP API: OpenAPI 3.1, made from the handlers, committed as
//! `openapi.json` so that a change of the public surface shows in review.

use crate::api::answer::json_bytes;
use crate::state::AppState;
use crate::{api, capture, health, metrics, spec};
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Baton API",
        description = "Capture of leads, and campaigns, sources, destinations, leads, deliveries, \
            events and keys of one workspace. Ids are TypeIDs, times RFC 3339 in UTC, errors RFC 9457 problems with a \
            stable `code`. Lists have `limit` and `cursor`. Documents carry their version as \
            `ETag`; send it as `If-Match` to change only what you read. Every creating POST takes \
            an `Idempotency-Key`. People who are signed in name the workspace they work in by the \
            header `Baton-Workspace`; without it it is their first.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "capture", description = "Where leads come in."),
        (name = "leadbyte", description = "Where clients made for LeadByte bring their leads; \
            refusals are HTTP 200 in its shape."),
        (name = "service", description = "What watches the process asks."),
        (name = "workspaces"), (name = "campaigns"), (name = "sources"), (name = "destinations"),
        (name = "connectors"), (name = "leads"), (name = "deliveries"), (name = "events"),
        (name = "imports"), (name = "views"),
        (name = "webhooks"), (name = "hooks"), (name = "reports"), (name = "keys"),
        (name = "auth", description = "The first user, signing in and out."),
        (name = "me"), (name = "users"), (name = "audit"),
    )
)]
struct Base;

pub(crate) fn base() -> utoipa::openapi::OpenApi {
    let mut base = Base::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut base.info.version);
    base
}

/// Tag of what answers as LeadByte does.
const LEADBYTE: &str = "leadbyte";

/// Changes of what has no version.
const UNVERSIONED: &[&str] = &["update_lead", "delete_note"];

static DOCUMENT: LazyLock<Vec<u8>> = LazyLock::new(|| pretty(&document()).into_bytes());

pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/api/openapi.json", get(show))
}

async fn show() -> Response {
    json_bytes(StatusCode::OK, DOCUMENT.clone())
}

/// The document as it is committed and served.
#[must_use]
pub fn pretty(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// Everything that is described.
fn described() -> utoipa::openapi::OpenApi {
    let all = api::described()
        .merge(capture::described())
        .merge(spec::described())
        .merge(health::described())
        .merge(metrics::described());
    all.into_openapi()
}

/// The description of the HTTP API.
#[must_use]
pub fn document() -> Value {
    let mut document = serde_json::to_value(described()).unwrap_or_else(|_| json!({}));
    document["components"]["securitySchemes"] = json!({"key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key. The scopes an operation needs are listed with it."
    }, "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-baton",
        "description": "The session of a person who is signed in (`baton` over plain http). Their \
            role gives the scopes. Changes are taken from Baton's own pages only."
    }, "x_key": {
        "type": "apiKey",
        "in": "header",
        "name": "X_KEY",
        "description": "The same key, where LeadByte's clients put it."
    }});
    let mut schemas = document["components"]["schemas"].take();
    if let Some(schemas) = schemas.as_object_mut() {
        join_parts(schemas);
        schemas.insert("Problem".to_owned(), problem());
    }
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, operations) in paths.iter_mut() {
            for (method, operation) in operations.as_object_mut().into_iter().flatten() {
                if path.starts_with(MANAGEMENT) {
                    add_session(operation);
                }
                describe(method, operation, &mut schemas);
            }
        }
    }
    document["components"]["schemas"] = schemas;
    document
}

/// Makes one object of a schema that has another's members at its top: `allOf` with a part that
/// takes no further members would match nothing.
fn join_parts(schemas: &mut Map<String, Value>) {
    let known = schemas.clone();
    for schema in schemas.values_mut() {
        let Some(parts) = schema.get("allOf").and_then(Value::as_array).cloned() else { continue };
        let objects: Option<Vec<Value>> = parts.iter().map(|part| resolve(part, &known)).collect();
        let Some(objects) = objects else { continue };
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for object in &objects {
            if let Some(own) = object["properties"].as_object() {
                properties.extend(own.clone());
            }
            required.extend(object["required"].as_array().cloned().unwrap_or_default());
        }
        let mut joined = Map::new();
        joined.insert("type".to_owned(), "object".into());
        if let Some(text) = schema.get("description") {
            joined.insert("description".to_owned(), text.clone());
        }
        joined.insert("required".to_owned(), required.into());
        joined.insert("properties".to_owned(), properties.into());
        *schema = Value::Object(joined);
    }
}

/// The plain object a part stands for, if it is one.
fn resolve(part: &Value, known: &Map<String, Value>) -> Option<Value> {
    let object = match part.get("$ref").and_then(Value::as_str) {
        Some(name) => known.get(name.rsplit('/').next()?)?,
        None => part,
    };
    object.get("properties").map(|_| object.clone())
}

/// Whoever has a session may do what a key of their scopes may.
fn add_session(operation: &mut Value) {
    let Some(ways) = operation["security"].as_array_mut() else { return };
    let sessions: Vec<Value> =
        ways.iter().filter_map(|way| way.get("key")).map(|s| json!({"session": s})).collect();
    ways.extend(sessions);
}

/// Adds what all operations of a kind have.
fn describe(method: &str, operation: &mut Value, schemas: &mut Value) {
    if !WITHOUT_VERSIONS.iter().any(|tag| operation["tags"][0] == *tag) {
        describe_document(method, operation, schemas);
    } else if operation["operationId"] == "invite_user" {
        add_headers(operation, vec![idempotency_header()]);
    }
    describe_answers(operation);
}

/// Where the operations are that take a session as they take a key.
const MANAGEMENT: &str = "/api/v1/";

/// Tags of what is no document with a version.
const WITHOUT_VERSIONS: &[&str] = &["auth", "me", "users"];

fn idempotency_header() -> Value {
    header(
        "Idempotency-Key",
        "Repeating a request with the same key and body \
        gives the same answer, with `Idempotent-Replayed: true`; kept 24 hours.",
    )
}

fn add_headers(operation: &mut Value, headers: Vec<Value>) {
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.extend(headers),
        None => operation["parameters"] = headers.into(),
    }
}

/// Adds what operations on documents have.
fn describe_document(method: &str, operation: &mut Value, schemas: &mut Value) {
    let creates = ["201", "202"].iter().any(|made| operation["responses"].get(made).is_some());
    let id = operation["operationId"].as_str().unwrap_or_default();
    let switches =
        ["pause_", "resume_", "rotate_", "finish_", "add_"].iter().any(|w| id.starts_with(w));
    let mut headers = Vec::new();
    if creates {
        headers.push(idempotency_header());
    } else if (method == "patch" || method == "delete" || switches) && !UNVERSIONED.contains(&id) {
        headers.push(header(
            "If-Match",
            "The `ETag` the document must still have; 412 if it has \
            another.",
        ));
    }
    if !headers.is_empty() {
        add_headers(operation, headers);
    }
    if method == "patch" {
        patch_body(operation, schemas);
    }
}

/// Says what every answer is.
fn describe_answers(operation: &mut Value) {
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        if response.get("description").is_none() {
            let text = if status == "201" { "It was made." } else { "As asked." };
            response["description"] = text.into();
        }
    }
    if operation["tags"][0] == LEADBYTE {
        // Its errors have its own shape.
        return;
    }
    let problem = json!({"application/problem+json": {
        "schema": {"$ref": "#/components/schemas/Problem"}
    }});
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        if status.as_str() >= "400" {
            response["content"] = problem.clone();
        }
    }
    operation["responses"]["default"] = json!({"description": "A problem.", "content": problem});
}

fn header(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "header", "required": false, "description": description,
        "schema": {"type": "string"}})
}

/// Gives a merge patch its own schema: the document's with nothing required.
fn patch_body(operation: &mut Value, schemas: &mut Value) {
    let body = &mut operation["requestBody"]["content"]["application/json"]["schema"];
    let Some(input) = body["$ref"].as_str().and_then(|r| r.rsplit('/').next()) else { return };
    let name = format!("{}Patch", input.trim_end_matches("Input"));
    let mut schema = schemas[input].clone();
    if let Some(schema) = schema.as_object_mut() {
        schema.shift_remove("required");
        let text = "A JSON merge patch (RFC 7396): what is left out stays, null asks for the \
            default.";
        schema.insert("description".to_owned(), text.into());
    }
    schemas[&name] = schema;
    *body = json!({"$ref": format!("#/components/schemas/{name}")});
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "An error (RFC 9457). Branch on `code`.",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": codes()},
            "detail": {"type": "string", "description": "What happened and what to do."},
            "errors": {"type": "array", "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"}
                }
            }},
            "request_id": {"type": "string"}
        }
    })
}

fn codes() -> Vec<&'static str> {
    crate::problem::Code::ALL.iter().map(|code| code.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_plain_objects_and_patches_require_nothing() {
        let document = document();
        let schemas = &document["components"]["schemas"];
        let view = &schemas["CampaignView"];
        assert!(view.get("allOf").is_none(), "{view}");
        for name in ["id", "name", "fields", "version"] {
            assert!(view["properties"].get(name).is_some(), "{name}");
        }
        assert!(schemas["CampaignPatch"].get("required").is_none());
        assert_eq!(schemas["CampaignInput"]["required"], json!(["name"]));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(value: &Value, schemas: &Value) {
            match value {
                Value::Object(map) => {
                    if let Some(name) = map.get("$ref").and_then(Value::as_str) {
                        let name = name.strip_prefix("#/components/schemas/").unwrap();
                        assert!(schemas.get(name).is_some(), "{name}");
                    }
                    map.values().for_each(|v| walk(v, schemas));
                }
                Value::Array(items) => items.iter().for_each(|v| walk(v, schemas)),
                _ => {}
            }
        }
        let document = document();
        walk(&document, &document["components"]["schemas"]);
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    }
}
