//! Status and tags of leads, changed by people.

use super::tags::{TAGS_ADD, TAGS_OF, TAGS_PER_LEAD_MAX, TAGS_REMOVE};
use crate::audit::{AuditEntry, record};
use crate::command::{Command, Effects, Reply};
use crate::db::{Many, Tx, Value, id};
use crate::error::StoreError;
use crate::sql;
use crate::store::WorkspaceStore;
use baton_domain::event::EventKind;
use baton_domain::id::{EventId, LeadId, WorkspaceId};
use baton_domain::lead::LeadState;
use baton_domain::time::Millis;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most leads changed at once.
pub const LEADS_CHANGED_MAX: usize = 200;

/// What is to be changed about a lead.
#[derive(Clone, Debug)]
pub struct LeadChange {
    /// The lead.
    pub lead: LeadId,
    /// Its new status; `None` keeps it.
    pub status: Option<String>,
    /// What becomes of its tags.
    pub tags: TagChange,
    /// Id of the event that says so.
    pub event: EventId,
}

/// What becomes of the tags of a lead.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct TagChange {
    /// Whether those that are not added go.
    pub replace: bool,
    /// Tags it gets.
    pub add: BTreeSet<String>,
    /// Tags it loses.
    pub remove: BTreeSet<String>,
}

impl TagChange {
    /// The tags afterwards.
    fn of(&self, tags: &BTreeSet<String>) -> BTreeSet<String> {
        let kept = tags.iter().filter(|tag| !self.replace && !self.remove.contains(*tag));
        kept.chain(&self.add).cloned().collect()
    }
}

/// Changes as a command, at most [`LEADS_CHANGED_MAX`].
pub(crate) struct ChangeLeads {
    pub workspace: WorkspaceId,
    pub now: Millis,
    pub changes: Vec<LeadChange>,
    pub audit: Option<AuditEntry>,
}

/// Parameters: ws, id; sorted by id.
const LEADS_LOCK: Many = Many {
    sqlite: "SELECT id, state, status, event_seq, data_version FROM leads \
             WHERE ws = ?1 AND id = ?2",
    postgres: "SELECT l.id, l.state, l.status, l.event_seq, l.data_version FROM leads l \
               JOIN unnest($1::uuid[], $2::uuid[]) AS t(w, i) ON l.ws = t.w AND l.id = t.i \
               ORDER BY l.id FOR UPDATE OF l",
};
/// Parameters: ws, id, status, event_seq, now.
const LEADS_SET: Many = Many {
    sqlite: "UPDATE leads SET status = ?3, event_seq = ?4, updated_at = ?5 \
             WHERE ws = ?1 AND id = ?2",
    postgres: "UPDATE leads SET status = t.s, event_seq = t.e, updated_at = t.n \
               FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int8[], $5::int8[]) \
               AS t(w, i, s, e, n) WHERE leads.ws = t.w AND leads.id = t.i",
};

impl WorkspaceStore {
    /// Changes status and tags of leads, at most [`LEADS_CHANGED_MAX`]; how many it changed. Those
    /// that are not stored or erased, and those that would get more than
    /// [`TAGS_PER_LEAD_MAX`] tags, stay as they are. The audit gets a line for each that changed,
    /// made from `audit`.
    pub async fn change_leads(
        &self,
        changes: Vec<LeadChange>,
        audit: Option<AuditEntry>,
    ) -> Result<u64, StoreError> {
        let (workspace, now) = (self.workspace, self.store.now());
        let change = ChangeLeads { workspace, now, changes, audit };
        match self.store.write(Command::ChangeLeads(Box::new(change))).await? {
            Reply::Count(changed) => Ok(changed),
            _ => Err(StoreError::Closed),
        }
    }
}

pub(crate) async fn run_change(
    tx: &Tx<'_>,
    change: &ChangeLeads,
) -> Result<(Reply, Effects), StoreError> {
    let wanted: BTreeMap<LeadId, &LeadChange> =
        change.changes.iter().take(LEADS_CHANGED_MAX).map(|c| (c.lead, c)).collect();
    let keys: Vec<Vec<Value>> =
        wanted.keys().map(|lead| vec![id(change.workspace), id(*lead)]).collect();
    let rows = tx.query_many(&LEADS_LOCK, &keys).await?;
    let mut tags: HashMap<LeadId, BTreeSet<String>> = HashMap::new();
    for row in tx.query_many(&TAGS_OF, &keys).await? {
        tags.entry(row.id(0)?).or_default().insert(row.text(1)?.to_owned());
    }
    let (mut leads, mut events) = (Vec::new(), Vec::new());
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for row in &rows {
        let lead: LeadId = row.id(0)?;
        let (state, was) = (row.text(1)?, row.text(2)?);
        let Some(wanted) = wanted.get(&lead) else { continue };
        let had = tags.remove(&lead).unwrap_or_default();
        let has = wanted.tags.of(&had);
        let status = wanted.status.as_deref().unwrap_or(was);
        let unchanged = status == was && has == had;
        let grows_too_large = has.len() > TAGS_PER_LEAD_MAX && has.len() > had.len();
        if state == LeadState::Erased.as_str() || unchanged || grows_too_large {
            continue;
        }
        let tag_row = |tag: &String| vec![id(change.workspace), tag.as_str().into(), id(lead)];
        added.extend(has.difference(&had).map(tag_row));
        removed.extend(had.difference(&has).map(tag_row));
        let n = row.int(3)? + 1;
        leads.push(vec![
            id(change.workspace),
            id(lead),
            status.into(),
            n.into(),
            change.now.into(),
        ]);
        if let Some(audit) = &change.audit {
            let (before, after) = difference((was, &had), (status, &has));
            let subject = Some(lead.to_string());
            record(tx, &AuditEntry { subject, before, after, ..audit.clone() }).await?;
        }
        let delta = json!({"state": state, "status": status, "tags": has});
        events.push(vec![
            id(wanted.event),
            id(change.workspace),
            EventKind::LeadUpdated.as_str().into(),
            change.now.into(),
            id(lead),
            n.into(),
            row.value(4),
            Value::Bytes(delta.to_string().into_bytes()),
        ]);
    }
    tx.execute_many(&LEADS_SET, &leads).await?;
    tx.execute_many(&TAGS_REMOVE, &removed).await?;
    tx.execute_many(&TAGS_ADD, &added).await?;
    tx.execute_many(&sql::EVENTS_ADD, &events).await?;
    let effects = Effects { events: !events.is_empty(), ..Effects::default() };
    Ok((Reply::Count(leads.len() as u64), effects))
}

/// What the audit says: what stood before and stands now, of what changed. Of tags only how many:
/// they are people's own words, perhaps about a person, and a line of the audit stays when a lead
/// is erased. The words are in the event.
fn difference(
    (was, had): (&str, &BTreeSet<String>),
    (status, has): (&str, &BTreeSet<String>),
) -> (Option<Json>, Option<Json>) {
    let (mut before, mut after) = (Map::new(), Map::new());
    if was != status {
        before.insert("status".to_owned(), was.into());
        after.insert("status".to_owned(), status.into());
    }
    if had != has {
        after.insert("tags_added".to_owned(), has.difference(had).count().into());
        after.insert("tags_removed".to_owned(), had.difference(has).count().into());
    }
    (Some(Json::Object(before)), Some(Json::Object(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_replaced_or_added_and_removed() {
        let set = |tags: &[&str]| tags.iter().map(|t| (*t).to_owned()).collect::<BTreeSet<_>>();
        let check = |replace, add: &[&str], remove: &[&str], expect: &[&str]| {
            let change = TagChange { replace, add: set(add), remove: set(remove) };
            assert_eq!(change.of(&set(&["a", "b"])), set(expect), "{change:?}");
        };
        check(false, &[], &[], &["a", "b"]);
        check(false, &["c"], &["a"], &["b", "c"]);
        check(false, &["a"], &["a"], &["a", "b"]);
        check(true, &["c"], &[], &["c"]);
        check(true, &[], &[], &[]);
    }
}
