//! Which pages may post (the Fetch standard's CORS protocol). Origins are compared as a whole:
//! no patterns, no suffixes.

use crate::problem::{Code, Problem};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};

/// Seconds a browser may remember a preflight's answer; browsers have lower limits of their own.
const PREFLIGHT_KEPT_S: u64 = 86_400;

/// What a request's origin may do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// Any origin may, whoever it is.
    Any,
    /// Origins are restricted, and this request does not come from a page.
    NotAPage,
    /// This one is one of those that may.
    Listed(HeaderValue),
    /// This one may not.
    Refused,
}

/// Judges a request's origin. `null` (sandboxed frames, files) is nobody in particular, so it is
/// refused wherever origins are listed.
pub(crate) fn judge(allowed: &[String], headers: &HeaderMap) -> Origin {
    if allowed.is_empty() {
        return Origin::Any;
    }
    let mut sent = headers.get_all(ORIGIN).iter();
    match (sent.next(), sent.next()) {
        (None, _) => Origin::NotAPage,
        (Some(origin), None) if origin.as_bytes() != b"null" => {
            let listed = allowed.iter().any(|a| {
                let listed = a.strip_suffix('/').unwrap_or(a).as_bytes();
                origin.as_bytes().eq_ignore_ascii_case(listed)
            });
            if listed { Origin::Listed(origin.clone()) } else { Origin::Refused }
        }
        _ => Origin::Refused,
    }
}

impl Origin {
    /// Refuses pages that may not post.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        match self {
            Self::Refused => Err(Problem::new(
                Code::OriginNotAllowed,
                "this page's origin is not one of the source's allowed origins",
            )),
            _ => Ok(()),
        }
    }

    /// Tells the browser what it may show to the page.
    pub(crate) fn mark(&self, response: &mut Response) {
        let headers = response.headers_mut();
        let allowed = match self {
            Self::Any => HeaderValue::from_static("*"),
            Self::Listed(origin) => origin.clone(),
            Self::NotAPage | Self::Refused => {
                headers.append(VARY, HeaderValue::from_static("Origin"));
                return;
            }
        };
        if matches!(self, Self::Listed(_)) {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Idempotent-Replayed, Retry-After, X-Request-Id"),
        );
    }

    /// The answer to a preflight.
    pub(crate) fn preflight(&self) -> Response {
        if let Err(problem) = self.check() {
            let mut response = problem.into_response();
            self.mark(&mut response);
            return response;
        }
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(
                "Authorization, Content-Type, Idempotency-Key, X-LeadsBot-Signature, X-Request-Id",
            ),
        );
        headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_KEPT_S.into());
        self.mark(&mut response);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(allowed: &[&str], sent: &[&'static str], expect: Origin) {
        let allowed: Vec<String> = allowed.iter().map(|a| (*a).to_owned()).collect();
        let mut headers = HeaderMap::new();
        for origin in sent {
            headers.append(ORIGIN, HeaderValue::from_static(origin));
        }
        assert_eq!(judge(&allowed, &headers), expect, "{allowed:?} {sent:?}");
    }

    #[test]
    fn origins_are_compared_as_a_whole() {
        let shop = "https://shop.example";
        let listed = |o: &'static str| Origin::Listed(HeaderValue::from_static(o));
        check(&[shop], &[shop], listed(shop));
        check(&["https://Shop.example/"], &[shop], listed(shop));
        for other in [
            "http://shop.example",
            "https://shop.example:8443",
            "https://shop.example.evil.example",
            "https://evil-shop.example",
            "https://a.shop.example",
            "null",
            "*",
            "",
        ] {
            check(&[shop], &[other], Origin::Refused);
        }
        check(&[shop], &[shop, "https://evil.example"], Origin::Refused);
        check(&["null"], &["null"], Origin::Refused);
        check(&[shop], &[], Origin::NotAPage);
        check(&[], &["null"], Origin::Any);
        check(&[], &[], Origin::Any);
    }
}
