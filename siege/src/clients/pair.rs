//! Two members that talk to each other during an attack, and the delay of each message.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use ws101::frame::Frame;
use ws101_soak::dialect::Dialect;
use ws101_soak::raw::Raw;

use crate::clients::Way;

/// The pause between two messages of one member: four a second, of five that are allowed.
const PERIOD: Duration = Duration::from_millis(250);

/// How long the last messages may take to arrive.
const PATIENCE: Duration = Duration::from_secs(15);

/// The fewest messages from which the slowest hundredth can be told.
const LEAST: usize = 8;

/// A pair that talks on a thread of its own, so that the other clients of this program do not delay it.
pub struct Pair {
    enough: Arc<Notify>,
    talking: JoinHandle<Result<Delays>>,
}

/// The delays of messages from one member to the other, the shortest first.
#[derive(Debug)]
pub struct Delays {
    sorted: Vec<Duration>,
    /// Messages that never arrived.
    pub lost: usize,
}

impl Delays {
    /// The delay that `percent` of the messages did not exceed.
    pub fn percentile(&self, percent: usize) -> Duration {
        let place = (self.sorted.len() * percent).div_ceil(100).saturating_sub(1);
        self.sorted.get(place).copied().unwrap_or_default()
    }

    pub fn count(&self) -> usize {
        self.sorted.len()
    }
}

impl Pair {
    /// Connects both to the chat at `address`. They begin to talk.
    pub fn start(address: SocketAddr) -> Result<Self> {
        let enough = Arc::new(Notify::new());
        let until = enough.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let talk = move || runtime.block_on(talk(address, until));
        let talking = thread::Builder::new().name("pair".to_owned()).spawn(talk)?;
        Ok(Self { enough, talking })
    }

    /// Ends the talk. Returns the delays.
    pub async fn stop(self) -> Result<Delays> {
        // Both of them wait for it, and remember it if they do not wait yet.
        self.enough.notify_one();
        let joined = tokio::task::spawn_blocking(move || self.talking.join()).await?;
        joined.map_err(|_| anyhow!("the pair panicked"))?
    }
}

/// The messages of the two, and when each was received.
#[derive(Default)]
struct Talk {
    said: Vec<Instant>,
    heard: Vec<Option<Duration>>,
}

async fn talk(address: SocketAddr, enough: Arc<Notify>) -> Result<Delays> {
    let talk = RefCell::new(Talk::default());
    let (over, ends) = watch::channel(false);
    let tell = async {
        enough.notified().await;
        over.send_replace(true);
        anyhow::Ok(())
    };
    // Both are members before one of them sends, or the other could miss its first message.
    let enter = async |name| {
        let raw = Way::new(address, Dialect::Canonical).enter(name).await;
        raw.context("the pair cannot connect")
    };
    let left = enter("left").await?;
    let right = enter("right").await?;
    let left = member(left, "left", &talk, ends.clone());
    let right = member(right, "right", &talk, ends);
    tokio::try_join!(left, right, tell)?;
    let Talk { heard, .. } = talk.into_inner();
    let lost = heard.iter().filter(|delay| delay.is_none()).count();
    let mut sorted: Vec<_> = heard.into_iter().flatten().collect();
    sorted.sort_unstable();
    ensure!(sorted.len() >= LEAST, "only {} messages were heard", sorted.len());
    Ok(Delays { sorted, lost })
}

/// Sends every [`PERIOD`], and records when it receives messages of the other.
async fn member(
    mut raw: Raw,
    name: &str,
    talk: &RefCell<Talk>,
    over: watch::Receiver<bool>,
) -> Result<()> {
    let mut turns = interval(PERIOD);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mine = format!("pair {name} ");
    let mut last = None;
    loop {
        let frame = tokio::select! {
            frame = raw.next() => frame?.context("a member of the pair was cut")?,
            now = turns.tick() => {
                if *over.borrow() {
                    let since: Instant = *last.get_or_insert(now);
                    let all = talk.borrow().heard.iter().all(Option::is_some);
                    if all || since.elapsed() > PATIENCE {
                        return Ok(());
                    }
                    continue;
                }
                let number = {
                    let mut talk = talk.borrow_mut();
                    talk.said.push(Instant::now());
                    talk.heard.push(None);
                    talk.said.len() - 1
                };
                let line = Dialect::Canonical.line(number as u64, &format!("{mine}{number} "));
                raw.send(Frame::text(line)).await?;
                continue;
            }
        };
        if let Some((code, _)) = frame.close_code() {
            bail!("a member of the pair was closed with {code}");
        }
        let Ok(text) = std::str::from_utf8(&frame.payload) else { continue };
        if !text.starts_with(r#"{"type":"message""#) {
            continue;
        }
        let from_other = text.split_once("pair ").filter(|_| !text.contains(&mine));
        let number = from_other.and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<usize>().ok());
        let mut talk = talk.borrow_mut();
        let said = number.and_then(|number| Some((number, *talk.said.get(number)?)));
        if let Some((number, said)) = said {
            talk.heard[number].get_or_insert(said.elapsed());
        }
    }
}
