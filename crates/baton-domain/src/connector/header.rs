//! What may stand in a request's header.

use std::fmt::Write as _;

/// Longest header value, in bytes.
pub(super) const HEADER_VALUE_BYTES_MAX: usize = 8 * 1024;
/// Longest header name, in bytes.
const HEADER_NAME_BYTES_MAX: usize = 128;

/// Headers a destination may not set: they frame the message, belong to the connection, would make
/// the answer unreadable, or carry the signatures.
const RESERVED: [&str; 15] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "accept-encoding",
    "content-encoding",
    "x-leadsbot-signature",
];

/// Checks a header name.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || name.len() > HEADER_NAME_BYTES_MAX || !name.bytes().all(token) {
        return Err("is not a header name".to_owned());
    }
    let lower = name.to_ascii_lowercase();
    if RESERVED.contains(&lower.as_str()) || lower.starts_with("webhook-") {
        return Err("is set by Baton itself and cannot be set here".to_owned());
    }
    Ok(())
}

/// Checks a header value that came from settings.
pub(super) fn check_value(value: &str) -> Result<(), String> {
    if value.len() > HEADER_VALUE_BYTES_MAX {
        return Err(format!("is longer than {HEADER_VALUE_BYTES_MAX} bytes"));
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err("has a line break or another control character".to_owned());
    }
    Ok(())
}

/// A value from a lead as it may stand in a header: what is not ASCII is percent-encoded as UTF-8,
/// because receivers disagree on how to read other bytes.
pub(super) fn ascii(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
