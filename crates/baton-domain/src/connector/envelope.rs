//! The shape of events for subscriptions (DESIGN section 7, seed 003).

use super::payload::LeadFields;
use crate::event::EventKind;
use crate::id::{EventId, WorkspaceId};
use crate::lead::LeadView;
use crate::time::Millis;
use serde::Serialize;
use serde_json::{Map, Value, json};

#[derive(Serialize)]
struct Envelope<'a> {
    id: EventId,
    event: EventKind,
    timestamp: String,
    workspace_id: WorkspaceId,
    seq: i64,
    data: &'a Value,
}

/// The bytes of an event. `seq` is its place in the order of the workspace's events; `data` is
/// [`lead_data`] for a lead event and the change for the others.
#[must_use]
pub fn event_envelope(
    id: EventId,
    event: EventKind,
    at: Millis,
    workspace_id: WorkspaceId,
    seq: i64,
    data: &Value,
) -> Vec<u8> {
    let envelope = Envelope { id, event, timestamp: at.to_rfc3339(), workspace_id, seq, data };
    // Texts, a number and JSON values: writing them to memory cannot fail.
    serde_json::to_vec(&envelope).unwrap_or_default()
}

/// `data` of a lead event: the lead's fields flat at the top, `id`, `state`, `status`, `score`,
/// `source`, `campaign`, `test`, and the objects `context` and `workflow`. A field with the name of one of
/// these is under `fields`. `workflow` says which workflow caused the event; it is empty without.
#[must_use]
pub fn lead_data(lead: &LeadView, workflow: Map<String, Value>) -> Value {
    let context = serde_json::to_value(&lead.data.context).map(flatten_tracking);
    let system = [
        ("id", json!(lead.id)),
        ("state", json!(lead.state)),
        ("status", json!(lead.status)),
        ("score", json!(lead.score)),
        ("source", json!(lead.source)),
        ("campaign", json!(lead.campaign)),
        ("test", json!(lead.test)),
        ("context", context.unwrap_or_else(|_| json!({}))),
        ("workflow", Value::Object(workflow)),
    ];
    let mut data = Map::new();
    let mut clashing = Map::new();
    for (name, value) in &LeadFields::new(lead, false).own().0 {
        let taken = name == "fields" || system.iter().any(|(system, _)| system == name);
        let into = if taken { &mut clashing } else { &mut data };
        into.insert(name.clone(), value.clone());
    }
    data.extend(system.map(|(name, value)| (name.to_owned(), value)));
    if !clashing.is_empty() {
        data.insert("fields".to_owned(), Value::Object(clashing));
    }
    Value::Object(data)
}

/// `data` of a lead event: [`lead_data`] with what the event itself says beside it, such as the
/// lead a duplicate repeats. A field of that name is under `fields` then.
#[must_use]
pub fn lead_event_data(lead: &LeadView, delta: Map<String, Value>) -> Value {
    let mut data = lead_data(lead, Map::new());
    let own = lead.data.fields();
    let Some(object) = data.as_object_mut() else { return data };
    let mut clashing = Map::new();
    for (name, value) in delta {
        // System keys have pushed fields of their names aside already.
        let field = own.get(&name).filter(|field| object.get(&name) == Some(*field));
        if let Some(field) = field {
            clashing.insert(name.clone(), field.clone());
        }
        object.insert(name, value);
    }
    if !clashing.is_empty()
        && let Some(fields) = object.entry("fields").or_insert_with(|| json!({})).as_object_mut()
    {
        fields.extend(clashing);
    }
    data
}

/// Puts `utm_*`, click ids and sub ids beside the other context keys, as they were captured.
fn flatten_tracking(mut context: Value) -> Value {
    if let Some(object) = context.as_object_mut()
        && let Some(Value::Object(tracking)) = object.shift_remove("tracking")
    {
        for (name, value) in tracking {
            object.entry(name).or_insert(value);
        }
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::render::sample;
    use crate::id::TypedId as _;

    #[test]
    fn an_event_has_the_agreed_shape() {
        let at = Millis(1_769_610_600_000);
        let id = EventId::new(at, [7; 10]);
        let workspace = WorkspaceId::new(at, [8; 10]);
        let data = json!({"delivery_id":"dlv_1","price":12.50});
        let bytes = event_envelope(id, EventKind::DeliveryFailed, at, workspace, 42, &data);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            format!(
                r#"{{"id":"{id}","event":"delivery.failed","timestamp":"2026-01-28T14:30:00.000Z","workspace_id":"{workspace}","seq":42,"data":{{"delivery_id":"dlv_1","price":12.5}}}}"#
            )
        );
    }

    #[test]
    fn what_an_event_says_replaces_no_field() {
        let mut lead = sample::lead();
        lead.data.raw.set("tags", json!("mine"));
        let delta = json!({"tags": ["vip"], "state": "delivered"});
        let data = lead_event_data(&lead, delta.as_object().unwrap().clone());
        assert_eq!((&data["tags"], &data["state"]), (&json!(["vip"]), &json!("delivered")));
        assert_eq!(data["fields"], json!({"state": "Texas", "tags": "mine"}));
        let plain = lead_event_data(&sample::lead(), Map::new());
        assert_eq!(plain, lead_data(&sample::lead(), Map::new()));
    }

    #[test]
    fn a_lead_is_flat_and_clashes_are_under_fields() {
        let mut lead = sample::lead();
        lead.data.raw.set("id", json!("mine"));
        lead.data.raw.set("context", json!("theirs"));
        lead.data.raw.set("fields", json!("odd"));
        let data = lead_data(&lead, Map::new());
        assert_eq!(data["email"], "jane@example.com");
        assert_eq!(data["id"], json!(lead.id));
        assert_eq!(data["state"], "received");
        assert_eq!(data["score"], 88);
        assert_eq!(data["source"], "Partner A");
        assert_eq!(data["context"]["utm_source"], "fb");
        assert_eq!(data["context"]["ip"], "203.0.113.7");
        assert_eq!(data["workflow"], json!({}));
        assert_eq!(
            data["fields"],
            json!({"state":"Texas","id":"mine","context":"theirs","fields":"odd"})
        );
    }
}
