use jiff::civil::{Date, DateTime};
use serde_json::Value;

/// Longest date pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 100;
/// Longest text that can be a date.
const INPUT_BYTES_MAX: usize = 64;

/// A date pattern such as `MM/DD/YYYY`.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, Copy, Debug)]
enum Piece {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Literal(char),
}

const TOKENS: [(&str, Piece); 6] = [
    ("YYYY", Piece::Year),
    ("MM", Piece::Month),
    ("DD", Piece::Day),
    ("HH", Piece::Hour),
    ("mm", Piece::Minute),
    ("ss", Piece::Second),
];

impl Pattern {
    pub(super) fn compile(argument: &Value) -> Result<Self, String> {
        let text = argument.as_str().filter(|t| !t.is_empty() && t.len() <= PATTERN_BYTES_MAX);
        let mut rest = text.ok_or("`date` takes a pattern such as \"MM/DD/YYYY\"")?;
        let mut pieces = Vec::new();
        while let Some(c) = rest.chars().next() {
            if let Some((token, piece)) = TOKENS.iter().find(|(t, _)| rest.starts_with(t)) {
                pieces.push(*piece);
                rest = &rest[token.len()..];
            } else if c.is_ascii_alphabetic() && !matches!(c, 'T' | 'Z') {
                return Err(format!(
                    "`{c}` is not understood in a date pattern; use YYYY MM DD HH mm ss, \
                     punctuation, T and Z"
                ));
            } else {
                pieces.push(Piece::Literal(c));
                rest = &rest[c.len_utf8()..];
            }
        }
        Ok(Self(pieces))
    }

    /// The date in this pattern; the clock reading stays as written, without changing its zone.
    pub(super) fn format(&self, text: &str) -> Option<String> {
        let at = read(text)?;
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Year => out.push_str(&format!("{:04}", at.year())),
                Piece::Month => out.push_str(&format!("{:02}", at.month())),
                Piece::Day => out.push_str(&format!("{:02}", at.day())),
                Piece::Hour => out.push_str(&format!("{:02}", at.hour())),
                Piece::Minute => out.push_str(&format!("{:02}", at.minute())),
                Piece::Second => out.push_str(&format!("{:02}", at.second())),
                Piece::Literal(c) => out.push(*c),
            }
        }
        Some(out)
    }
}

/// Reads an ISO 8601 date, or one with a time and perhaps an offset (RFC 3339).
fn read(text: &str) -> Option<DateTime> {
    let text = text.trim();
    // Only the extended form: eight digits in a row are as likely a phone number or MMDDYYYY.
    let looks_iso = text.len() <= INPUT_BYTES_MAX
        && text.as_bytes().get(4) == Some(&b'-')
        && text.as_bytes()[..4].iter().all(u8::is_ascii_digit);
    if !looks_iso {
        return None;
    }
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        return Some(date.to_datetime(jiff::civil::Time::midnight()));
    }
    let local = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    local.parse::<DateTime>().ok()
}
