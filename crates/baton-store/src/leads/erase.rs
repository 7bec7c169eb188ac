//! Erasing a lead: one transaction after which nothing says who the person was.
//!
//! What stays are ids, instants, states, verdicts and counts. A delivery that is out when it
//! happens loses its claim; what comes of it is recorded as late, without a body.

use crate::audit::{AuditEntry, record};
use crate::command::{Command, Effects, Reply};
use crate::db::{Tx, Value, id};
use crate::deliveries::AttemptBody;
use crate::error::StoreError;
use crate::sql;
use crate::store::WorkspaceStore;
use baton_domain::event::EventKind;
use baton_domain::id::{EventId, LeadId, WorkspaceId};
use baton_domain::lead::{LeadData, LeadState};
use baton_domain::time::Millis;
use serde_json::{Map, json};

/// What an attempt says of what decided, once its lead is erased.
const DECIDED_BY: &str = "erased with the lead";
/// What may stay of what an event kept of its moment: words and numbers of ours.
const DELTA_KEPT: &[&str] = &[
    "state",
    "status",
    "seq",
    "quiet",
    "duplicate_of",
    "delivery_id",
    "destination_id",
    "lead_id",
    "verdict",
    "attempts",
];
/// How old the result of a test call is when it goes with an erased lead, in milliseconds: who
/// waits for a younger one gets it.
const TEST_RESULT_MS: i64 = 60_000;

/// A lead to be erased.
#[derive(Clone, Debug)]
pub struct EraseLead {
    /// The lead.
    pub lead: LeadId,
    /// The duplicate keys it may hold; see [`crate::sealing::MasterKey::claim_key`].
    pub claims: Vec<[u8; 16]>,
    /// The line of the audit; nothing of the lead but its id.
    pub audit: Option<AuditEntry>,
}

pub(crate) struct EraseCommand {
    pub workspace: WorkspaceId,
    pub erase: EraseLead,
    pub event: EventId,
    pub now: Millis,
}

impl WorkspaceStore {
    /// Erases a lead; false when it was erased before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn erase_lead(&self, erase: EraseLead) -> Result<bool, StoreError> {
        let lead = erase.lead;
        let command = EraseCommand {
            workspace: self.workspace,
            erase,
            event: self.store.new_id(),
            now: self.store.now(),
        };
        let erased = match self.store.write(Command::Erase(Box::new(command))).await? {
            Reply::Count(erased) => erased > 0,
            _ => return Err(StoreError::Closed),
        };
        // The indexer would come to it too, and does when this fails.
        if let Err(error) = self.store.unindex(self.workspace, &[lead]).await {
            tracing::warn!(%lead, %error, "an erased lead leaves the search index a little later");
        }
        Ok(erased)
    }
}

pub(crate) async fn run_erase(
    tx: &Tx<'_>,
    command: &EraseCommand,
) -> Result<(Reply, Effects), StoreError> {
    if tx.is_postgres() {
        // In the order in which a finish takes its locks.
        let sql = "SELECT id FROM deliveries WHERE ws = ?1 AND lead = ?2 ORDER BY id FOR UPDATE";
        tx.query(sql, &[id(command.workspace), id(command.erase.lead)]).await?;
    } else {
        // Pages that become free are overwritten too.
        tx.batch("PRAGMA secure_delete = ON").await?;
    }
    let erased = erase(tx, command).await;
    if !tx.is_postgres() {
        tx.batch("PRAGMA secure_delete = FAST").await?;
    }
    if !erased? {
        return Ok((Reply::Count(0), Effects::default()));
    }
    let effects = Effects { events: true, leads: vec![command.erase.lead], ..Effects::default() };
    Ok((Reply::Count(1), effects))
}

async fn erase(tx: &Tx<'_>, command: &EraseCommand) -> Result<bool, StoreError> {
    let EraseCommand { workspace, erase, event, now } = command;
    let key = [id(*workspace), id(erase.lead)];
    let lock = if tx.is_postgres() { " FOR UPDATE" } else { "" };
    let sql =
        format!("SELECT state, data_version, event_seq FROM leads WHERE ws = ?1 AND id = ?2{lock}");
    let row = tx.query_opt(&sql, &key).await?.ok_or(StoreError::NotFound)?;
    if row.text(0)? == LeadState::Erased.as_str() {
        return Ok(false);
    }
    let (version, n) = (row.int(1)? + 1, row.int(2)? + 1);
    scrub_lead(tx, command, version, n).await?;
    scrub_deliveries(tx, command).await?;
    scrub_events(tx, &key).await?;
    for sql in [
        "DELETE FROM idempotency WHERE key IN \
         (SELECT idempotency FROM lead_notes WHERE ws = ?1 AND lead = ?2)",
        "DELETE FROM lead_notes WHERE ws = ?1 AND lead = ?2",
        "DELETE FROM lead_tags WHERE ws = ?1 AND lead = ?2",
    ] {
        tx.execute(sql, &key).await?;
    }
    for claim in &erase.claims {
        let sql = "DELETE FROM claims WHERE key = ?1 AND lead = ?2";
        tx.execute(sql, &[Value::Bytes(claim.to_vec()), id(erase.lead)]).await?;
    }
    // Which lead a test call was made with is sealed in it, so the results of all of them go.
    let sql = "DELETE FROM tasks WHERE ws = ?1 AND wake_at IS NULL AND updated_at < ?2";
    tx.execute(sql, &[id(*workspace), now.plus_ms(-TEST_RESULT_MS).into()]).await?;
    let delta = json!({"id": erase.lead, "state": LeadState::Erased}).to_string();
    let row = vec![
        id(*event),
        id(*workspace),
        EventKind::LeadErased.as_str().into(),
        (*now).into(),
        id(erase.lead),
        n.into(),
        version.into(),
        Value::Bytes(delta.into_bytes()),
    ];
    tx.execute_many(&sql::EVENTS_ADD, &[row]).await?;
    if let Some(audit) = &erase.audit {
        record(tx, audit).await?;
    }
    Ok(true)
}

/// Leaves no answer in any version, and makes one more: the search index follows the versions.
async fn scrub_lead(
    tx: &Tx<'_>,
    command: &EraseCommand,
    version: i64,
    n: i64,
) -> Result<(), StoreError> {
    let (workspace, lead) = (id(command.workspace), id(command.erase.lead));
    let nothing =
        serde_json::to_vec(&LeadData::default()).map_err(|e| StoreError::unreadable("lead", &e))?;
    let nothing = Value::Bytes(nothing);
    tx.execute(
        "UPDATE lead_data SET body = ?3 WHERE lead = ?2 AND ws = ?1",
        &[workspace.clone(), lead.clone(), nothing.clone()],
    )
    .await?;
    let row = vec![lead.clone(), version.into(), workspace.clone(), nothing];
    tx.execute_many(&sql::LEAD_DATA_ADD, &[row]).await?;
    tx.execute(
        "UPDATE leads SET state = 'erased', problems = NULL, data_version = ?3, event_seq = ?4, \
         updated_at = ?5 WHERE ws = ?1 AND id = ?2",
        &[workspace, lead, version.into(), n.into(), command.now.into()],
    )
    .await?;
    Ok(())
}

/// Calls off what waits, takes what is out away from whoever has it, and keeps no request and no
/// answer.
async fn scrub_deliveries(tx: &Tx<'_>, command: &EraseCommand) -> Result<(), StoreError> {
    let key = [id(command.workspace), id(command.erase.lead)];
    tx.execute(
        "UPDATE deliveries SET note = CASE state WHEN 'unknown' \
         THEN 'the lead was erased; nobody knows whether the receiver has it' \
         WHEN 'in_flight' THEN 'the lead was erased while a request was out' \
         ELSE 'the lead was erased' END, \
         state = CASE WHEN state IN ('pending', 'in_flight', 'retrying', 'held', 'unknown') \
         THEN 'cancelled' ELSE state END, \
         wake_at = NULL, due_at = NULL, token = NULL, answered = NULL, updated_at = ?3 \
         WHERE ws = ?1 AND lead = ?2",
        &[key[0].clone(), key[1].clone(), command.now.into()],
    )
    .await?;
    for table in ["requests", "refusals"] {
        let sql = format!(
            "DELETE FROM {table} WHERE ws = ?1 AND delivery IN \
             (SELECT id FROM deliveries WHERE lead = ?2)"
        );
        tx.execute(&sql, &key).await?;
    }
    let attempts = tx
        .query(
            "SELECT seq, body FROM attempts WHERE ws = ?1 AND delivery IN \
             (SELECT id FROM deliveries WHERE lead = ?2)",
            &key,
        )
        .await?;
    for row in &attempts {
        let sql = "UPDATE attempts SET body = ?2, answer = ?3 WHERE seq = ?1";
        let body = Value::Bytes(scrubbed(row.bytes(1)?)?);
        tx.execute(sql, &[row.value(0), body, Value::Bytes(Vec::new())]).await?;
    }
    Ok(())
}

/// An attempt's record without anything that was sent, answered or taken from an answer.
pub(crate) fn scrubbed(body: &[u8]) -> Result<Vec<u8>, StoreError> {
    // What cannot be read holds nothing that stays.
    let body: AttemptBody = serde_json::from_slice(body).unwrap_or_default();
    let kept = AttemptBody {
        decided_by: DECIDED_BY.to_owned(),
        rule: body.rule,
        status: body.status,
        fault: body.fault.map(|(word, _)| (word, String::new())),
        phases: body.phases,
        question: body.question,
        ..AttemptBody::default()
    };
    serde_json::to_vec(&kept).map_err(|e| StoreError::unreadable("attempt", &e))
}

async fn scrub_events(tx: &Tx<'_>, key: &[Value; 2]) -> Result<(), StoreError> {
    let sql = "SELECT position, delta FROM events WHERE lead = ?2 AND ws = ?1";
    for row in tx.query(sql, key).await? {
        let mut delta: Map<String, serde_json::Value> =
            serde_json::from_slice(row.bytes(1)?).unwrap_or_default();
        delta.retain(|name, value| {
            DELTA_KEPT.contains(&name.as_str()) && !value.is_object() && !value.is_array()
        });
        let delta = serde_json::Value::Object(delta).to_string().into_bytes();
        let sql = "UPDATE events SET delta = ?2 WHERE position = ?1";
        tx.execute(sql, &[row.value(0), Value::Bytes(delta)]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrubbed_attempt_has_no_text_from_outside() {
        let body = json!({
            "decided_by": "rule 1 (keyword jane)", "rule": 1, "reason": "jane@example.com",
            "status": 500, "fault": ["reset", "jane"], "sent_headers": [["x", "jane"]],
            "answer_headers": [["x", "jane"]], "extracted": {"ref": "jane"},
            "phases": {"total_us": 12}, "question": 2,
            "steps": [], "sent": {"method": "GET", "url": "https://x/jane", "headers": [], "body": ""}
        });
        for body in [body.to_string(), "jane".to_owned(), String::new()] {
            let left = String::from_utf8(scrubbed(body.as_bytes()).unwrap()).unwrap();
            assert!(!left.contains("jane"), "{left}");
        }
        let left: AttemptBody =
            serde_json::from_slice(&scrubbed(body_of(500).as_bytes()).unwrap()).unwrap();
        assert_eq!((left.status, left.rule), (Some(500), Some(3)));
    }

    fn body_of(status: u16) -> String {
        json!({"decided_by": "x", "status": status, "rule": 3}).to_string()
    }
}
