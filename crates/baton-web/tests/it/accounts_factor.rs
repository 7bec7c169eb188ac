//! The second factor: codes of an app, recovery codes.

use crate::api_client::fields;
use crate::app::TestApp;
use crate::browser::{Browser, PASSWORD, owner};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

/// The code an app with that secret shows now.
fn code(app: &TestApp, secret: &str) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    let seconds = u64::try_from(app.store.wall().0 / 1_000).unwrap();
    totp.generate(seconds).to_string()
}

async fn ask(browser: &Browser<'_>) -> Value {
    let asked = browser.post("/api/v1/me/second-factor", json!({"password": PASSWORD})).await;
    assert_eq!(asked.status, 200, "{}", asked.json());
    asked.json()
}

/// Sets a second factor up: its secret and recovery codes.
async fn set_up(app: &TestApp, browser: &Browser<'_>) -> (String, Vec<String>) {
    let secret = ask(browser).await["secret"].as_str().unwrap().to_owned();
    let typed = json!({"code": code(app, &secret)});
    let confirmed = browser.post("/api/v1/me/second-factor/confirm", typed).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.json());
    let codes = confirmed.json()["recovery_codes"].clone();
    (secret, serde_json::from_value(codes).unwrap())
}

#[tokio::test]
async fn a_second_factor_counts_from_its_confirmation() {
    let app = TestApp::start().await;
    let browser = owner(&app).await;
    let other = Browser::new(&app);
    assert_eq!(other.sign_in("owner@example.com", PASSWORD, None).await.status, 200);
    let path = "/api/v1/me/second-factor";
    let wrong = browser.post(path, json!({"password": "wrong horse battery"})).await;
    assert_eq!(fields(&wrong), ["password"]);
    let confirm = async |code: String| {
        browser.post("/api/v1/me/second-factor/confirm", json!({"code": code})).await
    };
    confirm("123456".to_owned()).await.problem(409, "conflict");

    let first = ask(&browser).await;
    let second = ask(&browser).await;
    let url = second["otpauth_url"].as_str().unwrap();
    assert!(url.starts_with("otpauth://totp/Baton:owner%40example.com?"), "{url}");
    let text = |view: &Value| view["secret"].as_str().unwrap().to_owned();
    let replaced = confirm(code(&app, &text(&first))).await;
    assert_eq!(fields(&replaced), ["code"], "asking again replaces the secret");
    assert_eq!(browser.me().await["second_factor"], false);
    let before = browser.cookie();
    let confirmed = confirm(code(&app, &text(&second))).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.json());
    assert_ne!(browser.cookie(), before, "the session has a new token");
    app.get("/api/v1/me", &[("cookie", &before)]).await.problem(401, "unauthorized");
    other.get("/api/v1/me").await.problem(401, "unauthorized");
    let me = browser.me().await;
    assert_eq!((&me["second_factor"], &me["recovery_codes_left"]), (&json!(true), &json!(10)));
    browser.post(path, json!({"password": PASSWORD})).await.problem(409, "conflict");
    let users = browser.read("/api/v1/users").await;
    assert_eq!(users["data"][0]["second_factor"], true);
}

#[tokio::test]
async fn signing_in_takes_a_code_once() {
    let app = TestApp::start().await;
    let browser = owner(&app).await;
    let (secret, _) = set_up(&app, &browser).await;
    let other = Browser::new(&app);
    let sign_in =
        async |code: Option<&str>| other.sign_in("owner@example.com", PASSWORD, code).await;
    sign_in(None).await.problem(401, "second_factor_needed");
    sign_in(Some(" ")).await.problem(401, "second_factor_needed");
    let first = code(&app, &secret);
    // The one that confirmed it was used by that.
    sign_in(Some(&first)).await.problem(401, "sign_in_failed");
    app.clock.advance_ms(30_000);
    let second = code(&app, &secret);
    assert_eq!(sign_in(Some(&second)).await.status, 200);
    let replayed = Browser::new(&app);
    let replayed = replayed.sign_in("owner@example.com", PASSWORD, Some(&second)).await;
    replayed.problem(401, "sign_in_failed");
    let wrong_password = other.sign_in("owner@example.com", "wrong horse battery", None).await;
    wrong_password.problem(401, "sign_in_failed");
    let lines = browser.failures(3).await;
    let mut wrong: Vec<_> =
        lines.iter().map(|line| line["after"]["wrong"].as_str().unwrap()).collect();
    wrong.sort_unstable();
    assert_eq!(wrong, ["code", "code", "password"]);
}

#[tokio::test]
async fn codes_are_not_guessed() {
    let app = TestApp::start().await;
    let browser = owner(&app).await;
    let (secret, _) = set_up(&app, &browser).await;
    app.clock.advance_ms(30_000);
    let right = code(&app, &secret);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let guesser = Browser::new(&app);
    // Asking whether one is needed costs nothing, a wrong one does. The browser is known here, so
    // what counts is the account from this address.
    for _ in 0..10 {
        let asked = guesser.sign_in("owner@example.com", PASSWORD, None).await;
        asked.problem(401, "second_factor_needed");
    }
    for _ in 0..5 {
        let refused = guesser.sign_in("owner@example.com", PASSWORD, Some(wrong)).await;
        refused.problem(401, "sign_in_failed");
    }
    let slowed = guesser.sign_in("owner@example.com", PASSWORD, Some(&right)).await;
    slowed.problem(429, "rate_limited");
}

#[tokio::test]
async fn recovery_codes_sign_in_once_each() {
    let app = TestApp::start().await;
    let browser = owner(&app).await;
    let (_, codes) = set_up(&app, &browser).await;
    assert_eq!(codes.len(), 10);
    let mut different = codes.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), 10);
    let other = Browser::new(&app);
    let sign_in = async |code: &str| other.sign_in("owner@example.com", PASSWORD, Some(code)).await;
    assert_eq!(sign_in(&codes[3].to_uppercase().replace('-', " ")).await.status, 200);
    assert_eq!(other.me().await["recovery_codes_left"], 9);
    sign_in(&codes[3]).await.problem(401, "sign_in_failed");
    assert_eq!(sign_in(&codes[4]).await.status, 200);
    // Nothing of the codes is in the database as it was shown.
    let stored = app.foreign_connection();
    let found: i64 = stored
        .query_row("SELECT count(*) FROM recovery_codes WHERE code = ?1", [&codes[5]], |r| r.get(0))
        .unwrap();
    assert_eq!(found, 0);
}

#[tokio::test]
async fn a_second_factor_goes_with_the_password() {
    let app = TestApp::start().await;
    let browser = owner(&app).await;
    let remove = async |password: &str| {
        browser.post("/api/v1/me/second-factor/remove", json!({"password": password})).await
    };
    remove(PASSWORD).await.problem(409, "conflict");
    set_up(&app, &browser).await;
    assert_eq!(fields(&remove("wrong horse battery").await), ["password"]);
    let before = browser.cookie();
    assert_eq!(remove(PASSWORD).await.status, 204);
    assert_ne!(browser.cookie(), before);
    let me = browser.me().await;
    assert_eq!((&me["second_factor"], &me["recovery_codes_left"]), (&json!(false), &json!(0)));
    let other = Browser::new(&app);
    assert_eq!(other.sign_in("owner@example.com", PASSWORD, None).await.status, 200);
    let lines = browser.read("/api/v1/audit?limit=4").await;
    let said: Vec<_> = lines["data"].as_array().unwrap().iter().map(|l| &l["action"]).collect();
    assert_eq!(
        said,
        ["user.sign_in", "user.second_factor_off", "user.second_factor_on", "user.create"]
    );
}
