//! Things that happened: the public record.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! event_kinds {
    ($($(#[$doc:meta])* $name:ident = $word:tt,)*) => {
        /// What kind of thing happened.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum EventKind {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl EventKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word in the API and in rows.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

event_kinds! {
    /// A lead was accepted.
    LeadCreated = "lead.created",
    /// A lead's data, status or tags changed after it was accepted.
    LeadUpdated = "lead.updated",
    /// All that was known of a lead was erased.
    LeadErased = "lead.erased",
    /// A partial lead came or grew.
    LeadPartial = "lead.partial",
    /// A partial lead was completed.
    LeadCompleted = "lead.completed",
    /// A lead repeated another.
    LeadDuplicate = "lead.duplicate",
    /// A lead was refused.
    LeadRejected = "lead.rejected",
    /// A lead was put aside.
    LeadQuarantined = "lead.quarantined",
    /// A receiver took a lead.
    DeliverySucceeded = "delivery.succeeded",
    /// A receiver said no.
    DeliveryRejected = "delivery.rejected",
    /// A delivery was given up.
    DeliveryFailed = "delivery.failed",
    /// A destination was switched off by what its receiver answered.
    DestinationDisabled = "destination.disabled",
    /// Sent by the test call of a webhook; never stored.
    WebhookTest = "webhook.test",
}

impl EventKind {
    /// The kind of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.as_str() == word)
    }

    /// Whether `data` of such an event is a lead. What is left of an erased one is its id.
    #[must_use]
    pub fn is_lead(self) -> bool {
        self != Self::LeadErased && self.as_str().starts_with("lead.")
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
