//! Receivers written by hand on loopback, so that they can misbehave at will.

use baton_domain::exchange::{Answer, Fault, FaultKind, Got, RequestSpec};
use baton_engine::http::{AllowList, Client, ClientSettings, Exchange, Lookup, Resolve, Roots};
use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Far more than any exchange here takes.
pub const PLENTY: Duration = Duration::from_secs(20);
/// For exchanges that are meant to run out of time.
pub const SHORT: Duration = Duration::from_millis(300);

/// A listening receiver that counts its connections.
pub struct Peer {
    pub address: SocketAddr,
    accepted: Arc<Mutex<usize>>,
}

impl Peer {
    /// Serves each connection by `serve`, which gets the connection and its number from 1.
    pub async fn start<F, W>(serve: F) -> Self
    where
        F: Fn(TcpStream, usize) -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(Mutex::new(0));
        let count = Arc::clone(&accepted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut count = count.lock().unwrap();
                    *count += 1;
                    *count
                };
                tokio::spawn(serve(stream, number));
            }
        });
        Self { address, accepted }
    }

    /// Answers every request on every connection with the same bytes.
    pub async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut stream, _| {
            let answer = answer.clone();
            async move { answer_all(&mut stream, &answer).await }
        })
        .await
    }

    /// Answers one request with these bytes and closes.
    pub async fn answering_once(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut stream, _| {
            let answer = answer.clone();
            async move {
                read_request(&mut stream).await;
                let _ = stream.write_all(&answer).await;
            }
        })
        .await
    }

    pub fn accepted(&self) -> usize {
        *self.accepted.lock().unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

pub async fn answer_all<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, answer: &[u8]) {
    while read_request(stream).await.is_some() {
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// Reads one request, head and body; `None` at the end of the connection.
pub async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse::<usize>().unwrap());
            if bytes.len() >= end + 4 + length {
                return Some(bytes);
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

/// Settings under which loopback may be called and the machine's certificates do not matter.
pub fn local() -> ClientSettings {
    ClientSettings {
        allow: AllowList { private: true, ..AllowList::default() },
        roots: Roots { only_pem: true, pem: Vec::new() },
        ..ClientSettings::default()
    }
}

pub fn client() -> Client {
    Client::new(local()).unwrap()
}

pub fn get(url: impl Into<String>) -> RequestSpec {
    RequestSpec { method: "GET".into(), url: url.into(), headers: vec![], body: vec![] }
}

pub fn post(url: impl Into<String>, body: impl Into<Vec<u8>>) -> RequestSpec {
    RequestSpec { method: "POST".into(), body: body.into(), ..get(url) }
}

#[track_caller]
pub fn answer(exchange: &Exchange) -> &Answer {
    match &exchange.got {
        Got::Answer(answer) => answer,
        Got::Fault(fault) => panic!("no answer: {fault:?}"),
    }
}

#[track_caller]
pub fn fault(exchange: &Exchange) -> &Fault {
    match &exchange.got {
        Got::Fault(fault) => fault,
        Got::Answer(answer) => panic!("an answer: {answer:?}"),
    }
}

#[track_caller]
pub fn check_fault(exchange: &Exchange, kind: FaultKind, sent: bool, detail: &str) {
    let fault = fault(exchange);
    assert_eq!((fault.kind, fault.sent), (kind, sent), "{fault:?}");
    assert!(fault.detail.contains(detail), "{fault:?}");
}

/// A resolver that knows what it was told. A name with no entry is never answered.
#[derive(Default)]
pub struct Names(HashMap<&'static str, Result<Vec<IpAddr>, &'static str>>);

impl Names {
    pub fn with(mut self, name: &'static str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        self.0.insert(name, Ok(addresses));
        self
    }

    pub fn failing(mut self, name: &'static str, error: &'static str) -> Self {
        self.0.insert(name, Err(error));
        self
    }
}

impl Resolve for Names {
    fn resolve(&self, host: &str) -> Lookup<'_> {
        let known = self.0.get(host).cloned();
        Box::pin(async move {
            match known {
                Some(known) => known.map_err(std::io::Error::other),
                None => std::future::pending().await,
            }
        })
    }
}
