//! Whatever a user writes is taken or refused, and what is taken never breaks. `make fuzz` runs these
//! for longer.

use crate::vendor::{AT, Vendor, jane, registry};
use baton_domain::config::{Destination, MappingRow};
use baton_domain::connector::classify::{CompiledRules, evaluate};
use baton_domain::connector::lint::lint;
use baton_domain::connector::manifest::{EMBEDDED, Manifest};
use baton_domain::connector::mapping::Mapping;
use baton_domain::connector::payload::LeadFields;
use baton_domain::connector::render::{REQUEST_BODY_BYTES_MAX, RenderInput, Renderer, Variant};
use baton_domain::connector::rules::ResponseRule;
use baton_domain::exchange::Answer;
use baton_domain::id::{DeliveryId, TypedId as _};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Pieces of templates, in any order.
fn template() -> impl Strategy<Value = String> {
    proptest::string::string_regex(
        r#"(\{\{ (email|payload|answer\.x|fields|settings\.url|gone|auth\.token)( \| (upper|number|default|length|join|first))? \}\}|\{% if email %\}|\{% endif %\}|\{% for x in fields %\}|\{% endfor %\}|\{% set x = 1 %\}|\{\{|\}\}|"|\{|\}|:|<a>|</a>|a|\PC){0,20}"#,
    )
    .unwrap()
}

fn word() -> impl Strategy<Value = Value> {
    prop_oneof![
        "(upper|lower|trim|title|digits|e164|national|sha256|us_state_code|boolean|x)"
            .prop_map(Value::from),
        (0u32..100_000).prop_map(|n| json!({"truncate": n})),
        ("\\PC{0,8}", "\\PC{0,8}").prop_map(|(a, b)| json!({"replace": [a, b]})),
        "[YMDHms/:. a]{0,12}".prop_map(|p| json!({"date": p})),
        (0u32..40).prop_map(|n| json!({"number": {"decimals": n}})),
        "\\PC{0,8}".prop_map(|t| json!({"concat": [t, {"field": "email"}]})),
        Just(json!({"map": {"a": 1, "*": null}})),
        Just(json!(7)),
    ]
}

fn rows() -> impl Strategy<Value = Vec<Value>> {
    let row = (
        "[a-z.]{0,8}",
        "(email|phone|answer\\.price|fields\\.email|lead_id|x)?",
        proptest::collection::vec(word(), 0..4),
    );
    let row = row
        .prop_map(|(to, from, transform)| json!({"to": to, "from": from, "transform": transform}));
    proptest::collection::vec(row, 0..6)
}

fn rule() -> impl Strategy<Value = Value> {
    let matching = "(keyword|word|exact|status|json_path|xpath|regex)";
    let path = prop_oneof![
        Just(Value::Null),
        "(\\$|\\.|\\.\\.|a|\\[|\\]|\\*|'|\\?|@|=|1){0,10}".prop_map(Value::from),
        "(/|//|a|\\*|@|\\[|\\]|'|=|text\\(\\)|\\|){0,10}".prop_map(Value::from),
    ];
    let place = prop_oneof![
        Just(json!({})),
        "(\\$\\.a|\\$\\.\\.b|\\$)".prop_map(|p| json!({"price": {"json_path": p}})),
        "(//a|/r/@b)".prop_map(|p| json!({"field:x": {"xpath": p}})),
        "\\PC{0,10}".prop_map(|p| json!({"reason": {"regex": p}})),
    ];
    (matching, path, "(\\PC{0,12}|2xx|[a*|]{1,6})", place).prop_map(|(matching, path, value, extract)| {
        let mut rule = json!({"match": matching, "value": value, "verdict": "rejected", "extract": extract});
        if !path.is_null() {
            rule["path"] = path;
        }
        rule
    })
}

fn render(destination: &Destination, manifest: &Manifest) -> Option<usize> {
    let lead = jane();
    let renderer = Renderer::prepare(manifest, destination).ok()?;
    let input = RenderInput {
        lead: &lead,
        delivery_id: DeliveryId::new(AT, [3; 10]),
        schema: &[],
        test: true,
        country: None,
        variant: Variant::Post,
        answer: None,
    };
    renderer.render(&Default::default(), &input).ok().map(|request| request.body.len())
}

proptest! {
    #[test]
    fn fuzz_manifest(which in 0usize..EMBEDDED.len(), at in any::<prop::sample::Index>(), len in 0usize..60, with in "(\\PC{0,10}|\\{\\{ settings\\.x \\}\\}|\"|\\[|\n)") {
        let (file, text) = EMBEDDED[which];
        let start = text.floor_char_boundary(at.index(text.len()));
        let end = text.floor_char_boundary((start + len).min(text.len())).max(start);
        let changed = format!("{}{with}{}", &text[..start], &text[end..]);
        match Manifest::read(file, &changed) {
            Err(problems) => prop_assert!(!problems.is_empty() && problems.iter().all(|p| p.file == file)),
            Ok(manifest) => {
                let settings = json!({"url":"https://a.example/leads","base_url":"https://a.example"});
                let mut vendor = Vendor::new("webhook", json!({"url":"https://a.example"}));
                vendor.destination.settings = settings.as_object().unwrap().clone();
                let _ = render(&vendor.destination, &manifest);
                let _ = manifest.schema();
            }
        }
    }

    #[test]
    fn fuzz_template(source in template(), body in "(application/json|text/xml|text/plain|application/x-www-form-urlencoded)") {
        let webhook = registry().get("webhook").unwrap().clone();
        let mut vendor = Vendor::new("webhook", json!({"url":"https://a.example"}));
        let settings = json!({"url":"https://a.example","body":"template","template":source,"content_type":body});
        vendor.destination.settings = settings.as_object().unwrap().clone();
        if let Some(written) = render(&vendor.destination, &webhook) {
            prop_assert!(written <= REQUEST_BODY_BYTES_MAX);
        }
    }

    #[test]
    fn fuzz_mapping(rows in rows(), nested: bool) {
        let rows: Vec<MappingRow> = rows.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect();
        if let Ok(mapping) = Mapping::compile(&rows, nested) {
            let lead = jane();
            let out = mapping.apply(&LeadFields::new(&lead, false), Some("GB"));
            prop_assert!(out.len() <= rows.len());
        }
    }

    #[test]
    fn fuzz_rules(
        rules in proptest::collection::vec(rule(), 0..6),
        status in any::<u16>(),
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            r#"(\{"a":|\[|1|"b"|\]|\}|,|<r b="1">|<a>|</a>|</r>|&lt;| ){0,40}"#.prop_map(String::into_bytes),
        ],
        truncated: bool,
    ) {
        let rules: Vec<ResponseRule> = rules.into_iter().filter_map(|rule| serde_json::from_value(rule).ok()).collect();
        if let Ok(compiled) = CompiledRules::compile(&rules) {
            let answer = Answer { status, headers: Vec::new(), body, truncated };
            let seen = evaluate(&compiled, &answer, AT);
            prop_assert_eq!(seen.classified.rule, seen.rules.iter().position(|r| r.hit));
            prop_assert!(lint(&rules).iter().all(|w| w.rule.is_none_or(|n| n < rules.len())));
        }
    }
}
