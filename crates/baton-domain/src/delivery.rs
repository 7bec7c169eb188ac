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

use crate::id::DeliveryId;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

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

    /// Whether its receiver has the lead, or will be sent it: nobody else needs to send it there.
    #[must_use]
    pub fn has_the_lead(self) -> bool {
        matches!(
            self,
            Self::Pending
                | Self::InFlight
                | Self::Retrying
                | Self::Accepted
                | Self::Queued
                | Self::Held
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

/// A delivery of a lead, as far as it matters for where the lead went already.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kin {
    /// Its id.
    pub id: DeliveryId,
    /// Where it goes.
    pub target: Uuid,
    /// Why it exists.
    pub cause: DeliveryCause,
    /// The delivery it was made from.
    pub parent: Option<DeliveryId>,
    /// Where it stands.
    pub state: DeliveryState,
    /// The version of the lead's data that it carries.
    pub data_version: i64,
}

/// The delivery that a chain of resends began with; `id` itself when it is none.
#[must_use]
pub fn root_of(kin: &[Kin], mut id: DeliveryId) -> DeliveryId {
    // Bounded, whatever is stored.
    for _ in 0..kin.len() {
        let resend = kin.iter().find(|k| k.id == id && k.cause == DeliveryCause::Resend);
        match resend.and_then(|k| k.parent) {
            Some(parent) => id = parent,
            None => break,
        }
    }
    id
}

/// The deliveries to which the lead went on by a link from `root` or one of its resends. Those that
/// a newer version of the lead superseded do not count.
pub fn linked_from(kin: &[Kin], root: DeliveryId) -> impl Iterator<Item = &Kin> {
    kin.iter().filter(move |k| {
        let live = k.cause == DeliveryCause::Linked && k.state != DeliveryState::Superseded;
        live && k.parent.is_some_and(|parent| root_of(kin, parent) == root)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TypedId as _;
    use crate::time::Millis;

    fn id(n: u8) -> DeliveryId {
        DeliveryId::new(Millis(1), [n; 10])
    }

    fn kin(n: u8, cause: DeliveryCause, parent: u8, state: DeliveryState) -> Kin {
        let parent = (parent > 0).then(|| id(parent));
        let target = Uuid::from_u128(u128::from(n));
        Kin { id: id(n), target, cause, parent, state, data_version: 1 }
    }

    #[test]
    fn links_of_a_delivery_are_those_of_its_resends_too() {
        use DeliveryCause::{Lead, Linked, Resend};
        use DeliveryState::{Accepted, Failed, Superseded};
        let all = [
            kin(1, Lead, 0, Failed),
            kin(2, Resend, 1, Failed),
            kin(3, Resend, 2, Accepted),
            kin(4, Linked, 3, Accepted),
            kin(5, Linked, 1, Superseded),
            kin(6, Lead, 0, Accepted),
            kin(7, Linked, 6, Accepted),
            kin(8, Resend, 4, Accepted),
        ];
        for (n, root) in [(1, 1), (2, 1), (3, 1), (4, 4), (6, 6), (8, 4), (9, 9)] {
            assert_eq!(root_of(&all, id(n)), id(root), "{n}");
        }
        let linked = |root| linked_from(&all, id(root)).map(|k| k.id).collect::<Vec<_>>();
        assert_eq!(linked(1), [id(4)]);
        assert_eq!(linked(6), [id(7)]);
        assert_eq!(linked(4), []);
        let circle = [kin(1, Resend, 2, Failed), kin(2, Resend, 1, Failed)];
        assert!([id(1), id(2)].contains(&root_of(&circle, id(1))), "it ends");
    }
}
