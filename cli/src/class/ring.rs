//! The recent events of a class, for viewers that come late, that are slow, or that want a file.

use std::collections::{BTreeSet, VecDeque};
use std::io::{Result as IoResult, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use tokio::sync::watch;
use ws101::proxy::{Event, Totals, What};
use ws101::scenario::FILE_LIMIT;

use crate::lang::Lang;
use crate::request::Secrets;
use crate::tap::json::Json;
use crate::tap::lines::remark;
use crate::tap::output::Output;
use crate::tap::save::Save;

/// The most events that are kept.
pub const EVENTS: usize = 4096;

/// The most bytes of them, as JSON and as they crossed: 8 MiB.
pub const BYTES: usize = 8 * 1024 * 1024;

/// The bytes that an event counts beside its own.
const COST: usize = 256;

/// The most bytes that a viewer takes at once.
const BATCH: usize = 64 * 1024;

/// The latest events, each with its number.
pub struct Ring {
    kept: Mutex<Kept>,
    /// The number of the next event.
    next: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    events: VecDeque<Entry>,
    /// The number of the first of them.
    first: u64,
    bytes: usize,
}

struct Entry {
    event: Event,
    json: String,
}

/// Events for a viewer.
pub struct Batch {
    /// How many it has missed before them.
    pub left_out: u64,
    /// Events as JSON.
    pub lines: Vec<String>,
    /// The number of the next.
    pub next: u64,
}

impl Ring {
    pub fn new() -> Self {
        Self { kept: Mutex::default(), next: watch::Sender::new(0) }
    }

    /// Tells of each new event.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.next.subscribe()
    }

    /// The events from this number on, as many as a viewer takes at once.
    pub fn from(&self, number: u64) -> Batch {
        let kept = self.kept();
        let start = number.max(kept.first);
        let mut batch = Batch { left_out: start - number, lines: Vec::new(), next: start };
        let skipped = usize::try_from(start - kept.first).unwrap_or(usize::MAX);
        let mut bytes = 0;
        for entry in kept.events.iter().skip(skipped) {
            bytes += entry.json.len();
            batch.lines.push(entry.json.clone());
            batch.next += 1;
            if bytes >= BATCH {
                break;
            }
        }
        batch
    }

    /// All that is kept, as JSON lines.
    pub fn as_json_lines(&self) -> String {
        let kept = self.kept();
        kept.events.iter().map(|entry| entry.json.clone() + "\n").collect()
    }

    /// All that is kept, as a scenario: of WebSockets whose beginning is not kept, nothing.
    pub fn as_scenario(&self, server: &str, lang: Lang) -> Result<String> {
        let (events, left_out) = {
            let kept = self.kept();
            let events: Vec<_> = kept.events.iter().map(|entry| entry.event.clone()).collect();
            (events, kept.first)
        };
        let mut file =
            Save::into(Bounded::default(), String::new(), server, Secrets::default(), lang)?;
        if left_out > 0 {
            file.write(&remark(&lang.pick(
                format!("the first {left_out} events of the session are not kept any more"),
                format!("первые события сессии ({left_out}) уже не хранятся"),
            )))?;
        }
        let mut begun = BTreeSet::new();
        for event in &events {
            if matches!(event.what, What::Request { .. }) {
                begun.insert(event.connection);
            }
            if begun.contains(&event.connection) {
                file.event(event)?;
            }
        }
        Ok(file.into_inner().text())
    }

    fn push(&self, event: &Event, json: String) {
        let entry = Entry { event: event.clone(), json };
        let mut kept = self.kept();
        kept.bytes += entry.cost();
        kept.events.push_back(entry);
        while kept.events.len() > EVENTS || kept.bytes > BYTES {
            let Some(oldest) = kept.events.pop_front() else { break };
            kept.bytes -= oldest.cost();
            kept.first += 1;
        }
        drop(kept);
        self.next.send_modify(|next| *next += 1);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn cost(&self) -> usize {
        let own = match &self.event.what {
            What::Request { head, .. } => head.len(),
            What::Answer { head, body, .. } => head.len() + body.len(),
            What::Frame { frame, .. } | What::Held { frame, .. } => frame.payload.len(),
            What::Stray { bytes, .. } => bytes.len(),
            _ => 0,
        };
        COST + own + self.json.len()
    }
}

/// A file in memory of at most what the player reads.
#[derive(Default)]
struct Bounded(Vec<u8>);

impl Bounded {
    /// Whole lines.
    fn text(mut self) -> String {
        if self.0.len() > FILE_LIMIT {
            self.0.truncate(FILE_LIMIT);
            let end = self.0.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            self.0.truncate(end);
        }
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
        if self.0.len() <= FILE_LIMIT {
            self.0.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> IoResult<()> {
        Ok(())
    }
}

/// The output of a tap that fills the ring.
pub struct Recorder {
    ring: Arc<Ring>,
    json: Json,
}

impl Recorder {
    pub fn new(ring: Arc<Ring>) -> Self {
        Self { ring, json: Json::new(Secrets::default()) }
    }
}

impl Output for Recorder {
    fn event(&mut self, event: &Event) -> Result<()> {
        self.ring.push(event, self.json.line(event));
        Ok(())
    }

    fn end(&mut self, _: &Totals) -> Result<()> {
        Ok(())
    }
}
