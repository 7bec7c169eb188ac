//! Where this server is, for the URLs that answers show.

use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::FromRequestParts;
use http::header::HOST;
use http::request::Parts;

/// Longest host that is shown.
const HOST_BYTES_MAX: usize = 255;

/// Scheme and host of this server: what is set, else the request's `Host` by plain http.
pub struct BaseUrl(String);

impl BaseUrl {
    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl FromRequestParts<AppState> for BaseUrl {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        if let Some(set) = &state.settings.public_url {
            return Ok(Self(set.trim_end_matches('/').to_owned()));
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]_".contains(&b);
        let host = parts
            .headers
            .get(HOST)
            .and_then(|h| h.to_str().ok())
            .filter(|h| (1..=HOST_BYTES_MAX).contains(&h.len()) && h.bytes().all(plain));
        Ok(Self(host.map_or_else(String::new, |host| format!("http://{host}"))))
    }
}
