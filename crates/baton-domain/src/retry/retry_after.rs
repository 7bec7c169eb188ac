use crate::time::Millis;
use jiff::fmt::rfc2822::DateTimeParser;

/// Most characters of a `Retry-After` that are looked at.
const HEADER_CHARS_MAX: usize = 64;

/// Milliseconds until the receiver wants to be asked again, from the text of `Retry-After`.
///
/// Reads whole or fractional seconds (some vendors send `64.57`) and the HTTP date of RFC 9110
/// section 10.2.3 (`Wed, 28 Jan 2026 14:30:00 GMT`; the two obsolete forms are not read). A date
/// in the past gives 0. Negative numbers and garbage give `None`; enormous numbers are given as
/// they are, saturated, for the policy to bound.
#[must_use]
pub fn parse_retry_after(header: &str, now: Millis) -> Option<i64> {
    let text = header.trim();
    if text.is_empty() || text.len() > HEADER_CHARS_MAX {
        return None;
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return seconds(text);
    }
    // The parser of mail dates wants an offset; `GMT` is one of the names it knows.
    let at = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(at.as_millisecond().saturating_sub(now.0).max(0))
}

fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole_ms = whole.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(1_000);
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    Some(whole_ms.saturating_add(thousandths.parse().ok()?))
}
