use super::*;

const SMALL: &str = r#"name = "small"
description = "A small one"
[[settings]]
name = "key"
type = "secret"
label = "Key"
required = true
[request]
method = "POST"
url = "https://api.example/leads"
body = "json"
headers = [{ name = "X-Key", value = "{{ settings.key }}" }]
"#;

fn problem(text: &str) -> (Option<usize>, String) {
    let problems = Manifest::read("connectors/small.toml", text).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].file, "connectors/small.toml");
    (problems[0].line, problems[0].message.clone())
}

#[test]
fn the_embedded_manifests_are_right() {
    let registry = Registry::load(EMBEDDED, &[]).unwrap();
    let webhook = registry.get("webhook").unwrap();
    assert_eq!(registry.iter().count(), EMBEDDED.len());
    assert_eq!(webhook.responses.len(), 1);
    assert_eq!(webhook.unmapped, Unmapped::Drop);
}

#[test]
fn a_file_is_enough_to_add_a_connector() {
    let user = [("mine/small.toml".to_owned(), SMALL.to_owned())];
    let registry = Registry::load(EMBEDDED, &user).unwrap();
    assert!(registry.get("small").is_some());
}

#[test]
fn mistakes_are_named_with_file_and_line() {
    for (from, to, line, says) in [
        ("description", "describtion", 2, "unknown field"),
        ("type = \"secret\"", "type = \"password\"", 5, "unknown variant"),
        ("body = \"json\"", "body = json", 11, "quoted"),
        ("required = true", "default = \"a\"", 4, "a secret has no default"),
        ("{{ settings.key }}", "{{ settings.kee }}", 12, "not one of the settings"),
        ("{{ settings.key }}", "{{ settings.key", 12, "does not end"),
        ("\"small\"", "\"Small\"", 1, "a-z"),
    ] {
        assert!(SMALL.contains(from));
        let (at, message) = problem(&SMALL.replacen(from, to, 1));
        assert_eq!(at, Some(line), "{to}: {message}");
        assert!(message.contains(says), "{to}: {message}");
    }
    let bad_rule = format!(
        "{SMALL}\n[[responses]]\nmatch = \"status\"\nvalue = \"9xx\"\nverdict = \"accepted\"\n"
    );
    assert_eq!(problem(&bad_rule).0, Some(14));
    let (line, message) = problem(&format!("{SMALL}\n[transforms]\nphone = [\"shout\"]\n"));
    assert_eq!(line, Some(14));
    assert!(message.starts_with("`phone`[0]: "), "{message}");
}

#[test]
fn a_name_cannot_be_taken_twice() {
    let twice = [SMALL, SMALL].map(|text| ("a.toml".to_owned(), text.to_owned()));
    let problems = Registry::load(&[], &twice).unwrap_err();
    assert!(problems[0].message.contains("already"), "{}", problems[0]);
}
