//! Lists of deliveries, newest first, along the one index that fits best; what is sifted beyond
//! that is bounded, see `leads::list`.

use super::{COLUMNS, DeliveryRow, read_row};
use crate::db::{Value, id};
use crate::error::StoreError;
use crate::leads::floor_id;
use crate::page::{self, EXAMINED_MAX, PAGE_MAX, Page};
use crate::sql::PartialIndex;
use crate::store::WorkspaceStore;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DeliveryId, LeadId};
use baton_domain::time::Millis;
use uuid::Uuid;

/// How many characters of a note tell groups of failures apart, and are compared by filters.
pub const NOTE_HEAD_CHARS: usize = 200;

/// What a list of deliveries asks for; newest first.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Only of this state.
    pub state: Option<DeliveryState>,
    /// Only of this lead.
    pub lead: Option<LeadId>,
    /// Only to this destination or subscription.
    pub target: Option<Uuid>,
    /// Only whose last attempt had this verdict; empty: that had none.
    pub verdict: Option<String>,
    /// Only whose note begins so, as far as [`NOTE_HEAD_CHARS`] go; empty: that have none.
    pub note: Option<String>,
    /// Only that were resent, or only others.
    pub resent: Option<bool>,
    /// Only made at or after this instant.
    pub since: Option<Millis>,
    /// Only made before this instant.
    pub until: Option<Millis>,
    /// Only before this delivery (the cursor).
    pub before: Option<DeliveryId>,
    /// At most so many, up to [`PAGE_MAX`].
    pub limit: u32,
}

/// The index over rare states.
const DELIVERIES_RARE: PartialIndex = PartialIndex {
    name: "deliveries_rare",
    condition: "state IN ('failed', 'held', 'rejected', 'unknown', 'retrying')",
};
/// The index over what failed and was not resent.
pub(crate) const DELIVERIES_FAILURES: PartialIndex =
    PartialIndex { name: "deliveries_failures", condition: "failure IS NOT NULL" };

/// Whether that index has the state.
pub(crate) fn is_rare(state: DeliveryState) -> bool {
    matches!(
        state,
        DeliveryState::Failed
            | DeliveryState::Held
            | DeliveryState::Rejected
            | DeliveryState::Unknown
            | DeliveryState::Retrying
    )
}

/// Whether the index `deliveries_failures` has deliveries of that state, while nobody resent them.
pub(crate) fn fails(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Failed | DeliveryState::Held | DeliveryState::Unknown)
}

/// The table read along the index that has deliveries of a rare state in the order of their ids,
/// and the condition that goes with it.
pub(crate) fn of_rare_state(postgres: bool, state: DeliveryState) -> (String, String) {
    let table = format!("deliveries v{}", DELIVERIES_RARE.by(postgres));
    (table, format!("v.state = '{state}' AND v.{}", DELIVERIES_RARE.condition))
}

/// What `deliveries.failure` holds.
pub(crate) fn failure_key(verdict: &str, note: &str) -> String {
    format!("{verdict} {}", head_of(note))
}

/// The part of a note that is compared.
#[must_use]
pub fn head_of(note: &str) -> String {
    note.chars().take(NOTE_HEAD_CHARS).collect()
}

/// The index a list goes along.
enum Way {
    /// A lead has few deliveries.
    Lead(LeadId),
    /// One group of failures.
    Group(DeliveryState, Uuid, String),
    Rare(DeliveryState),
    All,
}

impl DeliveryFilter {
    fn way(&self) -> Way {
        let group = |state| match (self.target, &self.verdict, &self.note) {
            (Some(target), Some(verdict), Some(note)) if fails(state) => {
                Some((target, failure_key(verdict, note)))
            }
            _ => None,
        };
        match (self.lead, self.state) {
            (Some(lead), _) => Way::Lead(lead),
            (None, Some(state)) if is_rare(state) => match group(state) {
                Some((target, key)) if self.resent == Some(false) => Way::Group(state, target, key),
                _ => Way::Rare(state),
            },
            _ => Way::All,
        }
    }

    /// The rows looked at, with the columns that are sifted by; without their order.
    fn examined(&self, params: &mut Vec<Value>, postgres: bool) -> String {
        let equal = |params: &mut Vec<Value>, value: Value| {
            params.push(value);
            params.len()
        };
        let (table, condition) = match self.way() {
            Way::Lead(lead) => {
                ("deliveries v".to_owned(), format!("v.lead = ?{}", equal(params, id(lead))))
            }
            Way::Group(state, target, key) => {
                let table = format!("deliveries v{}", DELIVERIES_FAILURES.by(postgres));
                let lane = equal(params, target.into());
                let key = equal(params, key.into());
                let group =
                    format!("v.state = '{state}' AND v.lane = ?{lane} AND v.failure = ?{key}");
                (table, group)
            }
            Way::Rare(state) => of_rare_state(postgres, state),
            Way::All => ("deliveries v".to_owned(), "1 = 1".to_owned()),
        };
        let bounds = [
            ("<", self.before.map(id)),
            (">=", self.since.map(floor_id)),
            ("<", self.until.map(floor_id)),
        ];
        let mut range = String::new();
        for (comparison, bound) in bounds {
            if let Some(bound) = bound {
                range.push_str(&format!(" AND v.id {comparison} ?{}", equal(params, bound)));
            }
        }
        format!(
            "SELECT v.id, v.lane, v.state, v.verdict, v.note, v.resent_by FROM {table} \
             WHERE v.ws = ?1 AND {condition}{range}"
        )
    }

    /// What the index does not answer.
    fn rest(&self, params: &mut Vec<Value>) -> String {
        let mut rest = String::new();
        let way = self.way();
        if matches!(way, Way::Group(..)) {
            return rest;
        }
        let mut push = |expression: &str, value: Option<Value>| {
            if let Some(value) = value {
                params.push(value);
                rest.push_str(&format!(" AND {expression} = ?{}", params.len()));
            }
        };
        push("e.lane", self.target.map(Value::from));
        push("coalesce(e.verdict, '')", self.verdict.clone().map(Value::from));
        let head = format!("substr(coalesce(e.note, ''), 1, {NOTE_HEAD_CHARS})");
        push(&head, self.note.as_deref().map(head_of).map(Value::from));
        if let Some(state) = self.state.filter(|_| !matches!(way, Way::Rare(_))) {
            rest.push_str(&format!(" AND e.state = '{state}'"));
        }
        match self.resent {
            Some(true) => rest.push_str(" AND e.resent_by IS NOT NULL"),
            Some(false) => rest.push_str(" AND e.resent_by IS NULL"),
            None => {}
        }
        rest
    }
}

impl WorkspaceStore {
    /// Deliveries, newest first. Filters that hit rarely look at [`EXAMINED_MAX`] rows at most and
    /// then return a cursor, with or without rows.
    pub async fn deliveries(
        &self,
        filter: &DeliveryFilter,
    ) -> Result<Page<DeliveryRow>, StoreError> {
        let limit = filter.limit.clamp(1, PAGE_MAX);
        let (sql, params, sifts) = self.deliveries_statement(filter, limit);
        let found = self.query(&sql, &params).await?;
        let mut page = Page::read(&found, read_row, page::nothing).followed(&found, limit);
        if page.next.is_none() && sifts {
            page.next = self.last_looked_at(filter).await?;
        }
        Ok(page)
    }

    /// How the database goes about a list: for tests of what it reads.
    #[doc(hidden)]
    pub async fn explain_deliveries(&self, filter: &DeliveryFilter) -> Result<String, StoreError> {
        let (sql, params, _) = self.deliveries_statement(filter, filter.limit);
        self.explain(&sql, &params).await
    }

    /// The statement of a list, its parameters, and whether rows that the indexes give are sifted.
    fn deliveries_statement(
        &self,
        filter: &DeliveryFilter,
        limit: u32,
    ) -> (String, Vec<Value>, bool) {
        let mut params = vec![id(self.workspace)];
        let rest = filter.rest(&mut params);
        let sifts = !rest.is_empty() && !matches!(filter.way(), Way::Lead(_));
        let bound = match (sifts, rest.is_empty()) {
            (true, _) => format!(" ORDER BY v.id DESC LIMIT {EXAMINED_MAX}"),
            (false, true) => format!(" ORDER BY v.id DESC LIMIT {limit}"),
            // All deliveries of a lead.
            (false, false) => String::new(),
        };
        let examined = filter.examined(&mut params, self.store.is_postgres());
        let sql = format!(
            "SELECT {COLUMNS} FROM deliveries v WHERE v.ws = ?1 AND v.id IN \
             (SELECT e.id FROM ({examined}{bound}) e WHERE 1 = 1{rest} \
             ORDER BY e.id DESC LIMIT {limit}) ORDER BY v.id DESC"
        );
        (sql, params, sifts)
    }

    /// The id at which a list with rare filters stopped looking, if it stopped.
    async fn last_looked_at(&self, filter: &DeliveryFilter) -> Result<Option<Uuid>, StoreError> {
        let mut params = vec![id(self.workspace)];
        let examined = filter.examined(&mut params, self.store.is_postgres());
        let sql = format!(
            "SELECT e.id FROM ({examined} ORDER BY v.id DESC LIMIT {EXAMINED_MAX}) AS e \
             ORDER BY e.id DESC LIMIT 1 OFFSET {}",
            EXAMINED_MAX - 1
        );
        self.query(&sql, &params).await?.first().map(|r| r.uuid(0)).transpose()
    }
}
