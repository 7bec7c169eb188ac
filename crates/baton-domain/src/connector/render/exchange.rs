//! One prepared request and how it is filled in.

use super::{BodyKind, CONTENT_TYPE, REQUEST_BODY_BYTES_MAX, RenderProblem, USER_AGENT};
use crate::connector::auth::token_mark;
use crate::connector::body;
use crate::connector::classify::CompiledRules;
use crate::connector::header;
use crate::connector::mapping::Mapping;
use crate::connector::payload::{LeadFields, SYSTEM_FIELDS};
use crate::connector::target::{self, Piece};
use crate::connector::template::{self, Format, Payload};
use crate::exchange::RequestSpec;
use crate::guard::is_local;
use crate::id::DeliveryId;
use crate::personal::scalar_text;
use crate::secret::Secrets;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use url::Url;

/// One of a destination's requests, prepared.
#[derive(Clone, Debug)]
pub(in crate::connector) struct Exchange {
    pub method: String,
    pub url: Vec<Piece>,
    pub headers: Vec<(Vec<Piece>, Vec<Piece>)>,
    pub basic: Option<(Vec<Piece>, Vec<Piece>)>,
    pub body: BodyKind,
    pub template: Option<Template>,
    pub content_type: Option<String>,
    pub xml_root: String,
    pub json_root: Option<String>,
    pub fields: Vec<(String, Fixed)>,
    pub mapping: Mapping,
    pub https_only: bool,
    /// Name of the secret without which it is not made.
    pub needs: Option<String>,
    /// The rules that read its answer.
    pub rules: CompiledRules,
}

/// The value of a field that the manifest sets.
#[derive(Clone, Debug)]
pub(in crate::connector) enum Fixed {
    Pieces(Vec<Piece>),
    /// A number or boolean setting.
    Value(Value),
}

#[derive(Clone, Debug)]
pub(in crate::connector) struct Template {
    pub source: String,
    pub format: Format,
    pub settings: Map<String, Value>,
    /// Names of secrets the template may name; only a manifest's own template may name any, or the
    /// token.
    pub secrets: Vec<String>,
    pub own: bool,
}

/// What pieces are filled from.
pub(in crate::connector) struct Source<'a> {
    /// `None` for requests that are made for no lead in particular.
    fields: Option<&'a LeadFields<'a>>,
    secrets: &'a Secrets,
    delivery_id: Option<DeliveryId>,
}

impl<'a> Source<'a> {
    pub(super) fn of_lead(
        fields: &'a LeadFields<'a>,
        secrets: &'a Secrets,
        delivery_id: DeliveryId,
    ) -> Self {
        Self { fields: Some(fields), secrets, delivery_id: Some(delivery_id) }
    }

    pub(in crate::connector) fn of_settings(secrets: &'a Secrets) -> Self {
        Self { fields: None, secrets, delivery_id: None }
    }

    pub(super) fn value(&self, piece: &Piece) -> Option<String> {
        match piece {
            Piece::Text(text) | Piece::Fixed(text) => Some(text.clone()),
            Piece::Secret(name) => self.secrets.get(name).map(|s| s.reveal().to_owned()),
            Piece::Token => self.delivery_id.map(token_mark),
            Piece::Field(name) if name == "delivery_id" => self.delivery_id.map(|d| d.to_string()),
            Piece::Field(name) => self.fields?.get(name).as_ref().and_then(scalar_text),
        }
    }

    fn text(&self, pieces: &[Piece]) -> String {
        pieces.iter().filter_map(|piece| self.value(piece)).collect()
    }
}

impl Exchange {
    pub(super) fn has_secret(&self, secrets: &Secrets) -> bool {
        let needs = self.needs.as_ref();
        needs.is_none_or(|name| secrets.get(name).is_some_and(|s| !s.reveal().is_empty()))
    }

    /// The fields the manifest sets, those that turn out empty left out.
    pub(in crate::connector) fn fixed(&self, source: &Source<'_>) -> Map<String, Value> {
        let mut out = Map::new();
        for (name, fixed) in &self.fields {
            let value = match fixed {
                Fixed::Value(value) => value.clone(),
                Fixed::Pieces(pieces) => Value::String(source.text(pieces)),
            };
            if value.as_str() != Some("") {
                out.insert(name.clone(), value);
            }
        }
        out
    }

    /// The request with that payload, without signatures.
    pub(in crate::connector) fn request(
        &self,
        source: &Source<'_>,
        payload: Map<String, Value>,
    ) -> Result<RequestSpec, RenderProblem> {
        let mut url = self.url(source)?;
        let bytes = match self.body {
            BodyKind::Json => body::json(&self.wrapped(payload)),
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
            BodyKind::None => Vec::new(),
            BodyKind::Template => self.template_body(payload, source)?,
        };
        if bytes.len() > REQUEST_BODY_BYTES_MAX {
            return Err(RenderProblem::BodyTooLarge);
        }
        if url.as_str().len() > target::URL_BYTES_MAX {
            let why = format!("is longer than {} bytes", target::URL_BYTES_MAX);
            return Err(RenderProblem::Url(why));
        }
        let headers = self.headers(source, !bytes.is_empty())?;
        Ok(RequestSpec { method: self.method.clone(), url: url.into(), headers, body: bytes })
    }

    fn wrapped(&self, payload: Map<String, Value>) -> Map<String, Value> {
        match &self.json_root {
            Some(root) => [(root.clone(), Value::Object(payload))].into_iter().collect(),
            None => payload,
        }
    }

    fn url(&self, source: &Source<'_>) -> Result<Url, RenderProblem> {
        let url = target::build(&self.url, |p| source.value(p)).map_err(RenderProblem::Url)?;
        if self.https_only && url.scheme() != "https" && !is_local(&url) {
            return Err(RenderProblem::Url("must begin with https://".to_owned()));
        }
        Ok(url)
    }

    /// The template sees the payload, under it the system fields, the payload again as `payload`, the
    /// lead's own fields as `fields`, the settings as `settings`, and `answer`.
    fn template_body(
        &self,
        payload: Map<String, Value>,
        source: &Source<'_>,
    ) -> Result<Vec<u8>, RenderProblem> {
        let Some(template) = &self.template else {
            return Err(RenderProblem::Template("is missing".to_owned()));
        };
        let whole = Payload::of(&payload);
        let mut context = payload;
        if let Some(fields) = source.fields {
            let tracking = fields.tracking_names();
            for name in SYSTEM_FIELDS.iter().copied().chain(tracking) {
                if let Some(value) = fields.system(name).filter(|_| !context.contains_key(name)) {
                    context.insert(name.to_owned(), value);
                }
            }
            context.insert("fields".to_owned(), Value::Object(fields.own().0.clone()));
            context.insert("answer".to_owned(), Value::Object(fields.answers()));
        }
        let mut settings = template.settings.clone();
        for name in &template.secrets {
            if let Some(secret) = source.secrets.get(name) {
                settings.insert(name.clone(), Value::from(secret.reveal()));
            }
        }
        if let Some(delivery) = source.delivery_id {
            context.insert("delivery_id".to_owned(), Value::String(delivery.to_string()));
            if template.own {
                let auth = [("token".to_owned(), Value::String(token_mark(delivery)))];
                context.insert("auth".to_owned(), Value::Object(auth.into_iter().collect()));
            }
        }
        context.insert("settings".to_owned(), Value::Object(settings));
        template::render(&template.source, &context, whole, template.format, REQUEST_BODY_BYTES_MAX)
            .map(String::into_bytes)
            .map_err(RenderProblem::Template)
    }

    fn headers(
        &self,
        source: &Source<'_>,
        has_body: bool,
    ) -> Result<Vec<(String, String)>, RenderProblem> {
        let mut headers: Vec<(String, String)> = Vec::with_capacity(self.headers.len() + 3);
        if let Some((user, password)) = &self.basic {
            let password = source.text(password);
            if !password.is_empty() {
                let both = STANDARD.encode(format!("{}:{password}", source.text(user)));
                headers.push(("Authorization".to_owned(), format!("Basic {both}")));
            }
        }
        for (name, value) in &self.headers {
            let name = source.text(name);
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
