use super::*;
use proptest::prelude::*;
use serde_json::{Map, json};

fn lead() -> Map<String, Value> {
    let fields = json!({"first_name":"Jane","last_name":"Smith","age":41,"empty":null});
    fields.as_object().unwrap().clone()
}

fn run(words: &Value, value: Option<Value>) -> Option<Value> {
    let fields = lead();
    let field = |name: &str| fields.get(name).cloned();
    let around = Surroundings { country: Some("GB"), field: &field };
    Transforms::compile(words.as_array().unwrap()).unwrap().apply(value, &around)
}

/// The examples of `docs/mapping.md`: rows `| word | input | output |` with JSON in backticks;
/// an empty cell is a missing value.
#[test]
fn the_examples_of_the_manual_hold() {
    let manual = include_str!("../../../../../docs/mapping.md");
    let mut seen = std::collections::BTreeSet::new();
    for line in manual.lines().filter(|l| l.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let json_cell = |cell: &str| -> Option<Value> {
            let text = cell.trim_matches('`');
            (!text.is_empty()).then(|| serde_json::from_str(text).expect(line))
        };
        let [word, input, output] = cells[..] else { panic!("three cells expected: {line}") };
        let word = json_cell(word).expect(line);
        let expect = json_cell(output);
        assert_eq!(run(&json!([word]), json_cell(input)), expect, "{line}");
        seen.insert(match &word {
            Value::Object(o) => o.keys().next().unwrap().clone(),
            other => other.as_str().unwrap().to_owned(),
        });
    }
    let all = [
        "boolean",
        "concat",
        "date",
        "default",
        "digits",
        "e164",
        "first_name_of",
        "last_name_of",
        "lower",
        "map",
        "national",
        "number",
        "replace",
        "sha256",
        "split_name",
        "title",
        "trim",
        "truncate",
        "upper",
        "us_state_code",
        "us_state_name",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), all);
}

#[test]
fn words_run_in_order() {
    let words = json!(["trim", {"split_name":"last"}, "upper", {"truncate":3}]);
    assert_eq!(run(&words, Some(json!("  jane smith "))), Some(json!("SMI")));
}

#[test]
fn what_a_word_cannot_read_passes_unchanged() {
    for word in [
        json!("e164"),
        json!("national"),
        json!("us_state_code"),
        json!("us_state_name"),
        json!({"date":"MM/DD/YYYY"}),
        json!({"number":{"decimals":2}}),
        json!({"boolean":["Y","N"]}),
        json!({"map":{"a":"b"}}),
    ] {
        assert_eq!(run(&json!([word]), Some(json!("?"))), Some(json!("?")), "{word}");
        let list = json!([1, 2]);
        assert_eq!(run(&json!([word]), Some(list.clone())), Some(list), "{word}");
    }
}

#[test]
fn a_missing_value_stays_missing_except_for_default_and_concat() {
    for word in [json!("upper"), json!("sha256"), json!({"map":{"*":"x"}}), json!("digits")] {
        assert_eq!(run(&json!([word]), None), None, "{word}");
    }
    assert_eq!(run(&json!([{"default":"x"}]), Some(json!(null))), Some(json!("x")));
    assert_eq!(run(&json!([{"default":"x"}]), Some(json!(" "))), Some(json!("x")));
    assert_eq!(run(&json!([{"concat":["n/a"]}]), None), Some(json!("n/a")));
    assert_eq!(run(&json!([{"concat":["a",{"field":"gone"}]}]), Some(json!("x"))), None);
}

#[test]
fn numbers_keep_their_digits_and_their_kind() {
    let format = |decimals: u32, value: Value| {
        run(&json!([{"number":{"decimals":decimals}}]), Some(value)).unwrap().to_string()
    };
    for (decimals, input, expect) in [
        (2, "0.1", "0.10"),
        (2, "12345678901234567890.125", "12345678901234567890.13"),
        (0, "0.5", "1"),
        (0, "-0.4", "0"),
        (2, "-9.995", "-10.00"),
        (1, "99.95", "100.0"),
        (2, "1.5e3", "1500.00"),
        (3, "25e-4", "0.003"),
    ] {
        let number: Value = serde_json::from_str(input).unwrap();
        assert_eq!(format(decimals, number), expect, "{input}");
        assert_eq!(format(decimals, json!(input)), format!("\"{expect}\""), "{input} as text");
    }
    for (input, expect) in [("1,234.5", "1234.50"), (".5", "0.50"), ("007", "7.00"), ("+3", "3.00")]
    {
        assert_eq!(format(2, json!(input)), format!("\"{expect}\""));
    }
    for odd in ["1,23", "12,50", "1.2.3", "", "-", "1e99", "£5", "1e"] {
        assert_eq!(format(2, json!(odd)), json!(odd).to_string());
    }
}

#[test]
fn dates_are_read_in_iso_form_only() {
    for (input, expect) in [
        ("2026-01-28", "28.01.2026 00:00:00"),
        ("2026-01-28T14:30:05Z", "28.01.2026 14:30:05"),
        ("2026-01-28T14:30:05.123Z", "28.01.2026 14:30:05"),
        ("2026-01-28 14:30:05", "28.01.2026 14:30:05"),
        ("2026-01-28T14:30:05-05:00", "28.01.2026 14:30:05"),
        ("2026-02-30", "2026-02-30"),
        ("01/28/2026", "01/28/2026"),
        ("20260128", "20260128"),
        ("2026-é", "2026-é"),
    ] {
        let got = run(&json!([{"date":"DD.MM.YYYY HH:mm:ss"}]), Some(json!(input)));
        assert_eq!(got, Some(json!(expect)), "{input}");
    }
}

#[test]
fn words_that_cannot_work_are_refused_with_their_place() {
    for bad in [
        json!("shout"),
        json!(5),
        json!({}),
        json!({"upper":1}),
        json!({"truncate":0}),
        json!({"truncate":"5"}),
        json!({"truncate":5,"upper":1}),
        json!("truncate"),
        json!({"date":"MM/DD/YY"}),
        json!({"date":"DD MMM YYYY"}),
        json!({"date":5}),
        json!({"number":{"decimals":13}}),
        json!({"number":2}),
        json!({"boolean":["Y"]}),
        json!({"map":{}}),
        json!({"map":{"a":[]}}),
        json!({"map":{"a":1,"A":2}}),
        json!({"default":null}),
        json!({"concat":[]}),
        json!({"concat":[{"name":"a"}]}),
        json!({"replace":["","x"]}),
        json!({"split_name":"middle"}),
        json!({"shout":1}),
    ] {
        let problem = Transforms::compile(&[json!("trim"), bad.clone()]).unwrap_err();
        assert_eq!(problem.position, 1, "{bad}");
    }
    assert!(Transforms::compile(&vec![json!("trim"); TRANSFORMS_MAX + 1]).is_err());
}

#[test]
fn texts_do_not_grow_past_the_limit() {
    let words = json!([{"replace":["a","éééééééééé"]}, {"replace":["é","aaaaaaaaaa"]}]);
    let got = run(&words, Some(json!("a".repeat(8_000)))).unwrap();
    assert!(got.as_str().unwrap().len() <= TRANSFORMED_BYTES_MAX);
}

proptest! {
    #[test]
    fn no_value_makes_a_word_panic(text in "\\PC{0,40}|[0-9.,eE+-]{0,20}|[0-9]{4}-.{0,20}") {
        let words = json!([
            "e164", "national", "us_state_code", "us_state_name", {"date":"YYYY"},
            {"number":{"decimals":3}}, {"boolean":["Y","N"]}, "title", "first_name_of",
        ]);
        for word in words.as_array().unwrap() {
            prop_assert!(run(&json!([word]), Some(json!(text))).is_some() || text.is_empty());
        }
    }
}
