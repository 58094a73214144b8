//! Looks at the bytes that one connection has sent on, and queues a copy of them for its observer.

use std::io::ErrorKind;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

use super::event::What;
use super::scanner::{Piece, Scanner};
use super::totals::Totals;
use crate::frame::Role;

/// The most bytes of one connection that wait to be decoded: 256 KiB, each piece counted with 128 bytes
/// more.
pub const QUEUE_BYTES: usize = 256 * 1024;

/// The bytes that a piece in the queue counts beside its own.
const PIECE_COST: usize = 128;

/// Something for the observer, and its time. It takes a part of the queue until it is decoded.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) at: Instant,
    /// The number of the WebSocket; 0 while there is none.
    pub(super) socket: u64,
    pub(super) note: Note,
    /// `None` for what is told at most a few times in a connection.
    _room: Option<OwnedSemaphorePermit>,
}

/// Something for the observer.
#[derive(Debug)]
pub(super) enum Note {
    /// A piece of a direction; the fault that made or changed it.
    Piece(Role, Piece, Option<Arc<str>>),
    /// Frames of a direction that are missing before its next piece.
    Gap(Role, u64, u64),
    /// Anything that needs no decoding.
    Told(What),
}

/// The watcher of one connection. Its clones watch together.
#[derive(Clone, Debug)]
pub(super) struct Watcher {
    shared: Arc<Mutex<Shared>>,
    room: Arc<Semaphore>,
    to: mpsc::UnboundedSender<Queued>,
    totals: Arc<Totals>,
    socket: Arc<AtomicU64>,
    /// Whether to wait for room rather than leave frames out.
    is_lossless: bool,
}

#[derive(Debug)]
struct Shared {
    scanner: Scanner,
    gaps: [Gap; 2],
}

/// Frames that were not queued.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    is_open: bool,
    frames: u64,
    bytes: u64,
}

impl Watcher {
    pub(super) fn new(
        totals: Arc<Totals>,
        is_lossless: bool,
    ) -> (Self, mpsc::UnboundedReceiver<Queued>) {
        // Bounded by `room`, which each entry takes a part of.
        let (to, queued) = mpsc::unbounded_channel();
        let shared = Shared { scanner: Scanner::new(), gaps: [Gap::default(); 2] };
        let watcher = Self {
            shared: Arc::new(Mutex::new(shared)),
            room: Arc::new(Semaphore::new(QUEUE_BYTES)),
            to,
            totals,
            socket: Arc::default(),
            is_lossless,
        };
        (watcher, queued)
    }

    /// The number of the WebSocket of this connection. The first call makes it one.
    pub(super) fn number(&self) -> u64 {
        if self.socket.load(Relaxed) == 0 {
            self.socket.store(self.totals.sockets.fetch_add(1, Relaxed) + 1, Relaxed);
        }
        self.socket.load(Relaxed)
    }

    /// Looks at `bytes`, which were just sent on. It waits only if it is lossless. Not cancel safe.
    pub(super) async fn saw(&self, sender: Role, bytes: &[u8], fault: Option<&Arc<str>>) {
        self.totals.bytes(sender).fetch_add(bytes.len() as u64, Relaxed);
        let mut pieces = Vec::new();
        self.shared().scanner.feed(sender, bytes, &mut pieces);
        for (sender, piece) in pieces {
            match piece {
                Piece::Frames(bytes) => self.frames(sender, bytes, fault).await,
                piece => {
                    if matches!(piece, Piece::Head(_, true) | Piece::Stray(_)) {
                        self.number();
                    }
                    let size = match &piece {
                        Piece::Head(bytes, _) | Piece::Body(bytes) | Piece::Stray(bytes) => {
                            bytes.len()
                        }
                        _ => 0,
                    };
                    self.queue(size, Note::Piece(sender, piece, None)).await;
                }
            }
        }
    }

    /// Tells what needs no decoding. Not cancel safe.
    pub(super) async fn tell(&self, what: What) {
        self.queue(0, Note::Told(what)).await;
    }

    /// Tells that a direction ended. It waits for nothing.
    pub(super) fn ended(&self, sender: Role, error: Option<ErrorKind>) {
        let gap = std::mem::take(&mut self.shared().gaps[sender as usize]);
        if gap.is_open {
            self.put(None, Note::Gap(sender, gap.frames, gap.bytes));
        }
        self.put(None, Note::Told(What::Ended { sender, error }));
    }

    async fn frames(&self, sender: Role, bytes: Bytes, fault: Option<&Arc<str>>) {
        let room = self.room(bytes.len()).await;
        let mut queue = Vec::new();
        {
            let mut shared = self.shared();
            let Shared { scanner, gaps } = &mut *shared;
            let Some(headers) = scanner.frames(sender) else { return };
            let gap = &mut gaps[sender as usize];
            let start = headers.next_start(&bytes);
            if room.is_none() && !gap.is_open {
                // The rest of a frame whose header was queued is missing, too.
                gap.frames = u64::from(headers.is_inside() && headers.unfinished() == 0);
            }
            let mut count = |bytes: &[u8]| {
                let mut frames = 0;
                headers.feed(bytes, |_| frames += 1);
                self.totals.frames(sender).fetch_add(frames, Relaxed);
                frames
            };
            match room {
                None => {
                    gap.is_open = true;
                    gap.bytes += bytes.len() as u64;
                    gap.frames += count(&bytes);
                    return;
                }
                Some(room) if !gap.is_open => {
                    count(&bytes);
                    queue.push((room, Note::Piece(sender, Piece::Frames(bytes), fault.cloned())));
                }
                Some(mut room) => {
                    let missed = start.unwrap_or(bytes.len());
                    gap.bytes += missed as u64;
                    gap.frames += count(&bytes[..missed]);
                    if start.is_none() {
                        return;
                    }
                    let rest = bytes.slice(missed..);
                    count(&rest);
                    let Gap { frames, bytes, .. } = std::mem::take(gap);
                    if let Some(part) = room.split(PIECE_COST / 2) {
                        queue.push((part, Note::Gap(sender, frames, bytes)));
                    }
                    queue.push((room, Note::Piece(sender, Piece::Frames(rest), fault.cloned())));
                }
            }
        }
        for (room, note) in queue {
            self.put(Some(room), note);
        }
    }

    async fn queue(&self, size: usize, note: Note) {
        if let Some(room) = self.room(size).await {
            self.put(Some(room), note);
        }
    }

    fn put(&self, room: Option<OwnedSemaphorePermit>, note: Note) {
        let socket = self.socket.load(Relaxed);
        // An error means that nobody observes any longer.
        let _ = self.to.send(Queued { at: Instant::now(), socket, note, _room: room });
    }

    async fn room(&self, size: usize) -> Option<OwnedSemaphorePermit> {
        let cost = u32::try_from((size + PIECE_COST).min(QUEUE_BYTES)).unwrap_or(u32::MAX);
        let room = self.room.clone();
        match self.is_lossless {
            true => room.acquire_many_owned(cost).await.ok(),
            false => room.try_acquire_many_owned(cost).ok(),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
