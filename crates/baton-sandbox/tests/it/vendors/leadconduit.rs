use super::{Ask, notes};
use crate::peer::sandbox;
use baton_domain::secret::Secret;
use serde_json::{Value, json};

const SOURCE: &str = "/leadconduit/flows/5462c7eb76fefd217d333552/sources/5462c7fb745fb567baf2e093";

fn lead() -> Value {
    json!({"first_name": "Jane", "email": "jane@example.com", "phone_1": "5125550100"})
}

fn submit(query: &str) -> Ask {
    Ask::json("POST", &format!("{SOURCE}/submit?{query}"), &lead())
}

#[tokio::test]
async fn every_handled_submission_is_a_201() {
    let sandbox = sandbox().await;
    for (n, query, outcome, reason, price) in [
        (1, "", "success", None, "25"),
        (2, "", "failure", Some("duplicate"), "0"),
        (3, "outcome=accepted&prices=1.5", "success", None, "1.50"),
        (4, "outcome=rejected", "failure", Some("rejected"), "0"),
        (
            5,
            "outcome=duplicate&reason=Duplicate+Email+Lead",
            "failure",
            Some("Duplicate Email Lead"),
            "0",
        ),
        (6, "outcome=cap_reached", "failure", Some("Cap reached"), "0"),
        (7, "outcome=invalid", "failure", Some("invalid email"), "0"),
        (8, "outcome=auth_or_config", "error", Some("Unauthorized source"), "0"),
        (9, "required=postal_code", "failure", Some("missing postal_code"), "0"),
    ] {
        let reason = reason.map(|r| format!(r#""reason":"{r}","#)).unwrap_or_default();
        let expect = format!(
            r#"{{"outcome":"{outcome}",{reason}"lead":{{"id":"5462cdc5869bdb81{n:08x}"}},"price":{price}}}"#
        );
        submit(query).expect_json(&sandbox, 201, &expect).await;
    }
    submit("outcome=transient").expect(&sandbox, 503, "Service Unavailable\n").await;
    assert_eq!(notes(&sandbox)[..3], ["accepted", "duplicate", "accepted"]);
    assert_eq!(notes(&sandbox)[8], "missing postal_code");
}

#[tokio::test]
async fn the_answer_is_xml_for_who_wants_it() {
    let sandbox = sandbox().await;
    let expect = "<?xml version=\"1.0\"?>\n<result><outcome>failure</outcome><reason>bad &lt;one&gt;</reason>\
                  <lead><id>5462cdc5869bdb8100000001</id></lead><price>0</price></result>";
    let ask = submit("outcome=rejected&reason=bad+%3Cone%3E").header("accept", "text/xml");
    ask.expect(&sandbox, 201, expect).await;
    for (accept, kind) in [
        ("application/xml;q=0.9", "text/xml; charset=utf-8"),
        ("text/html, */*;q=0.1", "application/json"),
    ] {
        let answer = submit("").header("accept", accept).send(&sandbox).await;
        assert_eq!(answer.headers()["content-type"], kind, "{accept}");
    }
    submit("").header("accept", "text/html").expect(&sandbox, 406, "Not Acceptable\n").await;
}

#[tokio::test]
async fn all_request_types_are_read() {
    let sandbox = sandbox().await;
    let path = format!("{SOURCE}/submit?required=email,loan.amount");
    for ask in [
        Ask::form(&path, "email=a%40b.example&loan.amount=1"),
        Ask::json("POST", &path, &json!({"email": "c@b.example", "loan": {"amount": 1}})),
        Ask::json("POST", &path, &json!({"email": "d@b.example", "loan.amount": 1})),
        Ask::xml(
            "POST",
            &path,
            "<lead><email>e@b.example</email><loan><amount>1</amount></loan></lead>",
        ),
        Ask::xml(
            "POST",
            &path,
            "<lead><email>f@b.example</email><loan><amount>1</amount></loan></lead>",
        )
        .header("content-type", "text/xml; charset=utf-8"),
        Ask::new("GET", &format!("{path}&email=g%40b.example&loan.amount=1")),
    ] {
        assert_eq!(ask.json_of(&sandbox).await["outcome"], "success", "{}", ask.body);
    }
}

#[tokio::test]
async fn a_redirect_keeps_the_body() {
    let sandbox = sandbox().await;
    let ask = submit("redir_url=https%3A%2F%2Fform.example%2Fthanks");
    let answer = ask.send(&sandbox).await;
    assert_eq!(answer.status().as_u16(), 303);
    assert_eq!(answer.headers()["location"], "https://form.example/thanks");
    assert!(answer.body().starts_with(br#"{"outcome":"success""#));
    for url in ["form.example", "javascript:alert(1)", "https%3A%2F%2Fa%0Ab"] {
        let ask = submit(&format!("redir_url={url}"));
        ask.expect(&sandbox, 400, "Invalid redir_url\n").await;
    }
}

#[tokio::test]
async fn what_is_not_as_documented_is_refused() {
    let sandbox = sandbox().await;
    for (ask, status) in [
        (Ask { method: "PUT", ..submit("") }, 405),
        (submit("").without("content-type"), 415),
        (submit("").header("content-type", "text/plain"), 406),
        (submit("").body("{"), 400),
        (Ask::xml("POST", &format!("{SOURCE}/submit"), "<lead>"), 400),
        (Ask::json("POST", "/leadconduit/flows/5462/sources/5462/submit", &lead()), 404),
    ] {
        let answer = ask.send(&sandbox).await;
        assert_eq!(answer.status().as_u16(), status, "{} {}", ask.method, ask.path);
        assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
        if status == 405 {
            assert_eq!(answer.headers()["allow"], "GET, POST");
        }
    }
    sandbox.set_secret("/leadconduit/*", Secret::new("secret")).unwrap();
    // `printf API:secret | base64`
    let right = submit("").header("authorization", "Basic QVBJOnNlY3JldA==");
    assert_eq!(right.send(&sandbox).await.status().as_u16(), 201);
    let wrong_user = submit("").header("authorization", "Basic WDpzZWNyZXQ=");
    for ask in [wrong_user, submit(""), submit("").header("authorization", "Basic ?")] {
        ask.expect(&sandbox, 401, "Unauthorized source\n").await;
    }
}

#[tokio::test]
async fn a_ping_is_a_bid_without_an_id() {
    let sandbox = sandbox().await;
    for (query, expect) in [
        ("prices=10", r#"{"outcome":"success","price":10}"#),
        ("prices=0", r#"{"outcome":"failure","reason":"no bid","price":0}"#),
        ("accept_rate=0", r#"{"outcome":"failure","reason":"no bid","price":0}"#),
        ("outcome=cap_reached", r#"{"outcome":"failure","reason":"Cap reached","price":0}"#),
    ] {
        let ask = Ask::json("POST", &format!("{SOURCE}/ping?{query}"), &lead());
        ask.expect_json(&sandbox, 200, expect).await;
    }
    // A ping is not remembered as the lead it announces.
    assert_eq!(submit("").json_of(&sandbox).await["outcome"], "success");
}
