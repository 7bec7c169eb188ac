//! What a campaign must be like to be saved.

use super::{CampaignInput, DuplicatesInput, Strict};
use crate::api::input::{Faults, NAME_CHARS_MAX};
use crate::api::span::Span;
use crate::auth::Access;
use crate::problem::Problem;
use baton_domain::config::{Campaign, DuplicateRule};
use baton_domain::lead::countries::country_code;
use baton_domain::lead::currencies::currency_of;
use baton_domain::lead::schema::{FieldSpec, check_schema, default_fields};

/// Longest reference, in characters.
const REFERENCE_CHARS_MAX: usize = 64;
/// Most fields a duplicate rule compares.
const DUPLICATE_FIELDS_MAX: usize = 10;
/// Longest window of a duplicate rule, in seconds: 10 years.
const WINDOW_S_MAX: i64 = 3_653 * 86_400;
/// Most endings tried for a reference made from a name.
const REFERENCE_TRIES_MAX: usize = 1_000;

/// The campaign as the API takes it.
pub(super) fn input_of(body: &Campaign) -> CampaignInput {
    CampaignInput {
        name: body.name.clone(),
        reference: Some(body.reference.clone()),
        country: body.country.clone(),
        currency: Some(body.currency.clone()),
        fields: Some(body.fields.iter().cloned().map(Strict).collect()),
        duplicates: body.duplicates.as_ref().map(|rule| DuplicatesInput {
            fields: rule.fields.clone(),
            matching: rule.matching,
            window: rule.window_s.map(|s| Span(s.saturating_mul(1_000))),
            window_s: None,
            action: rule.action,
        }),
        when_paused: Some(body.when_paused),
    }
}

/// A campaign from what the API was given; `was` is what stands, when it is changed.
pub(super) fn check(input: CampaignInput, was: Option<&Campaign>) -> Result<Campaign, Problem> {
    let mut faults = Faults::default();
    faults.text("name", &input.name, NAME_CHARS_MAX);
    // A null in a patch asks for the default, which for a reference is the one it has.
    let reference = input
        .reference
        .or_else(|| was.map(|w| w.reference.clone()))
        .unwrap_or_else(|| reference_of(&input.name));
    check_reference(&reference, &mut faults);
    let country = input.country.as_deref().map(str::trim).map(str::to_ascii_uppercase);
    if let Some(country) = &country
        && country_code(country) != Some(country.as_str())
    {
        faults.add("country", "invalid", "must be an ISO 3166-1 alpha-2 code such as GB");
    }
    let currency = input.currency.unwrap_or_else(|| currency_of(country.as_deref()).to_owned());
    let currency = currency.trim().to_ascii_uppercase();
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        faults.add("currency", "invalid", "must be an ISO 4217 code such as GBP");
    }
    let fields: Vec<FieldSpec> = input
        .fields
        .map_or_else(default_fields, |fields| fields.into_iter().map(|Strict(f)| f).collect());
    for problem in check_schema(&fields) {
        faults.add(problem.field, problem.code, problem.message);
    }
    let duplicates = input.duplicates.map(|rule| check_duplicates(rule, &fields, &mut faults));
    faults.into_result()?;
    Ok(Campaign {
        name: input.name,
        reference,
        country,
        currency,
        fields,
        duplicates,
        paused: was.is_some_and(|w| w.paused),
        when_paused: input.when_paused.unwrap_or_default(),
    })
}

fn check_reference(reference: &str, faults: &mut Faults) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if reference.is_empty()
        || reference.len() > REFERENCE_CHARS_MAX
        || !reference.bytes().all(plain)
    {
        let message =
            format!("must be 1 to {REFERENCE_CHARS_MAX} letters, digits, `-`, `_` or `.`");
        faults.add("reference", "invalid", message);
    } else if reference.parse::<baton_domain::id::CampaignId>().is_ok() {
        faults.add("reference", "invalid", "must not look like an id");
    }
}

fn check_duplicates(
    rule: DuplicatesInput,
    fields: &[FieldSpec],
    faults: &mut Faults,
) -> DuplicateRule {
    if rule.fields.is_empty() || rule.fields.len() > DUPLICATE_FIELDS_MAX {
        let message = format!("must name 1 to {DUPLICATE_FIELDS_MAX} fields");
        faults.add("duplicates.fields", "out_of_range", message);
    }
    for (at, name) in rule.fields.iter().enumerate() {
        let field = format!("duplicates.fields[{at}]");
        if rule.fields[..at].contains(name) {
            faults.add(field, "duplicate_name", "is named twice");
        } else if !fields.iter().any(|f| f.name == *name) {
            faults.add(field, "not_found", "is not a field of the campaign");
        }
    }
    if rule.window.is_some() && rule.window_s.is_some() {
        faults.add("duplicates.window_s", "invalid", "give `window` or `window_s`, not both");
    }
    let window_s = match rule.window {
        Some(Span(ms)) if ms % 1_000 != 0 => {
            faults.add("duplicates.window", "invalid", "must be whole seconds");
            None
        }
        Some(Span(ms)) => Some(ms / 1_000),
        None => rule.window_s,
    };
    if window_s.is_some_and(|s| !(1..=WINDOW_S_MAX).contains(&s)) {
        faults.add("duplicates.window", "out_of_range", "must be one second to 10 years");
    }
    DuplicateRule { fields: rule.fields, matching: rule.matching, window_s, action: rule.action }
}

/// A reference made from a name: `Solar UK (2026)` becomes `SOLAR-UK-2026`.
fn reference_of(name: &str) -> String {
    let mut reference = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            reference.push(c.to_ascii_uppercase());
        } else if !reference.is_empty() && !reference.ends_with('-') {
            reference.push('-');
        }
    }
    // Room for an ending that makes it unique.
    reference.truncate(REFERENCE_CHARS_MAX - 5);
    let reference = reference.trim_end_matches('-');
    if reference.is_empty() { "CAMPAIGN".to_owned() } else { reference.to_owned() }
}

/// A reference made from a name that no other campaign has, as far as this node knows.
pub(super) fn free_reference(access: &Access, name: &str) -> String {
    let snapshot = access.store().snapshot();
    let base = reference_of(name);
    let taken = |r: &str| snapshot.campaign_by_reference(access.workspace_id(), r).is_some();
    std::iter::once(base.clone())
        .chain((2..REFERENCE_TRIES_MAX).map(|n| format!("{base}-{n}")))
        .find(|reference| !taken(reference))
        .unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn faults(given: Value) -> Vec<String> {
        let input = match crate::api::input::parse_value::<CampaignInput>(given) {
            Ok(input) => input,
            Err(problem) => return problem.errors.into_iter().map(|e| e.field).collect(),
        };
        match check(input, None) {
            Ok(_) => Vec::new(),
            Err(problem) => problem.errors.into_iter().map(|e| e.field).collect(),
        }
    }

    #[test]
    fn campaigns_are_checked_field_by_field() {
        let check =
            |given: Value, expect: &[&str]| assert_eq!(faults(given.clone()), expect, "{given}");
        check(json!({"name":"Solar"}), &[]);
        check(json!({"name":"Solar","country":"gb","currency":"gbp"}), &[]);
        check(json!({"name":" "}), &["name"]);
        check(json!({"name":"x".repeat(201)}), &["name"]);
        check(json!({"name":"a\nb"}), &["name"]);
        check(json!({}), &["name"]);
        check(json!({"name":"x","reference":"a b"}), &["reference"]);
        check(json!({"name":"x","reference":"cmp_01h455vb4pex5vsknk084sn02q"}), &["reference"]);
        check(json!({"name":"x","country":"XX"}), &["country"]);
        check(json!({"name":"x","currency":"EURO"}), &["currency"]);
        check(json!({"name":"x","colour":1}), &["colour"]);
        check(json!({"name":"x","fields":[{"name":"a b","type":"text"}]}), &["fields[0].name"]);
        check(
            json!({"name":"x","fields":[{"name":"a","type":"text","kind":1}]}),
            &["fields[0].kind"],
        );
        let with = |rule: Value| json!({"name":"x","duplicates": rule});
        check(with(json!({"fields":["email"],"window":"30d","action":"mark"})), &[]);
        check(with(json!({"fields":["email"],"window_s":60})), &[]);
        check(with(json!({"fields":[]})), &["duplicates.fields"]);
        check(with(json!({"fields":["nope"]})), &["duplicates.fields[0]"]);
        check(with(json!({"fields":["email","email"]})), &["duplicates.fields[1]"]);
        check(with(json!({"fields":["email"],"window":"0s"})), &["duplicates.window"]);
        check(
            with(json!({"fields":["email"],"window":"1m","window_s":60})),
            &["duplicates.window_s"],
        );
        check(with(json!({"fields":["email"],"x":1})), &["duplicates.x"]);
    }

    #[test]
    fn a_campaign_counts_in_its_countrys_currency_unless_it_says_otherwise() {
        let currency = |given: Value, was: Option<&Campaign>| {
            check(serde_json::from_value(given).unwrap(), was).unwrap().currency
        };
        assert_eq!(currency(json!({"name":"x","country":"gb"}), None), "GBP");
        assert_eq!(currency(json!({"name":"x","country":"GB","currency":"eur"}), None), "EUR");
        assert_eq!(currency(json!({"name":"x"}), None), "USD");
        let given = json!({"name":"x","country":"GB"});
        let mut saved = check(serde_json::from_value(given).unwrap(), None).unwrap();
        // Another country later leaves the prices in what they were made in.
        saved.country = Some("DE".to_owned());
        assert_eq!(check(input_of(&saved), Some(&saved)).unwrap().currency, "GBP");
    }

    #[test]
    fn a_saved_campaign_reads_back_as_itself() {
        let input = json!({"name":"Solar UK","reference":"S","country":"GB","currency":"GBP",
            "duplicates":{"fields":["email"],"matching":"all","window":"30d","action":"quarantine"}});
        let saved = check(serde_json::from_value(input).unwrap(), None).unwrap();
        assert_eq!(check(input_of(&saved), Some(&saved)).unwrap(), saved);
    }

    #[test]
    fn references_are_made_from_names() {
        let check = |name: &str, expect: &str| assert_eq!(reference_of(name), expect);
        check("Solar UK", "SOLAR-UK");
        check("  Solar -- UK (2026) ", "SOLAR-UK-2026");
        check("Ünïcode", "N-CODE");
        check("日本", "CAMPAIGN");
        assert!(reference_of(&"x".repeat(300)).len() < REFERENCE_CHARS_MAX);
    }
}
