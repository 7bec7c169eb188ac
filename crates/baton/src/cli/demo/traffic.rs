//! The demo's leads: some hundreds at the first start, then a few a minute. They are posted as any
//! caller would, so they are checked, compared, delivered and refused by the real path.

use super::people::person;
use super::scene::Source;
use crate::cli::remote::Remote;
use crate::failure::Failure;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Leads of the first start.
const HISTORY: u64 = 320;
/// How many of them come after the campaign of loans is paused.
const HELD: u64 = 40;
/// Time between two leads that arrive while the demo runs.
const ARRIVAL_EVERY: Duration = Duration::from_secs(6);
/// Most leads that arrive in one run of the demo: more than a day's.
const ARRIVALS_MAX: u64 = 20_000;

/// What is unusual about a lead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Usual,
    /// The e-mail address is none.
    Wrong,
    /// Somebody posts again.
    Repeated,
    /// Only the first step of a form was filled in.
    Partial,
    /// The first step, and then the rest.
    Completed,
    Test,
}

fn kind(n: u64) -> Kind {
    match n % 40 {
        7 | 23 => Kind::Wrong,
        11 | 18 | 30 => Kind::Repeated,
        13 => Kind::Partial,
        26 => Kind::Completed,
        37 => Kind::Test,
        _ => Kind::Usual,
    }
}

/// How far back the person is who posts again, by the same source.
const REPEATS_AFTER: u64 = 8;

/// What is posted for lead `n`, in order.
fn posts(reference: &str, n: u64) -> Vec<Map<String, Value>> {
    let mut lead = person(reference, n);
    match kind(n) {
        Kind::Usual => vec![lead],
        Kind::Wrong => {
            lead.insert("email".to_owned(), "not given".into());
            vec![lead]
        }
        Kind::Repeated => vec![person(reference, n.saturating_sub(REPEATS_AFTER))],
        Kind::Test => {
            lead.insert("test".to_owned(), true.into());
            vec![lead]
        }
        Kind::Partial | Kind::Completed => {
            lead.insert("lead_key".to_owned(), format!("form-{n}").into());
            let mut first = lead.clone();
            first.remove("last_name");
            first.insert("partial".to_owned(), true.into());
            first.insert("seq".to_owned(), json!(1));
            lead.insert("seq".to_owned(), json!(2));
            let steps = if kind(n) == Kind::Partial { 1 } else { 2 };
            [first, lead].into_iter().take(steps).collect()
        }
    }
}

/// The source lead `n` comes by: the first ones get more.
fn source_of(sources: &[Source], n: u64) -> Option<&Source> {
    let order = [0, 2, 1, 0, 4, 2, 0, 3];
    let place = order[usize::try_from(n % order.len() as u64).unwrap_or_default()];
    sources.get(place).or(sources.first())
}

/// Posts lead `n`. A refusal is an answer like another; what else goes wrong is told.
async fn post(remote: &Remote, sources: &[Source], n: u64) -> Result<(), Failure> {
    let Some(source) = source_of(sources, n) else { return Ok(()) };
    let path = format!("/api/inbound/w/{}/leads", source.webhook_id);
    for body in posts(&source.reference, n) {
        remote.offer(&path, &Value::Object(body)).await?;
    }
    Ok(())
}

/// Posts the leads of the first start; `pause` comes before the last of them, which are held.
pub(super) async fn history(
    remote: &Remote,
    sources: &[Source],
    pause: impl AsyncFnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    for n in 0..HISTORY - HELD {
        post(remote, sources, n).await?;
    }
    pause().await?;
    for n in HISTORY - HELD..HISTORY {
        post(remote, sources, n).await?;
    }
    Ok(())
}

/// Lets leads arrive until the demo ends. `first` is the number of the first of them, so that
/// another run of the demo has other people.
pub(super) async fn arrive(remote: &Remote, sources: &[Source], first: u64) {
    for n in (HISTORY + first..).take(ARRIVALS_MAX as usize) {
        tokio::time::sleep(ARRIVAL_EVERY).await;
        if let Err(failure) = post(remote, sources, n).await {
            tracing::warn!(%failure, "a lead of the demo could not be posted");
        }
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_has_leads_of_every_kind() {
        for wanted in
            [Kind::Usual, Kind::Wrong, Kind::Repeated, Kind::Partial, Kind::Completed, Kind::Test]
        {
            assert!((0..HISTORY).any(|n| kind(n) == wanted), "{wanted:?}");
        }
        assert_eq!(posts("SOLAR-UK", 26).len(), 2);
        assert_eq!(posts("SOLAR-UK", 11), vec![person("SOLAR-UK", 3)]);
    }
}
