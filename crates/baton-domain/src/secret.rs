//! Texts that may not be shown.

use std::collections::BTreeMap;
use std::fmt;

/// A secret text: an API key, a signing secret, a vendor's credential.
///
/// `Debug` and `Display` show a mask; only [`Secret::reveal`] gives the text. It has no serde
/// implementation on purpose: the store seals it, the API shows it once, and both say so.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What stands where a secret was.
pub const MASK: &str = "••••••••";

impl Secret {
    /// Wraps a text as secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for sealing, signing and the one showing.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// The secrets of one document by name, such as `signing` or a connector's secret setting `x_key`.
pub type Secrets = BTreeMap<String, Secret>;

/// Name of the secret that signs a destination's or subscription's requests.
pub const SIGNING: &str = "signing";
/// Name of the former signing secret, kept until the grace period of a rotation ends.
pub const SIGNING_PREVIOUS: &str = "signing_previous";
/// Name of the secret a source's callers sign with, when it requires signed captures.
pub const CAPTURE_HMAC: &str = "capture_hmac";
/// Name of the former one, kept until the grace period of a rotation ends.
pub const CAPTURE_HMAC_PREVIOUS: &str = "capture_hmac_previous";
