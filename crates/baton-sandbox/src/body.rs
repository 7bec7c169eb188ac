//! An answer's body that drips, swells or breaks off.

use crate::behaviour::{CutHow, Drip, Reply};
use bytes::{Buf as _, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use std::future::Future as _;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// How a connection is to end, told by whoever decides it to whoever owns the socket.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Reset,
    Close,
    Raw(crate::Raw),
}

/// The place where that is told. The first to tell wins.
#[derive(Clone, Default)]
pub(crate) struct Fate(Arc<Mutex<Option<End>>>);

impl Fate {
    pub(crate) fn seal(&self, end: End) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(end);
    }

    pub(crate) fn take(&self) -> Option<End> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The error that makes the HTTP library let go of a connection whose [`Fate`] is sealed.
#[derive(Debug, thiserror::Error)]
#[error("the script ends this connection here")]
pub(crate) struct LetGo;

const FILL_BYTES: usize = 64 * 1024;
static FILL: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(vec![b'x'; FILL_BYTES]));

/// The body of a scripted answer.
pub(crate) struct ScriptBody {
    text: Bytes,
    fill_bytes: u64,
    drip: Option<Drip>,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
    cut: Option<CutState>,
}

struct CutState {
    bytes_left: u64,
    how: CutHow,
    fate: Fate,
    flushed: bool,
}

impl ScriptBody {
    pub(crate) fn new(reply: &Reply, fate: &Fate) -> Self {
        let text_bytes = reply.body.len() as u64;
        let promised = reply.size.unwrap_or(0).max(text_bytes);
        // A cut must leave something unsent, or there would be nothing to see of it.
        let promised = promised.max(reply.cut.map_or(0, |cut| cut.after_bytes + 1));
        Self {
            text: reply.body.clone(),
            fill_bytes: promised - text_bytes,
            drip: reply.drip,
            pause: None,
            cut: reply.cut.map(|cut| CutState {
                bytes_left: cut.after_bytes,
                how: cut.how,
                fate: fate.clone(),
                flushed: false,
            }),
        }
    }

    /// A whole body sent at once.
    pub(crate) fn whole(text: impl Into<Bytes>) -> Self {
        Self { text: text.into(), fill_bytes: 0, drip: None, pause: None, cut: None }
    }

    fn bytes_left(&self) -> u64 {
        self.text.len() as u64 + self.fill_bytes
    }

    fn next_piece(&mut self) -> Bytes {
        let most = self.drip.map_or(u64::MAX, |drip| drip.bytes);
        let most = most.min(self.cut.as_ref().map_or(u64::MAX, |cut| cut.bytes_left));
        let piece = if self.text.is_empty() {
            let length = most.min(self.fill_bytes).min(FILL_BYTES as u64);
            self.fill_bytes -= length;
            FILL.slice(..usize::try_from(length).unwrap_or(FILL_BYTES))
        } else {
            let length = usize::try_from(most).unwrap_or(usize::MAX).min(self.text.len());
            self.text.copy_to_bytes(length)
        };
        if let Some(cut) = &mut self.cut {
            cut.bytes_left -= piece.len() as u64;
        }
        piece
    }
}

impl Body for ScriptBody {
    type Data = Bytes;
    type Error = LetGo;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, LetGo>>> {
        if let Some(cut) = &mut self.cut
            && cut.bytes_left == 0
        {
            if !cut.flushed {
                // The HTTP library flushes what it has when a body makes it wait.
                cut.flushed = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            cut.fate.seal(match cut.how {
                CutHow::Reset => End::Reset,
                CutHow::Close => End::Close,
            });
            return Poll::Ready(Some(Err(LetGo)));
        }
        if self.bytes_left() == 0 {
            return Poll::Ready(None);
        }
        if let Some(pause) = &mut self.pause {
            match pause.as_mut().poll(cx) {
                Poll::Ready(()) => self.pause = None,
                Poll::Pending => return Poll::Pending,
            }
        }
        let piece = self.next_piece();
        if let Some(drip) = self.drip {
            let every = Duration::from_millis(drip.every_ms);
            self.pause = Some(Box::pin(tokio::time::sleep(every)));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes_left() == 0 && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes_left())
    }
}
