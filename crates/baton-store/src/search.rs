//! Search: filled behind the path from the events, never inside a capture's transaction.
//!
//! Exact search finds HMACs of e-mail addresses and phone numbers; free text is a trigram index over
//! a lead's texts (SQLite: FTS5 without content, PostgreSQL: `pg_trgm`).

use crate::command::{Command, Effects, Reply};
use crate::db::{Tx, Value, id};
use crate::error::StoreError;
use crate::events::{EventCursor, move_reader};
use crate::leads::EXAMINED_MAX;
use crate::store::{Store, WorkspaceStore};
use baton_domain::id::{LeadId, WorkspaceId};
use baton_domain::lead::LeadData;
use baton_domain::personal::scalar_text;
use std::collections::BTreeMap;

const READER: &str = "search";
/// Most events indexed in one transaction.
const INDEX_BATCH: u32 = 500;
/// Most characters of one field that are indexed: names, addresses, companies, not essays.
const INDEXED_FIELD_CHARS_MAX: usize = 100;
/// Most characters of a lead's text that are indexed.
const INDEXED_CHARS_MAX: usize = 500;
/// Shortest text that free-text search takes: a trigram.
pub const SEARCH_CHARS_MIN: usize = 3;

/// What a batch of leads becomes in the index.
pub(crate) struct IndexBatch {
    pub from: EventCursor,
    pub to: EventCursor,
    pub leads: Vec<IndexedLead>,
}

pub(crate) struct IndexedLead {
    pub workspace: WorkspaceId,
    pub lead: LeadId,
    /// `lead_data.seq` of the version, and of all versions before it.
    pub seq: i64,
    pub earlier: Vec<i64>,
    pub text: String,
    pub keys: Vec<[u8; 16]>,
}

/// The text of a lead that free-text search looks in, lower-case.
fn search_text(data: &LeadData) -> String {
    let mut text = String::new();
    for value in data.fields().0.values() {
        if let Some(part) = scalar_text(value).filter(|p| p.chars().count() >= 2) {
            text.extend(part.to_lowercase().chars().take(INDEXED_FIELD_CHARS_MAX));
            text.push('\n');
        }
    }
    text.chars().take(INDEXED_CHARS_MAX).collect()
}

fn normalise_exact(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Texts of a lead that can be searched exactly: what looks like an e-mail address or an E.164
/// phone number.
fn exact_texts(data: &LeadData) -> Vec<String> {
    data.fields()
        .0
        .values()
        .filter_map(scalar_text)
        .map(|t| normalise_exact(&t))
        .filter(|t| t.len() <= 320 && (t.contains('@') || t.starts_with('+')))
        .collect()
}

impl Store {
    /// Takes the next events into the search index; how many it looked at. One node at a time
    /// gets anywhere: the reader's place is moved only from where it was read.
    pub async fn index_search(&self) -> Result<usize, StoreError> {
        let from = self.cursor(READER).await?;
        let events = self.events_after(from, INDEX_BATCH).await?;
        let Some(last) = events.last() else { return Ok(0) };
        let to = last.cursor;
        let mut newest: BTreeMap<LeadId, WorkspaceId> = BTreeMap::new();
        for event in events.iter().filter(|e| e.kind.is_lead()) {
            if let Some(lead) = event.lead {
                newest.insert(lead, event.workspace);
            }
        }
        let mut leads = Vec::with_capacity(newest.len());
        for (lead, workspace) in newest {
            match self.read_for_index(workspace, lead).await {
                Ok(found) => leads.extend(found),
                Err(error @ StoreError::Damaged { .. }) => {
                    tracing::error!(%lead, %error, "a lead cannot be searched for: it is damaged");
                }
                Err(error) => return Err(error),
            }
        }
        let looked_at = events.len();
        self.write(Command::Index(IndexBatch { from, to, leads })).await?;
        Ok(looked_at)
    }

    async fn read_for_index(
        &self,
        workspace: WorkspaceId,
        lead: LeadId,
    ) -> Result<Option<IndexedLead>, StoreError> {
        let rows = self
            .query(
                "SELECT seq, body FROM lead_data WHERE lead = ?1 ORDER BY version DESC",
                &[id(lead)],
            )
            .await?;
        let Some(newest) = rows.first() else { return Ok(None) };
        let data: LeadData =
            serde_json::from_slice(newest.bytes(1)?).map_err(|e| StoreError::Damaged {
                what: "lead",
                detail: format!("it cannot be read at column {}", e.column()),
            })?;
        let keys =
            exact_texts(&data).iter().map(|t| self.master().search_key(workspace, t)).collect();
        Ok(Some(IndexedLead {
            workspace,
            lead,
            seq: newest.int(0)?,
            earlier: rows[1..].iter().map(|r| r.int(0)).collect::<Result<_, _>>()?,
            text: search_text(&data),
            keys,
        }))
    }
}

impl WorkspaceStore {
    pub(crate) async fn leads_by_exact(
        &self,
        exact: &str,
        before: Option<LeadId>,
        limit: u32,
    ) -> Result<Vec<LeadId>, StoreError> {
        let key = self.store.master().search_key(self.workspace, &normalise_exact(exact));
        let mut params = vec![id(self.workspace), Value::Bytes(key.to_vec())];
        let mut sql = "SELECT lead FROM lead_keys WHERE ws = ?1 AND key = ?2".to_owned();
        if let Some(before) = before {
            params.push(id(before));
            sql.push_str(" AND lead < ?3");
        }
        sql.push_str(&format!(" ORDER BY lead DESC LIMIT {limit}"));
        self.query(&sql, &params).await?.iter().map(|r| r.id(0)).collect()
    }

    pub(crate) async fn leads_by_text(
        &self,
        text: &str,
        before: Option<LeadId>,
        limit: u32,
    ) -> Result<Vec<LeadId>, StoreError> {
        let text = text.trim().to_lowercase();
        if text.chars().count() < SEARCH_CHARS_MIN {
            return Ok(Vec::new());
        }
        let mut params = vec![id(self.workspace)];
        let mut sql = if self.store.is_postgres() {
            let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            params.push(Value::Text(format!("%{escaped}%")));
            "SELECT lead FROM lead_search WHERE ws = ?1 AND text LIKE ?2".to_owned()
        } else {
            params.push(Value::Text(trigrams(&text)));
            // CROSS JOIN keeps the match outside: the planner would run it once per lead else.
            "SELECT d.lead FROM (SELECT rowid AS seq FROM lead_search WHERE lead_search \
             MATCH ?2 ORDER BY rowid DESC LIMIT 5000) s CROSS JOIN lead_data d ON d.seq = s.seq \
             WHERE d.ws = ?1"
                .to_owned()
        };
        if let Some(before) = before {
            params.push(id(before));
            sql.push_str(" AND lead < ?3");
        }
        sql.push_str(" ORDER BY lead DESC LIMIT ");
        // Trigrams of one lead may stand apart, so some hits are checked away below.
        sql.push_str(&(limit * 4).min(EXAMINED_MAX).to_string());
        let candidates: Vec<LeadId> =
            self.query(&sql, &params).await?.iter().map(|r| r.id(0)).collect::<Result<_, _>>()?;
        let mut hits = Vec::new();
        for lead in candidates {
            if hits.len() >= limit as usize {
                break;
            }
            let row = self.lead(lead).await?;
            if row.is_some_and(|r| search_text(&r.data).contains(&text)) {
                hits.push(lead);
            }
        }
        Ok(hits)
    }
}

/// The text as an FTS5 query: all its trigrams (`detail=none` has no phrases).
fn trigrams(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut parts: Vec<String> = chars
        .windows(SEARCH_CHARS_MIN)
        .map(|w| format!("\"{}\"", w.iter().collect::<String>().replace('"', "\"\"")))
        .collect();
    parts.dedup();
    parts.truncate(50);
    parts.join(" AND ")
}

pub(crate) async fn run_index(
    tx: &Tx<'_>,
    batch: &IndexBatch,
) -> Result<(Reply, Effects), StoreError> {
    if !move_reader(tx, READER, batch.from, batch.to).await? {
        return Ok((Reply::Count(0), Effects::default()));
    }
    for lead in &batch.leads {
        index_lead(tx, lead).await?;
    }
    Ok((Reply::Count(batch.leads.len() as u64), Effects::default()))
}

async fn index_lead(tx: &Tx<'_>, lead: &IndexedLead) -> Result<(), StoreError> {
    if tx.is_postgres() {
        tx.execute(
            "INSERT INTO lead_search (ws, lead, text) VALUES (?1, ?2, ?3) \
             ON CONFLICT (lead) DO UPDATE SET text = excluded.text",
            &[id(lead.workspace), id(lead.lead), lead.text.as_str().into()],
        )
        .await?;
    } else {
        for seq in lead.earlier.iter().chain([&lead.seq]) {
            tx.execute("DELETE FROM lead_search WHERE rowid = ?1", &[(*seq).into()]).await?;
        }
        tx.execute(
            "INSERT INTO lead_search (rowid, text) VALUES (?1, ?2)",
            &[lead.seq.into(), lead.text.as_str().into()],
        )
        .await?;
    }
    if !lead.earlier.is_empty() {
        tx.execute("DELETE FROM lead_keys WHERE lead = ?1", &[id(lead.lead)]).await?;
    }
    let mut keys = lead.keys.clone();
    keys.sort_unstable();
    for key in keys {
        tx.execute(
            "INSERT INTO lead_keys (ws, key, lead) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            &[id(lead.workspace), Value::Bytes(key.to_vec()), id(lead.lead)],
        )
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_text_becomes_quoted_trigrams() {
        assert_eq!(trigrams("abcd"), "\"abc\" AND \"bcd\"");
        assert_eq!(trigrams("a\"b"), "\"a\"\"b\"");
    }
}
