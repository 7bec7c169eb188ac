//! Making a connection: resolve, judge all addresses, connect to one of them, TLS.

use super::Trail;
use super::fault::Failure;
use super::guard::{AllowList, Target, vet};
use super::resolve::Resolve;
use super::wire::Stream;
use baton_domain::exchange::FaultKind;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

/// Addresses of a host that are looked at, at most.
pub const ADDRESSES_MAX: usize = 64;
/// Addresses of a host that are tried for one connection, at most.
pub const ADDRESSES_TRIED_MAX: usize = 6;
/// Head start of each address before the next is tried beside it (RFC 8305).
pub const CONNECT_STAGGER: Duration = Duration::from_millis(250);

/// What an exchange is busy with; names the place where a deadline struck.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Slot,
    Dns,
    Connect,
    Tls,
    Answer,
    Body,
}

pub(super) struct Dialer {
    pub(super) allow: AllowList,
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) tls: Arc<ClientConfig>,
}

impl Dialer {
    pub(super) async fn dial(
        &self,
        target: &Target,
        trail: &mut Trail,
    ) -> Result<(Stream, SocketAddr), Failure> {
        let addresses = self.addresses(target, trail).await?;
        trail.stage = Stage::Connect;
        let start = Instant::now();
        let (tcp, remote) =
            race(&addresses, target.port).await.map_err(|e| Failure::connect(&e))?;
        trail.phases.connect_us = Some(micros(start));
        trail.remote = Some(remote);
        // Requests leave in one write; waiting to fill a packet only delays them.
        let _ = tcp.set_nodelay(true);
        if !target.https {
            return Ok((Stream::Plain(tcp), remote));
        }
        trail.stage = Stage::Tls;
        let start = Instant::now();
        let name = ServerName::try_from(target.host.clone()).map_err(|_| {
            Failure::new(FaultKind::InvalidRequest, "the host is not a name TLS can verify")
        })?;
        let tls = TlsConnector::from(Arc::clone(&self.tls))
            .connect(name, tcp)
            .await
            .map_err(|error| Failure::handshake(&error))?;
        trail.phases.tls_us = Some(micros(start));
        Ok((Stream::Tls(Box::new(tls)), remote))
    }

    async fn addresses(&self, target: &Target, trail: &mut Trail) -> Result<Vec<IpAddr>, Failure> {
        let mut addresses = match target.literal {
            Some(address) => vec![address],
            None => {
                trail.stage = Stage::Dns;
                let start = Instant::now();
                let found = self.resolver.resolve(&target.host).await.map_err(|error| {
                    Failure::new(
                        FaultKind::DnsError,
                        format!("the host name could not be resolved: {error}"),
                    )
                })?;
                trail.phases.dns_us = Some(micros(start));
                found
            }
        };
        if addresses.is_empty() {
            return Err(Failure::new(FaultKind::DnsError, "the host name has no address"));
        }
        // All are judged before some are left out, or the bad one could hide at the end.
        vet(target, &addresses, &self.allow)?;
        addresses.truncate(ADDRESSES_MAX);
        for address in &mut addresses {
            *address = address.to_canonical();
        }
        Ok(addresses)
    }
}

/// Connects to whichever address answers first, each tried a little after the one before, the
/// two families in turn.
async fn race(addresses: &[IpAddr], port: u16) -> io::Result<(TcpStream, SocketAddr)> {
    let mut queue = families_in_turn(addresses).into_iter().take(ADDRESSES_TRIED_MAX);
    let mut racing = FuturesUnordered::new();
    let mut first_error = None;
    let mut next = queue.next();
    loop {
        if let Some(address) = next.take() {
            racing.push(async move {
                let remote = SocketAddr::new(address, port);
                TcpStream::connect(remote).await.map(|stream| (stream, remote))
            });
        }
        let waiting = queue.len() > 0;
        let finished = if waiting {
            timeout(CONNECT_STAGGER, racing.next()).await
        } else {
            Ok(racing.next().await)
        };
        match finished {
            Ok(Some(Ok(connected))) => return Ok(connected),
            Ok(Some(Err(error))) => {
                first_error.get_or_insert(error);
                next = queue.next();
            }
            Err(_stagger) => next = queue.next(),
            Ok(None) if waiting => next = queue.next(),
            Ok(None) => {
                return Err(
                    first_error.unwrap_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))
                );
            }
        }
    }
}

/// The addresses in their order, but IPv6 and IPv4 alternating, beginning with the first one's.
fn families_in_turn(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let v6_first = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().partition(|address| address.is_ipv6() == v6_first);
    let mut ordered = Vec::with_capacity(addresses.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        match (first.next(), second.next()) {
            (None, None) => return ordered,
            (a, b) => ordered.extend(a.into_iter().chain(b)),
        }
    }
}

pub(super) fn micros(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate_beginning_with_the_first() {
        let parse = |list: &[&str]| -> Vec<IpAddr> {
            list.iter().map(|text| text.parse().unwrap()).collect()
        };
        let check = |given: &[&str], expect: &[&str]| {
            assert_eq!(families_in_turn(&parse(given)), parse(expect));
        };
        check(&[], &[]);
        check(&["::1", "::2", "1.1.1.1"], &["::1", "1.1.1.1", "::2"]);
        check(&["1.1.1.1", "1.1.1.2", "1.1.1.3", "::1"], &["1.1.1.1", "::1", "1.1.1.2", "1.1.1.3"]);
    }
}
