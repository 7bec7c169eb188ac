//! The address a request came from, through the proxies that are trusted and no others.

use crate::state::AppState;
use http::HeaderMap;
use ipnet::IpNet;
use std::net::IpAddr;

/// Most addresses of a forwarding header that are looked at, from its right end.
pub const HOPS_MAX: usize = 32;

/// Address of the connection's other end, put into each request by the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer(pub IpAddr);

/// The client's address: the peer's, or when that is a trusted proxy, the right-most address of
/// `X-Forwarded-For` (or of `Forwarded`, RFC 7239, when that is missing) that is none. What stands
/// to the left of it could be written by anybody. An entry that is no address ends the search at
/// the hop before it.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let mut client = peer.to_canonical();
    if !is_trusted(&client) {
        return client;
    }
    for hop in hops(headers).into_iter().rev().take(HOPS_MAX) {
        let Some(ip) = hop else { break };
        client = ip;
        if !is_trusted(&ip) {
            break;
        }
    }
    client
}

/// The client's address of a request that came through the server.
#[must_use]
pub fn of_request(state: &AppState, peer: Option<Peer>, headers: &HeaderMap) -> Option<IpAddr> {
    peer.map(|Peer(ip)| client_address(ip, headers, &state.settings.trusted_proxies))
}

/// The hops a request names, in order; `None` for one that is no address.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let list = |name: &str| {
        let values = headers.get_all(name).into_iter();
        values.map(|v| v.to_str().unwrap_or("?")).collect::<Vec<_>>().join(",")
    };
    let forwarded_for = list("x-forwarded-for");
    if !forwarded_for.is_empty() {
        return forwarded_for.split(',').map(address).collect();
    }
    let forwarded = list("forwarded");
    if forwarded.is_empty() {
        return Vec::new();
    }
    forwarded
        .split(',')
        .map(|element| {
            element.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                name.trim().eq_ignore_ascii_case("for").then(|| address(value)).flatten()
            })
        })
        .collect()
}

/// An address with or without port, brackets and quotes.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let ip = text
        .parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|a| a.ip()))
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok())?;
    Some(ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(peer: &str, headers: &[(&'static str, &str)], expect: &str) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let found = client_address(peer.parse().unwrap(), &map, &trusted);
        assert_eq!(found, expect.parse::<IpAddr>().unwrap(), "{headers:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let forged = [("x-forwarded-for", "1.1.1.1")];
        check("203.0.113.9", &forged, "203.0.113.9");
        check("10.0.0.1", &forged, "1.1.1.1");
        check("::ffff:10.0.0.1", &forged, "1.1.1.1");
        check("10.0.0.1", &[], "10.0.0.1");
    }

    #[test]
    fn right_most_untrusted_hop_counts() {
        check("10.0.0.1", &[("x-forwarded-for", "6.6.6.6, 203.0.113.7, 10.2.2.2")], "203.0.113.7");
        check(
            "10.0.0.1",
            &[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "203.0.113.7,10.1.1.1")],
            "203.0.113.7",
        );
        check("10.0.0.1", &[("x-forwarded-for", "10.3.3.3,10.2.2.2")], "10.3.3.3");
    }

    #[test]
    fn hop_that_is_no_address_ends_the_search() {
        check("10.0.0.1", &[("x-forwarded-for", "6.6.6.6, unknown, 10.2.2.2")], "10.2.2.2");
        check("10.0.0.1", &[("x-forwarded-for", "6.6.6.6,,")], "10.0.0.1");
    }

    #[test]
    fn ports_brackets_and_the_standard_header_are_read() {
        check("10.0.0.1", &[("x-forwarded-for", "203.0.113.7:4711")], "203.0.113.7");
        check("fd00::1", &[("x-forwarded-for", "[2001:db8::7]:80")], "2001:db8::7");
        check(
            "10.0.0.1",
            &[("forwarded", "for=6.6.6.6, For=\"[2001:db8::7]\";proto=https, for=10.1.1.1")],
            "2001:db8::7",
        );
    }
}
