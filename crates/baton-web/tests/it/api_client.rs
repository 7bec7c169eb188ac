//! A caller of the management API.

use crate::app::{KEY, Reply, TestApp};
use serde_json::{Value, json};

pub struct Api<'a> {
    pub app: &'a TestApp,
    pub key: String,
}

impl<'a> Api<'a> {
    pub fn new(app: &'a TestApp) -> Self {
        Self { app, key: KEY.to_owned() }
    }

    pub fn with_key(app: &'a TestApp, key: &str) -> Self {
        Self { app, key: key.to_owned() }
    }

    pub async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        let auth = format!("Bearer {}", self.key);
        let mut all = vec![("authorization", auth.as_str())];
        if body.is_some() {
            all.push(("content-type", "application/json"));
        }
        all.extend_from_slice(headers);
        let bytes = body.map(ToString::to_string).unwrap_or_default();
        self.app.request(method, path, &all, bytes.as_bytes()).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", path, &[], Some(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.call("PATCH", path, &[], Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, &[], None).await
    }

    /// Reads a document that must be there.
    pub async fn read(&self, path: &str) -> Value {
        let reply = self.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.json());
        reply.json()
    }

    /// Creates something that must be taken.
    pub async fn make(&self, path: &str, body: Value) -> Value {
        let reply = self.post(path, body).await;
        assert_eq!(reply.status, 201, "{path}: {}", reply.json());
        reply.json()
    }

    /// Does something that must be taken.
    pub async fn act(&self, path: &str, body: Value) -> Value {
        let reply = self.post(path, body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.json());
        reply.json()
    }

    pub async fn destination(&self, name: &str) -> Value {
        let body = json!({"campaign_id": self.app.campaign, "connector": "webhook", "name": name,
            "settings": {"url": "https://crm.example/leads"}});
        self.make("/api/v1/destinations", body).await
    }
}

/// The id of a document.
pub fn id(document: &Value) -> &str {
    document["id"].as_str().unwrap()
}

/// The fields a refusal names.
#[track_caller]
pub fn fields(reply: &Reply) -> Vec<String> {
    let body = reply.problem(422, "validation_failed");
    let errors = body["errors"].as_array().unwrap();
    errors.iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect()
}
