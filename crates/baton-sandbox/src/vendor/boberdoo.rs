//! boberdoo: the form, JSON and XML endpoints; ping, post and both in one.

use crate::vendor::ask::{Ask, Kind};
use crate::vendor::desk::{Decision, Desk, Offer};
use crate::vendor::fields::Fields;
use crate::vendor::memory::Ping;
use crate::vendor::script::Outcome;
use crate::vendor::{Answer, escaped};
use serde_json::json;

pub(super) const PATHS: &str = "GET and POST /new_api/api.php, POST /apiJSON.php, POST /apiXML.php";
const FIRST_LEAD_ID: u64 = 21_777_960;
const ACTIONS: [&str; 3] = ["pingPostLead", "submitLead", "pingPostConsent"];
const NO_PING: &str = "Insert Error #4: NO VALID PING MATCHES FOUND";

pub(super) fn serves(rest: &str) -> bool {
    ["/new_api/api.php", "/apiJSON.php", "/apiXML.php"].contains(&rest)
}

/// How the answer is written.
#[derive(Clone, Copy)]
struct Form {
    json: bool,
    escaped: bool,
}

/// What an answer says.
enum Says<'a> {
    Status { status: &'a str, id: u64, price: Option<String> },
    Error(&'a str),
    Errors(&'a [String]),
}

pub(super) fn answer(ask: &Ask<'_>, desk: &mut Desk<'_>) -> Answer {
    let post_only = ask.rest != "/new_api/api.php";
    if ask.method() != "POST" && (post_only || ask.method() != "GET") {
        return Answer::text(405, "Method Not Allowed\n", "no such method");
    }
    let read = read(ask);
    let json_by_default = ask.rest == "/apiJSON.php";
    let format = read.as_ref().and_then(|fields| fields.get("Format"));
    let json = format.map_or(json_by_default, |format| format.eq_ignore_ascii_case("json"));
    let form = Form { json, escaped: desk.script.escaped };
    let Some(fields) = read else {
        let says = Says::Error("Invalid request");
        return form.write(&says, "unreadable body");
    };
    if let Some(answer) = refused(ask, desk, &fields, form) {
        return answer;
    }
    decide(ask, desk, &fields, form)
}

fn read(ask: &Ask<'_>) -> Option<Fields> {
    match ask.rest {
        "/apiJSON.php" => {
            let document = ask.json().filter(|_| ask.kind() == Kind::Json)?;
            Fields::from_json(document.get("Request")?)
        }
        "/apiXML.php" => {
            let (root, fields) = Fields::from_xml(ask.body).filter(|_| ask.kind() == Kind::Xml)?;
            (root == "Request").then_some(fields)
        }
        _ => match ask.kind() {
            Kind::Form => Some(Fields::from_form(ask.body).and(ask.query())),
            Kind::None if ask.body.is_empty() => Some(ask.query()),
            _ => None,
        },
    }
}

fn mode(fields: &Fields) -> &str {
    match fields.get("API_Action") {
        // The deprecated action has no mode: it is both in one.
        Some("submitLead") => "full",
        _ => fields.get("Mode").unwrap_or_default(),
    }
}

/// The refusal of a request that is not as documented.
fn refused(ask: &Ask<'_>, desk: &Desk<'_>, fields: &Fields, form: Form) -> Option<Answer> {
    let mode = mode(fields);
    let modes: &[&str] = if mode == "full" { &[] } else { &["Mode"] };
    let id: &[&str] = if mode == "post" { &["Lead_ID"] } else { &[] };
    let own = ["Key", "API_Action", "TYPE", "SRC"].into_iter();
    let own = own.chain(modes.iter().chain(id).copied());
    let of_type = desk.required().filter(|_| mode != "ping");
    let missing = fields.missing(own.chain(of_type));
    if !missing.is_empty() {
        let texts: Vec<String> = missing
            .iter()
            .map(|name| format!("Insert Error #8: Required value for field \"{name}\" missing"))
            .collect();
        let note = format!("{} missing", missing.join(", "));
        let says = if texts.len() == 1 { Says::Error(&texts[0]) } else { Says::Errors(&texts) };
        return Some(form.write(&says, &note));
    }
    if !ask.fits(fields.get("Key")) {
        return Some(form.write(&Says::Error("Invalid Key"), "Key is wrong"));
    }
    let digits =
        |name: &str| fields.get(name).is_none_or(|value| value.bytes().all(|b| b.is_ascii_digit()));
    let action = fields.get("API_Action").is_some_and(|action| ACTIONS.contains(&action));
    let wrong = [
        ("API_Action", action),
        ("Mode", ["ping", "post", "full"].contains(&mode)),
        ("TYPE", digits("TYPE")),
        ("Lead_ID", digits("Lead_ID")),
    ];
    let (name, _) = wrong.into_iter().find(|(_, right)| !right)?;
    let text = format!("Invalid value for field \"{name}\"");
    Some(form.write(&Says::Error(&text), &format!("{name} is wrong")))
}

fn decide(ask: &Ask<'_>, desk: &mut Desk<'_>, fields: &Fields, form: Form) -> Answer {
    let mode = mode(fields);
    let test = |fields: &Fields| fields.get("Test_Lead") == Some("1");
    let campaign = fields.get("TYPE").unwrap_or_default();
    let offer = Offer { campaign, fields, test: test(fields) || test(&ask.query()) };
    let decision = match mode {
        "ping" => desk.bid(&offer),
        "post" => {
            let id = fields.get("Lead_ID").unwrap_or_default();
            let Some(ping) = desk.memory.pings.get(id).copied() else {
                return form.write(&Says::Error(NO_PING), "Lead_ID is unknown");
            };
            desk.decide_after(&offer, ping)
        }
        _ => desk.decide(&offer),
    };
    if let Some(answer) = Answer::overload(decision.outcome) {
        return answer;
    }
    // A post keeps the id of its ping.
    let of_ping = fields.get("Lead_ID").filter(|_| mode == "post").and_then(|id| id.parse().ok());
    let id = of_ping.unwrap_or(FIRST_LEAD_ID + decision.number);
    desk.list(&id.to_string(), campaign, &decision, mode == "ping");
    if mode == "ping" && decision.outcome.is_taken() {
        let ping = Ping { price: decision.price, bids: 1 };
        desk.memory.pings.insert(id.to_string(), ping);
    }
    let priced = mode != "ping" || fields.get("Return_Best_Price") == Some("1");
    say(desk, &decision, id, priced, form)
}

fn say(desk: &Desk<'_>, decision: &Decision, id: u64, priced: bool, form: Form) -> Answer {
    let note = decision.outcome.as_str();
    let hidden = desk.script.hidden;
    let status = |status| if hidden { "Success" } else { status };
    let says = match decision.outcome {
        Outcome::Accepted => {
            let price = (priced && !hidden).then(|| decision.price.to_string());
            Says::Status { status: status("Matched"), id, price }
        }
        Outcome::Duplicate => Says::Error(desk.reason("Duplicate Lead")),
        Outcome::Invalid => {
            Says::Error(desk.reason("Insert Error #8: Required value for field \"Email\" missing"))
        }
        Outcome::AuthOrConfig => Says::Error(desk.reason("Invalid Key")),
        _ => Says::Status { status: status("Unmatched"), id, price: None },
    };
    form.write(&says, note)
}

impl Form {
    fn write(self, says: &Says<'_>, note: &str) -> Answer {
        if self.json { Self::write_json(says, note) } else { self.write_xml(says, note) }
    }

    fn write_json(says: &Says<'_>, note: &str) -> Answer {
        let response = match says {
            Says::Status { status, id, price: Some(price) } => {
                json!({"status": status, "lead_id": id.to_string(), "price": price})
            }
            Says::Status { status, id, price: None } => {
                json!({"status": status, "lead_id": id.to_string()})
            }
            Says::Error(text) => json!({"status": "Error", "error": text}),
            Says::Errors(texts) => json!({"errors": {"error": texts}}),
        };
        Answer::json(200, &json!({"response": response}), note)
    }

    fn write_xml(self, says: &Says<'_>, note: &str) -> Answer {
        let element = |name: &str, text: &str| format!("<{name}>{}</{name}>", escaped(text));
        let inner = match says {
            Says::Status { status, id, price } => {
                let price = price.as_ref().map(|price| element("price", price));
                let (status, id) = (element("status", status), element("lead_id", &id.to_string()));
                format!("{status}{id}{}", price.unwrap_or_default())
            }
            Says::Error(text) => format!("<status>Error</status>{}", element("error", text)),
            Says::Errors(texts) => {
                let list: String = texts.iter().map(|text| element("error", text)).collect();
                format!("<errors>{list}</errors>")
            }
        };
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        let document = format!("{declaration}<response>{inner}</response>");
        let body = if self.escaped { escaped(&document) } else { document };
        Answer::xml(200, body, note)
    }
}
