//! Sessions in a browser: the cookie, and who it stands for.

use crate::client_address;
use crate::problem::{Code, Problem, REQUEST_ID};
use crate::state::AppState;
use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_domain::account::{SEEN_EVERY_MS, SESSION_MS, session_is_live};
use baton_domain::audit::{Actor, By};
use baton_domain::secret::Secret;
use baton_domain::time::Millis;
use baton_store::Store;
use baton_store::accounts::{NewSession, SignedIn, TokenHash};
use http::header::{COOKIE, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::origin::{Sender, only_reads, sender};

/// How long a session is believed without asking the database, in milliseconds. One that is ended
/// here is forgotten at once; one that is ended at another node works here for so long.
pub const SESSION_KEPT_MS: i64 = 5_000;
/// Most sessions that are kept in memory; when they are spent all are asked for anew.
const SESSIONS_KEPT_MAX: usize = 10_000;
/// Name of the cookie over https: browsers keep it from other hosts and plain http.
const COOKIE_SECURE: &str = "__Host-baton";
/// Name of the cookie over plain http.
const COOKIE_PLAIN: &str = "baton";
/// Most characters of what a browser says about itself that are kept.
const USER_AGENT_CHARS_MAX: usize = 300;
/// Most bytes of a token that is looked up; longer ones are none of ours.
const TOKEN_BYTES_MAX: usize = 128;

/// A new token: 256 random bits as text that URLs and cookies take.
pub(crate) fn new_token(store: &Store) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(store.random::<32>()))
}

/// What is kept of a token.
pub(crate) fn token_hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// The sessions in memory.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Counts how often they were forgotten: what was read before that is not kept after it.
    generation: u64,
    known: HashMap<TokenHash, (Millis, Arc<SignedIn>)>,
}

impl Sessions {
    fn known(&self, hash: &TokenHash, now: Millis) -> (u64, Option<Arc<SignedIn>>) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |(at, _): &&(Millis, _)| (0..SESSION_KEPT_MS).contains(&now.since_ms(*at));
        let found = kept.known.get(hash).filter(fresh).map(|(_, found)| Arc::clone(found));
        let live =
            |s: &Arc<SignedIn>| session_is_live(s.session.seen_at, s.session.expires_at, now);
        (kept.generation, found.filter(live))
    }

    fn keep(&self, generation: u64, found: &Arc<SignedIn>, now: Millis) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.generation != generation {
            return;
        }
        if kept.known.len() >= SESSIONS_KEPT_MAX {
            kept.known.clear();
        }
        kept.known.insert(found.session.token, (now, Arc::clone(found)));
    }

    /// Forgets all of them: somebody's session, role or name changed.
    pub(crate) fn forget(&self) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.generation += 1;
        kept.known.clear();
    }
}

impl AppState {
    /// The person whose session that is, if it is live.
    ///
    /// # Errors
    /// 503 when the database has to be asked and cannot be.
    pub(crate) async fn signed_in(
        &self,
        hash: &TokenHash,
    ) -> Result<Option<Arc<SignedIn>>, Problem> {
        let now = self.store.now();
        let (generation, known) = self.accounts.sessions.known(hash, now);
        if known.is_some() {
            return Ok(known);
        }
        let Some(found) = self.store.signed_in(hash, now).await? else { return Ok(None) };
        if now.since_ms(found.session.seen_at) >= SEEN_EVERY_MS {
            let (store, token) = (self.store.clone(), *hash);
            // Nobody waits for it, and the next use writes it if this could not.
            tokio::spawn(async move { drop(store.session_seen(token, now).await) });
        }
        let found = Arc::new(found);
        self.accounts.sessions.keep(generation, &found, now);
        Ok(Some(found))
    }
}

/// What is known of a caller before they have shown who they are.
#[derive(Clone)]
pub(crate) struct Client {
    /// Where they are.
    pub ip: Option<IpAddr>,
    /// Their browser, in its own words.
    pub user_agent: Option<String>,
    /// Whether they came by https.
    pub secure: bool,
    /// Whether they call this machine by its own name for itself: nobody reads along on the way.
    pub local: bool,
    /// The session their cookie names.
    pub session: Option<TokenHash>,
    sender: Sender,
    only_reads: bool,
}

impl Client {
    /// Reads what a request says.
    pub(crate) fn of(parts: &Parts, state: &AppState) -> Self {
        let secure = is_secure(parts, state);
        let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Self {
            ip: client_address::of_request(state, parts.extensions.get().copied(), &parts.headers),
            user_agent: user_agent.map(|text| text.chars().take(USER_AGENT_CHARS_MAX).collect()),
            secure,
            local: is_local(&parts.headers),
            session: session_cookie(&parts.headers, secure),
            sender: sender(&parts.headers, state.settings.public_url.as_deref()),
            only_reads: only_reads(&parts.method),
        }
    }

    /// Refuses what another site made the browser send: with a cookie it has to come from our own
    /// pages, without one it must not come from others'.
    ///
    /// # Errors
    /// 403 `cross_site`.
    pub(crate) fn check_sender(&self) -> Result<(), Problem> {
        let fine = match self.sender {
            Sender::Own => true,
            Sender::Foreign => false,
            Sender::Unknown => self.session.is_none(),
        };
        if fine || self.only_reads {
            return Ok(());
        }
        let detail = "with a session, changes are taken from Baton's own pages only; scripts use \
                      an API key";
        Err(Problem::new(Code::CrossSite, detail))
    }

    /// A session that begins now.
    pub(crate) fn new_session(&self, store: &Store, token: &Secret, now: Millis) -> NewSession {
        NewSession {
            id: store.new_id(),
            token: token_hash(token.reveal()),
            expires_at: now.plus_ms(SESSION_MS),
            ip: self.ip.map(|ip| ip.to_string()),
            user_agent: self.user_agent.clone(),
            replaces: self.session,
        }
    }

    /// Somebody at this place, for the audit.
    pub(crate) fn by(&self, actor: Actor, name: &str) -> By {
        let request_id = REQUEST_ID.try_with(Clone::clone).ok();
        By { actor, name: name.to_owned(), ip: self.ip, request_id }
    }

    /// The header that gives the browser its session.
    ///
    /// # Errors
    /// 500, which is a defect: tokens fit into headers.
    pub(crate) fn cookie(&self, token: &Secret) -> Result<HeaderValue, Problem> {
        self.set_cookie(token.reveal(), SESSION_MS / 1_000)
    }

    /// The header that takes it away.
    ///
    /// # Errors
    /// None that is met.
    pub(crate) fn no_cookie(&self) -> Result<HeaderValue, Problem> {
        self.set_cookie("", 0)
    }

    fn set_cookie(&self, value: &str, seconds: i64) -> Result<HeaderValue, Problem> {
        let (name, secure) =
            if self.secure { (COOKIE_SECURE, "; Secure") } else { (COOKIE_PLAIN, "") };
        let text =
            format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::from_str(&text).map_err(|_| Problem::internal())
    }
}

impl FromRequestParts<AppState> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let client = Self::of(parts, state);
        client.check_sender()?;
        Ok(client)
    }
}

/// Whether the request came by https: this server speaks plain http, so what it is told of its
/// own address counts, else what a trusted proxy says.
fn is_secure(parts: &Parts, state: &AppState) -> bool {
    if let Some(url) = &state.settings.public_url {
        return url.starts_with("https://");
    }
    let peer: Option<client_address::Peer> = parts.extensions.get().copied();
    let from_proxy = peer.is_some_and(|client_address::Peer(ip)| {
        let ip = ip.to_canonical();
        state.settings.trusted_proxies.iter().any(|net| net.contains(&ip))
    });
    let scheme = parts.headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    from_proxy && scheme.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
}

/// Whether the request's host is a name of the machine itself.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let url = url::Url::parse(&format!("http://{host}/")).ok();
    match url.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The session that the cookie names. Over https only the cookie counts that no other host and no
/// plain http can have set.
fn session_cookie(headers: &HeaderMap, secure: bool) -> Option<TokenHash> {
    let wanted = if secure { COOKIE_SECURE } else { COOKIE_PLAIN };
    let pairs = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut named = pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, value)| *name == wanted && !value.is_empty());
    let (_, token) = named.next()?;
    (token.len() <= TOKEN_BYTES_MAX).then(|| token_hash(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cookie_of_its_scheme_counts() {
        #[track_caller]
        fn check(values: &[&str], secure: bool, expect: Option<&str>) {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(COOKIE, value.parse().unwrap());
            }
            assert_eq!(session_cookie(&headers, secure), expect.map(token_hash), "{values:?}");
        }
        check(&["baton=abc"], false, Some("abc"));
        check(&["baton=abc"], true, None);
        check(&["__Host-baton=abc"], true, Some("abc"));
        check(&["__Host-baton=abc"], false, None);
        check(&["theme=dark; baton=abc; x=y"], false, Some("abc"));
        check(&["theme=dark", "baton=abc"], false, Some("abc"));
        check(&["xbaton=abc", "baton="], false, None);
        check(&[&format!("baton={}", "x".repeat(TOKEN_BYTES_MAX + 1))], false, None);
        check(&[], false, None);
    }

    #[test]
    fn this_machine_is_told_from_others() {
        let check = |host: &str, expect: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            assert_eq!(is_local(&headers), expect, "{host}");
        };
        check("localhost:8080", true);
        check("127.0.0.1:8080", true);
        check("[::1]:8080", true);
        check("baton.localhost", true);
        check("192.168.1.5:8080", false);
        check("localhost.example.com", false);
        check("127.0.0.1@evil.example", false);
        check("", false);
    }
}
