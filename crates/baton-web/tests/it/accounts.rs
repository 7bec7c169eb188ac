//! The first user, signing in and out, sessions, and what another site cannot do.

use crate::api_client::{Api, fields, id};
use crate::app::TestApp;
use crate::browser::{Browser, PASSWORD, invited, owner, token_of};
use baton_domain::account::{SEEN_EVERY_MS, SESSION_IDLE_MS};
use baton_store::accounts::Ending;
use baton_web::auth::{SESSION_KEPT_MS, offer_setup};
use serde_json::{Value, json};

#[tokio::test]
async fn the_link_of_the_start_makes_one_first_user() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let state = browser.read("/api/v1/auth/state").await;
    assert_eq!(state["setup_needed"], true);
    assert_eq!((&state["signed_in"], &state["insecure"]), (&json!(false), &json!(true)));
    let link = offer_setup(&app.store).await.unwrap().unwrap();
    assert!(link.reveal().starts_with("/admin/setup#"), "the token is behind a #");
    let second_link = offer_setup(&app.store).await.unwrap().unwrap();
    let set_up = async |token: &str, email: &str, password: &str| {
        let body = json!({"token": token, "email": email, "name": "Olive", "password": password,
            "workspace": "Solar Ltd"});
        browser.post("/api/v1/auth/setup", body).await
    };
    let token = token_of(link.reveal());
    set_up("nope", "o@example.com", PASSWORD).await.problem(404, "not_found");
    assert_eq!(fields(&set_up(token, "nobody", "short").await), ["email", "password"]);
    let made = set_up(token, " Olive@Example.COM ", PASSWORD).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let me = made.json();
    assert_eq!(
        (&me["kind"], &me["email"], &me["role"]),
        (&json!("user"), &json!("olive@example.com"), &json!("owner"))
    );
    assert_eq!(
        (&me["workspace"], &me["workspace_id"]),
        (&json!("Solar Ltd"), &json!(app.workspace))
    );
    assert_eq!(me["workspaces"].as_array().unwrap().len(), 1);
    assert_eq!((&me["second_factor"], &me["recovery_codes_left"]), (&json!(false), &json!(0)));
    assert!(id(&me).starts_with("usr_"), "{me}");
    let cookie = made.header("set-cookie").unwrap();
    assert!(cookie.starts_with("baton=") && cookie.contains("; Path=/"), "{cookie}");
    assert!(cookie.contains("; HttpOnly; SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");

    assert_eq!(browser.me().await, me);
    let state = browser.read("/api/v1/auth/state").await;
    assert_eq!((&state["setup_needed"], &state["signed_in"]), (&json!(false), &json!(true)));
    // Neither this link nor the other works any more, and no other is offered.
    for link in [&link, &second_link] {
        let again = set_up(token_of(link.reveal()), "x@example.com", PASSWORD).await;
        again.problem(404, "not_found");
    }
    assert!(offer_setup(&app.store).await.unwrap().is_none());
}

#[tokio::test]
async fn who_signs_in_gets_a_session_that_signing_out_ends() {
    let app = TestApp::start().await;
    let first = owner(&app).await;
    let browser = Browser::new(&app).with(&[("user-agent", "Firefox"), ("x-request-id", "r-1")]);
    let signed_in = browser.sign_in("OWNER@example.com", PASSWORD, None).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.json());
    assert_ne!(browser.cookie(), first.cookie());
    assert_eq!(browser.me().await["email"], "owner@example.com");

    let sessions = browser.read("/api/v1/me/sessions").await;
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let current = sessions.iter().find(|s| s["current"] == true).unwrap();
    assert_eq!((&current["user_agent"], &current["ip"]), (&json!("Firefox"), &json!("127.0.0.1")));
    assert!(id(current).starts_with("ses_"));

    let former = browser.cookie();
    assert_eq!(browser.post("/api/v1/auth/sign-out", json!({})).await.status, 204);
    assert_eq!(browser.cookie(), "", "the cookie is taken away");
    let stolen = app.get("/api/v1/me", &[("cookie", &former)]).await;
    stolen.problem(401, "unauthorized");
    assert_eq!(browser.post("/api/v1/auth/sign-out", json!({})).await.status, 204, "again");
    assert_eq!(first.me().await["email"], "owner@example.com");

    let lines = first.read("/api/v1/audit?subject=").await;
    assert_eq!(lines["data"], json!([]));
    let lines = first.read("/api/v1/audit?limit=3").await;
    let said: Vec<_> = lines["data"].as_array().unwrap().iter().map(|l| &l["action"]).collect();
    assert_eq!(said, ["user.sign_out", "user.sign_in", "user.create"]);
    let line = &lines["data"][1];
    assert_eq!(line["actor"]["kind"], "user");
    assert_eq!((&line["actor"]["name"], &line["ip"]), (&json!("Olive Owner"), &json!("127.0.0.1")));
    assert_eq!(
        (&line["subject_name"], &line["request_id"]),
        (&json!("owner@example.com"), &json!("r-1"))
    );
}

#[tokio::test]
async fn a_key_counts_before_a_session_and_a_proxy_s_password_does_not() {
    let app = TestApp::start().await;
    let browser = owner(&app).await;
    let bearer = format!("Bearer {}", crate::app::KEY);
    assert_eq!(browser.with(&[("authorization", &bearer)]).me().await["kind"], "key");
    let unknown = browser.with(&[("authorization", "bearer bk_unknown")]);
    unknown.get("/api/v1/me").await.problem(401, "unauthorized");
    let basic = browser.with(&[("authorization", "Basic am86cHc=")]);
    assert_eq!(basic.me().await["kind"], "user");
}

#[tokio::test]
async fn a_browser_that_signs_in_again_has_one_session() {
    let app = TestApp::start().await;
    let browser = owner(&app).await;
    let before = browser.cookie();
    assert_eq!(browser.sign_in("owner@example.com", PASSWORD, None).await.status, 200);
    assert_ne!(browser.cookie(), before);
    app.get("/api/v1/me", &[("cookie", &before)]).await.problem(401, "unauthorized");
    assert_eq!(browser.read("/api/v1/me/sessions").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn wrong_passwords_and_unknown_addresses_get_the_same_answer() {
    let app = TestApp::start().await;
    let first = owner(&app).await;
    let browser = Browser::new(&app);
    let wrong = browser.sign_in("owner@example.com", "wrong horse battery", None).await;
    let unknown = browser.sign_in("nobody@example.com", PASSWORD, None).await;
    let no_address = browser.sign_in("nobody", PASSWORD, None).await;
    let shown = |reply: &crate::app::Reply| {
        let mut body = reply.problem(401, "sign_in_failed");
        body.as_object_mut().unwrap().remove("request_id");
        body
    };
    assert_eq!(shown(&wrong), shown(&unknown));
    assert_eq!(shown(&wrong), shown(&no_address));
    assert_eq!(wrong.header("set-cookie"), None);
    let lines = first.failures(1).await;
    assert_eq!(lines.len(), 1, "of an account that is there");
    assert_eq!(lines[0]["subject_name"], "owner@example.com");
    assert_eq!(lines[0]["actor"]["kind"], "system", "it need not have been them");
    assert!(!lines[0].to_string().contains("horse"), "no password is written down");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_nobody_is_locked_out() {
    let app = TestApp::with(|seed| {
        seed.web.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let at = |ip: &str| Browser::new(&app).with(&[("x-forwarded-for", ip)]);
    let link = offer_setup(&app.store).await.unwrap().unwrap();
    let body = json!({"token": token_of(link.reveal()), "email": "owner@example.com",
        "name": "Olive", "password": PASSWORD});
    assert_eq!(at("203.0.113.1").post("/api/v1/auth/setup", body).await.status, 201);

    let guesser = at("198.51.100.7");
    for _ in 0..5 {
        let wrong = guesser.sign_in("owner@example.com", "wrong horse battery", None).await;
        wrong.problem(401, "sign_in_failed");
    }
    let slowed = guesser.sign_in("owner@example.com", PASSWORD, None).await;
    slowed.problem(429, "rate_limited");
    assert_eq!(slowed.header("retry-after"), Some("2"));
    let elsewhere = at("198.51.100.8").sign_in("owner@example.com", PASSWORD, None).await;
    elsewhere.problem(429, "rate_limited");
    // From where the owner is signed in, others' guesses do not count.
    let own = at("203.0.113.1").sign_in("owner@example.com", PASSWORD, None).await;
    assert_eq!(own.status, 200, "{}", own.json());
    app.clock.advance_ms(2_000);
    let after = at("198.51.100.8").sign_in("owner@example.com", PASSWORD, None).await;
    assert_eq!(after.status, 200, "{}", after.json());
    // An address nobody has is slowed down as well, or it would show that nobody has it.
    for _ in 0..5 {
        at("198.51.100.9").sign_in("nobody@example.com", PASSWORD, None).await;
    }
    let unknown = at("198.51.100.10").sign_in("nobody@example.com", PASSWORD, None).await;
    unknown.problem(429, "rate_limited");
}

#[tokio::test]
async fn another_site_changes_nothing_with_somebody_s_cookie() {
    let app = TestApp::start().await;
    let browser = owner(&app).await;
    let rename =
        async |browser: &Browser<'_>| browser.patch("/api/v1/me", json!({"name": "Renamed"})).await;
    let silent = browser.silent();
    rename(&silent).await.problem(403, "cross_site");
    assert_eq!(silent.me().await["name"], "Olive Owner", "reading is not changing");
    for (header, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
    ] {
        rename(&silent.with(&[(header, value)])).await.problem(403, "cross_site");
    }
    assert_eq!(browser.me().await["name"], "Olive Owner");
    assert_eq!(rename(&silent.with(&[("origin", "http://test")])).await.status, 200);
    assert_eq!(browser.me().await["name"], "Renamed");
    // Nor does it sign anybody in or out.
    let foreign = Browser::new(&app).with(&[("sec-fetch-site", "cross-site")]);
    foreign.sign_in("owner@example.com", PASSWORD, None).await.problem(403, "cross_site");
    let out = browser.with(&[("sec-fetch-site", "cross-site")]);
    out.post("/api/v1/auth/sign-out", json!({})).await.problem(403, "cross_site");
    // A script without a cookie says nothing of itself and may sign in.
    let script = Browser::new(&app).silent();
    assert_eq!(script.sign_in("owner@example.com", PASSWORD, None).await.status, 200);
    // A key is no cookie: whoever has it sends it on purpose.
    let key = Api::new(&app);
    let made = key
        .call(
            "POST",
            "/api/v1/campaigns",
            &[("origin", "http://evil.example")],
            Some(&json!({"name": "New"})),
        )
        .await;
    assert_eq!(made.status, 201);
}

#[tokio::test]
async fn over_https_the_cookie_is_kept_from_other_hosts() {
    let app = TestApp::with(|seed| {
        seed.web.public_url = Some("https://leads.example.com".to_owned());
    })
    .await;
    let browser = owner(&app).await;
    assert!(browser.cookie().starts_with("__Host-baton="), "{}", browser.cookie());
    assert_eq!(browser.read("/api/v1/auth/state").await["insecure"], false);
    let again = browser.sign_in("owner@example.com", PASSWORD, None).await;
    let set = again.header("set-cookie").unwrap();
    assert!(set.contains("; Path=/; ") && set.ends_with("; Secure"), "{set}");
    assert!(!set.contains("Domain"), "{set}");
    let plain = browser.cookie().replace("__Host-baton=", "baton=");
    app.get("/api/v1/me", &[("cookie", &plain)]).await.problem(401, "unauthorized");
    let own = browser.silent().with(&[("origin", "https://leads.example.com")]);
    assert_eq!(own.patch("/api/v1/me", json!({"name": "O"})).await.status, 200);
}

#[tokio::test]
async fn sessions_end_when_idle_and_are_seen_to_the_minute() {
    let app = TestApp::start().await;
    let browser = owner(&app).await;
    let seen = async || browser.read("/api/v1/me/sessions").await[0]["seen_at"].clone();
    let began = seen().await;
    app.clock.advance_ms(SEEN_EVERY_MS - 1);
    assert_eq!(seen().await, began, "written at most once a minute");
    app.clock.advance_ms(SESSION_KEPT_MS);
    // It is written beside the answer, so the next one may still have the former.
    let deadline = tokio::time::Instant::now() + crate::app::PATIENCE;
    while seen().await == began {
        assert!(tokio::time::Instant::now() < deadline, "it is written");
    }
    assert_eq!(seen().await, json!(app.store.now().to_rfc3339()));
    app.clock.advance_ms(SESSION_IDLE_MS);
    browser.get("/api/v1/me").await.problem(401, "unauthorized");
    assert_eq!(browser.read("/api/v1/auth/state").await["signed_in"], false);
}

#[tokio::test]
async fn a_session_ended_elsewhere_works_a_few_seconds_longer_at_most() {
    let app = TestApp::start().await;
    let browser = owner(&app).await;
    let me = browser.me().await;
    let user = id(&me).parse().unwrap();
    let session = browser.read("/api/v1/me/sessions").await;
    let session = id(&session[0]).parse().unwrap();
    // As another node would, past this one's memory.
    app.store.end_sessions(user, Ending::One(session), Vec::new()).await.unwrap().unwrap();
    app.clock.advance_ms(SESSION_KEPT_MS - 1);
    assert_eq!(browser.get("/api/v1/me").await.status, 200);
    app.clock.advance_ms(1);
    browser.get("/api/v1/me").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn sessions_are_ended_one_by_one_and_all_others_at_once() {
    let app = TestApp::start().await;
    let first = owner(&app).await;
    let (second, third) = (Browser::new(&app), Browser::new(&app));
    for browser in [&second, &third] {
        assert_eq!(browser.sign_in("owner@example.com", PASSWORD, None).await.status, 200);
    }
    let current = |sessions: &Value| -> String {
        let mut all = sessions.as_array().unwrap().iter();
        id(all.find(|s| s["current"] == true).unwrap()).to_owned()
    };
    let second_s = current(&second.read("/api/v1/me/sessions").await);
    let jo = invited(&app, "jo@example.com", "admin").await;
    let path = format!("/api/v1/me/sessions/{second_s}");
    jo.delete(&path).await.problem(404, "not_found");
    assert_eq!(first.delete(&path).await.status, 204);
    second.get("/api/v1/me").await.problem(401, "unauthorized");
    first.delete(&path).await.problem(404, "not_found");
    assert_eq!(first.delete("/api/v1/me/sessions").await.status, 204);
    third.get("/api/v1/me").await.problem(401, "unauthorized");
    assert_eq!(first.read("/api/v1/me/sessions").await.as_array().unwrap().len(), 1);
    assert_eq!(jo.me().await["name"], "Jo");
}

#[tokio::test]
async fn a_new_password_needs_the_former_and_ends_other_sessions() {
    let app = TestApp::start().await;
    let browser = owner(&app).await;
    let other = Browser::new(&app);
    assert_eq!(other.sign_in("owner@example.com", PASSWORD, None).await.status, 200);
    let change = async |current: &str, new: &str| {
        browser.post("/api/v1/me/password", json!({"current": current, "new": new})).await
    };
    assert_eq!(fields(&change(PASSWORD, "short").await), ["new"]);
    assert_eq!(fields(&change("wrong horse battery", "another horse battery").await), ["current"]);
    let before = browser.cookie();
    assert_eq!(change(PASSWORD, "another horse battery").await.status, 204);
    assert_ne!(browser.cookie(), before, "the session has a new token");
    app.get("/api/v1/me", &[("cookie", &before)]).await.problem(401, "unauthorized");
    other.get("/api/v1/me").await.problem(401, "unauthorized");
    assert_eq!(browser.me().await["email"], "owner@example.com");
    let refused = other.sign_in("owner@example.com", PASSWORD, None).await;
    refused.problem(401, "sign_in_failed");
    let taken = other.sign_in("owner@example.com", "another horse battery", None).await;
    assert_eq!(taken.status, 200);
    let lines = browser.read("/api/v1/audit?action=user.password").await;
    assert_eq!(lines["data"].as_array().unwrap().len(), 1);
    assert!(!lines.to_string().contains("horse"));
}
