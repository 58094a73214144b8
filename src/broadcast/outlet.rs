//! One connection's byte stream, shared by the hub that writes to it and the session that reads it.
//!
//! The flush rule, from which follows that no wake-up is lost:
//!
//! 1. Whoever finds the backlog empty may write to the stream.
//! 2. Whoever leaves something in an empty backlog wakes the session.
//! 3. While the backlog is not empty only the session writes, and each time it
//!    finds the stream full, the stream holds the session's waker.
//! 4. The hub may do the session's part once before it lets somebody go for
//!    being slow; then it wakes the session.
//!
//! So a backlog that is not empty always has a session that was woken, or that
//! the stream will wake. A write by the hub may make a full stream forget the
//! session's waker; but then something is left, and rules 2 and 4 make up for it.
//!
//! The backlog holds whole frames; only its first may be torn, by a write that
//! took part of it.

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
use super::hub::Audience;
use super::pace::Listening;
use super::scheduler::{Instant, Mutex, MutexGuard};
use crate::frame::Header;
use crate::stream::Io;

/// How many frames of a backlog one vectored write may take.
const SLICES: usize = 64;

/// A byte stream that a [`Hub`](super::Hub) may write to while its session reads.
///
/// Wrap the stream in it when the handshake is over, build the WebSocket on a
/// clone, and give it to [`Hub::join`](super::Hub::join). tungstenite's own
/// writes, pongs and close frames, take their turn after everything the hub has
/// said: each is taken whole or not at all, so frames never interleave.
#[derive(Clone)]
pub struct Outlet(Arc<Mutex<Wire<dyn Io>>>);

/// An outlet's inside.
pub(super) struct Wire<S: ?Sized> {
    /// Whose log it is given.
    pub(super) audience: Audience,
    /// How much of that log it has been given.
    pub(super) seen: u64,
    /// The hub is done with this member.
    pub(super) left: bool,
    backlog: VecDeque<Bytes>,
    /// Bytes in the backlog.
    queued: usize,
    /// Part of the backlog's first frame has been written.
    torn: bool,
    /// The stream has accepted bytes that it may still be holding.
    unflushed: bool,
    /// When the stream last took something of the backlog, while there is one.
    moved: Option<Instant>,
    closing: Option<Box<CloseFrame>>,
    session: Option<Waker>,
    pub(super) listening: Listening,
    io: Guarded<S>,
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet").field("unsent", &self.unsent()).finish()
    }
}

impl Outlet {
    /// Shares `io`. Should it panic, that is an error, and its own session meets it.
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
            listening: Listening::new(),
            io: Guarded::new(io),
        })))
    }

    /// Bytes said to this member that its socket has not taken yet.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.lock().queued
    }

    /// A std mutex: it is held for a memory copy or one write that does not
    /// block, never over an `.await`.
    pub(super) fn lock(&self) -> MutexGuard<'_, Wire<dyn Io>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wire<dyn Io> {
    /// Bytes in the backlog.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    /// Writes whole `frames` at once if nothing is owed; what does not fit is owed.
    pub(super) fn offer(&mut self, frames: Bytes) {
        let mut done = 0;
        if self.backlog.is_empty() {
            let cx = &mut Context::from_waker(Waker::noop());
            // An error, or a write of nothing, is left for the session to meet.
            while let Poll::Ready(Ok(n @ 1..)) =
                self.io.ask(|io| io.poll_write(cx, &frames[done..]))
            {
                done += n;
                if done == frames.len() {
                    if !matches!(self.io.ask(|io| io.poll_flush(cx)), Poll::Ready(Ok(()))) {
                        self.unflushed = true;
                        self.wake();
                    }
                    return;
                }
            }
        }
        self.owe(frames, done);
    }

    /// Queues whole `frames`, of which the first `done` bytes have been written.
    pub(super) fn owe(&mut self, mut frames: Bytes, mut done: usize) {
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

    /// Forgets the oldest frame of which nothing has been written; false if there is none.
    pub(super) fn drop_oldest(&mut self) -> bool {
        let frame = self.backlog.remove(usize::from(self.torn));
        self.queued -= frame.as_ref().map_or(0, Bytes::len);
        if self.backlog.is_empty() {
            self.moved = None;
        }
        frame.is_some()
    }

    /// The last thing the hub does with this member; with a frame, its session is asked to say it.
    ///
    /// The first reason holds: whoever missed something must not be told that all went well.
    pub(super) fn close(&mut self, frame: Option<CloseFrame>) {
        if self.left {
            return;
        }
        self.left = true;
        self.closing = frame.map(Box::new);
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(waker) = self.session.take() {
            waker.wake();
        }
    }

    /// Writes what the stream takes of the backlog now, in the session's place.
    pub(super) fn relieve(&mut self) {
        let drained = pin!(unconstrained(poll_fn(|cx| self.poll_drain(cx))));
        // An error is left for the session to meet.
        let _ = drained.poll(&mut Context::from_waker(Waker::noop()));
        // A stream that is full has forgotten the session's waker now.
        self.wake();
    }

    /// Writes the backlog out. For the session, whose waker `cx` holds, and for `relieve`.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.backlog.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let n = self.backlog.len().min(SLICES);
            slices.iter_mut().zip(&self.backlog).for_each(|(slice, frame)| {
                *slice = IoSlice::new(frame);
            });
            let written = ready!(self.io.ask(|io| io.poll_write_vectored(cx, &slices[..n])))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.wrote(written);
        }
        if self.unflushed {
            ready!(self.io.ask(|io| io.poll_flush(cx)))?;
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
        // An idle connection keeps no buffer.
        self.backlog = VecDeque::new();
        self.moved = None;
    }

    /// How long the stream has left to take something of the backlog, if there is one.
    pub(super) fn patience(&self, deadline: Duration) -> Option<Duration> {
        self.moved.map(|at| deadline.saturating_sub(at.elapsed()))
    }

    /// The session's part: empties the backlog and reports the hub's wish to close, or that
    /// the stream took nothing for `deadline`.
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
        if self.patience(deadline).is_some_and(|left| left.is_zero()) {
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
        // A member that has left is only waited for.
        if !wire.left {
            ready!(wire.listening.poll_turn(cx));
        }
        let before = buf.filled().len();
        let read = wire.io.ask(|io| io.poll_read(cx, buf));
        let bytes = buf.filled().len() - before;
        if bytes > 0 {
            wire.listening.heard(bytes);
        }
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
        let n = ready!(wire.io.ask(|io| io.poll_write(cx, buf)))?;
        wire.unflushed = true;
        if n < buf.len() {
            // Taken whole: what the stream left over is owed before anything else.
            wire.owe(Bytes::copy_from_slice(buf), n);
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_drain(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wire = self.lock();
        ready!(wire.poll_drain(cx))?;
        wire.io.ask(|io| io.poll_shutdown(cx))
    }
}

/// What the slow are told.
pub(super) fn too_slow() -> CloseFrame {
    CloseFrame { code: CloseCode::Again, reason: "too slow".into() }
}
