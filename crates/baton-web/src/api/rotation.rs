//! Changing the secret that requests are signed with, with a time in which both count.

use super::input::Faults;
use super::span::Span;
use crate::auth::Access;
use crate::problem::Problem;
use baton_domain::secret::{SIGNING, SIGNING_PREVIOUS, Secrets};
use baton_domain::signature::new_secret;
use baton_domain::time::Millis;
use serde::Deserialize;
use utoipa::ToSchema;

/// How long both secrets count when the caller does not say: 24 hours.
pub const GRACE_MS_DEFAULT: i64 = 24 * 3_600_000;
/// Longest time both secrets count: 30 days.
pub const GRACE_MS_MAX: i64 = 30 * 24 * 3_600_000;

/// How to change a secret.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateInput {
    /// How long the former secret counts too, such as `24h` (the default), at most `30d`; `0s`:
    /// it ends at once.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "24h")]
    pub grace: Option<Span>,
}

/// Nothing to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishInput {}

/// The secrets with a new signing secret, and until when the former one counts.
///
/// While a rotation runs, another one replaces the new secret and keeps the former: receivers know
/// that one.
pub(super) fn rotated(
    access: &Access,
    secrets: &Secrets,
    previous_until: Option<Millis>,
    input: &RotateInput,
) -> Result<(Secrets, Option<Millis>), Problem> {
    let grace = input.grace.map_or(GRACE_MS_DEFAULT, |Span(ms)| ms);
    if grace > GRACE_MS_MAX {
        let mut faults = Faults::default();
        faults.add("grace", "out_of_range", "must be at most 30d");
        faults.into_result()?;
    }
    let now = access.store().now();
    let mut next = secrets.clone();
    let former = next.insert(SIGNING.to_owned(), new_secret(access.store().random()));
    let running = next.contains_key(SIGNING_PREVIOUS) && previous_until.is_none_or(|end| end > now);
    let until = match former {
        Some(former) if grace > 0 => {
            if !running {
                next.insert(SIGNING_PREVIOUS.to_owned(), former);
            }
            Some(now.plus_ms(grace))
        }
        _ => {
            next.remove(SIGNING_PREVIOUS);
            None
        }
    };
    Ok((next, until))
}

/// The secrets after a rotation's end.
pub(super) fn finished(secrets: &Secrets) -> Secrets {
    let mut next = secrets.clone();
    next.remove(SIGNING_PREVIOUS);
    next
}
