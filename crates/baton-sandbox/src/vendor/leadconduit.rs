//! LeadConduit: submissions and pings to a source of a flow.

use crate::vendor::ask::{Ask, Kind};
use crate::vendor::desk::{Desk, Offer};
use crate::vendor::fields::Fields;
use crate::vendor::prices::Cents;
use crate::vendor::script::Outcome;
use crate::vendor::{Answer, escaped};
use serde_json::json;

pub(super) const PATHS: &str = "GET and POST /flows/{flow}/sources/{source}/submit, and the same with /ping; \
     flow and source are 24 hex digits";
const ID_CHARS: usize = 24;
/// The first 16 of the 24 hex digits of a lead's id.
const LEAD_ID_START: &str = "5462cdc5869bdb81";

/// Flow id and last segment.
fn parts(rest: &str) -> Option<(&str, &str)> {
    let mut segments = rest.strip_prefix("/flows/")?.split('/');
    let (flow, sources, source) = (segments.next()?, segments.next()?, segments.next()?);
    let (page, end) = (segments.next()?, segments.next());
    let id = |id: &str| id.len() == ID_CHARS && id.bytes().all(|b| b.is_ascii_hexdigit());
    let fits = id(flow) && sources == "sources" && id(source) && end.is_none();
    (fits && ["submit", "ping"].contains(&page)).then_some((flow, page))
}

pub(super) fn serves(rest: &str) -> bool {
    parts(rest).is_some()
}

pub(super) fn answer(ask: &Ask<'_>, desk: &mut Desk<'_>) -> Answer {
    let (flow, page) = parts(ask.rest).unwrap_or_default();
    if !["GET", "POST"].contains(&ask.method()) {
        let answer = Answer::text(405, "Method Not Allowed\n", "no such method");
        return answer.header("allow", "GET, POST");
    }
    let Some(xml) = wants_xml(ask.header("accept")) else {
        return Answer::text(406, "Not Acceptable\n", "Accept cannot be satisfied");
    };
    let query = ask.query();
    let redirect = query.get("redir_url");
    if redirect.is_some_and(|url| !is_http_url(url)) {
        return Answer::text(400, "Invalid redir_url\n", "redir_url is wrong");
    }
    if ask.key.is_some() && !ask.fits_basic("API") {
        return Answer::text(401, "Unauthorized source\n", "the credentials are missing or wrong");
    }
    let fields = match read(ask) {
        Ok(fields) => fields.and(query.clone()),
        Err(answer) => return *answer,
    };
    let mut answer = decide(desk, flow, page, &fields, xml);
    if let Some(url) = redirect.filter(|_| page == "submit" && answer.reply.status == 201) {
        answer.reply.status = 303;
        answer = answer.header("location", url);
    }
    answer
}

/// Whether the answer is to be XML; `None` when neither form is accepted.
fn wants_xml(accept: Option<&str>) -> Option<bool> {
    let Some(accept) = accept else { return Some(false) };
    accept.split(',').find_map(|entry| {
        let media = entry.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media.as_str() {
            "application/json" | "application/*" | "*/*" => Some(false),
            "text/xml" | "application/xml" | "text/*" => Some(true),
            _ => None,
        }
    })
}

fn is_http_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && url.bytes().all(|b| b.is_ascii_graphic())
}

fn read(ask: &Ask<'_>) -> Result<Fields, Box<Answer>> {
    let text = |status, text, note| Box::new(Answer::text(status, text, note));
    let unreadable = || text(400, "Unable to parse the body\n", "unreadable body");
    match ask.kind() {
        Kind::Json => ask.json().and_then(|v| Fields::from_json(&v)).ok_or_else(unreadable),
        Kind::Form => Ok(Fields::from_form(ask.body)),
        Kind::Xml => Fields::from_xml(ask.body).map(|(_, fields)| fields).ok_or_else(unreadable),
        Kind::None if ask.body.is_empty() => Ok(Fields::default()),
        Kind::None => Err(text(415, "Unsupported Media Type\n", "Content-Type is missing")),
        Kind::Other => Err(text(406, "Not Acceptable\n", "Content-Type is not taken")),
    }
}

fn decide(desk: &mut Desk<'_>, flow: &str, page: &str, fields: &Fields, xml: bool) -> Answer {
    let ping = page == "ping";
    let missing = fields.first_missing(desk.required()).map(|name| format!("missing {name}"));
    if let Some(reason) = missing.filter(|_| !ping) {
        let id = lead_id(desk.next_number());
        return result(201, "failure", Some(&reason), Some(&id), Cents(0), xml, &reason);
    }
    let test = fields.get("is_test") == Some("true");
    let offer = Offer { campaign: flow, fields, test };
    let decision = if ping { desk.bid(&offer) } else { desk.decide(&offer) };
    if let Some(answer) = Answer::overload(decision.outcome) {
        return answer;
    }
    let id = lead_id(decision.number);
    desk.list(&id, flow, &decision, ping);
    let note = decision.outcome.as_str();
    let status = if ping { 200 } else { 201 };
    let id = (!ping).then_some(id.as_str());
    // A bid of nothing is no bid.
    if decision.outcome.is_taken() && !(ping && decision.price == Cents(0)) {
        return result(status, "success", None, id, decision.price, xml, note);
    }
    let (outcome, usual) = match decision.outcome {
        Outcome::Duplicate => ("failure", "duplicate"),
        Outcome::CapReached => ("failure", "Cap reached"),
        Outcome::Invalid => ("failure", "invalid email"),
        Outcome::AuthOrConfig => ("error", "Unauthorized source"),
        _ if ping => ("failure", "no bid"),
        _ => ("failure", "rejected"),
    };
    result(status, outcome, Some(desk.reason(usual)), id, Cents(0), xml, note)
}

fn lead_id(number: u64) -> String {
    format!("{LEAD_ID_START}{number:08x}")
}

fn result(
    status: u16,
    outcome: &str,
    reason: Option<&str>,
    id: Option<&str>,
    price: Cents,
    xml: bool,
    note: &str,
) -> Answer {
    if xml {
        let reason = reason.map(|r| format!("<reason>{}</reason>", escaped(r))).unwrap_or_default();
        let lead = id.map(|id| format!("<lead><id>{id}</id></lead>")).unwrap_or_default();
        let price = amount(price);
        let body = format!(
            "<?xml version=\"1.0\"?>\n<result><outcome>{outcome}</outcome>{reason}{lead}<price>{price}</price></result>"
        );
        return Answer::xml(status, body, note);
    }
    let mut body = json!({"outcome": outcome});
    if let Some(body) = body.as_object_mut() {
        if let Some(reason) = reason {
            body.insert("reason".to_owned(), json!(reason));
        }
        if let Some(id) = id {
            body.insert("lead".to_owned(), json!({"id": id}));
        }
        body.insert("price".to_owned(), amount(price));
    }
    Answer::json(status, &body, note)
}

/// A number without decimals that are zero.
fn amount(price: Cents) -> serde_json::Value {
    if price.0.is_multiple_of(100) { json!(price.0 / 100) } else { price.number() }
}
