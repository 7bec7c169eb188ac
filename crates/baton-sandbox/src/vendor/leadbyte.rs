//! LeadByte: REST v1.3 (leads, their update, the API queue) and the classic `submit.php`.

use crate::vendor::Answer;
use crate::vendor::ask::{Ask, Kind, is_date, seconds};
use crate::vendor::desk::{Decision, Desk, Offer};
use crate::vendor::fields::Fields;
use crate::vendor::script::Outcome;
use serde_json::{Value, json};

pub(super) const PATHS: &str = "POST and PUT /restapi/v1.3/leads, GET /restapi/v1.3/apiqueue/{queueId}, \
                                GET and POST /api/submit.php";
const FIRST_LEAD_ID: u64 = 7_185_866;
/// Most leads of one batch, and most queue ids of one question.
const BATCH_MAX: usize = 1_000;
const VERSIONS: [&str; 2] = ["/restapi/v1.3", "/restapi/v1.2"];
const OK: i64 = 1;
const VALIDATION: i64 = -5;
const NOT_AUTHORISED: i64 = -7;
const REJECTED_USUALLY: i64 = -8;

/// Part of the REST API, or the classic page.
enum Page<'a> {
    Leads { live: bool },
    Queue(Option<&'a str>),
    Classic,
}

fn page(rest: &str) -> Option<Page<'_>> {
    if rest == "/api/submit.php" {
        return Some(Page::Classic);
    }
    let (version, rest) = VERSIONS.into_iter().find_map(|v| Some((v, rest.strip_prefix(v)?)))?;
    match rest {
        // Live buyer responses need v1.3.
        "/leads" => Some(Page::Leads { live: version == VERSIONS[0] }),
        "/apiqueue" => Some(Page::Queue(None)),
        _ => {
            let id = rest.strip_prefix("/apiqueue/")?;
            (!id.is_empty() && !id.contains('/')).then_some(Page::Queue(Some(id)))
        }
    }
}

pub(super) fn serves(rest: &str) -> bool {
    page(rest).is_some()
}

pub(super) fn answer(ask: &Ask<'_>, desk: &mut Desk<'_>) -> Answer {
    match (page(ask.rest), ask.method()) {
        (Some(Page::Leads { live }), "POST") => submit(ask, desk, live),
        (Some(Page::Leads { .. }), "PUT") => update(ask, desk),
        (Some(Page::Queue(id)), "GET") => queue(ask, desk, id),
        (Some(Page::Classic), "GET" | "POST") => classic(ask, desk),
        _ => Answer::text(405, "Method Not Allowed\n", "no such method"),
    }
}

/// What a code means. The words are not documented; the codes are.
fn meaning(code: i64) -> &'static str {
    match code {
        OK => "OK",
        -2 => "Duplicate lead",
        -3 => "Remote system error",
        -4 => "Campaign cap reached",
        VALIDATION => "Validation error",
        NOT_AUTHORISED => "Supplier not authorised",
        -8 => "HLR rejection",
        -9 => "Campaign not active",
        -10 => "PAF rejection",
        -11 => "IP address blocked",
        -12 => "Email rejection",
        -13 => "Landline rejection",
        -14 => "IP country rejection",
        -15 => "TPS match",
        -16 => "DNCR match",
        -100 => "Internal error",
        _ => "Rejected",
    }
}

fn code_of(desk: &Desk<'_>, outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Accepted | Outcome::Queued => OK,
        Outcome::Rejected => desk.script.code.unwrap_or(REJECTED_USUALLY),
        Outcome::Duplicate => -2,
        Outcome::Invalid => VALIDATION,
        Outcome::CapReached => -4,
        Outcome::AuthOrConfig => NOT_AUTHORISED,
        Outcome::RateLimited | Outcome::Transient => -100,
    }
}

fn status(desk: &Desk<'_>) -> u16 {
    desk.script.error_status.unwrap_or(200)
}

fn refused(desk: &Desk<'_>, code: i64, text: &str, note: &str) -> Answer {
    let body = json!({"status": "Error", "code": code, "message": "", "errors": [text]});
    Answer::json(status(desk), &body, note)
}

fn bad_key(desk: &Desk<'_>) -> Answer {
    refused(desk, NOT_AUTHORISED, meaning(NOT_AUTHORISED), "the key is missing or wrong")
}

/// The key from the header, with underscore or dash, from the query or from the body.
fn key_fits(ask: &Ask<'_>, body: &Value) -> bool {
    let header = ask.header("x_key").or_else(|| ask.header("x-key"));
    let in_body = body.get("key").and_then(Value::as_str);
    let query = ask.query();
    ask.fits(header.or(query.get("key")).or(in_body))
}

/// The document of a JSON request with the right key, or the refusal.
fn document(ask: &Ask<'_>, desk: &Desk<'_>) -> Result<Value, Box<Answer>> {
    let document = ask.json();
    if !key_fits(ask, document.as_ref().unwrap_or(&Value::Null)) {
        return Err(Box::new(bad_key(desk)));
    }
    if ask.kind() != Kind::Json {
        let text = "Content-Type must be application/json";
        return Err(Box::new(refused(desk, VALIDATION, text, text)));
    }
    document.filter(Value::is_object).ok_or_else(|| {
        let text = "the body is not a JSON object";
        Box::new(refused(desk, VALIDATION, text, text))
    })
}

fn submit(ask: &Ask<'_>, desk: &mut Desk<'_>, live: bool) -> Answer {
    let document = match document(ask, desk) {
        Ok(document) => document,
        Err(answer) => return *answer,
    };
    let batch = document.get("leads").and_then(Value::as_array);
    let single = std::slice::from_ref(&document);
    let leads = batch.map_or(single, Vec::as_slice);
    if leads.is_empty() || leads.len() > BATCH_MAX {
        let text = "leads must hold 1 to 1000 leads";
        return refused(desk, VALIDATION, text, text);
    }
    let live = live && desk.script.live;
    let mut items = Vec::new();
    let mut notes = Vec::new();
    for lead in leads {
        let item = match Fields::from_json(lead) {
            Some(fields) => take(ask, desk, &fields, live),
            None => Err(Refusal::invalid("a lead must be a JSON object")),
        };
        match item {
            Ok((item, note)) => {
                items.push(item);
                notes.push(note);
            }
            Err(refusal) if refusal.outcome == Outcome::RateLimited => {
                return Answer::overload(refusal.outcome).unwrap_or_else(|| bad_key(desk));
            }
            Err(refusal) if batch.is_none() => {
                return refused(desk, refusal.code, &refusal.text, &refusal.note);
            }
            Err(refusal) => {
                let (code, text) = (refusal.code, &refusal.text);
                items.push(json!({"status": "Error", "code": code, "errors": [text]}));
                notes.push(refusal.note);
            }
        }
    }
    let (name, message) = if live { ("records", "OK") } else { ("results", "") };
    let body = json!({"status": "Success", "code": OK, "message": message, name: items});
    Answer::json(200, &body, notes.join(", "))
}

/// A lead that is refused at once.
struct Refusal {
    code: i64,
    text: String,
    note: String,
    outcome: Outcome,
}

impl Refusal {
    fn invalid(text: &str) -> Self {
        let (text, note) = (text.to_owned(), text.to_owned());
        Self { code: VALIDATION, text, note, outcome: Outcome::Invalid }
    }
}

/// What is wrong with a lead's fields.
fn problem(desk: &Desk<'_>, fields: &Fields, always: &[&'static str]) -> Option<String> {
    let required = always.iter().copied().chain(desk.required());
    if let Some(name) = fields.first_missing(required) {
        return Some(format!("{name} is required"));
    }
    if fields.get("optindate").is_some_and(|date| !is_date(date)) {
        return Some("optindate is not a valid date, YYYY-MM-DD is expected".to_owned());
    }
    let test_mode = fields.get("testmode");
    test_mode
        .is_some_and(|mode| !["yes", "no"].contains(&mode))
        .then(|| "testmode must be yes or no".to_owned())
}

fn take(
    ask: &Ask<'_>,
    desk: &mut Desk<'_>,
    fields: &Fields,
    live: bool,
) -> Result<(Value, String), Refusal> {
    if let Some(problem) = problem(desk, fields, &["campid"]) {
        return Err(Refusal::invalid(&problem));
    }
    let campaign = fields.get("campid").unwrap_or_default();
    let test = fields.get("testmode") == Some("yes");
    let decision = desk.decide(&Offer { campaign, fields, test });
    let note = decision.outcome.as_str().to_owned();
    let code = code_of(desk, decision.outcome);
    // A buyer's no comes by the queue or in the record; a scripted code comes at once.
    let later = match decision.outcome {
        Outcome::Accepted | Outcome::Queued => true,
        Outcome::Rejected => live || desk.script.code.is_none(),
        _ => false,
    };
    let lead_id = (FIRST_LEAD_ID + decision.number).to_string();
    desk.list(&lead_id, campaign, &decision, false);
    if !later {
        let usual = match decision.outcome {
            Outcome::Invalid => "phone1 is required",
            _ => meaning(code),
        };
        let text = desk.reason(usual).to_owned();
        return Err(Refusal { code, text, note, outcome: decision.outcome });
    }
    let id = format!("{:08x}-0000-0000-0000-{:012x}", 0xac1e_0206_u32, decision.number);
    desk.keep_waiting(&id, &decision);
    let item = if live {
        record(ask, desk, &id, &decision)
    } else {
        json!({"queueId": id, "status": "Queued", "code": OK})
    };
    Ok((item, note))
}

/// The element of `records` of a lead that was decided while its sender waited.
fn record(ask: &Ask<'_>, desk: &Desk<'_>, id: &str, decision: &Decision) -> Value {
    let status = match decision.outcome {
        Outcome::Accepted => "Approved",
        Outcome::Queued => "Pending",
        _ => "Rejected",
    };
    json!({
        "queueId": id, "status": status, "processed": seconds(ask.now),
        "response": response(ask, desk, decision.outcome, decision.number),
    })
}

fn response(ask: &Ask<'_>, desk: &Desk<'_>, outcome: Outcome, number: u64) -> Value {
    let code = code_of(desk, outcome);
    let text = if code == OK { meaning(OK) } else { desk.reason(meaning(code)) };
    let id = FIRST_LEAD_ID + number;
    json!({
        "code": code, "response": text, "info": [],
        "leadId": if code == OK { json!(id) } else { Value::Null },
        "rejectionId": if code == OK { Value::Null } else { json!(id) },
        "processTime": 0.4, "timestamp": seconds(ask.now),
    })
}

fn queue(ask: &Ask<'_>, desk: &mut Desk<'_>, id: Option<&str>) -> Answer {
    let body = ask.json().unwrap_or_default();
    if !key_fits(ask, &body) {
        return bad_key(desk);
    }
    let ids: Vec<String> = match id {
        Some(id) => vec![id.to_owned()],
        None => body
            .get("queueIds")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .take(BATCH_MAX)
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect(),
    };
    if ids.is_empty() {
        let text = "queueIds is required";
        return refused(desk, VALIDATION, text, text);
    }
    let mut items = Vec::new();
    let mut notes = Vec::new();
    for id in &ids {
        let (item, note) = queued(ask, desk, id);
        items.push(item);
        notes.push(note);
    }
    let body = json!({"status": "Success", "code": OK, "message": "", "records": items});
    Answer::json(200, &body, notes.join(", "))
}

fn queued(ask: &Ask<'_>, desk: &mut Desk<'_>, id: &str) -> (Value, String) {
    let item = |status: &str, processed: Value, response: Value| json!({"queueRef": id, "status": status, "processed": processed, "response": response});
    match desk.poll(id) {
        None => (item("Not Found", Value::Null, Value::Null), "not in the queue".to_owned()),
        Some((true, _)) => (item("Pending", Value::Null, Value::Null), "pending".to_owned()),
        Some((false, waiting)) => {
            let response = response(ask, desk, waiting.outcome, waiting.number);
            let processed = json!(seconds(ask.now));
            (item("Processed", processed, response), waiting.outcome.as_str().to_owned())
        }
    }
}

fn update(ask: &Ask<'_>, desk: &mut Desk<'_>) -> Answer {
    let document = match document(ask, desk) {
        Ok(document) => document,
        Err(answer) => return *answer,
    };
    let leads = document.get("leads").and_then(Value::as_array).filter(|l| !l.is_empty());
    let Some(leads) = leads else {
        let text = "leads is required";
        return refused(desk, VALIDATION, text, text);
    };
    let mut items = Vec::new();
    for lead in leads.iter().take(BATCH_MAX) {
        let id = lead.get("id").map(|id| id.as_str().map_or(id.to_string(), str::to_owned));
        let Some(id) = id else {
            let text = "id is required";
            return refused(desk, VALIDATION, text, text);
        };
        if !lead.get("update").is_some_and(Value::is_object) && lead.get("action").is_none() {
            let text = "update is required";
            return refused(desk, VALIDATION, text, text);
        }
        if !desk.update(&id) {
            return refused(desk, VALIDATION, "lead not found", "lead not found");
        }
        items.push(json!({"id": lead.get("id"), "status": "Success"}));
    }
    let body = json!({"status": "Success", "code": OK, "message": "", "results": items});
    Answer::json(200, &body, "updated")
}

fn classic(ask: &Ask<'_>, desk: &mut Desk<'_>) -> Answer {
    let form = match ask.kind() {
        Kind::Form => Fields::from_form(ask.body),
        _ => Fields::default(),
    };
    let fields = ask.query().and(form);
    let timestamp = seconds(ask.now);
    let reply = |code: i64, text: &str, info: Value, id: Value, note: &str| {
        let body = json!({
            "code": code, "response": text, "info": info, "leadId": id,
            "processTime": 0.12, "timestamp": timestamp,
        });
        Answer::json(200, &body, note)
    };
    if let Some(problem) = problem(desk, &fields, &["campid", "sid"]) {
        let name = problem.split(' ').next().unwrap_or_default();
        let info = json!({name: problem});
        return reply(VALIDATION, meaning(VALIDATION), info, Value::Null, &problem);
    }
    let campaign = fields.get("campid").unwrap_or_default();
    let test = fields.get("testmode") == Some("yes");
    let decision = desk.decide(&Offer { campaign, fields: &fields, test });
    if decision.outcome == Outcome::RateLimited
        && let Some(answer) = Answer::overload(decision.outcome)
    {
        return answer;
    }
    let id = FIRST_LEAD_ID + decision.number;
    desk.list(&id.to_string(), campaign, &decision, false);
    let code = code_of(desk, decision.outcome);
    let note = decision.outcome.as_str();
    if code == OK {
        let mut answer = reply(OK, meaning(OK), json!([]), json!(id), note);
        if decision.outcome == Outcome::Queued {
            let body = json!({
                "code": OK, "response": meaning(OK), "info": [], "leadId": id,
                "processTime": 0.12, "timestamp": timestamp, "payout": "Pending",
            });
            answer = Answer::json(200, &body, note);
        }
        return answer;
    }
    reply(code, desk.reason(meaning(code)), json!([]), Value::Null, note)
}
