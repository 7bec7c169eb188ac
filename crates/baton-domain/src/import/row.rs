//! From a row to a lead's body.

use super::columns::{Columns, Target, target_of};
use super::rows::Raw;
use super::{ImportSettings, RowProblem, SUBMITTED_AT, read_moment};
use crate::lead::body::{Body, BodyProblem, from_pairs, parse_object, sort};
use crate::lead::schema::FieldSpec;
use crate::personal::scalar_text;
use serde_json::Map;

/// A row that could be read.
#[derive(Clone, PartialEq, Debug)]
pub struct RowLead {
    /// The lead, as if it had been posted.
    pub body: Body,
    /// When it was submitted elsewhere, RFC 3339.
    pub submitted_at: Option<String>,
}

/// Reads a row. `month_first` is how the campaign's country writes dates.
///
/// # Errors
/// The first problem of the row.
pub fn read_row(
    raw: &Raw,
    columns: Option<&Columns>,
    settings: &ImportSettings,
    (fields, month_first): (&[FieldSpec], bool),
) -> Result<RowLead, RowProblem> {
    let (body, moment) = match (raw, columns) {
        (Raw::Cells { .. }, Some(columns)) => of_cells(raw, columns)?,
        (Raw::Line(line), _) => of_line(line, settings, fields)?,
        (Raw::Cells { .. }, None) => {
            return Err(RowProblem::new("", "no_header", "the columns of the file are not known"));
        }
    };
    let submitted_at = match moment.filter(|text| !text.trim().is_empty()) {
        None => None,
        Some(text) => Some(read_moment(&text, month_first).ok_or_else(|| {
            let why = "is not a date or time that can be read, such as 2026-01-28T14:30:00Z";
            RowProblem::new(SUBMITTED_AT, "invalid_date", why)
        })?),
    };
    Ok(RowLead { body, submitted_at })
}

type Parts = (Body, Option<String>);

fn of_cells(raw: &Raw, columns: &Columns) -> Result<Parts, RowProblem> {
    let mut pairs = Vec::with_capacity(columns.count());
    let mut moment = None;
    for (at, cell) in raw.cells().enumerate() {
        let Some((name, target)) = columns.target(at) else { break };
        if cell.is_empty() || *target == Target::Skipped {
            continue;
        }
        let text = std::str::from_utf8(cell).map_err(|_| {
            let why = "is not UTF-8; save the file as CSV UTF-8";
            RowProblem::new(name, "invalid_utf8", why)
        })?;
        match target {
            Target::Key(key) => pairs.push((key.clone(), text.to_owned())),
            Target::SubmittedAt => moment = Some(text.to_owned()),
            Target::Skipped => {}
        }
    }
    Ok((from_pairs(pairs).map_err(problem)?, moment))
}

fn of_line(
    line: &[u8],
    settings: &ImportSettings,
    fields: &[FieldSpec],
) -> Result<Parts, RowProblem> {
    let object = parse_object(line, super::ROW_BYTES_MAX).map_err(problem)?;
    let mut named = Map::new();
    let mut moment = None;
    for (name, value) in object {
        match target_of(&name, settings, fields) {
            Target::Skipped => {}
            Target::SubmittedAt => moment = scalar_text(&value),
            Target::Key(key) => {
                if named.insert(key, value).is_some() {
                    let why = "becomes a field that another key is already";
                    return Err(RowProblem::new(name, "duplicate_key", why));
                }
            }
        }
    }
    Ok((sort(named).map_err(problem)?, moment))
}

fn problem(problem: BodyProblem) -> RowProblem {
    let code = problem.code();
    RowProblem::new(problem.field.unwrap_or_default(), code, problem.message)
}
