//! A long message on a slow line: its bytes show that the client is alive.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::AsyncWriteExt;
use tokio::time::{MissedTickBehavior, interval, timeout};
use ws101::frame::{Frame, Opcode};
use ws101_soak::dialect::Dialect;
use ws101_soak::server::{FULL_CHAT, Log};

use crate::attack::{Siege, target};
use crate::clients::{Way, holds, read_until};
use crate::outcome::Outcome;

/// Every example that has a heartbeat, and the dialect of its clients.
const SERVERS: [(&str, Dialect); 6] = [
    (FULL_CHAT, Dialect::Canonical),
    ("heartbeat", Dialect::BroadcastServer),
    ("names_and_typing", Dialect::PythonChat),
    ("reconnect", Dialect::Reconnect),
    ("shutdown", Dialect::BroadcastServer),
    ("stats", Dialect::BroadcastServer),
];

/// Bytes of the message, below the 65,536 that are allowed.
const SIZE: usize = 60_000;

/// The pause between two pieces.
const STEP: Duration = Duration::from_millis(100);

/// The text that the server must send back.
const MARK: &str = "uploaded-slowly";

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn run(siege: &Siege) -> Result<Outcome> {
    let (seconds, heartbeat) = siege.size((24, 1_000), (6, 1_000));
    let pong = siege.size(4_000, 2_000).to_string();
    let idle = siege.size(8_000, 4_000).to_string();
    let heartbeat = heartbeat.to_string();
    let settings = [
        ("WS_HEARTBEAT_MS", heartbeat.as_str()),
        ("WS_PONG_TIMEOUT_MS", &pong),
        ("WS_IDLE_MS", &idle),
        ("WS_STATS_MS", "600000"),
    ];
    let mut outcome = Outcome::default();
    outcome.figure(format!(
        "{SIZE} bytes in {seconds} s; WS_HEARTBEAT_MS={heartbeat} WS_PONG_TIMEOUT_MS={pong} WS_IDLE_MS={idle}"
    ));
    let uploads = SERVERS.map(|(example, dialect)| async move {
        let mut part = Outcome::default();
        let server = siege.start(example, &settings, Log::Read).await?;
        let mut way = Way::new(server.address, dialect);
        if example != FULL_CHAT {
            way.target = target(example);
        }
        let sent = upload(way, Duration::from_secs(seconds)).await;
        let seen = sent.as_ref().map_or_else(|error| format!("{error:#}"), |()| "yes".to_owned());
        part.expect("the message is taken", seen, sent.is_ok());
        siege.end(example, server, &mut part).await;
        anyhow::Ok((example, part))
    });
    for (example, part) in futures::future::try_join_all(uploads).await? {
        outcome.part(example, part);
    }
    Ok(outcome)
}

/// Sends one message within `time`, answers pings after it as a client must, and waits for its echo.
async fn upload(way: Way, time: Duration) -> Result<()> {
    let mut raw = way.enter("uploader").await?;
    let mut line = match way.dialect {
        // It sends back the whole message.
        Dialect::BroadcastServer => format!(r#"{{"message":"{MARK}"}}"#),
        _ => format!(r#"{{"type":"message","content":"{MARK}"}}"#),
    };
    // Spaces after the last field of an object are not part of the message.
    let end = line.pop();
    line.extend(std::iter::repeat_n(' ', SIZE - line.len() - 1));
    line.extend(end);
    let bytes = Frame::text(line).masked([1, 2, 3, 4]).to_bytes();
    let steps = usize::try_from(time.as_millis() / STEP.as_millis())?;
    let mut pieces = bytes.chunks(bytes.len().div_ceil(steps)).peekable();
    let mut turns = interval(STEP);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pings = Vec::new();
    // It reads until the last piece is sent: after that the answer may come.
    while pieces.peek().is_some() {
        while let Some(frame) = raw.buffered() {
            if let Some((code, reason)) = frame.close_code() {
                bail!("closed with {code}: {}", String::from_utf8_lossy(reason));
            }
            if frame.header.opcode == Opcode::Ping {
                pings.push(frame.payload);
            }
        }
        tokio::select! {
            _ = turns.tick() => {
                let Some(piece) = pieces.next() else { break };
                raw.tcp.write_all(piece).await.context("cut while it was sent")?;
            }
            more = raw.sip(4096) => if !more? { bail!("cut") },
        }
    }
    for ping in pings {
        raw.send(Frame::pong(ping)).await?;
    }
    let answer = timeout(PATIENCE, read_until(&mut raw, MARK)).await.context("no answer")??;
    anyhow::ensure!(holds(&answer, MARK), "another answer");
    Ok(())
}
