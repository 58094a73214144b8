//! Counts connections, messages, bytes and close codes, and reports memory and uptime.
//!
//! [`Stats`] is a handle that all connections share. Each connection holds an [`Open`] while it
//! lasts, and reads and writes through the stream that [`Stats::count`] returns. So a report counts
//! every frame: those of the program, of tungstenite and of the hub.

mod prometheus;

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::io::{InspectReader, InspectWriter};

use crate::frame::Headers;
use crate::stream::Io;

/// The code of a connection that ended without any close frame (RFC 6455 §7.1.5).
const ABNORMAL: u16 = 1006;

/// Close codes below this belong to the protocol (RFC 6455 §7.4.2). Each is counted by itself.
const PROTOCOL_CODES: u16 = 3000;

/// The most close codes from 3000 on that are counted by themselves: more than a program uses. A peer
/// may send 2,000 different ones.
const OWN_CODES: usize = 32;

/// The code under which all other close codes are counted. No close frame can carry it.
pub const OTHER_CODES: u16 = 0;

/// A server's counters. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Stats(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    started: Instant,
    connections: AtomicU64,
    connections_total: AtomicU64,
    incoming: Traffic,
    outgoing: Traffic,
    closes: Mutex<BTreeMap<u16, u64>>,
}

/// The messages and bytes of one direction.
#[derive(Debug, Default)]
struct Traffic {
    messages: AtomicU64,
    bytes: AtomicU64,
}

/// The counters at one moment, as they are sent and served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Connections open now.
    pub connections: u64,
    /// Connections opened since the start.
    pub connections_total: u64,
    /// Text and binary messages received. A fragmented message counts once, when the header of its
    /// last frame arrives, even if the message is then refused or cut off.
    pub messages_in: u64,
    /// Text and binary messages written, once for every receiver.
    pub messages_out: u64,
    /// Bytes of WebSocket frames received, headers included.
    pub bytes_in: u64,
    /// Bytes of WebSocket frames written, headers included.
    pub bytes_out: u64,
    /// Connections ended, by close code. 1006 counts connections without a close frame. Peers choose
    /// the codes from 3000 on: the first 32 are counted by themselves, the others as
    /// [`OTHER_CODES`].
    pub closes: BTreeMap<u16, u64>,
    /// Resident memory of this process, in bytes; absent if the system does not report it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rss_bytes: Option<u64>,
    /// Milliseconds since the start, by a monotonic clock.
    pub uptime_ms: u64,
}

impl Stats {
    /// Starts all counters at zero, and the uptime now.
    #[must_use]
    pub fn start() -> Self {
        Self(Arc::new(Counters {
            started: Instant::now(),
            connections: AtomicU64::default(),
            connections_total: AtomicU64::default(),
            incoming: Traffic::default(),
            outgoing: Traffic::default(),
            closes: Mutex::default(),
        }))
    }

    /// Counts one connection as open until the returned value is dropped.
    #[must_use]
    pub fn open(&self) -> Open {
        self.0.connections.fetch_add(1, Relaxed);
        self.0.connections_total.fetch_add(1, Relaxed);
        Open { stats: self.clone(), code: ABNORMAL }
    }

    /// Counts the frames that are read from and written to `io`, a connection whose handshake is over.
    pub fn count<S: Io>(&self, io: S) -> impl Io + use<S> {
        let reading = self.clone();
        let mut incoming = Headers::default();
        let writing = self.clone();
        let mut outgoing = Headers::default();
        let io = InspectWriter::new(io, move |bytes| writing.0.outgoing.see(&mut outgoing, bytes));
        InspectReader::new(io, move |bytes| reading.0.incoming.see(&mut incoming, bytes))
    }

    /// The counters now. Reading the process's memory from the system takes 10 to 300 µs.
    #[must_use]
    pub fn report(&self) -> Report {
        let counters = &*self.0;
        Report {
            connections: counters.connections.load(Relaxed),
            connections_total: counters.connections_total.load(Relaxed),
            messages_in: counters.incoming.messages.load(Relaxed),
            messages_out: counters.outgoing.messages.load(Relaxed),
            bytes_in: counters.incoming.bytes.load(Relaxed),
            bytes_out: counters.outgoing.bytes.load(Relaxed),
            closes: counters.closes.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            rss_bytes: memory_stats::memory_stats().map(|memory| memory.physical_mem as u64),
            uptime_ms: u64::try_from(counters.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Calls `tell` every `period`, the first time after one `period`. Never returns.
///
/// With a `period` of zero it never calls `tell`.
///
/// Cancel safe: drop it to end the calls.
pub async fn every(period: Duration, mut tell: impl FnMut()) {
    if period.is_zero() {
        return pending().await;
    }
    let mut ticks = interval(period);
    // After a pause of the whole machine, `tell` is called once, not once for every missed period.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    loop {
        ticks.tick().await;
        tell();
    }
}

/// One open connection in the counters.
#[derive(Debug)]
pub struct Open {
    stats: Stats,
    code: u16,
}

impl Open {
    /// Counts the connection as ended with `code`; without this it counts as 1006.
    pub fn close(mut self, code: u16) {
        self.code = code;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let counters = &*self.stats.0;
        counters.connections.fetch_sub(1, Relaxed);
        let mut closes = counters.closes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_kept = self.code < PROTOCOL_CODES
            || closes.contains_key(&self.code)
            || closes.range(PROTOCOL_CODES..).count() < OWN_CODES;
        *closes.entry(if is_kept { self.code } else { OTHER_CODES }).or_default() += 1;
    }
}

impl Traffic {
    fn see(&self, headers: &mut Headers, bytes: &[u8]) {
        self.bytes.fetch_add(bytes.len() as u64, Relaxed);
        let mut messages = 0;
        headers.feed(bytes, |header| {
            messages += u64::from(header.fin && !header.opcode.is_control());
        });
        if messages > 0 {
            self.messages.fetch_add(messages, Relaxed);
        }
    }
}
