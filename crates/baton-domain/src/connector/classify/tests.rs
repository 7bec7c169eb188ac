use super::*;
use crate::connector::rules::{Extract, Match};
use proptest::prelude::*;
use serde_json::json;

const NOW: Millis = Millis(1_769_610_600_000);

fn rules(value: serde_json::Value) -> CompiledRules {
    let rules: Vec<ResponseRule> = serde_json::from_value(value).unwrap();
    CompiledRules::compile(&rules).unwrap()
}

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, headers: Vec::new(), body: body.as_bytes().to_vec(), truncated: false }
}

fn judge(compiled: &CompiledRules, status: u16, body: &str) -> Classified {
    classify(compiled, &Got::Answer(answer(status, body)), NOW)
}

fn hits(matching: &str, path: Option<&str>, value: &str, body: &str) -> bool {
    let mut rule = json!({"match": matching, "value": value, "verdict": "accepted"});
    if let Some(path) = path {
        rule["path"] = json!(path);
    }
    judge(&rules(json!([rule])), 404, body).verdict == Verdict::Accepted
}

#[test]
fn each_way_of_matching_finds_what_it_says() {
    for (matching, value, body, expect) in [
        ("keyword", "Valid", r#"{"response":"valid"}"#, true),
        ("keyword", "Valid", r#"{"response":"invalid"}"#, true),
        ("keyword", "ok", "denied", false),
        ("word", "valid", r#"{"response":"VALID"}"#, true),
        ("word", "valid", r#"{"response":"invalid"}"#, false),
        ("word", "-5", r#"{"code":-5}"#, true),
        ("word", "-5", r#"{"code":-55}"#, false),
        ("exact", "Valid", " Valid\n", true),
        ("exact", "Valid", r#"{"response":"Valid"}"#, false),
        ("exact", "*Valid*", "{\n\"response\":\"Valid\"\n}", true),
        ("exact", "a*c", "abcd", false),
        ("exact", "a.c", "abc", false),
        ("exact", "", "", true),
        ("exact", "", "x", false),
        ("regex", r"id=(\d+)", "lead id=77 ok", true),
        ("regex", "^ok$", "not ok", false),
        ("status", "404", "", true),
        ("status", "4xx", "", true),
        ("status", "400-404", "", true),
        ("status", "405-499", "", false),
        ("status", "2xx", "", false),
    ] {
        assert_eq!(hits(matching, None, value, body), expect, "{matching} {value} in {body}");
    }
}

#[test]
fn json_paths_compare_scalars_without_case() {
    for (path, value, body, expect) in [
        ("$.status", "success", r#"{"status":"Success"}"#, true),
        ("$.code", "1", r#"{"code":1}"#, true),
        ("$.code", "1", r#"{"code":10}"#, false),
        ("$.ok", "true", r#"{"ok":true}"#, true),
        ("$.error", "null", r#"{"error":null}"#, true),
        (
            "$.records[*].status",
            "approved",
            r#"{"records":[{"status":"x"},{"status":"Approved"}]}"#,
            true,
        ),
        ("$.status", "x", "<html>", false),
        ("$.status", "x", r#"{"status":{"x":"x"}}"#, false),
        ("$.big", "12345678901234567890.10", r#"{"big":12345678901234567890.10}"#, true),
    ] {
        assert_eq!(hits("json_path", Some(path), value, body), expect, "{path} {value} in {body}");
    }
}

#[test]
fn without_a_rule_the_status_decides() {
    let none = CompiledRules::default();
    for (status, expect, gone) in [
        (429, Verdict::RateLimited, false),
        (408, Verdict::Transient, false),
        (425, Verdict::Transient, false),
        (500, Verdict::Transient, false),
        (599, Verdict::Transient, false),
        (401, Verdict::AuthOrConfig, false),
        (403, Verdict::AuthOrConfig, false),
        (410, Verdict::AuthOrConfig, true),
        (200, Verdict::Unmatched, false),
        (302, Verdict::Unmatched, false),
        (404, Verdict::Unmatched, false),
        (0, Verdict::Unmatched, false),
        (999, Verdict::Unmatched, false),
    ] {
        let got = judge(&none, status, "");
        assert_eq!((got.verdict, got.gone), (expect, gone), "{status}");
        assert_eq!(got.decided_by, format!("http {status}"));
    }
}

#[test]
fn the_first_rule_that_hits_decides_even_over_the_status() {
    let compiled = rules(json!([
        {"match":"word","value":"duplicate","verdict":"duplicate","reason":"seen before"},
        {"match":"status","value":"2xx","verdict":"accepted"},
        {"match":"status","value":"410","verdict":"rejected"},
    ]));
    let got = judge(&compiled, 200, "Duplicate lead");
    assert_eq!((got.verdict, got.rule), (Verdict::Duplicate, Some(0)));
    assert_eq!(got.reason.as_deref(), Some("seen before"));
    assert_eq!(got.decided_by, "rule 1 (word `duplicate`)");
    assert_eq!(judge(&compiled, 200, "fine").rule, Some(1));
    let gone = judge(&compiled, 410, "");
    assert_eq!((gone.verdict, gone.gone), (Verdict::Rejected, false));
    assert_eq!(judge(&compiled, 503, "").verdict, Verdict::Transient);
}

#[test]
fn faults_are_transient_before_and_unknown_after_sending() {
    use FaultKind as F;
    for (kind, sent, expect) in [
        (F::DnsError, false, Verdict::Transient),
        (F::ConnectionRefused, false, Verdict::Transient),
        (F::ConnectionFailed, false, Verdict::Transient),
        (F::TlsError, false, Verdict::Transient),
        (F::Timeout, false, Verdict::Transient),
        (F::ConnectionReset, false, Verdict::Transient),
        (F::ConnectionReset, true, Verdict::Unknown),
        (F::Timeout, true, Verdict::Unknown),
        (F::InvalidAnswer, true, Verdict::Unknown),
        (F::InvalidAnswer, false, Verdict::Unknown),
        (F::BlockedAddress, false, Verdict::Blocked),
        (F::InvalidRequest, false, Verdict::Blocked),
    ] {
        let fault = Fault { kind, sent, detail: "the peer cut the connection".to_owned() };
        let got = classify(&CompiledRules::default(), &Got::Fault(fault), NOW);
        assert_eq!(got.verdict, expect, "{kind:?} sent {sent}");
        assert_eq!(got.decided_by, fault_word(kind));
        assert!(got.reason.is_some());
    }
}

#[test]
fn values_are_taken_from_the_answer() {
    let compiled = rules(json!([{
        "match":"json_path","path":"$.outcome","value":"success","verdict":"accepted",
        "extract":{
            "price":{"json_path":"$.price"},
            "vendor_id":{"json_path":"$.lead.id"},
            "redirect_url":{"json_path":"$.url"},
            "field:buyer_ref":{"regex":"ref-(\\d+)"},
            "reason":{"json_path":"$.reason"},
        }
    }]));
    let body = r#"{"outcome":"success","price":12.50,"lead":{"id":"69a"},"url":"https://b.example/x",
                   "note":"ref-77","reason":"fine\u0000 thanks"}"#;
    let got = judge(&compiled, 200, body);
    let expect = [
        ("field:buyer_ref", "77"),
        ("price", "12.50"),
        ("reason", "fine thanks"),
        ("redirect_url", "https://b.example/x"),
        ("vendor_id", "69a"),
    ];
    let taken: Vec<_> = got.extracted.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(taken, expect);
    assert_eq!(got.reason.as_deref(), Some("fine thanks"));
}

#[test]
fn values_that_cannot_be_used_are_left_out_with_a_warning() {
    let compiled = rules(json!([{
        "match":"status","value":"200","verdict":"accepted",
        "extract":{"price":{"json_path":"$.p"},"redirect_url":{"json_path":"$.u"},
                   "vendor_id":{"json_path":"$.v"}}
    }]));
    let long = "x".repeat(EXTRACTED_BYTES_MAX + 1);
    let body = json!({"p":"12,50","u":"javascript:alert(1)","v":long}).to_string();
    let got = evaluate(&compiled, &answer(200, &body), NOW);
    assert!(got.classified.extracted.is_empty());
    assert_eq!(got.warnings.len(), 3, "{:?}", got.warnings);
}

#[test]
fn places_of_the_connector_apply_to_every_answer_but_after_the_rule() {
    let place = |path: &str| Extract::JsonPath(path.to_owned());
    let places = Places::from([
        ("price".to_owned(), place("$.price")),
        ("reason".to_owned(), place("$.message")),
    ]);
    let own: Vec<ResponseRule> = serde_json::from_value(json!([
        {"match":"word","value":"no","verdict":"rejected","reason":"said no",
         "extract":{"price":{"json_path":"$.offer"}}},
    ]))
    .unwrap();
    let compiled = CompiledRules::compile_with(&own, &places).unwrap();
    let got = judge(&compiled, 200, r#"{"price":1,"offer":2,"message":"no demand"}"#);
    assert_eq!(got.extracted["price"], "2");
    assert_eq!(got.reason.as_deref(), Some("no demand"));
    let other = judge(&compiled, 500, r#"{"price":1,"message":"broken"}"#);
    assert_eq!((other.extracted["price"].as_str(), other.reason.as_deref()), ("1", Some("broken")));
}

#[test]
fn a_tester_sees_every_rule_and_the_keyword_trap() {
    let compiled = rules(json!([
        {"match":"keyword","value":"valid","verdict":"accepted"},
        {"match":"status","value":"500","verdict":"transient"},
        {"match":"json_path","path":"$.code","value":"1","verdict":"rejected"},
    ]));
    let got = evaluate(&compiled, &answer(200, r#"{"code":1,"response":"invalid"}"#), NOW);
    let seen: Vec<bool> = got.rules.iter().map(|r| r.hit).collect();
    assert_eq!(seen, [true, false, true]);
    assert_eq!(got.classified.rule, Some(0));
    assert!(got.warnings[0].contains("match `word`"), "{:?}", got.warnings);
    let fine = evaluate(&compiled, &answer(200, r#"{"response":"valid"}"#), NOW);
    assert!(fine.warnings.is_empty());
}

#[test]
fn a_cut_answer_is_never_taken_for_a_whole_one() {
    let compiled = rules(json!([
        {"match":"exact","value":"ok","verdict":"accepted"},
        {"match":"json_path","path":"$.a","value":"1","verdict":"accepted"},
    ]));
    for body in ["ok", r#"{"a":1}"#] {
        let cut = Answer { truncated: true, ..answer(200, body) };
        let got = classify(&compiled, &Got::Answer(cut), NOW);
        assert_eq!(got.verdict, Verdict::Unmatched, "{body}");
    }
}

#[test]
fn retry_after_is_read_from_the_answer() {
    let mut got = answer(429, "");
    got.headers.push(("Retry-After".to_owned(), "7".to_owned()));
    let classified = classify(&CompiledRules::default(), &Got::Answer(got), NOW);
    assert_eq!(classified.retry_after_ms, Some(7_000));
}

#[test]
fn a_duplicate_after_a_lost_answer_was_taken_then() {
    let compiled = rules(json!([
        {"match":"word","value":"dup","verdict":"duplicate"},
        {"match":"word","value":"no","verdict":"rejected"},
    ]));
    let got = after_unknown(judge(&compiled, 200, "dup"));
    assert_eq!(got.verdict, Verdict::Accepted);
    assert_eq!(got.decided_by, "rule 1 (word `dup`), after an attempt without an answer");
    assert_eq!(after_unknown(judge(&compiled, 200, "no")).verdict, Verdict::Rejected);
}

#[test]
fn paths_look_into_lists_and_take_wildcards_and_alternatives() {
    let cases = [
        ("*required*", r#"{"e":["phone1 is Required"]}"#, true),
        ("*required*", r#"{"e":"phone1 is required"}"#, true),
        ("*required*", r#"{"e":[["a"],["required"]]}"#, true),
        ("*required*", r#"{"e":{"required":1}}"#, false),
        ("*dup*|*already*", r#"{"e":"is already there"}"#, true),
        ("-8|-10", r#"{"e":-10}"#, true),
        ("-8|-10", r#"{"e":-1}"#, false),
        ("a*c", "{\"e\":\"a\\nc\"}", true),
        ("*", r#"{"e":{}}"#, true),
        ("*", r#"{"f":1}"#, false),
        ("a.c*", r#"{"e":"abcd"}"#, false),
    ];
    for (value, body, expect) in cases {
        assert_eq!(hits("json_path", Some("$.e"), value, body), expect, "{value} in {body}");
    }
    for (path, value, body, expect) in [
        ("/r/s", "matched", "<r><s> Matched </s></r>", true),
        ("/r/s", "match", "<r><s>Matched</s></r>", false),
        ("//e", "*zip*", "<r><e>a</e><e>\"Zip\" missing</e></r>", true),
        ("/r/s", "x", "<!DOCTYPE r [<!ENTITY y 'x'>]><r><s>&y;</s></r>", false),
        ("/r/s", "ok", "&lt;r&gt;&lt;s&gt;ok&lt;/s&gt;&lt;/r&gt;", true),
        ("/r/s", "ok", "{}", false),
    ] {
        assert_eq!(hits("xpath", Some(path), value, body), expect, "{path} {value} in {body}");
    }
}

#[test]
fn an_unmatched_answer_says_what_it_was() {
    let none = CompiledRules::default();
    let mut deep = "[".repeat(100_000);
    deep.push_str(&"]".repeat(100_000));
    for (body, expect) in [
        (b"".to_vec(), "an empty body"),
        (b"<!DOCTYPE html><html><body>502</body></html>".to_vec(), "an HTML page"),
        (b"\x1f\x8b\x08\x00abc".to_vec(), "compressed bytes"),
        (b"\xff\xfe\x00".to_vec(), "bytes that are not text"),
        (b"{\"a\":1,\"a\":2}".to_vec(), "JSON"),
        (b"<r><a/></r>".to_vec(), "XML"),
        (b"nope".to_vec(), "text"),
        (deep.into_bytes(), "text"),
    ] {
        let got = Answer { status: 200, headers: Vec::new(), body, truncated: false };
        let got = classify(&none, &Got::Answer(got), NOW);
        assert_eq!(got.verdict, Verdict::Unmatched);
        assert_eq!(got.reason, Some(format!("no response rule matches: {expect}")));
    }
}

fn problem(rule: serde_json::Value) -> (usize, String) {
    let rules: Vec<ResponseRule> = serde_json::from_value(json!([
        {"match":"status","value":"2xx","verdict":"accepted"}, rule,
    ]))
    .unwrap();
    let problems = CompiledRules::compile(&rules).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    (problems[0].index, problems[0].field.clone())
}

#[test]
fn rules_that_cannot_work_are_refused_by_name() {
    let rule = |matching: &str, value: &str| json!({"match": matching, "value": value, "verdict": "accepted"});
    let path =
        |path: &str| json!({"match":"json_path","path":path,"value":"1","verdict":"accepted"});
    let extract = |key: &str, place: serde_json::Value| json!({"match":"status","value":"200","verdict":"accepted","extract":{key:place}});
    for (bad, field) in [
        (rule("status", "twohundred"), "value"),
        (rule("status", "6xx"), "value"),
        (rule("status", "204-200"), "value"),
        (rule("status", "+20"), "value"),
        (rule("keyword", " "), "value"),
        (rule("regex", "("), "value"),
        (rule("regex", r"\w{1000}{1000}"), "value"),
        (rule("keyword", &"x".repeat(VALUE_BYTES_MAX + 1)), "value"),
        (rule("xpath", "1"), "path"),
        (json!({"match":"xpath","path":"count(//a)","value":"1","verdict":"accepted"}), "path"),
        (rule("json_path", "1"), "path"),
        (path("status"), "path"),
        (path("$..a..b"), "path"),
        (path("$[?$.a]"), "path"),
        (path("$[*,*,*,*,*,*]"), "path"),
        (path("$[?search(@.a, @.b)]"), "path"),
        (path(&format!("$[?{}1==1{}]", "(".repeat(50), ")".repeat(50))), "path"),
        (json!({"match":"word","path":"$.a","value":"a","verdict":"accepted"}), "path"),
        (extract("colour", json!({"json_path":"$.a"})), "extract.colour"),
        (extract("price", json!({"xpath":"/a["})), "extract.price"),
        (extract("field:", json!({"regex":"a"})), "extract.field:"),
    ] {
        assert_eq!(problem(bad.clone()), (1, field.to_owned()), "{bad}");
    }
    let many = vec![
        ResponseRule {
            matching: Match::Status,
            path: None,
            value: "200".to_owned(),
            verdict: Verdict::Accepted,
            reason: None,
            extract: BTreeMap::new(),
        };
        RULES_MAX + 1
    ];
    assert!(check_rules(&many).is_err());
    assert!(check_rules(&many[..RULES_MAX]).is_ok());
}

#[test]
fn names_in_quotes_are_not_syntax() {
    assert!(hits(
        "json_path",
        Some(r"$['a..b,c,d,e,f,$ match(']"),
        "1",
        r#"{"a..b,c,d,e,f,$ match(":1}"#
    ));
}

fn a_bit_of_everything() -> CompiledRules {
    rules(json!([
        {"match":"keyword","value":"accept","verdict":"accepted"},
        {"match":"word","value":"dup","verdict":"duplicate"},
        {"match":"exact","value":"*x*y*","verdict":"queued"},
        {"match":"status","value":"300-310","verdict":"rejected"},
        {"match":"json_path","path":"$..a","value":"1","verdict":"invalid",
         "extract":{"price":{"json_path":"$..price"},"reason":{"regex":"(.*)"}}},
        {"match":"regex","value":"(a|b)*c","verdict":"cap_reached"},
    ]))
}

proptest! {
    #[test]
    fn any_answer_gets_a_verdict(
        status in any::<u16>(),
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..400),
            r#"(\{"a":|\[|1|\]|\}|"|,|x|accept|dup| ){0,60}"#.prop_map(String::into_bytes),
        ],
        truncated: bool,
        retry_after in ".{0,20}",
    ) {
        let headers = vec![("retry-after".to_owned(), retry_after)];
        let answer = Answer { status, headers, body, truncated };
        let compiled = a_bit_of_everything();
        let got = evaluate(&compiled, &answer, NOW);
        prop_assert_eq!(got.rules.len(), 6);
        let first = got.rules.iter().position(|r| r.hit);
        prop_assert_eq!(got.classified.rule, first);
    }

    #[test]
    fn any_rule_compiles_or_is_refused(path in "\\PC{0,60}", value in "\\PC{0,60}") {
        for matching in ["json_path", "regex", "exact", "status", "word"] {
            let path = (matching == "json_path").then_some(&path);
            let rule = json!([{"match":matching,"path":path,"value":value,"verdict":"accepted"}]);
            let rules: Vec<ResponseRule> = serde_json::from_value(rule).unwrap();
            drop(CompiledRules::compile(&rules));
        }
    }
}
