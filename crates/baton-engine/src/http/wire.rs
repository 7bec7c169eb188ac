//! The bytes of one connection: plain or TLS, with header names spelled as they were given.
//!
//! hyper writes header names in lower case. Names are the same by the standard whatever their
//! case, but some receivers compare them as text, so [`Wire`] lays the given spelling over the
//! head that hyper writes. Only the case of letters differs; were anything else to differ, hyper's
//! own bytes go out.

use bytes::Bytes;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Asks the kernel, not the runtime, whose news of a closed connection may still be under way:
    /// what is written after the peer closed is lost without a word.
    fn is_closed_by_peer(&self) -> bool {
        let tcp = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        };
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        match recv(tcp, &mut [0u8; 1][..], flags) {
            Ok((count, _)) => count == 0,
            Err(error) => error != Errno::AGAIN && error != Errno::INTR,
        }
    }
}

/// What is to go out on a connection, shared by who asks and the bytes' way out.
#[derive(Clone, Default)]
pub(super) struct Outgoing(Arc<Mutex<Head>>);

#[derive(Default)]
struct Head {
    spelled: Bytes,
    /// Bytes written, of the head and the body together.
    written: usize,
    /// Bytes to write in all.
    total: usize,
    /// A write was tried: from here on nobody can say that the peer saw nothing.
    tried: bool,
}

impl Outgoing {
    fn lock(&self) -> MutexGuard<'_, Head> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the head of the request that is about to be written, and the length of its body.
    pub(super) fn start(&self, spelled: Bytes, body_bytes: usize) {
        let total = spelled.len() + body_bytes;
        *self.lock() = Head { spelled, written: 0, total, tried: false };
    }

    /// Whether the request was written to its end. An answer may come earlier, and then hyper
    /// takes the connection for free while the rest of the body still waits in its buffer.
    pub(super) fn is_done(&self) -> bool {
        let head = self.lock();
        head.written == head.total
    }

    /// Whether any byte of that request may have left.
    pub(super) fn tried(&self) -> bool {
        self.lock().tried
    }
}

pub(super) struct Wire {
    stream: Stream,
    outgoing: Outgoing,
}

impl Wire {
    pub(super) fn new(stream: Stream, outgoing: Outgoing) -> Self {
        Self { stream, outgoing }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut head = this.outgoing.lock();
        if !head.tried && !buf.is_empty() {
            if this.stream.is_closed_by_peer() {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            head.tried = true;
        }
        let left = head.spelled.get(head.written..).unwrap_or_default();
        let covered = left.len().min(buf.len());
        let stream = Pin::new(&mut this.stream);
        let result = if covered > 0 && left[..covered].eq_ignore_ascii_case(&buf[..covered]) {
            // Head and body in one write: most requests then leave in one packet.
            let mut bytes = Vec::with_capacity(buf.len());
            bytes.extend_from_slice(&left[..covered]);
            bytes.extend_from_slice(&buf[covered..]);
            stream.poll_write(cx, &bytes)
        } else {
            stream.poll_write(cx, buf)
        };
        if let Poll::Ready(Ok(count)) = &result {
            head.written += count;
        }
        result
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn wire() -> (Wire, Outgoing, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        let outgoing = Outgoing::default();
        (Wire::new(Stream::Plain(near), outgoing.clone()), outgoing, far)
    }

    #[tokio::test]
    async fn nothing_is_written_to_a_peer_that_has_closed() {
        let (mut wire, outgoing, far) = wire().await;
        outgoing.start(Bytes::from_static(b"GET"), 0);
        drop(far);
        // The runtime has had no turn to learn of it.
        let error = wire.write_all(b"GET").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert!(!outgoing.tried());
    }

    #[tokio::test]
    async fn the_given_spelling_covers_the_head_and_only_the_head() {
        let check = async |spelled: &'static str, written: &[&str], expect: &str| {
            let (mut wire, outgoing, mut far) = wire().await;
            let total: usize = written.iter().map(|part| part.len()).sum();
            outgoing.start(Bytes::from_static(spelled.as_bytes()), total - spelled.len());
            assert!(!outgoing.tried() && !outgoing.is_done());
            for part in written {
                wire.write_all(part.as_bytes()).await.unwrap();
            }
            assert!(outgoing.tried() && outgoing.is_done());
            drop(wire);
            let mut got = String::new();
            far.read_to_string(&mut got).await.unwrap();
            assert_eq!(got, expect);
        };
        check("X-A: b\r\n", &["x-a: b\r\nx-a: c"], "X-A: b\r\nx-a: c").await;
        check("X-A: b\r\n", &["x-", "a: b", "\r\nx-a", ": c"], "X-A: b\r\nx-a: c").await;
        check("X-A: b", &["y-a: b and more"], "y-a: b and more").await;
    }
}
