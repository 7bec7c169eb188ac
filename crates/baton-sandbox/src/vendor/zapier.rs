//! Zapier: catch hooks that users paste, and the target URLs of REST hooks.

use crate::vendor::Answer;
use crate::vendor::ask::{Ask, Kind};
use crate::vendor::desk::{Desk, Offer};
use crate::vendor::fields::Fields;
use crate::vendor::script::Outcome;
use serde_json::json;

pub(super) const PATHS: &str = "GET, POST and PUT /hooks/catch/{user}/{hook}/, GET and POST /hooks/catch/{hook}/, \
     POST and DELETE /hooks/standard/{user}/{hook}/";
/// Most bytes of a hook's body.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most dropped hooks remembered; with more, all are forgotten.
const GONE_MAX: usize = 10_000;

/// The hook's path without its last slash.
fn hook(rest: &str) -> Option<&str> {
    let path = rest.strip_suffix('/').unwrap_or(rest);
    let segments: Vec<&str> = path.strip_prefix("/hooks/")?.split('/').collect();
    let filled = segments.iter().all(|segment| !segment.is_empty());
    let fits = match segments.first() {
        Some(&"catch") => [2, 3].contains(&segments.len()),
        Some(&"standard") => segments.len() == 3,
        _ => false,
    };
    (filled && fits).then_some(path)
}

pub(super) fn serves(rest: &str) -> bool {
    hook(rest).is_some()
}

pub(super) fn answer(ask: &Ask<'_>, desk: &mut Desk<'_>) -> Answer {
    let hook = hook(ask.rest).unwrap_or_default();
    let rest_hook = hook.starts_with("/hooks/standard/");
    if desk.memory.gone.contains(hook) {
        return gone();
    }
    match ask.method() {
        "DELETE" if rest_hook => {
            if desk.memory.gone.len() >= GONE_MAX {
                desk.memory.gone.clear();
            }
            desk.memory.gone.insert(hook.to_owned());
            return Answer::json(200, &json!({"status": "success"}), "unsubscribed");
        }
        "POST" => {}
        "GET" | "PUT" if !rest_hook => {}
        _ => return Answer::text(405, "Method Not Allowed\n", "no such method"),
    }
    if ask.body.len() > BODY_BYTES_MAX {
        return Answer::text(413, "Payload Too Large\n", "the body is over 10 MB");
    }
    let read = match ask.kind() {
        // An array triggers once for each element; this one looks at none of them.
        Kind::Json => ask.json().map(|value| Fields::from_json(&value).unwrap_or_default()),
        Kind::Form => Some(Fields::from_form(ask.body)),
        _ => Some(Fields::default()),
    };
    let Some(fields) = read else {
        return Answer::json(400, &json!({"status": "error"}), "unreadable body");
    };
    caught(ask, desk, hook, &fields)
}

fn gone() -> Answer {
    Answer::json(410, &json!({"status": "gone"}), "gone")
}

fn caught(ask: &Ask<'_>, desk: &mut Desk<'_>, hook: &str, fields: &Fields) -> Answer {
    let fields = fields.clone().and(ask.query());
    // A hook knows no duplicates and refuses nothing: it only collects.
    let offer = Offer { campaign: hook, fields: &fields, test: true };
    let decision = desk.decide(&offer);
    if let Some(answer) = Answer::overload(decision.outcome) {
        return answer;
    }
    if decision.outcome == Outcome::AuthOrConfig {
        return gone();
    }
    let id = format!("{:08}-0000-0000-0000-000000000000", decision.number);
    desk.list(&id, hook, &decision, false);
    let note = decision.outcome.as_str();
    if desk.script.hidden {
        return Answer::text(200, "", note);
    }
    let body = json!({"status": "success", "id": id, "attempt": id, "request_id": id});
    Answer::json(200, &body, note)
}
