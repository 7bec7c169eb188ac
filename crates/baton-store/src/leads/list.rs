//! Lists of leads, newest first.
//!
//! A list goes along the one index that fits its filters best and sifts what that gives by the
//! others. What is sifted is bounded: after [`EXAMINED_MAX`] rows a page ends with a cursor.

use super::{COLUMNS, LeadRow, read_row, without_data};
use crate::db::{Many, Value, id};
use crate::error::StoreError;
use crate::page::{EXAMINED_MAX, PAGE_MAX, Page};
use crate::sql::PartialIndex;
use crate::store::WorkspaceStore;
use baton_domain::config::STATUS_FIRST;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{CampaignId, DeliveryId, DestinationId, LeadId, SourceId, TypedId};
use baton_domain::lead::LeadState;
use baton_domain::time::Millis;
use std::collections::HashMap;
use uuid::Uuid;

/// Most deliveries of a lead that a list shows, the newest ones.
pub const DELIVERIES_SHOWN_MAX: u32 = 20;

/// How many leads are looked at to count them.
pub const LEADS_COUNTED_MAX: u32 = 10_000;

/// How many leads there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeadCount {
    /// So many were found.
    pub count: i64,
    /// Whether that is all of them.
    pub is_exact: bool,
}

/// What a list of leads asks for; newest first.
#[derive(Clone, Debug, Default)]
pub struct LeadFilter {
    /// Only of these states; empty: of any.
    pub states: Vec<LeadState>,
    /// Only of this campaign.
    pub campaign: Option<CampaignId>,
    /// Only of this source.
    pub source: Option<SourceId>,
    /// Only with this status.
    pub status: Option<String>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only tests, or only others.
    pub test: Option<bool>,
    /// Only that came at or after this instant.
    pub since: Option<Millis>,
    /// Only that came before this instant.
    pub until: Option<Millis>,
    /// Only whose e-mail address or phone number is exactly this.
    pub exact: Option<String>,
    /// Only that contain this text (at least three characters) in a field.
    pub text: Option<String>,
    /// Only before this lead (the cursor).
    pub before: Option<LeadId>,
    /// At most so many, up to [`PAGE_MAX`].
    pub limit: u32,
}

/// A delivery of a lead, in a list of leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeadDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Where it goes.
    pub destination: DestinationId,
    /// Where it stands.
    pub state: DeliveryState,
}

/// The index over rare states.
pub(crate) const LEADS_RARE: PartialIndex = PartialIndex {
    name: "leads_rare",
    condition: "state IN ('partial', 'held', 'quarantined', 'rejected', 'erased')",
};
/// The index over what people have said something of.
const LEADS_STATUS: PartialIndex =
    PartialIndex { name: "leads_status", condition: "status <> 'new'" };
/// The index over campaigns; it has all leads.
const LEADS_CAMPAIGN: &str = "leads_campaign";
/// The index over tests.
const LEADS_TEST: PartialIndex = PartialIndex { name: "leads_test", condition: "test = 1" };

/// Whether the index `leads_rare` has the state.
fn is_rare(state: LeadState) -> bool {
    matches!(
        state,
        LeadState::Partial
            | LeadState::Held
            | LeadState::Quarantined
            | LeadState::Rejected
            | LeadState::Erased
    )
}

/// The index a list goes along.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Tag,
    Status,
    Rare,
    Test,
    Campaign,
    All,
}

impl LeadFilter {
    fn way(&self) -> Way {
        if self.tag.is_some() {
            Way::Tag
        } else if self.status.as_ref().is_some_and(|status| status != STATUS_FIRST) {
            Way::Status
        } else if !self.states.is_empty() && self.states.iter().all(|state| is_rare(*state)) {
            Way::Rare
        } else if self.test == Some(true) {
            Way::Test
        } else if self.campaign.is_some() {
            Way::Campaign
        } else {
            Way::All
        }
    }

    /// Whether rows that the index gives are still sifted, so that a bound is needed.
    fn sifts(&self) -> bool {
        let way = self.way();
        (self.campaign.is_some() && way != Way::Campaign)
            || self.source.is_some()
            || (self.status.is_some() && way != Way::Status)
            || (!self.states.is_empty() && way != Way::Rare)
            || (self.test.is_some() && way != Way::Test)
    }

    /// Rows along the index, newest first, at most `most`: `id, state, campaign, source, status,
    /// test`.
    fn examined(&self, most: u32, params: &mut Vec<Value>, postgres: bool) -> String {
        let range = self.range("l.id", params);
        let select = |table: &str, equal: &str| {
            format!(
                "SELECT l.id, l.state, l.campaign, l.source, l.status, l.test FROM {table} \
                 WHERE l.ws = ?1{equal}{range} ORDER BY l.id DESC LIMIT {most}"
            )
        };
        let leads = |index: &PartialIndex| format!("leads l{}", index.by(postgres));
        match self.way() {
            Way::All => select("leads l", ""),
            Way::Test => select(&leads(&LEADS_TEST), &format!(" AND l.{}", LEADS_TEST.condition)),
            Way::Status => {
                params.push(self.status.clone().into());
                let n = params.len();
                let equal = format!(" AND l.status = ?{n} AND l.{}", LEADS_STATUS.condition);
                select(&leads(&LEADS_STATUS), &equal)
            }
            Way::Campaign => {
                params.push(self.campaign.map(id).into());
                let by =
                    if postgres { String::new() } else { format!(" INDEXED BY {LEADS_CAMPAIGN}") };
                select(&format!("leads l{by}"), &format!(" AND l.campaign = ?{}", params.len()))
            }
            Way::Tag => {
                params.push(self.tag.clone().into());
                let (n, range) = (params.len(), range.replace("l.id", "lead"));
                // The table of tags has the order; leads are looked up. With a plain join SQLite goes
                // through all leads in their order, and asks of each whether it has the tag.
                format!(
                    "SELECT l.id, l.state, l.campaign, l.source, l.status, l.test FROM \
                     (SELECT lead AS id FROM lead_tags WHERE ws = ?1 AND tag = ?{n}{range} \
                     ORDER BY lead DESC LIMIT {most}) t CROSS JOIN leads l \
                     WHERE l.ws = ?1 AND l.id = t.id"
                )
            }
            Way::Rare => {
                let mut states = self.states.clone();
                states.sort_unstable();
                states.dedup();
                // Each state is a stretch of the index of its own.
                let stretch = |state: &LeadState| {
                    let equal = format!(" AND l.state = '{state}' AND l.{}", LEADS_RARE.condition);
                    let stretch = select(&leads(&LEADS_RARE), &equal);
                    format!("SELECT * FROM ({stretch}) AS of_{state}")
                };
                let stretches: Vec<String> = states.iter().map(stretch).collect();
                format!("{} ORDER BY id DESC LIMIT {most}", stretches.join(" UNION ALL "))
            }
        }
    }

    /// The range of ids, as conditions on a column.
    pub(crate) fn range(&self, column: &str, params: &mut Vec<Value>) -> String {
        let bounds = [
            ("<", self.before.map(id)),
            (">=", self.since.map(floor_id)),
            ("<", self.until.map(floor_id)),
        ];
        let mut range = String::new();
        for (comparison, bound) in bounds {
            if let Some(bound) = bound {
                params.push(bound);
                range.push_str(&format!(" AND {column} {comparison} ?{}", params.len()));
            }
        }
        range
    }

    /// What the index does not answer.
    fn rest(&self, params: &mut Vec<Value>) -> String {
        let way = self.way();
        let mut rest = String::new();
        let equals = [
            ("campaign", self.campaign.filter(|_| way != Way::Campaign).map(id)),
            ("source", self.source.map(id)),
            ("status", self.status.clone().filter(|_| way != Way::Status).map(Value::from)),
            ("test", self.test.filter(|_| way != Way::Test).map(Value::from)),
        ];
        for (column, value) in equals {
            if let Some(value) = value {
                params.push(value);
                rest.push_str(&format!(" AND l.{column} = ?{}", params.len()));
            }
        }
        if way != Way::Rare && !self.states.is_empty() {
            let states: Vec<String> = self.states.iter().map(|s| format!("'{s}'")).collect();
            rest.push_str(&format!(" AND l.state IN ({})", states.join(", ")));
        }
        rest
    }

    fn matches(&self, row: &LeadRow) -> bool {
        (self.states.is_empty() || self.states.contains(&row.state))
            && self.campaign.is_none_or(|c| c == row.campaign)
            && self.source.is_none_or(|s| s == row.source)
            && self.status.as_ref().is_none_or(|s| *s == row.status)
            && self.tag.as_ref().is_none_or(|t| row.tags.contains(t))
            && self.test.is_none_or(|t| t == row.test)
            && self.since.is_none_or(|s| row.created_at >= s)
            && self.until.is_none_or(|u| row.created_at < u)
    }
}

/// The id that sorts just below every id of the instant `at`.
pub(crate) fn floor_id(at: Millis) -> Value {
    Value::Id(baton_domain::id::uuid_v7(at, [0; 10]))
}

/// Parameters: ws, id.
const LEADS_FIND: Many = Many {
    sqlite: "SELECT l.id, l.campaign, l.source, l.state, l.status, l.score, l.data_version, \
             l.test, l.duplicate_of, l.partial_seq, l.problems, l.created_at, l.updated_at, d.body \
             FROM leads l JOIN lead_data d ON d.lead = l.id AND d.version = l.data_version \
             WHERE l.ws = ?1 AND l.id = ?2",
    postgres: "SELECT l.id, l.campaign, l.source, l.state, l.status, l.score, l.data_version, \
               l.test, l.duplicate_of, l.partial_seq, l.problems, l.created_at, l.updated_at, \
               d.body FROM unnest($1::uuid[], $2::uuid[]) AS t(w, i) \
               JOIN leads l ON l.ws = t.w AND l.id = t.i \
               JOIN lead_data d ON d.lead = l.id AND d.version = l.data_version",
};

/// Parameters: ws, lead, most.
const DELIVERIES_OF: Many = Many {
    sqlite: "SELECT lead, id, lane, state FROM deliveries WHERE ws = ?1 AND lead = ?2 \
             AND target_kind = 0 ORDER BY id DESC LIMIT ?3",
    postgres: "SELECT v.lead, v.id, v.lane, v.state \
               FROM unnest($1::uuid[], $2::uuid[], $3::int8[]) AS t(w, l, m) \
               CROSS JOIN LATERAL (SELECT lead, id, lane, state FROM deliveries \
               WHERE ws = t.w AND lead = t.l AND target_kind = 0 ORDER BY id DESC LIMIT t.m) v \
               ORDER BY v.id DESC",
};

impl WorkspaceStore {
    /// Leads, newest first. Filters that hit rarely look at [`EXAMINED_MAX`] rows at most and
    /// then return a cursor, with or without rows.
    pub async fn leads(&self, filter: &LeadFilter) -> Result<Page<LeadRow>, StoreError> {
        let limit = filter.limit.clamp(1, PAGE_MAX);
        let ids = match (&filter.exact, &filter.text) {
            (Some(exact), _) => Some(self.leads_by_exact(exact, filter, limit).await?),
            (None, Some(text)) => Some(self.leads_by_text(text, filter, limit).await?),
            (None, None) => None,
        };
        if let Some(ids) = ids {
            return self.leads_among(filter, ids, limit).await;
        }
        let (sql, params) = self.leads_statement(filter, limit);
        let found = self.query(&sql, &params).await?;
        let mut page = Page::read(&found, read_row, without_data).followed(&found, limit);
        if page.next.is_none() && filter.sifts() {
            page.next = self.last_examined(filter).await?;
        }
        self.put_tags(&mut page.rows).await?;
        Ok(page)
    }

    /// Counts the newest leads that the index of a list gives, as far as they match, `most` of
    /// them and at most [`LEADS_COUNTED_MAX`]. Texts and the limit of the filter are not heeded.
    pub async fn count_leads(
        &self,
        filter: &LeadFilter,
        most: u32,
    ) -> Result<LeadCount, StoreError> {
        let mut params = vec![id(self.workspace)];
        let counted = most.min(LEADS_COUNTED_MAX);
        let postgres = self.store.is_postgres();
        let examined = filter.examined(counted + 1, &mut params, postgres);
        let rest = filter.rest(&mut params);
        let sql =
            format!("SELECT count(*), count(CASE WHEN 1 = 1{rest} THEN 1 END) FROM ({examined}) l");
        let rows = self.query(&sql, &params).await?;
        let Some(row) = rows.first() else { return Ok(LeadCount { count: 0, is_exact: true }) };
        let counted = i64::from(counted);
        Ok(LeadCount { count: row.int(1)?.min(counted), is_exact: row.int(0)? <= counted })
    }

    /// How the database goes about a list: for tests of what it reads.
    #[doc(hidden)]
    pub async fn explain_leads(&self, filter: &LeadFilter) -> Result<String, StoreError> {
        let (sql, params) = self.leads_statement(filter, filter.limit);
        self.explain(&sql, &params).await
    }

    /// The statement of a list, and its parameters.
    fn leads_statement(&self, filter: &LeadFilter, limit: u32) -> (String, Vec<Value>) {
        let mut params = vec![id(self.workspace)];
        let most = if filter.sifts() { EXAMINED_MAX } else { limit };
        let examined = filter.examined(most, &mut params, self.store.is_postgres());
        let rest = filter.rest(&mut params);
        // The data is read for what is on the page only, not for all that is looked at.
        let sql = format!(
            "SELECT {COLUMNS} FROM leads l JOIN lead_data d ON d.lead = l.id \
             AND d.version = l.data_version WHERE l.ws = ?1 \
             AND l.id IN (SELECT l.id FROM ({examined}) l WHERE 1 = 1{rest} \
             ORDER BY l.id DESC LIMIT {limit}) ORDER BY l.id DESC"
        );
        (sql, params)
    }

    /// The id at which a list with rare filters stopped looking, if it stopped.
    async fn last_examined(&self, filter: &LeadFilter) -> Result<Option<Uuid>, StoreError> {
        let mut params = vec![id(self.workspace)];
        let examined = filter.examined(EXAMINED_MAX, &mut params, self.store.is_postgres());
        let sql = format!(
            "SELECT e.id FROM ({examined}) AS e ORDER BY e.id DESC LIMIT 1 OFFSET {}",
            EXAMINED_MAX - 1
        );
        self.query(&sql, &params).await?.first().map(|r| r.uuid(0)).transpose()
    }

    async fn leads_among(
        &self,
        filter: &LeadFilter,
        ids: Vec<LeadId>,
        limit: u32,
    ) -> Result<Page<LeadRow>, StoreError> {
        let full = ids.len() == limit as usize;
        let last = ids.last().map(|l| l.uuid());
        let params = ids.iter().map(|lead| vec![id(self.workspace), id(*lead)]).collect();
        let found = self.store.query_many(&LEADS_FIND, params).await?;
        let mut page = Page::read(&found, read_row, without_data);
        self.put_tags(&mut page.rows).await?;
        page.rows.retain(|row| filter.matches(row));
        page.rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
        page.next = last.filter(|_| full);
        Ok(page)
    }

    /// Where leads went: their newest deliveries to destinations, at most
    /// [`DELIVERIES_SHOWN_MAX`] of each, newest first.
    pub async fn deliveries_of(
        &self,
        leads: &[LeadId],
    ) -> Result<HashMap<LeadId, Vec<LeadDelivery>>, StoreError> {
        let most = Value::Int(i64::from(DELIVERIES_SHOWN_MAX));
        let params =
            leads.iter().map(|lead| vec![id(self.workspace), id(*lead), most.clone()]).collect();
        let mut found: HashMap<LeadId, Vec<LeadDelivery>> = HashMap::new();
        for row in self.store.query_many(&DELIVERIES_OF, params).await? {
            let state = DeliveryState::parse(row.text(3)?).ok_or_else(|| StoreError::Damaged {
                what: "delivery",
                detail: "its state is not a known word".to_owned(),
            })?;
            let delivery = LeadDelivery { id: row.id(1)?, destination: row.id(2)?, state };
            found.entry(row.id(0)?).or_default().push(delivery);
        }
        Ok(found)
    }
}
