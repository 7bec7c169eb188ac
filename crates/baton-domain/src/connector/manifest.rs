//! Manifests: one TOML file says how a kind of destination is talked to.

use crate::config::{RateLimit, Unmapped};
use crate::connector::classify::{CompiledRules, Places};
use crate::connector::pattern::Pattern;
use crate::connector::rules::ResponseRule;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The manifests that are part of the program, as file name and text.
pub const EMBEDDED: &[(&str, &str)] =
    &[("connectors/webhook.toml", include_str!("../../../../connectors/webhook.toml"))];

/// Largest manifest file, in bytes.
pub const MANIFEST_BYTES_MAX: usize = 256 * 1024;
/// Most settings of a connector.
const SETTINGS_MAX: usize = 100;

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
    /// The request.
    pub request: Request,
    /// What the receiver calls lead and system fields when there is no mapping.
    #[serde(default)]
    pub field_names: BTreeMap<String, String>,
    /// What happens to lead fields no mapping row names.
    #[serde(default = "dropped")]
    pub unmapped: Unmapped,
    /// The response rules of a destination that has none of its own.
    #[serde(default)]
    pub responses: Vec<ResponseRule>,
    /// Where `price`, `vendor_id`, `redirect_url` and `reason` sit in an answer.
    #[serde(default)]
    pub answer: Places,
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
}

/// What a setting holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    /// One line of text.
    Text,
    /// A credential: kept sealed, beside the settings.
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

/// The request, with `{{ settings.name }}` and `{{ field }}` to fill in.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Scheme and host come from here and from settings only.
    pub url: String,
    /// `json`, `form`, `xml`, `query` or `template`.
    pub body: String,
    /// Headers in order. One whose name or value turns out empty is left out.
    #[serde(default)]
    pub headers: Vec<HeaderRow>,
    /// Name of the `headers` setting whose rows are sent too.
    #[serde(default)]
    pub headers_from: Option<String>,
    /// The template of a `template` body.
    #[serde(default)]
    pub template: Option<String>,
    /// The content type when it is not the usual one of the body.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Name of the outermost XML element.
    #[serde(default)]
    pub xml_root: Option<String>,
    /// Fields sent besides the mapped ones, such as a campaign number from the settings.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

/// One header of a manifest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderRow {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// How a test lead is told from a real one.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestMode {
    /// Fields added to the payload of a test lead.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
}

/// What the vendor can take.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestLimits {
    /// Whether a campaign can have only one destination of this kind.
    #[serde(default)]
    pub one_per_campaign: bool,
    /// Whether plain http is refused even where the server allows it.
    #[serde(default)]
    pub https_only: bool,
    /// Requests in flight, for destinations that do not say.
    #[serde(default)]
    pub in_flight: Option<u32>,
    /// Requests in a span of time, for destinations that do not say.
    #[serde(default)]
    pub rate: Option<RateLimit>,
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
        let mut reader = Reader { file, text, problems: Vec::new() };
        if text.len() > MANIFEST_BYTES_MAX {
            reader.problem("", format!("larger than {MANIFEST_BYTES_MAX} bytes"));
            return Err(reader.problems);
        }
        let manifest = match toml::from_str::<Self>(text) {
            Ok(manifest) => manifest,
            Err(error) => {
                let line = error.span().map(|span| line_at(text, span.start));
                let message = error.message().trim().to_owned();
                return Err(vec![ManifestProblem { file: file.to_owned(), line, message }]);
            }
        };
        reader.check(&manifest);
        if reader.problems.is_empty() { Ok(manifest) } else { Err(reader.problems) }
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<ManifestProblem>,
}

impl Reader<'_> {
    /// Records a problem on the first line that holds `near`.
    fn problem(&mut self, near: &str, message: String) {
        let at = if near.is_empty() { None } else { self.text.find(near) };
        let line = at.map(|at| line_at(self.text, at));
        self.problems.push(ManifestProblem { file: self.file.to_owned(), line, message });
    }

    fn check(&mut self, manifest: &Manifest) {
        let word = |extra: char, text: &str| {
            !text.is_empty()
                && text.len() <= 64
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == extra)
        };
        if !word('-', &manifest.name) {
            let message = "`name` has a-z, digits and - only, at most 64".to_owned();
            self.problem("name", message);
        }
        if manifest.settings.len() > SETTINGS_MAX {
            self.problem("[[settings]]", format!("more than {SETTINGS_MAX} settings"));
        }
        let mut names = BTreeSet::new();
        for setting in &manifest.settings {
            let near = format!("\"{}\"", setting.name);
            if !word('_', &setting.name) || !names.insert(setting.name.as_str()) {
                let message =
                    format!("setting `{}`: a-z, digits and _, and once only", setting.name);
                self.problem(&near, message);
            }
            if (setting.kind == SettingKind::Choice) == setting.choices.is_empty() {
                let message =
                    format!("setting `{}`: `choices` belong to type choice", setting.name);
                self.problem(&near, message);
            }
            if setting.kind == SettingKind::Secret && setting.default.is_some() {
                self.problem(&near, format!("setting `{}`: a secret has no default", setting.name));
            }
            if let Some(default) = &setting.default
                && let Err(why) = super::settings::check_value(setting, default)
            {
                self.problem(&near, format!("setting `{}`: its default {why}", setting.name));
            }
        }
        self.check_request(manifest);
        if let Err(problems) = CompiledRules::compile_with(&manifest.responses, &manifest.answer) {
            for problem in problems {
                self.problem("[[responses]]", problem.to_string());
            }
        }
    }

    fn check_request(&mut self, manifest: &Manifest) {
        let request = &manifest.request;
        let optional = [&request.template, &request.content_type, &request.xml_root];
        let texts = [&request.method, &request.url, &request.body]
            .into_iter()
            .chain(optional.into_iter().flatten())
            .chain(request.headers.iter().flat_map(|row| [&row.name, &row.value]))
            .chain(request.fields.values());
        for text in texts {
            // A template of the manifest's own has the template engine's syntax.
            if request.template.as_ref() == Some(text) && setting_name(text).is_none() {
                continue;
            }
            match Pattern::parse(text) {
                Err(message) => self.problem(text, message),
                Ok(pattern) => {
                    let unknown = pattern.names().find(|name| {
                        name.strip_prefix("settings.")
                            .is_some_and(|n| manifest.setting(n).is_none())
                    });
                    if let Some(name) = unknown {
                        self.problem(text, format!("`{name}` is not one of the settings"));
                    }
                }
            }
        }
        if let Some(name) = &request.headers_from
            && manifest.setting(name).is_none_or(|s| s.kind != SettingKind::Headers)
        {
            self.problem("headers_from", format!("`{name}` is not a setting of type headers"));
        }
    }
}

/// The setting a text consists of: `{{ settings.name }}` and nothing else.
pub(super) fn setting_name(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let name = inside.trim().strip_prefix("settings.")?;
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    before.iter().filter(|b| **b == b'\n').count() + 1
}

/// The connectors that can be used, by name.
#[derive(Clone, Debug, Default)]
pub struct Registry(BTreeMap<String, Arc<Manifest>>);

impl Registry {
    /// Reads the manifests of the program and of the user.
    ///
    /// # Errors
    /// All problems of all files; a name that is taken is one.
    pub fn load(
        embedded: &[(&str, &str)],
        user: &[(String, String)],
    ) -> Result<Self, Vec<ManifestProblem>> {
        let mut registry = BTreeMap::new();
        let mut from: BTreeMap<String, &str> = BTreeMap::new();
        let mut problems = Vec::new();
        let user = user.iter().map(|(file, text)| (file.as_str(), text.as_str()));
        for (file, text) in embedded.iter().copied().chain(user) {
            match Manifest::read(file, text) {
                Err(found) => problems.extend(found),
                Ok(manifest) => {
                    if let Some(other) = from.insert(manifest.name.clone(), file) {
                        let message = format!("`{}` is the name of {other} already", manifest.name);
                        let file = file.to_owned();
                        problems.push(ManifestProblem { file, line: None, message });
                    }
                    registry.insert(manifest.name.clone(), Arc::new(manifest));
                }
            }
        }
        if problems.is_empty() { Ok(Self(registry)) } else { Err(problems) }
    }

    /// The connector of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Manifest>> {
        self.0.get(name)
    }

    /// All connectors by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Manifest>> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests;
