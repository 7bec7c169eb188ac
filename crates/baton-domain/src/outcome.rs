//! What a waiting caller (a sync source) is told about a lead: one word for all its deliveries.

use crate::delivery::DeliveryState;
use serde::Serialize;

/// One delivery of the lead, as far as the outcome goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveryFacts {
    /// Where it stands.
    pub state: DeliveryState,
    /// The price its receiver named, as sent.
    pub price: Option<String>,
    /// Where its receiver wants the person to go, as sent.
    pub redirect_url: Option<String>,
}

/// The word for a lead's outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeWord {
    /// A receiver took it.
    Accepted,
    /// Receivers said no, and nobody else will be asked.
    Rejected,
    /// It could not be handed to anybody.
    Failed,
    /// Not known yet.
    Pending,
}

/// What the caller is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Outcome {
    /// The word.
    pub word: OutcomeWord,
    /// The price of the delivery that decided.
    pub price: Option<String>,
    /// The redirect of the delivery that decided.
    pub redirect_url: Option<String>,
    /// Whether waiting longer can change nothing: `pending` can be settled too, when a receiver
    /// queued the lead, when a person has to act, or when it has no deliveries at all.
    #[serde(skip)]
    pub settled: bool,
}

/// The outcome of a lead, from all its deliveries in the order they were made.
///
/// One acceptance decides at once, with the price and the redirect of the first delivery that was
/// accepted. A `no` counts only when no delivery is on its way any more: a failover may still
/// bring the lead home. Cancelled and superseded deliveries have no say.
#[must_use]
pub fn lead_outcome(deliveries: &[DeliveryFacts]) -> Outcome {
    let is = |state| deliveries.iter().any(|d| d.state == state);
    let told = |word, settled| Outcome { word, price: None, redirect_url: None, settled };
    if let Some(taken) = deliveries.iter().find(|d| d.state == DeliveryState::Accepted) {
        return Outcome {
            price: taken.price.clone(),
            redirect_url: taken.redirect_url.clone(),
            ..told(OutcomeWord::Accepted, true)
        };
    }
    let moving = [DeliveryState::Pending, DeliveryState::InFlight, DeliveryState::Retrying];
    if moving.into_iter().any(is) {
        return told(OutcomeWord::Pending, false);
    }
    if let Some(queued) = deliveries.iter().find(|d| d.state == DeliveryState::Queued) {
        let redirect_url = queued.redirect_url.clone();
        return Outcome { redirect_url, ..told(OutcomeWord::Pending, true) };
    }
    if is(DeliveryState::Held) || is(DeliveryState::Unknown) {
        return told(OutcomeWord::Pending, true);
    }
    if is(DeliveryState::Rejected) {
        return told(OutcomeWord::Rejected, true);
    }
    let word = if is(DeliveryState::Failed) { OutcomeWord::Failed } else { OutcomeWord::Pending };
    told(word, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryState::*;
    use OutcomeWord as Word;

    fn facts(state: DeliveryState, n: usize) -> DeliveryFacts {
        DeliveryFacts {
            state,
            price: Some(format!("{n}.50")),
            redirect_url: Some(format!("https://example.com/{n}")),
        }
    }

    #[test]
    fn the_deliveries_together_have_one_outcome() {
        let check = |states: &[DeliveryState], word, settled, price: Option<&str>| {
            let all: Vec<_> = states.iter().enumerate().map(|(n, s)| facts(*s, n)).collect();
            let outcome = lead_outcome(&all);
            assert_eq!((outcome.word, outcome.settled), (word, settled), "{states:?}");
            assert_eq!(outcome.price.as_deref(), price, "{states:?}");
        };
        check(&[], Word::Pending, true, None);
        check(&[Pending], Word::Pending, false, None);
        check(&[InFlight, Rejected], Word::Pending, false, None);
        check(&[Failed, Accepted], Word::Accepted, true, Some("1.50"));
        check(&[Pending, Accepted, Accepted], Word::Accepted, true, Some("1.50"));
        check(&[Failed, Pending], Word::Pending, false, None);
        check(&[Failed, Rejected], Word::Rejected, true, None);
        check(&[Failed, Failed], Word::Failed, true, None);
        check(&[Failed, Retrying], Word::Pending, false, None);
        check(&[Queued], Word::Pending, true, None);
        check(&[Queued, Pending], Word::Pending, false, None);
        check(&[Held], Word::Pending, true, None);
        check(&[Superseded, Accepted], Word::Accepted, true, Some("1.50"));
        check(&[Cancelled, Superseded], Word::Pending, true, None);
    }

    #[test]
    fn a_queued_lead_may_have_a_redirect_already() {
        let outcome = lead_outcome(&[facts(Queued, 3)]);
        assert_eq!(outcome.redirect_url.as_deref(), Some("https://example.com/3"));
    }
}
