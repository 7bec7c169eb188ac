//! Seed 001's examples, and hostile answers.

use crate::vendor::{AT, registry};
use baton_domain::connector::classify::{CompiledRules, classify, evaluate};
use baton_domain::connector::rules::ResponseRule;
use baton_domain::exchange::{Answer, Got};
use baton_domain::verdict::Verdict::{self, *};
use serde_json::{Value, json};

fn rules(value: Value) -> CompiledRules {
    let rules: Vec<ResponseRule> = serde_json::from_value(value).unwrap();
    CompiledRules::compile(&rules).unwrap()
}

fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer { status, headers: Vec::new(), body: body.into(), truncated: false }
}

fn verdict(rules: &CompiledRules, body: &str) -> Verdict {
    classify(rules, &Got::Answer(answer(200, body)), AT).verdict
}

#[test]
fn the_four_example_answers_of_the_seed() {
    let example = rules(json!([
        {"match":"json_path","path":"$.reason","value":"*duplicate*","verdict":"duplicate"},
        {"match":"json_path","path":"$.outcome","value":"success","verdict":"accepted"},
        {"match":"json_path","path":"$.response","value":"OK","verdict":"accepted"},
        {"match":"json_path","path":"$.success","value":"false","verdict":"rejected",
         "extract":{"reason":{"json_path":"$.message"}}},
    ]));
    for (body, expect) in [
        (r#"{"outcome":"success","lead":{"id":"6925a96d577c6670dbe7d56e"},"price":0}"#, Accepted),
        (r#"{"code":1,"response":"OK","leadId":12345,"payout":"Complete"}"#, Accepted),
        (
            r#"{"success":false,"denial_reason":"no-match","message":"No Demand","test":false}"#,
            Rejected,
        ),
        (
            r#"{"outcome":"failure","reason":"Duplicate Email Lead","lead":{"id":"69246b2c3d8b943f5cd89007"},"price":0}"#,
            Duplicate,
        ),
    ] {
        assert_eq!(verdict(&example, body), expect, "{body}");
        assert_eq!(verdict(&CompiledRules::default(), body), Unmatched, "no rule is a failure");
    }
}

#[test]
fn the_six_keyword_exact_and_wildcard_answers_of_the_seed() {
    let one = |matching: &str, value: &str| {
        rules(json!([{"match": matching, "value": value, "verdict": "accepted"}]))
    };
    let valid = r#"{"code": 0, "response": "valid"}"#;
    let invalid = r#"{"code":1, "response": "invalid"}"#;
    let marked = r#"{"status": "accepted", "id": "12345", "marked_as": "valid"}"#;
    for (matching, value, body, expect) in [
        ("keyword", "Valid", valid, Accepted),
        ("keyword", "Valid", invalid, Accepted),
        ("exact", "Valid", valid, Unmatched),
        ("exact", "Valid", invalid, Unmatched),
        ("exact", "*\"valid\"*", valid, Accepted),
        ("exact", "*\"valid\"*", marked, Accepted),
        ("exact", "*\"valid\"*", invalid, Unmatched),
        ("word", "valid", invalid, Unmatched),
    ] {
        assert_eq!(verdict(&one(matching, value), body), expect, "{matching} {value} {body}");
    }
    let seen = evaluate(&one("keyword", "Valid"), &answer(200, invalid), AT);
    assert_eq!(seen.warnings.len(), 1, "the trap is told: {seen:?}");
}

#[test]
fn two_rules_that_both_match_are_decided_by_their_order() {
    let both = r#"{"result":"success","warning":"duplicate"}"#;
    let success = json!({"match":"word","value":"success","verdict":"accepted"});
    let duplicate = json!({"match":"word","value":"duplicate","verdict":"duplicate"});
    let first = rules(json!([success, duplicate]));
    let got = classify(&first, &Got::Answer(answer(200, both)), AT);
    assert_eq!((got.verdict, got.decided_by.as_str()), (Accepted, "rule 1 (word `success`)"));
    assert_eq!(verdict(&rules(json!([duplicate, success])), both), Duplicate);
}

#[test]
fn every_connector_gives_every_hostile_answer_a_verdict() {
    let mut deep = "{\"status\":".repeat(50_000);
    deep.push_str(&"}".repeat(50_000));
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"<!DOCTYPE html><html><head><title>502</title></head><body>Bad</body></html>".to_vec(),
        b"\xff\xfe\x00\x01".to_vec(),
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00".to_vec(),
        deep.into_bytes(),
        "[".repeat(1_000_000).into_bytes(),
        "<a>".repeat(200_000).into_bytes(),
        b"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>".to_vec(),
        br#"{"status":"Error","status":"Success"}"#.to_vec(),
        br#"{"status":1e999999999}"#.to_vec(),
        "\u{feff}{\"status\":\"?\"}".as_bytes().to_vec(),
        vec![b'x'; 1024 * 1024],
    ];
    for manifest in registry().iter() {
        let compiled = CompiledRules::compile_with(&manifest.responses, &manifest.answer).unwrap();
        for body in &bodies {
            for truncated in [false, true] {
                let got = Answer { truncated, ..answer(404, body.clone()) };
                let seen = evaluate(&compiled, &got, AT);
                assert_ne!(seen.classified.verdict, Accepted, "{}", manifest.name);
                assert_eq!(seen.rules.len(), manifest.responses.len());
                assert_eq!(classify(&compiled, &Got::Answer(got), AT), seen.classified);
            }
        }
    }
}

#[test]
fn a_duplicate_key_counts_as_the_last_one_says() {
    let one = rules(json!([
        {"match":"json_path","path":"$.status","value":"success","verdict":"accepted"},
    ]));
    assert_eq!(verdict(&one, r#"{"status":"success","status":"error"}"#), Unmatched);
}
