use super::{Ask, notes};
use crate::peer::sandbox;
use serde_json::json;

const CATCH: &str = "/zapier/hooks/catch/123/abc/";
const TARGET: &str = "/zapier/hooks/standard/123/abc/";

fn success(n: u64) -> String {
    let id = format!("{n:08}-0000-0000-0000-000000000000");
    json!({"status": "success", "id": id, "attempt": id, "request_id": id}).to_string()
}

#[tokio::test]
async fn a_catch_hook_takes_everything() {
    let sandbox = sandbox().await;
    let lead = json!({"id": "lead_1", "email": "jane@example.com"});
    for (n, ask) in [
        Ask::json("POST", CATCH, &lead),
        Ask::json("POST", CATCH, &lead),
        Ask::json("POST", CATCH, &json!([lead, lead])),
        Ask::form(CATCH, "email=a"),
        Ask::new("GET", "/zapier/hooks/catch/abc?email=a"),
        Ask::json("POST", &format!("{CATCH}?accept_rate=0"), &lead),
    ]
    .into_iter()
    .enumerate()
    {
        ask.expect_json(&sandbox, 200, &success(n as u64 + 1)).await;
    }
    let silent = Ask::json("POST", &format!("{CATCH}?hidden=1"), &lead);
    silent.expect(&sandbox, 200, "").await;
    assert!(notes(&sandbox).iter().all(|note| note == "accepted"));
}

#[tokio::test]
async fn a_hook_refuses_what_zapier_does() {
    let sandbox = sandbox().await;
    let lead = json!({"id": "lead_1"});
    let asked = |query: &str| Ask::json("POST", &format!("{CATCH}?{query}"), &lead);
    asked("outcome=rate_limited").expect(&sandbox, 429, "Too Many Requests\n").await;
    asked("outcome=auth_or_config").expect_json(&sandbox, 410, r#"{"status":"gone"}"#).await;
    asked("outcome=transient").expect(&sandbox, 503, "Service Unavailable\n").await;
    asked("").body("{").expect_json(&sandbox, 400, r#"{"status":"error"}"#).await;
    let large = asked("").body(&format!("\"{}\"", "x".repeat(10 * 1024 * 1024)));
    large.expect(&sandbox, 413, "Payload Too Large\n").await;
}

#[tokio::test]
async fn a_dropped_rest_hook_is_gone() {
    let sandbox = sandbox().await;
    let event = Ask::json("POST", TARGET, &json!({"id": "evt_1"}));
    event.expect_json(&sandbox, 200, &success(1)).await;
    let drop = Ask::new("DELETE", TARGET);
    drop.expect_json(&sandbox, 200, r#"{"status":"success"}"#).await;
    event.expect_json(&sandbox, 410, r#"{"status":"gone"}"#).await;
    let other = Ask::json("POST", "/zapier/hooks/standard/123/def/", &json!({"id": "evt_1"}));
    other.expect_json(&sandbox, 200, &success(2)).await;
    // A catch hook is the user's; it cannot be dropped from outside.
    assert_eq!(Ask::new("DELETE", CATCH).send(&sandbox).await.status().as_u16(), 405);
    assert_eq!(Ask::new("GET", TARGET).send(&sandbox).await.status().as_u16(), 410);
}
