//! The request's URL: values are encoded for the place they stand in, and scheme and host never
//! come from a lead.

use super::pattern::{AUTH_TOKEN, Part, Pattern};
use url::Url;

/// Longest URL, in bytes.
pub(super) const URL_BYTES_MAX: usize = 16 * 1024;

/// A piece of a URL, a header value or a field, after the settings were put in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Piece {
    /// Written by the author of the manifest or of the destination, for this place.
    Text(String),
    /// The text of a setting, to be encoded where that matters.
    Fixed(String),
    /// A secret setting's name.
    Secret(String),
    /// A lead or system field's name.
    Field(String),
    /// The token that is fetched before the request.
    Token,
}

impl Piece {
    pub(super) fn from_part(part: Part) -> Self {
        match part {
            Part::Text(text) => Self::Text(text),
            Part::Name(name) if name == AUTH_TOKEN => Self::Token,
            Part::Name(name) => Self::Field(name),
        }
    }
}

/// Checks a URL setting: http or https, a host, no user or password, fields after the host only.
pub(super) fn check_url_setting(text: &str) -> Result<(), String> {
    let pattern = Pattern::of_fields(text)?;
    let pieces: Vec<Piece> = pattern.0.into_iter().map(Piece::from_part).collect();
    build(&pieces, |_| Some("x".to_owned())).map(drop)
}

/// Puts the pieces together. `value` gives the text of a secret or a field; `None` is empty.
///
/// The error reads after "the URL".
pub(super) fn build(
    pieces: &[Piece],
    value: impl Fn(&Piece) -> Option<String>,
) -> Result<Url, String> {
    let mut out = String::new();
    // Segments that are nothing but dots, as written and with the fields' values.
    let mut written = String::new();
    for piece in pieces {
        let text = match piece {
            Piece::Text(text) => {
                out.push_str(text);
                written.push_str(text);
                continue;
            }
            Piece::Fixed(text) => text.clone(),
            Piece::Secret(_) | Piece::Field(_) | Piece::Token => value(piece).unwrap_or_default(),
        };
        let outside = matches!(piece, Piece::Field(_) | Piece::Token);
        match place(&out) {
            Place::Host if outside => {
                return Err("cannot take its scheme or host from a field".to_owned());
            }
            Place::Host => {
                let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
                if text.is_empty() || !text.bytes().all(plain) {
                    return Err("has a setting in its host that is not a host name".to_owned());
                }
                out.push_str(&text);
                written.push_str(&text);
            }
            Place::PathOrQuery => {
                out.push_str(&encode(&text));
                written.push('x');
            }
        }
        if out.len() > URL_BYTES_MAX {
            return Err(format!("is longer than {URL_BYTES_MAX} bytes"));
        }
    }
    if dot_segments(&out) != dot_segments(&written) {
        return Err("has a field in its path that is `.` or `..`".to_owned());
    }
    parse(&out)
}

enum Place {
    /// Scheme, host or port: whoever sets these chooses the receiver.
    Host,
    PathOrQuery,
}

fn place(so_far: &str) -> Place {
    match so_far.split_once("://") {
        Some((_, after)) if after.contains(['/', '?', '#', '\\']) => Place::PathOrQuery,
        _ => Place::Host,
    }
}

/// Percent-encodes everything but letters, digits and `*-._`, so a value stays within its segment
/// or parameter.
pub(super) fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

fn dot_segments(url: &str) -> usize {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).filter(|segment| matches!(*segment, "." | "..")).count()
}

fn parse(text: &str) -> Result<Url, String> {
    let mut url =
        Url::parse(text).map_err(|e| format!("is not a complete http or https URL: {e}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("must begin with https:// or http://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or password; use the credential setting".to_owned());
    }
    url.set_fragment(None);
    if url.as_str().len() > URL_BYTES_MAX {
        return Err(format!("is longer than {URL_BYTES_MAX} bytes"));
    }
    Ok(url)
}
