//! A browser of somebody who signs in: it keeps the cookie, and says where its requests come from.

use crate::api_client::Api;
use crate::app::{PATIENCE, Reply, TestApp};
use serde_json::{Value, json};
use std::sync::Mutex;

/// The password of everybody in tests.
pub const PASSWORD: &str = "correct horse battery";

pub struct Browser<'a> {
    pub app: &'a TestApp,
    cookie: Mutex<String>,
    headers: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    pub fn new(app: &'a TestApp) -> Self {
        let headers = vec![("sec-fetch-site".to_owned(), "same-origin".to_owned())];
        Self { app, cookie: Mutex::default(), headers }
    }

    /// The same browser with other headers; those of that name go.
    pub fn with(&self, headers: &[(&str, &str)]) -> Self {
        let mut all = self.headers.clone();
        for (name, value) in headers {
            all.retain(|(known, _)| known != name);
            all.push(((*name).to_owned(), (*value).to_owned()));
        }
        Self { app: self.app, cookie: Mutex::new(self.cookie()), headers: all }
    }

    /// The same browser without what it says of itself.
    pub fn silent(&self) -> Self {
        Self { app: self.app, cookie: Mutex::new(self.cookie()), headers: Vec::new() }
    }

    pub fn cookie(&self) -> String {
        self.cookie.lock().unwrap().clone()
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let cookie = self.cookie();
        let mut all: Vec<(&str, &str)> =
            self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        if !cookie.is_empty() {
            all.push(("cookie", &cookie));
        }
        if body.is_some() {
            all.push(("content-type", "application/json"));
        }
        let bytes = body.map(ToString::to_string).unwrap_or_default();
        let reply = self.app.request(method, path, &all, bytes.as_bytes()).await;
        if let Some(set) = reply.header("set-cookie") {
            let pair = set.split(';').next().unwrap();
            let kept = if pair.ends_with('=') { "" } else { pair };
            kept.clone_into(&mut self.cookie.lock().unwrap());
        }
        reply
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", path, Some(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.call("PATCH", path, Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, None).await
    }

    /// Reads what must be there.
    pub async fn read(&self, path: &str) -> Value {
        let reply = self.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.json());
        reply.json()
    }

    pub async fn me(&self) -> Value {
        self.read("/api/v1/me").await
    }

    /// Failed sign-ins in the audit, the newest first, when there are so many: they are written
    /// beside the answer.
    pub async fn failures(&self, count: usize) -> Vec<Value> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let lines = self.read("/api/v1/audit?action=user.sign_in_failed").await;
            let lines = lines["data"].as_array().unwrap().clone();
            if lines.len() >= count {
                return lines;
            }
            assert!(tokio::time::Instant::now() < deadline, "{lines:?}");
        }
    }

    pub async fn sign_in(&self, email: &str, password: &str, code: Option<&str>) -> Reply {
        let mut body = json!({"email": email, "password": password});
        if let Some(code) = code {
            body["code"] = code.into();
        }
        self.post("/api/v1/auth/sign-in", body).await
    }
}

/// The token of a link.
pub fn token_of(link: &str) -> &str {
    link.split_once('#').expect("a link with a token").1
}

/// The first user, signed in.
pub async fn owner(app: &TestApp) -> Browser<'_> {
    let link = baton_web::auth::offer_setup(&app.store).await.unwrap().expect("nobody yet");
    let browser = Browser::new(app);
    let body = json!({"token": token_of(link.reveal()), "email": "owner@example.com",
        "name": "Olive Owner", "password": PASSWORD});
    let made = browser.post("/api/v1/auth/setup", body).await;
    assert_eq!(made.status, 201, "{}", made.json());
    browser
}

/// Somebody who was invited into the first workspace by its key, signed in.
pub async fn invited<'a>(app: &'a TestApp, email: &str, role: &str) -> Browser<'a> {
    // Only owners make owners, so those are made otherwise.
    let invitation = json!({"email": email, "role": role});
    let invitation = Api::new(app).make("/api/v1/users/invitations", invitation).await;
    accepted(app, invitation["url"].as_str().unwrap()).await
}

/// Somebody who accepted the invitation of that link.
pub async fn accepted<'a>(app: &'a TestApp, link: &str) -> Browser<'a> {
    let browser = Browser::new(app);
    let path = format!("/api/v1/auth/invitations/{}/accept", token_of(link));
    let accepted = browser.post(&path, json!({"name": "Jo", "password": PASSWORD})).await;
    assert_eq!(accepted.status, 200, "{}", accepted.json());
    browser
}
