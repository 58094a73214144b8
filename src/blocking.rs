//! The upgrade over a blocking stream, and deadlines, for programs with one thread a connection.
//!
//! The time-outs of [`std::net`] bound one read or one write. A client that sends a byte every few
//! seconds passes each of them, and holds a thread for ever. [`within`] sets a deadline for all reads
//! and writes together.

mod slots;

use std::io::{self, Read, Write};
use std::iter::repeat_with;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ops::Deref;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::time::Instant;
use tracing::warn;

pub use self::slots::MAX_THREADS;
use self::slots::{Slot, Slots};
use crate::handshake::{Policy, Rejection, encode, read_request};
pub use crate::limits::HEAD_DEADLINE;
use crate::limits::{BREATHER, WRITE_DEADLINE, network};

/// The bytes that are read at a time.
const READ_BUFFER: usize = 1024;

/// The longest time-out that the system ends on time: 63 ticks, of 4 ms on most machines.
const EXACT: Duration = Duration::from_millis(250);

/// An endless iterator over the connections to `listener`, at most [`MAX_THREADS`] at once.
///
/// When that many are in use, the next waits until one is dropped, and further clients wait in the
/// listener's backlog. Waits take [`PENDING_GRACE`](crate::limits::PENDING_GRACE) together, until
/// half of the connections are dropped. After that, a connection of the [`network`] that has most of
/// them is refused. For one of another network, the oldest of that network is cut: its reads end and
/// its writes fail. So a flood from one address keeps no other address out.
///
/// Accepting can fail: the client hung up, or the system has no descriptors. Then the iterator
/// waits for a moment and tries again; [`TcpListener::incoming`] would return errors in a busy loop.
pub fn incoming(listener: &TcpListener) -> impl Iterator<Item = Connection> {
    let slots = Arc::new(Slots::default());
    repeat_with(|| listener.accept()).filter_map(move |accepted| {
        let failed = |error: &io::Error| {
            warn!(%error, "cannot accept");
            sleep(BREATHER);
        };
        let (tcp, peer) = accepted.inspect_err(failed).ok()?;
        let tcp = Arc::new(tcp);
        let slot = Slot::take(&slots, &tcp, network(peer.ip()))?;
        Some(Connection { tcp, _slot: slot })
    })
}

/// A connection from [`incoming`]. Dropping it frees its slot.
#[derive(Debug)]
pub struct Connection {
    tcp: Arc<TcpStream>,
    _slot: Slot,
}

impl Deref for Connection {
    type Target = TcpStream;

    fn deref(&self) -> &TcpStream {
        &self.tcp
    }
}

/// Reads a request and answers it with 101 or a refusal (RFC 6455 §4.2).
///
/// Gives the request and the bytes that came right behind it: the beginning of the first frames. A
/// head that has not arrived after `head` is refused with 408; zero means no deadline.
///
/// # Errors
///
/// `Err` if reading or writing failed, `UnexpectedEof` if the client hung up first. `Ok(Err(..))`
/// for a request that was refused; the refusal has been sent.
pub fn accept(
    tcp: &TcpStream,
    head: Duration,
    policy: &Policy,
) -> io::Result<Result<(Request<()>, Bytes), Rejection>> {
    let mut io = within(tcp, head);
    let mut bytes = Vec::new();
    let mut buffer = [0; READ_BUFFER];
    let verdict = loop {
        let n = match io.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                break Err(Rejection::Timeout);
            }
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => read?,
        };
        bytes.extend_from_slice(&buffer[..n]);
        match read_request(&bytes) {
            Ok(None) => {}
            Ok(Some((request, size))) => {
                break policy.answer(&request).map(|agreement| (request, size, agreement));
            }
            Err(rejection) => break Err(rejection),
        }
    };
    let mut io = within(tcp, WRITE_DEADLINE);
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
        loop {
            self.tcp.set_read_timeout(self.left()?.map(part))?;
            match self.tcp.read(buf) {
                Err(error) if is_late(&error) => {}
                read => return read,
            }
        }
    }
}

impl Write for Within<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        loop {
            self.tcp.set_write_timeout(self.left()?.map(part))?;
            match self.tcp.write(buf) {
                Err(error) if is_late(&error) => {}
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

/// How much of a wait to give to the system at once: all of a short one, or seven eighths.
///
/// Linux ends a time-out of more than 63 ticks up to an eighth too late: one of 17 s after 18.2 s.
fn part(left: Duration) -> Duration {
    if left <= EXACT { left } else { left / 8 * 7 }
}

/// Whether a time-out has ended. Unix reports `WouldBlock`, Windows `TimedOut`.
fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
