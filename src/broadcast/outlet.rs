//! One connection's byte stream. The hub writes to it, and the session reads from it.
//!
//! The flush rule, which ensures that no wake-up is lost:
//!
//! 1. A task that finds the backlog empty may write to the stream.
//! 2. A task that puts something into an empty backlog wakes the session.
//! 3. While the backlog is not empty, only the session writes. Each time it finds the stream full,
//!    the stream keeps the session's waker.
//! 4. Before the hub evicts a slow member, it may write the backlog once in the session's place.
//!    Then it wakes the session.
//!
//! So while the backlog is not empty, the session has been woken or the stream will wake it. A write
//! by the hub may replace the session's waker in a full stream. But then something is left in the
//! backlog, and the session is woken by rule 2 or 4.
//!
//! The backlog holds whole frames. Only its first may be partly written.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::unconstrained;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::guarded::Guarded;
use super::input::Input;
use super::member::Audience;
use super::scheduler::{Instant, Mutex, MutexGuard};
use crate::frame::Header;
use crate::stream::Io;

/// The most frames of a backlog in one vectored write: 1 KiB of slices on the stack.
const SLICES: usize = 64;

/// A byte stream that a [`Hub`](super::Hub) may write to while the session reads from it.
///
/// Wrap the stream in it when the handshake is over, build the WebSocket on a
/// clone, and give it to [`Hub::join`](super::Hub::join). tungstenite writes pongs and
/// close frames itself; they follow everything that the hub has sent. The outlet takes each write
/// whole or not at all, so frames never interleave.
#[derive(Clone)]
pub struct Outlet(Arc<Mutex<Wire<dyn Io>>>);

/// The state of an outlet, which the hub and the session share.
pub(super) struct Wire<S: ?Sized> {
    /// The audience whose log it receives.
    pub(super) audience: Audience,
    /// Its position in that log: everything before it was written or is in the backlog.
    pub(super) seen: u64,
    /// The membership has ended: the hub sends nothing more.
    pub(super) left: bool,
    backlog: VecDeque<Bytes>,
    /// Bytes in the backlog.
    queued: usize,
    /// Whether part of the backlog's first frame has been written.
    torn: bool,
    /// Whether the stream accepted bytes that it may hold until it is flushed.
    unflushed: bool,
    /// When the stream last took bytes of the backlog, or when the backlog began. None while it is
    /// empty.
    moved: Option<Instant>,
    /// The close frame that the session has to send.
    closing: Option<Box<CloseFrame>>,
    /// The task that polls [`poll_session`](Wire::poll_session).
    session: Option<Waker>,
    pub(super) input: Input,
    io: Guarded<S>,
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet").field("unsent", &self.unsent()).finish()
    }
}

impl Outlet {
    /// Shares `io`. If `io` panics, its session gets an error, and no other task is affected.
    pub fn new(io: impl Io) -> Self {
        Self(Arc::new(Mutex::new(Wire {
            audience: Audience::default(),
            seen: 0,
            left: false,
            backlog: VecDeque::new(),
            queued: 0,
            torn: false,
            unflushed: false,
            moved: None,
            closing: None,
            session: None,
            input: Input::new(),
            io: Guarded::new(io),
        })))
    }

    /// Bytes sent to this member that its stream has not taken yet.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.lock().queued
    }

    /// A std mutex, because it is held for a memory copy or a write that does not block, never
    /// across an `.await`.
    pub(super) fn lock(&self) -> MutexGuard<'_, Wire<dyn Io>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wire<dyn Io> {
    /// Bytes in the backlog.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    /// Writes whole `frames` now if the backlog is empty. What the stream does not take joins the
    /// backlog.
    pub(super) fn try_write(&mut self, frames: Bytes) {
        let mut done = 0;
        if self.backlog.is_empty() {
            let cx = &mut Context::from_waker(Waker::noop());
            // On an error or a write of 0 bytes the rest joins the backlog: the session's own write
            // then gets the error.
            while let Poll::Ready(Ok(n @ 1..)) =
                self.io.poll(|io| io.poll_write(cx, &frames[done..]))
            {
                done += n;
                if done == frames.len() {
                    if !matches!(self.io.poll(|io| io.poll_flush(cx)), Poll::Ready(Ok(()))) {
                        self.unflushed = true;
                        self.wake();
                    }
                    return;
                }
            }
        }
        self.enqueue(frames, done);
    }

    /// Adds whole `frames` to the backlog, of which the first `done` bytes have been written.
    pub(super) fn enqueue(&mut self, mut frames: Bytes, mut done: usize) {
        let idle = self.backlog.is_empty();
        while !frames.is_empty() {
            let size = Header::parse(&frames).map_or(frames.len(), |header| {
                let payload = usize::try_from(header.len).unwrap_or(usize::MAX);
                header.size.saturating_add(payload).min(frames.len())
            });
            let mut frame = frames.split_to(size);
            if done >= size {
                done -= size;
                continue;
            }
            if done > 0 {
                self.torn = true;
                frame.advance(std::mem::take(&mut done));
            }
            self.queued += frame.len();
            self.backlog.push_back(frame);
        }
        if idle && !self.backlog.is_empty() {
            self.moved = Some(Instant::now());
            self.wake();
        }
    }

    /// Drops the oldest frame of which nothing has been written; false if there is none.
    pub(super) fn drop_oldest(&mut self) -> bool {
        let frame = self.backlog.remove(usize::from(self.torn));
        self.queued -= frame.as_ref().map_or(0, Bytes::len);
        if self.backlog.is_empty() {
            self.moved = None;
        }
        frame.is_some()
    }

    /// Ends the membership. With a frame, the session has to send it.
    ///
    /// Only the first call counts: a member that was evicted must not get a code that means success.
    pub(super) fn close(&mut self, frame: Option<CloseFrame>) {
        if self.left {
            return;
        }
        self.left = true;
        self.input.leave();
        self.closing = frame.map(Box::new);
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(waker) = self.session.take() {
            waker.wake();
        }
    }

    /// Writes what the stream takes of the backlog now, in the session's place (rule 4).
    pub(super) fn drain_now(&mut self) {
        let drained = pin!(unconstrained(poll_fn(|cx| self.poll_drain(cx))));
        // On an error the backlog stays, and the session's own write gets the error.
        let _ = drained.poll(&mut Context::from_waker(Waker::noop()));
        // A full stream now holds the no-op waker instead of the session's.
        self.wake();
    }

    /// Writes the backlog and flushes. Called by the session, whose waker `cx` holds, and by
    /// `drain_now`.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.backlog.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let n = self.backlog.len().min(SLICES);
            slices.iter_mut().zip(&self.backlog).for_each(|(slice, frame)| {
                *slice = IoSlice::new(frame);
            });
            let written = ready!(self.io.poll(|io| io.poll_write_vectored(cx, &slices[..n])))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.wrote(written);
        }
        if self.unflushed {
            ready!(self.io.poll(|io| io.poll_flush(cx)))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn wrote(&mut self, mut bytes: usize) {
        self.queued -= bytes;
        self.unflushed = true;
        while let Some(first) = self.backlog.front_mut() {
            if bytes < first.len() {
                first.advance(bytes);
                self.torn |= bytes > 0;
                self.moved = Some(Instant::now());
                return;
            }
            bytes -= first.len();
            self.torn = false;
            self.backlog.pop_front();
        }
        // Frees the memory: an idle connection keeps no buffer.
        self.backlog = VecDeque::new();
        self.moved = None;
    }

    /// The time until the stream must take something of the backlog. None while it is empty.
    pub(super) fn time_left(&self, deadline: Duration) -> Option<Duration> {
        self.moved.map(|at| deadline.saturating_sub(at.elapsed()))
    }

    /// The session's part: writes the backlog. Ready with the frame that closes the connection, when
    /// the hub ended the membership or the stream took nothing for `deadline`.
    pub(super) fn poll_session(
        &mut self,
        cx: &mut Context<'_>,
        deadline: Duration,
    ) -> Poll<io::Result<CloseFrame>> {
        if let Some(frame) = self.closing.take() {
            return Poll::Ready(Ok(*frame));
        }
        if let Poll::Ready(Err(error)) = self.poll_drain(cx) {
            return Poll::Ready(Err(error));
        }
        if self.time_left(deadline).is_some_and(|left| left.is_zero()) {
            while self.drop_oldest() {}
            return Poll::Ready(Ok(too_slow()));
        }
        if !self.session.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.session = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl AsyncRead for Outlet {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut wire = self.lock();
        // The pace does not apply to a member that has left: its session waits for the close frame.
        if !wire.left {
            ready!(wire.input.poll_turn(cx));
        }
        let most = wire.input.most().min(buf.remaining());
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
        let read = wire.io.poll(|io| io.poll_read(cx, &mut part));
        let bytes = part.filled().len();
        buf.advance(bytes);
        wire.input.heard(bytes);
        read
    }
}

impl AsyncWrite for Outlet {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut wire = self.lock();
        ready!(wire.poll_drain(cx))?;
        let n = ready!(wire.io.poll(|io| io.poll_write(cx, buf)))?;
        wire.unflushed = true;
        if n < buf.len() {
            // tungstenite sees the frame taken whole. The rest is the first of the backlog.
            wire.enqueue(Bytes::copy_from_slice(buf), n);
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_drain(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wire = self.lock();
        ready!(wire.poll_drain(cx))?;
        wire.io.poll(|io| io.poll_shutdown(cx))
    }
}

/// The close frame for a member that cannot keep up.
pub(super) fn too_slow() -> CloseFrame {
    CloseFrame { code: CloseCode::Again, reason: "too slow".into() }
}
