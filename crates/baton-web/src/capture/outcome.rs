//! What receivers said about a lead, for callers who wait for it. The wait is on the path that
//! every lead takes: deliveries are read, nothing is sent from here.

use crate::state::AppState;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{LeadId, WorkspaceId};
use baton_domain::lead::decimal::Decimal;
use baton_store::deliveries::{DeliveryFilter, DeliveryRow};
use baton_store::leads::PAGE_MAX;
use baton_store::{OutcomeWait, StoreError};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// How often deliveries are looked at without a hint.
const POLL: Duration = Duration::from_millis(250);
/// Longest redirect that is passed on.
const REDIRECT_BYTES_MAX: usize = 4096;

/// What became of a lead so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    /// `accepted`, `queued`, `rejected`, `failed` or `pending`.
    pub word: &'static str,
    /// The price the receiver named, as a decimal.
    pub price: Option<String>,
    /// Where the receiver wants the person to go; http or https.
    pub redirect_url: Option<String>,
    /// True when there is nobody to send the lead to.
    pub sent_nowhere: bool,
}

impl Outcome {
    const PENDING: Self =
        Self { word: "pending", price: None, redirect_url: None, sent_nowhere: false };
}

/// Waits until something is known for good, or until the deadline.
pub(crate) async fn wait(
    state: &AppState,
    workspace: WorkspaceId,
    lead: LeadId,
    on: &OutcomeWait,
    until: Instant,
) -> Outcome {
    loop {
        match look(state, workspace, lead).await {
            Ok((outcome, true)) => return outcome,
            Ok((outcome, false)) if Instant::now() >= until => return outcome,
            Ok(_) => {}
            // The lead is stored; what became of it can be asked for later.
            Err(error) => {
                if error.is_outage() {
                    return Outcome::PENDING;
                }
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the outcome of a lead cannot be read");
                return Outcome::PENDING;
            }
        }
        let next_look = until.min(Instant::now() + POLL);
        tokio::select! {
            () = on.changed() => {}
            () = tokio::time::sleep_until(next_look) => {}
        }
    }
}

/// The outcome so far, and whether waiting longer cannot change it.
pub(crate) async fn look(
    state: &AppState,
    workspace: WorkspaceId,
    lead: LeadId,
) -> Result<(Outcome, bool), StoreError> {
    let workspace = state.store.workspace(workspace);
    let filter = DeliveryFilter { lead: Some(lead), limit: PAGE_MAX, ..DeliveryFilter::default() };
    let rows = workspace.deliveries(&filter).await?.whole()?;
    let deliveries: Vec<DeliveryRow> = rows.into_iter().filter(|d| !d.to_subscription).collect();
    let (word, settled) = sum_up(deliveries.iter().map(|d| d.state));
    let sent_nowhere = deliveries.is_empty();
    let mut outcome = Outcome { word, sent_nowhere, ..Outcome::PENDING };
    if word == "accepted" {
        // The oldest first: the first destination's word counts before a later one's.
        for delivery in deliveries.iter().rev().filter(|d| d.state == DeliveryState::Accepted) {
            let attempts = workspace.attempts(delivery.id).await?;
            let Some(last) = attempts.iter().rev().find(|a| !a.late) else { continue };
            let value = |name: &str| last.body.extracted.get(name).and_then(Value::as_str);
            let price = value("price").map(str::trim).filter(|p| Decimal::parse(p).is_some());
            outcome.price = outcome.price.or_else(|| price.map(str::to_owned));
            let redirect = value("redirect_url").filter(|url| is_web(url));
            outcome.redirect_url = outcome.redirect_url.or_else(|| redirect.map(str::to_owned));
        }
    }
    Ok((outcome, settled))
}

/// One acceptance is an acceptance; otherwise all have to be through.
fn sum_up(states: impl Iterator<Item = DeliveryState>) -> (&'static str, bool) {
    use DeliveryState as S;
    let mut states: Vec<S> = states.collect();
    states.retain(|s| !matches!(s, S::Cancelled | S::Superseded));
    let any = |wanted: S| states.contains(&wanted);
    if any(S::Accepted) {
        ("accepted", true)
    } else if states.iter().any(|s| matches!(s, S::Pending | S::InFlight | S::Retrying)) {
        ("pending", false)
    } else if states.is_empty() || any(S::Held) || any(S::Unknown) {
        // Nobody sends it before a person has acted.
        ("pending", true)
    } else if any(S::Queued) {
        ("queued", true)
    } else if any(S::Rejected) {
        ("rejected", true)
    } else {
        ("failed", true)
    }
}

/// The URL comes from a receiver's answer and goes to a person's browser.
fn is_web(url: &str) -> bool {
    url.len() <= REDIRECT_BYTES_MAX
        && !url.chars().any(char::is_control)
        && url::Url::parse(url)
            .is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryState as S;

    #[track_caller]
    fn check(states: &[DeliveryState], expect: (&str, bool)) {
        assert_eq!(sum_up(states.iter().copied()), expect, "{states:?}");
    }

    #[test]
    fn outcome_is_the_best_news_and_final_only_when_all_are_through() {
        check(&[], ("pending", true));
        check(&[S::Accepted, S::Pending], ("accepted", true));
        check(&[S::Rejected, S::InFlight], ("pending", false));
        check(&[S::Failed, S::Retrying], ("pending", false));
        check(&[S::Rejected, S::Failed], ("rejected", true));
        check(&[S::Failed], ("failed", true));
        check(&[S::Queued, S::Rejected], ("queued", true));
        check(&[S::Held, S::Rejected], ("pending", true));
        check(&[S::Unknown], ("pending", true));
        check(&[S::Superseded, S::Accepted], ("accepted", true));
        check(&[S::Superseded], ("pending", true));
    }

    #[test]
    fn redirects_go_to_web_pages_only() {
        for (url, expect) in [
            ("https://buyer.example/thanks?id=1", true),
            ("http://buyer.example", true),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("//buyer.example", false),
            ("/thanks", false),
            ("https://buyer.example/\r\nX: y", false),
            ("", false),
        ] {
            assert_eq!(is_web(url), expect, "{url}");
        }
    }
}
