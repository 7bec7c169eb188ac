//! What a delivery costs the processor: making its request and reading its answer.
//!
//! The bounds to hold: 50 µs for one delivery, 2 ms for 64 KiB and 50 rules; docs/BENCHMARKS.md has
//! what was measured.

#[path = "../tests/it/vendor.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod vendor;

use baton_domain::connector::classify::{CompiledRules, classify};
use baton_domain::connector::render::Variant;
use baton_domain::connector::rules::ResponseRule;
use baton_domain::exchange::{ANSWER_CLASSIFY_BYTES_MAX, Answer, Got};
use baton_domain::lead::LeadView;
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Map, Value, json};
use std::hint::black_box;
use vendor::{AT, Vendor, lead};

fn lead_of(fields: usize) -> LeadView {
    let value = |n: usize| json!(format!("value {n} of some length"));
    lead(Value::Object(
        (0..fields).map(|n| (format!("field_{n}"), value(n))).collect::<Map<_, _>>(),
    ))
}

fn compiled(rules: &Value) -> CompiledRules {
    let rules: Vec<ResponseRule> = serde_json::from_value(rules.clone()).unwrap();
    CompiledRules::compile(&rules).unwrap()
}

fn got(body: String) -> Got {
    Got::Answer(Answer {
        status: 200,
        headers: Vec::new(),
        body: body.into_bytes(),
        truncated: false,
    })
}

/// Ten rules of all kinds, of which the last hits.
fn ten_rules() -> Value {
    json!([
        {"match":"status","value":"5xx","verdict":"transient"},
        {"match":"keyword","value":"duplicate","verdict":"duplicate"},
        {"match":"word","value":"denied","verdict":"rejected"},
        {"match":"exact","value":"*cap*reached*","verdict":"cap_reached"},
        {"match":"json_path","path":"$.status","value":"error","verdict":"rejected"},
        {"match":"json_path","path":"$.errors","value":"*required*|*missing*","verdict":"invalid"},
        {"match":"json_path","path":"$..code","value":"-2|-4","verdict":"duplicate"},
        {"match":"regex","value":"(?i)not\\s+authori[sz]ed","verdict":"auth_or_config"},
        {"match":"json_path","path":"$.records[*].status","value":"rejected","verdict":"rejected"},
        {"match":"json_path","path":"$.status","value":"success","verdict":"accepted",
         "extract":{"price":{"json_path":"$.price"},"vendor_id":{"json_path":"$..leadId"}}},
    ])
}

fn one_delivery(c: &mut Criterion) {
    let mapping: Vec<Value> = (0..30)
        .map(|n| json!({"to": format!("Field{n}"), "from": format!("field_{n}"), "transform": ["trim"]}))
        .collect();
    let manifest = vendor::registry().get("webhook").unwrap().clone();
    let more = json!({"mapping": mapping, "responses": ten_rules()});
    let destination = Vendor::of(manifest, json!({"url":"https://crm.example/leads"}), more);
    let lead = lead_of(30);
    let answer = got(
        json!({"status":"Success","price":12.5,"records":[{"status":"Approved","response":{"code":1,"leadId":77}}]})
            .to_string(),
    );
    c.bench_function("render and classify one delivery (30 fields, 10 rules)", |b| {
        b.iter(|| {
            let request = destination.render(black_box(&lead), Variant::Post, None).unwrap();
            let classified = classify(destination.renderer.rules(), black_box(&answer), AT);
            (request, classified)
        });
    });
    let leadbyte =
        json!({"url":"https://a.leadbyte.co.uk/leads","x_key":"key-of-acme","campid":"A"});
    let leadbyte = Vendor::new("leadbyte", leadbyte);
    c.bench_function("the same for leadbyte with its own rules", |b| {
        b.iter(|| {
            let request = leadbyte.render(black_box(&lead), Variant::Post, None).unwrap();
            let classified = classify(leadbyte.renderer.rules(), black_box(&answer), AT);
            (request, classified)
        });
    });
}

/// An answer of 64 KiB: a list of records.
fn large_json() -> String {
    let record =
        json!({"id": 12345, "name": "some name", "note": "a text of some length", "ok": true});
    let mut records = Vec::new();
    while Value::Array(records.clone()).to_string().len() < 64 * 1024 - 100 {
        records.extend(std::iter::repeat_n(record.clone(), 20));
    }
    json!({"status": "unknown", "records": records}).to_string()
}

fn large_answers(c: &mut Criterion) {
    let kinds: [&dyn Fn(usize) -> Value; 5] = [
        &|n| json!({"match":"keyword","value":format!("keyword {n}"),"verdict":"rejected"}),
        &|n| json!({"match":"word","value":format!("word{n}"),"verdict":"rejected"}),
        &|n| json!({"match":"exact","value":format!("*exact{n}*"),"verdict":"rejected"}),
        &|n| json!({"match":"json_path","path":"$.status","value":format!("s{n}"),"verdict":"rejected"}),
        &|n| json!({"match":"regex","value":format!("error code {n}\\d+"),"verdict":"rejected"}),
    ];
    let rules: Vec<Value> = (0..50).map(|n| kinds[n % kinds.len()](n)).collect();
    let rules = compiled(&json!(rules));
    let answer = got(large_json());
    c.bench_function("64 KiB of JSON, 50 rules, none hits", |b| {
        b.iter(|| classify(&rules, black_box(&answer), AT));
    });
    let deep: Vec<Value> = (0..50)
        .map(|n| json!({"match":"json_path","path":format!("$..k{n}"),"value":"x","verdict":"rejected"}))
        .collect();
    let deep = compiled(&json!(deep));
    c.bench_function("64 KiB of JSON, 50 rules that look everywhere", |b| {
        b.iter(|| classify(&deep, black_box(&answer), AT));
    });
    let item = "<record><id>12345</id><note>a text of some length</note></record>";
    let xml = got(format!("<r>{}</r>", item.repeat(64 * 1024 / item.len())));
    let paths: Vec<Value> = (0..50)
        .map(|n| json!({"match":"xpath","path":format!("//k{n}"),"value":"x","verdict":"rejected"}))
        .collect();
    let paths = compiled(&json!(paths));
    c.bench_function("64 KiB of XML, 50 rules that look everywhere", |b| {
        b.iter(|| classify(&paths, black_box(&xml), AT));
    });
}

fn hostile_patterns(c: &mut Criterion) {
    let mut group = c.benchmark_group("a hostile pattern on 1 MiB");
    group.sample_size(10);
    let body = got("a".repeat(ANSWER_CLASSIFY_BYTES_MAX));
    for (name, pattern) in [
        ("nested repetition", "(a+)+$b".to_owned()),
        ("many options", format!("{}{}b", "a?".repeat(200), "a".repeat(200))),
        ("many ways", "(a|aa|aaa|aaaa)*b".to_owned()),
        ("counted", "(?:[a-z]{1,30}){1,5}!".to_owned()),
    ] {
        let rules = compiled(&json!([{"match":"regex","value":pattern,"verdict":"rejected"}]));
        group.bench_function(name, |b| b.iter(|| classify(&rules, black_box(&body), AT)));
    }
    group.finish();
}

criterion_group!(benches, one_delivery, large_answers, hostile_patterns);
criterion_main!(benches);
