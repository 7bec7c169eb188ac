use super::*;
use crate::config::RETRY_ATTEMPTS_MAX;
use crate::delivery::DeliveryState;
use crate::verdict::Classified;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

const ENDED: Millis = Millis(1_769_610_600_000);
const MINUTE: i64 = 60_000;

fn next(verdict: Verdict, made: u32, retry_after_ms: Option<i64>) -> Next {
    let policy = RetryPolicy::standard();
    next_attempt(&policy, OnUnmatched::Fail, verdict, made, ENDED, retry_after_ms, Jitter::None)
}

fn after_ms(ms: i64) -> Next {
    Next::At(ENDED.plus_ms(ms))
}

#[test]
fn the_standard_schedule_waits_1_5_30_120_minutes_then_gives_up() {
    assert_eq!(first_attempt(&RetryPolicy::standard(), ENDED, Jitter::None), ENDED);
    for (made, minutes) in [(1, 1), (2, 5), (3, 30), (4, 120)] {
        assert_eq!(next(Verdict::Transient, made, None), after_ms(minutes * MINUTE), "{made}");
    }
    assert_eq!(next(Verdict::Transient, 5, None), Next::GiveUp);
    assert_eq!(next(Verdict::Transient, u32::MAX, None), Next::GiveUp);
}

#[test]
fn retry_after_only_postpones_and_at_most_an_hour() {
    for (verdict, asked_ms, expect_ms) in [
        (Verdict::RateLimited, 7_000, MINUTE),
        (Verdict::RateLimited, 10 * MINUTE, 10 * MINUTE),
        (Verdict::RateLimited, 90 * MINUTE, 60 * MINUTE),
        (Verdict::RateLimited, i64::MAX, 60 * MINUTE),
        (Verdict::RateLimited, i64::MIN, MINUTE),
        (Verdict::Transient, 10 * MINUTE, 10 * MINUTE),
        (Verdict::Unknown, 10 * MINUTE, MINUTE),
    ] {
        assert_eq!(next(verdict, 1, Some(asked_ms)), after_ms(expect_ms), "{verdict} {asked_ms}");
    }
}

#[test]
fn retry_after_is_seconds_or_a_date_and_garbage_is_ignored() {
    let now = Millis::parse_rfc3339("2026-01-28T14:30:00Z").unwrap();
    for (header, expect) in [
        ("7", Some(7_000)),
        (" 120 ", Some(120_000)),
        ("64.57", Some(64_570)),
        ("0", Some(0)),
        ("Wed, 28 Jan 2026 14:31:30 GMT", Some(90_000)),
        ("Wed, 28 Jan 2026 14:00:00 GMT", Some(0)),
        ("99999999999999999999", Some(i64::MAX)),
        ("-1", None),
        ("abc", None),
        ("", None),
        ("7 seconds", None),
        ("1e9", None),
        ("7.", None),
        ("Wed, 99 Jan 2026 14:31:30 GMT", None),
    ] {
        assert_eq!(parse_retry_after(header, now), expect, "{header}");
    }
}

#[test]
fn schedules_are_presets_or_lists() {
    let list = |value| parse_schedule(&value).map(|p| p.schedule_ms);
    assert_eq!(list(json!("standard")), Ok(RetryPolicy::standard().schedule_ms));
    assert_eq!(list(json!("backoff")), Ok(vec![0, 30_000, 120_000, 600_000, 3_600_000]));
    assert_eq!(
        list(json!(["0s", "1m", "5m", "30m", "2h"])),
        Ok(RetryPolicy::standard().schedule_ms)
    );
    assert_eq!(list(json!(["250ms", "7d"])), Ok(vec![250, RETRY_WAIT_MS_MAX]));
    for (schedule, expect) in [
        (json!("weekly"), ScheduleProblem::Shape),
        (json!(null), ScheduleProblem::Shape),
        (json!([]), ScheduleProblem::Count),
        (json!(vec!["1s"; RETRY_ATTEMPTS_MAX + 1]), ScheduleProblem::Count),
        (json!(["0s", 5]), ScheduleProblem::Wait(1)),
        (json!(["-1s"]), ScheduleProblem::Wait(0)),
        (json!(["1w"]), ScheduleProblem::Wait(0)),
        (json!(["s"]), ScheduleProblem::Wait(0)),
        (json!(["0s", "8d"]), ScheduleProblem::TooLong(1)),
        (json!(["99999999999999999999d"]), ScheduleProblem::TooLong(0)),
    ] {
        assert_eq!(list(schedule.clone()), Err(expect), "{schedule}");
    }
}

#[test]
fn a_schedule_is_shown_as_it_is_written() {
    let policy = RetryPolicy { schedule_ms: vec![0, 250, 90_000, 7_200_000, 86_400_000] };
    assert_eq!(show_schedule(&policy), ["0s", "250ms", "90s", "2h", "1d"]);
    let again = parse_schedule(&json!(show_schedule(&policy))).unwrap();
    assert_eq!(again, policy);
}

/// One row of DESIGN section 8: the state in mid-schedule, the state when it is spent, and whether
/// the failover destination gets the lead in each case.
struct Row {
    verdict: Verdict,
    mid: DeliveryState,
    spent: DeliveryState,
    failover_mid: bool,
    failover_spent: bool,
    hold: bool,
}

fn row(verdict: Verdict, mid: DeliveryState, spent: DeliveryState) -> Row {
    let gives_up = |state| state == DeliveryState::Failed;
    Row {
        verdict,
        mid,
        spent,
        failover_mid: gives_up(mid),
        failover_spent: gives_up(spent),
        hold: verdict == Verdict::AuthOrConfig,
    }
}

fn classified(verdict: Verdict) -> Classified {
    Classified {
        verdict,
        decided_by: String::new(),
        rule: None,
        reason: None,
        extracted: BTreeMap::new(),
        retry_after_ms: None,
        gone: false,
    }
}

fn decide(verdict: Verdict, made: u32, has_failover: bool, on_unmatched: OnUnmatched) -> After {
    let policy = RetryPolicy::standard();
    outcome(
        &classified(verdict),
        &Plain {
            policy: &policy,
            on_unmatched,
            on_unknown: OnUnknown::Retry,
            attempts_made: made,
            ended_at: ENDED,
            has_failover,
            jitter: Jitter::None,
        },
    )
}

#[test]
fn every_verdict_leads_where_the_table_says() {
    use DeliveryState::{Accepted, Failed, Queued, Rejected, Retrying};
    let rows = [
        row(Verdict::Accepted, Accepted, Accepted),
        row(Verdict::Queued, Queued, Queued),
        row(Verdict::Rejected, Rejected, Rejected),
        row(Verdict::Duplicate, Rejected, Rejected),
        row(Verdict::Invalid, Rejected, Rejected),
        row(Verdict::CapReached, Rejected, Rejected),
        row(Verdict::RateLimited, Retrying, Failed),
        row(Verdict::Transient, Retrying, Failed),
        row(Verdict::Unmatched, Failed, Failed),
        row(Verdict::AuthOrConfig, Failed, Failed),
        row(Verdict::Unknown, Retrying, Failed),
        row(Verdict::Blocked, Failed, Failed),
    ];
    assert_eq!(rows.len(), Verdict::ALL.len());
    for r in rows {
        for (made, state, failover) in [(1, r.mid, r.failover_mid), (5, r.spent, r.failover_spent)]
        {
            let after = decide(r.verdict, made, true, OnUnmatched::Fail);
            assert_eq!(after.state, state, "{} after {made}", r.verdict);
            assert_eq!(after.failover, failover, "{} after {made}", r.verdict);
            assert_eq!(after.hold, r.hold, "{}", r.verdict);
            assert_eq!(after.next_at.is_some(), state == Retrying, "{}", r.verdict);
            assert_eq!(after.disable_destination, None, "{}", r.verdict);
            let alone = decide(r.verdict, made, false, OnUnmatched::Fail);
            assert!(!alone.failover, "{}: there is no failover", r.verdict);
        }
    }
}

#[test]
fn unmatched_is_retried_only_when_asked_for() {
    let after = decide(Verdict::Unmatched, 1, true, OnUnmatched::Retry);
    assert_eq!((after.state, after.failover), (DeliveryState::Retrying, false));
    let spent = decide(Verdict::Unmatched, 5, true, OnUnmatched::Retry);
    assert_eq!((spent.state, spent.failover), (DeliveryState::Failed, true));
}

#[test]
fn wrong_credentials_hold_the_lead_unless_a_failover_takes_it() {
    let alone = decide(Verdict::AuthOrConfig, 1, false, OnUnmatched::Fail);
    assert_eq!((alone.state, alone.hold), (DeliveryState::Held, true));
    let taken = decide(Verdict::AuthOrConfig, 1, true, OnUnmatched::Fail);
    assert_eq!((taken.state, taken.failover, taken.hold), (DeliveryState::Failed, true, true));
}

#[test]
fn gone_disables_the_destination() {
    let policy = RetryPolicy::standard();
    let plain = Plain {
        policy: &policy,
        on_unmatched: OnUnmatched::Fail,
        on_unknown: OnUnknown::Retry,
        attempts_made: 1,
        ended_at: ENDED,
        has_failover: false,
        jitter: Jitter::None,
    };
    let got = Classified { gone: true, ..classified(Verdict::AuthOrConfig) };
    let after = outcome(&got, &plain);
    assert_eq!(after.disable_destination.as_deref(), Some("the receiver answered 410 gone"));
    assert_eq!(after.state, DeliveryState::Held);
}

proptest! {
    #[test]
    fn an_attempt_is_never_early_and_never_too_late(
        waits in proptest::collection::vec(any::<i64>(), 0..8),
        made in 0u32..10,
        ended in -4_000_000_000_000i64..4_000_000_000_000,
        asked in proptest::option::of(any::<i64>()),
        random in any::<u64>(),
    ) {
        let policy = RetryPolicy { schedule_ms: waits };
        let got = next_attempt(
            &policy, OnUnmatched::Fail, Verdict::RateLimited, made, Millis(ended), asked,
            Jitter::Random(random),
        );
        match policy.schedule_ms.get(made as usize) {
            None => prop_assert_eq!(got, Next::GiveUp),
            Some(wait) => {
                let wait = (*wait).clamp(0, RETRY_WAIT_MS_MAX);
                let Next::At(at) = got else { return Err(TestCaseError::fail("gave up")) };
                let most = wait.max(RETRY_AFTER_MS_MAX.min(asked.unwrap_or(0)));
                prop_assert!(at.0 >= ended + wait);
                prop_assert!(at.0 <= ended + most + most / 10);
            }
        }
    }

    #[test]
    fn reading_retry_after_never_panics(header in ".{0,80}", now in any::<i64>()) {
        if let Some(ms) = parse_retry_after(&header, Millis(now)) {
            prop_assert!(ms >= 0);
        }
    }
}

#[test]
fn an_unknown_outcome_can_wait_for_a_person() {
    let policy = RetryPolicy::standard();
    let plain = Plain {
        policy: &policy,
        on_unmatched: OnUnmatched::Fail,
        on_unknown: OnUnknown::Ask,
        attempts_made: 1,
        ended_at: ENDED,
        has_failover: true,
        jitter: Jitter::None,
    };
    let after = outcome(&classified(Verdict::Unknown), &plain);
    assert_eq!((after.state, after.failover), (DeliveryState::Unknown, false));
    let asked = RetryClasses { on_unknown: OnUnknown::Ask };
    assert_eq!(asked.of(Verdict::Unknown, OnUnmatched::Fail), RetryClass::Ask);
    for verdict in Verdict::ALL {
        let class = RetryClasses::default().of(verdict, OnUnmatched::Fail);
        let scheduled = outcome(
            &classified(verdict),
            &Plain { on_unknown: OnUnknown::Retry, has_failover: false, ..plain },
        )
        .next_at
        .is_some();
        assert_eq!(class == RetryClass::Schedule, scheduled, "{verdict}");
    }
}
