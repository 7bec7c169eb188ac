//! From a lead to the request for it, byte for byte.
//!
//! [`Renderer`] is a destination checked and prepared once; [`Renderer::render`] makes the request
//! of one lead. Signatures are not part of it: they change with every attempt
//! ([`crate::signature::sign`]), the bytes do not.

mod content;
mod exchange;
mod prepare;

pub use prepare::SetupProblem;

use super::answered::Answered;
use super::auth::AuthPlan;
use super::classify::CompiledRules;
use super::manifest::{Manifest, Poll};
use super::target::{self, Piece};
use crate::config::Destination;
use crate::exchange::RequestSpec;
use crate::id::DeliveryId;
use crate::lead::LeadView;
use crate::lead::schema::FieldSpec;
use crate::secret::Secrets;
use content::Content;
pub(super) use exchange::{Exchange, Source};
use serde::{Deserialize, Serialize};

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
    /// No body and no fields.
    None,
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
            "none" => Self::None,
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
            Self::Query | Self::None => None,
        }
    }
}

/// Which of a connector's exchanges a request belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// The lead is handed over.
    #[default]
    Post,
    /// A bid is asked for; the request does not say who the person is.
    Ping,
    /// The lead is handed over after a bid; `answer` is the ping's.
    PingedPost,
    /// A completed lead updates its partial one; `answer` is the partial one's.
    Update,
    /// The vendor is asked after a queued lead; `answer` is the one that said `queued`.
    Poll,
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
    /// The exchange.
    pub variant: Variant,
    /// What an earlier answer gave, for what names `answer.<name>`.
    pub answer: Option<&'a Answered>,
}

/// Why a lead's request cannot be made. No text holds a value of the lead.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RenderProblem {
    /// The destination itself cannot work.
    #[error("the destination is not set up: {}", list(.0))]
    Setup(Vec<SetupProblem>),
    /// The connector has no such exchange, or a setting it needs is not set.
    #[error("the connector makes no such request with these settings")]
    NoSuchExchange,
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
    post: Exchange,
    ping: Option<Exchange>,
    pings_first: bool,
    pinged: Option<Exchange>,
    update: Option<Exchange>,
    poll: Option<(Exchange, Poll)>,
    auth: Option<AuthPlan>,
    content: Content,
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

impl Renderer {
    /// The response rules that read the answers to posts: the destination's, otherwise the
    /// connector's.
    #[must_use]
    pub fn rules(&self) -> &CompiledRules {
        &self.post.rules
    }

    /// The response rules of an exchange, if the connector has it.
    #[must_use]
    pub fn rules_of(&self, variant: Variant) -> Option<&CompiledRules> {
        self.exchange(variant).map(|exchange| &exchange.rules)
    }

    /// Whether the connector has that exchange and the settings it needs are set.
    #[must_use]
    pub fn can(&self, variant: Variant, secrets: &Secrets) -> bool {
        self.exchange(variant).is_some_and(|exchange| exchange.has_secret(secrets))
    }

    /// How queued leads are asked after, if they can be with these settings.
    #[must_use]
    pub fn poll(&self, secrets: &Secrets) -> Option<&Poll> {
        self.poll.as_ref().filter(|(exchange, _)| exchange.has_secret(secrets)).map(|(_, p)| p)
    }

    /// How the token is fetched that requests need. [`super::auth::put_token`] puts it into a
    /// request before it is signed and sent; what is stored holds a mark in its place.
    #[must_use]
    pub fn auth(&self) -> Option<&AuthPlan> {
        self.auth.as_ref()
    }

    /// Whether a lead is handed over only after a bid, without a ping tree that asks for it.
    #[must_use]
    pub fn pings_first(&self) -> bool {
        self.pings_first
    }

    /// Whether the destination sends every lead as a test.
    #[must_use]
    pub fn always_tests(&self) -> bool {
        self.content.always_tests
    }

    fn exchange(&self, variant: Variant) -> Option<&Exchange> {
        match variant {
            Variant::Post => Some(&self.post),
            Variant::Ping => self.ping.as_ref(),
            Variant::PingedPost => self.pinged.as_ref(),
            Variant::Update => self.update.as_ref(),
            Variant::Poll => self.poll.as_ref().map(|(exchange, _)| exchange),
        }
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
        let exchange = self.exchange(input.variant).filter(|e| e.has_secret(secrets));
        let exchange = exchange.ok_or(RenderProblem::NoSuchExchange)?;
        let fields = self.content.look_at(input);
        let source = Source::of_lead(&fields, secrets, input.delivery_id);
        let payload = self.content.payload(exchange, &source, input);
        exchange.request(&source, payload)
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
