//! What is kept, and what is answered when nothing is broken.

use crate::peer::{NOW, call, exchange_raw, request, sandbox, send, settings};
use baton_domain::secret::Secret;
use baton_sandbox::{
    Behaviour, Chance, Reply, Rule, Sandbox, ScriptError, SignatureCheck, Signatures, StartError,
};

const SECRET: &str = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
const BODY: &str =
    r#"{"type":"lead.created","timestamp":"2026-01-28T14:30:00Z","data":{"id":"lead_1"}}"#;
const TRIO: &str = "v1,VX1KyMZYbXDhDnp4U4ff62Sx9oYEfUHLBK0Tkn37KGY=";
/// `printf %s "$BODY" | openssl dgst -sha256 -hmac "$SECRET"`.
const HEX: &str = "1da67e56a7d0af289f2f47fc5323795758469b1d2cdb629e6ecf93b7a28c17b5";

#[tokio::test]
async fn a_request_is_kept_byte_for_byte() {
    let sandbox = sandbox().await;
    let mut sent = request("PUT", "/a%20b?x=1&x=2", &b"\x00\xff{ \"a\" : 1 }\r\n"[..]);
    sent.headers_mut().append("X-Twice", "one".parse().unwrap());
    sent.headers_mut().append("X-Twice", "two".parse().unwrap());
    let answer = send(&sandbox, sent).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &br#"{"ok":true}"#[..]));
    assert_eq!(answer.headers()["content-type"], "application/json");

    let kept = sandbox.wait_for(1).await.unwrap();
    let got = &kept[0];
    assert_eq!((got.id, got.at, got.method.as_str()), (1, NOW, "PUT"));
    assert_eq!((got.path.as_str(), got.query.as_deref()), ("/a%20b", Some("x=1&x=2")));
    assert_eq!(&got.body[..], b"\x00\xff{ \"a\" : 1 }\r\n");
    let twice: Vec<&str> =
        got.headers.iter().filter(|(n, _)| n == "x-twice").map(|(_, v)| v.as_str()).collect();
    assert_eq!(twice, ["one", "two"]);
    assert_eq!(got.header("X-TWICE"), Some("one"));
    assert!(got.complete);
    assert_eq!(got.answer, "200");
}

#[tokio::test]
async fn no_body_or_header_is_in_debug_output() {
    let sandbox = sandbox().await;
    call(&sandbox, "POST", "/hook?email=jo%40a.example", "jo@a.example").await;
    let shown = format!("{:?}", sandbox.received());
    assert!(shown.contains("POST /hook, 12 bytes"), "{shown}");
    assert!(!shown.contains("a.example") && !shown.contains("sandbox.test"), "{shown}");
}

#[tokio::test]
async fn signatures_are_judged_by_the_secret_of_the_path() {
    let sandbox = sandbox().await;
    sandbox.set_secret("/hook", Secret::new(SECRET)).unwrap();
    let signed = |path: &str, timestamp: &str, hex: &str| {
        let mut sent = request("POST", path, BODY);
        for (name, value) in [
            ("x-leadsbot-signature", hex),
            ("webhook-id", "msg_test_1"),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", TRIO),
        ] {
            sent.headers_mut().insert(name, value.parse().unwrap());
        }
        sent
    };
    send(&sandbox, signed("/hook", "1769610600", HEX)).await.unwrap();
    send(&sandbox, signed("/hook", "1769610601", &HEX[1..])).await.unwrap();
    send(&sandbox, signed("/elsewhere", "1769610600", HEX)).await.unwrap();
    send(&sandbox, request("POST", "/hook", BODY)).await.unwrap();
    let got: Vec<Signatures> = sandbox.received().iter().map(|r| r.signatures).collect();
    let both = |check| Signatures { leadsbot: check, webhook: check };
    use SignatureCheck::{Absent, Right, Unchecked, Wrong};
    assert_eq!(got, [both(Right), both(Wrong), both(Unchecked), both(Absent)]);
}

#[tokio::test]
async fn fails_five_times_then_succeeds() {
    let sandbox = sandbox().await;
    let mut steps = vec![Behaviour::from(Reply::status(503).header("Retry-After", "7")); 5];
    steps.push(Reply::status(200).into());
    sandbox.set_rule("/hook", Behaviour::Sequence(steps)).unwrap();
    let mut seen = Vec::new();
    for _ in 0..7 {
        let answer = send(&sandbox, request("POST", "/hook", "")).await.unwrap();
        let retry_after = answer.headers().get("retry-after").map(|v| v.to_str().unwrap());
        seen.push((answer.status().as_u16(), retry_after.map(str::to_owned)));
    }
    let failed = (503, Some("7".to_owned()));
    let expect: Vec<_> = [vec![failed; 5], vec![(200, None); 2]].concat();
    assert_eq!(seen, expect);
}

#[tokio::test]
async fn draws_are_repeated_by_another_sandbox_with_the_same_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let sandbox = sandbox().await;
        let accepted = Reply::status(201);
        let refused = Reply::status(409);
        let chance = Chance { accept_rate: 0.5, seed: 3, accepted, refused };
        sandbox.set_rule("/*", Behaviour::Chance(chance)).unwrap();
        let mut run = Vec::new();
        for _ in 0..20 {
            run.push(call(&sandbox, "POST", "/bid", "").await.0);
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&201) && runs[0].contains(&409), "{runs:?}");
}

#[tokio::test]
async fn a_query_scripts_its_own_request() {
    let sandbox = sandbox().await;
    assert_eq!(call(&sandbox, "POST", "/a?status=418&body=tea", "").await, (418, "tea".to_owned()));
    assert_eq!(call(&sandbox, "POST", "/a?size=5&body=ab", "").await.1, "abxxx");
    let redirect =
        send(&sandbox, request("GET", "/a?redirect=http%3A%2F%2Fb.example%2F", "")).await.unwrap();
    assert_eq!(redirect.status(), 302);
    assert_eq!(redirect.headers()["location"], "http://b.example/");
    let (status, text) = call(&sandbox, "POST", "/a?status=teapot", "").await;
    assert_eq!(status, 400);
    assert!(text.contains("status=teapot"), "{text}");
    let first = call(&sandbox, "POST", "/b?fail_first=1", "").await.0;
    assert_eq!((first, call(&sandbox, "POST", "/b?fail_first=1", "").await.0), (503, 200));
}

#[tokio::test]
async fn the_oldest_requests_go_first() {
    let sandbox =
        Sandbox::start(baton_sandbox::SandboxSettings { max_kept: 2, ..settings() }).await.unwrap();
    for n in 0..4 {
        call(&sandbox, "POST", "/hook", &n.to_string()).await;
    }
    let kept: Vec<(u64, Vec<u8>)> =
        sandbox.received().iter().map(|r| (r.id, r.body.to_vec())).collect();
    assert_eq!(kept, [(3, b"2".to_vec()), (4, b"3".to_vec())]);
    assert_eq!(sandbox.received_count(), 4);
    sandbox.clear();
    assert_eq!((sandbox.received().len(), sandbox.received_count()), (0, 0));
    call(&sandbox, "POST", "/hook", "").await;
    assert_eq!(sandbox.wait_for(1).await.unwrap()[0].id, 5, "ids are not used again");
}

#[tokio::test]
async fn waiting_ends_when_the_request_comes() {
    let sandbox = sandbox().await;
    let (_, waited, after) = tokio::join!(
        async {
            tokio::task::yield_now().await;
            call(&sandbox, "POST", "/first", "").await;
            call(&sandbox, "POST", "/second", "").await
        },
        sandbox.wait_until(|kept| kept.iter().any(|r| r.path == "/second")),
        sandbox.received_after(0),
    );
    assert_eq!(waited.unwrap().len(), 2);
    assert_eq!(after[0].path, "/first");
    assert_eq!(sandbox.received_after(1).await[0].path, "/second");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_what_never_comes_ends_with_an_error() {
    let sandbox = sandbox().await;
    let error = sandbox.wait_for(1).await.unwrap_err();
    assert_eq!(error.seen, 0);
    assert!(error.to_string().contains("waited 30 s"), "{error}");
}

#[tokio::test]
async fn requests_answered_at_one_moment_are_counted() {
    let sandbox = sandbox().await;
    sandbox.set_rule("/slow", Behaviour::Hang).unwrap();
    let hanging = async {
        tokio::join!(
            send(&sandbox, request("POST", "/slow", "")),
            send(&sandbox, request("POST", "/slow", "")),
            send(&sandbox, request("POST", "/slow", "")),
        )
    };
    tokio::select! {
        _ = hanging => panic!("a hanging request was answered"),
        waited = sandbox.wait_for(3) => assert_eq!(waited.unwrap().len(), 3),
    }
    assert_eq!(sandbox.in_flight_peak(), 3);
}

#[tokio::test]
async fn a_sender_that_hangs_up_inside_the_body_is_seen() {
    use tokio::io::AsyncWriteExt as _;
    let sandbox = sandbox().await;
    let mut stream = tokio::net::TcpStream::connect(sandbox.addr()).await.unwrap();
    let head = "POST /hook HTTP/1.1\r\nhost: sandbox.test\r\ncontent-length: 10\r\n\r\nabc";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let kept = sandbox.wait_for(1).await.unwrap();
    assert_eq!((&kept[0].body[..], kept[0].complete), (&b"abc"[..], false));
}

#[tokio::test]
async fn a_body_past_the_limit_is_kept_up_to_it_and_refused() {
    let sandbox = sandbox().await;
    let limit = baton_sandbox::REQUEST_BODY_BYTES_MAX;
    // Chunked, so that no length is promised and only what comes can be counted.
    let head = "POST /hook HTTP/1.1\r\nhost: sandbox.test\r\nconnection: close\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    bytes.extend_from_slice(format!("{:x}\r\n", limit + 1).as_bytes());
    bytes.resize(bytes.len() + limit + 1, b'a');
    bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    let (answer, _) = exchange_raw(&sandbox, &bytes).await;
    assert!(answer.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&answer));
    let kept = sandbox.wait_for(1).await.unwrap();
    assert_eq!((kept[0].body.len(), kept[0].complete), (limit, false));
}

#[tokio::test]
async fn it_does_not_start_where_it_cannot() {
    let first = sandbox().await;
    let taken = baton_sandbox::SandboxSettings { listen: first.addr(), ..settings() };
    assert!(matches!(Sandbox::start(taken).await, Err(StartError::Listen { .. })));
    let rules = vec![Rule { path: "/a".to_owned(), behaviour: Behaviour::Sequence(Vec::new()) }];
    let scripted = baton_sandbox::SandboxSettings { rules, ..settings() };
    let refused = Sandbox::start(scripted).await;
    assert!(matches!(refused, Err(StartError::Script(ScriptError::Sequence))));
}

#[tokio::test]
async fn shutdown_ends_connections_and_frees_the_port() {
    let sandbox = sandbox().await;
    sandbox.set_rule("/slow", Behaviour::Hang).unwrap();
    let addr = sandbox.addr();
    let stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let pending = tokio::spawn(async move {
        sender.send_request(request("POST", "/slow", "")).await.map(|r| r.status())
    });
    sandbox.wait_for(1).await.unwrap();
    sandbox.shutdown().await;
    assert!(pending.await.unwrap().is_err(), "the open request must end");
    assert!(tokio::net::TcpStream::connect(addr).await.is_err(), "nothing may listen any more");
}
