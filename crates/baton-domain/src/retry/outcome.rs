use super::{Jitter, Next, OnUnknown, next_attempt};
use crate::config::{OnUnmatched, RetryPolicy};
use crate::delivery::DeliveryState;
use crate::time::Millis;
use crate::verdict::{Classified, Verdict};

/// What the decision about a plain delivery (not a sale) needs to know besides the answer.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    /// The schedule.
    pub policy: &'a RetryPolicy,
    /// What an unmatched answer leads to.
    pub on_unmatched: OnUnmatched,
    /// What an unknown outcome leads to.
    pub on_unknown: OnUnknown,
    /// Attempts of this series so far, the one just ended included.
    pub attempts_made: u32,
    /// When it ended.
    pub ended_at: Millis,
    /// Whether the destination names another one for leads it cannot deliver.
    pub has_failover: bool,
    /// Spread of the next wait.
    pub jitter: Jitter,
}

/// What happens after an attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct After {
    /// The delivery's new state.
    pub state: DeliveryState,
    /// When it is tried again; set exactly when the state is `retrying`.
    pub next_at: Option<Millis>,
    /// Whether the failover destination gets the lead now; only true when there is one.
    pub failover: bool,
    /// The destination is to be disabled, with this reason (HTTP 410).
    pub disable_destination: Option<String>,
    /// The destination's other deliveries are to wait until a person acts: credentials or settings
    /// are wrong, so they would all fail the same way.
    pub hold: bool,
}

/// What becomes of a plain delivery after an attempt: DESIGN section 8, row by row.
///
/// `auth_or_config` holds the delivery for a person, except when a failover destination gets the
/// lead at once: then this delivery has failed, because releasing it later would deliver the lead
/// twice.
#[must_use]
pub fn outcome(got: &Classified, plain: &Plain<'_>) -> After {
    let ended = |state| After {
        state,
        next_at: None,
        failover: false,
        disable_destination: None,
        hold: false,
    };
    let given_up = || After { failover: plain.has_failover, ..ended(DeliveryState::Failed) };
    match got.verdict {
        Verdict::Accepted => ended(DeliveryState::Accepted),
        Verdict::Queued => ended(DeliveryState::Queued),
        Verdict::Rejected | Verdict::Duplicate | Verdict::Invalid | Verdict::CapReached => {
            ended(DeliveryState::Rejected)
        }
        // Trying again, here or elsewhere, could sell the lead twice.
        Verdict::Unknown if plain.on_unknown == OnUnknown::Ask => ended(DeliveryState::Unknown),
        Verdict::RateLimited | Verdict::Transient | Verdict::Unmatched | Verdict::Unknown => {
            match next(got, plain) {
                Next::At(at) => After { next_at: Some(at), ..ended(DeliveryState::Retrying) },
                Next::GiveUp => given_up(),
            }
        }
        Verdict::AuthOrConfig => {
            let disable_destination = got.gone.then(|| "the receiver answered 410 gone".to_owned());
            let after = if plain.has_failover { given_up() } else { ended(DeliveryState::Held) };
            After { hold: true, disable_destination, ..after }
        }
        Verdict::Blocked => given_up(),
    }
}

fn next(got: &Classified, plain: &Plain<'_>) -> Next {
    next_attempt(
        plain.policy,
        plain.on_unmatched,
        got.verdict,
        plain.attempts_made,
        plain.ended_at,
        got.retry_after_ms,
        plain.jitter,
    )
}
