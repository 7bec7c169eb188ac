//! A dry run's look at duplicates. Nothing is claimed, so it says what would happen if the import
//! ran now.

use super::pass::PassLead;
use baton_domain::import::{ImportProgress, ReportRow, RowProblem};
use baton_store::{Store, StoreError};
use std::collections::HashSet;

/// Most keys of the file that are remembered; of rows beyond, only those that repeat a lead that
/// is there already, or one of the rows before, are found.
const SEEN_MAX: usize = 1_000_000;

/// The keys of the rows so far.
#[derive(Default)]
pub(super) struct Check {
    seen: HashSet<[u8; 16]>,
}

impl Check {
    /// Counts what would become of rows that are leads.
    pub(super) async fn take(
        &mut self,
        store: &Store,
        leads: Vec<PassLead>,
        progress: &mut ImportProgress,
        report: &mut Vec<ReportRow>,
    ) -> Result<(), StoreError> {
        let rules = leads.iter().filter_map(|lead| lead.capture.duplicates.as_ref());
        let keys: HashSet<[u8; 16]> = rules.flat_map(|rule| rule.keys.iter().copied()).collect();
        let held = store.held_keys(&keys.into_iter().collect::<Vec<_>>()).await?;
        for lead in leads {
            let Some(rule) = &lead.capture.duplicates else {
                progress.take(false);
                continue;
            };
            let free_before =
                rule.window_ms.map_or(i64::MIN, |w| lead.capture.now.0.saturating_sub(w));
            let holder = rule.keys.iter().find_map(|key| {
                held.get(key).filter(|(_, at)| at.0 > free_before).map(|(of, _)| *of)
            });
            let before = rule.keys.iter().any(|key| self.seen.contains(key));
            progress.take(holder.is_some() || before);
            let message = match holder {
                Some(of) => format!("repeats {of}"),
                None if before => "repeats an earlier row of the file".to_owned(),
                None => {
                    if self.seen.len() < SEEN_MAX {
                        self.seen.extend(rule.keys.iter().copied());
                    }
                    continue;
                }
            };
            if progress.report() {
                let problems = vec![RowProblem::new("", "duplicate_lead", message)];
                report.push(ReportRow { row: lead.row, line: lead.line, problems });
            }
        }
        Ok(())
    }
}
