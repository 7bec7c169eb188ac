//! From a lead to the request for it, byte for byte.
//!
//! [`Renderer`] is a destination checked and prepared once; [`Renderer::render`] makes the request
//! of one lead. Signatures are not part of it: they change with every attempt
//! ([`crate::signature::sign`]), the bytes do not.

mod prepare;

pub use prepare::SetupProblem;

use super::body;
use super::classify::CompiledRules;
use super::header;
use super::manifest::Manifest;
use super::mapping::Mapping;
use super::payload::{LeadFields, Names};
use super::target::{self, Piece};
use super::template::{self, Format};
use crate::config::{Destination, Unmapped};
use crate::exchange::RequestSpec;
use crate::id::DeliveryId;
use crate::lead::LeadView;
use crate::lead::schema::FieldSpec;
use crate::personal::scalar_text;
use crate::secret::Secrets;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use url::Url;

/// Largest request body, in bytes.
pub const REQUEST_BODY_BYTES_MAX: usize = 1024 * 1024;
/// What Baton calls itself to receivers.
pub const USER_AGENT: &str = concat!("Baton/", env!("CARGO_PKG_VERSION"));

const CONTENT_TYPE: &str = "Content-Type";

/// How a payload becomes a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyKind {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/xml`.
    Xml,
    /// No body; the fields are in the URL.
    Query,
    /// What the destination's template writes.
    Template,
}

impl BodyKind {
    /// The kind of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "json" => Self::Json,
            "form" => Self::Form,
            "xml" => Self::Xml,
            "query" => Self::Query,
            "template" => Self::Template,
            _ => return None,
        })
    }

    /// Whether dots in a mapping's `to` nest.
    #[must_use]
    pub fn nests(self) -> bool {
        matches!(self, Self::Json | Self::Xml | Self::Template)
    }

    fn content_type(self) -> Option<&'static str> {
        match self {
            Self::Json | Self::Template => Some("application/json"),
            Self::Form => Some("application/x-www-form-urlencoded"),
            Self::Xml => Some("application/xml"),
            Self::Query => None,
        }
    }
}

/// What the request of one lead is made from, besides the destination.
#[derive(Clone, Copy)]
pub struct RenderInput<'a> {
    /// The lead.
    pub lead: &'a LeadView,
    /// The delivery; templates and headers can name it as `delivery_id`.
    pub delivery_id: DeliveryId,
    /// The campaign's fields, for their delivery names.
    pub schema: &'a [FieldSpec],
    /// Whether a real lead is sent as a test too (a destination's test call).
    pub test: bool,
    /// Country that phones without a country code belong to (ISO 3166-1 alpha-2).
    pub country: Option<&'a str>,
}

/// Why a lead's request cannot be made. No text holds a value of the lead.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RenderProblem {
    /// The destination itself cannot work.
    #[error("the destination is not set up: {}", list(.0))]
    Setup(Vec<SetupProblem>),
    /// The URL with this lead's values.
    #[error("the URL {0}")]
    Url(String),
    /// A header with this lead's values.
    #[error("the header {name} {why}")]
    Header {
        /// Which.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The template with this lead's values.
    #[error("the template {0}")]
    Template(String),
    /// The body is larger than [`REQUEST_BODY_BYTES_MAX`].
    #[error("the body is larger than {REQUEST_BODY_BYTES_MAX} bytes; map fewer fields")]
    BodyTooLarge,
}

fn list(problems: &[SetupProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// A destination checked and prepared: everything that does not depend on the lead is done.
#[derive(Clone, Debug)]
pub struct Renderer {
    method: String,
    url: Vec<Piece>,
    headers: Vec<(Vec<Piece>, Vec<Piece>)>,
    body: BodyKind,
    template: Option<Template>,
    content_type: Option<String>,
    xml_root: String,
    fields: Vec<(String, Vec<Piece>)>,
    mapping: Mapping,
    unmapped: Unmapped,
    field_names: BTreeMap<String, String>,
    test_fields: BTreeMap<String, Value>,
    https_only: bool,
    /// The response rules of the destination, otherwise the connector's.
    rules: CompiledRules,
}

#[derive(Clone, Debug)]
struct Template {
    source: String,
    format: Format,
    settings: Map<String, Value>,
    /// Names of secrets the template may name; only a manifest's own template may name any.
    secrets: Vec<String>,
}

/// The request of one lead, for callers that prepare nothing.
///
/// # Errors
/// [`RenderProblem`]; retrying cannot help.
pub fn render(
    manifest: &Manifest,
    destination: &Destination,
    secrets: &Secrets,
    input: &RenderInput<'_>,
) -> Result<RequestSpec, RenderProblem> {
    let renderer = Renderer::prepare(manifest, destination).map_err(RenderProblem::Setup)?;
    renderer.render(secrets, input)
}

/// The request that brings an event to a subscription's URL, without signatures.
///
/// # Errors
/// [`RenderProblem::Url`].
pub fn render_event(url: &str, envelope: Vec<u8>) -> Result<RequestSpec, RenderProblem> {
    let url =
        target::build(&[Piece::Text(url.to_owned())], |_| None).map_err(RenderProblem::Url)?;
    Ok(RequestSpec {
        method: "POST".to_owned(),
        url: url.into(),
        headers: vec![
            (CONTENT_TYPE.to_owned(), "application/json".to_owned()),
            ("User-Agent".to_owned(), USER_AGENT.to_owned()),
        ],
        body: envelope,
    })
}

/// What pieces are filled from.
struct Source<'a> {
    fields: &'a LeadFields<'a>,
    secrets: &'a Secrets,
    delivery_id: DeliveryId,
}

impl Source<'_> {
    fn value(&self, piece: &Piece) -> Option<String> {
        match piece {
            Piece::Text(text) | Piece::Fixed(text) => Some(text.clone()),
            Piece::Secret(name) => self.secrets.get(name).map(|s| s.reveal().to_owned()),
            Piece::Field(name) if name == "delivery_id" => Some(self.delivery_id.to_string()),
            Piece::Field(name) => self.fields.get(name).as_ref().and_then(scalar_text),
        }
    }
}

impl Renderer {
    /// The response rules that read the answers.
    #[must_use]
    pub fn rules(&self) -> &CompiledRules {
        &self.rules
    }

    /// The request of one lead, without signatures.
    ///
    /// # Errors
    /// [`RenderProblem`]; retrying cannot help.
    pub fn render(
        &self,
        secrets: &Secrets,
        input: &RenderInput<'_>,
    ) -> Result<RequestSpec, RenderProblem> {
        let fields = LeadFields::new(input.lead, input.test);
        let source = Source { fields: &fields, secrets, delivery_id: input.delivery_id };
        let mut url = self.url(&source)?;
        let payload = self.payload(&source, input);
        let bytes = match self.body {
            BodyKind::Json => body::json(&payload),
            BodyKind::Form => body::form(&payload),
            BodyKind::Xml => {
                body::xml(&self.xml_root, &payload).map_err(|_| RenderProblem::BodyTooLarge)?
            }
            BodyKind::Query => {
                let pairs = body::pairs(&payload);
                if !pairs.is_empty() {
                    url.query_pairs_mut().extend_pairs(pairs);
                }
                Vec::new()
            }
            BodyKind::Template => self.template_body(payload, &source)?,
        };
        if bytes.len() > REQUEST_BODY_BYTES_MAX {
            return Err(RenderProblem::BodyTooLarge);
        }
        if url.as_str().len() > target::URL_BYTES_MAX {
            let why = format!("is longer than {} bytes", target::URL_BYTES_MAX);
            return Err(RenderProblem::Url(why));
        }
        let headers = self.headers(&source, !bytes.is_empty())?;
        Ok(RequestSpec { method: self.method.clone(), url: url.into(), headers, body: bytes })
    }

    fn url(&self, source: &Source<'_>) -> Result<Url, RenderProblem> {
        let url = target::build(&self.url, |p| source.value(p)).map_err(RenderProblem::Url)?;
        if self.https_only && url.scheme() != "https" {
            return Err(RenderProblem::Url("must begin with https://".to_owned()));
        }
        Ok(url)
    }

    fn payload(&self, source: &Source<'_>, input: &RenderInput<'_>) -> Map<String, Value> {
        let lead = source.fields;
        let names = Names { schema: input.schema, defaults: &self.field_names };
        let mut out = if self.mapping.is_empty() {
            lead.flat(&names)
        } else {
            let mut mapped = self.mapping.apply(lead, input.country);
            if self.unmapped == Unmapped::Send {
                for (name, value) in &lead.own().0 {
                    let sent = names.of(name);
                    if !self.mapping.uses(name) && !mapped.contains_key(sent) {
                        mapped.insert(sent.to_owned(), value.clone());
                    }
                }
            }
            mapped
        };
        for (name, pieces) in &self.fields {
            let text: String = pieces.iter().filter_map(|p| source.value(p)).collect();
            if !text.is_empty() {
                out.insert(name.clone(), Value::String(text));
            }
        }
        if lead.is_test() {
            let added = self.test_fields.iter().map(|(n, v)| (n.clone(), v.clone()));
            out.extend(added);
        }
        out
    }

    /// The template sees the payload, under it the system fields, the lead's own fields as `fields`,
    /// and the settings as `settings`.
    fn template_body(
        &self,
        payload: Map<String, Value>,
        source: &Source<'_>,
    ) -> Result<Vec<u8>, RenderProblem> {
        let Some(template) = &self.template else {
            return Err(RenderProblem::Template("is missing".to_owned()));
        };
        let mut context = payload;
        let tracking = source.fields.tracking_names();
        for name in super::payload::SYSTEM_FIELDS.iter().copied().chain(tracking) {
            if let Some(value) = source.fields.system(name).filter(|_| !context.contains_key(name))
            {
                context.insert(name.to_owned(), value);
            }
        }
        let mut settings = template.settings.clone();
        for name in &template.secrets {
            if let Some(secret) = source.secrets.get(name) {
                settings.insert(name.clone(), Value::from(secret.reveal()));
            }
        }
        context.insert("delivery_id".to_owned(), Value::String(source.delivery_id.to_string()));
        context.insert("fields".to_owned(), Value::Object(source.fields.own().0.clone()));
        context.insert("settings".to_owned(), Value::Object(settings));
        template::render(&template.source, &context, template.format, REQUEST_BODY_BYTES_MAX)
            .map(String::into_bytes)
            .map_err(RenderProblem::Template)
    }

    fn headers(
        &self,
        source: &Source<'_>,
        has_body: bool,
    ) -> Result<Vec<(String, String)>, RenderProblem> {
        let mut headers: Vec<(String, String)> = Vec::with_capacity(self.headers.len() + 2);
        for (name, value) in &self.headers {
            let name: String = name.iter().filter_map(|p| source.value(p)).collect();
            let value: String = value
                .iter()
                .filter_map(|piece| {
                    let text = source.value(piece)?;
                    let outside = matches!(piece, Piece::Field(_));
                    Some(if outside { header::ascii(&text) } else { text })
                })
                .collect();
            if name.is_empty() || value.is_empty() {
                continue;
            }
            header::check_name(&name)
                .and_then(|()| header::check_value(&value))
                .map_err(|why| RenderProblem::Header { name: name.clone(), why })?;
            headers.push((name, value.trim().to_owned()));
        }
        let has = |headers: &[(String, String)], name: &str| {
            headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
        };
        if let Some(content_type) = self.content_type.as_ref().filter(|_| has_body)
            && !has(&headers, CONTENT_TYPE)
        {
            headers.insert(0, (CONTENT_TYPE.to_owned(), content_type.clone()));
        }
        if !has(&headers, "User-Agent") {
            headers.push(("User-Agent".to_owned(), USER_AGENT.to_owned()));
        }
        Ok(headers)
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
