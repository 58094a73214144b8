//! Members that do not read are evicted, and the news of it evicts nobody else.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use ws101::frame::Frame;
use ws101_soak::dialect::Dialect;
use ws101_soak::server::{FULL_CHAT, Log};

use crate::attack::{PATIENT, Siege};
use crate::clients::crowd::Crowd;
use crate::clients::enter;
use crate::outcome::{Outcome, megabytes};

/// Of those that do not read: little, so that the server notices.
const WINDOW: u32 = 4096;

/// Bytes that wait for one member before it is evicted.
const QUEUE: &str = "32768";

/// Members that talk, each four times a second.
const SPEAKERS: usize = 3;

/// Between two messages of one speaker.
const PERIOD: Duration = Duration::from_millis(250);

/// Bytes for the news of one eviction and member.
const MOST: f64 = 1_000.0;

/// For a message to reach all members at the end.
const FENCE: Duration = Duration::from_secs(20);

pub async fn run(siege: &Siege) -> Result<Outcome> {
    let (members, deaf) = siege.size((300, 100), (60, 20));
    let lines = siege.size(480, 240);
    let mut settings = PATIENT.to_vec();
    settings.extend([("WS_MAX_QUEUE_BYTES", QUEUE), ("WS_WRITE_MS", "600000")]);
    let server = siege.start(FULL_CHAT, &settings, Log::Read).await?;
    let address = server.address;
    let crowd = Crowd::gather(address, Dialect::PythonChat, members, siege.seed);
    crowd.arrived().await;
    ensure!(crowd.present() == members, "{} of {members} came{}", crowd.present(), crowd.ends());
    let mut silent = Vec::new();
    for place in 0..deaf {
        let name = format!("deaf-{place}");
        let source = Ipv4Addr::LOCALHOST;
        silent.push(enter(address, Dialect::PythonChat, &name, source, Some(WINDOW)).await?);
    }
    crowd.quiet().await;
    let before = crowd.bytes() - crowd.message_bytes();
    let mut speakers = JoinSet::new();
    for place in 0..SPEAKERS {
        speakers.spawn(async move {
            let name = format!("speaker-{place}");
            let mut raw =
                enter(address, Dialect::PythonChat, &name, Ipv4Addr::LOCALHOST, None).await?;
            speak(&mut raw, lines / SPEAKERS as u64).await
        });
    }
    let spoken = speakers.join_all().await;
    crowd.quiet().await;
    let mut outcome = Outcome::default();
    let finished = spoken.iter().filter(|spoken| spoken.is_ok()).count();
    outcome.exactly("speakers that were not cut", finished, SPEAKERS);
    let stats = server.stats().await?;
    let evicted = usize::try_from(stats.closes.get(&1013).copied().unwrap_or(0))?;
    let news = crowd.bytes() - crowd.message_bytes() - before;
    outcome.figure(format!(
        "{evicted} evicted by the server's count; {} of news, {} of messages to {members} members{}",
        megabytes(news),
        megabytes(crowd.message_bytes()),
        crowd.ends()
    ));
    outcome.expect("members that do not read are evicted", evicted, evicted > 0);
    outcome.exactly("honest members evicted", crowd.evicted(), 0);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let each = news as f64 / (evicted.max(1) as f64 * members as f64);
    outcome.at_most("news of one eviction for one member", each, MOST, " bytes");
    let heard = crowd.fence(FENCE).await?;
    outcome.exactly("heard a message at the end", heard, crowd.present());
    drop((crowd, silent));
    siege.end(FULL_CHAT, server, &mut outcome).await;
    Ok(outcome)
}

/// Says `lines` messages of 2 kB, four a second after a first burst, and reads all that comes.
async fn speak(raw: &mut ws101_soak::raw::Raw, lines: u64) -> Result<()> {
    /// What may be sent at once, less one that was used to enter.
    const BURST: u64 = 15;
    let content = "x".repeat(1_000);
    let mut turns = interval(PERIOD);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said = 0;
    while said < lines {
        let turn = async {
            if said >= BURST {
                turns.tick().await;
            }
        };
        tokio::select! {
            () = turn => {
                raw.send(Frame::text(Dialect::PythonChat.line(said, &content))).await?;
                said += 1;
            }
            frame = raw.next() => {
                let frame = frame?;
                ensure!(frame.is_some_and(|frame| frame.close_code().is_none()), "cut");
            }
        }
    }
    Ok(())
}
