use crate::config::{RETRY_ATTEMPTS_MAX, RETRY_WAIT_MS_MAX, RetryPolicy};
use serde_json::Value;

/// The names of the ready-made schedules.
pub const SCHEDULE_PRESETS: [&str; 2] = ["standard", "backoff"];

const UNITS: [(&str, i64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Why a schedule cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScheduleProblem {
    /// Neither a list nor a preset.
    #[error("a schedule is `standard`, `backoff` or a list of waits such as [\"0s\",\"1m\"]")]
    Shape,
    /// No attempt at all, or too many.
    #[error("a schedule has 1 to {RETRY_ATTEMPTS_MAX} waits, the first before the first attempt")]
    Count,
    /// One entry is not a duration.
    #[error("wait {0} is not a duration; write a whole number and ms, s, m, h or d, such as 30s")]
    Wait(usize),
    /// One entry is longer than allowed.
    #[error("wait {0} is longer than 7 days")]
    TooLong(usize),
}

/// Reads a schedule as the API gives it: a preset's name or a list of waits (`"30s"`, `"5m"`).
///
/// The first entry is the delay of the first attempt; each later one runs from the end of the
/// attempt before.
///
/// # Errors
/// [`ScheduleProblem`]; waits are counted from 0.
pub fn parse_schedule(schedule: &Value) -> Result<RetryPolicy, ScheduleProblem> {
    let waits = match schedule {
        Value::String(name) if name == "standard" => return Ok(RetryPolicy::standard()),
        Value::String(name) if name == "backoff" => return Ok(RetryPolicy::backoff()),
        Value::Array(waits) => waits,
        _ => return Err(ScheduleProblem::Shape),
    };
    if waits.is_empty() || waits.len() > RETRY_ATTEMPTS_MAX {
        return Err(ScheduleProblem::Count);
    }
    let schedule_ms = waits
        .iter()
        .enumerate()
        .map(|(index, wait)| {
            let ms = wait.as_str().and_then(duration_ms).ok_or(ScheduleProblem::Wait(index))?;
            if ms > RETRY_WAIT_MS_MAX { Err(ScheduleProblem::TooLong(index)) } else { Ok(ms) }
        })
        .collect::<Result<_, _>>()?;
    Ok(RetryPolicy { schedule_ms })
}

/// The waits of a policy in the words [`parse_schedule`] reads.
#[must_use]
pub fn show_schedule(policy: &RetryPolicy) -> Vec<String> {
    policy.schedule_ms.iter().map(|ms| show_duration(*ms)).collect()
}

/// Milliseconds of a duration such as `30s`: a whole number and `ms`, `s`, `m`, `h` or `d`. One too
/// long for `i64` is the longest there is; `None` when the text is not a duration.
#[must_use]
pub fn duration_ms(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, ms) = UNITS.iter().find(|(name, _)| *name == unit)?;
    // More digits than `i64` holds are a very long wait, not garbage.
    if number.is_empty() {
        return None;
    }
    Some(number.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(*ms))
}

/// A duration in the words [`duration_ms`] reads.
#[must_use]
pub fn show_duration(ms: i64) -> String {
    if ms == 0 {
        return "0s".to_owned();
    }
    let (unit, size) = UNITS.iter().find(|(_, size)| ms % size == 0).unwrap_or(&("ms", 1));
    format!("{}{unit}", ms / size)
}
