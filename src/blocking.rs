//! The upgrade over a blocking stream, and deadlines, for programs with one thread a connection.
//!
//! The time-outs of [`std::net`] bound one read or one write. A client that sends a byte every few
//! seconds passes each of them, and holds a thread for ever. [`within`] sets a deadline for all reads
//! and writes together.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::time::Instant;
use tracing::warn;

use crate::handshake::{Policy, Rejection, encode, read_request};
use crate::limits::BREATHER;
pub use crate::limits::HEAD_DEADLINE;

/// The bytes that are read at a time.
const READ_BUFFER: usize = 1024;

/// The most connections that [`incoming`] gives out at once. Each has a thread with a stack of its
/// own.
pub const MAX_THREADS: usize = 2000;

/// An endless iterator over the connections to `listener`, at most [`MAX_THREADS`] at once.
///
/// When that many are in use, the next is accepted after one is dropped; further clients wait in
/// the listener's backlog. Accepting can fail: the client hung up, or the system has no
/// descriptors. Then the iterator waits for a moment and tries again;
/// [`TcpListener::incoming`] would return errors in a busy loop.
pub fn incoming(listener: &TcpListener) -> impl Iterator<Item = Connection> {
    let slots = Arc::new(Slots { taken: Mutex::new(0), freed: Condvar::new() });
    listener.incoming().filter_map(move |accepted| {
        let failed = |error: &io::Error| {
            warn!(%error, "cannot accept");
            sleep(BREATHER);
        };
        let tcp = accepted.inspect_err(failed).ok()?;
        Some(Connection { tcp, _slot: Slot::take(&slots) })
    })
}

/// A connection from [`incoming`]. Dropping it frees its slot.
#[derive(Debug)]
pub struct Connection {
    tcp: TcpStream,
    _slot: Slot,
}

impl Deref for Connection {
    type Target = TcpStream;

    fn deref(&self) -> &TcpStream {
        &self.tcp
    }
}

#[derive(Debug)]
struct Slots {
    taken: Mutex<usize>,
    freed: Condvar,
}

#[derive(Debug)]
struct Slot(Arc<Slots>);

impl Slot {
    /// Waits until a slot is free, and takes it.
    fn take(slots: &Arc<Slots>) -> Self {
        let taken = slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let free = slots.freed.wait_while(taken, |taken| *taken >= MAX_THREADS);
        *free.unwrap_or_else(PoisonError::into_inner) += 1;
        Self(slots.clone())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.freed.notify_one();
    }
}

/// Reads a request from `io` and answers it with 101 or a refusal (RFC 6455 §4.2).
///
/// Gives the request and the bytes that came right behind it: the beginning of the first frames.
/// It has no deadline of its own: pass a stream made by [`within`].
///
/// # Errors
///
/// `Err` if reading or writing failed, `UnexpectedEof` if the client hung up first. `Ok(Err(..))`
/// for a request that was refused; the refusal has been sent.
pub fn accept(
    io: &mut (impl Read + Write),
    policy: &Policy,
) -> io::Result<Result<(Request<()>, Bytes), Rejection>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; READ_BUFFER];
    let verdict = loop {
        let n = io.read(&mut buffer)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&buffer[..n]);
        match read_request(&bytes) {
            Ok(None) => {}
            Ok(Some((request, size))) => {
                break policy.answer(&request).map(|agreement| (request, size, agreement));
            }
            Err(rejection) => break Err(rejection),
        }
    };
    match verdict {
        Ok((request, size, agreement)) => {
            io.write_all(&encode(&agreement.to_response()))?;
            Ok(Ok((request, Bytes::from(bytes).slice(size..))))
        }
        Err(rejection) => {
            io.write_all(&encode(&rejection.to_response()))?;
            Ok(Err(rejection))
        }
    }
}

/// Ends a connection so that the bytes written last still arrive.
///
/// As [`stream::linger`](crate::stream::linger): it shuts down the writing half, then reads and
/// discards until the peer hangs up, for at most `limit`.
///
/// # Errors
///
/// The connection has ended already.
pub fn linger(tcp: &TcpStream, limit: Duration) -> io::Result<()> {
    tcp.shutdown(Shutdown::Write)?;
    let mut rest = within(tcp, limit);
    // The connection ends now, whether the peer hung up, failed or took too long.
    while rest.read(&mut [0; READ_BUFFER]).is_ok_and(|n| n > 0) {}
    Ok(())
}

/// `tcp` with a deadline of `limit` from now for all reads and writes together.
///
/// Reads and writes after it fail with `TimedOut`. Zero means no deadline, as in settings.
pub fn within(tcp: &TcpStream, limit: Duration) -> Within<'_> {
    Within { tcp, deadline: (!limit.is_zero()).then(|| Instant::now() + limit) }
}

/// A blocking stream with a deadline, made by [`within`].
#[derive(Debug)]
pub struct Within<'a> {
    tcp: &'a TcpStream,
    deadline: Option<Instant>,
}

impl Within<'_> {
    /// How long the next read or write may take.
    fn left(&self) -> io::Result<Option<Duration>> {
        match self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }
}

impl Read for Within<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(self.left()?)?;
        self.tcp.read(buf).map_err(late)
    }
}

impl Write for Within<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(self.left()?)?;
        self.tcp.write(buf).map_err(late)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

/// Unix reports a time-out as `WouldBlock`; this makes it `TimedOut`.
fn late(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}
