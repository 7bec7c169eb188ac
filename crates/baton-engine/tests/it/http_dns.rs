//! Names: those that do not resolve, and those that resolve to what may not be called.

use crate::peer::*;
use baton_domain::exchange::FaultKind;
use baton_engine::http::{AllowList, CONNECT_STAGGER, Client, ClientSettings};
use std::sync::Arc;
use tokio::net::{TcpSocket, TcpStream};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn knowing(names: Names) -> ClientSettings {
    ClientSettings { resolver: Arc::new(names), ..local() }
}

#[tokio::test]
async fn a_name_that_does_not_exist() {
    let names = Names::default().failing("gone.test", "no such name").with("empty.test", &[]);
    let client = Client::new(knowing(names)).unwrap();
    let exchange = client.exchange(&get("https://gone.test/"), PLENTY).await;
    check_fault(&exchange, FaultKind::DnsError, false, "could not be resolved: no such name");
    let exchange = client.exchange(&get("https://empty.test/"), PLENTY).await;
    check_fault(&exchange, FaultKind::DnsError, false, "no address");
}

#[tokio::test]
async fn a_lookup_that_takes_too_long() {
    let client = Client::new(knowing(Names::default())).unwrap();
    let exchange = client.exchange(&get("https://slow.test/"), SHORT).await;
    check_fault(&exchange, FaultKind::Timeout, false, "resolving the host name");
    assert!(!exchange.ours);
}

#[tokio::test]
async fn names_of_addresses_that_may_not_be_called() {
    let peer = Peer::answering(OK).await;
    let port = peer.address.port();
    let names = || {
        Names::default()
            .with("local.test", &["127.0.0.1"])
            .with("mixed.test", &["1.1.1.1", "127.0.0.1"])
            .with("mapped.test", &["::ffff:127.0.0.1"])
            .with("metadata.test", &["169.254.169.254"])
            .with(
                "last.test",
                &vec!["127.0.0.1"; 500].into_iter().chain(["169.254.169.254"]).collect::<Vec<_>>(),
            )
    };
    let open = AllowList { http: true, ports: vec![port], ..AllowList::default() };
    let strict = Client::new(ClientSettings { allow: open, ..knowing(names()) }).unwrap();
    for name in ["local.test", "mixed.test", "mapped.test", "metadata.test"] {
        let exchange = strict.exchange(&get(format!("http://{name}:{port}/")), PLENTY).await;
        check_fault(&exchange, FaultKind::BlockedAddress, false, "private");
        assert!(exchange.remote.is_none());
    }
    let lenient = Client::new(knowing(names())).unwrap();
    for name in ["metadata.test", "last.test", "mixed.test"] {
        let exchange = lenient.exchange(&get(format!("http://{name}:{port}/")), PLENTY).await;
        check_fault(&exchange, FaultKind::BlockedAddress, false, "");
    }
    assert_eq!(peer.accepted(), 0);
    for name in ["local.test", "mapped.test"] {
        let exchange = lenient.exchange(&get(format!("http://{name}:{port}/")), PLENTY).await;
        assert_eq!(answer(&exchange).status, 200);
        assert_eq!(exchange.remote, Some(peer.address));
        assert!(exchange.phases.dns_us.is_some());
    }
}

#[tokio::test]
async fn the_systems_resolver_knows_this_machine() {
    let peer = Peer::answering(OK).await;
    let port = peer.address.port();
    let exchange = client().exchange(&get(format!("http://localhost:{port}/")), PLENTY).await;
    assert_eq!(answer(&exchange).status, 200);
}

#[tokio::test]
async fn an_address_that_refuses_is_followed_by_the_next() {
    let peer = Peer::answering(OK).await;
    let names = Names::default().with("two.test", &["::1", "127.0.0.9", "127.0.0.1"]);
    let client = Client::new(knowing(names)).unwrap();
    let url = format!("http://two.test:{}/", peer.address.port());
    let exchange = client.exchange(&get(url), PLENTY).await;
    assert_eq!(answer(&exchange).status, 200);
    assert_eq!(exchange.remote, Some(peer.address));
}

#[tokio::test]
async fn an_address_that_swallows_connections_delays_little() {
    let peer = Peer::answering(OK).await;
    let port = peer.address.port();
    // A listener whose queue is full answers no further connection.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("127.0.0.9:{port}").parse().unwrap()).unwrap();
    let hole = socket.listen(1).unwrap();
    let mut filling = Vec::new();
    for _ in 0..64 {
        let connect = TcpStream::connect(hole.local_addr().unwrap());
        match tokio::time::timeout(SHORT / 3, connect).await {
            Ok(stream) => filling.push(stream.unwrap()),
            Err(_full) => break,
        }
    }
    assert!(filling.len() < 64, "the queue never filled");
    let names = Names::default().with("two.test", &["127.0.0.9", "127.0.0.1"]);
    let client = Client::new(knowing(names)).unwrap();
    let exchange = client.exchange(&get(format!("http://two.test:{port}/")), PLENTY).await;
    assert_eq!(answer(&exchange).status, 200);
    let waited = exchange.phases.connect_us.unwrap();
    assert!(u128::from(waited) >= CONNECT_STAGGER.as_micros(), "{waited}");

    let names = Names::default().with("hole.test", &["127.0.0.9"]);
    let client = Client::new(knowing(names)).unwrap();
    let exchange = client.exchange(&get(format!("http://hole.test:{port}/")), SHORT).await;
    check_fault(&exchange, FaultKind::Timeout, false, "connecting");
}
