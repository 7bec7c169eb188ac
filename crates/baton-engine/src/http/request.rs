//! A request as data made ready for the wire, or refused.

use super::guard::{AllowList, Refusal, Target, check_url};
use baton_domain::exchange::{FaultKind, RequestSpec};
use bytes::{BufMut, Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::Full;

/// Most headers of a request, those the client adds included.
pub const REQUEST_HEADERS_MAX: usize = 100;
/// Most bytes of a request's head.
pub const REQUEST_HEAD_BYTES_MAX: usize = 64 * 1024;

/// Headers that belong to the connection, not to who asks.
const RESERVED: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) struct Prepared {
    pub(super) target: Target,
    /// The head as it is to go out, names spelled as given.
    pub(super) head: Bytes,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Prepared {
    pub(super) fn body_bytes(&self) -> usize {
        self.body.len()
    }

    /// The request for hyper; cheap, so that one that never left can be made again.
    pub(super) fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

fn invalid(detail: &'static str) -> Refusal {
    Refusal { kind: FaultKind::InvalidRequest, detail }
}

pub(super) fn prepare(
    spec: &RequestSpec,
    allow: &AllowList,
    user_agent: &str,
) -> Result<Prepared, Refusal> {
    let target = check_url(&spec.url, allow)?;
    let method = Method::from_bytes(spec.method.as_bytes())
        .map_err(|_| invalid("the method is not an HTTP method"))?;
    if method == Method::CONNECT {
        return Err(invalid("the method CONNECT is for proxies"));
    }
    let uri: Uri =
        target.path.parse().map_err(|_| invalid("the URL's path or query cannot be sent"))?;
    let mut headers = Headers::default();
    headers.add("Host", target.authority.as_bytes())?;
    for (name, value) in &spec.headers {
        if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
            return Err(invalid("a header is reserved for the connection; remove it"));
        }
        headers.add(name, value.as_bytes())?;
    }
    // Compressed answers are not read: a small one could unfold without end.
    headers.add_unless_given(ACCEPT_ENCODING, "Accept-Encoding", "identity")?;
    headers.add_unless_given(USER_AGENT, "User-Agent", user_agent)?;
    let body_expected = matches!(method, Method::POST | Method::PUT | Method::PATCH);
    if body_expected || !spec.body.is_empty() {
        headers.add("Content-Length", spec.body.len().to_string().as_bytes())?;
    }
    let head = headers.spell(&method, &uri);
    if head.len() > REQUEST_HEAD_BYTES_MAX {
        return Err(invalid("the headers are longer than 64 KiB together"));
    }
    let body = Bytes::copy_from_slice(&spec.body);
    Ok(Prepared { target, head, method, uri, headers: headers.map, body })
}

#[derive(Default)]
struct Headers {
    map: HeaderMap,
    /// Every name as given, in order.
    spellings: Vec<(HeaderName, String)>,
}

impl Headers {
    fn add(&mut self, name: &str, value: &[u8]) -> Result<(), Refusal> {
        if self.spellings.len() == REQUEST_HEADERS_MAX {
            return Err(invalid("the request has more than 100 headers"));
        }
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| invalid("a header name holds characters that cannot be sent"))?;
        let value = HeaderValue::from_bytes(value)
            .map_err(|_| invalid("a header value holds characters that cannot be sent"))?;
        self.map.append(parsed.clone(), value);
        self.spellings.push((parsed, name.to_owned()));
        Ok(())
    }

    fn add_unless_given(
        &mut self,
        name: HeaderName,
        spelling: &str,
        value: &str,
    ) -> Result<(), Refusal> {
        if self.map.contains_key(&name) || value.is_empty() {
            return Ok(());
        }
        self.add(spelling, value.as_bytes())
    }

    /// The head in the order in which hyper writes it (that of the map), names as given.
    fn spell(&self, method: &Method, uri: &Uri) -> Bytes {
        let mut unused: Vec<_> = self.spellings.iter().collect();
        let mut head = BytesMut::new();
        head.put_slice(format!("{method} {uri} HTTP/1.1\r\n").as_bytes());
        for (name, value) in &self.map {
            let at = unused.iter().position(|(given, _)| given == name);
            let spelling = at.map_or(name.as_str(), |at| unused.remove(at).1.as_str());
            head.put_slice(spelling.as_bytes());
            head.put_slice(b": ");
            head.put_slice(value.as_bytes());
            head.put_slice(b"\r\n");
        }
        head.put_slice(b"\r\n");
        head.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(method: &str, headers: &[(&str, &str)], body: &str) -> RequestSpec {
        RequestSpec {
            method: method.into(),
            url: "https://example.com:8443/a?b=c#d".into(),
            headers: headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            body: body.into(),
        }
    }

    #[track_caller]
    fn check(spec: &RequestSpec, expect: Result<&str, FaultKind>) {
        let got = prepare(spec, &AllowList::default(), "baton");
        let got = got.map(|p| String::from_utf8(p.head.to_vec()).unwrap()).map_err(|r| r.kind);
        assert_eq!(got.as_deref().map_err(|kind| *kind), expect);
    }

    #[test]
    fn the_head_keeps_order_and_spelling_with_host_first() {
        check(
            &spec(
                "POST",
                &[("X_KEY", "k"), ("x-TWO", "1"), ("Content-Type", "a/b"), ("X-Two", "2")],
                "hi",
            ),
            Ok(
                "POST /a?b=c HTTP/1.1\r\nHost: example.com:8443\r\nX_KEY: k\r\nx-TWO: 1\r\nX-Two: 2\r\n\
                Content-Type: a/b\r\nAccept-Encoding: identity\r\nUser-Agent: baton\r\n\
                Content-Length: 2\r\n\r\n",
            ),
        );
        check(
            &spec("GET", &[("user-agent", "me"), ("accept-encoding", "br")], ""),
            Ok("GET /a?b=c HTTP/1.1\r\nHost: example.com:8443\r\nuser-agent: me\r\n\
                accept-encoding: br\r\n\r\n"),
        );
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let refused = Err(FaultKind::InvalidRequest);
        check(&spec("PO ST", &[], ""), refused);
        check(&spec("", &[], ""), refused);
        check(&spec("CONNECT", &[], ""), refused);
        for (name, value) in [
            ("a b", "x"),
            ("", "x"),
            ("a", "x\r\nb: c"),
            ("a", "x\n"),
            ("a", "\0"),
            ("a:", "x"),
            ("Host", "x"),
            ("CONTENT-LENGTH", "1"),
            ("Transfer-Encoding", "chunked"),
            ("connection", "close"),
        ] {
            check(&spec("POST", &[(name, value)], ""), refused);
        }
        let long = "a".repeat(REQUEST_HEAD_BYTES_MAX);
        check(&spec("POST", &[("a", &long)], ""), refused);
        check(&spec("POST", &[("a", "b"); REQUEST_HEADERS_MAX], ""), refused);
    }
}
