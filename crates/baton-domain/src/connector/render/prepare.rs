use super::{BodyKind, Renderer, Template};
use crate::config::Destination;
use crate::connector::body::is_element_name;
use crate::connector::classify::CompiledRules;
use crate::connector::header;
use crate::connector::manifest::{Manifest, SettingKind, setting_name};
use crate::connector::mapping::Mapping;
use crate::connector::pattern::{Part, Pattern};
use crate::connector::settings::setting_text;
use crate::connector::target::{self, Piece};
use crate::connector::template::{self, Format};
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
        let request = &manifest.request;
        let method = self.text(&request.method).to_ascii_uppercase();
        if !METHODS.contains(&method.as_str()) {
            self.problem("settings.method", format!("one of {} is expected", METHODS.join(", ")));
        }
        let body = self.body_kind(&method)?;
        let url = self.url();
        let headers = self.headers();
        let content_type = self.content_type(body);
        let template = self.template(body, content_type.as_deref());
        let xml_root = request.xml_root.as_deref().map(|t| self.text(t)).unwrap_or_default();
        let xml_root = if xml_root.is_empty() { "lead".to_owned() } else { xml_root };
        if body == BodyKind::Xml && !is_element_name(&xml_root) {
            self.problem("settings.xml_root", "is not the name of an XML element");
        }
        let fields =
            request.fields.iter().map(|(name, text)| (name.clone(), self.pieces(text))).collect();
        let mapping = self.mapping(body);
        let rules = destination.responses.as_ref().unwrap_or(&manifest.responses);
        let rules = CompiledRules::compile_with(rules, &manifest.answer).unwrap_or_else(|found| {
            for p in found {
                self.problem(format!("responses[{}].{}", p.index, p.field), p.message);
            }
            CompiledRules::default()
        });
        Some(Renderer {
            method,
            url,
            headers,
            body,
            template,
            content_type,
            xml_root,
            fields,
            mapping,
            unmapped: destination.unmapped.unwrap_or(manifest.unmapped),
            field_names: manifest.field_names.clone(),
            test_fields: manifest.test_mode.fields.clone(),
            https_only: manifest.limits.https_only,
            rules,
        })
    }

    /// A text of the manifest with the settings put in; fields have no place in it.
    fn text(&self, text: &str) -> String {
        self.pieces(text)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Text(text) | Piece::Fixed(text) => Some(text),
                Piece::Secret(_) | Piece::Field(_) => None,
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
                Part::Name(name) => match name.strip_prefix("settings.") {
                    Some(setting) => self.setting(setting),
                    None => Some(Piece::Field(name)),
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

    fn body_kind(&mut self, method: &str) -> Option<BodyKind> {
        let word = self.text(&self.manifest.request.body);
        let kind = BodyKind::parse(&word);
        match kind {
            None => self.problem("settings.body", "json, form, xml, query or template is expected"),
            Some(BodyKind::Template) if method == "GET" => {
                self.problem("settings.body", "a GET request has no body for a template to fill");
            }
            Some(_) => {}
        }
        // A body with GET is dropped or refused on the way; its fields belong into the query.
        kind.map(|kind| if method == "GET" { BodyKind::Query } else { kind })
    }

    fn url(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let parts = Pattern::parse(&self.manifest.request.url).map(|p| p.0).unwrap_or_default();
        for part in parts {
            let Part::Name(name) = &part else {
                pieces.push(Piece::from_part(part));
                continue;
            };
            let Some(setting) = name.strip_prefix("settings.") else {
                pieces.push(Piece::Field(name.clone()));
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
            Ok(url) if self.manifest.limits.https_only && url.scheme() != "https" => {
                self.problem("settings.url", "the URL must begin with https://");
            }
            Ok(_) => {}
        }
        pieces
    }

    fn headers(&mut self) -> Vec<(Vec<Piece>, Vec<Piece>)> {
        let request = &self.manifest.request;
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

    fn content_type(&mut self, body: BodyKind) -> Option<String> {
        let set = self.manifest.request.content_type.as_deref().map(|t| self.text(t));
        let set = set.filter(|t| !t.is_empty());
        if let Some(Err(why)) = set.as_deref().map(header::check_value) {
            self.problem("settings.content_type", why);
        }
        set.or_else(|| body.content_type().map(str::to_owned))
    }

    fn template(&mut self, body: BodyKind, content_type: Option<&str>) -> Option<Template> {
        if body != BodyKind::Template {
            return None;
        }
        let manifest = self.manifest;
        let text = manifest.request.template.as_deref().unwrap_or_default();
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
        Some(Template { source, format, settings, secrets })
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
