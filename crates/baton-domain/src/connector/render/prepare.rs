use super::content::{Content, TestField};
use super::exchange::{Fixed, Template};
use super::{BodyKind, Exchange, Renderer};
use crate::config::Destination;
use crate::connector::auth::AuthPlan;
use crate::connector::body::is_element_name;
use crate::connector::classify::{CompiledRules, Place, Places, statuses};
use crate::connector::header;
use crate::connector::manifest::{AUTH_LIFETIME_S, Manifest, Request, SettingKind, setting_name};
use crate::connector::mapping::Mapping;
use crate::connector::pattern::{Part, Pattern, SETTINGS};
use crate::connector::rules::ResponseRule;
use crate::connector::settings::setting_text;
use crate::connector::target::{self, Piece};
use crate::connector::template::{self, Format};
use crate::connector::transform::Transforms;
use crate::guard::is_local;
use serde_json::{Map, Value};

/// Methods a request can have.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Why a destination cannot make requests.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field}: {message}")]
pub struct SetupProblem {
    /// Where: `settings.url`, `mapping[2].to`, `responses[0].value`, ...
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Renderer {
    /// Checks and prepares a destination. Checks of single settings are in
    /// [`crate::connector::settings::check_settings`]; here is what shows only when all of it comes
    /// together.
    ///
    /// # Errors
    /// All problems found.
    pub fn prepare(
        manifest: &Manifest,
        destination: &Destination,
    ) -> Result<Self, Vec<SetupProblem>> {
        let mut setup = Setup { manifest, destination, problems: Vec::new() };
        let renderer = setup.renderer();
        match renderer {
            Some(renderer) if setup.problems.is_empty() => Ok(renderer),
            _ => Err(setup.problems),
        }
    }
}

struct Setup<'a> {
    manifest: &'a Manifest,
    destination: &'a Destination,
    problems: Vec<SetupProblem>,
}

impl Setup<'_> {
    fn problem(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.problems.push(SetupProblem { field: field.into(), message: message.into() });
    }

    fn renderer(&mut self) -> Option<Renderer> {
        let (manifest, destination) = (self.manifest, self.destination);
        let rules = destination.responses.as_ref().unwrap_or(&manifest.responses);
        let rules = CompiledRules::compile_with(rules, &manifest.answer).unwrap_or_else(|found| {
            for p in found {
                self.problem(format!("responses[{}].{}", p.index, p.field), p.message);
            }
            CompiledRules::default()
        });
        let post = self.exchange(&manifest.request, rules)?;
        let mut renderer = Renderer {
            post,
            ping: None,
            pings_first: false,
            pinged: None,
            update: None,
            poll: None,
            auth: None,
            content: self.content(),
        };
        self.further(&mut renderer)?;
        Some(renderer)
    }

    /// The exchanges besides the post. Their rules were checked with the manifest.
    fn further(&mut self, renderer: &mut Renderer) -> Option<()> {
        let manifest = self.manifest;
        let compiled = |rules: &[ResponseRule], places: &Places| {
            CompiledRules::compile_with(rules, places).unwrap_or_default()
        };
        if let Some(ping) = &manifest.ping {
            let rules = compiled(&ping.responses, &ping.answer);
            renderer.ping = Some(self.exchange(&ping.request, rules)?);
            renderer.pings_first = self.has(ping.needs.as_deref());
            let post = ping.post.as_ref().unwrap_or(&manifest.request);
            renderer.pinged = Some(self.exchange(post, renderer.post.rules.clone())?);
        }
        if let Some(update) = &manifest.update
            && self.has(update.needs.as_deref())
        {
            let rules = if update.responses.is_empty() {
                renderer.post.rules.clone()
            } else {
                compiled(&update.responses, &update.answer)
            };
            let exchange = self.exchange(&update.request, rules)?;
            let needs = self.secret(update.needs.as_ref());
            renderer.update = Some(Exchange { needs, ..exchange });
        }
        if let Some(poll) = &manifest.poll
            && self.has(poll.needs.as_deref())
        {
            let rules = compiled(&poll.responses, &poll.answer);
            let exchange = self.exchange(&poll.request, rules)?;
            let needs = self.secret(poll.needs.as_ref());
            renderer.poll = Some((Exchange { needs, ..exchange }, poll.clone()));
        }
        if let Some(auth) = &manifest.auth {
            let stale = statuses(&auth.stale_on)?;
            renderer.auth = Some(AuthPlan {
                exchange: self.exchange(&auth.request, CompiledRules::default())?,
                token: Place::compile(&auth.token).ok()?,
                expires_in: auth.expires_in.as_ref().and_then(|place| Place::compile(place).ok()),
                lifetime_s: auth.lifetime_s.unwrap_or(AUTH_LIFETIME_S),
                stale,
            });
        }
        Some(())
    }

    /// Whether a setting is set, and switched on if it is a switch. Secrets are not seen here; who
    /// renders has them.
    fn has(&self, needs: Option<&str>) -> bool {
        let Some(name) = needs else { return true };
        let setting = self.manifest.setting(name);
        match setting.map(|s| s.kind) {
            Some(SettingKind::Boolean) => {
                let set = setting_text(self.manifest, &self.destination.settings, name);
                set.as_deref() == Some("true")
            }
            Some(SettingKind::Secret) => true,
            _ => setting_text(self.manifest, &self.destination.settings, name).is_some(),
        }
    }

    /// The setting of that name, if it is a secret.
    fn secret(&self, needs: Option<&String>) -> Option<String> {
        let is_secret = |name: &&String| {
            self.manifest.setting(name).is_some_and(|s| s.kind == SettingKind::Secret)
        };
        needs.filter(is_secret).cloned()
    }

    fn content(&mut self) -> Content {
        let (manifest, destination) = (self.manifest, self.destination);
        let test = &manifest.test_mode;
        let test_fields = test.fields.iter().map(|(name, value)| {
            let field = match value {
                Value::String(text) => TestField::Text(self.pieces(text)),
                other => TestField::Value(other.clone()),
            };
            (name.clone(), field)
        });
        let test_fields: Vec<_> = test_fields.collect();
        let requests = [Some(&manifest.request), manifest.ping.as_ref().map(|p| &p.request)];
        let posts = manifest.ping.as_ref().and_then(|p| p.post.as_ref());
        let set = requests.into_iter().flatten().chain(posts).flat_map(|r| r.fields.keys());
        let reserved = set.chain(test.fields.keys()).cloned().collect();
        let chosen = manifest.presets_from.as_ref();
        let chosen = chosen.and_then(|s| setting_text(manifest, &destination.settings, s));
        let preset = chosen.and_then(|name| manifest.presets.get(&name));
        Content {
            unmapped: destination.unmapped.unwrap_or(manifest.unmapped),
            field_names: preset.unwrap_or(&manifest.field_names).clone(),
            // Checked with the manifest.
            rows: Mapping::compile(&manifest.mapping, true).unwrap_or_default(),
            transforms: manifest
                .transforms
                .iter()
                .filter_map(|(name, words)| Some((name.clone(), Transforms::compile(words).ok()?)))
                .collect(),
            test_fields,
            reserved,
            ping: manifest.ping.as_ref().map(|p| p.send.clone()).unwrap_or_default(),
            always_tests: test.setting.as_ref().is_some_and(|name| self.has(Some(name.as_str()))),
        }
    }

    fn exchange(&mut self, request: &Request, rules: CompiledRules) -> Option<Exchange> {
        let method = self.text(&request.method).to_ascii_uppercase();
        if !METHODS.contains(&method.as_str()) {
            self.problem("settings.method", format!("one of {} is expected", METHODS.join(", ")));
        }
        let body = self.body_kind(request, &method)?;
        let url = self.url(request);
        let headers = self.headers(request);
        let content_type = self.content_type(request, body);
        let template = self.template(request, body, content_type.as_deref());
        let root = |text: Option<&String>| text.map(|t| self.text(t)).filter(|t| !t.is_empty());
        let xml_root = root(request.xml_root.as_ref()).unwrap_or_else(|| "lead".to_owned());
        let json_root = root(request.json_root.as_ref());
        if body == BodyKind::Xml && !is_element_name(&xml_root) {
            self.problem("settings.xml_root", "is not the name of an XML element");
        }
        let basic = request.basic.as_ref();
        Some(Exchange {
            method,
            url,
            headers,
            basic: basic.map(|b| (self.pieces(&b.user), self.pieces(&b.password))),
            body,
            template,
            content_type,
            xml_root,
            json_root,
            fields: request.fields.iter().map(|(n, text)| (n.clone(), self.fixed(text))).collect(),
            mapping: self.mapping(body),
            https_only: self.manifest.limits.https_only,
            needs: None,
            rules,
        })
    }

    /// A field's value: a number or boolean setting keeps its kind.
    fn fixed(&self, text: &str) -> Fixed {
        let setting = setting_name(text).and_then(|name| self.manifest.setting(name));
        let kept = setting.filter(|s| matches!(s.kind, SettingKind::Number | SettingKind::Boolean));
        let value =
            kept.and_then(|s| self.destination.settings.get(&s.name).or(s.default.as_ref()));
        match value.filter(|v| !v.is_null()) {
            Some(value) => Fixed::Value(value.clone()),
            None => Fixed::Pieces(self.pieces(text)),
        }
    }

    /// A text of the manifest with the settings put in; fields have no place in it.
    fn text(&self, text: &str) -> String {
        self.pieces(text)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Text(text) | Piece::Fixed(text) => Some(text),
                Piece::Secret(_) | Piece::Field(_) | Piece::Token => None,
            })
            .collect::<String>()
            .trim()
            .to_owned()
    }

    /// A text of the manifest in pieces, with the settings put in. The manifest was checked when it
    /// was read, so a text that cannot be read here is a template, which is not asked for.
    fn pieces(&self, text: &str) -> Vec<Piece> {
        let parts = Pattern::parse(text).map(|p| p.0).unwrap_or_default();
        parts
            .into_iter()
            .filter_map(|part| match part {
                Part::Name(name) => match name.strip_prefix(SETTINGS) {
                    Some(setting) => self.setting(setting),
                    None => Some(Piece::from_part(Part::Name(name))),
                },
                text => Some(Piece::from_part(text)),
            })
            .collect()
    }

    fn setting(&self, name: &str) -> Option<Piece> {
        if self.manifest.setting(name)?.kind == SettingKind::Secret {
            return Some(Piece::Secret(name.to_owned()));
        }
        setting_text(self.manifest, &self.destination.settings, name).map(Piece::Fixed)
    }

    fn body_kind(&mut self, request: &Request, method: &str) -> Option<BodyKind> {
        let word = self.text(&request.body);
        let kind = BodyKind::parse(&word);
        match kind {
            None => self.problem("settings.body", "json, form, xml, query or template is expected"),
            Some(BodyKind::Template) if method == "GET" => {
                self.problem("settings.body", "a GET request has no body for a template to fill");
            }
            Some(_) => {}
        }
        // A body with GET is dropped or refused on the way; its fields belong into the query.
        let bare = |kind| method == "GET" && kind != BodyKind::None;
        kind.map(|kind| if bare(kind) { BodyKind::Query } else { kind })
    }

    fn url(&mut self, request: &Request) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let parts = Pattern::parse(&request.url).map(|p| p.0).unwrap_or_default();
        for part in parts {
            let setting = match &part {
                Part::Name(name) => name.strip_prefix(SETTINGS),
                // `{{ settings.base_url }}/leads`, whether or not the setting ends with a slash.
                Part::Text(text) if text.starts_with('/') => {
                    if let Some(Piece::Text(before)) = pieces.last_mut() {
                        before.truncate(before.trim_end_matches('/').len());
                    }
                    None
                }
                Part::Text(_) => None,
            };
            let Some(setting) = setting else {
                pieces.push(Piece::from_part(part));
                continue;
            };
            let kind = self.manifest.setting(setting).map(|s| s.kind);
            match self.setting(setting) {
                // A URL setting is itself a text with places for fields.
                Some(Piece::Fixed(text)) if kind == Some(SettingKind::Url) => {
                    match Pattern::of_fields(&text) {
                        Ok(inner) => pieces.extend(inner.0.into_iter().map(Piece::from_part)),
                        Err(why) => self.problem(format!("settings.{setting}"), why),
                    }
                }
                other => pieces.extend(other),
            }
        }
        match target::build(&pieces, |_| Some("x".to_owned())) {
            Err(why) => self.problem("settings.url", format!("the URL {why}")),
            Ok(url)
                if self.manifest.limits.https_only
                    && url.scheme() != "https"
                    && !is_local(&url) =>
            {
                self.problem("settings.url", "the URL must begin with https://");
            }
            Ok(_) => {}
        }
        pieces
    }

    fn headers(&mut self, request: &Request) -> Vec<(Vec<Piece>, Vec<Piece>)> {
        let mut rows: Vec<_> = request
            .headers
            .iter()
            .map(|row| (self.pieces(&row.name), self.pieces(&row.value)))
            .collect();
        for row in &request.headers {
            let name = self.text(&row.name);
            if !name.is_empty()
                && let Err(why) = header::check_name(&name)
            {
                let field = setting_name(&row.name)
                    .map_or("headers".to_owned(), |s| format!("settings.{s}"));
                self.problem(field, format!("`{name}` {why}"));
            }
        }
        let own = request.headers_from.as_ref().and_then(|n| self.destination.settings.get(n));
        for (name, value) in own.and_then(Value::as_object).into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            let checked = header::check_name(name)
                .and_then(|()| header::check_value(text))
                .and_then(|()| Pattern::of_fields(text));
            match checked {
                Ok(pattern) => {
                    let value = pattern.0.into_iter().map(Piece::from_part).collect();
                    rows.push((vec![Piece::Text(name.clone())], value));
                }
                Err(why) => self.problem("settings.headers", format!("`{name}` {why}")),
            }
        }
        rows
    }

    fn content_type(&mut self, request: &Request, body: BodyKind) -> Option<String> {
        let set = request.content_type.as_deref().map(|t| self.text(t));
        let set = set.filter(|t| !t.is_empty());
        if let Some(Err(why)) = set.as_deref().map(header::check_value) {
            self.problem("settings.content_type", why);
        }
        set.or_else(|| body.content_type().map(str::to_owned))
    }

    fn template(
        &mut self,
        request: &Request,
        body: BodyKind,
        content_type: Option<&str>,
    ) -> Option<Template> {
        if body != BodyKind::Template {
            return None;
        }
        let manifest = self.manifest;
        let text = request.template.as_deref().unwrap_or_default();
        let (field, source) = match setting_name(text) {
            Some(name) => {
                let set = setting_text(manifest, &self.destination.settings, name);
                (format!("settings.{name}"), set.unwrap_or_default())
            }
            None => ("request.template".to_owned(), text.to_owned()),
        };
        let own = setting_name(text).is_none();
        let format = Format::of(content_type.unwrap_or_default());
        if let Err(why) = template::check(&source, format) {
            self.problem(field, format!("the template {why}"));
            return None;
        }
        let of_kind = |secret: bool| {
            manifest.settings.iter().filter(move |s| (s.kind == SettingKind::Secret) == secret)
        };
        let settings: Map<String, Value> = of_kind(false)
            .filter_map(|s| {
                let set = self.destination.settings.get(&s.name).or(s.default.as_ref())?;
                Some((s.name.clone(), set.clone()))
            })
            .collect();
        // Whoever may edit a template may not thereby read a credential.
        let secrets =
            if own { of_kind(true).map(|s| s.name.clone()).collect() } else { Vec::new() };
        Some(Template { source, format, settings, secrets, own })
    }

    fn mapping(&mut self, body: BodyKind) -> Mapping {
        let mapping = match Mapping::compile(&self.destination.mapping, body.nests()) {
            Ok(mapping) => mapping,
            Err(problems) => {
                for p in problems {
                    self.problem(format!("mapping[{}].{}", p.row, p.field), p.message);
                }
                return Mapping::default();
            }
        };
        if body == BodyKind::Xml {
            for (row, to) in mapping.targets().enumerate() {
                if let Some(name) = to.iter().find(|name| !is_element_name(name)) {
                    let message = format!("`{name}` is not the name of an XML element");
                    self.problem(format!("mapping[{row}].to"), message);
                }
            }
        }
        mapping
    }
}
