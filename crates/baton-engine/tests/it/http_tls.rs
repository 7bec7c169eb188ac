//! TLS: whom the client trusts, and the words for whom it does not.

use crate::peer::*;
use baton_domain::exchange::FaultKind;
use baton_engine::http::{Client, ClientSettings, Roots, SetupError};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A client that trusts that authority only and finds every name here on this machine.
fn trusting(authority: &Authority) -> Client {
    let names = Names::default().with("good.test", &["127.0.0.1"]);
    let roots = Roots { only_pem: true, pem: authority.as_ref().pem().into_bytes() };
    Client::new(ClientSettings { roots, resolver: Arc::new(names), ..local() }).unwrap()
}

async fn serve(certificate: CertificateDer<'static>, key: &KeyPair) -> Peer {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Peer::start(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            answer_all(&mut stream, OK.as_bytes()).await;
        }
    })
    .await
}

async fn signed(authority: &Authority, params: CertificateParams) -> Peer {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    serve(certificate.der().clone(), &key).await
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

fn url(peer: &Peer) -> String {
    format!("https://good.test:{}/", peer.address.port())
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority() {
    let authority = authority("trusted");
    let peer = signed(&authority, params("good.test")).await;
    let client = trusting(&authority);
    let exchange = client.exchange(&post(url(&peer), "x"), PLENTY).await;
    assert_eq!(answer(&exchange).body, b"ok");
    let phases = exchange.phases;
    assert!(phases.dns_us.is_some() && phases.connect_us.is_some() && phases.tls_us.is_some());

    let exchange = client.exchange(&post(url(&peer), "x"), PLENTY).await;
    assert_eq!(answer(&exchange).body, b"ok");
    let phases = exchange.phases;
    assert_eq!((phases.dns_us, phases.connect_us, phases.tls_us), (None, None, None));
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn a_certificate_for_an_address() {
    let authority = authority("trusted");
    let peer = signed(&authority, params("127.0.0.1")).await;
    let address = format!("https://127.0.0.1:{}/", peer.address.port());
    let exchange = trusting(&authority).exchange(&get(address), PLENTY).await;
    assert_eq!(answer(&exchange).status, 200);
}

#[tokio::test]
async fn certificates_that_are_not_trusted() {
    let authority = authority("trusted");
    let client = trusting(&authority);
    let check = async |peer: Peer, words| {
        let exchange = client.exchange(&post(url(&peer), "x"), PLENTY).await;
        check_fault(&exchange, FaultKind::TlsError, false, words);
    };

    let mut expired = params("good.test");
    expired.not_before = date_time_ymd(2001, 1, 1);
    expired.not_after = date_time_ymd(2002, 1, 1);
    check(signed(&authority, expired).await, "has expired").await;

    let mut early = params("good.test");
    early.not_before = date_time_ymd(2900, 1, 1);
    early.not_after = date_time_ymd(2901, 1, 1);
    check(signed(&authority, early).await, "not valid yet").await;

    check(signed(&authority, params("other.test")).await, "another host name").await;
    check(signed(&self::authority("stranger"), params("good.test")).await, "unknown issuer").await;

    let forged = signed(&self::authority("trusted"), params("good.test")).await;
    check(forged, "not signed by the issuer it names").await;

    let key = KeyPair::generate().unwrap();
    let own = params("good.test").self_signed(&key).unwrap();
    check(serve(own.der().clone(), &key).await, "unknown issuer: self-signed").await;
}

#[tokio::test]
async fn what_does_not_speak_tls() {
    let client = trusting(&authority("trusted"));
    let plain = Peer::start(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        read_request(&mut stream).await;
    })
    .await;
    let exchange = client.exchange(&get(url(&plain)), PLENTY).await;
    check_fault(&exchange, FaultKind::TlsError, false, "does not speak TLS");

    let closing = Peer::start(|_, _| async {}).await;
    let exchange = client.exchange(&get(url(&closing)), PLENTY).await;
    check_fault(&exchange, FaultKind::TlsError, false, "during the handshake");

    let silent = Peer::start(|stream, _| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let exchange = client.exchange(&get(url(&silent)), SHORT).await;
    check_fault(&exchange, FaultKind::Timeout, false, "TLS handshake");
}

#[test]
fn roots_that_are_no_certificates_are_refused() {
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let roots = Roots { only_pem: true, pem: broken };
    let result = Client::new(ClientSettings { roots, ..ClientSettings::default() });
    assert!(matches!(result.err(), Some(SetupError::Roots)));
}

#[test]
fn the_systems_roots_are_read() {
    assert!(Client::new(ClientSettings::default()).is_ok());
}
