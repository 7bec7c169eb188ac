//! The pages about the sandbox.

use crate::peer::{call, sandbox};
use serde_json::{Value, json};

async fn page(sandbox: &baton_sandbox::SandboxHandle, path: &str) -> Value {
    let (status, text) = call(sandbox, "GET", path, "").await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn rules_and_secrets_are_set_and_requests_shown() {
    let sandbox = sandbox().await;
    let rules = r#"[{"path":"/hook","behaviour":{"reply":{"status":202,"body":"taken"}}}]"#;
    assert_eq!(call(&sandbox, "PUT", "/_sandbox/rules", rules).await.0, 200);
    let secrets = r#"[{"path":"/*","secret":"top"}]"#;
    let (status, text) = call(&sandbox, "PUT", "/_sandbox/secrets", secrets).await;
    assert_eq!((status, text.contains("top")), (200, false));

    assert_eq!(call(&sandbox, "POST", "/hook", "héllo").await, (202, "taken".to_owned()));
    call(&sandbox, "POST", "/other", "").await;

    let shown = page(&sandbox, "/_sandbox/received?path=/hook").await;
    assert_eq!(shown["received"], json!(2));
    let one = &shown["data"][0];
    assert_eq!(shown["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&one["id"], &one["method"], &one["path"]),
        (&json!(1), &json!("POST"), &json!("/hook"))
    );
    assert_eq!((&one["body"], &one["answer"]), (&json!("héllo"), &json!("202")));
    assert_eq!(one["at"], json!("2026-01-28T14:30:00.000Z"));
    assert_eq!(one["signatures"], json!({"leadsbot": "absent", "webhook": "unchecked"}));

    let listed = page(&sandbox, "/_sandbox/rules").await;
    assert_eq!(listed["data"][0]["behaviour"]["reply"]["status"], json!(202));

    assert_eq!(call(&sandbox, "DELETE", "/_sandbox/received", "").await.0, 200);
    assert_eq!(page(&sandbox, "/_sandbox/received").await, json!({"data": [], "received": 0}));
}

#[tokio::test]
async fn the_newest_are_listed_and_a_reader_can_go_on() {
    let sandbox = sandbox().await;
    for n in 1..=5 {
        call(&sandbox, "POST", "/hook", &n.to_string()).await;
    }
    let ids = |shown: &Value| -> Vec<u64> {
        shown["data"].as_array().unwrap().iter().map(|r| r["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(ids(&page(&sandbox, "/_sandbox/received?limit=2").await), [4, 5]);
    assert_eq!(ids(&page(&sandbox, "/_sandbox/received?after=1&limit=2").await), [2, 3]);
    assert_eq!(ids(&page(&sandbox, "/_sandbox/received").await), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn mistakes_are_explained() {
    let sandbox = sandbox().await;
    for (method, path, body, status, word) in [
        ("PUT", "/_sandbox/rules", "{", 400, "rules"),
        ("PUT", "/_sandbox/rules", r#"[{"path":"/a","behaviour":"hnag"}]"#, 400, "hnag"),
        ("PUT", "/_sandbox/rules", r#"[{"path":"a","behaviour":"hang"}]"#, 422, "leading slash"),
        ("PUT", "/_sandbox/secrets", r#"[{"path":"/a","sekret":"x"}]"#, 400, "secrets"),
        ("POST", "/_sandbox/rules", "[]", 405, "method"),
        ("GET", "/_sandbox/nothing", "", 404, "page"),
        ("POST", "/_sandbox/leads", "", 405, "method"),
        ("GET", "/_sandbox/received?limit=all", "", 400, "limit"),
        ("GET", "/_sandbox/received?max=1", "", 400, "limit"),
    ] {
        let (got, text) = call(&sandbox, method, path, body).await;
        assert_eq!(got, status, "{method} {path} {body}: {text}");
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert!(problem["error"].as_str().unwrap().contains(word), "{text}");
    }
    assert_eq!(sandbox.received_count(), 0, "pages about the sandbox are not received requests");
}

#[tokio::test]
async fn help_is_at_the_root_until_a_rule_is() {
    let sandbox = sandbox().await;
    let (status, help) = call(&sandbox, "GET", "/", "").await;
    assert_eq!(status, 200);
    for word in [
        "fail_first",
        "accept_rate",
        "/leadbyte/restapi/v1.3/leads",
        "/_sandbox/leads",
        "/_sandbox/rules",
        "/_sandbox/secrets",
    ] {
        assert!(help.contains(word), "{word}");
    }
    assert_eq!(sandbox.received_count(), 0);
    sandbox.set_rule("/", baton_sandbox::Reply::status(404)).unwrap();
    assert_eq!(call(&sandbox, "GET", "/", "").await.0, 404);
    assert_eq!(sandbox.received_count(), 1);
}

/// The page's own examples must be what the sandbox reads.
#[tokio::test]
async fn the_behaviours_on_the_help_page_can_be_set() {
    let sandbox = sandbox().await;
    let (_, help) = call(&sandbox, "GET", "/", "").await;
    let start = help.find("  [{\"path\"").unwrap();
    let end = help[start..].find("\n\n").unwrap();
    let (status, text) = call(&sandbox, "PUT", "/_sandbox/rules", &help[start..start + end]).await;
    assert_eq!(status, 200, "{text}");
    assert_eq!(call(&sandbox, "POST", "/hook", "").await.0, 503);
}

/// Each vendor path named there must be one.
#[tokio::test]
async fn the_vendor_paths_on_the_help_page_are_served() {
    let sandbox = sandbox().await;
    let (_, help) = call(&sandbox, "GET", "/", "").await;
    let hex = "0123456789abcdef01234567";
    let paths: Vec<String> = help
        .replace("{24 hex}", hex)
        .split_whitespace()
        .map(|word| word.trim_end_matches(',').replace(['{', '}'], ""))
        .filter(|word| {
            let name = baton_sandbox::VendorName::of_path(word);
            name.is_some() && !word.ends_with("...") && !word.contains('"')
        })
        .collect();
    assert!(paths.len() > 10, "{paths:?}");
    for path in &paths {
        assert_ne!(call(&sandbox, "POST", path, "").await.0, 404, "{path}");
    }
}
