//! An invented CRM with two steps: a token, then leads as JSON or XML under it.

use crate::vendor::ask::{Ask, Kind};
use crate::vendor::desk::{Desk, Offer};
use crate::vendor::fields::Fields;
use crate::vendor::memory::Token;
use crate::vendor::script::Outcome;
use crate::vendor::{Answer, escaped};
use serde_json::{Map, Value, json};

pub(super) const PATHS: &str = "POST /token, POST /leads, PATCH /leads/{id}";
/// The field that every lead needs.
const REQUIRED: &str = "email";

/// The id in the path of one lead.
fn lead_of(rest: &str) -> Option<&str> {
    rest.strip_prefix("/leads/").filter(|id| !id.is_empty() && !id.contains('/'))
}

pub(super) fn serves(rest: &str) -> bool {
    ["/token", "/leads"].contains(&rest) || lead_of(rest).is_some()
}

pub(super) fn answer(ask: &Ask<'_>, desk: &mut Desk<'_>) -> Answer {
    match (ask.rest, lead_of(ask.rest), ask.method()) {
        ("/token", _, "POST") => token(ask, desk),
        ("/leads", _, "POST") => create(ask, desk),
        (_, Some(id), "PATCH") => change(ask, desk, id),
        _ => Answer::text(405, "Method Not Allowed\n", "no such method"),
    }
}

/// OAuth 2.0 client credentials, RFC 6749 sections 4.4 and 5.
fn token(ask: &Ask<'_>, desk: &mut Desk<'_>) -> Answer {
    let refused =
        |status: u16, error: &str, note: &str| Answer::json(status, &json!({"error": error}), note);
    let Some(fields) = ask.json_or_form() else {
        return refused(400, "invalid_request", "the body is neither JSON nor a form");
    };
    match fields.get("grant_type") {
        Some("client_credentials") => {}
        Some(_) => return refused(400, "unsupported_grant_type", "grant_type is wrong"),
        None => return refused(400, "invalid_request", "grant_type is missing"),
    }
    let basic = fields.get("client_id").is_none() && ask.header("authorization").is_some();
    let right = if basic {
        ask.fits_basic("client")
    } else {
        fields.get("client_id").is_some() && ask.fits(fields.get("client_secret"))
    };
    if !right {
        let note = "client_id or client_secret is missing or wrong";
        return refused(401, "invalid_client", note);
    }
    let seconds = desk.script.token_seconds;
    let token = format!("crm-token-{:06}", desk.next_number());
    let expires_at = ask.now.plus_ms(i64::from(seconds) * 1_000);
    let uses_left = desk.script.token_uses;
    desk.memory.tokens.insert(token.clone(), Token { expires_at, uses_left });
    let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": seconds});
    Answer::json(200, &body, "token given").header("cache-control", "no-store")
}

/// The refusal when the token is missing, unknown, too old or used up; RFC 6750 section 3.
fn unauthorised(ask: &Ask<'_>, desk: &mut Desk<'_>) -> Option<Answer> {
    let given = ask.header("authorization").and_then(|h| h.strip_prefix("Bearer "));
    let Some(given) = given else {
        let answer = write(ask, 401, &[("error", "a token is required")], "no token");
        return Some(answer.header("www-authenticate", "Bearer"));
    };
    let now = ask.now;
    let problem = match desk.memory.tokens.get_mut(given.trim()) {
        None => "the token is unknown",
        Some(token) if token.expires_at <= now => "the token has expired",
        Some(Token { uses_left: Some(0), .. }) => "the token is used up",
        Some(token) => {
            token.uses_left = token.uses_left.map(|left| left - 1);
            return None;
        }
    };
    let body = [("error", "invalid_token"), ("error_description", problem)];
    let answer = write(ask, 401, &body, problem);
    Some(answer.header("www-authenticate", "Bearer error=\"invalid_token\""))
}

/// XML for who sent XML, JSON for all others.
fn write(ask: &Ask<'_>, status: u16, members: &[(&str, &str)], note: &str) -> Answer {
    if ask.kind() == Kind::Xml {
        let inner: String = members
            .iter()
            .map(|(name, text)| format!("<{name}>{}</{name}>", escaped(text)))
            .collect();
        let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<answer>{inner}</answer>");
        return Answer::xml(status, body, note);
    }
    let members = members.iter().map(|(name, text)| ((*name).to_owned(), json!(text)));
    Answer::json(status, &Value::Object(members.collect::<Map<_, _>>()), note)
}

fn read(ask: &Ask<'_>) -> Result<Fields, Box<Answer>> {
    let fields = match ask.kind() {
        Kind::Json => ask.json().and_then(|value| Fields::from_json(&value)),
        Kind::Xml => Fields::from_xml(ask.body).map(|(_, fields)| fields),
        Kind::Form | Kind::Other | Kind::None => {
            let text = "Content-Type must be application/json or application/xml";
            let answer = write(ask, 415, &[("error", text)], "Content-Type is not taken");
            return Err(Box::new(answer));
        }
    };
    fields.ok_or_else(|| {
        let body = [("error", "the body cannot be read")];
        Box::new(write(ask, 400, &body, "unreadable body"))
    })
}

fn create(ask: &Ask<'_>, desk: &mut Desk<'_>) -> Answer {
    if let Some(answer) = unauthorised(ask, desk) {
        return answer;
    }
    let fields = match read(ask) {
        Ok(fields) => fields,
        Err(answer) => return *answer,
    };
    if let Some(name) = fields.first_missing([REQUIRED].into_iter().chain(desk.required())) {
        let text = format!("{name} is required");
        return write(ask, 422, &[("error", "invalid"), ("message", &text)], &text);
    }
    let test = fields.get("test") == Some("true");
    let decision = desk.decide(&Offer { campaign: "", fields: &fields, test });
    if let Some(answer) = Answer::overload(decision.outcome) {
        return answer;
    }
    let id = format!("crm-{}", decision.number);
    desk.list(&id, "", &decision, false);
    let note = decision.outcome.as_str();
    let (status, error, usual) = match decision.outcome {
        Outcome::Accepted => {
            return write(ask, 201, &[("id", &id), ("status", "created")], note);
        }
        Outcome::Queued => return write(ask, 202, &[("id", &id), ("status", "queued")], note),
        Outcome::Duplicate => (409, "duplicate", "this lead is known"),
        Outcome::Invalid => (422, "invalid", "email is not an e-mail address"),
        Outcome::CapReached => (409, "cap_reached", "no more leads today"),
        Outcome::AuthOrConfig => (403, "forbidden", "this client may not create leads"),
        _ => (422, "rejected", "not wanted"),
    };
    write(ask, status, &[("error", error), ("message", desk.reason(usual))], note)
}

fn change(ask: &Ask<'_>, desk: &mut Desk<'_>, id: &str) -> Answer {
    if let Some(answer) = unauthorised(ask, desk) {
        return answer;
    }
    if let Err(answer) = read(ask) {
        return *answer;
    }
    if desk.update(id) {
        write(ask, 200, &[("id", id), ("status", "updated")], "updated")
    } else {
        write(ask, 404, &[("error", "not_found")], "not known")
    }
}
