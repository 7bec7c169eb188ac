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
    /// The text it had before a rotation, which works until the grace period ends.
    #[serde(default)]
    pub former: Option<FormerKey>,
}

/// The text a key had before a rotation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FormerKey {
    /// Lowercase hex SHA-256 of it.
    pub sha256: String,
    /// From when on it works no more.
    pub until: Millis,
}

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $word:tt,)*) => {
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
    /// Change status and tags of leads, and write notes about them.
    LeadsUpdate = "leads:update",
    /// Erase a lead for good.
    LeadsErase = "leads:erase",
    /// Resend deliveries.
    DeliveriesWrite = "deliveries:write",
    /// Create, list, rotate and revoke keys.
    Keys = "keys",
    /// Read `/metrics`.
    MetricsRead = "metrics:read",
    /// Invite people, change what they may do, and take them out again.
    Users = "users",
    /// Read the audit.
    AuditRead = "audit:read",
}

impl ApiKey {
    /// Whether it works at `now`.
    #[must_use]
    pub fn is_live(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether the text with that hash opens it at `now`: its own, or the former one until the
    /// grace period of a rotation ends.
    #[must_use]
    pub fn accepts(&self, sha256: &str, now: Millis) -> bool {
        let former = || self.former.as_ref().is_some_and(|f| f.sha256 == sha256 && now < f.until);
        self.is_live(now) && (self.sha256 == sha256 || former())
    }

    /// Whether it may do that.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_former_text_works_until_its_end_and_not_longer_than_the_key() {
        let key = ApiKey {
            name: "k".to_owned(),
            sha256: "new".to_owned(),
            shown: "bk_".to_owned(),
            scopes: Vec::new(),
            expires_at: Some(Millis(20)),
            revoked_at: None,
            former: Some(FormerKey { sha256: "old".to_owned(), until: Millis(10) }),
        };
        for (sha256, now, expect) in [
            ("new", 0, true),
            ("old", 0, true),
            ("old", 9, true),
            ("old", 10, false),
            ("new", 19, true),
            ("new", 20, false),
            ("other", 0, false),
        ] {
            assert_eq!(key.accepts(sha256, Millis(now)), expect, "{sha256} {now}");
        }
        let revoked = ApiKey { revoked_at: Some(Millis(5)), ..key };
        assert!(!revoked.accepts("old", Millis(6)) && !revoked.accepts("new", Millis(6)));
    }
}
