//! Calendar dates as people and programs write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

/// Longest text that is read as a date, in bytes.
const DATE_BYTES_MAX: usize = 64;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Reads a date.
///
/// - `2026-01-28`, `2026/1/28`, `2026.01.28`, `20260128`: year, month, day;
/// - `2026-01-28T14:30:00Z`, `2026-01-28 14:30`: the date of a time, as written, in its own offset;
/// - `28.01.2026`: day, month, year;
/// - `28/01/2026`, `28-01-2026`: day, month, year; with `month_first` month, day, year;
/// - `28 January 2026`, `28-Jan-2026`, `January 28th, 2026`: with the month's English name or its
///   first three letters.
///
/// Years have four digits. `None` for anything else and for days that do not exist: a date that
/// fits only the other order is refused, because its neighbours would be misread silently.
#[must_use]
pub fn read_date(text: &str, month_first: bool) -> Option<Date> {
    let text = text.trim();
    if text.len() > DATE_BYTES_MAX || !text.is_ascii() {
        return None;
    }
    if text.len() > 10 && matches!(text.as_bytes()[10], b'T' | b't' | b' ') {
        let is_time = text.parse::<Timestamp>().is_ok() || text.parse::<DateTime>().is_ok();
        if is_time {
            return read_iso_date(&text[..10]);
        }
    }
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        return date(&text[..4], &text[4..6], &text[6..]);
    }
    read_named(text).or_else(|| read_numeric(text, month_first))
}

/// Reads `2026-01-28` and nothing else.
#[must_use]
pub fn read_iso_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let lengths = (year.len(), month.len(), day.len());
    (lengths == (4, 2, 2) && parts.next().is_none()).then(|| date(year, month, day))?
}

fn read_numeric(text: &str, month_first: bool) -> Option<Date> {
    let separator = text.chars().find(|c| !c.is_ascii_digit())?;
    let parts: Vec<&str> = text.split(separator).collect();
    let [a, b, c] = parts.as_slice() else { return None };
    match separator {
        '-' | '/' | '.' if a.len() == 4 => date(a, b, c),
        '-' | '/' if month_first => date(c, a, b),
        '-' | '/' | '.' => date(c, b, a),
        _ => None,
    }
}

fn read_named(text: &str) -> Option<Date> {
    let is_gap = |c: char| c == ' ' || c == ',' || c == '-' || c == '.' || c == '/';
    let parts: Vec<&str> = text.split(is_gap).filter(|part| !part.is_empty()).collect();
    let [a, b, year] = parts.as_slice() else { return None };
    let (month, day) = match (month_number(a), month_number(b)) {
        (Some(month), None) => (month, b),
        (None, Some(month)) => (month, a),
        _ => return None,
    };
    let ordinal = |end: &&str| day.len() > 2 && day.to_ascii_lowercase().ends_with(end);
    let suffixed = ["st", "nd", "rd", "th"].iter().any(ordinal);
    let day = if suffixed { &day[..day.len() - 2] } else { day };
    date(year, &month.to_string(), day)
}

fn month_number(text: &str) -> Option<usize> {
    let word = text.to_ascii_lowercase();
    // `sept` is the one usual abbreviation of four letters.
    let is = |name: &&str| {
        word == **name || word == name[..3] || (word == "sept" && name.starts_with("sept"))
    };
    MONTHS.iter().position(is).map(|at| at + 1)
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    let number = |text: &str, lengths: &[usize]| {
        let good = lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        good.then(|| text.parse::<i16>().ok())?
    };
    let year = number(year, &[4]).filter(|year| *year > 0)?;
    let month = i8::try_from(number(month, &[1, 2])?).ok()?;
    let day = i8::try_from(number(day, &[1, 2])?).ok()?;
    Date::new(year, month, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_are_read() {
        let check = |input: &str, day_first: Option<&str>, month_first: Option<&str>| {
            let read = |order| read_date(input, order).map(|d| d.to_string());
            assert_eq!(read(false).as_deref(), day_first, "{input}");
            assert_eq!(read(true).as_deref(), month_first, "{input}, month first");
        };
        let both = |input: &str, expect: Option<&str>| check(input, expect, expect);
        both("2026-01-28", Some("2026-01-28"));
        both(" 2026/1/8 ", Some("2026-01-08"));
        both("2026.01.28", Some("2026-01-28"));
        both("20260128", Some("2026-01-28"));
        both("2026-01-28T23:30:00Z", Some("2026-01-28"));
        both("2026-01-28T23:30:00.123-05:00", Some("2026-01-28"));
        both("2026-01-28 14:30", Some("2026-01-28"));
        both("2026-01-28 14:30:00", Some("2026-01-28"));
        both("28.01.2026", Some("2026-01-28"));
        both("28 January 2026", Some("2026-01-28"));
        both("28-Jan-2026", Some("2026-01-28"));
        both("jan 28th, 2026", Some("2026-01-28"));
        both("Sept. 1, 2026", Some("2026-09-01"));
        both("2024-02-29", Some("2024-02-29"));
        check("03/04/2026", Some("2026-04-03"), Some("2026-03-04"));
        check("3-4-2026", Some("2026-04-03"), Some("2026-03-04"));
        check("28/01/2026", Some("2026-01-28"), None);
        check("01/28/2026", None, Some("2026-01-28"));
        for bad in [
            "",
            "today",
            "2026",
            "2026-01",
            "2026-02-29",
            "2026-13-01",
            "0000-01-01",
            "28/01/26",
            "01.28.2026",
            "2026-01-28T25:00",
            "2026-01-28x",
            "28//2026",
            "1/2/3/2026",
            "28 01 2026",
            "January 2026",
            "May May 2026",
            "٢٠٢٦-٠١-٢٨",
            "th January 2026",
            "+2026-1-1",
            "99999999",
        ] {
            both(bad, None);
        }
    }

    #[test]
    fn iso_is_exact() {
        assert_eq!(read_iso_date("2026-01-28").unwrap().to_string(), "2026-01-28");
        for bad in ["2026-1-28", "28-01-2026", "2026-01-28-", "2026-01-28T00:00", "", "----------"]
        {
            assert_eq!(read_iso_date(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}", order in any::<bool>()) {
            let _ = read_date(&text, order);
        }

        #[test]
        fn date_like_text_reads_back(text in "[0-9]{1,4}[-/. ][0-9a-z]{1,4}[-/. ][0-9]{1,4}", order in any::<bool>()) {
            if let Some(date) = read_date(&text, order) {
                prop_assert_eq!(read_date(&date.to_string(), order), Some(date));
            }
        }
    }
}
