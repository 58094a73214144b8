//! A client on a line of 10 Mbit/s.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use ws101_soak::raw::Raw;

use crate::clients::holds;

/// Bytes a second: 10 Mbit/s.
const RATE: u32 = 1_250_000;

/// The receive buffer. The kernel takes about twice as many bytes.
pub const WINDOW: u32 = 64 * 1024;

/// Bytes read at once.
const SIP: usize = 12_500;

/// The messages that a reader received.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    /// Frames that hold the words of the attackers.
    pub marked: usize,
}

/// Reads at 10 Mbit/s until a frame holds `last`; frames that hold `marked` are counted.
///
/// # Errors
///
/// The connection ends before; with the code, if there was a close frame.
pub async fn read_slowly(raw: &mut Raw, marked: &str, last: &str) -> io::Result<Heard> {
    let mut heard = Heard::default();
    let mut due = Instant::now();
    loop {
        while let Some(frame) = raw.buffered() {
            if let Some((code, _)) = frame.close_code() {
                return Err(io::Error::other(format!("close {code}")));
            }
            if holds(&frame.payload, last) {
                return Ok(heard);
            }
            heard.marked += usize::from(holds(&frame.payload, marked));
        }
        let before = raw.received;
        if !raw.sip(SIP).await? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let taken = u32::try_from(raw.received - before).unwrap_or(u32::MAX);
        // A line that had nothing to carry does not catch up on that later.
        due = due.max(Instant::now()) + Duration::from_secs(1) * taken / RATE;
        sleep_until(due).await;
    }
}
