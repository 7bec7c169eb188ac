use super::*;
use serde_json::json;

fn object(value: Value) -> Document {
    value.as_object().unwrap().clone()
}

fn file(destination: Value) -> ConfigFile {
    let mut file = ConfigFile::default();
    file.add(Kind::Destination, object(destination));
    file
}

#[test]
fn a_document_in_a_file_has_names_and_no_secrets() {
    let shown = as_in_file(
        Kind::Destination,
        &object(json!({
            "id": "dst_1", "campaign_id": "cmp_1", "failover_id": "dst_2", "name": "CRM",
            "settings": {"url": "https://x", "api_key": MASK, "note": null},
            "version": 3, "created_at": "..", "secret": "whsec_x", "responses": null
        })),
        |kind, id| Some(format!("{} {id}", kind.section())),
    );
    assert_eq!(
        Value::Object(shown),
        json!({"campaign": "campaigns cmp_1", "failover": "destinations dst_2", "name": "CRM",
               "settings": {"url": "https://x"}})
    );
}

#[test]
fn linked_destinations_stand_in_a_file_by_their_names() {
    let named = |kind, id: &str| {
        (kind == Kind::Destination && id != "dst_gone").then(|| format!("name of {id}"))
    };
    let check = |linked: Value, expect: Value| {
        let shown =
            as_in_file(Kind::Destination, &object(json!({"name": "CRM", "linked": linked})), named);
        assert_eq!(Value::Object(shown), expect);
    };
    check(
        json!({"on_success": ["dst_1", "dst_gone"], "on_failure": []}),
        json!({"name": "CRM", "linked": {"on_success": ["name of dst_1"]}}),
    );
    check(json!({"on_rejection": ["dst_gone"]}), json!({"name": "CRM"}));
}

#[test]
fn a_file_reads_back_as_it_was_written() {
    let file = file(json!({"campaign": "A", "name": "B", "settings": {"url": "x"}}));
    assert_eq!(ConfigFile::from_yaml(&file.to_yaml().unwrap()).unwrap(), file);
}

#[test]
fn files_that_make_no_sense_are_refused() {
    let check = |text: &str, expect: &str| {
        let problem = ConfigFile::from_yaml(text).unwrap_err();
        assert!(problem.contains(expect), "{text}: {problem}");
    };
    check("", "expected");
    check("campaigns: []", "format: 1");
    check("format: 2", "format: 1");
    check("format: 1\ncampains: []", "`campains`");
    check("format: 1\ncampaigns: {a: 1}", "is a list");
    check("format: 1\ncampaigns: [{name: X}]", "`reference`");
    check("format: 1\nwebhooks: [{url: X}, {url: X}]", "twice");
    check("format: [", "YAML");
}

#[test]
fn only_what_differs_is_changed() {
    let live = file(json!({"campaign": "A", "name": "B", "timeout": "30s",
                           "settings": {"url": "x", "method": "POST"}, "mapping": [1, 2]}));
    let none = |_: &str| None;
    let check = |wanted: Value, expect: Option<Value>| {
        let changes = plan::changes(&file(wanted), &live, &none).unwrap();
        let body = changes.into_iter().next().map(|c| Value::Object(c.body));
        assert_eq!(body, expect);
    };
    check(json!({"campaign": "A", "name": "B"}), None);
    check(json!({"campaign": "A", "name": "B", "timeout": "30s", "failover": null}), None);
    check(json!({"campaign": "A", "name": "B", "timeout": "5s"}), Some(json!({"timeout": "5s"})));
    check(
        json!({"campaign": "A", "name": "B", "settings": {"url": "y"}}),
        Some(json!({"settings": {"url": "y", "method": null}})),
    );
    check(json!({"campaign": "A", "name": "B", "mapping": [2]}), Some(json!({"mapping": [2]})));
    check(json!({"campaign": "A", "name": "C"}), Some(json!({"campaign": "A", "name": "C"})));
}

#[test]
fn secrets_come_from_variables_and_are_not_shown() {
    let live = file(json!({"campaign": "A", "name": "B", "settings": {"url": "x"}}));
    let wanted = file(json!({"campaign": "A", "name": "B",
        "settings": {"url": "x", "api_key": {"secret_from_env": "CRM_KEY"}}}));
    let set = |name: &str| (name == "CRM_KEY").then(|| "very secret".to_owned());
    let changes = plan::changes(&wanted, &live, &set).unwrap();
    assert_eq!(
        Value::Object(changes[0].body.clone()),
        json!({"settings": {"api_key": "very secret"}})
    );
    assert!(!changes[0].to_string().contains("very secret"));
    assert!(changes[0].to_string().contains("CRM_KEY"));
    let problem = plan::changes(&wanted, &live, &|_| None).unwrap_err();
    assert!(problem.contains("CRM_KEY"));
}
