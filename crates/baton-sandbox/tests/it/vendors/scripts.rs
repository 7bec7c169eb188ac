//! Scripts that hold for all vendors: rules, draws, faults, memory.

use super::{Ask, notes};
use crate::peer::{call, request, sandbox, send};
use baton_sandbox::{Behaviour, Reply, VendorName, VendorScript};
use serde_json::{Value, json};

const DIRECT: &str = "/buyer/direct_post";

fn lead(n: u64) -> Value {
    json!({
        "lp_campaign_id": "1", "lp_supplier_id": "2", "lp_key": "k",
        "email": format!("{n}@example.com"),
    })
}

fn post(n: u64) -> Ask {
    Ask::json("POST", DIRECT, &lead(n))
}

fn script() -> VendorScript {
    VendorScript::new(VendorName::Leadprosper)
}

#[tokio::test]
async fn a_rule_puts_a_vendor_anywhere() {
    let sandbox = sandbox().await;
    let rules = r#"[{"path":"/buyer/*","behaviour":{"sequence":[
        {"reply":{"status":503}}, {"vendor":{"name":"leadprosper","prices":"7"}}]}}]"#;
    assert_eq!(call(&sandbox, "PUT", "/_sandbox/rules", rules).await.0, 200);
    assert_eq!(post(1).send(&sandbox).await.status().as_u16(), 503);
    assert_eq!(post(1).json_of(&sandbox).await["price"].to_string(), "7.00");
    let elsewhere = call(&sandbox, "POST", "/buyer/leads", "").await;
    assert_eq!(elsewhere.0, 404);
    assert!(elsewhere.1.contains("/direct_post"), "{}", elsewhere.1);
    assert_eq!(notes(&sandbox), ["", "accepted", "no such path"]);
    // A rule makes the query the lead's.
    let asked = Ask { path: format!("{DIRECT}?outcome=rejected"), ..post(2) };
    assert_eq!(asked.json_of(&sandbox).await["status"], "ACCEPTED");
    let listed: Value =
        serde_json::from_str(&call(&sandbox, "GET", "/_sandbox/rules", "").await.1).unwrap();
    let put = listed["data"].to_string();
    assert_eq!(call(&sandbox, "PUT", "/_sandbox/rules", &put).await.0, 200, "{put}");
}

#[tokio::test]
async fn outcomes_and_prices_are_those_the_script_foretells() {
    let sandbox = sandbox().await;
    let mut script = script();
    script.accept_rate = 0.6;
    script.seed = 11;
    script.prices = "5-25".parse().unwrap();
    sandbox.set_rule("/buyer/*", script.clone()).unwrap();
    for n in 0..40 {
        let got = post(n).json_of(&sandbox).await;
        assert_eq!(got["status"] == "ACCEPTED", script.accepts(n), "lead {n}: {got}");
        if script.accepts(n) {
            assert_eq!(got["price"].to_string(), script.price(n).to_string(), "lead {n}");
        }
    }
    sandbox.clear_vendors();
    let again = post(0).json_of(&sandbox).await;
    assert_eq!(again["status"] == "ACCEPTED", script.accepts(0), "draws start again");
}

#[tokio::test]
async fn a_lost_answer_leaves_the_lead_taken() {
    let sandbox = sandbox().await;
    let mut script = script();
    script.fault_rate = 1.0;
    script.fault = Some(Behaviour::Reset);
    for (takes, expect) in [(false, "ACCEPTED"), (true, "DUPLICATED")] {
        script.fault_takes_lead = takes;
        sandbox.set_rule("/buyer/*", script.clone()).unwrap();
        let mut sent = request("POST", DIRECT, lead(1).to_string());
        sent.headers_mut().insert("content-type", "application/json".parse().unwrap());
        assert!(send(&sandbox, sent).await.is_err(), "the connection is reset");
        sandbox.set_rule("/buyer/*", self::script()).unwrap();
        assert_eq!(post(1).json_of(&sandbox).await["status"], expect);
        sandbox.clear_vendors();
    }
    assert_eq!(notes(&sandbox), ["fault", "accepted", "fault after accepted", "duplicate"]);
    let answers: Vec<String> = sandbox.received().iter().map(|r| r.answer.clone()).collect();
    assert_eq!(answers, ["reset", "200", "reset", "200"]);
}

#[tokio::test]
async fn faults_come_at_their_rate() {
    let sandbox = sandbox().await;
    let mut script = script();
    script.fault_rate = 0.5;
    script.seed = 3;
    sandbox.set_rule("/buyer/*", script.clone()).unwrap();
    let mut faults = 0;
    for n in 0..30 {
        let status = post(n).send(&sandbox).await.status().as_u16();
        assert_eq!(status == 503, script.faults(n), "request {n}");
        faults += u64::from(status == 503);
    }
    assert!((5..25).contains(&faults), "{faults}");
}

#[tokio::test]
async fn queries_fail_first_and_then_answer_as_the_vendor() {
    let sandbox = sandbox().await;
    let path = "/leadprosper/direct_post";
    let ask = |query: &str| Ask::json("POST", &format!("{path}?{query}"), &lead(1));
    for expect in [503, 503, 200] {
        assert_eq!(ask("fail_first=2").send(&sandbox).await.status().as_u16(), expect);
    }
    assert_eq!(ask("status=500").send(&sandbox).await.status().as_u16(), 500);
    assert_eq!(ask("outcome=sold").send(&sandbox).await.status().as_u16(), 400);
    let limited = ask("status=429&retry_after=5&fault_rate=1").send(&sandbox).await;
    assert_eq!(
        (limited.status().as_u16(), &limited.headers()["retry-after"]),
        (429, &"5".parse().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn answers_take_the_time_the_script_foretells() {
    let sandbox = sandbox().await;
    let mut script = script();
    script.delay_ms = 2_000;
    script.delay_ms_max = 9_000;
    sandbox.set_rule("/buyer/*", script.clone()).unwrap();
    for n in 0..3 {
        let before = tokio::time::Instant::now();
        post(n).send(&sandbox).await;
        let waited = before.elapsed().as_millis();
        let expect = u128::from(script.delay(n));
        assert!((expect..expect + 5).contains(&waited), "{waited} of {expect}");
    }
}

#[tokio::test]
async fn places_do_not_know_each_others_leads() {
    let sandbox = sandbox().await;
    for (path, expect) in [
        ("/leadprosper/direct_post", "ACCEPTED"),
        ("/leadprosper/two/direct_post", "ACCEPTED"),
        ("/leadprosper/direct_post", "DUPLICATED"),
    ] {
        let got = Ask::json("POST", path, &lead(1)).json_of(&sandbox).await;
        assert_eq!(got["status"], expect, "{path}");
    }
    let listed = Ask::new("GET", "/_sandbox/leads").json_of(&sandbox).await;
    let shown: Vec<String> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| format!("{} {} {} {}", r["place"], r["campaign"], r["outcome"], r["price"]))
        .collect();
    let line = |place: &str, outcome: &str| format!(r#""{place}" "1" "{outcome}" "25.00""#);
    assert_eq!(
        shown,
        [
            line("/leadprosper", "accepted"),
            line("/leadprosper", "duplicate"),
            line("/leadprosper/two", "accepted")
        ]
    );
    let newest = Ask::new("GET", "/_sandbox/leads?limit=1").json_of(&sandbox).await;
    assert_eq!((newest["data"].as_array().unwrap().len(), &newest["leads"]), (1, &json!(3)));
    assert_eq!(call(&sandbox, "GET", "/_sandbox/leads?path=x", "").await.0, 400);
    assert_eq!(call(&sandbox, "DELETE", "/_sandbox/leads", "").await.0, 200);
    let forgotten = Ask::new("GET", "/_sandbox/leads").json_of(&sandbox).await;
    assert_eq!(forgotten, json!({"data": [], "leads": 0}));
}

#[tokio::test]
async fn notes_hold_no_values() {
    let sandbox = sandbox().await;
    let mut wrong = lead(1);
    wrong["lp_campaign_id"] = json!("jane@private.example");
    Ask::json("POST", "/leadprosper/direct_post", &wrong).send(&sandbox).await;
    let shown = format!("{:?}", sandbox.received());
    assert!(shown.ends_with("(leadprosper: lp_campaign_id is wrong)]"), "{shown}");
}

#[tokio::test]
async fn an_unfinished_body_gives_no_lead() {
    use tokio::io::AsyncWriteExt as _;
    let sandbox = sandbox().await;
    sandbox.set_rule("/buyer/*", script()).unwrap();
    let body = lead(1).to_string();
    let head = format!(
        "POST {DIRECT} HTTP/1.1\r\nhost: a.test\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len() + 1
    );
    let mut stream = tokio::net::TcpStream::connect(sandbox.addr()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    sandbox.wait_for(1).await.unwrap();
    assert_eq!(post(1).json_of(&sandbox).await["status"], "ACCEPTED");
}

#[tokio::test]
async fn vendors_without_a_rule_are_only_their_own_paths() {
    let sandbox = sandbox().await;
    assert_eq!(call(&sandbox, "POST", "/crm", "").await, (200, r#"{"ok":true}"#.to_owned()));
    sandbox.set_rule("/crm/leads", Reply::status(418)).unwrap();
    assert_eq!(call(&sandbox, "POST", "/crm/leads", "").await.0, 418);
}
