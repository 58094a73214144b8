//! What a stranger may take: connections, messages a second, frames, and time.
//!
//! A [`Bucket`] says how often, [`Caps`] say how many at once, and [`Limited`]
//! watches a stream of frames for what no well-meaning client does. Nothing here
//! costs a good client anything.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::frame::Headers;

/// How many frames one message may come in.
pub const MAX_FRAGMENTS: u32 = 1024;

/// How long one message may take from its first frame to its last.
pub const MESSAGE_DEADLINE: Duration = Duration::from_secs(30);

/// How many connections may not be WebSockets yet: silent, in the middle of a head, or reading a page.
pub const MAX_STRANGERS: usize = 512;

/// Descriptors for all that is no connection: listeners, the log, the system's own.
const HOUSEKEEPING: usize = 64;

/// How many frames of any kind, pings too, may come for each message of the rate.
const FRAMES: u32 = 12;

/// How many messages at once, for each of the rate.
const BURST: u32 = 4;

/// How many clients' rate one address may use up: a class behind one router.
const CLASS: u32 = 30;

/// How many WebSockets this process has file descriptors for, strangers set aside.
///
/// Raises the process's own limit as far as the system lets it, as Go does at its
/// start: many shells begin with 1024, for the sake of programs older than `poll`.
#[must_use]
pub fn descriptors() -> usize {
    let limit = rlimit::increase_nofile_limit(u64::MAX).ok();
    // Where there is no such limit to ask for, there is none to obey.
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    limit.saturating_sub(MAX_STRANGERS + HOUSEKEEPING).max(1)
}

/// So many a second, and a burst: a token bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Between two tokens; zero is no limit.
    interval: Duration,
    /// How far ahead of time a burst may run.
    ahead: Duration,
    /// When the last token taken was due.
    due: Instant,
}

impl Bucket {
    /// `rate` a second, `burst` at once; a rate of 0 is no limit.
    #[must_use]
    pub fn per_second(rate: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1).checked_div(rate).unwrap_or_default();
        Self { interval, ahead: interval * burst.saturating_sub(1), due: Instant::now() }
    }

    /// Takes a token.
    ///
    /// # Errors
    ///
    /// There is none yet: how long it will take.
    pub fn take(&mut self) -> Result<(), Duration> {
        let now = Instant::now();
        let due = self.due.max(now);
        let early = (due - now).saturating_sub(self.ahead);
        if !early.is_zero() {
            return Err(early);
        }
        self.due = due + self.interval;
        Ok(())
    }
}

/// How many connections there may be, in all and from one address. Cheap to clone; all clones count together.
///
/// This computer's own programs are counted in all, but not by address: behind a
/// proxy here, the whole world comes from 127.0.0.1.
#[derive(Clone, Debug)]
pub struct Caps(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    total: usize,
    per_address: usize,
    rate: u32,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    addresses: HashMap<IpAddr, Address>,
}

#[derive(Debug)]
struct Address {
    connections: usize,
    messages: Bucket,
}

impl Caps {
    /// At most `total` connections, `per_address` from one address, and `rate` messages a
    /// second from each client; a rate of 0 is no limit.
    #[must_use]
    pub fn new(total: usize, per_address: usize, rate: u32) -> Self {
        Self(Arc::new(Shared { total, per_address, rate, counts: Mutex::default() }))
    }

    /// A connection from `ip` for as long as the permit lasts; `None` if there are enough.
    #[must_use]
    pub fn enter(&self, ip: IpAddr) -> Option<Permit> {
        let ip = (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip);
        let mut counts = self.lock();
        if counts.total >= self.0.total {
            return None;
        }
        if let Some(ip) = ip {
            let address = counts.addresses.entry(ip).or_insert_with(|| Address {
                connections: 0,
                messages: messages(self.0.rate * CLASS),
            });
            if address.connections >= self.0.per_address {
                return None;
            }
            address.connections += 1;
        }
        counts.total += 1;
        drop(counts);
        Some(Permit { caps: self.clone(), ip, messages: messages(self.0.rate) })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn messages(rate: u32) -> Bucket {
    Bucket::per_second(rate, rate.saturating_mul(BURST))
}

/// One connection's share, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    caps: Caps,
    ip: Option<IpAddr>,
    messages: Bucket,
}

impl Permit {
    /// Counts one message, of this client and of its address.
    ///
    /// # Errors
    ///
    /// It comes too soon: by how much.
    pub fn message(&mut self) -> Result<(), Duration> {
        self.messages.take()?;
        let Some(ip) = self.ip else { return Ok(()) };
        self.caps.lock().addresses.get_mut(&ip).map_or(Ok(()), |address| address.messages.take())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.caps.lock();
        counts.total -= 1;
        let Some(ip) = self.ip else { return };
        if let Some(address) = counts.addresses.get_mut(&ip) {
            address.connections -= 1;
            if address.connections == 0 {
                counts.addresses.remove(&ip);
            }
        }
    }
}

/// What no well-meaning client does. It ends the connection with close code 1008.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// Frames of any kind, pings too.
    #[error("too many frames a second")]
    Frames,
    /// A message in crumbs.
    #[error("a message in more than {MAX_FRAGMENTS} frames")]
    Fragments,
    /// A message without an end.
    #[error("a message of more than {} s", MESSAGE_DEADLINE.as_secs())]
    Unfinished,
}

impl Excess {
    /// The excess that an I/O error stands for, if it does.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// A stream of a client's frames that ends in an [`Excess`] when there is too much of something.
///
/// Fragments and control frames never reach a program: only here can they be counted.
#[derive(Debug)]
pub struct Limited<S> {
    io: S,
    headers: Headers,
    frames: Bucket,
    fragments: u32,
    /// When the message began that has not ended.
    since: Option<Instant>,
}

impl<S> Limited<S> {
    /// Watches `io`, of a client that may send `rate` messages a second; 0 is no limit.
    pub fn new(io: S, rate: u32) -> Self {
        let frames = messages(rate.saturating_mul(FRAMES));
        Self { io, headers: Headers::default(), frames, fragments: 0, since: None }
    }

    fn check(&mut self, bytes: &[u8]) -> Result<(), Excess> {
        let Self { headers, frames, fragments, since, .. } = self;
        let mut verdict = Ok(());
        headers.feed(bytes, |header| {
            if frames.take().is_err() {
                verdict = Err(Excess::Frames);
            }
            if header.opcode.is_control() {
                return;
            }
            *fragments += 1;
            if *fragments > MAX_FRAGMENTS {
                verdict = Err(Excess::Fragments);
            }
            if header.fin {
                (*fragments, *since) = (0, None);
            } else {
                since.get_or_insert_with(Instant::now);
            }
        });
        if since.is_some_and(|began| began.elapsed() > MESSAGE_DEADLINE) {
            verdict = Err(Excess::Unfinished);
        }
        verdict
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Limited<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        Poll::Ready(this.check(&buf.filled()[before..]).map_err(io::Error::other))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Limited<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
