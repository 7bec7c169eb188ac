//! What failed and waits for a person, in groups: where it went, how it ended, why.
//!
//! Groups are found by leaps along `deliveries_failures`, one for each group, and counted up to a
//! limit each: what it costs depends on the groups, not on how many deliveries are in them.

use super::DELIVERIES_FAILURES;
use super::{COLUMNS, DeliveryRow, read_row};
use crate::db::{Value, id};
use crate::error::StoreError;
use crate::store::WorkspaceStore;
use baton_domain::delivery::DeliveryState;
use baton_domain::time::Millis;
use uuid::Uuid;

/// Most groups that are listed.
pub const FAILURE_GROUPS_MAX: usize = 100;
/// How far a group is counted.
pub const FAILURES_COUNTED_MAX: i64 = 10_000;

/// Deliveries that failed alike.
#[derive(Clone, PartialEq, Debug)]
pub struct FailureGroup {
    /// The newest of them; all have its target, its state, its verdict and the head of its note.
    pub newest: DeliveryRow,
    /// How many, as far as [`FAILURES_COUNTED_MAX`].
    pub count: i64,
    /// Whether that is all of them.
    pub count_is_exact: bool,
    /// When the oldest of them last changed.
    pub first_at: Millis,
    /// When the newest of them last changed.
    pub last_at: Millis,
}

/// All groups.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Failures {
    /// The groups, the one with the newest failure first.
    pub groups: Vec<FailureGroup>,
    /// Whether there are more than [`FAILURE_GROUPS_MAX`].
    pub more: bool,
}

impl Failures {
    /// How many deliveries are in the groups, and whether that is all of them.
    #[must_use]
    pub fn total(&self) -> (i64, bool) {
        let exact = !self.more && self.groups.iter().all(|group| group.count_is_exact);
        (self.groups.iter().map(|group| group.count).sum(), exact)
    }
}

type Place = (Uuid, String);

impl WorkspaceStore {
    /// What failed, is held or has an unknown outcome, and was not resent.
    pub async fn failures(&self) -> Result<Failures, StoreError> {
        let mut failures = Failures::default();
        for state in [DeliveryState::Failed, DeliveryState::Held, DeliveryState::Unknown] {
            let mut place = None;
            while let Some(next) = self.next_group(state, place.as_ref()).await? {
                if failures.groups.len() >= FAILURE_GROUPS_MAX {
                    failures.more = true;
                    break;
                }
                failures.groups.extend(self.group(state, &next).await?);
                place = Some(next);
            }
        }
        failures.groups.sort_by_key(|group| std::cmp::Reverse(group.last_at));
        Ok(failures)
    }

    fn failing(&self, state: DeliveryState) -> (String, String) {
        let table = format!("deliveries v{}", DELIVERIES_FAILURES.by(self.store.is_postgres()));
        (
            table,
            format!("v.ws = ?1 AND v.state = '{state}' AND v.{}", DELIVERIES_FAILURES.condition),
        )
    }

    /// The next group along the index.
    async fn next_group(
        &self,
        state: DeliveryState,
        after: Option<&Place>,
    ) -> Result<Option<Place>, StoreError> {
        let (table, of_state) = self.failing(state);
        let first = |condition: &str| {
            format!(
                "SELECT v.lane, v.failure FROM {table} WHERE {of_state}{condition} \
                 ORDER BY v.lane, v.failure LIMIT 1"
            )
        };
        let mut params = vec![id(self.workspace)];
        let sql = match after {
            None => first(""),
            Some((lane, failure)) => {
                params.extend([Value::from(*lane), failure.as_str().into()]);
                format!(
                    "SELECT n.lane, n.failure FROM (\
                     SELECT 0 AS further, a.* FROM ({}) AS a UNION ALL \
                     SELECT 1 AS further, b.* FROM ({}) AS b) AS n ORDER BY n.further LIMIT 1",
                    first(" AND v.lane = ?2 AND v.failure > ?3"),
                    first(" AND v.lane > ?2"),
                )
            }
        };
        let rows = self.query(&sql, &params).await?;
        rows.first().map(|row| Ok((row.uuid(0)?, row.text(1)?.to_owned()))).transpose()
    }

    async fn group(
        &self,
        state: DeliveryState,
        (lane, failure): &Place,
    ) -> Result<Option<FailureGroup>, StoreError> {
        let (table, of_state) = self.failing(state);
        let group = format!("{of_state} AND v.lane = ?2 AND v.failure = ?3");
        let params = [id(self.workspace), (*lane).into(), failure.as_str().into()];
        let count = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {group} LIMIT {}) AS c",
            FAILURES_COUNTED_MAX + 1
        );
        let newest =
            format!("SELECT {COLUMNS} FROM {table} WHERE {group} ORDER BY v.id DESC LIMIT 1");
        let oldest =
            format!("SELECT v.updated_at FROM {table} WHERE {group} ORDER BY v.id LIMIT 1");
        let newest = self.query(&newest, &params).await?;
        let oldest = self.query(&oldest, &params).await?;
        let (Some(newest), Some(oldest)) = (newest.first(), oldest.first()) else {
            // Somebody resent the last of them meanwhile.
            return Ok(None);
        };
        let newest = read_row(newest)?;
        let count = self.query(&count, &params).await?;
        let count = count.first().map_or(Ok(0), |row| row.int(0))?;
        Ok(Some(FailureGroup {
            last_at: newest.updated_at,
            first_at: oldest.millis(0)?,
            newest,
            count: count.min(FAILURES_COUNTED_MAX),
            count_is_exact: count <= FAILURES_COUNTED_MAX,
        }))
    }
}
