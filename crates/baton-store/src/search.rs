//! Search: filled behind the path, never inside a capture's transaction.
//!
//! Exact search finds HMACs of e-mail addresses and phone numbers; free text is a trigram index over
//! a lead's texts (SQLite: FTS5 without content, PostgreSQL: `pg_trgm`).
//!
//! On SQLite the index is a file of its own with a writer of its own: what is merged there keeps no
//! capture waiting. It is filled in the order of `lead_data.seq` and holds its own place, so that a
//! lost or older file fills itself again. On PostgreSQL, where several nodes write, it is filled in
//! the commit order of the events.

use crate::command::{Command, Effects, Reply};
use crate::db::{Many, Row, Tx, Value, id};
use crate::error::StoreError;
use crate::events::{EventCursor, move_reader};
use crate::leads::{EXAMINED_MAX, LeadFilter};
use crate::store::{Store, WorkspaceStore};
use baton_domain::event::EventKind;
use baton_domain::id::{LeadId, WorkspaceId};
use baton_domain::lead::LeadData;
use baton_domain::personal::scalar_text;
use std::collections::BTreeMap;

const READER: &str = "search";
/// Most rows or events taken into the index in one transaction.
const INDEX_BATCH: u32 = 500;
/// Most characters of one field that are indexed: names, addresses, companies, not essays.
const INDEXED_FIELD_CHARS_MAX: usize = 100;
/// Most characters of a lead's text that are indexed.
const INDEXED_CHARS_MAX: usize = 500;
/// Most hits of a text that are looked through for those of a span, or further down a list. It is
/// the newest that are looked through.
const HITS_MAX: u32 = 50_000;
/// Shortest text that free-text search takes: a trigram.
pub const SEARCH_CHARS_MIN: usize = 3;

/// What a batch of leads becomes in the index.
pub(crate) struct IndexBatch {
    pub from: EventCursor,
    pub to: EventCursor,
    /// At most one of a lead: its newest version.
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

/// Leads that leave the index, with the `lead_data.seq` of all their versions.
#[derive(Default)]
pub(crate) struct Unindex {
    pub leads: Vec<(WorkspaceId, LeadId)>,
    pub versions: Vec<i64>,
}

/// Tables of the index file. They are made anew when it is missing; there is no older shape.
pub(crate) const SQLITE_SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS cursors (
  name TEXT NOT NULL PRIMARY KEY,
  tx INTEGER NOT NULL,
  position INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lead_keys (
  ws BLOB NOT NULL,
  key BLOB NOT NULL,
  lead BLOB NOT NULL,
  PRIMARY KEY (ws, key, lead)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS lead_keys_lead ON lead_keys (lead);
-- rowid = lead_data.seq
CREATE VIRTUAL TABLE IF NOT EXISTS lead_search USING fts5 (
  text, content='', contentless_delete=1, tokenize='trigram', detail='none'
);";

/// Parameters: lead. All versions of a lead, oldest first.
const VERSIONS: Many = Many {
    sqlite: "SELECT lead, seq, ws, body FROM lead_data WHERE lead = ?1 ORDER BY version",
    postgres: "SELECT d.lead, d.seq, d.ws, d.body FROM unnest($1::uuid[]) AS t(l) \
               JOIN lead_data d ON d.lead = t.l ORDER BY d.lead, d.version",
};
/// Parameters: lead. The same without the data.
const VERSION_SEQS: Many = Many {
    sqlite: "SELECT lead, seq FROM lead_data WHERE lead = ?1",
    postgres: "SELECT d.lead, d.seq FROM unnest($1::uuid[]) AS t(l) JOIN lead_data d ON d.lead = t.l",
};
/// Parameters: ws, lead. The newest data.
const NEWEST: Many = Many {
    sqlite: "SELECT d.lead, d.body FROM leads l JOIN lead_data d ON d.lead = l.id \
             AND d.version = l.data_version WHERE l.ws = ?1 AND l.id = ?2",
    postgres: "SELECT d.lead, d.body FROM unnest($1::uuid[], $2::uuid[]) AS t(w, i) \
               JOIN leads l ON l.ws = t.w AND l.id = t.i \
               JOIN lead_data d ON d.lead = l.id AND d.version = l.data_version",
};
/// Parameters: ws, key, lead.
const KEYS_ADD: Many = Many {
    sqlite: "INSERT INTO lead_keys (ws, key, lead) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    postgres: "INSERT INTO lead_keys (ws, key, lead) \
               SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::uuid[]) ON CONFLICT DO NOTHING",
};
/// Parameters: ws, lead.
const KEYS_REMOVE: Many = Many {
    sqlite: "DELETE FROM lead_keys WHERE lead = ?2 AND ws = ?1",
    postgres: "DELETE FROM lead_keys k USING unnest($1::uuid[], $2::uuid[]) AS t(w, l) \
               WHERE k.lead = t.l AND k.ws = t.w",
};
/// Parameters on SQLite: seq, text; on PostgreSQL: ws, lead, text.
const TEXTS_ADD: Many = Many {
    sqlite: "INSERT INTO lead_search (rowid, text) VALUES (?1, ?2)",
    postgres: "INSERT INTO lead_search (ws, lead, text) \
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[]) \
               ON CONFLICT (lead) DO UPDATE SET text = excluded.text",
};
/// Parameters on SQLite: seq; on PostgreSQL: ws, lead.
const TEXTS_REMOVE: Many = Many {
    sqlite: "DELETE FROM lead_search WHERE rowid = ?1",
    postgres: "DELETE FROM lead_search s USING unnest($1::uuid[], $2::uuid[]) AS t(w, l) \
               WHERE s.lead = t.l AND s.ws = t.w",
};

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

/// Whether the text of a lead may be another after such an event.
fn changes_text(kind: EventKind) -> bool {
    kind.is_lead() || kind == EventKind::LeadErased
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
    /// Takes what came next into the search index; how many rows or events it looked at. One node
    /// at a time gets anywhere: the reader's place is moved only from where it was read.
    pub async fn index_search(&self) -> Result<usize, StoreError> {
        let (batch, looked_at) = if self.is_postgres() {
            self.batch_by_events().await?
        } else {
            self.batch_by_seq().await?
        };
        if looked_at > 0 {
            self.write(Command::Index(batch)).await?;
        }
        Ok(looked_at)
    }

    async fn batch_by_events(&self) -> Result<(IndexBatch, usize), StoreError> {
        let from = self.cursor(READER).await?;
        let batch = self.events_after(from, INDEX_BATCH).await?;
        let mut touched: Vec<LeadId> =
            batch.events.iter().filter(|e| changes_text(e.kind)).filter_map(|e| e.lead).collect();
        touched.sort_unstable();
        touched.dedup();
        let params = touched.into_iter().map(|lead| vec![id(lead)]).collect();
        let rows = self.query_many(&VERSIONS, params).await?;
        let leads = self.newest_of(&rows, BTreeMap::new())?;
        Ok((IndexBatch { from, to: batch.to, leads }, batch.looked_at))
    }

    async fn batch_by_seq(&self) -> Result<(IndexBatch, usize), StoreError> {
        let sql = "SELECT tx, position FROM search.cursors WHERE name = ?1";
        let place = self.query(sql, &[READER.into()]).await?;
        let position = place.first().map_or(Ok(0), |row| row.int(1))?;
        let rows = self
            .query(
                "SELECT lead, seq, ws, body, version FROM lead_data WHERE seq > ?1 \
                 ORDER BY seq LIMIT ?2",
                &[position.into(), Value::Int(i64::from(INDEX_BATCH))],
            )
            .await?;
        let mut later = Vec::new();
        for row in &rows {
            if row.int(4)? > 1 {
                later.push(vec![Value::Id(row.uuid(0)?)]);
            }
        }
        let mut earlier: BTreeMap<LeadId, Vec<i64>> = BTreeMap::new();
        for row in self.query_many(&VERSION_SEQS, later).await? {
            earlier.entry(row.id(0)?).or_default().push(row.int(1)?);
        }
        let at = |position| EventCursor { tx: 0, position };
        let to = rows.last().map_or(Ok(position), |row| row.int(1))?;
        let leads = self.newest_of(&rows, earlier)?;
        Ok((IndexBatch { from: at(position), to: at(to), leads }, rows.len()))
    }

    /// The last row of each lead as its entry; the rows before it, and those of `earlier`, are
    /// versions whose entries go.
    fn newest_of(
        &self,
        rows: &[Row],
        mut earlier: BTreeMap<LeadId, Vec<i64>>,
    ) -> Result<Vec<IndexedLead>, StoreError> {
        let mut newest: BTreeMap<LeadId, &Row> = BTreeMap::new();
        for row in rows {
            let lead = row.id(0)?;
            if let Some(before) = newest.insert(lead, row) {
                earlier.entry(lead).or_default().push(before.int(1)?);
            }
        }
        let mut entry = |(lead, row): (LeadId, &Row)| {
            let Ok(data) = serde_json::from_slice::<LeadData>(row.bytes(3)?) else {
                tracing::error!(%lead, "a lead cannot be searched for: it is damaged");
                return Ok(None);
            };
            let (workspace, seq) = (row.id(2)?, row.int(1)?);
            let mut keys: Vec<[u8; 16]> =
                exact_texts(&data).iter().map(|t| self.master().search_key(workspace, t)).collect();
            keys.sort_unstable();
            keys.dedup();
            let mut earlier = earlier.remove(&lead).unwrap_or_default();
            earlier.retain(|version| *version < seq);
            let text = search_text(&data);
            Ok(Some(IndexedLead { workspace, lead, seq, earlier, text, keys }))
        };
        newest.into_iter().filter_map(|found| entry(found).transpose()).collect()
    }

    /// Takes leads out of the index, for good: called before they are removed themselves.
    pub(crate) async fn unindex(
        &self,
        workspace: WorkspaceId,
        leads: &[LeadId],
    ) -> Result<(), StoreError> {
        let params = leads.iter().map(|lead| vec![id(*lead)]).collect();
        let rows = self.query_many(&VERSION_SEQS, params).await?;
        let versions = rows.iter().map(|row| row.int(1)).collect::<Result<_, _>>()?;
        let leads = leads.iter().map(|lead| (workspace, *lead)).collect();
        self.write(Command::Unindex(Unindex { leads, versions })).await.map(|_| ())
    }
}

impl WorkspaceStore {
    pub(crate) async fn leads_by_exact(
        &self,
        exact: &str,
        filter: &LeadFilter,
        limit: u32,
    ) -> Result<Vec<LeadId>, StoreError> {
        let key = self.store.master().search_key(self.workspace, &normalise_exact(exact));
        let mut params = vec![id(self.workspace), Value::Bytes(key.to_vec())];
        let range = filter.range("lead", &mut params);
        let sql = format!(
            "SELECT lead FROM lead_keys WHERE ws = ?1 AND key = ?2{range} ORDER BY lead DESC \
             LIMIT {limit}"
        );
        self.query(&sql, &params).await?.iter().map(|r| r.id(0)).collect()
    }

    pub(crate) async fn leads_by_text(
        &self,
        text: &str,
        filter: &LeadFilter,
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
            let bounds = [filter.before.is_some(), filter.since.is_some(), filter.until.is_some()];
            let hits = if bounds.contains(&true) { HITS_MAX } else { EXAMINED_MAX };
            // CROSS JOIN keeps the match outside: the planner would run it once per lead else.
            format!(
                "SELECT d.lead FROM (SELECT rowid AS seq FROM search.lead_search WHERE lead_search \
                 MATCH ?2 ORDER BY rowid DESC LIMIT {hits}) s CROSS JOIN lead_data d \
                 ON d.seq = s.seq WHERE d.ws = ?1"
            )
        };
        sql.push_str(&filter.range("lead", &mut params));
        sql.push_str(" ORDER BY lead DESC LIMIT ");
        // Trigrams of one lead may stand apart, so some hits are checked away below.
        sql.push_str(&(limit * 4).min(EXAMINED_MAX).to_string());
        let candidates: Vec<LeadId> =
            self.query(&sql, &params).await?.iter().map(|r| r.id(0)).collect::<Result<_, _>>()?;
        let params = candidates.iter().map(|lead| vec![id(self.workspace), id(*lead)]).collect();
        let mut hits: Vec<LeadId> = Vec::new();
        for row in self.store.query_many(&NEWEST, params).await? {
            // The index said already that it is damaged.
            let Ok(data) = serde_json::from_slice::<LeadData>(row.bytes(1)?) else { continue };
            if search_text(&data).contains(&text) {
                hits.push(row.id(0)?);
            }
        }
        hits.sort_unstable_by(|a, b| b.cmp(a));
        hits.truncate(limit as usize);
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
    let postgres = tx.is_postgres();
    let mut stale = Unindex::default();
    let (mut texts, mut keys) = (Vec::new(), Vec::new());
    for lead in &batch.leads {
        if !lead.earlier.is_empty() {
            stale.leads.push((lead.workspace, lead.lead));
            stale.versions.extend(&lead.earlier);
        }
        if lead.text.is_empty() {
            // Erased, or never had anything to look for.
            continue;
        }
        let text = lead.text.as_str().into();
        texts.push(if postgres {
            vec![id(lead.workspace), id(lead.lead), text]
        } else {
            vec![lead.seq.into(), text]
        });
        for key in &lead.keys {
            keys.push(vec![id(lead.workspace), Value::Bytes(key.to_vec()), id(lead.lead)]);
        }
    }
    run_unindex(tx, &stale).await?;
    tx.execute_many(&TEXTS_ADD, &texts).await?;
    tx.execute_many(&KEYS_ADD, &keys).await?;
    Ok((Reply::Count(batch.leads.len() as u64), Effects::default()))
}

pub(crate) async fn run_unindex(
    tx: &Tx<'_>,
    unindex: &Unindex,
) -> Result<(Reply, Effects), StoreError> {
    let leads: Vec<Vec<Value>> =
        unindex.leads.iter().map(|(workspace, lead)| vec![id(*workspace), id(*lead)]).collect();
    tx.execute_many(&KEYS_REMOVE, &leads).await?;
    if tx.is_postgres() {
        tx.execute_many(&TEXTS_REMOVE, &leads).await?;
    } else {
        let versions: Vec<Vec<Value>> =
            unindex.versions.iter().map(|seq| vec![(*seq).into()]).collect();
        tx.execute_many(&TEXTS_REMOVE, &versions).await?;
    }
    Ok((Reply::Count(unindex.leads.len() as u64), Effects::default()))
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
