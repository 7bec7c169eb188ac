//! The admin interface at `/admin/`: the files built from `ui/`, carried in the binary.
//!
//! Files with their hash in the name are kept by browsers for ever, all others are asked for again
//! by `ETag`. Every other path below `/admin/` is a place within the interface and gets its page;
//! a missing file is missing, since a page in the place of a script is an error nobody understands.

use crate::problem;
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::LazyLock;

/// One built file.
#[derive(Clone, Copy)]
struct File {
    /// Below `/admin/`.
    path: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
}

static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/ui_files.rs"));

/// The page of the interface.
const INDEX: &str = "index.html";
/// Where the build puts the files that have their hash in their name.
const HASHED: &str = "assets/";

/// Scripts are files of ours only. Styles may be inline: the component library writes some into
/// the page as it goes. Nothing may show the interface in a frame.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// How long a browser remembers that this host is reached by https: a year.
const HSTS: &str = "max-age=31536000";

static TAGS: LazyLock<HashMap<&'static str, String>> =
    LazyLock::new(|| FILES.iter().map(|file| (file.path, tag(file.plain))).collect());

/// Its routes; `/` leads there.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/admin/") }))
        .route("/admin", get(|| async { Redirect::temporary("/admin/") }))
        .route("/admin/", get(index))
        .route("/admin/{*path}", get(file))
}

async fn index(State(state): State<AppState>, headers: HeaderMap) -> Response {
    respond(INDEX, &state, &headers).await
}

async fn file(
    State(state): State<AppState>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    respond(&path, &state, &headers).await
}

async fn respond(path: &str, state: &AppState, headers: &HeaderMap) -> Response {
    let https = state.settings.public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    let mut response = match find(FILES, path) {
        Some(file) => answer(file, TAGS.get(file.path).map_or("", String::as_str), headers),
        None => problem::no_such_path().await.into_response(),
    };
    guard(response.headers_mut(), https);
    response
}

/// The file of a path: itself, or the page of the interface when it names a place within it.
fn find<'a>(files: &'a [File], path: &str) -> Option<&'a File> {
    let named = |name: &str| files.iter().find(|file| file.path == name);
    let is_file =
        path.starts_with(HASHED) || path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    match named(path) {
        Some(file) => Some(file),
        None if is_file => None,
        None => named(INDEX),
    }
}

fn answer(file: &File, tag: &str, headers: &HeaderMap) -> Response {
    let kept = if file.path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let packed = file.gzip.filter(|_| takes_gzip(headers));
    let mut response = if knows(headers, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = Bytes::from_static(packed.unwrap_or(file.plain));
        let mut response = body.into_response();
        let kind = HeaderValue::from_static(content_type(file.path));
        response.headers_mut().insert(CONTENT_TYPE, kind);
        if packed.is_some() {
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(CONTENT_ENCODING, gzip);
        }
        response
    };
    let into = response.headers_mut();
    into.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    into.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        into.insert(ETAG, tag);
    }
    response
}

fn guard(headers: &mut HeaderMap, https: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(CONTENT_SECURITY_POLICY, CONTENT_POLICY);
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(X_FRAME_OPTIONS, "DENY");
    set(REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if https {
        set(STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

/// Weak, since the packed and the plain bytes share it.
fn tag(bytes: &[u8]) -> String {
    format!("W/\"{}\"", hex::encode(&Sha256::digest(bytes)[..16]))
}

fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let bare = tag.trim_start_matches("W/");
    headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value
            .split(',')
            .map(str::trim)
            .any(|one| one == "*" || one.trim_start_matches("W/") == bare)
    })
}

/// Whether the caller takes gzip; `q=0` means that it does not (RFC 9110 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|part| {
            let mut pieces = part.split(';').map(str::trim);
            let is_gzip = pieces.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let refused = pieces.any(|piece| {
                piece.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()) == Some(0.0)
            });
            is_gzip && !refused
        })
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json" | "webmanifest") => "application/json",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT: &[File] = &[
        File { path: "assets/main-Ab12.js", plain: b"run()", gzip: Some(b"packed") },
        File { path: "baton.svg", plain: b"<svg/>", gzip: None },
        File { path: "index.html", plain: b"<!doctype html>", gzip: Some(b"packed page") },
    ];

    #[test]
    fn files_are_found_and_places_get_the_page() {
        let check = |path: &str, expect: Option<&str>| {
            assert_eq!(find(BUILT, path).map(|file| file.path), expect, "{path}");
        };
        check("index.html", Some("index.html"));
        check("assets/main-Ab12.js", Some("assets/main-Ab12.js"));
        check("baton.svg", Some("baton.svg"));
        check("leads", Some("index.html"));
        check("leads/lead_01h455vb4pex5vsknk084sn02q", Some("index.html"));
        check("assets/main-Old0.js", None);
        check("assets/none", None);
        check("theme.js", None);
        check("../Cargo.toml", None);
    }

    fn asked(headers: &[(HeaderName, &str)], path: &str) -> Response {
        let headers =
            headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let file = find(BUILT, path).unwrap();
        answer(file, &tag(file.plain), &headers)
    }

    #[test]
    fn hashed_files_are_kept_and_the_page_is_asked_for_again() {
        let script = asked(&[], "assets/main-Ab12.js");
        assert_eq!(script.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(script.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
        let page = asked(&[], "index.html");
        assert_eq!(page.headers()[CACHE_CONTROL], "no-cache");
        assert_eq!(page.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    }

    #[test]
    fn a_known_tag_is_answered_without_a_body() {
        let tag = asked(&[], "index.html").headers()[ETAG].to_str().unwrap().to_owned();
        let strong = tag.trim_start_matches("W/").to_owned();
        let check = |sent: &str, expect: u16| {
            let status = asked(&[(IF_NONE_MATCH, sent)], "index.html").status().as_u16();
            assert_eq!(status, expect, "{sent}");
        };
        check(&tag, 304);
        check(&strong, 304);
        check(&format!("\"other\", {tag}"), 304);
        check("\"other\"", 200);
    }

    #[tokio::test]
    async fn packed_bytes_go_to_who_takes_them() {
        let check = async |sent: &str, path: &str, expect: Option<&str>| {
            let response = asked(&[(ACCEPT_ENCODING, sent)], path);
            let encoding = response.headers().get(CONTENT_ENCODING).map(|v| v.to_str().unwrap());
            assert_eq!(encoding, expect, "{sent}");
            assert_eq!(response.headers()[VARY], "accept-encoding");
        };
        check("gzip, br", "index.html", Some("gzip")).await;
        check("br, GZIP;q=0.5", "index.html", Some("gzip")).await;
        check("gzip;q=0, *", "index.html", None).await;
        check("br", "index.html", None).await;
        check("gzip", "baton.svg", None).await;
        let response = asked(&[(ACCEPT_ENCODING, "gzip")], "index.html");
        let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
        assert_eq!(&body[..], b"packed page");
    }
}
