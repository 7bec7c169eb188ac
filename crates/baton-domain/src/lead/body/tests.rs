use super::*;
use crate::lead::LeadData;
use proptest::prelude::*;
use serde_json::json;

fn read(text: &str) -> Body {
    read_json(text.as_bytes()).unwrap_or_else(|problem| panic!("{problem}: {text}"))
}

fn refused(bytes: &[u8]) -> BodyProblem {
    match read_json(bytes) {
        Ok(_) => panic!("{} was taken", String::from_utf8_lossy(&bytes[..bytes.len().min(100)])),
        Err(problem) => problem,
    }
}

fn names(body: &Body) -> Vec<&str> {
    body.fields.0.keys().map(String::as_str).collect()
}

#[test]
fn flat_body_is_sorted() {
    let body = read(
        r#"{"email":"jane@example.com","campaign":"SOLAR-UK","utm_source":"ads","gclid":"g1",
            "sub_id2":"s","ip_address":"203.0.113.7","page_url":"https://a.example","test":true,
            "partial":"yes","lead_key":"k1","seq":"3","optin_at":"now","colour":"blue"}"#,
    );
    assert_eq!(names(&body), ["email", "colour"]);
    assert_eq!(body.claims.ip_address.as_deref(), Some("203.0.113.7"));
    assert_eq!(body.claims.page_url.as_deref(), Some("https://a.example"));
    assert_eq!(body.claims.optin_at.as_deref(), Some("now"));
    assert_eq!(
        Value::Object(body.claims.tracking),
        json!({"utm_source": "ads", "gclid": "g1", "sub_id2": "s"})
    );
    let control = Control {
        campaign: Some("SOLAR-UK".to_owned()),
        test: true,
        partial: true,
        lead_key: Some("k1".to_owned()),
        seq: Some(3),
    };
    assert_eq!(body.control, control);
}

#[test]
fn body_in_parts_means_the_same_as_a_flat_one() {
    let flat = read(r#"{"email":"a@b.example","utm_source":"x","user_agent":"ua","seq":1}"#);
    let check = |text: &str| assert!(read(text) == flat, "{text}");
    check(
        r#"{"fields":{"email":"a@b.example"},"context":{"utm_source":"x","user_agent":"ua"},"seq":1}"#,
    );
    check(r#"{"fields":{"email":"a@b.example","utm_source":"x"},"user_agent":"ua","seq":1}"#);
    check(r#"{"email":"a@b.example","context":{"utm_source":"x","user_agent":"ua","seq":1}}"#);
    check(
        r#"{"fields":{"email":"a@b.example","utm_source":"x","seq":1,"user_agent":"ua"},"context":null}"#,
    );
}

#[test]
fn unknown_keys_are_kept() {
    let body = read(
        r#"{"fields":{"a":{"b":[1,null]}},"note":"x","context":{"screen":"wide","ip":"::1"}}"#,
    );
    assert_eq!(body.fields.get("a"), Some(&json!({"b": [1, null]})));
    assert_eq!(body.fields.get("note"), Some(&json!("x")));
    assert_eq!(body.claims.tracking.get("screen"), Some(&json!("wide")));
    assert_eq!(body.claims.ip_address.as_deref(), Some("::1"));
    let body = read(r#"{"fields":"wheat","context":"rural","ip":"x"}"#);
    assert_eq!(names(&body), ["fields", "context", "ip"]);
}

#[test]
fn other_names_of_certificates_count_when_the_usual_ones_are_empty() {
    let body =
        read(r#"{"XXTRUSTEDFORMCERTURL":"https://cert.trustedform.com/1","leadid_token":"j"}"#);
    assert_eq!(body.claims.trustedform_cert_url.as_deref(), Some("https://cert.trustedform.com/1"));
    assert_eq!(body.claims.jornaya_leadid.as_deref(), Some("j"));
    let body = read(r#"{"universal_leadid":"other","jornaya_leadid":"own","leadid_token":""}"#);
    assert_eq!(body.claims.jornaya_leadid.as_deref(), Some("own"));
    assert!(body.fields.0.is_empty());
}

#[test]
fn reserved_keys_with_nothing_in_them_are_absent() {
    let body = read(
        r#"{"campaign":"","test":null,"seq":" ","utm_source":"","page_url":[],"lead_key":null}"#,
    );
    assert!(body == Body::default());
}

#[test]
fn numbers_keep_their_digits() {
    for digits in ["123456789012345678901234567890", "0.10", "-0", "1e+400", "1.50e-7", "12.0"] {
        let body = read(&format!(r#"{{"n":{digits}}}"#));
        assert_eq!(body.fields.text("n").as_deref(), Some(digits));
    }
    assert_eq!(read(r#"{"n":1E400}"#).fields.text("n").as_deref(), Some("1e+400"));
}

#[test]
fn bodies_that_cannot_be_read_say_why() {
    let check = |bytes: &[u8], code: &str, field: Option<&str>| {
        let problem = refused(bytes);
        assert_eq!((problem.code(), problem.field.as_deref()), (code, field), "{problem}");
    };
    check(b"", "malformed_json", None);
    check(b" \n", "malformed_json", None);
    check(b"{", "malformed_json", None);
    check(b"{\"a\":1,}", "malformed_json", None);
    check(b"{'a':1}", "malformed_json", None);
    check(b"{\"a\":1} x", "malformed_json", None);
    check(b"{\"a\":01}", "malformed_json", None);
    check(b"{\"a\":NaN}", "malformed_json", None);
    check(br#"{"a":"\ud800"}"#, "malformed_json", None);
    check(b"email=a", "malformed_json", None);
    check(b"[]", "not_an_object", None);
    check(b"\"text\"", "not_an_object", None);
    check(b"12", "not_an_object", None);
    check(b"null", "not_an_object", None);
    check(b"{\"a\":\"\xff\"}", "invalid_utf8", None);
    check(br#"{"a":"x\u0000y"}"#, "nul_character", Some("a"));
    check(br#"{"a":{"b":["\u0000"]}}"#, "nul_character", Some("a"));
    check(br#"{"x\u0000y":1}"#, "nul_character", None);
    check(br#"{"":1}"#, "invalid_key", None);
    check(br#"{"a":1,"a":1}"#, "duplicate_key", Some("a"));
    check(br#"{"a":{"b":1,"b":2}}"#, "duplicate_key", Some("b"));
    check(br#"{"a":1,"fields":{"a":1}}"#, "duplicate_key", Some("a"));
    check(br#"{"seq":1,"fields":{"seq":1}}"#, "duplicate_key", Some("seq"));
    check(br#"{"utm_id":1,"context":{"utm_id":1}}"#, "duplicate_key", Some("utm_id"));
    check(br#"{"test":"perhaps"}"#, "wrong_type", Some("test"));
    check(br#"{"partial":2}"#, "wrong_type", Some("partial"));
    check(br#"{"seq":-1}"#, "wrong_type", Some("seq"));
    check(br#"{"seq":1.5}"#, "wrong_type", Some("seq"));
    check(br#"{"seq":99999999999999999999}"#, "wrong_type", Some("seq"));
    check(br#"{"campaign":{"id":1}}"#, "wrong_type", Some("campaign"));
    check(br#"{"page_url":{}}"#, "wrong_type", Some("page_url"));
}

#[test]
fn place_of_the_damage_is_named() {
    let check = |text: &str, place: &str| {
        let problem = refused(text.as_bytes());
        assert!(problem.message.contains(place), "{problem}");
    };
    check("{\"a\": 1,\n \"b\": oops}", "line 2 column 7");
    check("{\"a\": 1,\n \"a\": 2}", "line 2 column");
    check("{\"a\": \"x", "line 1 column 8");
}

#[test]
fn no_value_is_shown_in_a_problem() {
    for text in
        [r#"{"a":"secret"#, r#"{"a":"secret"]"#, r#"{"test":"secret"}"#, r#"{"a":"secret\u0000"}"#]
    {
        assert!(!refused(text.as_bytes()).message.contains("secret"), "{text}");
    }
}

#[test]
fn limits_hold_at_their_edges() {
    let taken = |text: String| drop(read(&text));
    let check = |text: String, code: &str| assert_eq!(refused(text.as_bytes()).code(), code);

    let with_fields = |n: usize| {
        let fields: Vec<String> = (0..n).map(|i| format!("\"f{i}\":{i}")).collect();
        format!("{{\"utm_source\":\"x\",\"seq\":1,{}}}", fields.join(","))
    };
    taken(with_fields(FIELDS_MAX));
    check(with_fields(FIELDS_MAX + 1), "too_many_fields");
    check(with_fields(3000), "too_many_fields");
    let utm: Vec<String> = (0..=TRACKING_MAX).map(|i| format!("\"utm_{i}\":1")).collect();
    check(format!("{{{}}}", utm.join(",")), "too_many_fields");

    taken(format!("{{\"{}\":1}}", "k".repeat(KEY_BYTES_MAX)));
    check(format!("{{\"{}\":1}}", "k".repeat(KEY_BYTES_MAX + 1)), "invalid_key");
    taken(format!("{{\"a\":\"{}\"}}", "v".repeat(VALUE_BYTES_MAX)));
    check(format!("{{\"a\":\"{}\"}}", "v".repeat(VALUE_BYTES_MAX + 1)), "value_too_long");
    check(format!("{{\"a\":\"{}\"}}", "é".repeat(VALUE_BYTES_MAX / 2 + 1)), "value_too_long");
    check(format!("{{\"a\":[\"{}\"]}}", "v".repeat(VALUE_BYTES_MAX)), "value_too_long");
    check(format!("{{\"a\":{}}}", "9".repeat(VALUE_BYTES_MAX + 1)), "value_too_long");
    check(format!("{{\"utm_x\":\"{}\"}}", "v".repeat(VALUE_BYTES_MAX + 1)), "value_too_long");
    check(format!("{{\"lead_key\":\"{}\"}}", "v".repeat(KEY_BYTES_MAX + 1)), "value_too_long");

    let nested =
        |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    taken(nested(DEPTH_MAX));
    check(nested(DEPTH_MAX + 1), "too_deep");
    check(nested(10_000), "too_deep");
    check("[".repeat(10_000), "too_deep");
    check("{\"a\":".repeat(10_000), "too_deep");

    let padded = |bytes: usize| format!("{{\"a\":1{}}}", " ".repeat(bytes - 7));
    taken(padded(CAPTURE_BODY_BYTES_MAX));
    check(padded(CAPTURE_BODY_BYTES_MAX + 1), "body_too_large");
}

#[test]
fn keys_private_to_the_parser_are_refused() {
    let check = |text: &str| assert_eq!(refused(text.as_bytes()).code(), "invalid_key", "{text}");
    check(r#"{"a":{"$serde_json::private::Number":"x"}}"#);
    check(r#"{"a":{"$serde_json::private::Number":"1","b":1}}"#);
    check(r#"{"a":{"$serde_json::private::RawValue":"[1]"}}"#);
    check(r#"{"a":{"b":1,"$serde_json::private::Number":"1"}}"#);
    check(r#"{"$serde_json::private::RawValue":"[1]"}"#);
}

#[test]
fn byte_order_mark_is_passed_over() {
    assert_eq!(names(&read("\u{FEFF}{\"a\":1}")), ["a"]);
}

#[test]
fn forms_are_read() {
    let body = read_form(b"email=jane%40example.com&name=J%C3%A4n+E%2B&x=1&x=2&x=3&&=&utm_source=a&test=0&test=1&half=100%&q").unwrap();
    assert_eq!(
        Value::Object(body.fields.0),
        json!({"email": "jane@example.com", "name": "Jän E+", "x": ["1", "2", "3"], "half": "100%", "q": ""})
    );
    assert_eq!(Value::Object(body.claims.tracking), json!({"utm_source": "a"}));
    assert!(body.control.test);
    assert!(read_form(b"").unwrap() == Body::default());
}

#[test]
fn forms_that_cannot_be_read_say_why() {
    let check = |bytes: &[u8], code: &str| assert_eq!(read_form(bytes).unwrap_err().code(), code);
    check(b"a=%ff", "invalid_utf8");
    check(b"%ff=a", "invalid_utf8");
    check(b"a=%00", "nul_character");
    check(b"%00=a", "nul_character");
    check(b"=a", "invalid_key");
    check(b"$serde_json::private::Number=1", "invalid_key");
    check(&b"&a=1".repeat(OBJECT_KEYS_MAX + 1), "too_many_fields");
    check(&b"x".repeat(CAPTURE_BODY_BYTES_MAX + 1), "body_too_large");
    check(&[b"a=".as_slice(), &b"x".repeat(VALUE_BYTES_MAX + 1)].concat(), "value_too_long");
    check(b"partial=maybe", "wrong_type");
}

#[test]
fn reserved_names() {
    for key in [
        "campaign",
        "test",
        "utm_anything",
        "sub_id",
        "sub_id9",
        "gclid",
        "fields",
        "XxTrustedFormCertURL",
        "leadid_token",
    ] {
        assert!(is_reserved(key), "{key}");
    }
    for key in ["email", "utm", "Test", "ip", "source", "id"] {
        assert!(!is_reserved(key), "{key}");
    }
}

#[test]
fn debug_shows_no_value() {
    let body =
        read(r#"{"email":"jane@example.com","ip_address":"203.0.113.7","utm_term":"loans"}"#);
    let shown = format!("{body:?}");
    for value in ["jane", "203.0", "loans"] {
        assert!(!shown.contains(value), "{shown}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,20})?(e-?[1-9][0-9]{0,3})?"
            .prop_map(|digits| Value::Number(digits.parse().unwrap())),
        "\\PC{0,12}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map("[a-z_]{1,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_body() -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof!["[a-z_]{1,8}", Just("fields".to_owned()), Just("utm_x".to_owned())];
    proptest::collection::btree_map(key, any_json(), 0..8).prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_json(&bytes);
        let _ = read_form(&bytes);
    }

    #[test]
    fn any_json_like_text_is_read_or_refused(text in "[\\[\\]{}\",:0-9eE+.\\\\u\\-atrue n]{0,80}") {
        if let (Ok(_), Err(error)) = (read_json(text.as_bytes()), serde_json::from_str::<Value>(&text)) {
            prop_assert!(false, "taken but not JSON: {error}");
        }
    }

    #[test]
    fn what_is_read_is_what_was_sent(object in any_body()) {
        let sent = Value::Object(object).to_string();
        if let Ok(read) = parse_object(sent.as_bytes(), CAPTURE_BODY_BYTES_MAX) {
            prop_assert_eq!(Value::Object(read).to_string(), sent);
        } else {
            prop_assert!(false, "refused: {}", sent);
        }
    }

    #[test]
    fn lead_data_is_stored_exactly(object in any_body()) {
        let Ok(body) = sort(object) else { return Ok(()) };
        let context = crate::lead::Context { tracking: body.claims.tracking, ..Default::default() };
        let data = LeadData { raw: body.fields, context, ..LeadData::default() };
        let stored = serde_json::to_string(&data).unwrap();
        let back: LeadData = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(serde_json::to_string(&back).unwrap(), stored);
        prop_assert!(back == data);
    }
}
