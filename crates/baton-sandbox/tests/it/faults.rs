//! What a broken peer does.

use crate::peer::{call, exchange_raw, get, request, sandbox, send};
use baton_sandbox::{Behaviour, Cut, CutHow, Drip, Raw, Reply};
use std::io::ErrorKind;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_reset_ends_the_connection_without_an_answer() {
    let sandbox = sandbox().await;
    sandbox.set_rule("/rule", Behaviour::Reset).unwrap();
    for path in ["/rule", "/query?reset=1"] {
        let (got, end) = exchange_raw(&sandbox, &get(path)).await;
        assert_eq!(text(&got), "", "{path}");
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset, "{path}");
    }
    let answers: Vec<String> = sandbox.received().iter().map(|r| r.answer.clone()).collect();
    assert_eq!(answers, ["reset", "reset"]);
}

#[tokio::test]
async fn a_cut_ends_the_connection_inside_the_body() {
    let sandbox = sandbox().await;
    for (how, after_bytes) in [(CutHow::Reset, 4), (CutHow::Close, 4), (CutHow::Close, 100)] {
        let cut = Some(Cut { after_bytes, how });
        let reply = Reply { cut, ..Reply::status(200).body("abcdefgh") };
        sandbox.set_rule("/hook", reply).unwrap();
        let (got, end) = exchange_raw(&sandbox, &get("/hook")).await;
        let got = text(&got);
        let (head, body) = got.split_once("\r\n\r\n").unwrap();
        let promised = (after_bytes + 1).max(8);
        assert!(head.contains(&format!("content-length: {promised}")), "{head}");
        assert_eq!(body.len() as u64, after_bytes, "{how:?}");
        match how {
            CutHow::Reset => assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset),
            CutHow::Close => end.unwrap(),
        }
        let client = send(&sandbox, request("GET", "/hook", "")).await;
        assert!(client.is_err(), "a client must not take a cut answer for a whole one");
    }
}

#[tokio::test]
async fn raw_bytes_are_written_as_they_are() {
    let sandbox = sandbox().await;
    let drip = Some(Drip { bytes: 3, every_ms: 0 });
    for raw in [
        Raw { body: "SSH-2.0-OpenSSH_9.2\r\n".into(), drip: None },
        Raw { body: vec![0xff, 0x00, 0x0a].into(), drip: None },
        Raw { body: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".into(), drip },
    ] {
        let expect = raw.body.clone();
        sandbox.set_rule("/hook", Behaviour::Raw(raw)).unwrap();
        let (got, end) = exchange_raw(&sandbox, &get("/hook")).await;
        assert_eq!(got, expect);
        end.unwrap();
    }
    assert_eq!(call(&sandbox, "GET", "/hook", "").await, (200, "ok".to_owned()));
}

#[tokio::test]
async fn time_passes_before_an_answer_and_between_its_bytes() {
    let sandbox = sandbox().await;
    let started = tokio::time::Instant::now();
    call(&sandbox, "GET", "/a?delay_ms=50", "").await;
    assert!(started.elapsed().as_millis() >= 50);
    let started = tokio::time::Instant::now();
    assert_eq!(call(&sandbox, "GET", "/a?drip=6&body=0123456789", "").await.1, "0123456789");
    assert!(started.elapsed().as_millis() >= 54, "nine pauses of 6 ms");
}

#[tokio::test]
async fn a_huge_body_is_made_while_it_is_sent() {
    let sandbox = sandbox().await;
    let answer = send(&sandbox, request("GET", "/a?size=10485760", "")).await.unwrap();
    assert_eq!(answer.headers()["content-length"], "10485760");
    assert_eq!(answer.body().len(), 10_485_760);
}

#[tokio::test]
async fn one_that_hangs_does_not_hold_up_the_others() {
    let sandbox = sandbox().await;
    tokio::select! {
        biased;
        _ = send(&sandbox, request("POST", "/a?hang=1", "")) => panic!("it answered"),
        answered = async {
            sandbox.wait_for(1).await.unwrap();
            call(&sandbox, "POST", "/b", "").await
        } => assert_eq!(answered.0, 200),
    }
    assert_eq!(sandbox.received()[0].answer, "hang");
}

#[tokio::test]
async fn a_connection_serves_several_requests() {
    let sandbox = sandbox().await;
    let mut bytes = b"GET /one HTTP/1.1\r\nhost: sandbox.test\r\n\r\n".to_vec();
    bytes.extend_from_slice(&get("/two"));
    let (got, _) = exchange_raw(&sandbox, &bytes).await;
    assert_eq!(text(&got).matches("HTTP/1.1 200 OK").count(), 2);
}
