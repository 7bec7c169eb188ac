//! Tags: words that people put on leads.

use super::LeadRow;
use crate::db::{Many, id};
use crate::error::StoreError;
use crate::store::WorkspaceStore;
use baton_domain::id::LeadId;
use std::collections::HashMap;

/// Most tags of a lead.
pub const TAGS_PER_LEAD_MAX: usize = 20;
/// Most tags of a workspace that are listed.
pub const TAGS_LISTED_MAX: u32 = 500;

/// Parameters: ws, lead.
pub(super) const TAGS_OF: Many = Many {
    sqlite: "SELECT lead, tag FROM lead_tags WHERE lead = ?2 AND ws = ?1",
    postgres: "SELECT g.lead, g.tag FROM unnest($1::uuid[], $2::uuid[]) AS t(w, l) \
               JOIN lead_tags g ON g.lead = t.l AND g.ws = t.w",
};
/// Parameters: ws, tag, lead.
pub(super) const TAGS_ADD: Many = Many {
    sqlite: "INSERT INTO lead_tags (ws, tag, lead) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    postgres: "INSERT INTO lead_tags (ws, tag, lead) \
               SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[]) ON CONFLICT DO NOTHING",
};
/// Parameters: ws, tag, lead.
pub(super) const TAGS_REMOVE: Many = Many {
    sqlite: "DELETE FROM lead_tags WHERE ws = ?1 AND tag = ?2 AND lead = ?3",
    postgres: "DELETE FROM lead_tags g USING unnest($1::uuid[], $2::text[], $3::uuid[]) \
               AS t(w, g, l) WHERE g.ws = t.w AND g.tag = t.g AND g.lead = t.l",
};

impl WorkspaceStore {
    /// Reads the tags of leads into their rows.
    pub(super) async fn put_tags(&self, rows: &mut [LeadRow]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let params = rows.iter().map(|row| vec![id(self.workspace), id(row.id)]).collect();
        let mut tags: HashMap<LeadId, Vec<String>> = HashMap::new();
        for row in self.store.query_many(&TAGS_OF, params).await? {
            tags.entry(row.id(0)?).or_default().push(row.text(1)?.to_owned());
        }
        for row in rows {
            row.tags = tags.remove(&row.id).unwrap_or_default();
            row.tags.sort_unstable();
        }
        Ok(())
    }

    /// The tags in use, in their order, at most [`TAGS_LISTED_MAX`]. Costs a look into the index for
    /// each tag, however many leads have it.
    pub async fn tags(&self) -> Result<Vec<String>, StoreError> {
        let sql = format!(
            "WITH RECURSIVE used(tag) AS (SELECT min(tag) FROM lead_tags WHERE ws = ?1 \
             UNION ALL SELECT (SELECT min(g.tag) FROM lead_tags g WHERE g.ws = ?1 \
             AND g.tag > used.tag) FROM used WHERE used.tag IS NOT NULL) \
             SELECT tag FROM used WHERE tag IS NOT NULL LIMIT {TAGS_LISTED_MAX}"
        );
        let rows = self.query(&sql, &[id(self.workspace)]).await?;
        rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
    }
}
