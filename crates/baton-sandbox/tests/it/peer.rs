//! The other side: a sandbox with a clock that stands still, and the plainest of clients.

use baton_domain::time::{Clock, Millis};
use baton_sandbox::{Sandbox, SandboxHandle, SandboxSettings};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// The moment at which all requests of these tests arrive.
pub(crate) const NOW: Millis = Millis(1_769_610_600_000);

struct Still;

impl Clock for Still {
    fn now(&self) -> Millis {
        NOW
    }
}

pub(crate) fn settings() -> SandboxSettings {
    SandboxSettings::loopback(Arc::new(Still))
}

pub(crate) async fn sandbox() -> SandboxHandle {
    Sandbox::start(settings()).await.unwrap()
}

/// One request on a connection of its own; the answer with its whole body.
pub(crate) async fn send(
    sandbox: &SandboxHandle,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, hyper::Error> {
    let stream = TcpStream::connect(sandbox.addr()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let (head, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    driver.abort();
    Ok(Response::from_parts(head, body))
}

pub(crate) fn request(method: &str, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(path).header("host", "sandbox.test");
    request.body(Full::new(body.into())).unwrap()
}

/// Status and body of a request that is answered.
pub(crate) async fn call(
    sandbox: &SandboxHandle,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, String) {
    let answer = send(sandbox, request(method, path, body.to_owned())).await.unwrap();
    (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap())
}

/// Sends bytes as they are, and gives what came before the end and how it ended.
pub(crate) async fn exchange_raw(
    sandbox: &SandboxHandle,
    bytes: &[u8],
) -> (Vec<u8>, std::io::Result<()>) {
    use tokio::io::AsyncWriteExt as _;
    let mut stream = TcpStream::connect(sandbox.addr()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut got = Vec::new();
    let end = stream.read_to_end(&mut got).await.map(|_| ());
    (got, end)
}

/// A request in bytes that asks for the connection to be closed.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: sandbox.test\r\nconnection: close\r\n\r\n").into_bytes()
}
