//! Where a request comes from, as browsers say: another site must not change anything with the
//! cookie of somebody who is signed in (cross-site request forgery).

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method};

/// Who made the browser send a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sender {
    /// A page of this server, or the person themselves.
    Own,
    /// A page of another site.
    Foreign,
    /// Nobody says; browsers do, for what changes something.
    Unknown,
}

/// Who made the browser send it: by `Sec-Fetch-Site` (Fetch Metadata, W3C), which pages cannot
/// set, or on plain http, where browsers leave that out, by `Origin`.
pub(crate) fn sender(headers: &HeaderMap, public_url: Option<&str>) -> Sender {
    if let Some(site) = headers.get("sec-fetch-site") {
        let own = site == "same-origin" || site == "none";
        return if own { Sender::Own } else { Sender::Foreign };
    }
    let Some(origin) = headers.get(ORIGIN) else { return Sender::Unknown };
    let Some((scheme, host)) = origin.to_str().ok().and_then(|o| o.split_once("://")) else {
        return Sender::Foreign;
    };
    let host = without_usual_port(scheme, host);
    let set = public_url.and_then(|url| url.split_once("://")).map(|(scheme, rest)| {
        let host = rest.split('/').next().unwrap_or_default();
        (scheme.to_owned(), without_usual_port(scheme, host))
    });
    let asked = headers.get(HOST).and_then(|h| h.to_str().ok());
    // A proxy in front may speak https for us, so the scheme may differ from ours.
    let is_asked = asked.is_some_and(|asked| without_usual_port(scheme, asked) == host);
    let is_set = set.is_some_and(|(set_scheme, set_host)| set_scheme == scheme && set_host == host);
    if is_asked || is_set { Sender::Own } else { Sender::Foreign }
}

fn without_usual_port(scheme: &str, host: &str) -> String {
    let port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase()
}

/// Whether a request with that method only reads.
pub(crate) fn only_reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sites_are_told_apart() {
        use Sender::{Foreign, Own, Unknown};
        #[track_caller]
        fn check(headers: &[(&'static str, &str)], public_url: Option<&str>, expect: Sender) {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            assert_eq!(sender(&map, public_url), expect, "{headers:?}");
        }
        let set = Some("https://leads.example.com");
        check(&[], None, Unknown);
        check(&[("host", "a.example")], set, Unknown);
        check(&[("sec-fetch-site", "same-origin")], None, Own);
        check(&[("sec-fetch-site", "none")], None, Own);
        check(&[("sec-fetch-site", "same-site")], None, Foreign);
        check(
            &[("sec-fetch-site", "cross-site"), ("origin", "http://a:1"), ("host", "a:1")],
            None,
            Foreign,
        );
        check(&[("origin", "http://a.example:8080"), ("host", "a.example:8080")], None, Own);
        check(&[("origin", "http://A.example"), ("host", "a.example:80")], None, Own);
        check(&[("origin", "https://a.example"), ("host", "a.example")], None, Own);
        check(&[("origin", "https://a.example:443"), ("host", "a.example")], None, Own);
        check(&[("origin", "http://a.example:81"), ("host", "a.example")], None, Foreign);
        check(&[("origin", "http://a.example.evil"), ("host", "a.example")], None, Foreign);
        check(&[("origin", "http://evila.example"), ("host", "a.example")], None, Foreign);
        check(&[("origin", "null"), ("host", "a.example")], None, Foreign);
        check(&[("origin", ""), ("host", "")], None, Foreign);
        check(&[("origin", "https://leads.example.com"), ("host", "10.0.0.3:8080")], set, Own);
        check(&[("origin", "http://leads.example.com"), ("host", "10.0.0.3:8080")], set, Foreign);
        let with_path = Some("https://leads.example.com/");
        check(&[("origin", "https://leads.example.com")], with_path, Own);
    }
}
