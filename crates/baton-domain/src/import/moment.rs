//! The time a file gives for a lead.

use crate::lead::date::read_date;
use crate::time::Millis;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// Longest text that is read as a time, in bytes.
const MOMENT_BYTES_MAX: usize = 64;

/// Reads when a lead was submitted, as RFC 3339 in UTC: a time with its offset, or a date as
/// [`read_date`] takes it with or without a time of day (`28/01/2026 14:30`,
/// `1/28/2026 2:30:05 PM`). Without an offset it is read as UTC, without a time as midnight. `None`
/// for what is neither.
#[must_use]
pub fn read_moment(text: &str, month_first: bool) -> Option<String> {
    let text = text.trim();
    if text.len() > MOMENT_BYTES_MAX || !text.is_ascii() {
        return None;
    }
    if let Some(instant) = Millis::parse_rfc3339(text) {
        return Some(instant.to_rfc3339());
    }
    let spaced = text.replace(['T', 't'], " ");
    let split = spaced.find(':').and_then(|colon| spaced[..colon].rfind(' '));
    let (date, time) = match split {
        // Only the time of day was rewritten: months have a T in their names.
        Some(at) => (read_date(&text[..at], month_first)?, read_time(&spaced[at..])?),
        None => (read_date(text, month_first)?, Time::midnight()),
    };
    rfc3339(date, time)
}

fn rfc3339(date: Date, time: Time) -> Option<String> {
    let zoned = date.to_datetime(time).to_zoned(TimeZone::UTC).ok()?;
    Some(Millis(zoned.timestamp().as_millisecond()).to_rfc3339())
}

/// Hours, minutes, perhaps seconds, perhaps `am` or `pm`.
fn read_time(text: &str) -> Option<Time> {
    let lower = text.trim().to_ascii_lowercase();
    let (clock, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(0)),
        (_, Some(clock)) => (clock, Some(12)),
        _ => (lower.as_str(), None),
    };
    let parts: Vec<&str> = clock.trim().split(':').collect();
    let number = |text: &str| -> Option<i8> {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse().ok() } else { None }
    };
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] => (number(hour)?, number(minute)?, 0),
        // A fraction of a second is nobody's business here.
        [hour, minute, second] => {
            (number(hour)?, number(minute)?, number(second.split('.').next()?)?)
        }
        _ => return None,
    };
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
    };
    Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, month_first: bool, expect: Option<&str>) {
        assert_eq!(read_moment(text, month_first).as_deref(), expect, "{text}");
    }

    #[test]
    fn times_are_read_as_files_write_them() {
        let afternoon = Some("2026-01-28T14:30:00.000Z");
        check("2026-01-28T14:30:00Z", false, afternoon);
        check("2026-01-28T16:30:00+02:00", false, afternoon);
        check("2026-01-28 14:30", false, afternoon);
        check("2026-01-28T14:30:00", false, afternoon);
        check("28/01/2026 14:30:00", false, afternoon);
        check("1/28/2026 2:30 PM", true, afternoon);
        check("1/28/2026 2:30:00pm", true, afternoon);
        check("28 October 2026 9:05", false, Some("2026-10-28T09:05:00.000Z"));
        check("28.01.2026", false, Some("2026-01-28T00:00:00.000Z"));
        check("12/01/2026 12:00 am", false, Some("2026-01-12T00:00:00.000Z"));
        for none in
            ["", "soon", "28/01/2026 25:00", "31/02/2026", "1/28/2026", "10:30", "x 13:00pm"]
        {
            check(none, false, None);
        }
    }
}
