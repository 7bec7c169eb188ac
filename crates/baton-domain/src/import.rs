//! An import: a file of leads that a person brings along.
//!
//! ```text
//! waiting --file, dry run--> checking --last row--> checked --run--> importing
//!    |                          |                      |                |
//!    +--file-----------------------------------------------------> importing --last row--> done
//!
//! waiting | checking | checked | importing --person, or too old--> cancelled   (final)
//! checking | importing --the file or its campaign cannot be used--> failed     (final)
//! ```
//!
//! Rows are read one after another. A batch of them is stored in one transaction together with the
//! place up to which the file was read, so that an import that is taken up again, on this node or
//! another, neither skips a row nor takes one twice. What a dry run found is thrown away when the
//! import runs: the rows are judged again, by the campaign as it is then.

mod cell;
mod columns;
mod moment;
mod row;
mod rows;

#[cfg(test)]
mod tests;

pub use cell::push_record;
pub use columns::Columns;
pub use moment::read_moment;
pub use row::{RowLead, read_row};
pub use rows::{Next, RawRow, RowReader};

use crate::delivery::states;
use crate::lead::body::{CAPTURE_BODY_BYTES_MAX, OBJECT_KEYS_MAX};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Most bytes of a file.
pub const IMPORT_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Most bytes of one row: those of a lead that is posted.
pub const ROW_BYTES_MAX: usize = CAPTURE_BODY_BYTES_MAX;
/// Most columns.
pub const COLUMNS_MAX: usize = OBJECT_KEYS_MAX;
/// Most rows that a report names; more are only counted.
pub const REPORT_ROWS_MAX: u64 = 100_000;
/// How often a row that quotes do not balance in is given up at its first line; a file with more
/// of them is not CSV.
pub const RESYNCS_MAX: u32 = 1_000;
/// The column that says when a lead was submitted elsewhere.
pub const SUBMITTED_AT: &str = "submitted_at";

states! {
    /// Where an import stands.
    ImportState {
        /// For its file.
        Waiting = "waiting",
        /// Rows are judged and nothing is stored.
        Checking = "checking",
        /// A dry run that is through; it can be run in earnest.
        Checked = "checked",
        /// Rows are taken in.
        Importing = "importing",
        /// All rows were read.
        Done = "done",
        /// A person stopped it, or nobody went on with it.
        Cancelled = "cancelled",
        /// The file or the campaign could not be used.
        Failed = "failed",
    }
}

impl ImportState {
    /// Whether rows are being read.
    #[must_use]
    pub fn is_working(self) -> bool {
        matches!(self, Self::Checking | Self::Importing)
    }

    /// Whether nothing more happens to it.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Failed)
    }
}

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ImportFormat {
    /// Rows of cells (RFC 4180), with the delimiters that spreadsheets use.
    Csv,
    /// One JSON object a line, each as a capture's body.
    Jsonl,
}

/// How an import reads its file and what it does with the leads. Stored with the import.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ImportSettings {
    /// How the file is written.
    pub format: ImportFormat,
    /// Column names, and the field each becomes; `None` leaves the column out. A column that is
    /// not named becomes the field of its own name.
    #[serde(default)]
    pub columns: BTreeMap<String, Option<String>>,
    /// The names of the columns, for a file whose first row is a lead already.
    #[serde(default)]
    pub header: Option<Vec<String>>,
    /// What stands between cells; `None`: as the first line shows.
    #[serde(default)]
    pub delimiter: Option<char>,
    /// Whether the leads go to the campaign's destinations and to webhooks.
    #[serde(default)]
    pub deliver: bool,
    /// What the person called the file.
    #[serde(default)]
    pub name: Option<String>,
}

/// How far into a file rows were taken.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Place {
    /// Bytes.
    pub offset: u64,
    /// Number of the last row; a header is the first. Empty lines are none.
    pub row: u64,
    /// Line breaks.
    pub line: u64,
}

/// What an import has done so far.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct ImportProgress {
    /// Up to where.
    pub place: Place,
    /// Rows with a lead: the sum of the next three.
    pub read: u64,
    /// Rows that are a lead now, or would be.
    pub accepted: u64,
    /// Rows that repeat a lead, whatever the campaign's rule makes of it.
    pub duplicates: u64,
    /// Rows that are no lead.
    pub refused: u64,
    /// Refused rows by the code of their first problem.
    #[serde(default)]
    pub reasons: BTreeMap<String, u64>,
    /// Rows that the report names.
    #[serde(default)]
    pub reported: u64,
}

impl ImportProgress {
    /// Counts a refused row.
    pub fn refuse(&mut self, problems: &[RowProblem]) {
        self.read += 1;
        self.refused += 1;
        let code = problems.first().map_or("invalid", |p| p.code.as_str());
        *self.reasons.entry(code.to_owned()).or_default() += 1;
    }

    /// Counts a row that is a lead, or repeats one.
    pub fn take(&mut self, duplicate: bool) {
        self.read += 1;
        if duplicate {
            self.duplicates += 1;
        } else {
            self.accepted += 1;
        }
    }

    /// Whether the report names one more row; counts it when it does.
    pub fn report(&mut self) -> bool {
        let room = self.reported < REPORT_ROWS_MAX;
        self.reported += u64::from(room);
        room
    }
}

/// What is wrong with a row. Holds no value of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RowProblem {
    /// The field or column, empty when it is about the whole row.
    pub field: String,
    /// A stable word.
    pub code: String,
    /// One line for people.
    pub message: String,
}

impl RowProblem {
    /// A problem.
    pub fn new(
        field: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), code: code.into(), message: message.into() }
    }
}

/// A row of a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReportRow {
    /// Its number, as a spreadsheet counts: a header is row 1.
    pub row: u64,
    /// The line it begins in.
    pub line: u64,
    /// What is wrong with it.
    pub problems: Vec<RowProblem>,
}

/// Why a whole file cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ImportFault {
    /// A stable word.
    pub code: String,
    /// One line for people.
    pub message: String,
}

impl ImportFault {
    /// A fault.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}
