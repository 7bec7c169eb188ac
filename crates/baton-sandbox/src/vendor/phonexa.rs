//! Phonexa LMS Sync: direct post, ping and post, full post, and the status of a lead. HTTP 200
//! whatever happens.

use crate::vendor::Answer;
use crate::vendor::ask::{Ask, unix_seconds};
use crate::vendor::desk::{Decision, Desk, Offer};
use crate::vendor::fields::Fields;
use crate::vendor::memory::Ping;
use crate::vendor::prices::Cents;
use crate::vendor::script::Outcome;
use serde_json::{Value, json};

pub(super) const PATHS: &str =
    "POST /lead/, POST /ping/, POST /post/, POST /fullpost/, GET and POST /lead/check-lead-status";
/// Where a sold lead's person is sent when the script says nothing.
const REDIRECT: &str = "https://leads-inst1-client.phonexa.com/redirect?id=";

/// The path without its last slash.
fn page(rest: &str) -> &str {
    rest.strip_suffix('/').unwrap_or(rest)
}

pub(super) fn serves(rest: &str) -> bool {
    ["/lead", "/ping", "/post", "/fullpost", "/lead/check-lead-status"].contains(&page(rest))
}

pub(super) fn answer(ask: &Ask<'_>, desk: &mut Desk<'_>) -> Answer {
    let page = page(ask.rest);
    let asks_status = page == "/lead/check-lead-status";
    if ask.method() != "POST" && !(asks_status && ask.method() == "GET") {
        return Answer::text(405, "Method Not Allowed\n", "no such method");
    }
    let body = match ask.json_or_form() {
        Some(fields) => fields,
        None if asks_status => Fields::default(),
        None => return errors(json!([{"body": "neither JSON nor a form"}]), "unreadable body"),
    };
    let fields = if asks_status { body.and(ask.query()) } else { body };
    if fields.get("apiId").is_none() || !ask.fits(fields.get("apiPassword")) {
        let note = "apiId or apiPassword is missing or wrong";
        return errors(json!([{"Authorization Failed": ""}]), note);
    }
    if asks_status {
        return check_status(ask, desk, &fields);
    }
    let own: &[&str] = if page == "/post" { &["productId", "promise"] } else { &["productId"] };
    let of_campaign = desk.required().filter(|_| page != "/ping");
    let mut missing = fields.missing(own.iter().copied().chain(of_campaign));
    // A minimum price may be blank, but has to be there.
    if ["/lead", "/fullpost"].contains(&page) && !fields.has("price") {
        missing.push("price");
    }
    if !missing.is_empty() {
        let list: Vec<Value> = missing.iter().map(|name| json!({*name: "required"})).collect();
        return errors(json!(list), format!("{} missing", missing.join(", ")));
    }
    if let Some(name) = wrong(&fields) {
        return errors(json!([{name: "invalid"}]), format!("{name} is wrong"));
    }
    match page {
        "/ping" => ping(desk, &fields),
        "/post" => post(ask, desk, &fields),
        _ => lead(ask, desk, &fields),
    }
}

fn wrong(fields: &Fields) -> Option<&'static str> {
    let one = |text: &str| text == "1";
    fields.first_wrong(&[
        ("productId", &|id| id.bytes().all(|b| b.is_ascii_digit())),
        ("testMode", &one),
        ("testSold", &one),
        ("closeConnection", &|flag| ["0", "1"].contains(&flag)),
        ("tcpa", &|tcpa| ["NA", "YES", "NO"].contains(&tcpa)),
        ("price", &|price| Cents::read(price).is_some()),
    ])
}

fn errors(list: Value, note: impl Into<String>) -> Answer {
    Answer::json(200, &json!({"status": 4, "errors": list}), note)
}

/// The refusals that are errors rather than a no.
fn refusal(desk: &Desk<'_>, outcome: Outcome) -> Option<Answer> {
    let note = outcome.as_str();
    match outcome {
        Outcome::Duplicate => {
            Some(errors(json!([{"Duplicate Application": "Duplicate Application"}]), note))
        }
        Outcome::Invalid => Some(errors(json!([{"email": desk.reason("required")}]), note)),
        Outcome::AuthOrConfig => {
            let text = desk.reason("Current user is disabled. Contact your manager.");
            Some(errors(json!([[text]]), note))
        }
        Outcome::RateLimited | Outcome::Transient => Answer::overload(outcome),
        Outcome::Accepted | Outcome::Queued | Outcome::Rejected | Outcome::CapReached => None,
    }
}

fn offer(fields: &Fields) -> Offer<'_> {
    Offer {
        campaign: fields.get("productId").unwrap_or_default(),
        fields,
        test: fields.get("testMode") == Some("1"),
    }
}

fn promise(number: u64) -> String {
    format!("W_{number:04}")
}

fn ping(desk: &mut Desk<'_>, fields: &Fields) -> Answer {
    let offer = offer(fields);
    let decision = desk.bid(&offer);
    let promise = promise(decision.number);
    desk.list(&promise, offer.campaign, &decision, true);
    if let Some(answer) = refusal(desk, decision.outcome) {
        return answer;
    }
    let note = decision.outcome.as_str();
    if !decision.outcome.is_taken() {
        let reason = desk.reason("No buyer found.");
        return Answer::json(200, &json!({"status": "reject", "reason": reason}), note);
    }
    desk.memory.pings.insert(promise.clone(), Ping { price: decision.price, bids: 1 });
    let price = decision.price.number();
    Answer::json(200, &json!({"status": "continue", "price": price, "promise": promise}), note)
}

fn post(ask: &Ask<'_>, desk: &mut Desk<'_>, fields: &Fields) -> Answer {
    let known = desk.memory.pings.get(fields.get("promise").unwrap_or_default()).copied();
    let Some(ping) = known else {
        return errors(json!([{"promise": "invalid"}]), "promise is unknown");
    };
    let offer = offer(fields);
    let decision = desk.decide_after(&offer, ping);
    finish(ask, desk, fields, decision)
}

fn lead(ask: &Ask<'_>, desk: &mut Desk<'_>, fields: &Fields) -> Answer {
    let offer = offer(fields);
    let decision = desk.decide(&offer);
    finish(ask, desk, fields, decision)
}

fn finish(ask: &Ask<'_>, desk: &mut Desk<'_>, fields: &Fields, decided: Decision) -> Answer {
    let mut decision = decided;
    let mut price_reject = None;
    // A test is refused unless it asks to be sold.
    if decision.test && desk.script.outcome.is_none() && fields.get("testSold").is_none() {
        decision.outcome = Outcome::Rejected;
    }
    let least = fields.get("price").and_then(Cents::read).unwrap_or_default();
    if decision.outcome == Outcome::Accepted && decision.price < least {
        decision.outcome = Outcome::Rejected;
        price_reject = Some(decision.price);
        desk.forget(&offer(fields));
    }
    let id = format!("W_{:04}", 10_000 + decision.number);
    desk.list(&id, fields.get("productId").unwrap_or_default(), &decision, false);
    if let Some(answer) = refusal(desk, decision.outcome) {
        return answer;
    }
    let closes = fields.get("closeConnection") == Some("1");
    if closes || decision.outcome == Outcome::Queued {
        desk.keep_waiting(&id, &decision);
        let body = json!({"lead_id": id, "status": 3, "status_text": "In Progress"});
        return Answer::json(200, &body, format!("in progress, {}", decision.outcome.as_str()));
    }
    let body = result(ask, desk, &id, decision.outcome, decision.price, price_reject);
    Answer::json(200, &body, decision.outcome.as_str())
}

fn result(
    ask: &Ask<'_>,
    desk: &Desk<'_>,
    id: &str,
    outcome: Outcome,
    price: Cents,
    price_reject: Option<Cents>,
) -> Value {
    let time = unix_seconds(ask.now);
    if outcome == Outcome::Accepted {
        let redirect = desk.script.redirect_url.clone().unwrap_or(format!("{REDIRECT}{id}"));
        return json!({
            "lead_id": id, "status": 1, "status_text": "sold", "redirect_url": redirect,
            "price": format!("{price}00"), "timestamp": time, "processing_time": 0.0475,
        });
    }
    let mut body = json!({"lead_id": id, "status": 2, "status_text": "reject"});
    if let Some(body) = body.as_object_mut() {
        if let Some(price) = price_reject {
            body.insert("price_reject".to_owned(), price.number());
        }
        body.insert("timestamp".to_owned(), time);
        body.insert("processing_time".to_owned(), json!(0.0105));
    }
    body
}

fn check_status(ask: &Ask<'_>, desk: &mut Desk<'_>, fields: &Fields) -> Answer {
    let Some(id) = fields.get("checkKey") else {
        return errors(json!([{"checkKey": "required"}]), "checkKey missing");
    };
    match desk.poll(id) {
        None => {
            let body = json!({"status": 5, "status_text": "Not Found"});
            Answer::json(200, &body, "not known")
        }
        Some((true, _)) => {
            let body = json!({"lead_id": id, "status": 3, "status_text": "In Progress"});
            Answer::json(200, &body, "pending")
        }
        Some((false, waiting)) => {
            let body = result(ask, desk, id, waiting.outcome, waiting.price, None);
            Answer::json(200, &body, waiting.outcome.as_str())
        }
    }
}
