//! Every vendor over real sockets: what it takes, what it refuses and in which words.

mod boberdoo;
mod crm;
mod leadbyte;
mod leadconduit;
mod leadprosper;
mod phonexa;
mod scripts;
mod zapier;

use crate::peer::{request, send};
use baton_sandbox::SandboxHandle;
use bytes::Bytes;
use http::Response;
use serde_json::Value;

/// A request to be sent.
#[derive(Clone)]
struct Ask {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Ask {
    fn new(method: &'static str, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), body: String::new() }
    }

    fn json(method: &'static str, path: &str, body: &Value) -> Self {
        let ask = Self::new(method, path).header("content-type", "application/json");
        Self { body: body.to_string(), ..ask }
    }

    fn form(path: &str, body: &str) -> Self {
        let ask =
            Self::new("POST", path).header("content-type", "application/x-www-form-urlencoded");
        Self { body: body.to_owned(), ..ask }
    }

    fn xml(method: &'static str, path: &str, body: &str) -> Self {
        let ask = Self::new(method, path).header("content-type", "application/xml");
        Self { body: body.to_owned(), ..ask }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(n, _)| n != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(n, _)| n != name);
        self
    }

    fn body(self, body: &str) -> Self {
        Self { body: body.to_owned(), ..self }
    }

    async fn send(&self, sandbox: &SandboxHandle) -> Response<Bytes> {
        let mut sent = request(self.method, &self.path, self.body.clone());
        for (name, value) in &self.headers {
            let name: http::HeaderName = name.parse().unwrap();
            sent.headers_mut().insert(name, value.parse().unwrap());
        }
        send(sandbox, sent).await.unwrap()
    }

    /// Sends it and expects that status and exactly that text.
    async fn expect(&self, sandbox: &SandboxHandle, status: u16, text: &str) {
        let answer = self.send(sandbox).await;
        let got = std::str::from_utf8(answer.body()).unwrap();
        let shown = format!("{} {} {}", self.method, self.path, self.body);
        assert_eq!((answer.status().as_u16(), got), (status, text), "{shown}");
    }

    /// Sends it and expects that status and that JSON, digit by digit.
    async fn expect_json(&self, sandbox: &SandboxHandle, status: u16, expect: &str) {
        let answer = self.send(sandbox).await;
        let text = std::str::from_utf8(answer.body()).unwrap();
        let shown = format!("{} {} {}", self.method, self.path, self.body);
        let got: Value =
            serde_json::from_str(text).unwrap_or_else(|e| panic!("{shown}: {e}: {text}"));
        let expect: Value =
            serde_json::from_str(expect).unwrap_or_else(|e| panic!("{e}: {expect}"));
        assert_eq!((answer.status().as_u16(), got), (status, expect), "{shown}");
        assert_eq!(answer.headers()["content-type"], "application/json", "{shown}");
    }

    /// Sends it and gives the JSON that comes with status 200.
    async fn json_of(&self, sandbox: &SandboxHandle) -> Value {
        let answer = self.send(sandbox).await;
        serde_json::from_slice(answer.body()).unwrap()
    }
}

/// The object with members replaced or added; a null takes one away.
fn with(mut object: Value, changes: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            members.shift_remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    object
}

/// The notes on what was received, without the vendor's name.
fn notes(sandbox: &SandboxHandle) -> Vec<String> {
    let note = |note: &String| note.split_once(": ").unwrap().1.to_owned();
    sandbox.received().iter().map(|r| r.vendor.as_ref().map(note).unwrap_or_default()).collect()
}
