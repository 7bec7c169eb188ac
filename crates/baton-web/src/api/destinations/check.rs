//! What a destination must be like to be saved.

use super::{DestinationInput, MappingInput, input_of, manifest_of};
use crate::api::document::Changed;
use crate::api::input::{Faults, NAME_CHARS_MAX, NOTE_CHARS_MAX, Patch};
use crate::api::span::{Rate, Span};
use crate::auth::Access;
use crate::problem::Problem;
use baton_domain::config::{
    Destination, Limits, MappingRow, Onward, RetryPolicy, ValueSource, check_links,
};
use baton_domain::connector::manifest::{Manifest, SettingKind};
use baton_domain::connector::render::Renderer;
use baton_domain::connector::settings::check_settings;
use baton_domain::guard::check_url;
use baton_domain::id::{DestinationId, TypedId};
use baton_domain::retry::parse_schedule;
use baton_domain::secret::{MASK, Secret, Secrets};
use baton_store::Doc;
use serde_json::{Map, Value};

/// Most requests in flight to one destination.
pub const IN_FLIGHT_MAX: u32 = 1_000;
/// Longest an attempt may take, in milliseconds.
pub const TIMEOUT_MS_MAX: i64 = 120_000;
/// Shortest deadline of an attempt, in milliseconds.
const TIMEOUT_MS_MIN: i64 = 100;
/// Longest chain of failovers.
pub const FAILOVERS_MAX: usize = 10;
/// Former secret settings that are kept, so that they stay masked in old attempts.
const FORMER_MAX: usize = 10;
/// What names of former secrets begin with; no setting's name can.
const FORMER: &str = "former.";

/// What a destination is checked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::api) enum For {
    /// To be stored.
    Saving,
    /// To be tried only: it need not be able to tell a success yet.
    Trying,
}

/// A destination that may be saved, with its secrets.
pub(super) struct Checked {
    pub body: Destination,
    pub secrets: Secrets,
}

/// Checks a destination that is not stored.
pub(super) fn new_destination(
    access: &Access,
    id: DestinationId,
    mut input: DestinationInput,
    purpose: For,
) -> Result<Checked, Problem> {
    let manifest = manifest_of(access, &input.connector)?;
    let mut secrets = Secrets::new();
    take_secrets(manifest, &mut input.settings, &mut secrets);
    let mut faults = Faults::default();
    for (name, secret) in &secrets {
        if secret.reveal() == MASK {
            let message = "this is the mask that stands for a secret; send the secret itself";
            faults.add(format!("settings.{name}"), "secret", message);
        }
    }
    let body = read(access, (id, None, purpose), manifest, input, &secrets, faults)?;
    Ok(Checked { body, secrets })
}

/// Checks a change of a stored one.
pub(super) fn changed_destination(
    access: &Access,
    id: DestinationId,
    doc: &Doc<Destination>,
    mut patch: Patch,
    purpose: For,
) -> Result<Changed<Destination>, Problem> {
    let manifest = manifest_of(access, &doc.body.connector)?;
    let mut secrets = doc.secrets.clone();
    if let Some(Value::Object(settings)) = patch.0.get_mut("settings") {
        let mut sent = Secrets::new();
        for name in take_secrets(manifest, settings, &mut sent) {
            replace(&mut secrets, &name, None);
        }
        for (name, secret) in sent.into_iter().filter(|(_, s)| s.reveal() != MASK) {
            replace(&mut secrets, &name, Some(secret));
        }
    }
    let input: DestinationInput = patch.apply(&input_of(&doc.body))?;
    let mut faults = Faults::default();
    if input.campaign_id != doc.body.campaign {
        faults.add("campaign_id", "immutable", "cannot be changed; make a new destination");
    }
    if input.connector != doc.body.connector {
        faults.add("connector", "immutable", "cannot be changed; make a new destination");
    }
    let was = Some(&doc.body);
    let body = read(access, (id, was, purpose), manifest, input, &secrets, faults)?;
    let secrets = (secrets != doc.secrets).then_some(secrets);
    Ok(Changed { body, secrets })
}

/// Moves secret settings out of the settings; gives the names of those that are to be removed.
fn take_secrets(
    manifest: &Manifest,
    settings: &mut Map<String, Value>,
    secrets: &mut Secrets,
) -> Vec<String> {
    let mut removed = Vec::new();
    for setting in manifest.settings.iter().filter(|s| s.kind == SettingKind::Secret) {
        match settings.get(&setting.name) {
            Some(Value::String(text)) if text.is_empty() => removed.push(setting.name.clone()),
            Some(Value::Null) => removed.push(setting.name.clone()),
            Some(Value::String(text)) => {
                secrets.insert(setting.name.clone(), Secret::new(text.clone()));
            }
            // Anything else stays, for the check of settings to refuse.
            _ => continue,
        }
        settings.shift_remove(&setting.name);
    }
    removed
}

/// Sets or removes a secret and keeps the one before: requests that were sent with it are still
/// shown, and it has to be masked in them.
fn replace(secrets: &mut Secrets, name: &str, new: Option<Secret>) {
    if secrets.get(name) == new.as_ref() {
        return;
    }
    if let Some(former) = secrets.remove(name) {
        let numbers = secrets.keys().filter_map(|n| n.strip_prefix(FORMER)?.parse::<u64>().ok());
        let next = numbers.max().map_or(1, |n| n + 1);
        secrets.insert(format!("{FORMER}{next:020}"), former);
        let kept: Vec<String> = secrets.keys().filter(|n| n.starts_with(FORMER)).cloned().collect();
        for oldest in kept.iter().take(kept.len().saturating_sub(FORMER_MAX)) {
            secrets.remove(oldest);
        }
    }
    if let Some(new) = new {
        secrets.insert(name.to_owned(), new);
    }
}

fn read(
    access: &Access,
    (id, was, purpose): (DestinationId, Option<&Destination>, For),
    manifest: &Manifest,
    input: DestinationInput,
    secrets: &Secrets,
    mut faults: Faults,
) -> Result<Destination, Problem> {
    faults.text("name", &input.name, NAME_CHARS_MAX);
    if let Some(reason) = &input.disabled {
        faults.text("disabled", reason, NOTE_CHARS_MAX);
    }
    let body = Destination {
        campaign: input.campaign_id,
        connector: input.connector,
        name: input.name,
        settings: input.settings,
        mapping: mapping(input.mapping, &mut faults),
        unmapped: input.unmapped,
        responses: input.responses,
        retry: retry(input.retry, &mut faults),
        on_unmatched: input.on_unmatched,
        failover: input.failover_id,
        limits: limits(input.limits, manifest, &mut faults),
        timeout_ms: timeout_ms(
            input.timeout.or(manifest.limits.timeout_ms.map(|ms| Span(i64::from(ms)))),
            &mut faults,
        ),
        partials: input.partials,
        linked: input.linked,
        failover_only: input.failover_only,
        disabled: input.disabled,
        signing_previous_until: was.and_then(|w| w.signing_previous_until),
    };
    check_connector(manifest, &body, secrets, purpose, &mut faults);
    check_urls(access, manifest, &body, &mut faults);
    check_failover(access, id, &body, &mut faults);
    check_linked(access, id, &body, &mut faults);
    let twin = |other: &Doc<Destination>| {
        other.meta.id != id.uuid()
            && other.body.campaign == body.campaign
            && other.body.connector == body.connector
    };
    if manifest.limits.one_per_campaign && access.all::<Destination>().iter().any(|d| twin(d)) {
        let message = "a campaign can have only one destination of this connector";
        faults.add("connector", "taken", message);
    }
    faults.into_result()?;
    Ok(body)
}

/// Checks settings, mapping, rules and all that shows when they come together.
fn check_connector(
    manifest: &Manifest,
    body: &Destination,
    secrets: &Secrets,
    purpose: For,
    faults: &mut Faults,
) {
    let must_tell = purpose == For::Saving && body.disabled.is_none();
    let known: Secrets = secrets
        .iter()
        .filter(|(name, _)| manifest.setting(name).is_some())
        .map(|(name, secret)| (name.clone(), secret.clone()))
        .collect();
    let settings = check_settings(manifest, &body.settings, &known);
    for problem in &settings {
        faults.add(format!("settings.{}", problem.field), problem.code, problem.message.clone());
    }
    match Renderer::prepare(manifest, body) {
        Err(problems) => {
            let told =
                |field: &str| settings.iter().any(|s| field == format!("settings.{}", s.field));
            for problem in problems.into_iter().filter(|p| !told(&p.field)) {
                faults.add(problem.field, "invalid", problem.message);
            }
        }
        Ok(renderer) if must_tell && renderer.rules().is_empty() => {
            let message = "no answer would count as taken: give it a response rule, or leave this \
                           out for the connector's";
            faults.add("responses", "required", message);
        }
        Ok(_) => {}
    }
}

fn mapping(rows: Vec<MappingInput>, faults: &mut Faults) -> Vec<MappingRow> {
    let mut read = Vec::with_capacity(rows.len());
    for (at, row) in rows.into_iter().enumerate() {
        let source = match (row.from, row.value) {
            (Some(from), None) => ValueSource::From(from),
            (None, Some(value)) => ValueSource::Value(value),
            _ => {
                let message = "must have either `from` or `value`";
                faults.add(format!("mapping[{at}]"), "invalid", message);
                ValueSource::Value(Value::from(""))
            }
        };
        read.push(MappingRow { to: row.to, source, transform: row.transform });
    }
    read
}

/// Reads a retry policy: a preset's name, or an object with a schedule.
pub(in crate::api) fn retry(given: Option<Value>, faults: &mut Faults) -> RetryPolicy {
    let schedule = match given {
        None => return RetryPolicy::default(),
        Some(Value::Object(mut object)) => {
            let schedule = object.shift_remove("schedule").unwrap_or(Value::Null);
            if let Some(unknown) = object.keys().next() {
                faults.add(format!("retry.{unknown}"), "unknown_field", "is not known here");
            }
            schedule
        }
        Some(preset) => preset,
    };
    parse_schedule(&schedule).unwrap_or_else(|problem| {
        faults.add("retry.schedule", "invalid", problem.to_string());
        RetryPolicy::default()
    })
}

fn limits(given: Option<super::LimitsInput>, manifest: &Manifest, faults: &mut Faults) -> Limits {
    let usual = Limits {
        in_flight: manifest.limits.in_flight.unwrap_or(Limits::default().in_flight),
        rate: manifest.limits.rate,
    };
    let Some(given) = given else { return usual };
    let in_flight = given.in_flight.unwrap_or(usual.in_flight);
    if !(1..=IN_FLIGHT_MAX).contains(&in_flight) {
        let message = format!("must be 1 to {IN_FLIGHT_MAX}");
        faults.add("limits.in_flight", "out_of_range", message);
    }
    Limits { in_flight, rate: given.rate.map(|Rate(rate)| rate) }
}

/// Reads an attempt's deadline in milliseconds.
pub(in crate::api) fn timeout_ms(given: Option<Span>, faults: &mut Faults) -> u32 {
    let ms = given.map_or(30_000, |Span(ms)| ms);
    if !(TIMEOUT_MS_MIN..=TIMEOUT_MS_MAX).contains(&ms) {
        faults.add("timeout", "out_of_range", "must be 100ms to 120s");
    }
    u32::try_from(ms).unwrap_or(30_000)
}

/// Judges URL settings by their text. Fields stand after the host only, so what is before the
/// first of them decides.
fn check_urls(access: &Access, manifest: &Manifest, body: &Destination, faults: &mut Faults) {
    for setting in manifest.settings.iter().filter(|s| s.kind == SettingKind::Url) {
        let Some(text) = body.settings.get(&setting.name).and_then(Value::as_str) else {
            continue;
        };
        let head = text.split("{{").next().unwrap_or_default().trim();
        // What is no URL at all was said already.
        if url::Url::parse(head).is_err() {
            continue;
        }
        if let Err(refusal) = check_url(head, &access.state().settings.allow) {
            faults.add(format!("settings.{}", setting.name), "blocked", refusal.detail);
        }
    }
}

fn check_failover(access: &Access, id: DestinationId, body: &Destination, faults: &mut Faults) {
    let mut next = body.failover;
    for step in 0..=FAILOVERS_MAX {
        let Some(target) = next else { return };
        if target == id {
            let message = "leads would go round in a circle: the failover leads back here";
            faults.add("failover_id", "cycle", message);
            return;
        }
        let doc = access.known::<Destination>(target);
        let Some(doc) = doc.filter(|d| d.body.campaign == body.campaign) else {
            if step == 0 {
                let message = "there is no such destination in this campaign";
                faults.add("failover_id", "not_found", message);
            }
            return;
        };
        next = doc.body.failover;
    }
    let message = format!("the chain of failovers is longer than {FAILOVERS_MAX}");
    faults.add("failover_id", "too_long", message);
}

fn check_linked(access: &Access, id: DestinationId, body: &Destination, faults: &mut Faults) {
    let onward =
        |body: &Destination| Onward { failover: body.failover, linked: body.linked.clone() };
    let same_campaign = |doc: &&Doc<Destination>| doc.body.campaign == body.campaign;
    let all = access.all::<Destination>();
    let graph = all
        .iter()
        .map(AsRef::as_ref)
        .filter(same_campaign)
        .map(|doc| (DestinationId::from_uuid(doc.meta.id), onward(&doc.body)))
        .collect();
    for problem in check_links(id, &onward(body), &graph) {
        // Circles of failovers alone were told already.
        if !faults.names(&problem.field) {
            faults.add(problem.field, problem.code, problem.message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn former_secrets_are_kept_within_bounds() {
        let mut secrets = Secrets::new();
        for n in 0..30 {
            replace(&mut secrets, "auth_value", Some(Secret::new(format!("secret {n}"))));
        }
        assert_eq!(secrets.get("auth_value").map(Secret::reveal), Some("secret 29"));
        let former: Vec<&str> = secrets
            .iter()
            .filter(|(name, _)| name.starts_with(FORMER))
            .map(|(_, s)| s.reveal())
            .collect();
        assert_eq!(former.len(), FORMER_MAX);
        assert_eq!(former.last(), Some(&"secret 28"));
        replace(&mut secrets, "auth_value", None);
        assert!(!secrets.contains_key("auth_value"));
    }

    #[test]
    fn retries_are_presets_or_schedules() {
        let check = |given: Value, expect: Option<usize>| {
            let mut faults = Faults::default();
            let policy = retry(Some(given.clone()), &mut faults);
            let read = faults.is_empty().then_some(policy.schedule_ms.len());
            assert_eq!(read, expect, "{given}");
        };
        check(json!("standard"), Some(5));
        check(json!({"schedule": "backoff"}), Some(5));
        check(json!({"schedule": ["0s", "1m"]}), Some(2));
        check(json!({"schedule": []}), None);
        check(json!({"schedule": ["8d"]}), None);
        check(json!({"schedule": ["0s"], "jitter": 1}), None);
        check(json!("often"), None);
        check(json!({}), None);
    }
}
