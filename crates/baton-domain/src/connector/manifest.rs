//! Manifests: one TOML file says how a kind of destination is talked to.
//!
//! `[request]` is the post. `[auth]`, `[ping]`, `[update]` and `[poll]` are the further exchanges
//! some vendors have; [`exchanges`] describes them. `docs/connectors.md` is the guide for people who
//! write a manifest.

mod check;
mod exchanges;
mod registry;
mod request;

pub use exchanges::{
    AUTH_LIFETIME_S, Auth, POLL_WAITS_MAX, POLL_WINDOW_MS_MAX, Ping, Poll, PollWait, Update,
};
pub use registry::Registry;
pub use request::{Basic, HeaderRow, Request};

use crate::config::{MappingRow, RateLimit, Unmapped};
use crate::connector::classify::Places;
use crate::connector::rules::ResponseRule;
use crate::retry::RetryClasses;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

macro_rules! embedded {
    ($($name:literal),*) => {
        &[$((
            concat!("connectors/", $name, ".toml"),
            include_str!(concat!("../../../../connectors/", $name, ".toml")),
        )),*]
    };
}

/// The manifests that are part of the program, as file name and text.
pub const EMBEDDED: &[(&str, &str)] =
    embedded!["boberdoo", "leadbyte", "leadconduit", "leadprosper", "phonexa", "webhook", "zapier"];

/// Largest manifest file, in bytes.
pub const MANIFEST_BYTES_MAX: usize = 256 * 1024;
/// Most settings of a connector.
pub const SETTINGS_MAX: usize = 100;
/// Most sets of field names a connector offers besides its own.
pub const PRESETS_MAX: usize = 20;

/// Names as they come to names as they are sent.
pub type FieldNames = BTreeMap<String, String>;

/// A kind of destination, as its file describes it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What destinations call it: `a-z`, digits and `-`.
    pub name: String,
    /// One or two sentences for the person who chooses it.
    pub description: String,
    /// Where the vendor describes the API.
    #[serde(default)]
    pub docs: Option<String>,
    /// What a destination sets, in the order the form shows it.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// The post of a lead.
    pub request: Request,
    /// A token that is fetched before the post; in texts of a request it is `{{ auth.token }}`.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// Asking for a bid before the post.
    #[serde(default)]
    pub ping: Option<Ping>,
    /// How a completed lead updates what its partial lead made.
    #[serde(default)]
    pub update: Option<Update>,
    /// How a queued lead is asked after.
    #[serde(default)]
    pub poll: Option<Poll>,
    /// What the receiver calls lead and system fields that no mapping row names.
    #[serde(default)]
    pub field_names: FieldNames,
    /// Name of the `choice` setting that chooses one of `presets` instead of `field_names`; a word
    /// without a preset chooses `field_names`.
    #[serde(default)]
    pub presets_from: Option<String>,
    /// Other sets of field names, each whole.
    #[serde(default)]
    pub presets: BTreeMap<String, FieldNames>,
    /// How lead fields that no mapping row names are written, by the receiver's name: the words of
    /// a row's `transform`.
    #[serde(default)]
    pub transforms: BTreeMap<String, Vec<Value>>,
    /// Rows that are sent besides the lead's own fields wherever those are sent unmapped: the
    /// vendor's names for system fields. Without any, the flat payload of DESIGN section 6 is sent.
    #[serde(default)]
    pub mapping: Vec<MappingRow>,
    /// What happens to lead fields no mapping row names.
    #[serde(default = "dropped")]
    pub unmapped: Unmapped,
    /// The response rules of a destination that has none of its own.
    #[serde(default)]
    pub responses: Vec<ResponseRule>,
    /// Where `price`, `vendor_id`, `queue_id`, `redirect_url` and `reason` sit in an answer.
    #[serde(default)]
    pub answer: Places,
    /// What follows a verdict, where the vendor differs from DESIGN section 8.
    #[serde(default)]
    pub retry: RetryClasses,
    /// How a test lead is told from a real one.
    #[serde(default)]
    pub test_mode: TestMode,
    /// What the vendor can take.
    #[serde(default)]
    pub limits: ManifestLimits,
}

fn dropped() -> Unmapped {
    Unmapped::Drop
}

/// One thing a destination sets.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name: `a-z`, digits and `_`.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: SettingKind,
    /// What the form calls it.
    pub label: String,
    /// Whether a destination must set it.
    #[serde(default)]
    pub required: bool,
    /// The value when it is not set.
    #[serde(default)]
    pub default: Option<Value>,
    /// What it is for and where to find it.
    #[serde(default)]
    pub help: String,
    /// The words of a `choice`.
    #[serde(default)]
    pub choices: Vec<String>,
    /// A regular expression the whole value of a `text`, `secret` or `url` has to match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// A value of the right form, shown in an empty form and where `pattern` is not met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

/// What a setting holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    /// One line of text.
    Text,
    /// A credential: kept sealed, beside the settings, and masked in every stored attempt.
    Secret,
    /// An http or https URL; lead fields may stand after its host as `{{ name }}`.
    Url,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// One of `choices`.
    Choice,
    /// An object of header names and values; values may hold `{{ name }}`.
    Headers,
    /// A body template.
    Template,
}

/// How a test lead is told from a real one.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestMode {
    /// Fields added to the payload of a test lead. A text may hold `{{ settings.name }}`; one that
    /// turns out empty is left out.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
    /// Name of the `boolean` setting that sends every lead of a destination as a test.
    #[serde(default)]
    pub setting: Option<String>,
    /// What a test lead comes to at the vendor, for people.
    #[serde(default)]
    pub help: String,
}

/// What the vendor can take.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestLimits {
    /// Whether a campaign can have only one destination of this kind.
    #[serde(default)]
    pub one_per_campaign: bool,
    /// Whether plain http is refused even where the server allows it; loopback and private
    /// addresses are left to the server's own rule.
    #[serde(default)]
    pub https_only: bool,
    /// Requests in flight, for destinations that do not say.
    #[serde(default)]
    pub in_flight: Option<u32>,
    /// Requests in a span of time, for destinations that do not say.
    #[serde(default)]
    pub rate: Option<RateLimit>,
    /// Milliseconds an attempt may take, for destinations that do not say.
    #[serde(default)]
    pub timeout_ms: Option<u32>,
}

/// Something wrong with a manifest file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct ManifestProblem {
    /// The file.
    pub file: String,
    /// The line it was found on, from 1, if it can be told.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl Manifest {
    /// The setting of that name.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|s| s.name == name)
    }

    /// Reads and checks one manifest.
    ///
    /// # Errors
    /// What is wrong with it: the first thing TOML finds, or all that the checks find.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<ManifestProblem>> {
        check::read(file, text)
    }
}

/// The setting a text consists of: `{{ settings.name }}` and nothing else.
pub(super) fn setting_name(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let name = inside.trim().strip_prefix("settings.")?;
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
}

#[cfg(test)]
mod tests;
