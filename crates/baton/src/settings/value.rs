//! Texts to typed values, the same for flags, variables and the file.

use baton_domain::secret::Secret;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use url::Url;

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    // `:8080` and `8080` are what people try; they would mean "everywhere", which is to be said.
    let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    named.as_deref().unwrap_or(text).parse().map_err(|_| {
        format!("`{text}` is not an address with a port, such as 127.0.0.1:8080 or 0.0.0.0:8080")
    })
}

pub(super) fn number(text: &str, min: u32, max: u32) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|n| (min..=max).contains(n))
        .ok_or_else(|| format!("`{text}` is not a whole number from {min} to {max}"))
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let network = |part: &str| {
        part.parse::<IpNet>()
            .or_else(|_| part.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| format!("`{part}` is not a network such as 10.0.0.0/8, nor an address"))
    };
    list(text).map(network).collect()
}

pub(super) fn ports(text: &str) -> Result<Vec<u16>, String> {
    let port = |part: &str| {
        let read = part.parse().ok().filter(|port| *port > 0);
        read.ok_or_else(|| format!("`{part}` is not a port"))
    };
    list(text).map(port).collect()
}

pub(super) fn secret(text: &str) -> Option<Secret> {
    (!text.is_empty()).then(|| Secret::new(text))
}

pub(super) fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| PathBuf::from(text))
}

pub(super) fn public_url(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let fits = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if !fits {
        return Err(format!("`{text}` is not a URL such as https://leads.example.com"));
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

pub(super) fn database(text: &str) -> Result<Option<Secret>, String> {
    let known = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if !text.is_empty() && !known {
        return Err(
            "needs a URL that starts with postgres://; for the embedded database leave it out and \
             say --data DIR"
                .to_owned(),
        );
    }
    Ok(secret(text))
}

pub(super) fn level(text: &str) -> Result<String, String> {
    let readable = tracing_subscriber::EnvFilter::try_new(text).is_ok();
    if text.is_empty() || !readable {
        return Err(format!(
            "`{text}` is not a level; use error, warn, info, debug, trace or a filter"
        ));
    }
    Ok(text.to_owned())
}
