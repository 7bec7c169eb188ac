//! The context of a lead: what its source says and what the server saw.

use super::Context;
use super::body::{Claims, VALUE_BYTES_MAX};
use std::net::IpAddr;

/// Most bytes kept of a request's `User-Agent` header.
pub const USER_AGENT_BYTES_MAX: usize = 1024;
/// Most bytes kept of a request's `Referer` header.
pub const REFERER_BYTES_MAX: usize = 4096;

/// What the server saw of the request itself.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ServerFacts {
    /// The peer's address, or what the trusted proxies say it is.
    pub ip: Option<IpAddr>,
    /// The header `User-Agent`.
    pub user_agent: Option<String>,
    /// The header `Referer`.
    pub referer: Option<String>,
}

impl std::fmt::Debug for ServerFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerFacts(..)")
    }
}

/// Puts together what a caller says and what the server saw.
///
/// `believe_body` is true for sources whose caller is a server (an endpoint, an API key): only then
/// do `ip_address` and `user_agent` of the body count, because a browser could write anything
/// there. An address that is none is left out in favour of the one the server saw. Without a
/// `page_url` the `Referer` header is the page of the form.
#[must_use]
pub fn build_context(claims: Claims, server: ServerFacts, believe_body: bool) -> Context {
    let claimed_ip = claims.ip_address.filter(|_| believe_body);
    let claimed_ip = claimed_ip.and_then(|text| text.trim().parse::<IpAddr>().ok());
    let claimed_agent = claims.user_agent.filter(|_| believe_body);
    Context {
        ip: claimed_ip.or(server.ip).map(|ip| ip.to_canonical().to_string()),
        user_agent: claimed_agent
            .or(server.user_agent)
            .and_then(|t| bounded(t, USER_AGENT_BYTES_MAX)),
        page_url: bounded_claim(claims.page_url)
            .or_else(|| server.referer.and_then(|t| bounded(t, REFERER_BYTES_MAX))),
        landing_page: bounded_claim(claims.landing_page),
        referrer: bounded_claim(claims.referrer),
        optin_at: bounded_claim(claims.optin_at),
        submitted_at: None,
        consent_text: bounded_claim(claims.consent_text),
        trustedform_cert_url: bounded_claim(claims.trustedform_cert_url),
        jornaya_leadid: bounded_claim(claims.jornaya_leadid),
        tracking: claims.tracking,
    }
}

/// A body's values are bounded when it is read; claims made by other code are bounded here.
fn bounded_claim(text: Option<String>) -> Option<String> {
    text.and_then(|text| bounded(text, VALUE_BYTES_MAX))
}

/// The text cut at a character's edge; `None` when it is blank. U+0000 cannot be stored.
fn bounded(mut text: String, bytes_max: usize) -> Option<String> {
    text.retain(|c| c != '\0');
    text.truncate(text.floor_char_boundary(bytes_max));
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims() -> Claims {
        Claims {
            ip_address: Some(" 203.0.113.7 ".to_owned()),
            user_agent: Some("their browser".to_owned()),
            optin_at: Some(" 28/01/2026 2pm ".to_owned()),
            ..Claims::default()
        }
    }

    fn server() -> ServerFacts {
        ServerFacts {
            ip: Some("::ffff:198.51.100.1".parse().unwrap()),
            user_agent: Some("curl".to_owned()),
            referer: Some("https://shop.example/form".to_owned()),
        }
    }

    #[test]
    fn address_and_agent_of_the_body_count_only_when_believed() {
        let believed = build_context(claims(), server(), true);
        assert_eq!(believed.ip.as_deref(), Some("203.0.113.7"));
        assert_eq!(believed.user_agent.as_deref(), Some("their browser"));
        let seen = build_context(claims(), server(), false);
        assert_eq!(seen.ip.as_deref(), Some("198.51.100.1"));
        assert_eq!(seen.user_agent.as_deref(), Some("curl"));
    }

    #[test]
    fn address_that_is_none_gives_way_to_the_one_seen() {
        let odd = Claims { ip_address: Some("localhost; drop".to_owned()), ..Claims::default() };
        assert_eq!(build_context(odd, server(), true).ip.as_deref(), Some("198.51.100.1"));
    }

    #[test]
    fn page_is_the_one_named_else_the_referer() {
        let named = Claims { page_url: Some("https://a.example".to_owned()), ..Claims::default() };
        let page = |claims| build_context(claims, server(), false).page_url;
        assert_eq!(page(named).as_deref(), Some("https://a.example"));
        assert_eq!(page(Claims::default()).as_deref(), Some("https://shop.example/form"));
    }

    #[test]
    fn optin_time_is_verbatim_and_tracking_is_kept() {
        let mut claims = claims();
        claims.tracking.insert("utm_source".to_owned(), json!("x"));
        let context = build_context(claims, server(), false);
        assert_eq!(context.optin_at.as_deref(), Some(" 28/01/2026 2pm "));
        assert_eq!(context.tracking.get("utm_source"), Some(&json!("x")));
    }

    #[test]
    fn long_headers_are_cut_at_a_character() {
        let agent = "é".repeat(USER_AGENT_BYTES_MAX);
        let seen = ServerFacts { user_agent: Some(format!("x{agent}")), ..server() };
        let kept = build_context(Claims::default(), seen, false).user_agent.unwrap();
        assert_eq!(kept.len(), USER_AGENT_BYTES_MAX - 1);
        assert!(kept.ends_with('é'));
    }

    #[test]
    fn nothing_known_is_an_empty_context() {
        let context = build_context(Claims::default(), ServerFacts::default(), true);
        assert!(context == Context::default());
    }
}
