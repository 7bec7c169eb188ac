//! A delivery: one lead (or event) on its way to one destination (or subscription).
//!
//! ```text
//!            claim                    verdict
//! pending ----------> in_flight ---------------------> accepted | queued | rejected | failed
//!    ^                 |  |   |                             (final)
//!    |                 |  |   +-- retryable, waits left --> retrying --claim--> in_flight
//!    |  internal fault |  |
//!    +-----------------+  +-- credentials wrong ---------> held     (until a person acts)
//!
//! pending | retrying --newer version of the lead--> superseded   (final)
//! pending | retrying | held --person, erase-------> cancelled    (final)
//! ```
//!
//! `unknown` is the state of a sale whose outcome nobody knows; plain deliveries retry instead.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! states {
    ($(#[$enum_doc:meta])* $enum:ident { $($(#[$doc:meta])* $name:ident = $word:literal,)* }) => {
        $(#[$enum_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum $enum { $($(#[$doc])* $name,)* }

        impl $enum {
            /// All states.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word in the API and in rows.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The state of that word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|s| s.as_str() == word)
            }
        }

        impl fmt::Display for $enum {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use states;

states! {
    /// Where a delivery stands.
    DeliveryState {
        /// Waits for its first attempt.
        Pending = "pending",
        /// Somebody is sending it.
        InFlight = "in_flight",
        /// Waits for another attempt.
        Retrying = "retrying",
        /// The receiver took it.
        Accepted = "accepted",
        /// The receiver took it and will say later what became of it.
        Queued = "queued",
        /// The receiver said no.
        Rejected = "rejected",
        /// Given up.
        Failed = "failed",
        /// A sale whose outcome nobody knows.
        Unknown = "unknown",
        /// Waits for a person.
        Held = "held",
        /// Called off by a person.
        Cancelled = "cancelled",
        /// A newer version of the lead took its place.
        Superseded = "superseded",
    }
}

impl DeliveryState {
    /// Whether nothing more happens to it by itself or by a person's switch (a resend makes a new
    /// delivery).
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Accepted
                | Self::Queued
                | Self::Rejected
                | Self::Failed
                | Self::Cancelled
                | Self::Superseded
        )
    }
}

/// Why a delivery exists.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryCause {
    /// A lead came in.
    Lead,
    /// An event a subscription wants.
    Event,
    /// Another destination gave up.
    Failover,
    /// What became of the lead at another destination links to this one.
    Linked,
    /// A person asked for it.
    Resend,
}

impl DeliveryCause {
    /// The word in the API and in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Event => "event",
            Self::Failover => "failover",
            Self::Linked => "linked",
            Self::Resend => "resend",
        }
    }

    /// The cause of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Lead, Self::Event, Self::Failover, Self::Linked, Self::Resend]
            .into_iter()
            .find(|c| c.as_str() == word)
    }
}
