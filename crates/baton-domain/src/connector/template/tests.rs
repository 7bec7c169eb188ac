use super::*;
use proptest::prelude::*;
use serde_json::json;

fn run(source: &str, context: Json, format: Format) -> Result<String, String> {
    check(source, format)?;
    let context = context.as_object().unwrap();
    render(source, context, Payload::of(context), format, 10_000)
}

#[test]
fn values_are_escaped_for_the_format() {
    let text = r#"{"n":"A\"b\n<&é","i":41,"d":12.50,"t":true,"l":["x",2],"o":{"k":"v"}}"#;
    let lead = || serde_json::from_str::<Json>(text).unwrap();
    for (format, source, expect) in [
        (
            Format::Json,
            r#"{"a":"{{ n }}","b":{{ n }},"c":"Hi {{ n }}!"}"#,
            r#"{"a":"A\"b\n<&é","b":"A\"b\n<&é","c":"Hi A\"b\n<&é!"}"#,
        ),
        (
            Format::Json,
            r#"{"i":{{ i }},"d":{{ d }},"t":{{ t }},"is":"{{ d }}"}"#,
            r#"{"i":41,"d":12.50,"t":true,"is":"12.50"}"#,
        ),
        (
            Format::Json,
            r#"{"x":"{{ gone }}","y":{{ gone }},"z":{{ gone.deeper }}}"#,
            r#"{"x":"","y":null,"z":null}"#,
        ),
        (
            Format::Json,
            r#"{"l":{{ l }},"o":"{{ o }}","e":"\"{{ i }}"}"#,
            r#"{"l":["x",2],"o":"{\"k\":\"v\"}","e":"\"41"}"#,
        ),
        (
            Format::Json,
            r#"[{% for x in l %}"{{ x }}"{% if not loop.last %},{% endif %}{% endfor %}]"#,
            r#"["x","2"]"#,
        ),
        (
            Format::Xml,
            "<a b=\"{{ n }}\">{{ n|upper }}{{ gone }}{{ d }}</a>",
            "<a b=\"A&quot;b\n&lt;&amp;é\">A&quot;B\n&lt;&amp;É12.50</a>",
        ),
        (Format::Form, "a={{ n }}&i={{ i }}", "a=A%22b%0A%3C%26%C3%A9&i=41"),
        (Format::Text, "{{ n|trim }} {{ gone|default('-') }}", "A\"b\n<&é -"),
    ] {
        assert_eq!(run(source, lead(), format), Ok(expect.to_owned()), "{source}");
    }
}

#[test]
fn what_can_never_be_of_its_format_is_refused_at_once() {
    let no_json = |line: u32, column: u32| {
        Err(format!(
            "gives no JSON: line {line}, column {column} of what it writes, whatever the lead"
        ))
    };
    for (format, source, expect) in [
        (Format::Json, r#"{"a":"{{ a }}",}"#, no_json(1, 10)),
        (Format::Json, r#"{"a":{{ a }}"#, no_json(1, 8)),
        (Format::Json, r#"{"a":{{ a }} "b":{{ b }}}"#, no_json(1, 10)),
        (Format::Json, "email={{ email }}", no_json(1, 1)),
        (Format::Json, r#"{{ '{"a":1' }} }"#, no_json(1, 12)),
        // Those that do for some lead.
        (Format::Json, r#"{"a":{{ a.b[0].c }}}"#, Ok(())),
        (Format::Json, r#"{"n":{{ a|number }},"u":"{{ a|upper|trim|title }}"}"#, Ok(())),
        (Format::Json, r#"{{ payload }}"#, Ok(())),
        (
            Format::Json,
            r#"{"l":[{% for x in l %}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}]}"#,
            Ok(()),
        ),
        (Format::Json, r#"{"l":[{% for x in l %}{{ x }},{% endfor %}]}"#, Ok(())),
        (Format::Json, r#"{"a":{% if a %}{{ a|first }}{% endif %}}"#, Ok(())),
        (Format::Json, r#"{"a":{% if a == b and a > 1 %}1{% endif %}}"#, Ok(())),
        (Format::Json, r#"{"a":"{{ a|join(', ') }}","n":{{ a|length }}}"#, Ok(())),
        (
            Format::Xml,
            "<a>{{ a }}</b>",
            Err("gives no well-formed XML, whatever the lead".to_owned()),
        ),
        (Format::Xml, "<a>{{ a }}{% for x in l %}<i>{{ x }}</i>{% endfor %}</a>", Ok(())),
        (Format::Text, r#"{"a":"{{ a }}",}"#, Ok(())),
    ] {
        assert_eq!(check(source, format), expect, "{source}");
    }
}

#[test]
fn a_value_cannot_change_the_structure() {
    let hostile = json!({"n":"1, \"admin\": true","m":"\",\"admin\":\"","c":"\u{2}\u{1}\"x"});
    let got =
        run(r#"{"a":{{ n }},"b":"{{ m }}","c":"{{ c }}","d":{{ c }}}"#, hostile, Format::Json);
    let read: Json = serde_json::from_str(&got.unwrap()).unwrap();
    assert_eq!(read.as_object().unwrap().len(), 4);
    assert_eq!(read["a"], "1, \"admin\": true");
    assert_eq!(read["c"], "\u{2}\u{1}\"x");
}

#[test]
fn templates_that_cannot_work_are_refused() {
    for source in [
        "",
        "{{",
        "{{ a|nosuch }}",
        "{% set a = 1 %}",
        "{%- with a = 1 %}{% endwith %}",
        "{% include 'x' %}",
        "{% macro a() %}{% endmacro %}",
        "{{ a is nosuch }}",
        "\u{1}",
        "{{ 'a' * 100000000 }}",
        "{% if a %}",
        "{{ 'a|b'|upper|safe }}",
        "{% if a %}{{ f() }}{% endif %}{{ g() }}",
    ] {
        assert!(check(source, Format::Text).is_err(), "{source}");
    }
}

#[test]
fn rendering_is_bounded() {
    let list = json!({"l": vec![0; 300], "t": "x".repeat(1_000)});
    let spin =
        "{% for a in l %}{% for b in l %}{% for c in l %}{% endfor %}{% endfor %}{% endfor %}";
    assert!(run(spin, list.clone(), Format::Text).unwrap_err().contains("steps"));
    let write = "{% for a in l %}{{ t }}{% endfor %}";
    assert!(run(write, list, Format::Text).unwrap_err().contains("more than 10000 bytes"));
}

#[test]
fn output_that_is_not_the_format_is_refused_without_quoting_it() {
    let error = run(r#"{"a": {{ n }} {{ n }} }"#, json!({"n":"secret"}), Format::Json).unwrap_err();
    assert!(!error.contains("secret"), "{error}");
    for bad in ["<a>", "<a></b>", "text", "<a/><b/>"] {
        assert!(run(bad, json!({}), Format::Xml).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn any_value_gives_json(text in "(\\PC|[\u{0}-\u{1f}\"\\\\]){0,40}") {
        let got = run(r#"{"a":"x{{ n }}y","b":{{ n }}}"#, json!({"n": text}), Format::Json);
        let read: Json = serde_json::from_str(&got.unwrap()).unwrap();
        prop_assert_eq!(&read["b"], &Json::from(text.as_str()));
        prop_assert_eq!(&read["a"], &Json::from(format!("x{text}y")));
    }
}
