use super::keys::{Flags, KEYS};
use super::layers::{Places, read, read_text};
use super::*;
use std::ffi::OsString;

fn nothing() -> Given {
    let places = Places { variables: vec![], directory: PathBuf::from("/nonexistent") };
    read(&Flags::default(), &places).unwrap()
}

fn places(variables: &[(&str, &str)], directory: &std::path::Path) -> Places {
    let os = |text: &str| OsString::from(text);
    Places {
        variables: variables.iter().map(|(n, v)| (os(n), os(v))).collect(),
        directory: directory.to_owned(),
    }
}

#[test]
fn the_default_file_says_every_default_and_only_those() {
    let mut given = nothing();
    // Something else in every field first, so that a setting the file forgets is seen.
    given.settings.server.stop_deadline_s = 1;
    read_text("config.default.toml", DEFAULT_FILE, &mut given).unwrap();
    assert_eq!(given.settings, Settings::default());
    let file: toml::Table = DEFAULT_FILE.parse().unwrap();
    for key in KEYS.iter().filter(|key| !key.is_hidden()) {
        let named = file.get(key.section()).and_then(|section| section.get(key.name()));
        assert!(named.is_some(), "{} is not in the default file", key.path);
    }
}

#[test]
fn every_setting_can_be_set() {
    for key in KEYS {
        let refused = Settings::default().set(key.path, "\u{1}").err();
        assert_ne!(refused.as_deref(), Some("is not a setting"), "{}", key.path);
        assert!(key.variable.starts_with("BATON_"), "{}", key.path);
    }
}

#[test]
fn a_flag_goes_before_a_variable_before_the_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("baton.toml"),
        "[server]\nlisten = \"127.0.0.1:1\"\nrole = \"web\"\n[delivery]\nin_flight = 3\n",
    )
    .unwrap();
    let variables = [("BATON_LISTEN", "127.0.0.1:2"), ("BATON_ROLE", "engine")];
    let flags = Flags { config: None, given: vec![("server.listen", "127.0.0.1:3".to_owned())] };
    let settings = read(&flags, &places(&variables, dir.path())).unwrap().settings;
    assert_eq!(settings.server.listen.port(), 3);
    assert_eq!(settings.server.role, Role::Engine);
    assert_eq!(settings.delivery.in_flight, 3);
    assert_eq!(settings.server.stop_deadline_s, 25);
}

#[test]
fn an_unknown_name_is_refused_and_the_nearest_named() {
    let check = |text: &str, place: &str, expect: &str| {
        let error = read_text("baton.toml", text, &mut nothing()).unwrap_err();
        assert_eq!(error.place, place, "{text}");
        assert!(error.problem.contains(expect), "{error}");
    };
    check("[server]\nlisen = \"x\"\n", "baton.toml:2", "`listen`");
    check("[sever]\n", "baton.toml:1", "`server`");
    check("listen = \"127.0.0.1:1\"\n", "baton.toml:1", "no such setting");
    check("[server]\n\nlisten = \"here\"\n", "baton.toml:3", "not an address");
    check("[server]\nlisten = 1979-05-27\n", "baton.toml:2", "a text");
    check("[server\n", "baton.toml:1", "is not TOML");
    check("[testing]\nlease_ms = 5\n", "baton.toml:1", "no such setting");

    let check = |variable: &str, expect: Result<(), &str>| {
        let read = read(&Flags::default(), &places(&[(variable, "x")], "/nonexistent".as_ref()));
        match (read, expect) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err(expect)) => assert!(error.to_string().contains(expect), "{error}"),
            (read, _) => panic!("{variable}: {:?}", read.err()),
        }
    };
    check("BATON_LISEN", Err("`BATON_LISTEN`"));
    check("BATON_ZZZZZZZZZZZZ", Err("--print-config"));
    check("BATON_TEST_POSTGRES_URL", Ok(()));
    check("PATH", Ok(()));
    check("BATON_LISTEN", Err("not an address"));
}

#[test]
fn a_named_file_must_exist() {
    let flags = Flags { config: Some("/nonexistent/b.toml".into()), given: vec![] };
    let places = Places { variables: vec![], directory: PathBuf::from(".") };
    assert!(read(&flags, &places).is_err_and(|e| e.place.contains("/nonexistent/b.toml")));
}

#[test]
fn values_are_read_or_refused() {
    let check = |path: &str, text: &str, expect: bool| {
        assert_eq!(Settings::default().set(path, text).is_ok(), expect, "{path} = {text}");
    };
    check("server.listen", "localhost:0", true);
    check("server.listen", ":8080", false);
    check("server.public_url", "https://leads.example.com/", true);
    check("server.public_url", "leads.example.com", false);
    check("server.public_url", "https://user:pass@example.com", false);
    check("server.trusted_proxies", "10.0.0.0/8, 192.0.2.1", true);
    check("server.trusted_proxies", "10.0.0.0/99", false);
    check("data.database", "postgres://db/baton", true);
    check("data.database", "mysql://db/baton", false);
    check("data.bootstrap_key", "123456789012345678901234", true);
    check("data.bootstrap_key", "12345678901234567890123", false);
    check("data.bootstrap_key", "1234567890 12345678901234", false);
    check("delivery.in_flight", "0", false);
    check("delivery.allow_private", "maybe", false);
    check("delivery.allow_ports", "8443,0", false);
    check("log.level", "info,baton_engine=debug", true);
}

#[test]
fn secrets_are_in_no_debug_output() {
    let mut settings = Settings::default();
    settings.set("data.bootstrap_key", "supersecretsupersecretsupersecret").unwrap();
    settings.set("data.database", "postgres://u:supersecret@h/d").unwrap();
    assert!(!format!("{settings:?}").contains("supersecret"));
}
