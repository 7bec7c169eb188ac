//! Asking after queued leads: when, and when it ends.

use super::manifest::Poll;
use crate::delivery::DeliveryState;
use crate::time::Millis;
use crate::verdict::Verdict;

/// What follows, for a delivery that is `queued`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Question {
    /// The vendor is asked at that instant.
    At(Millis),
    /// Nobody asks any more; the delivery stays `queued`.
    Over,
}

/// When the vendor is asked next. `queued_at` is when it said `queued`, `now` when it was asked
/// last, or `queued_at` before the first question. `retry_after_ms` is what it asked for; it can
/// only postpone.
#[must_use]
pub fn next_question(
    poll: &Poll,
    queued_at: Millis,
    now: Millis,
    retry_after_ms: Option<i64>,
) -> Question {
    let passed = now.0.saturating_sub(queued_at.0);
    let step = poll.waits.iter().find(|w| passed < w.until_ms).or(poll.waits.last());
    let Some(step) = step else { return Question::Over };
    let wait = step.every_ms.max(retry_after_ms.unwrap_or(0)).max(1);
    if passed.saturating_add(wait) > poll.give_up_ms {
        return Question::Over;
    }
    Question::At(now.plus_ms(wait))
}

/// The state that an answer to such a question settles the delivery in; `None`: ask again.
///
/// A fault, a refusal to answer and an answer no rule matched say nothing about the lead.
#[must_use]
pub fn settled(verdict: Verdict) -> Option<DeliveryState> {
    match verdict {
        Verdict::Accepted => Some(DeliveryState::Accepted),
        no if no.is_business_no() => Some(DeliveryState::Rejected),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::manifest::{PollWait, Request};

    /// Phonexa's cadence: every 1 s for 10 s, 2 s to 30 s, 3 s to 60 s, then 5 s until 300 s.
    fn poll() -> Poll {
        let wait = |every_ms, until_ms| PollWait { every_ms, until_ms };
        let request: Request =
            toml::from_str("method=\"GET\"\nurl=\"https://a.example\"\nbody=\"none\"").unwrap();
        Poll {
            needs: None,
            request,
            responses: Vec::new(),
            answer: Default::default(),
            waits: vec![
                wait(1_000, 10_000),
                wait(2_000, 30_000),
                wait(3_000, 60_000),
                wait(5_000, 300_000),
            ],
            give_up_ms: 300_000,
        }
    }

    #[test]
    fn questions_become_rarer_and_end() {
        let at = |passed: i64, asked: Option<i64>| {
            next_question(&poll(), Millis(1_000_000), Millis(1_000_000 + passed), asked)
        };
        let expect = |passed: i64| Question::At(Millis(1_000_000 + passed));
        for (passed, asked, due) in [
            (0, None, expect(1_000)),
            (9_999, None, expect(10_999)),
            (10_000, None, expect(12_000)),
            (30_000, None, expect(33_000)),
            (60_000, None, expect(65_000)),
            (60_000, Some(20_000), expect(80_000)),
            (60_000, Some(1), expect(65_000)),
            (295_000, None, expect(300_000)),
            (296_000, None, Question::Over),
            (60_000, Some(3_600_000), Question::Over),
        ] {
            assert_eq!(at(passed, asked), due, "{passed}");
        }
        let mut asked = 0;
        let (start, mut now) = (Millis(0), Millis(0));
        while let Question::At(next) = next_question(&poll(), start, now, None) {
            (now, asked) = (next, asked + 1);
        }
        assert_eq!((asked, now), (10 + 10 + 10 + 48, Millis(300_000)));
    }

    #[test]
    fn only_a_word_about_the_lead_settles_it() {
        for verdict in Verdict::ALL {
            let expect = match verdict {
                Verdict::Accepted => Some(DeliveryState::Accepted),
                Verdict::Rejected | Verdict::Duplicate | Verdict::Invalid | Verdict::CapReached => {
                    Some(DeliveryState::Rejected)
                }
                _ => None,
            };
            assert_eq!(settled(verdict), expect, "{verdict}");
        }
    }
}
