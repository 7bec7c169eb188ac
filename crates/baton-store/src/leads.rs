//! Reading leads, and letting held ones go. What people do with them is in the modules below.

mod change;
pub(crate) mod erase;
mod list;
pub(crate) mod notes;
pub(crate) mod tags;

pub(crate) use change::{ChangeLeads, run_change};
pub use change::{LEADS_CHANGED_MAX, LeadChange, TagChange};
pub use erase::EraseLead;
pub use list::{DELIVERIES_SHOWN_MAX, LEADS_COUNTED_MAX, LeadCount, LeadDelivery, LeadFilter};
pub(crate) use list::{LEADS_RARE, floor_id};
pub use notes::{NOTES_PER_LEAD_MAX, NewNote, NoteRow};
pub use tags::{TAGS_LISTED_MAX, TAGS_PER_LEAD_MAX};

use crate::claim::TargetKind;
use crate::command::{Command, Effects, Reply};
use crate::db::{Many, Row, Tx, Value, id};
use crate::deliveries::NewRow;
use crate::error::StoreError;
use crate::events::EventRow;
use crate::sql;
use crate::store::{Store, WorkspaceStore};
use baton_domain::config::{Partials, Stage};
use baton_domain::delivery::DeliveryCause;
use baton_domain::id::{
    CampaignId, DeliveryId, DestinationId, LeadId, SourceId, TypedId, WorkspaceId,
};
use baton_domain::lead::{LeadData, LeadState, LeadView};
use baton_domain::time::Millis;
use std::collections::HashMap;

pub use crate::page::{EXAMINED_MAX, PAGE_MAX, Page};

/// A lead as listed.
#[derive(Clone, PartialEq, Debug)]
pub struct LeadRow {
    /// Its id.
    pub id: LeadId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Its source.
    pub source: SourceId,
    /// Its state.
    pub state: LeadState,
    /// The operator's word for it.
    pub status: String,
    /// 0 to 100.
    pub score: Option<i64>,
    /// Version of its data.
    pub data_version: i64,
    /// Whether it is a test.
    pub test: bool,
    /// The lead it repeats.
    pub duplicate_of: Option<LeadId>,
    /// The sender's sequence number of a partial lead.
    pub partial_seq: Option<i64>,
    /// Why it was refused or put aside, as JSON.
    pub problems: Option<Vec<u8>>,
    /// When it came.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// Its tags, in their order; empty where a lead is read to be sent.
    pub tags: Vec<String>,
    /// Its data.
    pub data: LeadData,
}

const COLUMNS: &str = "l.id, l.campaign, l.source, l.state, l.status, l.score, l.data_version, \
     l.test, l.duplicate_of, l.partial_seq, l.problems, l.created_at, l.updated_at, d.body";

fn read_row(row: &Row) -> Result<LeadRow, StoreError> {
    let data = serde_json::from_slice(row.bytes(13)?);
    read_row_with(row, data.map_err(|e| StoreError::unreadable("lead", &e))?)
}

/// A lead whose data is damaged, without it.
fn without_data(row: &Row) -> Option<LeadRow> {
    read_row_with(row, LeadData::default()).ok()
}

fn read_row_with(row: &Row, data: LeadData) -> Result<LeadRow, StoreError> {
    Ok(LeadRow {
        id: row.id(0)?,
        campaign: row.id(1)?,
        source: row.id(2)?,
        state: LeadState::parse(row.text(3)?).ok_or_else(|| StoreError::Damaged {
            what: "lead",
            detail: "its state is not a known word".to_owned(),
        })?,
        status: row.text(4)?.to_owned(),
        score: row.opt_int(5)?,
        data_version: row.int(6)?,
        test: row.flag(7)?,
        duplicate_of: row.opt_id(8)?,
        partial_seq: row.opt_int(9)?,
        problems: row.opt_bytes(10)?,
        created_at: row.millis(11)?,
        updated_at: row.millis(12)?,
        tags: Vec::new(),
        data,
    })
}

/// Parameters: ws, id, version.
const VERSIONS_FIND: Many = Many {
    sqlite: "SELECT l.id, l.campaign, l.source, l.state, l.status, l.score, l.data_version, \
             l.test, l.duplicate_of, l.partial_seq, l.problems, l.created_at, l.updated_at, \
             d.body, d.version, l.ws FROM leads l JOIN lead_data d ON d.lead = l.id \
             WHERE l.ws = ?1 AND l.id = ?2 AND d.version = ?3",
    postgres: "SELECT l.id, l.campaign, l.source, l.state, l.status, l.score, l.data_version, \
               l.test, l.duplicate_of, l.partial_seq, l.problems, l.created_at, l.updated_at, \
               d.body, d.version, l.ws FROM unnest($1::uuid[], $2::uuid[], $3::int8[]) AS t(w, i, v) \
               JOIN leads l ON l.ws = t.w AND l.id = t.i \
               JOIN lead_data d ON d.lead = l.id AND d.version = t.v",
};

/// A version of a lead's data, bound to its workspace.
pub type LeadVersion = (WorkspaceId, LeadId, i64);

impl Store {
    /// What requests are rendered from, for many leads of any workspaces at once: each is named with
    /// the workspace it has to be of, and those that are not stored there are left out.
    ///
    /// # Errors
    /// When the database cannot be read; one row that cannot be is left out.
    pub async fn lead_views(
        &self,
        wanted: &[LeadVersion],
    ) -> Result<HashMap<LeadVersion, LeadView>, StoreError> {
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let params = wanted
            .iter()
            .map(|(workspace, lead, version)| vec![id(*workspace), id(*lead), (*version).into()])
            .collect();
        let mut views = HashMap::with_capacity(wanted.len());
        for row in self.query_many(&VERSIONS_FIND, params).await? {
            let (workspace, version) = (row.id(15)?, row.int(14)?);
            let Ok(lead) = read_row(&row) else { continue };
            let key = (workspace, lead.id, version);
            views.insert(key, self.workspace(workspace).view(lead, version));
        }
        Ok(views)
    }
}

impl WorkspaceStore {
    /// One lead with its newest data.
    pub async fn lead(&self, lead: LeadId) -> Result<Option<LeadRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM leads l JOIN lead_data d ON d.lead = l.id \
             AND d.version = l.data_version WHERE l.ws = ?1 AND l.id = ?2"
        );
        let rows = self.query(&sql, &[id(self.workspace), id(lead)]).await?;
        let Some(mut row) = rows.first().map(read_row).transpose()? else { return Ok(None) };
        self.put_tags(std::slice::from_mut(&mut row)).await?;
        Ok(Some(row))
    }

    /// What a request or event about a lead is rendered from, with the data of `version`.
    pub async fn lead_view(
        &self,
        lead: LeadId,
        version: i64,
    ) -> Result<Option<LeadView>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM leads l JOIN lead_data d ON d.lead = l.id AND d.version = ?3 \
             WHERE l.ws = ?1 AND l.id = ?2"
        );
        let rows = self.query(&sql, &[id(self.workspace), id(lead), version.into()]).await?;
        let Some(row) = rows.first().map(read_row).transpose()? else { return Ok(None) };
        Ok(Some(self.view(row, version)))
    }

    /// A lead's row as the view that requests and events are rendered from.
    #[must_use]
    pub fn view(&self, row: LeadRow, version: i64) -> LeadView {
        let (source, campaign) = self.store.snapshot().names_of(row.source, row.campaign);
        LeadView {
            id: row.id,
            data_version: version,
            data: row.data,
            state: row.state,
            status: row.status,
            score: row.score,
            source,
            campaign,
            created_at: row.created_at,
            test: row.test,
            // The row knows the number of the newest version only.
            seq: row.partial_seq.filter(|_| version == row.data_version),
        }
    }

    /// What happened to a lead, in order; events that are damaged are passed over.
    pub async fn lead_events(&self, lead: LeadId) -> Result<Vec<EventRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM events WHERE lead = ?2 AND ws = ?1 ORDER BY n, position LIMIT 1000",
            crate::events::columns(self.store.is_postgres())
        );
        let rows = self.query(&sql, &[id(self.workspace), id(lead)]).await?;
        Ok(rows.iter().filter_map(crate::events::read_or_pass).collect())
    }

    /// Lets at most `limit` held leads of a campaign go, making their deliveries to the destinations
    /// that want them; how many went.
    pub async fn resume_held(
        &self,
        campaign: CampaignId,
        destinations: Vec<(DestinationId, Partials)>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let rows = self
            .query(
                // The campaign is the workspace's, so the index over held leads needs no more.
                "SELECT id, data_version, ws, captured_version FROM leads WHERE campaign = ?1 \
                 AND state = 'held' ORDER BY id LIMIT ?2",
                &[id(campaign), Value::Int(i64::from(limit))],
            )
            .await?;
        let mut leads = Vec::with_capacity(rows.len());
        for row in &rows {
            if row.id::<WorkspaceId>(2)? != self.workspace {
                return Err(StoreError::NotFound);
            }
            // A lead that was completed was captured more than once.
            let stage = if row.int(3)? > 1 { Stage::Completed } else { Stage::Whole };
            let wanting = destinations.iter().filter(|(_, partials)| partials.wants(stage));
            let deliveries =
                wanting.map(|(d, _)| (self.store.new_id::<DeliveryId>(), *d)).collect();
            leads.push((row.id(0)?, row.int(1)?, deliveries));
        }
        if leads.is_empty() {
            return Ok(0);
        }
        let resume = ResumeHeld { workspace: self.workspace, now: self.store.now(), leads };
        match self.store.write(Command::ResumeHeldLeads(resume)).await? {
            Reply::Count(n) => Ok(n),
            _ => Ok(0),
        }
    }
}

/// Held leads that go on their way.
pub(crate) struct ResumeHeld {
    pub workspace: WorkspaceId,
    pub now: Millis,
    pub leads: Vec<ResumedLead>,
}

/// A held lead, the version of its data, and the deliveries it gets.
type ResumedLead = (LeadId, i64, Vec<(DeliveryId, DestinationId)>);

pub(crate) async fn run_resume_held(
    tx: &Tx<'_>,
    resume: &ResumeHeld,
) -> Result<(Reply, Effects), StoreError> {
    let mut effects = Effects::default();
    let mut rows = Vec::new();
    let mut resumed = 0;
    for (lead, version, deliveries) in &resume.leads {
        let touched = tx
            .execute(
                "UPDATE leads SET state = 'received', updated_at = ?3 \
                 WHERE ws = ?1 AND id = ?2 AND state = 'held'",
                &[id(resume.workspace), id(*lead), resume.now.into()],
            )
            .await?;
        if touched == 0 {
            continue;
        }
        resumed += touched;
        for (delivery, destination) in deliveries {
            let row = NewRow {
                workspace: resume.workspace,
                id: *delivery,
                lead: Some(*lead),
                data_version: *version,
                event: None,
                target_kind: TargetKind::Destination,
                lane: destination.uuid(),
                cause: DeliveryCause::Lead,
                parent: None,
                due: resume.now,
                now: resume.now,
                lease: None,
            };
            rows.push(row.values());
            effects.lanes.push(destination.uuid());
        }
    }
    tx.execute_many(&sql::DELIVERIES_ADD, &rows).await?;
    Ok((Reply::Count(resumed), effects))
}
