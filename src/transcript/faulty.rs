//! A stream between a client of a transcript and its server, on which faults act.
//!
//! As long as there is no rule, bytes pass as they are, without a copy and without a wait.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::passing::{Passed, Passing};
use crate::fault::{Line, Out, Rule};
use crate::frame::Role;
use crate::stream::LINGER;

/// The most bytes that are read at a time for the line.
const READ_SIZE: usize = 8 * 1024;

/// The stream of a client, under the rules of its line.
#[derive(Debug)]
pub(super) struct FaultyStream<S> {
    /// `None` once it was reset.
    io: Option<S>,
    reset: fn(S),
    line: Line,
    start: Instant,
    /// The rules so far, for a number of each.
    rules: u64,
    /// By sender.
    passing: [Passing; 2],
    /// Bytes that are due, in the direction of each sender.
    due: [Bytes; 2],
    /// The client sends no more.
    is_finished: bool,
    /// The server sends no more.
    is_ended: bool,
    /// The client's half is shut down at the server.
    is_shut: bool,
    /// By when the server is to have ended, once a rule has ended the connection.
    linger: Option<Duration>,
    /// For the next moment at which something is due from each sender.
    timers: [Pin<Box<Sleep>>; 2],
}

impl<S: AsyncRead + AsyncWrite + Unpin> FaultyStream<S> {
    /// A stream before its request; `reset` resets it.
    pub(super) fn new(io: S, reset: fn(S), line: Line) -> Self {
        Self {
            io: Some(io),
            reset,
            line,
            start: Instant::now(),
            rules: 0,
            passing: [Passing::Head(BytesMut::new()), Passing::Head(BytesMut::new())],
            due: [Bytes::new(), Bytes::new()],
            is_finished: false,
            is_ended: false,
            is_shut: false,
            linger: None,
            timers: [Box::pin(sleep(Duration::ZERO)), Box::pin(sleep(Duration::ZERO))],
        }
    }

    /// Sets a rule. It acts on what begins from now on.
    pub(super) fn add(&mut self, rule: &Rule) {
        self.rules += 1;
        let now = self.start.elapsed();
        self.line.add(now, self.rules, rule);
        if !self.line.is_free() {
            self.passing.iter_mut().for_each(Passing::hand_over);
        }
    }

    /// Undoes all rules.
    pub(super) fn clear(&mut self) {
        let now = self.start.elapsed();
        for id in 0..=self.rules {
            self.line.remove(now, id);
        }
    }

    /// Resets the connection.
    pub(super) fn reset(mut self) {
        self.break_off();
    }

    fn break_off(&mut self) {
        if let Some(io) = self.io.take() {
            (self.reset)(io);
        }
    }

    fn io(&mut self) -> io::Result<Pin<&mut S>> {
        self.io.as_mut().map(Pin::new).ok_or_else(|| ErrorKind::ConnectionReset.into())
    }

    /// Takes note of bytes of `sender` that no rule acts on; gives how many of them pass.
    fn follow(&mut self, sender: Role, bytes: &[u8]) -> usize {
        let is_wanted = !self.line.is_free();
        let Passed { size, is_open } =
            self.passing[sender as usize].follow(sender, bytes, is_wanted);
        if is_open {
            self.line.open(self.start.elapsed());
        }
        if matches!(self.passing[Role::Server as usize], Passing::Raw) {
            self.passing[Role::Client as usize] = Passing::Raw;
        }
        size
    }

    fn is_direct(&self, sender: Role) -> bool {
        !matches!(self.passing[sender as usize], Passing::Line)
    }

    /// The next bytes that are due from `sender`, as far as there are any; an error if a rule resets the
    /// connection, and true at the end.
    fn fetch(&mut self, sender: Role) -> io::Result<bool> {
        while self.due[sender as usize].is_empty() {
            match self.line.due(self.start.elapsed(), sender) {
                Some(Out::Send(bytes, _)) => self.due[sender as usize] = bytes,
                Some(Out::Dropped(..) | Out::Held(..)) => {}
                Some(Out::Reset) => {
                    self.break_off();
                    return Err(ErrorKind::ConnectionReset.into());
                }
                Some(Out::End) => return Ok(true),
                None => break,
            }
        }
        Ok(false)
    }

    /// Writes to the server what is due. Ready if no more is due now.
    fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_direct(Role::Client) {
            return Poll::Ready(Ok(()));
        }
        let is_over = loop {
            let is_over = self.fetch(Role::Client)?;
            let mut due = std::mem::take(&mut self.due[Role::Client as usize]);
            if due.is_empty() {
                break is_over;
            }
            let wrote = self.io()?.poll_write(cx, &due);
            if let Poll::Ready(Ok(size)) = wrote {
                due.advance(size);
            }
            self.due[Role::Client as usize] = due;
            if ready!(wrote)? == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
        };
        let is_sent = self.is_finished && self.line.next_at(Role::Client).is_none();
        if !self.is_shut && (is_over || (is_sent && !self.line.is_silent())) {
            ready!(self.io()?.poll_shutdown(cx))?;
            self.is_shut = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Gives the client what is due, or else reads for the line. Ready with nothing at the end.
    fn poll_down(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let is_over = self.fetch(Role::Server)?;
            let due = &mut self.due[Role::Server as usize];
            if !due.is_empty() {
                let size = due.len().min(buf.remaining());
                buf.put_slice(&due.split_to(size));
                return Poll::Ready(Ok(()));
            }
            if is_over {
                return self.poll_ending(cx);
            }
            if self.is_ended {
                let is_all = self.line.next_at(Role::Server).is_none() && !self.line.is_silent();
                return if is_all { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
            if !self.line.has_room(Role::Server) {
                return Poll::Pending;
            }
            let mut scratch = [0; READ_SIZE];
            let mut read = ReadBuf::new(&mut scratch);
            ready!(self.io()?.poll_read(cx, &mut read))?;
            let now = self.start.elapsed();
            match read.filled() {
                [] => {
                    self.is_ended = true;
                    self.line.finish(now, Role::Server);
                }
                bytes => self.line.take(now, Role::Server, bytes),
            }
        }
    }

    /// Waits for the end of the server, so that unread bytes reset nothing. Then the client is told.
    fn poll_ending(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let now = self.start.elapsed();
        let until = *self.linger.get_or_insert(now + LINGER);
        while !self.is_ended && now < until {
            let mut scratch = [0; READ_SIZE];
            let mut read = ReadBuf::new(&mut scratch);
            match self.io()?.poll_read(cx, &mut read) {
                Poll::Ready(Ok(())) => self.is_ended = read.filled().is_empty(),
                Poll::Ready(Err(_)) => self.is_ended = true,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Waits for the next moment at which something is due from `sender`; ready if that is now.
    fn poll_timer(&mut self, cx: &mut Context<'_>, sender: Role) -> Poll<()> {
        // Bytes that are due already wait for their receiver, not for a time.
        let is_waiting = !self.is_direct(sender) && self.due[sender as usize].is_empty();
        let next = self.line.next_at(sender).filter(|_| is_waiting);
        let linger = self.linger.filter(|_| sender == Role::Server);
        let Some(next) = next.into_iter().chain(linger).min() else { return Poll::Pending };
        let timer = &mut self.timers[sender as usize];
        if timer.deadline() != self.start + next {
            timer.as_mut().reset(self.start + next);
        }
        timer.as_mut().poll(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for FaultyStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            // A server that does not read may still send.
            let _ = self.poll_up(cx)?;
            if self.is_direct(Role::Server) {
                let before = buf.filled().len();
                if let Poll::Ready(read) = self.io()?.poll_read(cx, buf) {
                    read?;
                    let came = &buf.filled()[before..];
                    let size = self.follow(Role::Server, came);
                    if size < came.len() {
                        let now = self.start.elapsed();
                        self.line.take(now, Role::Server, &came[size..]);
                    }
                    let is_done = size > 0 || came.is_empty();
                    buf.set_filled(before + size);
                    if is_done {
                        return Poll::Ready(Ok(()));
                    }
                    continue;
                }
            } else if self.poll_down(cx, buf)?.is_ready() {
                return Poll::Ready(Ok(()));
            }
            let is_due = [Role::Client, Role::Server]
                .map(|sender| self.poll_timer(cx, sender).is_ready())
                .contains(&true);
            if !is_due {
                return Poll::Pending;
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for FaultyStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_direct(Role::Client) {
            let most = match self.line.is_free() {
                true => buf.len(),
                // Only to the end of the frame that has begun.
                false => {
                    self.passing[Role::Client as usize].clone().follow(Role::Client, buf, true).size
                }
            };
            let wrote = ready!(self.io()?.poll_write(cx, &buf[..most]))?;
            self.follow(Role::Client, &buf[..wrote]);
            return Poll::Ready(Ok(wrote));
        }
        let _ = self.poll_up(cx)?;
        if !self.line.has_room(Role::Client) {
            // Room comes when the server reads, or with time: the client waits for both when it flushes.
            return Poll::Pending;
        }
        let now = self.start.elapsed();
        self.line.take(now, Role::Client, buf);
        let _ = self.poll_up(cx)?;
        Poll::Ready(Ok(buf.len()))
    }

    /// Writes what is due, and waits for what is due later: a client flushes whenever it waits.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.poll_up(cx)?.is_ready() && self.poll_timer(cx, Role::Client).is_ready() {}
        self.io()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_direct(Role::Client) {
            return self.io()?.poll_shutdown(cx);
        }
        if !self.is_finished {
            self.is_finished = true;
            let now = self.start.elapsed();
            self.line.finish(now, Role::Client);
        }
        let _ = self.poll_up(cx)?;
        Poll::Ready(Ok(()))
    }
}
