//! Which connections are used again, and what happens to those that died meanwhile.

use crate::peer::*;
use baton_domain::exchange::FaultKind;
use baton_engine::http::{Client, ClientSettings, IDLE_MAX};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[track_caller]
fn check_counters(client: &Client, opened: u64, reused: u64) {
    let counters = client.counters();
    let got = (counters.opened.load(Ordering::Relaxed), counters.reused.load(Ordering::Relaxed));
    assert_eq!(got, (opened, reused), "opened, reused");
}

#[tokio::test]
async fn the_second_request_uses_the_connection_again() {
    let peer = Peer::answering(OK).await;
    let client = client();
    for number in 0..5 {
        let exchange = client.clone().exchange(&post(peer.url("/"), "x"), PLENTY).await;
        assert_eq!(answer(&exchange).body, b"ok");
        assert_eq!(exchange.phases.connect_us.is_none(), number > 0);
        assert_eq!(exchange.remote, Some(peer.address));
        assert_eq!(client.idle_connections(), 1);
    }
    assert_eq!(peer.accepted(), 1);
    check_counters(&client, 1, 4);
}

#[tokio::test]
async fn a_connection_the_peer_closes_is_not_kept() {
    let peer =
        Peer::answering_once("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
            .await;
    let client = client();
    assert_eq!(answer(&client.exchange(&get(peer.url("/")), PLENTY).await).status, 200);
    assert_eq!(client.idle_connections(), 0);
}

#[tokio::test]
async fn another_port_is_another_host() {
    let (one, two) = (Peer::answering(OK).await, Peer::answering(OK).await);
    let client = client();
    for peer in [&one, &two, &one] {
        answer(&client.exchange(&get(peer.url("/")), PLENTY).await);
    }
    check_counters(&client, 2, 1);
}

#[tokio::test]
async fn a_connection_that_died_while_idle_costs_nothing() {
    let closed = Arc::new(Notify::new());
    let (heard, mut requests) = mpsc::unbounded_channel();
    let closed_too = Arc::clone(&closed);
    let peer = Peer::start(move |mut stream, number| {
        let (closed, heard) = (Arc::clone(&closed_too), heard.clone());
        async move {
            while let Some(request) = read_request(&mut stream).await {
                heard.send(request).unwrap();
                stream.write_all(OK.as_bytes()).await.unwrap();
                if number == 1 {
                    drop(stream);
                    closed.notify_one();
                    return;
                }
            }
        }
    })
    .await;
    let client = client();
    answer(&client.exchange(&post(peer.url("/1"), "x"), PLENTY).await);
    closed.notified().await;
    let exchange = client.exchange(&post(peer.url("/2"), "x"), PLENTY).await;
    assert_eq!(answer(&exchange).status, 200);
    assert!(exchange.phases.connect_us.is_some());
    assert_eq!(peer.accepted(), 2);
    for path in ["/1", "/2"] {
        let request = requests.recv().await.unwrap();
        assert!(request.starts_with(format!("POST {path} ").as_bytes()));
    }
    assert!(requests.try_recv().is_err(), "no request went out twice");
}

#[tokio::test]
async fn a_request_that_went_out_on_an_old_connection_is_not_repeated() {
    let peer = Peer::start(|mut stream, number| async move {
        read_request(&mut stream).await;
        stream.write_all(OK.as_bytes()).await.unwrap();
        // The next request is received, and then the connection is gone.
        if number == 1 {
            read_request(&mut stream).await;
        }
    })
    .await;
    let client = client();
    answer(&client.exchange(&post(peer.url("/"), "x"), PLENTY).await);
    let exchange = client.exchange(&post(peer.url("/"), "x"), PLENTY).await;
    check_fault(&exchange, FaultKind::ConnectionReset, true, "cut");
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn bytes_nobody_asked_for_end_a_connection() {
    let peer =
        Peer::answering(format!("{OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")).await;
    let client = client();
    for _ in 0..3 {
        let exchange = client.exchange(&get(peer.url("/")), PLENTY).await;
        assert_eq!(answer(&exchange).body, b"ok", "an answer to no request is given to none");
    }
    assert_eq!(peer.accepted(), 3);
}

#[tokio::test]
async fn without_a_free_connection_the_fault_is_ours() {
    let asked = Arc::new(Notify::new());
    let asked_too = Arc::clone(&asked);
    let silent = Peer::start(move |mut stream, _| {
        let asked = Arc::clone(&asked_too);
        async move {
            read_request(&mut stream).await;
            asked.notify_one();
            stream.read_u8().await.ok();
        }
    })
    .await;
    let client = Client::new(ClientSettings { connections_max: 1, ..local() }).unwrap();
    let first = tokio::spawn({
        let (client, request) = (client.clone(), get(silent.url("/")));
        async move { client.exchange(&request, PLENTY).await }
    });
    asked.notified().await;
    let exchange = client.exchange(&get(silent.url("/")), SHORT).await;
    check_fault(&exchange, FaultKind::Timeout, false, "waiting for a free connection");
    assert!(exchange.ours);
    assert_eq!(silent.accepted(), 1);

    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let fine = Peer::answering(OK).await;
    answer(&client.exchange(&get(fine.url("/")), PLENTY).await);
}

#[tokio::test]
async fn an_idle_connection_gives_way_to_another_host() {
    let (one, two) = (Peer::answering(OK).await, Peer::answering(OK).await);
    let client = Client::new(ClientSettings { connections_max: 1, ..local() }).unwrap();
    for peer in [&one, &two, &one, &two] {
        answer(&client.exchange(&get(peer.url("/")), PLENTY).await);
    }
    check_counters(&client, 4, 0);
}

#[tokio::test]
async fn idle_connections_are_bounded_per_host() {
    let peer = Peer::answering(OK).await;
    let client = Client::new(ClientSettings { idle_per_host_max: 2, ..local() }).unwrap();
    let request = get(peer.url("/"));
    let many = (0..8).map(|_| client.exchange(&request, PLENTY));
    for exchange in futures_util::future::join_all(many).await {
        answer(&exchange);
    }
    assert_eq!(client.idle_connections(), 2);

    let none = Client::new(ClientSettings { idle_per_host_max: 0, ..local() }).unwrap();
    answer(&none.exchange(&request, PLENTY).await);
    assert_eq!(none.idle_connections(), 0);
}

/// Moves the clock; it runs on afterwards, or deadlines would pass while sockets are waited for.
async fn idle_for_too_long() {
    tokio::time::pause();
    tokio::time::advance(IDLE_MAX * 2).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_connection_idle_for_too_long_is_not_used() {
    let peer = Peer::answering(OK).await;
    let client = client();
    answer(&client.exchange(&get(peer.url("/")), PLENTY).await);
    idle_for_too_long().await;
    answer(&client.exchange(&get(peer.url("/")), PLENTY).await);
    check_counters(&client, 2, 0);
}

#[tokio::test]
async fn idle_connections_are_closed_by_themselves() {
    let closed = Arc::new(Notify::new());
    let closed_too = Arc::clone(&closed);
    let peer = Peer::start(move |mut stream, _| {
        let closed = Arc::clone(&closed_too);
        async move {
            answer_all(&mut stream, OK.as_bytes()).await;
            closed.notify_one();
        }
    })
    .await;
    let client = client();
    answer(&client.exchange(&get(peer.url("/")), PLENTY).await);
    // The sweep takes its first look at the clock before the clock moves.
    tokio::task::yield_now().await;
    idle_for_too_long().await;
    tokio::time::timeout(PLENTY, closed.notified()).await.unwrap();
    assert_eq!(client.idle_connections(), 0);
}
