//! One HTTP exchange as data: what to send, what came back, or why nothing did.
//!
//! `render` makes a [`RequestSpec`], the engine's client turns it into a [`Got`], `classify` reads
//! that. None of them needs a socket to be tested.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A request ready to be sent, byte for byte.
///
/// `Debug` leaves out the body and header values: they hold personal data and credentials.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSpec {
    /// Method in upper case.
    pub method: String,
    /// Absolute URL. Scheme and host come from settings, never from a lead.
    pub url: String,
    /// Headers in order, names as they are to be written. `Host` and `Content-Length` are not here.
    pub headers: Vec<(String, String)>,
    /// Body bytes; empty for none.
    pub body: Vec<u8>,
}

impl fmt::Debug for RequestSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSpec")
            .field("method", &self.method)
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// An answer that was read completely, or up to the limit for classifying.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status code.
    pub status: u16,
    /// Headers in order; values that are not UTF-8 are converted lossily.
    pub headers: Vec<(String, String)>,
    /// Body, at most [`ANSWER_CLASSIFY_BYTES_MAX`] of it.
    pub body: Vec<u8>,
    /// True when the body went on past that limit.
    pub truncated: bool,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .field("truncated", &self.truncated)
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// The first header of that name, compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// Most bytes of an answer that are read for classifying it (DESIGN section 8).
pub const ANSWER_CLASSIFY_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes of an answer's body that are stored with the attempt (DESIGN section 8).
pub const ANSWER_STORED_BYTES_MAX: usize = 64 * 1024;

/// Where the time of an exchange went, in microseconds. A phase that did not happen is `None`
/// (a pooled connection has no DNS, connect or TLS phase).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Phases {
    /// Resolving the host name.
    pub dns_us: Option<u64>,
    /// TCP connect.
    pub connect_us: Option<u64>,
    /// TLS handshake.
    pub tls_us: Option<u64>,
    /// From the start of sending to the answer's header.
    pub first_byte_us: Option<u64>,
    /// The whole exchange.
    pub total_us: u64,
}

/// Why an exchange gave no complete answer: the words users see (`reference/delivery.md` 27).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The host name could not be resolved.
    DnsError,
    /// Nothing listens there.
    ConnectionRefused,
    /// The connection could not be made for another reason (unreachable, no route).
    ConnectionFailed,
    /// The peer cut the connection.
    ConnectionReset,
    /// The deadline passed.
    Timeout,
    /// The TLS handshake failed.
    TlsError,
    /// The target is an address that may not be called.
    BlockedAddress,
    /// The URL, method or a header cannot be sent.
    InvalidRequest,
    /// The answer broke HTTP or its bounds (endless headers, bad chunking).
    InvalidAnswer,
}

/// An exchange without a complete answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// The word to branch on.
    pub kind: FaultKind,
    /// True when bytes of the request may have reached the peer: the outcome is then unknown.
    pub sent: bool,
    /// One line for people, without personal data.
    pub detail: String,
}

/// What an attempt got.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Got {
    /// A complete answer (or one cut at the reading limit).
    Answer(Answer),
    /// None.
    Fault(Fault),
}
