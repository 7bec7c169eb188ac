//! One pass over a file: rows in batches, judged on a thread of their own.

use crate::capture::{Entrance, prepare_row};
use crate::state::AppState;
use baton_domain::id::{ImportId, SourceId};
use baton_domain::import::{
    Columns, ImportFault, ImportFormat, ImportSettings, Next, Place, RawRow, ReportRow, RowReader,
    read_row,
};
use baton_store::StoreError;
use baton_store::capture::Capture;
use baton_store::imports::{ImportRow, PIECE_BYTES};
use uuid::Uuid;

/// Most rows of a batch: some hundredths of a second of the database's writer.
pub const BATCH_ROWS: usize = 300;

/// A row that is a lead.
pub(super) struct PassLead {
    pub row: u64,
    pub line: u64,
    pub capture: Capture,
}

/// Rows that were judged.
#[derive(Default)]
pub(super) struct Batch {
    pub leads: Vec<PassLead>,
    pub refused: Vec<ReportRow>,
    /// Up to where the file was read.
    pub place: Place,
}

/// Why a batch holds no more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Filled {
    Full,
    End,
    Unusable(ImportFault),
}

enum Step {
    More,
    Filled(Filled),
}

/// A file being read.
pub(super) struct Pass {
    state: AppState,
    settings: ImportSettings,
    source: SourceId,
    entrance: Option<Entrance>,
    columns: Option<Columns>,
    reader: RowReader,
    pieces: Pieces,
}

/// The pieces of a file, one after another.
struct Pieces {
    import: ImportId,
    upload: Uuid,
    next: i64,
    /// Bytes of the next piece that were read before.
    skip: usize,
}

impl Pieces {
    /// Gives the reader the next piece, or the end.
    async fn feed(&mut self, state: &AppState, reader: &mut RowReader) -> Result<(), StoreError> {
        match state.store.import_piece(self.import, self.upload, self.next).await? {
            Some(piece) => reader.feed(piece.get(self.skip..).unwrap_or_default()),
            None => reader.end(),
        }
        self.next += 1;
        self.skip = 0;
        Ok(())
    }

    fn jump(&mut self, offset: u64) {
        let size = PIECE_BYTES as u64;
        self.next = i64::try_from(offset / size).unwrap_or(i64::MAX);
        self.skip = usize::try_from(offset % size).unwrap_or(0);
    }
}

impl Pass {
    /// Reads the head of the file and goes to a place, or to the first row.
    pub(super) async fn open(
        state: &AppState,
        row: &ImportRow,
        place: Place,
    ) -> Result<Result<Self, ImportFault>, StoreError> {
        if Entrance::of_source(state, row.source).is_none() {
            // Another node may have made it a moment ago.
            state.store.refresh().await?;
        }
        let Some(entrance) = Entrance::of_source(state, row.source) else { return Ok(Err(gone())) };
        let settings = row.settings.clone();
        let mut reader = RowReader::new(settings.format, settings.delimiter);
        let upload = row.upload.unwrap_or_default();
        let mut pieces = Pieces { import: row.id, upload, next: 0, skip: 0 };
        let first = loop {
            match reader.next_row() {
                Next::More => pieces.feed(state, &mut reader).await?,
                Next::Row(row) => break row,
                Next::Unusable(fault) => return Ok(Err(fault)),
                Next::End => {
                    return Ok(Err(ImportFault::new("empty_file", "the file has no rows")));
                }
            }
        };
        let head = head_of(&settings, &entrance, &first, &reader);
        let (columns, begin) = match head {
            Ok(head) => head,
            Err(fault) => return Ok(Err(fault)),
        };
        if let Some(columns) = &columns {
            reader.expect_cells(columns.count());
        }
        let place = if place.offset > begin.offset { place } else { begin };
        reader.jump(place);
        pieces.jump(place.offset);
        let (state, source, entrance) = (state.clone(), row.source, Some(entrance));
        Ok(Ok(Self { state, settings, source, entrance, columns, reader, pieces }))
    }

    /// The campaign and source as of the last batch.
    pub(super) fn entrance(&self) -> Option<&Entrance> {
        self.entrance.as_ref()
    }

    /// Reads and judges the next batch.
    pub(super) async fn fill(mut self) -> Result<(Self, Batch, Filled), StoreError> {
        // As configured now: a field that was added or a pause counts from here on.
        self.entrance = Entrance::of_source(&self.state, self.source);
        let mut batch = Batch { place: self.reader.place(), ..Batch::default() };
        if self.entrance.is_none() {
            return Ok((self, batch, Filled::Unusable(gone())));
        }
        loop {
            let step;
            (self, batch, step) = tokio::task::spawn_blocking(move || self.judge(batch))
                .await
                .map_err(|_| super::lost_thread())?;
            match step {
                Step::Filled(filled) => return Ok((self, batch, filled)),
                Step::More => self.pieces.feed(&self.state, &mut self.reader).await?,
            }
        }
    }

    /// Stands in for a batch when there is none to come.
    pub(super) async fn nothing(self) -> Result<(Self, Batch, Filled), StoreError> {
        Ok((self, Batch::default(), Filled::End))
    }

    fn judge(mut self, mut batch: Batch) -> (Self, Batch, Step) {
        let step = loop {
            if batch.leads.len() + batch.refused.len() >= BATCH_ROWS {
                break Step::Filled(Filled::Full);
            }
            match self.reader.next_row() {
                Next::Row(row) => self.judge_row(row, &mut batch),
                Next::More => break Step::More,
                Next::End => break Step::Filled(Filled::End),
                Next::Unusable(fault) => break Step::Filled(Filled::Unusable(fault)),
            }
        };
        batch.place = self.reader.place();
        (self, batch, step)
    }

    fn judge_row(&self, row: RawRow, batch: &mut Batch) {
        let RawRow { row, line, content } = row;
        let Some(entrance) = &self.entrance else { return };
        let campaign = &entrance.campaign.body;
        let fields = (campaign.fields.as_slice(), month_first(campaign.country.as_deref()));
        let judged = content
            .and_then(|raw| read_row(&raw, self.columns.as_ref(), &self.settings, fields))
            .map_err(|problem| vec![problem])
            .and_then(|lead| prepare_row(&self.state, entrance, lead, self.settings.deliver));
        match judged {
            Ok(capture) => batch.leads.push(PassLead { row, line, capture }),
            Err(problems) => batch.refused.push(ReportRow { row, line, problems }),
        }
    }
}

/// The columns, and where the first lead begins.
fn head_of(
    settings: &ImportSettings,
    entrance: &Entrance,
    first: &RawRow,
    reader: &RowReader,
) -> Result<(Option<Columns>, Place), ImportFault> {
    let fields = &entrance.campaign.body.fields;
    if settings.format == ImportFormat::Jsonl {
        return Ok((None, reader.first_place()));
    }
    if let Some(header) = &settings.header {
        let cells: Vec<&[u8]> = header.iter().map(String::as_bytes).collect();
        let columns = Columns::of_header(&cells, settings, fields)?;
        return Ok((Some(columns), reader.first_place()));
    }
    let raw = first.content.as_ref().map_err(|p| ImportFault::new(&*p.code, &*p.message))?;
    let cells: Vec<&[u8]> = raw.cells().collect();
    Ok((Some(Columns::of_header(&cells, settings, fields)?), reader.place()))
}

fn gone() -> ImportFault {
    ImportFault::new("source_gone", "the source or campaign of the import was deleted")
}

/// Whether 03/04/2026 is in March there.
fn month_first(country: Option<&str>) -> bool {
    country.is_some_and(|code| code.eq_ignore_ascii_case("US"))
}
