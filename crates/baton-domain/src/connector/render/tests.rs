use super::*;
use crate::config::{Limits, MappingRow, OnUnmatched, RetryPolicy, Unmapped};
use crate::connector::manifest::{EMBEDDED, Registry};
use crate::connector::settings::split_secrets;
use crate::id::{CampaignId, TypedId as _};
use crate::lead::LeadState;
use crate::lead::schema::{FieldKind, FieldSpec};
use crate::secret::Secret;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};
use url::Url;

fn webhook() -> Arc<Manifest> {
    static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::load(EMBEDDED, &[]).unwrap());
    Arc::clone(REGISTRY.get("webhook").unwrap())
}

fn destination(mut settings: Value, mapping: Value) -> Destination {
    let settings = settings.as_object_mut().unwrap();
    settings.entry("url").or_insert(json!("https://crm.example/leads"));
    Destination {
        campaign: CampaignId::new(sample::AT, [2; 10]),
        connector: "webhook".to_owned(),
        name: "CRM".to_owned(),
        settings: settings.clone(),
        mapping: serde_json::from_value::<Vec<MappingRow>>(mapping).unwrap(),
        unmapped: None,
        responses: None,
        retry: RetryPolicy::standard(),
        on_unmatched: OnUnmatched::Fail,
        failover: None,
        limits: Limits::default(),
        timeout_ms: 30_000,
        partials: Default::default(),
        linked: Default::default(),
        failover_only: false,
        disabled: None,
        signing_previous_until: None,
    }
}

fn input(lead: &LeadView) -> RenderInput<'_> {
    RenderInput {
        lead,
        delivery_id: DeliveryId::new(sample::AT, [3; 10]),
        schema: &[],
        test: false,
        country: Some("US"),
        variant: Variant::Post,
        answer: None,
    }
}

fn request(mut destination: Destination, lead: &LeadView) -> Result<RequestSpec, RenderProblem> {
    let (open, secrets) = split_secrets(&webhook(), destination.settings);
    destination.settings = open;
    render(&webhook(), &destination, &secrets, &input(lead))
}

fn made(settings: Value, mapping: Value) -> RequestSpec {
    request(destination(settings, mapping), &sample::lead()).unwrap()
}

fn body(request: &RequestSpec) -> String {
    String::from_utf8(request.body.clone()).unwrap()
}

fn header<'a>(request: &'a RequestSpec, name: &str) -> Option<&'a str> {
    let mut found = request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
    let value = found.next().map(|(_, v)| v.as_str());
    assert!(found.next().is_none(), "{name} is there twice");
    value
}

#[test]
fn without_a_mapping_the_lead_goes_flat_with_its_context() {
    let got = made(json!({}), json!([]));
    assert_eq!((got.method.as_str(), got.url.as_str()), ("POST", "https://crm.example/leads"));
    assert_eq!(
        body(&got),
        format!(
            "{{\"first_name\":\"Jane\",\"last_name\":\"Smith\",\"email\":\"jane@example.com\",\
             \"phone\":\"+15125550100\",\"state\":\"Texas\",\
             \"page_url\":\"https://form.example/solar\",\"ip\":\"203.0.113.7\",\
             \"utm_source\":\"fb\",\"gclid\":\"g-1\",\"sub_id1\":\"77\",\"lead_id\":\"{}\",\
             \"source\":\"Partner A\",\"campaign\":\"SOLAR-US\",\
             \"submitted_at\":\"2026-01-28T14:30:00.000Z\"}}",
            sample::lead().id
        )
    );
    let names: Vec<&str> = got.headers.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["Content-Type", "User-Agent"]);
    assert_eq!(header(&got, "content-type"), Some("application/json"));
    assert!(header(&got, "user-agent").unwrap().starts_with("Baton/"));
}

#[test]
fn lead_fields_named_like_system_fields_stay_reachable() {
    let mut lead = sample::lead();
    lead.data.raw.set("source", json!("facebook"));
    let flat = request(destination(json!({}), json!([])), &lead).unwrap();
    let flat: Value = serde_json::from_slice(&flat.body).unwrap();
    assert_eq!(flat["source"], "Partner A");
    assert_eq!(flat["fields"], json!({"source":"facebook"}));
    let rows = json!([{"to":"a","from":"source"},{"to":"b","from":"fields.source"}]);
    let mapped = request(destination(json!({}), rows), &lead).unwrap();
    assert_eq!(body(&mapped), r#"{"a":"Partner A","b":"facebook"}"#);
}

#[test]
fn system_fields_can_be_mapped() {
    let mut lead = sample::lead();
    lead.state = LeadState::Partial;
    lead.seq = Some(3);
    lead.data.context.optin_at = Some("2026-01-27".to_owned());
    for (name, expect) in [
        ("lead_id", json!(lead.id)),
        ("submitted_at", json!("2026-01-28T14:30:00.000Z")),
        ("campaign", json!("SOLAR-US")),
        ("optin_url", json!("https://form.example/solar")),
        ("optin_date", json!("2026-01-27")),
        ("ip", json!("203.0.113.7")),
        ("is_partial_lead", json!(true)),
        ("seq", json!(3)),
        ("test", json!(false)),
        ("score", json!(88)),
        ("utm_source", json!("fb")),
        ("gclid", json!("g-1")),
        ("sub_id1", json!("77")),
    ] {
        let rows = json!([{"to":"x","from":name}]);
        let got = request(destination(json!({}), rows), &lead).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&got.body).unwrap()["x"], expect, "{name}");
    }
}

#[test]
fn unmapped_fields_are_dropped_or_sent_under_their_delivery_names() {
    let lead = sample::lead();
    let rows = json!([
        {"to":"Mobile","from":"phone"},
        {"to":"name","from":"first_name","transform":[{"concat":[{"field":"first_name"},{"field":"last_name"}]}]},
    ]);
    let mut to = destination(json!({}), rows);
    assert_eq!(
        body(&request(to.clone(), &lead).unwrap()),
        r#"{"Mobile":"+15125550100","name":"JaneSmith"}"#
    );
    to.unmapped = Some(Unmapped::Send);
    let schema = [FieldSpec {
        name: "email".to_owned(),
        kind: FieldKind::Email,
        required: true,
        label: None,
        delivery_name: Some("Email".to_owned()),
        min_length: None,
        max_length: None,
        pattern: None,
        min: None,
        max: None,
        choices: Vec::new(),
        strict: false,
    }];
    let input = RenderInput { schema: &schema, ..input(&lead) };
    let got = render(&webhook(), &to, &Secrets::new(), &input).unwrap();
    assert_eq!(
        body(&got),
        r#"{"Mobile":"+15125550100","name":"JaneSmith","Email":"jane@example.com","state":"Texas"}"#
    );
}

#[test]
fn each_body_kind_is_written_in_its_format() {
    let rows = json!([{"to":"a.b","from":"first_name"},{"to":"n","value":1}]);
    for (kind, content_type, expect) in [
        ("json", Some("application/json"), r#"{"a":{"b":"Jane"},"n":1}"#),
        ("form", Some("application/x-www-form-urlencoded"), "a.b=Jane&n=1"),
        (
            "xml",
            Some("application/xml"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><lead><a><b>Jane</b></a><n>1</n></lead>",
        ),
        ("query", None, ""),
    ] {
        let got = made(json!({"body":kind}), rows.clone());
        assert_eq!(body(&got), expect, "{kind}");
        assert_eq!(header(&got, "content-type"), content_type, "{kind}");
        let query = if kind == "query" { Some("a.b=Jane&n=1") } else { None };
        assert_eq!(Url::parse(&got.url).unwrap().query(), query, "{kind}");
    }
}

#[test]
fn get_puts_the_fields_into_the_query() {
    let rows = json!([{"to":"a","from":"first_name"}]);
    let got = made(json!({"method":"GET","url":"https://crm.example/x?k=1#frag"}), rows);
    assert_eq!(
        (got.method.as_str(), got.url.as_str()),
        ("GET", "https://crm.example/x?k=1&a=Jane")
    );
    assert_eq!(got.body, b"");
    assert_eq!(header(&got, "content-type"), None);
}

#[test]
fn templates_see_mapped_system_and_setting_values() {
    let template = r#"{"n":"{{ who.name }}","c":"{{ campaign }}","e":"{{ fields.email }}","m":"{{ settings.method }}","s":"{{ settings.auth_value }}","d":"{{ delivery_id }}"}"#;
    let settings = json!({"body":"template","template":template,"auth_value":"hidden"});
    let got = made(settings, json!([{"to":"who.name","from":"first_name"}]));
    let id = DeliveryId::new(sample::AT, [3; 10]);
    assert_eq!(
        body(&got),
        format!(
            r#"{{"n":"Jane","c":"SOLAR-US","e":"jane@example.com","m":"POST","s":"","d":"{id}"}}"#
        )
    );
}

#[test]
fn a_template_is_escaped_for_the_content_type() {
    let mut lead = sample::lead();
    lead.data.raw.set("first_name", json!("<J&\">"));
    let settings =
        json!({"body":"template","content_type":"text/xml","template":"<a>{{ first_name }}</a>"});
    let got = request(destination(settings, json!([])), &lead).unwrap();
    assert_eq!(body(&got), "<a>&lt;J&amp;&quot;&gt;</a>");
    assert_eq!(header(&got, "content-type"), Some("text/xml"));
}

#[test]
fn values_in_the_url_stay_in_their_place() {
    let mut lead = sample::lead();
    lead.data.raw.set("email", json!("a/b?c#d&e=f@x y%é"));
    let url = "https://crm.example/l/{{ email }}/x?e={{ email }}&gone={{ nothing }}";
    let got = request(destination(json!({"url":url}), json!([])), &lead).unwrap();
    let encoded = "a%2Fb%3Fc%23d%26e%3Df%40x%20y%25%C3%A9";
    assert_eq!(got.url, format!("https://crm.example/l/{encoded}/x?e={encoded}&gone="));
    for dots in ["..", "."] {
        lead.data.raw.set("email", json!(dots));
        let refused = request(destination(json!({"url":url}), json!([])), &lead);
        assert!(matches!(refused, Err(RenderProblem::Url(_))), "{dots}: {refused:?}");
    }
}

#[test]
fn headers_carry_settings_fields_and_credentials() {
    let headers = json!({"X-Lead":"id-{{ lead_id }}","X-Name":"{{ first_name }}","X-None":"{{ nothing }}","User-Agent":"Mine"});
    let mut lead = sample::lead();
    lead.data.raw.set("first_name", json!("José"));
    let settings = json!({"headers":headers,"auth_value":"Bearer abc"});
    let got = request(destination(settings, json!([])), &lead).unwrap();
    assert_eq!(header(&got, "authorization"), Some("Bearer abc"));
    assert_eq!(header(&got, "x-lead"), Some(format!("id-{}", lead.id).as_str()));
    assert_eq!(header(&got, "x-name"), Some("Jos%C3%A9"));
    assert_eq!(header(&got, "x-none"), None);
    assert_eq!(header(&got, "user-agent"), Some("Mine"));
}

#[test]
fn line_breaks_from_a_lead_never_reach_a_header() {
    for bad in ["a\r\nX-Evil: 1", "a\nb", "a\0b", "a\u{7f}b"] {
        let mut lead = sample::lead();
        lead.data.raw.set("first_name", json!(bad));
        let settings = json!({"headers":{"X-Name":"{{ first_name }}"}});
        let problem = request(destination(settings, json!([])), &lead).unwrap_err();
        assert!(matches!(problem, RenderProblem::Header { .. }), "{problem}");
        assert!(!problem.to_string().contains("Evil"), "{problem}");
    }
}

#[test]
fn tests_are_marked() {
    let lead = sample::lead();
    let rows = json!([{"to":"a","value":1}]);
    let test = RenderInput { test: true, ..input(&lead) };
    let got = render(&webhook(), &destination(json!({}), rows), &Secrets::new(), &test).unwrap();
    assert_eq!(body(&got), r#"{"a":1,"test":true}"#);
    let mut own = sample::lead();
    own.test = true;
    let flat = request(destination(json!({}), json!([])), &own).unwrap();
    assert!(body(&flat).ends_with(r#""test":true}"#));
}

#[test]
fn partial_leads_say_so() {
    let mut lead = sample::lead();
    lead.state = LeadState::Partial;
    lead.seq = Some(2);
    let got = request(destination(json!({}), json!([])), &lead).unwrap();
    let got: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!((&got["is_partial_lead"], &got["seq"]), (&json!(true), &json!(2)));
}

#[test]
fn bodies_have_a_limit() {
    let mut lead = sample::lead();
    lead.data.raw.set("first_name", json!("x".repeat(REQUEST_BODY_BYTES_MAX)));
    let refused = request(destination(json!({}), json!([])), &lead);
    assert_eq!(refused, Err(RenderProblem::BodyTooLarge));
    let query = request(destination(json!({"body":"query"}), json!([])), &lead);
    assert!(matches!(query, Err(RenderProblem::Url(_))));
}

#[test]
fn destinations_that_cannot_work_are_refused_by_field() {
    let nothing = json!([]);
    for (settings, mapping, field) in [
        (json!({"url":"nowhere"}), nothing.clone(), "settings.url"),
        (json!({"method":"TRACE"}), nothing.clone(), "settings.method"),
        (json!({"body":"yaml"}), nothing.clone(), "settings.body"),
        (json!({"body":"template"}), nothing.clone(), "settings.template"),
        (json!({"body":"template","template":"{{ a"}), nothing.clone(), "settings.template"),
        (
            json!({"body":"template","template":"x","method":"GET"}),
            nothing.clone(),
            "settings.body",
        ),
        (json!({"headers":{"Host":"x"}}), nothing.clone(), "settings.headers"),
        (json!({"auth_header":"webhook-id"}), nothing.clone(), "settings.auth_header"),
        (json!({"body":"xml","xml_root":"a b"}), nothing.clone(), "settings.xml_root"),
        (json!({"body":"xml"}), json!([{"to":"a b","value":1}]), "mapping[0].to"),
        (
            json!({}),
            json!([{"to":"a","from":"b","transform":["shout"]}]),
            "mapping[0].transform[0]",
        ),
    ] {
        let problems = Renderer::prepare(&webhook(), &destination(settings, mapping)).unwrap_err();
        assert_eq!(problems[0].field, field, "{problems:?}");
    }
    let mut bad_rules = destination(json!({}), json!([]));
    let rule = json!([{"match":"status","value":"x","verdict":"accepted"}]);
    bad_rules.responses = Some(serde_json::from_value(rule).unwrap());
    let problems = Renderer::prepare(&webhook(), &bad_rules).unwrap_err();
    assert_eq!(problems[0].field, "responses[0].value");
}

#[test]
fn a_vendor_is_one_file() {
    let text = r#"
        name = "vendor"
        description = "A vendor with a credential in the payload"
        field_names = { phone = "phone1", ip = "ipaddress" }
        unmapped = "send"
        settings = [
          { name = "account", type = "text", label = "Account", required = true },
          { name = "key", type = "secret", label = "Key", required = true },
        ]
        request.method = "POST"
        request.url = "https://{{ settings.account }}.vendor.example/v1/{{ settings.key }}/leads"
        request.body = "json"
        request.fields = { lp_key = "{{ settings.key }}", sub = "{{ utm_source }}" }
        test_mode.fields = { lp_action = "test" }
        limits = { https_only = true }
    "#;
    let manifest = Manifest::read("vendor.toml", text).unwrap();
    let secrets = Secrets::from([("key".to_owned(), Secret::new("k/1"))]);
    let lead = sample::lead();
    let to = destination(json!({"account":"acme"}), json!([]));
    let got = render(&manifest, &to, &secrets, &input(&lead)).unwrap();
    assert_eq!(got.url, "https://acme.vendor.example/v1/k%2F1/leads");
    let sent: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(sent["lp_key"], "k/1");
    assert_eq!(sent["sub"], "fb");
    assert_eq!(sent["phone1"], "+15125550100");
    assert_eq!(sent["ipaddress"], "203.0.113.7");
    assert_eq!(sent.get("phone"), None);
    let hostile = destination(json!({"account":"evil.example/"}), json!([]));
    assert!(Renderer::prepare(&manifest, &hostile).is_err());
}

#[test]
fn events_are_posted_as_they_are() {
    let got = render_event("https://a.example/hook?x=1", b"{}".to_vec()).unwrap();
    assert_eq!((got.method.as_str(), got.url.as_str()), ("POST", "https://a.example/hook?x=1"));
    assert_eq!(got.body, b"{}");
    assert_eq!(header(&got, "content-type"), Some("application/json"));
    assert!(render_event("file:///etc/passwd", Vec::new()).is_err());
}

proptest! {
    #[test]
    fn no_lead_value_panics_or_leaves_its_place(name in "\\PC{0,20}", text in "(\\PC|[\u{0}-\u{1f}]){0,40}") {
        let mut lead = sample::lead();
        lead.data.raw.set(name, json!(text));
        lead.data.raw.set("first_name", json!(text));
        let url = "https://crm.example/{{ first_name }}?q={{ first_name }}";
        for kind in ["json", "form", "xml", "query", "template"] {
            let template = r#"{"a":"{{ first_name }}","b":{{ first_name }}}"#;
            let settings = json!({"body":kind,"url":url,"template":template,
                                  "headers":{"X-A":"{{ first_name }}"}});
            let Ok(got) = request(destination(settings, json!([])), &lead) else { continue };
            let at = Url::parse(&got.url).unwrap();
            prop_assert_eq!(at.host_str(), Some("crm.example"));
            prop_assert_eq!(at.path_segments().unwrap().count(), 1);
            if matches!(kind, "json" | "template") {
                let read: Value = serde_json::from_slice(&got.body).unwrap();
                let key = if kind == "json" { "first_name" } else { "b" };
                prop_assert_eq!(&read[key], &json!(text));
            }
            prop_assert!(got.headers.iter().all(|(_, v)| !v.contains(['\r', '\n', '\0'])));
        }
    }
}
