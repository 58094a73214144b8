//! Misbehaving clients: they disconnect, flood, stop reading, or break RFC 6455.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};
use ws101::frame::{Frame, Opcode};

use crate::stage::Stage;
use ws101_soak::dialect::Dialect;
use ws101_soak::raw::Raw;

/// The longest connection of a misbehaving client.
const VISIT: Duration = Duration::from_secs(45);

/// The pause between two connections, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 0..500;

/// The receive buffer of a client that does not read: so small that the server notices.
const WINDOW: u32 = 4096;

/// Messages of a flood: far more than the server allows at once.
const FLOOD: usize = 5_000;

/// How a client misbehaves.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Disconnects without a close frame.
    Cut,
    /// Resets the connection in the middle of a frame.
    Reset,
    /// Shuts down its writing half and reads on.
    HalfClose,
    /// Reads nothing, or a little from time to time.
    SlowReader,
    /// Sends messages as fast as it can.
    Flood,
    /// Sends pings as fast as it can, and reads no pong.
    PingFlood,
    /// Connects and never becomes a WebSocket.
    HalfOpen,
    /// Opens a WebSocket, sends nothing and answers no ping.
    Silent,
    /// Sends frames that break a rule of RFC 6455 §5.
    BrokenFrame,
    /// Sends random bytes instead of a request or of frames.
    Noise,
}

impl Fault {
    const ALL: [Self; 10] = [
        Self::Cut,
        Self::Reset,
        Self::HalfClose,
        Self::SlowReader,
        Self::Flood,
        Self::PingFlood,
        Self::HalfOpen,
        Self::Silent,
        Self::BrokenFrame,
        Self::Noise,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Reset => "reset in a frame",
            Self::HalfClose => "half-closed",
            Self::SlowReader => "slow reader",
            Self::Flood => "flood",
            Self::PingFlood => "flood of pings",
            Self::HalfOpen => "half-open",
            Self::Silent => "silent",
            Self::BrokenFrame => "broken frame",
            Self::Noise => "noise",
        }
    }
}

/// Connects again and again, each time with another fault, until the run goes quiet.
pub async fn visit(stage: Stage, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    while stage.talking() {
        let Some(&fault) = Fault::ALL.choose(&mut rng) else { return };
        let visiting = timeout(VISIT, commit(fault, &stage, &mut rng));
        let outcome = tokio::select! {
            outcome = visiting => match outcome {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) => error.kind().to_string(),
                Err(_) => "left".to_owned(),
            },
            () = stage.quiet() => "called off".to_owned(),
        };
        stage.ledger.visited(fault.name(), outcome);
        let pause = sleep(Duration::from_millis(rng.random_range(PAUSE_MS)));
        tokio::select! { () = pause => {}, () = stage.quiet() => {} }
    }
}

async fn commit(fault: Fault, stage: &Stage, rng: &mut StdRng) -> io::Result<String> {
    let dialect = *Dialect::ALL.choose(rng).unwrap_or(&Dialect::Canonical);
    let window = matches!(fault, Fault::SlowReader | Fault::PingFlood).then_some(WINDOW);
    let mut raw = Raw::connect(stage.address, window).await?;
    if !matches!(fault, Fault::HalfOpen | Fault::Noise) {
        raw = raw.upgrade(dialect).await?;
    }
    match fault {
        Fault::Cut => {
            for _ in 0..rng.random_range(0..4) {
                raw.send(Frame::text(dialect.line(1, "what will become of this?"))).await?;
                sleep(Duration::from_millis(rng.random_range(0..300))).await;
            }
            Ok("left".to_owned())
        }
        Fault::Reset => {
            let whole = Frame::text(dialect.line(1, &"x".repeat(1_000))).masked([1, 2, 3, 4]);
            let bytes = whole.to_bytes();
            raw.tcp.write_all(&bytes[..rng.random_range(1..bytes.len())]).await?;
            sleep(Duration::from_millis(rng.random_range(0..100))).await;
            raw.tcp.set_zero_linger()?;
            Ok("left".to_owned())
        }
        Fault::HalfClose => {
            raw.tcp.shutdown().await?;
            Ok(raw.end().await)
        }
        Fault::SlowReader => {
            let drips = rng.random_bool(0.5);
            for _ in 0..rng.random_range(20..400) {
                sleep(Duration::from_millis(100)).await;
                if drips && !raw.sip(512).await? {
                    break;
                }
            }
            // The client can still read the bytes in the kernel, and after them the close frame.
            Ok(raw.end().await)
        }
        Fault::Flood => {
            let line = Frame::text(dialect.line(1, "hurry"));
            flood(raw, line).await
        }
        Fault::PingFlood => flood(raw, Frame::ping(vec![b'p'; 125])).await,
        Fault::HalfOpen => {
            let halves = [&b""[..], b"G", b"GET / HTTP/1.1\r\nHost: x\r\n"];
            raw.tcp.write_all(halves.choose(rng).unwrap_or(&&b""[..])).await?;
            Ok(raw.end().await)
        }
        Fault::Silent => {
            // The kernel receives the pings; the client does not answer them.
            sleep(Duration::from_secs(rng.random_range(5..20))).await;
            Ok(raw.end().await)
        }
        Fault::BrokenFrame => {
            raw.tcp.write_all(&broken(rng)).await?;
            Ok(raw.end().await)
        }
        Fault::Noise => {
            if rng.random_bool(0.5) {
                raw = raw.upgrade(dialect).await?;
            }
            let noise: Vec<u8> = (0..rng.random_range(1..4_000)).map(|_| rng.random()).collect();
            raw.tcp.write_all(&noise).await?;
            raw.tcp.shutdown().await?;
            Ok(raw.end().await)
        }
    }
}

/// Writes without a pause until the server ends the connection.
async fn flood(mut raw: Raw, frame: Frame) -> io::Result<String> {
    for _ in 0..FLOOD {
        if raw.send(frame.clone()).await.is_err() {
            break;
        }
    }
    Ok(raw.end().await)
}

/// One frame for each rule that a frame can break.
fn broken(rng: &mut StdRng) -> Bytes {
    let whole = |frame: Frame| frame.masked([1, 2, 3, 4]).to_bytes();
    match rng.random_range(0..9) {
        0 => Frame::text("unmasked").to_bytes(),
        1 => whole(Frame::text("reserved bits").rsv(4)),
        2 => whole(Frame::new(Opcode::from_bits(0x3), "reserved opcode")),
        3 => whole(Frame::new(Opcode::Continuation, "of nothing")),
        4 => whole(Frame::ping("in pieces").unfinished()),
        5 => whole(Frame::ping(vec![b'p'; 126])),
        6 => whole(Frame::text(&b"not UTF-8: \xc3\x28"[..])),
        7 => whole(Frame::text(vec![b'x'; 100_000])),
        _ => whole(Frame::new(Opcode::Close, "x")),
    }
}
