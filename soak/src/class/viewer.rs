//! A projector page: reads the events, and measures how late each is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use ws101::client::{Client, Received, Request};
use ws101::frame::{Frame, Opcode};

use super::phone::socket;

/// How often a viewer looks whether the run is over.
const LOOK: Duration = Duration::from_millis(200);

/// The front of a mark.
const MARK: &str = "sent-";

/// The text of a message: which phone sends it, and when, in microseconds since the beginning.
pub fn mark(phone: usize, at: Duration) -> String {
    format!("{MARK}{phone}-{}-", at.as_micros())
}

/// The phone and the moment in the first mark of an event.
fn marked(event: &str) -> Option<(usize, Duration)> {
    let (_, rest) = event.split_once(MARK)?;
    let mut parts = rest.split('-');
    let phone = parts.next()?.parse().ok()?;
    Some((phone, Duration::from_micros(parts.next()?.parse().ok()?)))
}

/// The phones that a projector has shown a frame of.
pub struct Seen {
    phones: Vec<watch::Sender<bool>>,
    /// Whether lateness counts from now on.
    counts: AtomicBool,
}

impl Seen {
    pub fn new(phones: usize) -> Self {
        let phones = (0..phones).map(|_| watch::Sender::new(false)).collect();
        Self { phones, counts: AtomicBool::new(false) }
    }

    /// From now on events count.
    pub fn begin(&self) {
        self.counts.store(true, Relaxed);
    }

    /// Waits until a frame of this phone was shown. Cancel safe.
    pub async fn wait_for(&self, phone: usize) {
        // The sender lives as long as this.
        let _ = self.phones[phone].subscribe().wait_for(|is_seen| *is_seen).await;
    }
}

/// The events that a viewer has seen.
#[derive(Default)]
pub struct View {
    /// How late each of the phones' frames was.
    pub late: Vec<Duration>,
    /// Events of all kinds.
    pub events: u64,
    /// Events that it was too slow for.
    pub left_out: u64,
}

pub struct Viewer {
    client: Client<TcpStream>,
    begun: Instant,
}

impl Viewer {
    pub async fn open(at: SocketAddr, begun: Instant) -> Result<Self> {
        Ok(Self { client: socket(at, &Request::new("/class/events")).await?, begun })
    }

    /// Reads events until the end.
    pub async fn watch(mut self, seen: Arc<Seen>, is_over: Arc<AtomicBool>) -> Result<View> {
        let mut view = View::default();
        while !is_over.load(Relaxed) {
            let Ok(received) = timeout(LOOK, self.client.receive()).await else { continue };
            let frame = match received {
                Received::Frame(frame) => frame,
                other => bail!("a page lost its connection: {other:?}"),
            };
            match frame.header.opcode {
                Opcode::Ping => self.client.send(Frame::pong(frame.payload)).await?,
                Opcode::Text => {
                    let counts = seen.counts.load(Relaxed);
                    self.take(&String::from_utf8_lossy(&frame.payload), &seen, counts, &mut view);
                }
                _ => {}
            }
        }
        Ok(view)
    }

    fn take(&self, told: &str, seen: &Seen, counts: bool, view: &mut View) {
        if let Some((_, count)) = told.split_once("\"left_out\",\"events\":") {
            view.left_out += count.trim_end_matches('}').parse::<u64>().unwrap_or_default();
        }
        view.events += u64::from(counts);
        if !told.contains("\"from\":\"client\"") {
            return;
        }
        let Some((phone, sent)) = marked(told) else { return };
        if let Some(phone) = seen.phones.get(phone) {
            phone.send_if_modified(|is_seen| !std::mem::replace(is_seen, true));
        }
        if counts {
            view.late.push(self.begun.elapsed().saturating_sub(sent));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{mark, marked};

    #[test]
    fn a_mark_is_found_in_an_event() {
        let at = Duration::from_micros(123_456);
        let event = format!(r#"{{"text":"{{\"content\":\"{}\"}}"}}"#, mark(7, at));
        assert_eq!(marked(&event), Some((7, at)));
        assert_eq!(marked(r#"{"event":"answer"}"#), None);
    }
}
