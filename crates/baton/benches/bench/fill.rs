//! A store that looks like one that was used for four weeks: what `make bench-ui` looks at.
//!
//! Which lead is what follows from its number, so that two stores of one size are alike. A lead's
//! numbers are spread over time evenly; the first ones, the oldest, are of a campaign of their own,
//! which a list that goes along time finds last.

use crate::machine::SystemClock;
use crate::server::Server;
use crate::store_alone::{Ids, claim, finish, lead, location, open_at};
use baton_domain::delivery::DeliveryState;
use baton_domain::event::EventKind;
use baton_domain::id::{LeadId, TypedId};
use baton_domain::lead::LeadState;
use baton_domain::time::{Clock, Millis};
use baton_domain::verdict::Verdict;
use baton_store::capture::Capture;
use baton_store::leads::{LeadChange, TagChange};
use baton_store::{ClaimedDelivery, Finish, Store};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Days over which the leads came: none is old enough to be removed.
const DAYS: i64 = 28;
/// Leads of the campaign that ended long ago.
const OLD_LEADS: u64 = 500;
/// One of so many leads is of the second campaign.
const SECOND_ONE_OF: u64 = 20;
/// Nobody listens there, and nothing is due.
const NOWHERE: &str = "http://127.0.0.1:9/crm";
const CALLERS: u64 = 256;
const CHANGED_AT_ONCE: usize = 200;

const FIRST: [&str; 12] = [
    "Ada", "Grace", "Olu", "Jane", "Noor", "Mei", "Ivan", "Lucia", "Tom", "Priya", "Kofi", "Sven",
];
const LAST: [&str; 10] = [
    "Smith", "Okafor", "Lovelace", "Hopper", "Chen", "Garcia", "Novak", "Iyer", "Mensah", "Berg",
];

/// The present of a store that is filled: it goes from then to now as leads come.
struct Fast(AtomicI64);

impl Clock for Fast {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::Relaxed))
    }
}

struct Filling {
    store: Store,
    clock: Arc<Fast>,
    /// The large campaign, the second and the old one.
    campaigns: [Ids; 3],
    leads: u64,
    began: i64,
    span: i64,
}

/// Fills a data directory, or the database when one is given, with as many leads.
pub async fn run(data: &Path, database: Option<&str>, leads: u64) {
    let server = Server::start(data, database).await;
    let mut campaigns = Vec::new();
    for name in ["Solar UK", "Windows UK", "Boilers 2025"] {
        campaigns.push(server.campaign_ids(name, &[NOWHERE.to_owned()]).await.0);
    }
    let campaigns = [campaigns[0], campaigns[1], campaigns[2]];
    server.stop();
    let (span, now) = (DAYS * 86_400_000, SystemClock.now().0);
    let began = now - span;
    let clock = Arc::new(Fast(AtomicI64::new(began)));
    let store = open_at(location(data, database), Arc::clone(&clock) as _).await;
    let filling = Arc::new(Filling { store, clock, campaigns, leads, began, span });
    let captured = filling.capture().await;
    filling.clock.0.store(now, Ordering::Relaxed);
    for campaign in campaigns {
        filling.deliver(campaign).await;
    }
    filling.change(&captured).await;
    while filling.store.index_search().await.expect("indexed") > 0 {}
}

impl Filling {
    /// Takes all leads in; their ids by number.
    async fn capture(self: &Arc<Self>) -> Vec<LeadId> {
        let next = Arc::new(AtomicU64::new(0));
        let callers = (0..CALLERS).map(|_| {
            let (filling, next) = (Arc::clone(self), Arc::clone(&next));
            tokio::spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= filling.leads {
                        return taken;
                    }
                    let capture = filling.lead(n);
                    taken.push((n, capture.lead));
                    filling.store.capture(capture).await.expect("captured");
                }
            })
        });
        let mut captured = Vec::new();
        for caller in callers.collect::<Vec<_>>() {
            captured.extend(caller.await.expect("a caller"));
        }
        captured.sort_unstable();
        captured.into_iter().map(|(_, lead)| lead).collect()
    }

    fn lead(&self, n: u64) -> Capture {
        let part = n as f64 / self.leads as f64;
        let present = self.began + (part * self.span as f64) as i64;
        self.clock.0.fetch_max(present, Ordering::Relaxed);
        let which = match n {
            0..OLD_LEADS => 2,
            _ if n.is_multiple_of(SECOND_ONE_OF) => 1,
            _ => 0,
        };
        let mut capture = lead(&self.store, self.campaigns[which], n);
        let (first, last) = (FIRST[n as usize % 12], LAST[(n / 12) as usize % 10]);
        let last = if n % 10_007 == 7 { "Quillfeather" } else { last };
        capture.data.raw.set("first_name", first.into());
        capture.data.raw.set("last_name", last.into());
        let state = match n % 1_000 {
            1..=10 => LeadState::Rejected,
            11..=15 => LeadState::Quarantined,
            _ => LeadState::Received,
        };
        if state != LeadState::Received {
            capture.state = state;
            capture.deliveries.clear();
        }
        capture.test = n % 500 == 20;
        capture
    }

    async fn deliver(&self, campaign: Ids) {
        loop {
            let claimed = claim(&self.store, campaign).await;
            if claimed.is_empty() {
                return;
            }
            let ends = claimed.into_iter().map(|delivery| {
                let store = self.store.clone();
                let end = ended(&store, &delivery);
                tokio::spawn(async move { store.finish(end).await.expect("ended") })
            });
            for end in ends.collect::<Vec<_>>() {
                end.await.expect("a finish");
            }
        }
    }

    /// What people said of leads.
    async fn change(&self, captured: &[LeadId]) {
        let workspace = self.store.workspace(self.campaigns[0].workspace);
        let changes: Vec<LeadChange> =
            captured.iter().zip(0..).filter_map(|(lead, n)| self.said(*lead, n)).collect();
        for some in changes.chunks(CHANGED_AT_ONCE) {
            workspace.change_leads(some.to_vec(), None).await.expect("changed");
        }
    }

    fn said(&self, lead: LeadId, n: u64) -> Option<LeadChange> {
        let status = match n % 100 {
            30..40 => Some("contacted"),
            40..43 => Some("qualified"),
            43 => Some("won"),
            _ => None,
        };
        let tag = match n % 10_000 {
            50 => Some("vip"),
            k if k % 20 == 3 => Some("call back"),
            _ => None,
        };
        if status.is_none() && tag.is_none() {
            return None;
        }
        let add: BTreeSet<String> = tag.into_iter().map(str::to_owned).collect();
        let (status, event) = (status.map(str::to_owned), self.store.new_id());
        Some(LeadChange { lead, status, tags: TagChange { add, ..TagChange::default() }, event })
    }
}

/// How a delivery ends: of 256 about two fail, one is of unknown outcome and three are refused.
fn ended(store: &Store, delivery: &ClaimedDelivery) -> Finish {
    let mut end = finish(store, delivery);
    let (state, verdict, note, kind) = match delivery.id.uuid().as_bytes()[15] {
        0 => (
            DeliveryState::Failed,
            Verdict::Unmatched,
            Some("no rule matched the answer"),
            EventKind::DeliveryFailed,
        ),
        1 => (
            DeliveryState::Failed,
            Verdict::Transient,
            Some("the schedule is spent"),
            EventKind::DeliveryFailed,
        ),
        2 => (
            DeliveryState::Unknown,
            Verdict::Unknown,
            Some("no complete answer came"),
            EventKind::DeliveryFailed,
        ),
        3..=5 => (DeliveryState::Rejected, Verdict::Rejected, None, EventKind::DeliveryRejected),
        _ => return end,
    };
    end.state = state;
    end.note = note.map(str::to_owned);
    end.lead_delivered = false;
    if let Some(attempt) = &mut end.attempt {
        attempt.verdict = verdict;
    }
    for event in &mut end.events {
        event.kind = kind;
    }
    end
}
