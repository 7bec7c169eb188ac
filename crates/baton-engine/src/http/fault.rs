//! Errors of sockets, TLS and HTTP in the few words users see.

use super::guard::Refusal;
use super::tls;
use baton_domain::exchange::{Fault, FaultKind};
use std::error::Error;
use std::io;

/// Why an exchange ended without an answer, before it is known what had left by then.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: FaultKind,
    pub(super) detail: String,
    /// Our own machine is at fault, not the receiver.
    pub(super) ours: bool,
}

impl Failure {
    pub(super) fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), ours: false }
    }

    pub(super) fn ours(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), ours: true }
    }

    pub(super) fn into_fault(self, sent: bool) -> Fault {
        Fault { kind: self.kind, sent, detail: self.detail }
    }

    /// A connection could not be made.
    pub(super) fn connect(error: &io::Error) -> Self {
        if is_out_of_sockets(error) {
            return Self::ours(
                FaultKind::ConnectionFailed,
                "this machine has no more file descriptors; raise the limit (ulimit -n)",
            );
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                Self::new(FaultKind::ConnectionRefused, "nothing listens at the target's port")
            }
            io::ErrorKind::TimedOut => {
                Self::new(FaultKind::Timeout, "the target did not take the connection in time")
            }
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
                Self::new(FaultKind::ConnectionReset, "the target cut the connection at once")
            }
            kind => Self::new(
                FaultKind::ConnectionFailed,
                format!("the connection could not be made: {kind}"),
            ),
        }
    }

    /// The TLS handshake failed.
    pub(super) fn handshake(error: &io::Error) -> Self {
        match rustls_cause(error) {
            Some(cause) => Self::new(FaultKind::TlsError, tls::words(cause)),
            None if error.kind() == io::ErrorKind::TimedOut => Self::connect(error),
            None => Self::new(
                FaultKind::TlsError,
                "TLS failed: the server cut the connection during the handshake",
            ),
        }
    }

    /// A connection that was made broke.
    pub(super) fn broken(error: &io::Error) -> Self {
        if let Some(cause) = rustls_cause(error) {
            return Self::new(FaultKind::TlsError, tls::words(cause));
        }
        match error.kind() {
            io::ErrorKind::TimedOut => Self::new(FaultKind::Timeout, "the target went silent"),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Self::new(
                FaultKind::InvalidAnswer,
                "the answer's body breaks HTTP (bad chunk or length)",
            ),
            _ => Self::reset(),
        }
    }

    pub(super) fn reset() -> Self {
        Self::new(FaultKind::ConnectionReset, "the target cut the connection")
    }

    pub(super) fn hyper(error: &hyper::Error) -> Self {
        let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
        if let Some(cause) = cause {
            return Self::broken(cause);
        }
        if error.is_parse() {
            return Self::new(
                FaultKind::InvalidAnswer,
                "the answer is not HTTP/1.1, or its head is too long",
            );
        }
        if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
            return Self::reset();
        }
        Self::new(FaultKind::InvalidAnswer, "the answer breaks HTTP")
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.kind, refusal.detail)
    }
}

/// `io::Error::source` skips the error it wraps, so it is asked for by hand.
fn rustls_cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
}

fn is_out_of_sockets(error: &io::Error) -> bool {
    let limits = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE, rustix::io::Errno::NOBUFS];
    error.raw_os_error().is_some_and(|code| limits.iter().any(|e| e.raw_os_error() == code))
}
