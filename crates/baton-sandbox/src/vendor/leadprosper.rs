//! LeadProsper: direct post, and ping then post. Credentials are in the payload.

use crate::vendor::Answer;
use crate::vendor::ask::{Ask, is_date};
use crate::vendor::desk::{Decision, Desk, Offer};
use crate::vendor::fields::Fields;
use crate::vendor::memory::Ping;
use crate::vendor::prices::Cents;
use crate::vendor::script::Outcome;
use serde_json::{Value, json};

pub(super) const PATHS: &str = "POST /direct_post, POST /ping, POST /post";
const CREDENTIALS: [&str; 3] = ["lp_campaign_id", "lp_supplier_id", "lp_key"];
const SUB_ID_CHARS_MAX: usize = 75;
const MISSING: i64 = 1001;
/// Not documented: the number for a wrong key.
const BAD_KEY: i64 = 1002;
const DUPLICATE: i64 = 1008;
const REJECTED: i64 = 1013;

pub(super) fn serves(rest: &str) -> bool {
    ["/direct_post", "/ping", "/post"].contains(&rest)
}

pub(super) fn answer(ask: &Ask<'_>, desk: &mut Desk<'_>) -> Answer {
    if ask.method() != "POST" {
        return Answer::text(405, "Method Not Allowed\n", "no such method");
    }
    let id = format!("wwh5KpwB8G-{:012x}", desk.next_number());
    let Some(fields) = ask.json_or_form() else {
        return error(desk, &id, MISSING, "The body is neither JSON nor a form", "unreadable body");
    };
    let post = ask.rest == "/post";
    let after_ping = if post { &["lp_ping_id"][..] } else { &[] };
    let required = CREDENTIALS
        .iter()
        .chain(after_ping)
        .copied()
        .chain(desk.required().filter(|_| !is_ping(ask)));
    if let Some(name) = fields.first_missing(required) {
        let text = format!("Missing required parameter {name}");
        let note = format!("{name} is missing");
        return error(desk, &id, MISSING, &text, &note);
    }
    if !ask.fits(fields.get("lp_key")) {
        return error(desk, &id, BAD_KEY, "Invalid credentials", "lp_key is wrong");
    }
    if let Some(name) = wrong(&fields) {
        let text = format!("Invalid value for parameter {name}");
        let note = format!("{name} is wrong");
        return error(desk, &id, MISSING, &text, &note);
    }
    match ask.rest {
        "/ping" => ping(desk, &fields, &id),
        _ => lead(desk, &fields, &id, post),
    }
}

fn is_ping(ask: &Ask<'_>) -> bool {
    ask.rest == "/ping"
}

/// The first field whose value is not what the specifications say.
fn wrong(fields: &Fields) -> Option<&'static str> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    fields.first_wrong(&[
        ("lp_campaign_id", &digits),
        ("lp_supplier_id", &digits),
        ("lp_action", &|action| action == "test"),
        ("lp_subid1", &|id| id.chars().count() <= SUB_ID_CHARS_MAX),
        ("lp_subid2", &|id| id.chars().count() <= SUB_ID_CHARS_MAX),
        ("phone", &|phone| phone.len() == 10 && digits(phone)),
        ("date_of_birth", &is_date),
        ("state", &|state| state.len() == 2 && state.bytes().all(|b| b.is_ascii_alphabetic())),
        ("email", &|email| email.contains('@')),
    ])
}

fn error(desk: &Desk<'_>, id: &str, code: i64, text: &str, note: &str) -> Answer {
    let body =
        json!({"status": "ERROR", "code": code, "message": text, "lead_id": id, "payout": 0});
    Answer::json(desk.script.error_status.unwrap_or(200), &body, note)
}

/// The refusal an outcome means; `None` when the lead is taken.
fn refusal(desk: &Desk<'_>, id: &str, outcome: Outcome) -> Option<Answer> {
    let note = outcome.as_str();
    let (code, usual) = match outcome {
        Outcome::Accepted | Outcome::Queued => return None,
        Outcome::Duplicate => {
            let code = desk.script.code.unwrap_or(DUPLICATE);
            let text = desk.reason("Duplicate lead");
            let body =
                json!({"status": "DUPLICATED", "code": code, "message": text, "lead_id": id});
            return Some(Answer::json(desk.script.error_status.unwrap_or(200), &body, note));
        }
        Outcome::Rejected => (REJECTED, "Lead rejected"),
        Outcome::CapReached => (REJECTED, "Lead rejected: cap reached"),
        Outcome::Invalid => (MISSING, "Missing required parameter email"),
        Outcome::AuthOrConfig => (BAD_KEY, "Invalid credentials"),
        Outcome::RateLimited | Outcome::Transient => return Answer::overload(outcome),
    };
    let code = desk.script.code.unwrap_or(code);
    Some(error(desk, id, code, desk.reason(usual), note))
}

fn offer(fields: &Fields) -> Offer<'_> {
    Offer {
        campaign: fields.get("lp_campaign_id").unwrap_or_default(),
        fields,
        test: fields.get("lp_action") == Some("test"),
    }
}

/// A bid's share: what is left of the price for the second, third and further buyers.
fn bid_price(price: Cents, place: u8) -> Cents {
    Cents(price.0 / u64::from(place.max(1)))
}

fn ping(desk: &mut Desk<'_>, fields: &Fields, id: &str) -> Answer {
    let offer = offer(fields);
    let decision = desk.bid(&offer);
    let ping_id = format!("ping{:06}", decision.number);
    desk.list(&ping_id, offer.campaign, &decision, true);
    if let Some(answer) = refusal(desk, id, decision.outcome) {
        return answer;
    }
    let bids = desk.script.bids;
    desk.memory.pings.insert(ping_id.clone(), Ping { price: decision.price, bids });
    let list: Vec<Value> = (1..=bids)
        .map(|n| {
            let payout = bid_price(decision.price, n).number();
            json!({"bid_id": format!("b{n}"), "payout": payout})
        })
        .collect();
    let body = json!({
        "status": "ACCEPTED", "code": 0, "ping_id": ping_id,
        "payout": decision.price.number(), "bids": list,
    });
    Answer::json(200, &body, decision.outcome.as_str())
}

/// The chosen bids of a post, as `bid_id` with commas, or as an array.
fn chosen(fields: &Fields) -> Vec<String> {
    let single = fields.any(&["bid_id", "bid_id[]"]).map(str::to_owned);
    let several = (0..usize::from(crate::vendor::script::BIDS_MAX))
        .filter_map(|n| fields.get(&format!("bid_id.{n}")).map(str::to_owned));
    let split = |list: String| list.split(',').map(|id| id.trim().to_owned()).collect::<Vec<_>>();
    single.into_iter().chain(several).flat_map(split).collect()
}

fn lead(desk: &mut Desk<'_>, fields: &Fields, id: &str, post: bool) -> Answer {
    let offer = offer(fields);
    let decision = if post {
        let known = desk.memory.pings.get(fields.get("lp_ping_id").unwrap_or_default()).copied();
        let Some(mut ping) = known else {
            return error(desk, id, MISSING, "Invalid lp_ping_id", "lp_ping_id is unknown");
        };
        let mut paid = 0;
        for bid in chosen(fields) {
            let place = bid.strip_prefix('b').and_then(|n| n.parse().ok());
            match place.filter(|n: &u8| (1..=ping.bids).contains(n)) {
                Some(n) => paid += bid_price(ping.price, n).0,
                None => return error(desk, id, MISSING, "Invalid bid_id", "bid_id is unknown"),
            }
        }
        if paid > 0 {
            ping.price = Cents(paid);
        }
        desk.decide_after(&offer, ping)
    } else {
        desk.decide(&offer)
    };
    desk.list(id, offer.campaign, &decision, false);
    if let Some(answer) = refusal(desk, id, decision.outcome) {
        return answer;
    }
    accepted(desk, id, &decision, post)
}

fn accepted(desk: &Desk<'_>, id: &str, decision: &Decision, post: bool) -> Answer {
    let price = decision.price.number();
    let mut body = if post {
        json!({"status": "ACCEPTED", "lead_id": id, "payout": price})
    } else {
        json!({"status": "ACCEPTED", "code": 0, "message": "Accepted", "lead_id": id, "price": price})
    };
    if let (Some(url), Some(body)) = (&desk.script.redirect_url, body.as_object_mut()) {
        body.insert("redirect_url".to_owned(), json!(url));
    }
    Answer::json(200, &body, decision.outcome.as_str())
}
