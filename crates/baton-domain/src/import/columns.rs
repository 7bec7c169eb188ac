//! Which field each column of a file becomes.

use super::{COLUMNS_MAX, ImportFault, ImportSettings, SUBMITTED_AT};
use crate::lead::body::{KEY_BYTES_MAX, is_reserved};
use crate::lead::schema::FieldSpec;

/// What becomes of a column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// A key of the lead's body: a field or a reserved key.
    Key(String),
    /// The time it was submitted elsewhere.
    SubmittedAt,
    /// Left out.
    Skipped,
}

/// The columns of a file, in their order, or the rule for the keys of a file without a header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Columns {
    names: Vec<String>,
    targets: Vec<Target>,
}

impl Columns {
    /// The columns of a header. Names are trimmed; one that the settings do not map is matched to
    /// the campaign's fields also without case and with any punctuation (`First Name` is
    /// `first_name`). Empty names at the end are dropped, spreadsheets leave them.
    ///
    /// # Errors
    /// A name is empty, too long or no UTF-8, two columns become one field, or the settings name a
    /// column that is not there.
    pub fn of_header(
        cells: &[&[u8]],
        settings: &ImportSettings,
        fields: &[FieldSpec],
    ) -> Result<Self, ImportFault> {
        let mut names = Vec::with_capacity(cells.len());
        for (at, cell) in cells.iter().enumerate() {
            let name = std::str::from_utf8(cell).map_err(|_| {
                let why =
                    format!("the name of column {} is not UTF-8; save the file as UTF-8", at + 1);
                ImportFault::new("invalid_utf8", why)
            })?;
            names.push(name.trim().to_owned());
        }
        while names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        if names.is_empty() || names.len() > COLUMNS_MAX {
            let why = format!("the file has {} columns, 1 to {COLUMNS_MAX} are taken", names.len());
            return Err(ImportFault::new("wrong_columns", why));
        }
        if let Some(missing) = settings.columns.keys().find(|name| !names.contains(name)) {
            let why = format!("`columns` names `{missing}`, which is not in the file's header");
            return Err(ImportFault::new("unknown_column", why));
        }
        let mut targets: Vec<Target> = Vec::with_capacity(names.len());
        for (at, name) in names.iter().enumerate() {
            if name.is_empty() {
                let why =
                    format!("column {} has no name; the first row must name all columns", at + 1);
                return Err(ImportFault::new("unnamed_column", why));
            }
            let target = target_of(name, settings, fields);
            if let Target::Key(key) = &target
                && (key.is_empty() || key.len() > KEY_BYTES_MAX || key.contains('\0'))
            {
                let why = format!("the name of column {} has 1 to {KEY_BYTES_MAX} bytes", at + 1);
                return Err(ImportFault::new("invalid_column", why));
            }
            if target != Target::Skipped && targets.contains(&target) {
                let why = format!("column {} becomes a field that another one is already", at + 1);
                return Err(ImportFault::new("duplicate_column", why));
            }
            targets.push(target);
        }
        Ok(Self { names, targets })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.names.len()
    }

    pub(super) fn target(&self, at: usize) -> Option<(&str, &Target)> {
        Some((self.names.get(at)?, self.targets.get(at)?))
    }
}

/// What a column or key of that name becomes.
pub(super) fn target_of(name: &str, settings: &ImportSettings, fields: &[FieldSpec]) -> Target {
    let key = match settings.columns.get(name) {
        Some(None) => return Target::Skipped,
        Some(Some(key)) => key.as_str(),
        None => {
            let known = |key: &str| {
                key == SUBMITTED_AT || is_reserved(key) || fields.iter().any(|f| f.name == key)
            };
            let plain = plain(name);
            if known(name) || !known(&plain) {
                name
            } else {
                return if plain == SUBMITTED_AT {
                    Target::SubmittedAt
                } else {
                    Target::Key(plain)
                };
            }
        }
    };
    if key == SUBMITTED_AT { Target::SubmittedAt } else { Target::Key(key.to_owned()) }
}

/// `First  Name` as `first_name`.
fn plain(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
}
