//! Identifiers: TypeIDs (`lead_01h...`), a prefix and a UUIDv7 in Crockford base 32.
//!
//! Format: <https://github.com/jetify-com/typeid/tree/main/spec>. The UUID is time-ordered
//! (RFC 9562 section 5.7), so rows keyed by it are appended, never scattered.

use crate::time::Millis;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const SUFFIX_CHARS: usize = 26;

/// Ten random bytes, the part of a UUIDv7 that is not time.
pub type IdRandom = [u8; 10];

/// Why a text is not an id of the wanted kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IdError {
    /// The text before the last `_` is not the prefix of this kind of id.
    #[error("expected an id that starts with `{0}_`")]
    Prefix(&'static str),
    /// The part after the prefix is not 26 characters of Crockford base 32 within 128 bits.
    #[error("the id is damaged: 26 characters of 0-9 and a-z are expected after the prefix")]
    Suffix,
}

/// The UUIDv7 of an instant and ten random bytes.
#[must_use]
pub fn uuid_v7(at: Millis, random: IdRandom) -> Uuid {
    let millis = u64::try_from(at.0).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

fn encode(uuid: Uuid) -> String {
    let mut bits = uuid.as_u128();
    let mut out = [0u8; SUFFIX_CHARS];
    for slot in out.iter_mut().rev() {
        *slot = ALPHABET[(bits & 31) as usize];
        bits >>= 5;
    }
    out.iter().map(|b| char::from(*b)).collect()
}

fn decode(text: &str) -> Option<Uuid> {
    let bytes = text.as_bytes();
    // 26 characters hold 130 bits, an id has 128: the first may not exceed 7.
    if bytes.len() != SUFFIX_CHARS || bytes[0] > b'7' {
        return None;
    }
    let mut bits: u128 = 0;
    for byte in bytes {
        let digit = ALPHABET.iter().position(|a| a == byte)?;
        bits = (bits << 5) | digit as u128;
    }
    Some(Uuid::from_u128(bits))
}

/// What every kind of id can do; lets one function serve all kinds.
pub trait TypedId: Copy + Sized {
    /// The text before the `_`.
    const PREFIX: &'static str;
    /// Wraps a UUID read from a row.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The UUID to put into a row.
    fn uuid(self) -> Uuid;
    /// A new id of the instant `at`.
    fn new(at: Millis, random: IdRandom) -> Self {
        Self::from_uuid(uuid_v7(at, random))
    }
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl TypedId for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let suffix = text
                    .strip_prefix(concat!($prefix, "_"))
                    .ok_or(IdError::Prefix($prefix))?;
                decode(suffix).map(Self).ok_or(IdError::Suffix)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

typed_ids! {
    /// A workspace; seed 002's `businessId`.
    WorkspaceId = "ws";
    /// A campaign.
    CampaignId = "cmp";
    /// A source.
    SourceId = "src";
    /// The public id in an endpoint source's posting URL; seed 002's `webhookId` and `data-token`.
    WebhookId = "in";
    /// A supplier.
    SupplierId = "sup";
    /// A destination.
    DestinationId = "dst";
    /// An event subscription.
    SubscriptionId = "whk";
    /// An API key (the record, not the secret).
    KeyId = "key";
    /// A person who signs in.
    UserId = "usr";
    /// A person's session.
    SessionId = "ses";
    /// An invitation into a workspace.
    InvitationId = "inv";
    /// A line of the audit.
    AuditId = "aud";
    /// A lead.
    LeadId = "lead";
    /// A delivery.
    DeliveryId = "dlv";
    /// An event.
    EventId = "evt";
    /// A background task that is not a delivery.
    TaskId = "tsk";
    /// An import of a file of leads.
    ImportId = "imp";
    /// A note about a lead.
    NoteId = "note";
    /// A saved view.
    ViewId = "view";
    /// A job over many things.
    JobId = "job";
    /// A queued batch item of the LeadByte-shaped intake.
    QueueId = "que";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_vectors_hold() {
        // From the valid vectors of the TypeID specification.
        for (suffix, uuid) in [
            ("00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
            ("0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
            ("01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"),
            ("7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ] {
            let uuid: Uuid = uuid.parse().unwrap();
            assert_eq!(encode(uuid), suffix);
            assert_eq!(decode(suffix), Some(uuid));
        }
    }

    #[test]
    fn damaged_ids_are_refused() {
        for text in ["lead_", "lead_8zzzzzzzzzzzzzzzzzzzzzzzzz", "lead_01H455VB4PEX5VSKNK084SN02Q"]
        {
            assert_eq!(text.parse::<LeadId>(), Err(IdError::Suffix), "{text}");
        }
        assert_eq!(
            "cmp_01h455vb4pex5vsknk084sn02q".parse::<LeadId>(),
            Err(IdError::Prefix("lead"))
        );
    }

    #[test]
    fn ids_of_later_instants_sort_later() {
        let early = LeadId::new(Millis(1_000), [255; 10]);
        let late = LeadId::new(Millis(1_001), [0; 10]);
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
    }
}
