//! Which URLs and addresses may be called, decided without a socket.
//!
//! A URL is judged twice: as text when it is saved and before every exchange ([`check_url`]), and
//! by all addresses its host resolves to whenever a connection is made ([`vet`]). A connection
//! then goes to a judged address and to no other, so a name that changes its mind gains nothing.

pub mod address;

use crate::exchange::FaultKind;
use address::{Reach, canonical, reach};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};
use url::{Host, Url};

/// Longest URL that is called.
pub const URL_BYTES_MAX: usize = 8 * 1024;
/// Ports of https targets on the public internet.
pub const PORTS_HTTPS: [u16; 2] = [443, 8443];
/// Ports of plain http targets on the public internet, where plain http is allowed at all.
pub const PORTS_HTTP: [u16; 2] = [80, 8080];

/// What may be called besides https on the usual ports of the public internet. The default is
/// nothing. Metadata services stay closed whatever stands here.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AllowList {
    /// `--allow-private`: this machine and private networks (not link-local), plain http to them,
    /// and any port.
    pub private: bool,
    /// Networks whose addresses are trusted: callable, by plain http, on any port.
    pub nets: Vec<IpNet>,
    /// Host names that are trusted in the same way, compared whole and without case.
    pub hosts: Vec<String>,
    /// Plain http to the public internet.
    pub http: bool,
    /// Ports besides [`PORTS_HTTPS`] and [`PORTS_HTTP`].
    pub ports: Vec<u16>,
}

impl AllowList {
    fn trusts_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|trusted| trusted.eq_ignore_ascii_case(host))
    }

    fn judge(&self, host: &str, address: IpAddr) -> Judgement {
        let address = canonical(address);
        let reach = reach(address);
        if reach == Reach::Metadata {
            return Judgement::Refused;
        }
        let listed = self.nets.iter().any(|net| net.contains(&address)) || self.trusts_host(host);
        match reach {
            _ if listed => Judgement::Trusted,
            Reach::Global => Judgement::Public,
            Reach::Private if self.private => Judgement::Trusted,
            Reach::Private | Reach::Reserved | Reach::Metadata => Judgement::Refused,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Refused,
    Public,
    /// Callable by plain http and on any port as well.
    Trusted,
}

/// A URL or address that is not called, and why; `detail` names no address, so that a refusal
/// tells nothing about the network behind it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{detail}")]
pub struct Refusal {
    /// [`FaultKind::InvalidRequest`] or [`FaultKind::BlockedAddress`].
    pub kind: FaultKind,
    /// One line for people.
    pub detail: &'static str,
}

fn blocked(detail: &'static str) -> Refusal {
    Refusal { kind: FaultKind::BlockedAddress, detail }
}

fn invalid(detail: &'static str) -> Refusal {
    Refusal { kind: FaultKind::InvalidRequest, detail }
}

/// A URL taken apart, fit to be called as far as its text tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// TLS or not.
    pub https: bool,
    /// Host: a name in ASCII, or an address without brackets.
    pub host: String,
    /// The host as an address, when it is one.
    pub literal: Option<IpAddr>,
    /// Port, the scheme's own when the URL gave none.
    pub port: u16,
    /// Value of the `Host` header.
    pub authority: String,
    /// Path and query, percent-encoded.
    pub path: String,
    /// Only trusted addresses will do: the scheme or port is not one for the public internet.
    needs_trust: bool,
}

/// Judges a URL by its text: scheme, userinfo, port, and the address if the host is one (in any
/// notation browsers read: `127.1`, `0x7f000001`, `2130706433`, `[::ffff:127.0.0.1]`).
///
/// Serves when a URL is saved and again before each exchange; names are resolved and judged by
/// [`vet`] when a connection is made.
///
/// # Errors
/// [`FaultKind::InvalidRequest`] for what is no http URL, [`FaultKind::BlockedAddress`] for what
/// may not be called.
pub fn check_url(url: &str, allow: &AllowList) -> Result<Target, Refusal> {
    let target = parse(url, allow)?;
    if let Some(address) = target.literal {
        vet(&target, &[address], allow)?;
    } else if is_localhost(&target.host) {
        vet(&target, &[IpAddr::V4(Ipv4Addr::LOCALHOST)], allow)?;
    } else if target.needs_trust && !could_be_trusted(&target, allow) {
        return Err(untrusted(&target));
    }
    Ok(target)
}

/// Whether a URL names this machine or a private address by itself: `localhost` or such a literal.
#[must_use]
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => !address::is_global(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => !address::is_global(IpAddr::V6(address)),
        None => false,
    }
}

/// Judges all addresses a target's host resolved to; one that may not be called refuses the
/// target, or an answer with one public and one private address would be a way in.
///
/// # Errors
/// [`FaultKind::BlockedAddress`].
pub fn vet(target: &Target, addresses: &[IpAddr], allow: &AllowList) -> Result<(), Refusal> {
    for address in addresses {
        match allow.judge(&target.host, *address) {
            Judgement::Trusted => {}
            Judgement::Public if !target.needs_trust => {}
            Judgement::Public => return Err(untrusted(target)),
            Judgement::Refused => return Err(blocked(advice(*address))),
        }
    }
    Ok(())
}

/// What a person can do about an address that is not called.
fn advice(address: IpAddr) -> &'static str {
    match reach(canonical(address)) {
        Reach::Metadata => {
            "the target is a cloud's metadata service; those are never called, not even with \
             --allow-private"
        }
        Reach::Reserved => {
            "the target is a link-local or reserved address, which --allow-private does not open \
             either; use another one"
        }
        Reach::Private | Reach::Global => {
            "the target is on this machine or in a private network; use a public address, or \
             start the server with --allow-private"
        }
    }
}

fn parse(text: &str, allow: &AllowList) -> Result<Target, Refusal> {
    if text.len() > URL_BYTES_MAX {
        return Err(invalid("the URL is longer than 8 KiB"));
    }
    // The URL standard drops tabs and line ends silently; what is called must be what is read.
    if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err(invalid("the URL holds spaces or control characters; percent-encode them"));
    }
    let url = Url::parse(text).map_err(|_| invalid("this is not an absolute URL with a host"))?;
    let https = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(blocked("only https targets are called")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(blocked("the URL holds a user name or password; use a header for credentials"));
    }
    let (host, literal) = match url.host() {
        Some(Host::Domain(name)) => (name.trim_end_matches('.').to_owned(), None),
        Some(Host::Ipv4(address)) => (address.to_string(), Some(IpAddr::V4(address))),
        Some(Host::Ipv6(address)) => (address.to_string(), Some(IpAddr::V6(address))),
        None => return Err(invalid("the URL has no host")),
    };
    let (Some(port), false) = (url.port_or_known_default(), host.is_empty()) else {
        return Err(invalid("the URL has no host"));
    };
    if port == 0 {
        return Err(invalid("port 0 cannot be called"));
    }
    let usual: &[u16] = if https { &PORTS_HTTPS } else { &PORTS_HTTP };
    let port_open = allow.private || usual.contains(&port) || allow.ports.contains(&port);
    let scheme_open = https || allow.http;
    let name = url.host_str().unwrap_or_default();
    Ok(Target {
        https,
        authority: url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}")),
        path: url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
        host,
        literal,
        port,
        needs_trust: !(port_open && scheme_open),
    })
}

fn is_localhost(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

/// Whether a name might resolve to trusted addresses only.
fn could_be_trusted(target: &Target, allow: &AllowList) -> bool {
    allow.private || !allow.nets.is_empty() || allow.trusts_host(&target.host)
}

fn untrusted(target: &Target) -> Refusal {
    if target.https {
        blocked(
            "this port is not open for targets; use 443 or 8443, or allow it in the server's settings",
        )
    } else {
        blocked("plain http is not allowed to this target on this port; use https")
    }
}

#[cfg(test)]
mod tests;
