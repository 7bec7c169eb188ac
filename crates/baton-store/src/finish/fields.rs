//! What answers gave for lead fields: a new version of the lead's data, in the finish's transaction.

use super::Finish;
use crate::db::{Tx, Value, id};
use crate::error::StoreError;
use baton_domain::event::EventKind;
use baton_domain::id::{EventId, LeadId, WorkspaceId};
use baton_domain::lead::LeadData;
use baton_domain::time::Millis;
use std::collections::BTreeMap;

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
    if !data.give(given.fields.iter().map(|(name, value)| (*name, (*value).into()))) {
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
