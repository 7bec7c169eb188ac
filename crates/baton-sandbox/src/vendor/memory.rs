//! What vendors remember of what they got. All of it is bounded: the oldest is forgotten first.

use crate::vendor::prices::Cents;
use crate::vendor::script::{Outcome, VendorName};
use baton_domain::time::Millis;
use serde::{Serialize, Serializer};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most places (a vendor under one path prefix) remembered; with more, all are forgotten.
const PLACES_MAX: usize = 1_000;
/// Most e-mail addresses and phone numbers one place knows duplicates by.
pub(super) const KNOWN_MAX: usize = 200_000;
/// Most leads, pings, queue entries and tokens one place keeps, each.
pub(super) const KEPT_MAX: usize = 10_000;

/// A map that forgets its oldest entries.
pub(super) struct Recent<V> {
    entries: HashMap<String, V>,
    order: VecDeque<String>,
    limit: usize,
}

impl<V> Recent<V> {
    fn new(limit: usize) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), limit }
    }

    pub(super) fn insert(&mut self, key: String, value: V) {
        if self.entries.insert(key.clone(), value).is_some() {
            return;
        }
        self.order.push_back(key);
        while self.order.len() > self.limit {
            let Some(oldest) = self.order.pop_front() else { break };
            self.entries.remove(&oldest);
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&V> {
        self.entries.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.entries.remove(key);
    }

    fn in_order(&self) -> impl Iterator<Item = &V> {
        self.order.iter().filter_map(|key| self.entries.get(key))
    }
}

/// A lead or ping as a vendor remembers it, without what was in it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LeadRow {
    pub(super) vendor: VendorName,
    /// The path before the vendor's own, such as `/leadbyte`.
    pub(super) place: String,
    /// The vendor's id for it.
    pub(super) id: String,
    /// Campaign, product, flow or type; empty where the vendor has none.
    pub(super) campaign: String,
    pub(super) outcome: Outcome,
    #[serde(serialize_with = "as_text")]
    pub(super) price: Cents,
    pub(super) test: bool,
    pub(super) ping: bool,
    /// How often it was changed since.
    pub(super) updates: u64,
    #[serde(serialize_with = "as_time")]
    pub(super) at: Millis,
}

fn as_text<S: Serializer>(price: &Cents, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(price)
}

fn as_time<S: Serializer>(at: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}

/// A ping that was taken.
#[derive(Clone, Copy)]
pub(super) struct Ping {
    pub(super) price: Cents,
    pub(super) bids: u8,
}

/// A lead whose outcome is asked for later.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) outcome: Outcome,
    pub(super) price: Cents,
    /// The vendor's number of the lead.
    pub(super) number: u64,
    /// How often it is still pending when asked for.
    pub(super) polls_left: u64,
}

/// A bearer token.
pub(super) struct Token {
    pub(super) expires_at: Millis,
    pub(super) uses_left: Option<u64>,
}

/// What one vendor remembers at one place.
pub(super) struct Memory {
    /// Requests answered, for the draws of faults and delays.
    pub(super) requests: u64,
    /// Leads and pings drawn for.
    pub(super) draws: u64,
    /// Posts after pings drawn for.
    pub(super) posts: u64,
    /// The last number given to a lead, ping or token.
    pub(super) last_number: u64,
    pub(super) known: Recent<()>,
    pub(super) leads: Recent<LeadRow>,
    pub(super) pings: Recent<Ping>,
    pub(super) waiting: Recent<Waiting>,
    pub(super) tokens: Recent<Token>,
    /// Hooks that were dropped.
    pub(super) gone: HashSet<String>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            requests: 0,
            draws: 0,
            posts: 0,
            last_number: 0,
            known: Recent::new(KNOWN_MAX),
            leads: Recent::new(KEPT_MAX),
            pings: Recent::new(KEPT_MAX),
            waiting: Recent::new(KEPT_MAX),
            tokens: Recent::new(KEPT_MAX),
            gone: HashSet::new(),
        }
    }
}

/// The memories of all places.
#[derive(Default)]
pub(crate) struct Memories(Mutex<HashMap<(VendorName, String), Memory>>);

impl Memories {
    fn lock(&self) -> MutexGuard<'_, HashMap<(VendorName, String), Memory>> {
        // Each memory is whole after every step, so a panic elsewhere leaves them usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with one place's memory.
    pub(super) fn with<T>(
        &self,
        name: VendorName,
        place: &str,
        act: impl FnOnce(&mut Memory) -> T,
    ) -> T {
        let mut memories = self.lock();
        let key = (name, place.to_owned());
        if memories.len() >= PLACES_MAX && !memories.contains_key(&key) {
            memories.clear();
        }
        act(memories.entry(key).or_default())
    }

    /// The leads and pings that are remembered, by place, oldest first.
    pub(crate) fn leads(&self) -> Vec<LeadRow> {
        let memories = self.lock();
        let mut places: Vec<_> = memories.iter().collect();
        places.sort_by_key(|(key, _)| *key);
        places.into_iter().flat_map(|(_, memory)| memory.leads.in_order().cloned()).collect()
    }

    /// Forgets everything: leads, pings, tokens, and how far the draws have come.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut recent = Recent::new(2);
        for (key, value) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
            recent.insert(key.to_owned(), value);
        }
        assert_eq!([recent.get("a"), recent.get("b"), recent.get("c")], [None, Some(&2), Some(&4)]);
        assert_eq!(recent.in_order().copied().collect::<Vec<i32>>(), [2, 4]);
    }
}
