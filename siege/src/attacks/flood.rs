//! Attackers send large messages within the rates from one address, to readers on slow lines.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use ws101::frame::Frame;
use ws101_soak::dialect::Dialect;
use ws101_soak::server::{FULL_CHAT, Log};

use crate::attack::{PATIENT, Siege};
use crate::clients::Way;
use crate::clients::line::{WINDOW, read_slowly};
use crate::ends::Ends;
use crate::outcome::{Outcome, seconds};

/// The address of the attackers.
const ATTACKERS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// The burst of each attacker, with the default rate of 5 messages a second.
const BURST: u64 = 20;

/// The pause between two messages after the burst.
const PERIOD: Duration = Duration::from_millis(250);

/// The beginning of every message of the attackers.
const MARK: &str = "flood of bytes";

/// The message after the attack. It is sent again until every reader has received it.
const LAST: &str = "the flood is over";

/// The pause between two of them: a server may refuse some.
const AGAIN: Duration = Duration::from_secs(2);

/// How long the readers may take to receive everything.
const PATIENCE: Duration = Duration::from_mins(1);

pub async fn run(siege: &Siege) -> Result<Outcome> {
    let (attackers, readers) = siege.size((30, 20), (10, 5));
    let more = siege.size(20, 4);
    let server = siege.start(FULL_CHAT, &PATIENT, Log::Read).await?;
    let address = server.address;
    let slow = Way { window: Some(WINDOW), ..Way::new(address, Dialect::Canonical) };
    let mut honest = JoinSet::new();
    for place in 0..readers {
        let name = format!("reader-{place}");
        let mut raw = slow.enter(&name).await?;
        honest.spawn(async move { read_slowly(&mut raw, MARK, LAST).await });
    }
    let began = Instant::now();
    let sent = Arc::new(AtomicUsize::new(0));
    let mut floods = JoinSet::new();
    for place in 0..attackers {
        floods.spawn(flood(address, place, more, sent.clone()));
    }
    let floods = floods.join_all().await;
    let mut outcome = Outcome::default();
    let cut = floods.iter().filter(|flood| flood.is_err()).count();
    let sent = sent.load(Relaxed);
    outcome.figure(format!("{sent} messages of 16 kB sent, {cut} of {attackers} attackers cut"));
    ensure!(sent >= attackers, "the flood did not begin");
    let over = tokio::spawn(say_it_is_over(address));
    let heard = timeout(PATIENCE, honest.join_all()).await;
    over.abort();
    let mut ends = Ends::default();
    let mut stayed = 0;
    let mut least = usize::MAX;
    for end in heard.map_err(|_| anyhow::anyhow!("readers do not come to the end"))? {
        match end {
            Ok(heard) => {
                stayed += 1;
                least = least.min(heard.marked);
            }
            Err(error) => ends.count(&error.to_string()),
        }
    }
    outcome
        .figure(format!("after {} s {stayed} readers are there{ends}", seconds(began.elapsed())));
    outcome.exactly("honest readers evicted", readers - stayed, 0);
    if stayed > 0 {
        outcome.figure(format!("each heard {least} messages of the attackers or more"));
        outcome.expect("the flood reached the readers", least, least > 0);
    }
    siege.end(FULL_CHAT, server, &mut outcome).await;
    Ok(outcome)
}

/// One attacker: it sends a burst, then `more` messages at its rate, and reads everything.
///
/// # Errors
///
/// The server ended the connection.
async fn flood(address: SocketAddr, place: usize, more: u64, sent: Arc<AtomicUsize>) -> Result<()> {
    let name = format!("attacker-{place}");
    let way = Way { source: ATTACKERS, ..Way::new(address, Dialect::Canonical) };
    let mut raw = way.enter(&name).await?;
    // 4,000 characters of four bytes: as much as one message may have.
    let content = format!("{MARK}{}", "🌊".repeat(4_000 - MARK.len()));
    let mut turns = interval(PERIOD);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said = 0;
    while said < BURST + more {
        let turn = async {
            if said >= BURST {
                turns.tick().await;
            }
        };
        tokio::select! {
            biased;
            () = turn => {
                raw.send(Frame::text(Dialect::Canonical.line(said, &content))).await?;
                sent.fetch_add(1, Relaxed);
                said += 1;
            }
            frame = raw.next() => {
                let frame = frame?;
                ensure!(frame.is_some_and(|frame| frame.close_code().is_none()), "cut");
            }
        }
    }
    // It reads on, or it would be evicted because of its own messages.
    let rest = async { while let Ok(Some(_)) = raw.next().await {} };
    let _ = timeout(AGAIN, rest).await;
    Ok(())
}

/// A member that sends [`LAST`] again and again.
async fn say_it_is_over(address: SocketAddr) -> Result<()> {
    let mut raw = Way::new(address, Dialect::Canonical).enter("last").await?;
    for number in 0.. {
        raw.send(Frame::text(Dialect::Canonical.line(number, LAST))).await?;
        let listen = async { while let Ok(Some(_)) = raw.next().await {} };
        tokio::select! { () = listen => break, () = sleep(AGAIN) => {} }
    }
    Ok(())
}
