//! The rows of a file, from bytes that come in pieces.

use super::{
    COLUMNS_MAX, ImportFault, ImportFormat, Place, RESYNCS_MAX, ROW_BYTES_MAX, RowProblem,
};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// Delimiters that are looked for.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Bytes of the input after which a row is too long, whatever its quotes hide.
const INPUT_MAX: usize = 2 * ROW_BYTES_MAX;

/// A row as it stands in the file.
#[derive(Clone, PartialEq, Eq)]
pub enum Raw {
    /// The cells of a CSV row, one after another.
    Cells {
        /// Their bytes, without quotes.
        bytes: Vec<u8>,
        /// Where each ends.
        ends: Vec<usize>,
    },
    /// A line of a JSON Lines file.
    Line(Vec<u8>),
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Raw(..)")
    }
}

impl Raw {
    /// The cells; none of a line.
    pub fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let (bytes, ends): (&[u8], &[usize]) = match self {
            Self::Cells { bytes, ends } => (bytes, ends),
            Self::Line(_) => (&[], &[]),
        };
        let mut from = 0;
        ends.iter().map(move |end| {
            let cell = bytes.get(from..*end).unwrap_or_default();
            from = *end;
            cell
        })
    }
}

/// A row with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawRow {
    /// Its number; a header is row 1.
    pub row: u64,
    /// The line it begins in, from 1.
    pub line: u64,
    /// The row, or why it cannot be read.
    pub content: Result<Raw, RowProblem>,
}

/// What reading on gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// A row.
    Row(RawRow),
    /// More of the file has to be fed, or its end said.
    More,
    /// There are no more rows.
    End,
    /// The file is none of rows.
    Unusable(ImportFault),
}

/// Reads rows. Feed it the file in pieces and ask for rows in between. It holds one piece and a
/// part of a row.
#[derive(Debug)]
pub struct RowReader {
    csv: Option<Csv>,
    delimiter: Option<u8>,
    begun: bool,
    buffer: Vec<u8>,
    at: usize,
    place: Place,
    ended: bool,
    resyncs: u32,
    /// Whether the rest of a line that was given up is passed over.
    skipping: bool,
    /// Where the first row begins.
    first: Place,
}

#[derive(Debug)]
struct Csv {
    parser: Box<Reader>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    expected: Option<usize>,
}

impl Csv {
    fn new(delimiter: u8) -> Self {
        Self {
            parser: Box::new(ReaderBuilder::new().delimiter(delimiter).build()),
            bytes: vec![0; ROW_BYTES_MAX],
            ends: vec![0; COLUMNS_MAX + 1],
            expected: None,
        }
    }
}

/// What one look at a record gave.
enum Look {
    More,
    Record { taken: usize, bytes: usize, ends: usize },
    TooLong,
}

impl RowReader {
    /// A reader at the beginning of a file. Without a delimiter the first line shows it.
    #[must_use]
    pub fn new(format: ImportFormat, delimiter: Option<char>) -> Self {
        Self {
            csv: (format == ImportFormat::Csv).then(|| Csv::new(b',')),
            delimiter: delimiter.and_then(|c| u8::try_from(c).ok()),
            begun: false,
            buffer: Vec::new(),
            at: 0,
            place: Place::default(),
            ended: false,
            resyncs: 0,
            skipping: false,
            first: Place::default(),
        }
    }

    /// Adds the next piece of the file.
    pub fn feed(&mut self, piece: &[u8]) {
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.extend_from_slice(piece);
    }

    /// Says that nothing follows.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Says how many cells a row has.
    pub fn expect_cells(&mut self, count: usize) {
        if let Some(csv) = &mut self.csv {
            csv.expected = Some(count);
        }
    }

    /// Up to where rows were taken.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// Where the first row begins, once a row was asked for: behind the marks at a file's head.
    #[must_use]
    pub fn first_place(&self) -> Place {
        self.first
    }

    /// Goes to a place it was at before; the file is fed from there on.
    pub fn jump(&mut self, place: Place) {
        self.buffer.clear();
        self.at = 0;
        self.place = place;
        self.ended = false;
        self.skipping = false;
    }

    /// The next row.
    pub fn next_row(&mut self) -> Next {
        if !self.begun {
            if !self.ended && self.buffer.len() < ROW_BYTES_MAX && !self.buffer.contains(&b'\n') {
                return Next::More;
            }
            if let Some(fault) = self.begin() {
                return Next::Unusable(fault);
            }
            self.begun = true;
            self.first = self.place;
        }
        loop {
            if self.skipping && !self.skip_line() {
                return self.at_end();
            }
            self.skip_breaks();
            if self.at == self.buffer.len() {
                return self.at_end();
            }
            let line = self.place.line + 1;
            let content = match self.csv.is_some() {
                true => self.csv_row(),
                false => self.json_line(),
            };
            match content {
                None => return Next::More,
                // A row without a word in it: spreadsheets leave such behind.
                Some(Ok(raw)) if is_blank(&raw) => self.place.row += 1,
                Some(content) => {
                    self.place.row += 1;
                    if self.resyncs > RESYNCS_MAX {
                        let why = "quotes do not balance in too many rows; see that the file is \
                                   CSV with this delimiter";
                        return Next::Unusable(ImportFault::new("unbalanced_quotes", why));
                    }
                    let row = if self.csv.is_some() { self.place.row } else { line };
                    return Next::Row(RawRow { row, line, content });
                }
            }
        }
    }

    fn at_end(&self) -> Next {
        if self.ended { Next::End } else { Next::More }
    }

    /// Looks at the head of the file: marks of its encoding, of other formats, of its delimiter.
    fn begin(&mut self) -> Option<ImportFault> {
        let unusable = |what: &str| {
            Some(ImportFault::new("wrong_format", format!("{what}; save it as CSV UTF-8")))
        };
        match self.buffer.as_slice() {
            [0xEF, 0xBB, 0xBF, ..] => self.take(3),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => return unusable("the file is UTF-16"),
            [b'P', b'K', 3, 4, ..] => return unusable("the file is a workbook or an archive"),
            [0x1F, 0x8B, ..] => return unusable("the file is compressed"),
            _ => {}
        }
        let Some(csv) = &mut self.csv else { return None };
        let head = &self.buffer[self.at..];
        let line = head.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap_or_default();
        // A line by which Excel is told the delimiter.
        let told = line.strip_prefix(b"sep=").filter(|rest| rest.len() == 1).map(|rest| rest[0]);
        *csv = Csv::new(self.delimiter.or(told).unwrap_or_else(|| likely_delimiter(line)));
        if told.is_some() {
            self.take(line.len());
            self.place.row += 1;
        }
        None
    }

    fn csv_row(&mut self) -> Option<Result<Raw, RowProblem>> {
        let (taken, raw, expected) = match self.look() {
            Look::More => return None,
            Look::TooLong => return Some(Err(self.give_up_line())),
            Look::Record { taken, bytes, ends } => {
                let csv = self.csv.as_ref()?;
                let (bytes, ends) = (csv.bytes[..bytes].to_vec(), csv.ends[..ends].to_vec());
                (taken, Raw::Cells { bytes, ends }, csv.expected)
            }
        };
        let consumed = &self.buffer[self.at..self.at + taken];
        let text = consumed.strip_suffix(b"\n").unwrap_or(consumed);
        let lines = 1 + text.iter().filter(|b| **b == b'\n').count();
        let Some(expected) = expected else {
            self.take(taken);
            return Some(Ok(raw));
        };
        let count = raw.cells().count();
        let extra_are_empty = raw.cells().skip(expected).all(<[u8]>::is_empty);
        if count == expected || (count > expected && extra_are_empty) || is_blank(&raw) {
            self.take(taken);
            return Some(Ok(raw));
        }
        if lines > 1 {
            // More likely a quote too many than a cell with so many lines in it.
            return Some(Err(self.give_up_line()));
        }
        self.take(taken);
        let why = format!("the row has {count} cells, the header {expected}");
        Some(Err(RowProblem::new("", "wrong_cell_count", why)))
    }

    /// Parses one record from where it begins.
    fn look(&mut self) -> Look {
        let Some(csv) = &mut self.csv else { return Look::More };
        let input = &self.buffer[self.at..];
        csv.parser.reset();
        let (result, mut taken, mut bytes, mut ends) =
            csv.parser.read_record(input, &mut csv.bytes, &mut csv.ends);
        let result = match result {
            ReadRecordResult::InputEmpty if self.ended => {
                let (result, more, more_bytes, more_ends) =
                    csv.parser.read_record(&[], &mut csv.bytes[bytes..], &mut csv.ends[ends..]);
                taken += more;
                bytes += more_bytes;
                ends += more_ends;
                result
            }
            result => result,
        };
        match result {
            ReadRecordResult::Record | ReadRecordResult::End => Look::Record { taken, bytes, ends },
            ReadRecordResult::InputEmpty if input.len() < INPUT_MAX => Look::More,
            ReadRecordResult::InputEmpty
            | ReadRecordResult::OutputFull
            | ReadRecordResult::OutputEndsFull => Look::TooLong,
        }
    }

    /// Refuses the line at hand and goes on with the next, where a row may begin again.
    fn give_up_line(&mut self) -> RowProblem {
        self.resyncs += 1;
        self.skipping = true;
        let long = self.line_end().is_none_or(|length| length > ROW_BYTES_MAX);
        if long {
            let why = format!("the row has more than {ROW_BYTES_MAX} bytes or {COLUMNS_MAX} cells");
            return RowProblem::new("", "row_too_large", why);
        }
        let why = "a quote in this line is not closed, or the row has too many cells; the next \
                   line is read as a row again";
        RowProblem::new("", "unbalanced_quotes", why)
    }

    fn json_line(&mut self) -> Option<Result<Raw, RowProblem>> {
        let left = self.buffer.len() - self.at;
        match self.line_end() {
            Some(length) if length <= ROW_BYTES_MAX => {
                let line = self.buffer[self.at..self.at + length].to_vec();
                self.take(length);
                Some(Ok(Raw::Line(line)))
            }
            None if self.ended && left <= ROW_BYTES_MAX => {
                let line = self.buffer[self.at..].to_vec();
                self.take(left);
                Some(Ok(Raw::Line(line)))
            }
            None if left <= ROW_BYTES_MAX => None,
            _ => {
                self.skipping = true;
                let why = format!("the line has more than {ROW_BYTES_MAX} bytes");
                Some(Err(RowProblem::new("", "row_too_large", why)))
            }
        }
    }

    /// Bytes to the next line break.
    fn line_end(&self) -> Option<usize> {
        self.buffer[self.at..].iter().position(|b| *b == b'\n')
    }

    /// Passes over the rest of a line; false when it goes on beyond the buffer.
    fn skip_line(&mut self) -> bool {
        match self.line_end() {
            Some(length) => {
                self.take(length);
                self.skipping = false;
                true
            }
            None => {
                self.take(self.buffer.len() - self.at);
                false
            }
        }
    }

    fn skip_breaks(&mut self) {
        let breaks = self.buffer[self.at..].iter().take_while(|b| matches!(b, b'\n' | b'\r'));
        self.take(breaks.count());
    }

    fn take(&mut self, bytes: usize) {
        let taken = &self.buffer[self.at..self.at + bytes];
        self.place.line += taken.iter().filter(|b| **b == b'\n').count() as u64;
        self.place.offset += bytes as u64;
        self.at += bytes;
    }
}

fn is_blank(raw: &Raw) -> bool {
    match raw {
        Raw::Cells { bytes, .. } => bytes.iter().all(u8::is_ascii_whitespace),
        Raw::Line(line) => line.iter().all(u8::is_ascii_whitespace),
    }
}

/// The delimiter that stands most often outside quotes; a comma when none does.
fn likely_delimiter(line: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for byte in line {
        quoted ^= *byte == b'"';
        if let Some(at) = DELIMITERS.iter().position(|d| d == byte).filter(|_| !quoted) {
            counts[at] += 1;
        }
    }
    // The first of equals: `max_by_key` gives the last.
    let best = (0..DELIMITERS.len()).rev().max_by_key(|at| counts[*at]);
    best.map_or(b',', |at| DELIMITERS[at])
}
