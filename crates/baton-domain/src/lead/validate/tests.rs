use super::*;
use crate::lead::schema::default_fields;
use proptest::prelude::*;
use serde_json::json;

fn spec(kind: FieldKind) -> FieldSpec {
    FieldSpec::new("f", kind)
}

fn fields(value: Value) -> FieldMap {
    match value {
        Value::Object(map) => FieldMap(map),
        _ => panic!("an object is expected"),
    }
}

fn run(
    specs: &[FieldSpec],
    country: Option<&str>,
    raw: &FieldMap,
    mode: Mode,
) -> Result<Validated, Vec<FieldProblem>> {
    validate(&CompiledSchema::compile(specs).unwrap(), country, raw, mode)
}

/// The field's value after validation, or the code of its problem.
fn outcome(spec: &FieldSpec, country: Option<&str>, value: Value) -> Result<Value, &'static str> {
    let raw = fields(json!({ "f": value }));
    match run(std::slice::from_ref(spec), country, &raw, Mode::Complete) {
        Ok(found) => Ok(found.normal.get("f").or(raw.get("f")).unwrap().clone()),
        Err(problems) => Err(problems[0].code),
    }
}

/// Checks a table of one kind: what comes and what becomes of it.
fn table<const N: usize>(
    spec: &FieldSpec,
    country: Option<&str>,
    rows: [(Value, Result<Value, &'static str>); N],
) {
    for (input, expect) in rows {
        assert_eq!(outcome(spec, country, input.clone()), expect, "{input} as {:?}", spec.kind);
    }
}

#[test]
fn text() {
    table(
        &spec(FieldKind::Text),
        None,
        [
            (json!("Jane"), Ok(json!("Jane"))),
            (json!("  Jane\n"), Ok(json!("Jane"))),
            (json!("\u{FEFF}Zoë 👋"), Ok(json!("Zoë 👋"))),
            (json!("   "), Ok(json!("   "))),
            (json!(null), Ok(json!(null))),
            (json!(42), Ok(json!(42))),
            (json!(true), Ok(json!(true))),
            (json!(["a"]), Err("wrong_type")),
            (json!({"a": 1}), Err("wrong_type")),
        ],
    );
}

#[test]
fn email() {
    table(
        &spec(FieldKind::Email),
        None,
        [
            (json!(" Jane@Example.COM "), Ok(json!("Jane@example.com"))),
            (json!("jane@münchen.de"), Ok(json!("jane@münchen.de"))),
            (json!("jane"), Err("invalid_email")),
            (json!("jane@example"), Err("invalid_email")),
            (json!(5), Err("invalid_email")),
        ],
    );
}

#[test]
fn phone() {
    table(
        &spec(FieldKind::Phone),
        Some("GB"),
        [
            (json!("07700 900123"), Ok(json!("+447700900123"))),
            (json!("+1 (512) 555-0100"), Ok(json!("+15125550100"))),
            (json!(7700900123u64), Ok(json!("+447700900123"))),
            (json!("+44 791234567"), Ok(json!("+44791234567"))),
            (json!("12"), Err("invalid_phone")),
            (json!("no thanks"), Err("invalid_phone")),
        ],
    );
    let strict = FieldSpec { strict: true, ..spec(FieldKind::Phone) };
    table(
        &strict,
        Some("GB"),
        [
            (json!("07912 345678"), Ok(json!("+447912345678"))),
            (json!("+44 791234567"), Err("invalid_phone")),
        ],
    );
    table(
        &spec(FieldKind::Phone),
        None,
        [
            (json!("512 555 0100"), Ok(json!("512 555 0100"))),
            (json!("+15125550100"), Ok(json!("+15125550100"))),
        ],
    );
    table(&strict, None, [(json!("512 555 0100"), Err("invalid_phone"))]);
    table(&strict, Some("US"), [(json!("555-0100"), Err("invalid_phone"))]);
}

#[test]
fn what_is_known_of_a_phone_is_noted() {
    let check = |value: &str, expect: Value| {
        let raw = fields(json!({ "f": value }));
        let found = run(&[spec(FieldKind::Phone)], Some("GB"), &raw, Mode::Complete).unwrap();
        assert_eq!(found.notes.get("f"), Some(&expect), "{value}");
    };
    check("07912 345678", json!({"valid": true, "type": "mobile", "country": "GB"}));
    check("+44 791234567", json!({"valid": false, "type": "unknown"}));
    check(
        "+44 20 7946 0018 x12",
        json!({"valid": true, "type": "fixed_line", "country": "GB", "extension": "12"}),
    );
    check("+1 555 0100", json!({"valid": false, "type": "unknown", "doubt": "area_code_missing"}));
}

#[test]
fn number() {
    let digits = |text: &str| Value::Number(text.parse().unwrap());
    let ranged = FieldSpec {
        min: Some("0.5".into()),
        max: Some("1000000000000000000000".into()),
        ..spec(FieldKind::Number)
    };
    table(
        &ranged,
        None,
        [
            (json!("1250.50"), Ok(digits("1250.50"))),
            (json!(" +7 "), Ok(digits("7"))),
            (digits("12.10"), Ok(digits("12.10"))),
            (json!("0.5"), Ok(digits("0.5"))),
            (json!("1000000000000000000000"), Ok(digits("1000000000000000000000"))),
            (json!("0.49999999999999999999999"), Err("out_of_range")),
            (json!("1000000000000000000000.1"), Err("out_of_range")),
            (json!("-1"), Err("out_of_range")),
            (json!("1,250"), Err("not_a_number")),
            (json!("£5"), Err("not_a_number")),
            (json!("NaN"), Err("not_a_number")),
            (json!(true), Err("not_a_number")),
            (json!([1]), Err("wrong_type")),
        ],
    );
}

#[test]
fn integer() {
    let adult =
        FieldSpec { min: Some("18".into()), max: Some("99".into()), ..spec(FieldKind::Integer) };
    table(
        &adult,
        None,
        [
            (json!("18"), Ok(json!(18))),
            (json!(99), Ok(json!(99))),
            (json!("021"), Ok(json!(21))),
            (json!("17"), Err("out_of_range")),
            (json!("100"), Err("out_of_range")),
            (json!("18.0"), Err("not_an_integer")),
            (json!("1e2"), Err("not_an_integer")),
            (json!("twenty"), Err("not_an_integer")),
        ],
    );
}

#[test]
fn boolean() {
    table(
        &spec(FieldKind::Boolean),
        None,
        [
            (json!(true), Ok(json!(true))),
            (json!("Yes"), Ok(json!(true))),
            (json!("on"), Ok(json!(true))),
            (json!(1), Ok(json!(true))),
            (json!("N"), Ok(json!(false))),
            (json!("off"), Ok(json!(false))),
            (json!("0"), Ok(json!(false))),
            (json!("perhaps"), Err("not_a_boolean")),
            (json!(2), Err("not_a_boolean")),
        ],
    );
}

#[test]
fn date() {
    let kind = spec(FieldKind::Date);
    for country in [Some("GB"), None] {
        table(
            &kind,
            country,
            [
                (json!("1990-05-17"), Ok(json!("1990-05-17"))),
                (json!("03/04/1990"), Ok(json!("1990-04-03"))),
                (json!("1990-05-17T10:00:00Z"), Ok(json!("1990-05-17"))),
                (json!("12/25/1990"), Err("invalid_date")),
                (json!("1990-02-30"), Err("invalid_date")),
                (json!("yesterday"), Err("invalid_date")),
            ],
        );
    }
    table(&kind, Some("us"), [(json!("03/04/1990"), Ok(json!("1990-03-04")))]);
    let born = FieldSpec {
        min: Some("1920-01-01".into()),
        max: Some("2008-01-28".into()),
        ..spec(FieldKind::Date)
    };
    table(
        &born,
        None,
        [
            (json!("1920-01-01"), Ok(json!("1920-01-01"))),
            (json!("28/01/2008"), Ok(json!("2008-01-28"))),
            (json!("1919-12-31"), Err("out_of_range")),
            (json!("29/01/2008"), Err("out_of_range")),
        ],
    );
}

#[test]
fn choice() {
    let choices = vec!["Small".into(), "Very Large".into(), "10".into()];
    table(
        &FieldSpec { choices, ..spec(FieldKind::Choice) },
        None,
        [
            (json!("small"), Ok(json!("Small"))),
            (json!(" VERY  large"), Ok(json!("Very Large"))),
            (json!(10), Ok(json!("10"))),
            (json!("medium"), Err("not_a_choice")),
            (json!(["small"]), Err("wrong_type")),
        ],
    );
}

#[test]
fn places() {
    let (postcode, country) = (spec(FieldKind::Postcode), spec(FieldKind::Country));
    let state = spec(FieldKind::State);
    table(
        &postcode,
        Some("GB"),
        [(json!("m11aa"), Ok(json!("M1 1AA"))), (json!("78701"), Err("invalid_postcode"))],
    );
    table(&postcode, Some("US"), [(json!(78701), Ok(json!("78701")))]);
    table(
        &country,
        Some("GB"),
        [
            (json!("uk"), Ok(json!("GB"))),
            (json!("deu"), Ok(json!("DE"))),
            (json!("France"), Ok(json!("FR"))),
            (json!("Narnia"), Err("invalid_country")),
        ],
    );
    table(
        &state,
        Some("US"),
        [
            (json!("texas"), Ok(json!("TX"))),
            (json!("tx"), Ok(json!("TX"))),
            (json!("Ontario"), Err("invalid_state")),
        ],
    );
    table(&state, Some("CA"), [(json!("Ontario"), Ok(json!("ON")))]);
    table(&state, Some("GB"), [(json!("Kent"), Ok(json!("Kent")))]);
}

#[test]
fn country_of_the_lead_goes_before_that_of_the_campaign_for_its_address() {
    let named = |name: &str, kind| FieldSpec::new(name, kind);
    let specs = [
        named("zip", FieldKind::Postcode),
        named("state", FieldKind::State),
        named("phone", FieldKind::Phone),
        named("country", FieldKind::Country),
    ];
    let raw = fields(
        json!({"zip": "787011234", "state": "texas", "phone": "07700900123", "country": "USA"}),
    );
    let found = run(&specs, Some("GB"), &raw, Mode::Complete).unwrap();
    let expect =
        json!({"zip": "78701-1234", "state": "TX", "phone": "+447700900123", "country": "US"});
    assert_eq!(found.normal, fields(expect));
    let raw = fields(json!({"phone": "5125550100", "country": "US"}));
    let found = run(&specs, None, &raw, Mode::Complete).unwrap();
    assert_eq!(found.normal, fields(json!({"phone": "+15125550100"})));
}

#[test]
fn url() {
    table(
        &spec(FieldKind::Url),
        None,
        [
            (json!(" https://example.com/a?b=c#d "), Ok(json!("https://example.com/a?b=c#d"))),
            (json!("HTTP://example.com"), Ok(json!("HTTP://example.com"))),
            (json!("https://münchen.de"), Ok(json!("https://münchen.de"))),
            (json!("http://é.example"), Ok(json!("http://é.example"))),
            (json!("example.com"), Err("invalid_url")),
            (json!("http:example.com"), Err("invalid_url")),
            (json!("ftp://example.com"), Err("invalid_url")),
            (json!("javascript:alert(1)"), Err("invalid_url")),
            (json!("https://"), Err("invalid_url")),
            (json!("https://exa mple.com"), Err("invalid_url")),
        ],
    );
}

#[test]
fn consent() {
    let free = spec(FieldKind::Consent);
    let required = FieldSpec { required: true, ..free.clone() };
    table(
        &free,
        None,
        [
            (json!("on"), Ok(json!(true))),
            (json!("I agree"), Ok(json!(true))),
            (json!("no"), Ok(json!(false))),
            (json!(""), Ok(json!(""))),
            (json!("what"), Err("not_a_boolean")),
        ],
    );
    table(
        &required,
        None,
        [
            (json!(true), Ok(json!(true))),
            (json!("accepted"), Ok(json!(true))),
            (json!(false), Err("consent_required")),
            (json!("off"), Err("consent_required")),
            (json!(""), Err("required")),
            (json!(null), Err("required")),
        ],
    );
}

#[test]
fn length_counts_characters_of_the_normal_form() {
    let short = FieldSpec { min_length: Some(2), max_length: Some(3), ..spec(FieldKind::Text) };
    table(
        &short,
        None,
        [
            (json!("é "), Err("too_short")),
            (json!("éé"), Ok(json!("éé"))),
            (json!("  ééé "), Ok(json!("ééé"))),
            (json!("éééé"), Err("too_long")),
            (json!(1234), Err("too_long")),
            (json!(""), Ok(json!(""))),
        ],
    );
}

#[test]
fn pattern_must_match_all_of_the_value() {
    let either = FieldSpec { pattern: Some("ab|cd".into()), ..spec(FieldKind::Text) };
    table(
        &either,
        None,
        [
            (json!("ab"), Ok(json!("ab"))),
            (json!("cd"), Ok(json!("cd"))),
            (json!("abd"), Err("pattern_mismatch")),
            (json!("xcd"), Err("pattern_mismatch")),
            (json!("ab\ncd"), Err("pattern_mismatch")),
        ],
    );
    let british = FieldSpec { pattern: Some(r"\+44\d+".into()), ..spec(FieldKind::Phone) };
    table(
        &british,
        Some("GB"),
        [
            (json!("07700 900123"), Ok(json!("+447700900123"))),
            (json!("+15125550100"), Err("pattern_mismatch")),
        ],
    );
}

#[test]
fn every_refused_field_is_told_in_order() {
    let raw = fields(json!({"phone": "1", "first_name": ["x"], "extra": {"kept": []}}));
    let problems = run(&default_fields(), Some("GB"), &raw, Mode::Complete).unwrap_err();
    let told: Vec<_> = problems.iter().map(|p| (p.field.as_str(), p.code)).collect();
    assert_eq!(
        told,
        [("email", "required"), ("phone", "invalid_phone"), ("first_name", "wrong_type")]
    );
}

#[test]
fn partial_lead_needs_only_values_of_their_kind() {
    let email = FieldSpec { required: true, ..FieldSpec::new("email", FieldKind::Email) };
    let age = FieldSpec { min: Some("18".into()), ..FieldSpec::new("age", FieldKind::Integer) };
    let code = FieldSpec { min_length: Some(5), ..FieldSpec::new("code", FieldKind::Text) };
    let terms = FieldSpec { required: true, ..FieldSpec::new("terms", FieldKind::Consent) };
    let specs = [email, age, code, terms];
    let partial = |value: Value| run(&specs, None, &fields(value), Mode::Partial);
    let found = partial(json!({"age": "12", "code": "ab", "terms": "no"})).unwrap();
    assert_eq!(found.normal, fields(json!({"age": 12, "terms": false})));
    assert!(partial(json!({})).is_ok());
    let problems = partial(json!({"email": "jane@", "age": "old"})).unwrap_err();
    let codes: Vec<_> = problems.iter().map(|p| p.code).collect();
    assert_eq!(codes, ["invalid_email", "not_an_integer"]);
}

#[test]
fn normal_has_only_what_differs_and_nothing_unknown() {
    let raw = fields(json!({"email": "jane@example.com", "first_name": " Jane ", "extra": " x "}));
    let found = run(&default_fields(), None, &raw, Mode::Complete).unwrap();
    assert_eq!(found.normal, fields(json!({"first_name": "Jane"})));
    assert_eq!(found.notes, FieldMap::new());
}

#[test]
fn problems_do_not_show_the_value() {
    let kinds = every_kind();
    let raw: FieldMap = kinds.iter().map(|s| (s.name.clone(), json!("s3cret\u{1}"))).collect();
    for problem in run(&kinds, Some("US"), &raw, Mode::Complete).unwrap_err() {
        assert!(!problem.to_string().contains("s3cret"), "{problem}");
    }
}

/// A field of every kind; patterns and ranges are left to other tests.
fn every_kind() -> Vec<FieldSpec> {
    use FieldKind::*;
    let kinds = [
        Text, Email, Phone, Number, Integer, Boolean, Date, Choice, Postcode, Country, State, Url,
        Consent,
    ];
    let choices = |kind| match kind {
        Choice => vec!["Small".to_owned(), "10".to_owned()],
        _ => Vec::new(),
    };
    let named = |(at, kind): (usize, FieldKind)| FieldSpec {
        choices: choices(kind),
        ..FieldSpec::new(&format!("f{at}"), kind)
    };
    kinds.into_iter().enumerate().map(named).collect()
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "\\PC{0,24}".prop_map(Value::String),
        "[-+]?[0-9]{1,12}([./ -][0-9]{1,4}){0,2}".prop_map(Value::String),
        "[a-zéß.]{1,6}@[a-zA-ZÄİß-]{1,6}\\.[a-z]{2,4}".prop_map(Value::String),
        "https?://\\PC{0,12}".prop_map(Value::String),
        "[A-Za-z ]{1,16}".prop_map(Value::String),
        proptest::sample::select(vec![
            "yes", "OFF", "uk", "Texas", "ontario", "m1 1aa", "small", " "
        ])
        .prop_map(|word| Value::String(word.to_owned())),
        any::<f64>().prop_map(Value::from),
        any::<u32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(json!(null)),
        Just(json!(["x", {}])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_value_of_any_kind_is_decided_and_normalising_twice_is_normalising_once(
        value in any_value(),
        country in proptest::option::of(proptest::sample::select(vec!["GB", "US", "CA", "DE", "xx"])),
        partial in any::<bool>(),
    ) {
        let mode = if partial { Mode::Partial } else { Mode::Complete };
        for spec in every_kind() {
            let raw: FieldMap = [(spec.name.clone(), value.clone())].into_iter().collect();
            let Ok(once) = run(std::slice::from_ref(&spec), country, &raw, mode) else { continue };
            let mut view = raw.clone();
            for (name, normal) in once.normal.0 {
                view.set(name, normal);
            }
            let twice = run(std::slice::from_ref(&spec), country, &view, mode);
            let twice = twice.map(|found| found.normal);
            prop_assert_eq!(twice, Ok(FieldMap::new()), "{:?} {}", spec.kind, value);
        }
    }
}
