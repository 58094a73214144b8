//! Members that do not read are evicted, and the events about it evict no other member.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use ws101::frame::Frame;
use ws101_soak::dialect::Dialect;
use ws101_soak::server::{FULL_CHAT, Log, Server};

use crate::attack::{PATIENT, Siege};
use crate::clients::Way;
use crate::clients::crowd::Crowd;
use crate::outcome::{Outcome, megabytes};

/// The receive buffer of a member that does not read: small, so that the server notices.
const WINDOW: u32 = 4096;

/// The most bytes that wait for one member before it is evicted.
const QUEUE: &str = "65536";

/// The members that talk, each four times a second.
const SPEAKERS: usize = 6;

/// The pause between two messages of one speaker.
const PERIOD: Duration = Duration::from_millis(250);

/// Characters of a message, each of four bytes. A `python_chat` frame holds the text twice.
const CHARACTERS: usize = 2_000;

/// The pause between two reads of the server's counters.
const LOOK: Duration = Duration::from_millis(500);

/// The most bytes that the events about one eviction may cost for each member.
const MOST: f64 = 1_000.0;

/// How long a message may take to reach all members at the end.
const FENCE: Duration = Duration::from_secs(20);

pub async fn run(siege: &Siege) -> Result<Outcome> {
    let members = 300;
    let deaf = 100;
    let longest = Duration::from_secs(siege.size(60, 30));
    let mut settings = PATIENT.to_vec();
    settings.push(("WS_MAX_QUEUE_BYTES", QUEUE));
    let server = siege.start(FULL_CHAT, &settings, Log::Read).await?;
    let way = Way::new(server.address, Dialect::PythonChat);
    let crowd = Crowd::gather(server.address, Dialect::PythonChat, members, siege.seed);
    crowd.arrived().await;
    ensure!(crowd.present() == members, "{} of {members} came{}", crowd.present(), crowd.ends());
    let mut silent = Vec::new();
    for place in 0..deaf {
        let deaf = Way { window: Some(WINDOW), ..way };
        silent.push(deaf.enter(&format!("deaf-{place}")).await?);
    }
    crowd.quiet().await;
    let before = crowd.bytes() - crowd.message_bytes();
    let mut speakers = JoinSet::new();
    for place in 0..SPEAKERS {
        speakers.spawn(speak(server.address, place));
    }
    let began = Instant::now();
    while began.elapsed() < longest && evicted(&server).await? < deaf {
        sleep(LOOK).await;
    }
    let cut = std::iter::from_fn(|| speakers.try_join_next()).count();
    speakers.abort_all();
    crowd.quiet().await;
    let mut outcome = Outcome::default();
    let evicted = evicted(&server).await?;
    let news = crowd.bytes() - crowd.message_bytes() - before;
    outcome.figure(format!(
        "{evicted} of {deaf} evicted in {} s; {} of news, {} of messages to {members} members{}",
        began.elapsed().as_secs(),
        megabytes(news),
        megabytes(crowd.message_bytes()),
        crowd.ends()
    ));
    outcome.exactly("speakers that were cut", cut, 0);
    outcome.expect("members that do not read are evicted", evicted, evicted > 0);
    outcome.exactly("honest members evicted", crowd.evicted(), 0);
    if evicted > 0 {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let each = news as f64 / (evicted as f64 * members as f64);
        outcome.at_most("news of one eviction for one member", each, MOST, " bytes");
    }
    let heard = crowd.fence(FENCE).await;
    outcome.exactly("heard a message at the end", heard, crowd.present());
    drop((crowd, silent));
    siege.end(FULL_CHAT, server, &mut outcome).await;
    Ok(outcome)
}

/// The number of connections that the server closed because of their backlog, or because they took
/// nothing.
async fn evicted(server: &Server) -> Result<usize> {
    let stats = server.stats().await?;
    Ok(usize::try_from(stats.closes.get(&1013).copied().unwrap_or(0))?)
}

/// Sends a burst and then four messages a second, and reads everything, until it is dropped.
///
/// # Errors
///
/// The server ended the connection.
async fn speak(address: SocketAddr, place: usize) -> Result<()> {
    /// Messages of the burst; 20 are allowed.
    const BURST: u64 = 15;
    let way = Way::new(address, Dialect::PythonChat);
    let mut raw = way.enter(&format!("speaker-{place}")).await?;
    let content = "🌊".repeat(CHARACTERS);
    let mut turns = interval(PERIOD);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said = 0;
    loop {
        let turn = async {
            if said >= BURST {
                turns.tick().await;
            }
        };
        tokio::select! {
            () = turn => {
                raw.send(Frame::text(way.dialect.line(said, &content))).await?;
                said += 1;
            }
            frame = raw.next() => {
                let frame = frame?;
                ensure!(frame.is_some_and(|frame| frame.close_code().is_none()), "cut");
            }
        }
    }
}
