//! What a destination sets for its connector: the checks, and taking the secret ones apart.

use super::header;
use super::manifest::{Manifest, Setting, SettingKind};
use super::target;
use crate::personal::scalar_text;
use crate::secret::{SIGNING, SIGNING_PREVIOUS, Secret, Secrets};
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

/// Most memory a setting's compiled pattern may take, in bytes.
const PATTERN_MEMORY_MAX: usize = 64 * 1024;
/// Longest text setting, in bytes.
pub const TEXT_BYTES_MAX: usize = 4_000;
/// Largest template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 64 * 1024;
/// Most rows of a `headers` setting.
pub const HEADERS_MAX: usize = 50;

/// What is wrong with a setting.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("settings.{field}: {message}")]
pub struct SettingProblem {
    /// The setting's name.
    pub field: String,
    /// `unknown`, `required`, `invalid` or `secret`.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

/// Takes the values of secret settings out of the settings a caller sent. Values that are not texts
/// stay, for [`check_settings`] to refuse; an empty text or null sets nothing.
#[must_use]
pub fn split_secrets(
    manifest: &Manifest,
    settings: Map<String, Value>,
) -> (Map<String, Value>, Secrets) {
    let mut open = Map::new();
    let mut secrets = Secrets::new();
    for (name, value) in settings {
        let is_secret = manifest.setting(&name).is_some_and(|s| s.kind == SettingKind::Secret);
        match value {
            Value::String(text) if is_secret => {
                if !text.is_empty() {
                    secrets.insert(name, Secret::new(text));
                }
            }
            Value::Null if is_secret => {}
            other => drop(open.insert(name, other)),
        }
    }
    (open, secrets)
}

/// Checks a destination's settings against its connector's schema.
#[must_use]
pub fn check_settings(
    manifest: &Manifest,
    settings: &Map<String, Value>,
    secrets: &Secrets,
) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let mut problem = |field: &str, code, message: String| {
        problems.push(SettingProblem { field: field.to_owned(), code, message });
    };
    let named = secrets.keys().filter(|name| ![SIGNING, SIGNING_PREVIOUS].contains(&name.as_str()));
    for name in settings.keys().chain(named) {
        if manifest.setting(name).is_none() {
            let known: Vec<&str> = manifest.settings.iter().map(|s| s.name.as_str()).collect();
            problem(name, "unknown", format!("no such setting; there are {}", known.join(", ")));
        }
    }
    for setting in &manifest.settings {
        let value = settings.get(&setting.name).filter(|v| !v.is_null());
        let secret = secrets.get(&setting.name);
        if setting.kind == SettingKind::Secret {
            if value.is_some() {
                problem(&setting.name, "secret", "a secret is a text".to_owned());
            }
            if let Some(Err(why)) = secret.map(|s| check_secret(setting, s)) {
                problem(&setting.name, "invalid", format!("the secret {why}"));
            }
            if setting.required && secret.is_none_or(|s| s.reveal().trim().is_empty()) {
                problem(&setting.name, "required", format!("{} is required", setting.label));
            }
            continue;
        }
        let empty = value.and_then(Value::as_str).is_some_and(|t| t.trim().is_empty());
        match value {
            Some(value) if !empty => {
                if let Err(why) = check_value(setting, value) {
                    problem(&setting.name, "invalid", format!("{} {why}", setting.label));
                }
            }
            _ if setting.required && setting.default.is_none() => {
                problem(&setting.name, "required", format!("{} is required", setting.label));
            }
            _ => {}
        }
    }
    problems
}

/// The regular expression that matches what the whole of a value has to be. The error reads after
/// "its pattern".
pub(super) fn whole_pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(&format!("\\A(?:{text})\\z"))
        .size_limit(PATTERN_MEMORY_MAX)
        .build()
        .map_err(|e| format!("is not a regular expression: {e}"))
}

/// Checks one value; the error reads after the setting's name.
pub(super) fn check_value(setting: &Setting, value: &Value) -> Result<(), String> {
    check_kind(setting, value)?;
    let Some(pattern) = &setting.pattern else { return Ok(()) };
    // The manifest was checked, so the pattern is one.
    let right = whole_pattern(pattern).is_ok_and(|p| value.as_str().is_some_and(|v| p.is_match(v)));
    if right {
        return Ok(());
    }
    Err(match &setting.example {
        Some(example) => format!("does not look like {example}"),
        None => "has another form than expected".to_owned(),
    })
}

fn check_kind(setting: &Setting, value: &Value) -> Result<(), String> {
    let text = |max: usize| {
        let text = value.as_str().ok_or("must be a text")?;
        if text.len() > max { Err(format!("is longer than {max} bytes")) } else { Ok(text) }
    };
    match setting.kind {
        SettingKind::Text | SettingKind::Secret => {
            if text(TEXT_BYTES_MAX)?.chars().any(char::is_control) {
                return Err("must be one line without control characters".to_owned());
            }
        }
        SettingKind::Template => drop(text(TEMPLATE_BYTES_MAX)?),
        SettingKind::Url => target::check_url_setting(text(TEXT_BYTES_MAX)?)?,
        SettingKind::Number if !value.is_number() => return Err("must be a number".to_owned()),
        SettingKind::Boolean if !value.is_boolean() => {
            return Err("must be true or false".to_owned());
        }
        SettingKind::Number | SettingKind::Boolean => {}
        SettingKind::Choice => {
            if !setting.choices.iter().any(|c| value.as_str() == Some(c)) {
                return Err(format!("must be one of {}", setting.choices.join(", ")));
            }
        }
        SettingKind::Headers => check_headers(value)?,
    }
    Ok(())
}

fn check_secret(setting: &Setting, secret: &Secret) -> Result<(), String> {
    header::check_value(secret.reveal())?;
    match setting.pattern {
        Some(_) => check_value(setting, &Value::from(secret.reveal())),
        None => Ok(()),
    }
}

fn check_headers(value: &Value) -> Result<(), String> {
    let rows = value.as_object().ok_or("must be an object of names and values")?;
    if rows.len() > HEADERS_MAX {
        return Err(format!("has more than {HEADERS_MAX} headers"));
    }
    for (name, value) in rows {
        let value = value.as_str().ok_or_else(|| format!("`{name}` must have a text"))?;
        header::check_name(name).map_err(|why| format!("`{name}` {why}"))?;
        header::check_value(value).map_err(|why| format!("`{name}` {why}"))?;
        super::pattern::Pattern::of_fields(value).map_err(|why| format!("`{name}`: {why}"))?;
    }
    Ok(())
}

/// The value of a setting as text: what is set, otherwise the default. Secrets are not settings.
pub(super) fn setting_text(
    manifest: &Manifest,
    settings: &Map<String, Value>,
    name: &str,
) -> Option<String> {
    let set = settings.get(name).and_then(scalar_text).filter(|t| !t.trim().is_empty());
    set.or_else(|| manifest.setting(name)?.default.as_ref().and_then(scalar_text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::manifest::{EMBEDDED, Registry};
    use serde_json::json;

    fn problems(settings: Value) -> Vec<(String, &'static str)> {
        let registry = Registry::load(EMBEDDED, &[]).unwrap();
        let webhook = registry.get("webhook").unwrap();
        let (open, secrets) = split_secrets(webhook, settings.as_object().unwrap().clone());
        let found = check_settings(webhook, &open, &secrets);
        found.into_iter().map(|p| (p.field, p.code)).collect()
    }

    #[test]
    fn settings_are_checked_by_the_schema() {
        let url = "https://crm.example/leads";
        for right in [
            json!({"url": url}),
            json!({"url":"https://crm.example/{{ email }}?p={{ phone }}","method":"PUT","body":"xml"}),
            json!({"url": url,"headers":{"X-Lead":"{{ lead_id }}"},"auth_value":"Bearer x"}),
            json!({"url": url,"method":null,"template":"","auth_value":""}),
        ] {
            assert_eq!(problems(right.clone()), [], "{right}");
        }
        for (bad, field, code) in [
            (json!({}), "url", "required"),
            (json!({"url":" "}), "url", "required"),
            (json!({"url":5}), "url", "invalid"),
            (json!({"url":"ftp://a.example"}), "url", "invalid"),
            (json!({"url":"https://user:pw@a.example/"}), "url", "invalid"),
            (json!({"url":"https://{{ email }}/"}), "url", "invalid"),
            (json!({"url":"https://a.example:{{ phone }}/"}), "url", "invalid"),
            (json!({"url":"{{ email }}"}), "url", "invalid"),
            (json!({"url":"https://a.example/{{ settings.auth_value }}"}), "url", "invalid"),
            (json!({"url": url,"headers":{"A":"{{ settings.auth_value }}"}}), "headers", "invalid"),
            (json!({"url":"/leads"}), "url", "invalid"),
            (json!({"url": url,"colour":"red"}), "colour", "unknown"),
            (json!({"url": url,"method":"TRACE"}), "method", "invalid"),
            (json!({"url": url,"headers":{"Host":"x"}}), "headers", "invalid"),
            (json!({"url": url,"headers":{"Webhook-Id":"x"}}), "headers", "invalid"),
            (json!({"url": url,"headers":{"X-LeadsBot-Signature":"x"}}), "headers", "invalid"),
            (json!({"url": url,"headers":{"A B":"x"}}), "headers", "invalid"),
            (json!({"url": url,"headers":{"A":"x\r\nB: y"}}), "headers", "invalid"),
            (json!({"url": url,"headers":{"A":"{{ x"}}), "headers", "invalid"),
            (json!({"url": url,"auth_value":5}), "auth_value", "secret"),
            (json!({"url": url,"auth_value":"a\nb"}), "auth_value", "invalid"),
        ] {
            assert_eq!(problems(bad.clone()), [(field.to_owned(), code)], "{bad}");
        }
    }
}
