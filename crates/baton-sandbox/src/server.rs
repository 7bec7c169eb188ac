//! The accept loop and one connection's life.

use crate::behaviour::{Behaviour, Drip, Raw, Reply};
use crate::body::{End, Fate, LetGo, ScriptBody};
use crate::book::Received;
use crate::{Shared, admin, signature, vendor};
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Largest request body read, in bytes; a larger one is kept up to here and answered 413.
pub const REQUEST_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most connections open at once; more wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 10_000;
/// Longest time between a connection, or the previous answer, and the end of a request's head.
const HEAD_TIME_MAX: Duration = Duration::from_secs(60);
/// Pause after a failed accept, so that a lack of file descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until it is dropped; every connection ends with it.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let shared = Arc::clone(&shared);
                    connections.spawn(async move {
                        serve(stream, shared).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the sandbox could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<ScriptBody>, LetGo>> + Send>>;

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Small answers are to leave at once; a socket that refuses the option still works.
    let _ = stream.set_nodelay(true);
    let fate = Fate::default();
    let service = {
        let fate = fate.clone();
        hyper::service::service_fn(move |request| -> Answer {
            Box::pin(answer(Arc::clone(&shared), fate.clone(), request))
        })
    };
    let mut connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = poll_fn(|cx| connection.poll_without_shutdown(cx)).await {
        tracing::debug!(%error, "a sandbox connection ended early");
    }
    let mut stream = connection.into_parts().io.into_inner();
    match fate.take() {
        Some(End::Reset) => {
            // With no time to linger, closing sends RST. If it cannot be set, closing must do.
            let _ = stream.set_zero_linger();
        }
        Some(End::Raw(raw)) => write_raw(&mut stream, raw).await,
        Some(End::Close) | None => {
            // The peer may be gone already.
            let _ = stream.shutdown().await;
        }
    }
}

async fn write_raw(stream: &mut TcpStream, raw: Raw) {
    let drip = raw.drip.unwrap_or(Drip { bytes: u64::MAX, every_ms: 0 });
    let piece_bytes = usize::try_from(drip.bytes).unwrap_or(usize::MAX);
    for (n, piece) in raw.body.chunks(piece_bytes).enumerate() {
        if n > 0 {
            tokio::time::sleep(Duration::from_millis(drip.every_ms)).await;
        }
        if stream.write_all(piece).await.is_err() {
            return;
        }
    }
    // The peer may be gone already.
    let _ = stream.shutdown().await;
}

async fn answer(
    shared: Arc<Shared>,
    fate: Fate,
    request: Request<Incoming>,
) -> Result<Response<ScriptBody>, LetGo> {
    let (head, incoming) = request.into_parts();
    if admin::is_admin(&shared, &head) {
        let (body, complete) = read_body(incoming).await;
        return Ok(admin::answer(&shared, &head, &body, complete));
    }
    let in_flight = shared.book.enter();
    let (body, complete) = read_body(incoming).await;
    let (behaviour, vendor) = decide(&shared, &head, &body, complete);
    note(&shared, &head, body, complete, &behaviour, vendor);
    match behaviour {
        Behaviour::Reply(reply) => {
            if reply.delay_ms > 0 {
                tokio::time::sleep(Duration::from_millis(reply.delay_ms)).await;
            }
            drop(in_flight);
            Ok(response(&reply, &fate))
        }
        Behaviour::Raw(raw) => {
            fate.seal(End::Raw(raw));
            Err(LetGo)
        }
        Behaviour::Reset => {
            fate.seal(End::Reset);
            Err(LetGo)
        }
        // Steps hold none of the last three; they would mean that there is nothing to answer.
        Behaviour::Hang | Behaviour::Sequence(_) | Behaviour::Chance(_) | Behaviour::Vendor(_) => {
            std::future::pending().await
        }
    }
}

/// What is done with a request, and a vendor's note about it.
fn decide(
    shared: &Shared,
    head: &http::request::Parts,
    body: &Bytes,
    complete: bool,
) -> (Behaviour, Option<String>) {
    if !complete && body.len() >= REQUEST_BODY_BYTES_MAX {
        let text = format!("the sandbox reads {REQUEST_BODY_BYTES_MAX} bytes at most");
        return (refusal(413, &text), None);
    }
    let path = head.uri.path();
    let query = head.uri.query().unwrap_or_default();
    match shared.rules.decide(path, query) {
        // A sender that hung up inside its body has given no lead, and hears no answer.
        Ok(Behaviour::Vendor(_)) if !complete => {
            (refusal(400, "the body did not come whole"), None)
        }
        Ok(Behaviour::Vendor(script)) => {
            let key = shared.rules.secret(path);
            let now = shared.clock.now();
            let (behaviour, note) = vendor::act(&shared.memories, &script, head, body, now, key);
            (behaviour, Some(format!("{}: {note}", script.name.as_str())))
        }
        Ok(behaviour) => (behaviour, None),
        Err(e) => (refusal(400, &e.to_string()), None),
    }
}

fn refusal(status: u16, text: &str) -> Behaviour {
    Reply::status(status).header("content-type", "text/plain").body(format!("{text}\n")).into()
}

/// The body up to the limit, and whether that is all of it.
async fn read_body(mut incoming: Incoming) -> (Bytes, bool) {
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(frame) = frame else { return (body.freeze(), false) };
        if let Ok(data) = frame.into_data() {
            let room = REQUEST_BODY_BYTES_MAX - body.len();
            body.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                return (body.freeze(), false);
            }
        }
    }
    (body.freeze(), true)
}

fn note(
    shared: &Shared,
    head: &http::request::Parts,
    body: Bytes,
    complete: bool,
    behaviour: &Behaviour,
    vendor: Option<String>,
) {
    let path = head.uri.path();
    let at = shared.clock.now();
    let secret = shared.rules.secret(path);
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let signatures = signature::check(secret.as_ref(), header, &body, at);
    let headers = head.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    shared.book.add(Received {
        id: 0,
        at,
        method: head.method.as_str().to_owned(),
        path: path.to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: headers.collect(),
        body,
        complete,
        signatures,
        answer: match behaviour {
            Behaviour::Reply(reply) => reply.status.to_string(),
            Behaviour::Reset => "reset".to_owned(),
            Behaviour::Raw(_) => "raw".to_owned(),
            Behaviour::Hang
            | Behaviour::Sequence(_)
            | Behaviour::Chance(_)
            | Behaviour::Vendor(_) => "hang".to_owned(),
        },
        vendor,
    });
}

fn response(reply: &Reply, fate: &Fate) -> Response<ScriptBody> {
    let mut response = Response::new(ScriptBody::new(reply, fate));
    // Scripts are checked when they are set, so nothing is lost here.
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            response.headers_mut().append(name, value);
        }
    }
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().entry(CONTENT_TYPE).or_insert(json);
    response
}
