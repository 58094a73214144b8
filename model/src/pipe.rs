//! A connection that holds a few bytes, so that it is often full.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::scheduler::{Mutex, MutexGuard};

/// The server's end. It keeps only the waker of the last task that wrote, as sockets do.
pub struct Near {
    flow: Arc<Mutex<Flow>>,
    /// The most bytes it holds back until a flush.
    buffer: usize,
}

/// The client's end. It reads and sends nothing.
pub struct Far(Arc<Mutex<Flow>>);

#[derive(Default)]
struct Flow {
    /// Bytes accepted but held back until a flush, as TLS does.
    held: Vec<u8>,
    /// Bytes that the client can read.
    sent: Vec<u8>,
    /// The most bytes in `sent`.
    capacity: usize,
    is_shut: bool,
    writer: Option<Waker>,
    reader: Option<Waker>,
}

/// Both ends of a pipe that sends on `capacity` bytes before the client must read. With a `buffer`, it
/// first holds back that many bytes until they are flushed.
pub fn pair(buffer: usize, capacity: usize) -> (Near, Far) {
    let flow = Arc::new(Mutex::new(Flow { capacity, ..Flow::default() }));
    (Near { flow: flow.clone(), buffer }, Far(flow))
}

impl Flow {
    /// Sends on what is held back.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let n = self.held.len().min(self.capacity - self.sent.len());
        self.send_on(n);
        if self.held.is_empty() {
            return Poll::Ready(());
        }
        self.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    fn send_on(&mut self, n: usize) {
        self.sent.extend(self.held.drain(..n));
        if n > 0 {
            wake(&mut self.reader);
        }
    }

    fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        if !self.sent.is_empty() {
            wake(&mut self.writer);
            return Poll::Ready(Some(std::mem::take(&mut self.sent)));
        }
        if self.is_shut {
            return Poll::Ready(None);
        }
        self.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

impl Near {
    fn lock(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().expect("a model that panicked is over")
    }
}

impl Far {
    /// The next bytes, as many as there are; none when the server has shut down its end. Cancel safe.
    pub async fn read(&self) -> Option<Vec<u8>> {
        poll_fn(|cx| self.0.lock().expect("a model that panicked is over").poll_take(cx)).await
    }
}

impl AsyncWrite for Near {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut flow = self.lock();
        let room = if self.buffer == 0 {
            flow.capacity - flow.sent.len()
        } else {
            if flow.held.len() == self.buffer {
                let _ = flow.poll_send(cx);
            }
            self.buffer - flow.held.len()
        };
        let n = room.min(bytes.len());
        if n == 0 {
            flow.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        flow.held.extend(&bytes[..n]);
        if self.buffer == 0 {
            flow.send_on(n);
        }
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // No lock without a buffer: each lock is one more point at which the scheduler tries other tasks.
        if self.buffer == 0 { Poll::Ready(Ok(())) } else { self.lock().poll_send(cx).map(Ok) }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut flow = self.lock();
        std::task::ready!(flow.poll_send(cx));
        flow.is_shut = true;
        wake(&mut flow.reader);
        Poll::Ready(Ok(()))
    }
}

/// Never ready, because the client sends nothing.
impl AsyncRead for Near {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}
