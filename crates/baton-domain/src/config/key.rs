use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// An API key as kept: its SHA-256, never itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its name.
    pub name: String,
    /// Lowercase hex SHA-256 of the key. Keys are 256 random bits, so no slow hash is needed.
    pub sha256: String,
    /// Its first characters, so that people recognise it.
    pub shown: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it ends by itself.
    #[serde(default)]
    pub expires_at: Option<Millis>,
    /// When it was revoked.
    #[serde(default)]
    pub revoked_at: Option<Millis>,
}

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What an API key may do.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum Scope {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Scope {
            /// All scopes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word in the API.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

scopes! {
    /// Post leads.
    LeadsWrite = "leads:write",
    /// Read leads, deliveries and attempts.
    LeadsRead = "leads:read",
    /// Read events and the stream.
    EventsRead = "events:read",
    /// Read campaigns, sources, destinations and webhooks.
    ConfigRead = "config:read",
    /// Change them, test and preview destinations.
    ConfigWrite = "config:write",
    /// Resend deliveries.
    DeliveriesWrite = "deliveries:write",
    /// Create, list, rotate and revoke keys.
    Keys = "keys",
    /// Read `/metrics`.
    MetricsRead = "metrics:read",
}

impl ApiKey {
    /// Whether it works at `now`.
    #[must_use]
    pub fn is_live(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it may do that.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}
