use super::*;
use proptest::prelude::*;

fn text() -> FieldSpec {
    FieldSpec::new("note", FieldKind::Text)
}

/// Codes and places of what is wrong with one field.
fn wrong(spec: FieldSpec) -> Vec<(String, &'static str)> {
    check_schema(&[spec]).into_iter().map(|p| (p.field, p.code)).collect()
}

#[test]
fn default_fields_are_a_good_schema() {
    let fields = default_fields();
    assert_eq!(check_schema(&fields), []);
    let names: Vec<_> = fields.iter().map(|f| (f.name.as_str(), f.required)).collect();
    let expect = [("email", true), ("phone", false), ("first_name", false), ("last_name", false)];
    assert_eq!(names, expect);
}

#[test]
fn problems_name_the_setting() {
    let check = |spec: FieldSpec, setting: &str, code: &'static str| {
        assert_eq!(wrong(spec), [(format!("fields[0].{setting}"), code)]);
    };
    for name in ["", "1st", "a b", "é", "a.b", &"x".repeat(NAME_CHARS_MAX + 1)] {
        check(FieldSpec::new(name, FieldKind::Text), "name", "invalid_name");
    }
    for name in ["campaign", "utm_source", "test", "fields", "gclid"] {
        check(FieldSpec::new(name, FieldKind::Text), "name", "reserved_name");
    }
    let number = FieldSpec::new("age", FieldKind::Integer);
    let date = FieldSpec::new("born", FieldKind::Date);
    let choice = FieldSpec::new("size", FieldKind::Choice);
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    check(
        FieldSpec { label: Some("x".repeat(LABEL_CHARS_MAX + 1)), ..text() },
        "label",
        "too_long",
    );
    check(
        FieldSpec { delivery_name: Some(String::new()), ..text() },
        "delivery_name",
        "invalid_name",
    );
    check(
        FieldSpec { delivery_name: Some("a\nb".into()), ..text() },
        "delivery_name",
        "invalid_name",
    );
    check(FieldSpec { max_length: Some(LENGTH_MAX + 1), ..text() }, "max_length", "out_of_range");
    check(FieldSpec { max_length: Some(0), ..text() }, "max_length", "out_of_range");
    check(
        FieldSpec { min_length: Some(5), max_length: Some(4), ..text() },
        "min_length",
        "out_of_range",
    );
    check(FieldSpec { strict: true, ..text() }, "strict", "not_applicable");
    check(FieldSpec { min: Some("1".into()), ..text() }, "min", "not_applicable");
    check(FieldSpec { choices: words(&["a"]), ..text() }, "choices", "not_applicable");
    check(FieldSpec { min: Some("1,000".into()), ..number.clone() }, "min", "invalid_bound");
    check(FieldSpec { max: Some("soon".into()), ..date.clone() }, "max", "invalid_bound");
    check(
        FieldSpec { min: Some("10".into()), max: Some("9".into()), ..number },
        "min",
        "out_of_range",
    );
    let (early, late) = (Some("2026-01-01".to_owned()), Some("2026-12-31".to_owned()));
    check(
        FieldSpec { min: late.clone(), max: early.clone(), ..date.clone() },
        "min",
        "out_of_range",
    );
    assert_eq!(wrong(FieldSpec { min: early, max: late, ..date }), []);
    check(choice.clone(), "choices", "choices_missing");
    check(
        FieldSpec { choices: words(&["a", " "]), ..choice.clone() },
        "choices",
        "invalid_choices",
    );
    check(
        FieldSpec { choices: words(&["S", "s"]), ..choice.clone() },
        "choices",
        "invalid_choices",
    );
    let many = (0..=CHOICES_MAX).map(|i| i.to_string()).collect();
    check(FieldSpec { choices: many, ..choice.clone() }, "choices", "invalid_choices");
    assert_eq!(wrong(FieldSpec { choices: words(&["S", "M"]), ..choice }), []);
}

#[test]
fn patterns_are_bounded() {
    let check = |pattern: &str, good: bool| {
        let problems = wrong(FieldSpec { pattern: Some(pattern.to_owned()), ..text() });
        let expect =
            if good { vec![] } else { vec![("fields[0].pattern".to_owned(), "invalid_pattern")] };
        assert_eq!(problems, expect, "{pattern}");
    };
    check("[a-z]+", true);
    check(r"\d{4}|\p{L}+", true);
    check("(", false);
    check("a)(b", false);
    check("", false);
    check(r"(?=x)", false);
    check(r"\w{1000}{1000}", false);
    check(&"a".repeat(PATTERN_BYTES_MAX), true);
    check(&"a".repeat(PATTERN_BYTES_MAX + 1), false);
}

#[test]
fn names_are_unique_and_few() {
    let problems = check_schema(&[text(), text()]);
    assert_eq!(
        (problems[0].field.as_str(), problems[0].code),
        ("fields[1].name", "duplicate_name")
    );
    let fields = |n: usize| -> Vec<FieldSpec> {
        (0..n).map(|i| FieldSpec::new(&format!("f{i}"), FieldKind::Text)).collect()
    };
    assert_eq!(check_schema(&fields(SCHEMA_FIELDS_MAX)), []);
    assert_eq!(check_schema(&fields(SCHEMA_FIELDS_MAX + 1))[0].code, "too_many_fields");
}

#[test]
fn all_problems_are_told_at_once() {
    let bad = FieldSpec {
        pattern: Some("(".into()),
        strict: true,
        ..FieldSpec::new("", FieldKind::Text)
    };
    let codes: Vec<_> = wrong(bad).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["invalid_name", "not_applicable", "invalid_pattern"]);
}

#[test]
fn shape_in_json_is_the_documented_one() {
    let spec: FieldSpec =
        serde_json::from_str(r#"{"name":"email","type":"email","required":true}"#).unwrap();
    assert_eq!(spec, FieldSpec { required: true, ..FieldSpec::new("email", FieldKind::Email) });
}

proptest! {
    #[test]
    fn any_schema_is_checked(name in "\\PC{0,8}", pattern in "[\\[\\](){}*+?|\\\\a-z0-9,]{0,24}", min in "\\PC{0,8}") {
        for kind in [FieldKind::Text, FieldKind::Number, FieldKind::Date, FieldKind::Choice] {
            let spec = FieldSpec {
                pattern: Some(pattern.clone()),
                min: Some(min.clone()),
                choices: vec![min.clone()],
                ..FieldSpec::new(&name, kind)
            };
            let _ = check_schema(&[spec]);
        }
    }
}
