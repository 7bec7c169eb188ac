//! Pages of lists. One row that is damaged hides no other: it is named, and the list goes on.

use crate::db::Row;
use crate::error::StoreError;
use uuid::Uuid;

/// Most rows on a page.
pub const PAGE_MAX: u32 = 200;
/// Most rows a list with filters that hit rarely looks at before it returns a cursor.
pub const EXAMINED_MAX: u32 = 5_000;

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows. One that is damaged is among them where a part of it can be shown.
    pub rows: Vec<T>,
    /// Ids of the rows of this page that cannot be read as they were stored.
    pub damaged: Vec<Uuid>,
    /// Where the next page begins, if there may be more.
    pub next: Option<Uuid>,
}

impl<T> Page<T> {
    /// Reads what was found, whose first column is the id. `salvage` makes what can be shown of a
    /// row that `read` refuses.
    pub(crate) fn read(
        found: &[Row],
        read: impl Fn(&Row) -> Result<T, StoreError>,
        salvage: impl Fn(&Row) -> Option<T>,
    ) -> Self {
        let mut page = Self { rows: Vec::with_capacity(found.len()), damaged: vec![], next: None };
        for row in found {
            match read(row) {
                Ok(read) => page.rows.push(read),
                Err(error) => {
                    let id = row.uuid(0).ok();
                    tracing::error!(?id, %error, "a row of a list is damaged");
                    page.damaged.extend(id);
                    page.rows.extend(salvage(row));
                }
            }
        }
        page
    }

    /// Says where the next page begins: after the last row found, if the page is full.
    pub(crate) fn followed(mut self, found: &[Row], limit: u32) -> Self {
        let last = found.last().filter(|_| found.len() == limit as usize);
        self.next = last.and_then(|row| row.uuid(0).ok());
        self
    }

    /// The rows, for who decides by them and may miss none.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when one is damaged.
    pub fn whole(self) -> Result<Vec<T>, StoreError> {
        match self.damaged.first() {
            None => Ok(self.rows),
            Some(id) => {
                Err(StoreError::Damaged { what: "row of a list", detail: format!("it is {id}") })
            }
        }
    }
}

/// A read that gives nothing for a damaged row: all of it or none is shown.
pub(crate) fn nothing<T>(_: &Row) -> Option<T> {
    None
}
