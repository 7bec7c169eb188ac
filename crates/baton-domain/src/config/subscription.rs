use super::RetryPolicy;
use crate::event::EventKind;
use serde::{Deserialize, Serialize};

/// An event subscription: a URL that gets signed events. The API calls it a *webhook*.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Subscription {
    /// Where events are posted.
    pub url: String,
    /// Which events; empty: all.
    pub events: Vec<EventKind>,
    /// A note for people.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether deliveries wait.
    #[serde(default)]
    pub paused: bool,
    /// Switched off by a 410; the reason.
    #[serde(default)]
    pub disabled: Option<String>,
    /// When to try again.
    #[serde(default)]
    pub retry: RetryPolicy,
    /// Most requests in flight.
    #[serde(default = "default_in_flight")]
    pub in_flight: u32,
    /// Milliseconds one attempt may take.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u32,
    /// When the grace period of a rotation ends: until then the previous signing secret counts too.
    #[serde(default)]
    pub signing_previous_until: Option<crate::time::Millis>,
    /// Whether an app made it for itself: a 410 then deletes it, and nobody else has to.
    #[serde(default)]
    pub hook: bool,
}

fn default_in_flight() -> u32 {
    Subscription::IN_FLIGHT
}

fn default_timeout_ms() -> u32 {
    Subscription::TIMEOUT_MS
}

impl Subscription {
    /// Requests in flight when nobody says.
    pub const IN_FLIGHT: u32 = 32;
    /// Milliseconds an attempt may take when nobody says.
    pub const TIMEOUT_MS: u32 = 30_000;

    /// Whether it wants events of that kind.
    #[must_use]
    pub fn wants(&self, kind: EventKind) -> bool {
        self.events.is_empty() || self.events.contains(&kind)
    }
}
