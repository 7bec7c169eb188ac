//! Durations and rates as the API writes them: `30s`, `10/s`.

use baton_domain::config::RateLimit;
use baton_domain::retry::{duration_ms, show_duration};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Most events of a rate in its span.
pub const RATE_COUNT_MAX: u32 = 1_000_000;
/// Longest span of a rate: a day, in seconds.
pub const RATE_SPAN_S_MAX: i64 = 86_400;

/// A duration: a text such as `500ms`, `30s`, `5m`, `24h`, `30d`, or a whole number of
/// milliseconds. It is shown as text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span(pub i64);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let ms = match &value {
            Value::String(text) => duration_ms(text.trim()),
            Value::Number(number) => number.as_i64().filter(|ms| *ms >= 0),
            _ => None,
        };
        ms.map(Self).ok_or_else(|| {
            D::Error::custom(
                "not a duration; write a whole number and ms, s, m, h or d, such as \"30s\", or \
                 milliseconds as a number",
            )
        })
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&show_duration(self.0))
    }
}

/// At most so many in a span of time: `10/s`, `100/m`, `500/h`, `5/10s`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate(pub RateLimit);

impl Rate {
    fn parse(text: &str) -> Option<Self> {
        let (count, span) = text.trim().split_once('/')?;
        let count: u32 = count.trim().parse().ok().filter(|c| (1..=RATE_COUNT_MAX).contains(c))?;
        let span = span.trim();
        let unit = span.starts_with(|c: char| c.is_ascii_alphabetic());
        let ms = if unit { duration_ms(&format!("1{span}")) } else { duration_ms(span) }?;
        let seconds = ms / 1_000;
        if ms % 1_000 != 0 || !(1..=RATE_SPAN_S_MAX).contains(&seconds) {
            return None;
        }
        Some(Self(RateLimit { count, per_s: u32::try_from(seconds).ok()? }))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(
                "not a rate; write how many per span of time, such as \"10/s\", \"100/m\" or \
                 \"5/10s\", over a day at most",
            )
        })
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let RateLimit { count, per_s } = self.0;
        let span = show_duration(i64::from(per_s) * 1_000);
        // One second is `s`, not `1s`.
        let span = match span.strip_prefix('1') {
            Some(unit) if unit.starts_with(|c: char| c.is_ascii_alphabetic()) => unit,
            _ => span.as_str(),
        };
        serializer.serialize_str(&format!("{count}/{span}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_are_texts_or_milliseconds() {
        let check = |given: Value, expect: Option<&str>| {
            let read = serde_json::from_value::<Span>(given.clone()).ok();
            let shown = read.map(|s| serde_json::to_value(s).unwrap());
            assert_eq!(shown, expect.map(Value::from), "{given}");
        };
        check(json!("30s"), Some("30s"));
        check(json!(1500), Some("1500ms"));
        check(json!("60s"), Some("1m"));
        check(json!("30d"), Some("30d"));
        check(json!(-1), None);
        check(json!(1.5), None);
        check(json!("soon"), None);
        check(json!(null), None);
    }

    #[test]
    fn rates_are_read_and_shown_alike() {
        let check = |given: &str, expect: Option<(u32, u32)>| {
            let read = Rate::parse(given);
            assert_eq!(read.map(|r| (r.0.count, r.0.per_s)), expect, "{given}");
            if let Some(rate) = read {
                let shown = serde_json::to_value(rate).unwrap();
                assert_eq!(Rate::parse(shown.as_str().unwrap()), Some(rate), "{shown}");
            }
        };
        check("10/s", Some((10, 1)));
        check("100/m", Some((100, 60)));
        check("5/10s", Some((5, 10)));
        check("1/24h", Some((1, 86_400)));
        check("7/d", Some((7, 86_400)));
        check("0/s", None);
        check("1/0s", None);
        check("1/500ms", None);
        check("1/2d", None);
        check("10", None);
        check("-1/s", None);
    }
}
