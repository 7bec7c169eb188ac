//! A caller of the HTTP API, with code of its own: the program's client would refuse this machine.

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long one call may take.
const CALL_MAX: Duration = Duration::from_secs(30);

/// A connection to a server.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Connection {
    /// Connects to the host and port of a URL.
    pub async fn to(url: &str) -> std::io::Result<Self> {
        let host = url.strip_prefix("http://").expect("http only").trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&host).await?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self { sender, host })
    }

    /// Sends a request and reads status and body; an error when the connection broke.
    pub async fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> std::io::Result<(u16, Vec<u8>)> {
        let answer = self.exchange(method, path, headers, body).await?;
        Ok((answer.status().as_u16(), answer.into_body().to_vec()))
    }

    /// Sends a request and reads the whole answer; an error when the connection broke.
    pub async fn exchange(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> std::io::Result<Response<Bytes>> {
        let mut request =
            Request::builder().method(method).uri(path).header(header::HOST, &self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let call = async {
            self.sender.ready().await.map_err(std::io::Error::other)?;
            let answer = self.sender.send_request(request).await.map_err(std::io::Error::other)?;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.map_err(std::io::Error::other)?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        timeout(CALL_MAX, call).await.map_err(std::io::Error::other)?
    }
}

/// The management API.
#[derive(Clone)]
pub struct Api {
    pub base: String,
    key: String,
}

impl Api {
    pub fn new(base: &str, key: &str) -> Self {
        Self { base: base.to_owned(), key: key.to_owned() }
    }

    /// Makes a call; status and JSON, null when there is none.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let bearer = format!("Bearer {}", self.key);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let bytes = body.map(|body| serde_json::to_vec(&body).unwrap()).unwrap_or_default();
        let mut connection = Connection::to(&self.base).await.unwrap();
        let (status, answer) = connection.call(method, path, &headers, bytes).await.unwrap();
        (status, serde_json::from_slice(&answer).unwrap_or_default())
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call("GET", path, None).await;
        assert_eq!(status, 200, "GET {path}: {answer}");
        answer
    }

    /// Makes something; it must be made.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", path, Some(body)).await;
        assert_eq!(status, 201, "POST {path}: {answer}");
        answer
    }

    /// All rows of a list.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut rows = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let more = cursor.map(|c| format!("&cursor={c}")).unwrap_or_default();
            let page = self.get(&format!("{path}{joint}limit=200{more}")).await;
            rows.extend(page["data"].as_array().unwrap().iter().cloned());
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return rows;
            }
        }
    }
}
