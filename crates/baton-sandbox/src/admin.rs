//! The pages under `/_sandbox/`, and the help page at `/`.

use crate::Shared;
use crate::body::ScriptBody;
use crate::book::Received;
use crate::rules::Rule;
use baton_domain::secret::Secret;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// Requests listed when no limit is given.
const LIST_DEFAULT: usize = 100;
/// Most requests listed at once.
const LIST_MAX: usize = 10_000;

const HELP: &str = include_str!("help.txt");
const PREFIX: &str = "/_sandbox/";

/// True for requests that are about the sandbox rather than for it.
pub(crate) fn is_admin(shared: &Shared, head: &Parts) -> bool {
    let path = head.uri.path();
    let help = path == "/" && head.method == Method::GET && head.uri.query().is_none();
    path.starts_with(PREFIX) || (help && !shared.rules.covers("/"))
}

/// Answers such a request; `complete` says whether its body came whole.
pub(crate) fn answer(
    shared: &Shared,
    head: &Parts,
    body: &[u8],
    complete: bool,
) -> Response<ScriptBody> {
    if !complete {
        return error(StatusCode::BAD_REQUEST, "the body did not come whole");
    }
    let page = head.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    match (head.method.as_str(), page) {
        ("GET", "") => plain(HELP),
        ("GET", "received") => received(shared, head.uri.query().unwrap_or_default()),
        ("DELETE", "received") => {
            shared.book.clear();
            done(StatusCode::OK, &json!({"received": 0}))
        }
        ("GET", "leads") => leads(shared, head.uri.query().unwrap_or_default()),
        ("DELETE", "leads") => {
            shared.memories.clear();
            done(StatusCode::OK, &json!({"leads": 0}))
        }
        ("GET", "rules") => done(StatusCode::OK, &json!({"data": shared.rules.all()})),
        ("PUT", "rules") => put_rules(shared, body),
        ("PUT", "secrets") => put_secrets(shared, body),
        (_, "received" | "leads" | "rules" | "secrets" | "") => {
            error(StatusCode::METHOD_NOT_ALLOWED, "this page has no such method; see GET /")
        }
        _ => error(StatusCode::NOT_FOUND, "there is no such page; see GET /"),
    }
}

fn received(shared: &Shared, query: &str) -> Response<ScriptBody> {
    let mut path = None;
    let mut after = 0;
    let mut limit = LIST_DEFAULT;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let read = match &*name {
            "path" => {
                path = Some(value.into_owned());
                true
            }
            "after" => value.parse().map(|n| after = n).is_ok(),
            "limit" => value.parse().map(|n| limit = n).is_ok(),
            _ => false,
        };
        if !read {
            let text = "the query takes path, after (an id) and limit (a number), nothing else";
            return error(StatusCode::BAD_REQUEST, text);
        }
    }
    let fits =
        |r: &&Arc<Received>| r.id > after && path.as_ref().is_none_or(|path| *path == r.path);
    let kept = shared.book.kept();
    // With `after`, the reader goes on from there; without, the newest are wanted.
    let mut listed: Vec<&Received> = if after > 0 {
        kept.iter().filter(fits).take(limit.min(LIST_MAX)).map(Arc::as_ref).collect()
    } else {
        kept.iter().rev().filter(fits).take(limit.min(LIST_MAX)).map(Arc::as_ref).collect()
    };
    listed.sort_by_key(|r| r.id);
    done(StatusCode::OK, &json!({"data": listed, "received": shared.book.count()}))
}

/// The leads and pings that vendors remember.
fn leads(shared: &Shared, query: &str) -> Response<ScriptBody> {
    let mut limit = LIST_DEFAULT;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match value.parse() {
            Ok(number) if name == "limit" => limit = number,
            _ => {
                let text = "the query takes limit (a number), nothing else";
                return error(StatusCode::BAD_REQUEST, text);
            }
        }
    }
    let leads = shared.memories.leads();
    let from = leads.len().saturating_sub(limit.min(LIST_MAX));
    done(StatusCode::OK, &json!({"data": leads[from..], "leads": leads.len()}))
}

fn put_rules(shared: &Shared, body: &[u8]) -> Response<ScriptBody> {
    let rules: Vec<Rule> = match serde_json::from_slice(body) {
        Ok(rules) => rules,
        Err(e) => return error(StatusCode::BAD_REQUEST, &format!("the rules: {e}")),
    };
    let count = rules.len();
    match shared.rules.replace(rules) {
        Ok(()) => done(StatusCode::OK, &json!({"rules": count})),
        Err(e) => error(StatusCode::UNPROCESSABLE_ENTITY, &e.to_string()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretEntry {
    path: String,
    secret: String,
}

fn put_secrets(shared: &Shared, body: &[u8]) -> Response<ScriptBody> {
    // The reader's own words could repeat a secret, so they are not passed on.
    let Ok(entries) = serde_json::from_slice::<Vec<SecretEntry>>(body) else {
        let text = r#"the secrets cannot be read; [{"path":"/hook","secret":"..."}] is expected"#;
        return error(StatusCode::BAD_REQUEST, text);
    };
    let count = entries.len();
    let secrets = entries.into_iter().map(|e| (e.path, Secret::new(e.secret))).collect();
    match shared.rules.replace_secrets(secrets) {
        Ok(()) => done(StatusCode::OK, &json!({"secrets": count})),
        Err(e) => error(StatusCode::UNPROCESSABLE_ENTITY, &e.to_string()),
    }
}

fn with_type(status: StatusCode, kind: &'static str, text: String) -> Response<ScriptBody> {
    let mut response = Response::new(ScriptBody::whole(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn plain(text: &str) -> Response<ScriptBody> {
    with_type(StatusCode::OK, "text/plain; charset=utf-8", text.to_owned())
}

fn done(status: StatusCode, value: &serde_json::Value) -> Response<ScriptBody> {
    with_type(status, "application/json", format!("{value}\n"))
}

fn error(status: StatusCode, text: &str) -> Response<ScriptBody> {
    done(status, &json!({"error": text}))
}
