//! What answers gave for lead fields: a new version of the lead's data, in the finish's transaction.

use super::Finish;
use crate::db::{Tx, Value, id};
use crate::error::StoreError;
use baton_domain::event::EventKind;
use baton_domain::id::{EventId, LeadId, WorkspaceId};
use baton_domain::lead::LeadData;
use baton_domain::time::Millis;
use std::collections::BTreeMap;

/// Most fields of a lead; what an answer gives for further ones is not taken.
const FIELDS_MAX: usize = 200;

/// What the finishes of a batch give to one lead.
struct Given<'a> {
    workspace: WorkspaceId,
    now: Millis,
    event: EventId,
    fields: BTreeMap<&'a str, &'a str>,
}

/// Writes the versions; the rows of the events that say so. The leads are locked by the caller,
/// who has touched them.
pub(super) async fn write(
    tx: &Tx<'_>,
    finishes: &[&Finish],
) -> Result<Vec<Vec<Value>>, StoreError> {
    let mut leads: BTreeMap<LeadId, Given<'_>> = BTreeMap::new();
    for finish in finishes {
        let (Some(lead), Some(given)) = (finish.lead, &finish.lead_fields) else { continue };
        let entry = leads.entry(lead).or_insert_with(|| Given {
            workspace: finish.workspace,
            now: finish.now,
            event: given.event,
            fields: BTreeMap::new(),
        });
        entry.fields.extend(given.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())));
    }
    let mut events = Vec::new();
    for (lead, given) in leads {
        events.extend(write_one(tx, lead, &given).await?);
    }
    Ok(events)
}

async fn write_one(
    tx: &Tx<'_>,
    lead: LeadId,
    given: &Given<'_>,
) -> Result<Option<Vec<Value>>, StoreError> {
    let key = [id(given.workspace), id(lead)];
    let newest = tx
        .query_opt(
            "SELECT d.body, l.data_version, l.state FROM leads l JOIN lead_data d \
             ON d.lead = l.id AND d.version = l.data_version \
             WHERE l.ws = ?1 AND l.id = ?2 AND l.state <> 'erased'",
            &key,
        )
        .await?;
    let Some(row) = newest else { return Ok(None) };
    let damaged = |e: serde_json::Error| StoreError::Damaged {
        what: "lead",
        detail: format!("its data cannot be read at column {}", e.column()),
    };
    let mut data: LeadData = serde_json::from_slice(row.bytes(0)?).map_err(damaged)?;
    if !take(&mut data, &given.fields) {
        return Ok(None);
    }
    let version = row.int(1)? + 1;
    let body = serde_json::to_vec(&data).map_err(damaged)?;
    tx.execute(
        "INSERT INTO lead_data (lead, version, ws, body) VALUES (?1, ?2, ?3, ?4)",
        &[id(lead), version.into(), id(given.workspace), Value::Bytes(body)],
    )
    .await?;
    let touched = tx
        .query_opt(
            "UPDATE leads SET data_version = data_version + 1, event_seq = event_seq + 1 \
             WHERE ws = ?1 AND id = ?2 RETURNING event_seq",
            &key,
        )
        .await?;
    let n = touched.ok_or(StoreError::NotFound)?.int(0)?;
    let delta = serde_json::json!({ "state": row.text(2)? }).to_string();
    Ok(Some(vec![
        id(given.event),
        id(given.workspace),
        EventKind::LeadUpdated.as_str().into(),
        given.now.into(),
        id(lead),
        n.into(),
        version.into(),
        Value::Bytes(delta.into_bytes()),
    ]))
}

/// Puts values into a lead's data; whether that changed anything. What the person sent stays as it
/// came: the values stand where normalised ones do, and everything after intake sees those.
fn take(data: &mut LeadData, fields: &BTreeMap<&str, &str>) -> bool {
    let mut changed = false;
    let known = data.fields();
    let mut room = FIELDS_MAX.saturating_sub(known.0.len());
    for (name, value) in fields {
        let before = known.get(name);
        if before.is_some_and(|before| before.as_str() == Some(value)) {
            continue;
        }
        if before.is_none() {
            if room == 0 {
                continue;
            }
            room -= 1;
        }
        data.normal.set((*name).to_owned(), (*value).into());
        changed = true;
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(raw: &[(&str, &str)], given: &[(&str, &str)], expect: Option<&[(&str, &str)]>) {
        let mut data = LeadData::default();
        for (name, value) in raw {
            data.raw.set((*name).to_owned(), json!(value));
        }
        let changed = take(&mut data, &given.iter().copied().collect());
        assert_eq!(changed, expect.is_some(), "{given:?}");
        for (name, value) in expect.unwrap_or_default() {
            assert_eq!(data.fields().get(name), Some(&json!(value)), "{name}");
        }
        assert!(raw.iter().all(|(name, value)| data.raw.get(name) == Some(&json!(value))));
    }

    #[test]
    fn an_answers_values_stand_over_what_came_and_replace_nothing_of_it() {
        check(&[("email", "a@b.c")], &[("ref", "7")], Some(&[("email", "a@b.c"), ("ref", "7")]));
        check(&[("ref", "6")], &[("ref", "7")], Some(&[("ref", "7")]));
        check(&[("ref", "7")], &[("ref", "7")], None);
        check(&[("ref", "7")], &[], None);
    }

    #[test]
    fn a_full_lead_takes_no_further_field() {
        let mut data = LeadData::default();
        for n in 0..FIELDS_MAX {
            data.raw.set(format!("f{n}"), json!("x"));
        }
        assert!(!take(&mut data, &BTreeMap::from([("new", "1")])));
        assert!(take(&mut data, &BTreeMap::from([("f0", "1")])));
    }
}
