//! A flood of connections that send nothing from one address, and polite clients from another.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use ws101_soak::dialect::Dialect;
use ws101_soak::raw::Raw;
use ws101_soak::server::{FULL_CHAT, Log};

use crate::attack::{PATIENT, Siege};
use crate::outcome::{Outcome, seconds};

/// The address of the silent connections.
const FLOOD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// The address of the polite clients.
const POLITE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// The number of silent connections a second.
const RATE: u32 = 920;

/// The pause between two polite clients.
const PERIOD: Duration = Duration::from_millis(200);

/// The pause between the halves of a slow client's request.
const PAUSE: Duration = Duration::from_millis(800);

/// How long a polite client may wait for its answer.
const PATIENCE: Duration = Duration::from_secs(8);

/// A silent client leaves after this time, in case the server keeps it.
const STAY: Duration = Duration::from_secs(9);

pub async fn run(siege: &Siege) -> Result<Outcome> {
    let time = Duration::from_secs(siege.size(12, 3));
    let server = siege.start(FULL_CHAT, &PATIENT, Log::Read).await?;
    let mut outcome = Outcome::default();
    let connected = Arc::new(AtomicUsize::new(0));
    let mut silent = JoinSet::new();
    let mut quick = JoinSet::new();
    let mut slow = JoinSet::new();
    let mut beats = interval(Duration::from_secs(1) / RATE);
    // Connections that were missed while this machine was busy are made later.
    beats.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let began = Instant::now();
    let mut next = Duration::ZERO;
    while began.elapsed() < time {
        beats.tick().await;
        silent.spawn(say_nothing(server.address, connected.clone()));
        while silent.try_join_next().is_some() {}
        // The polite clients begin one second after the flood.
        if began.elapsed() > next + Duration::from_secs(1) {
            next += PERIOD;
            quick.spawn(enter(server.address, Duration::ZERO));
            slow.spawn(enter(server.address, PAUSE));
        }
    }
    let all = futures::future::join(quick.join_all(), slow.join_all());
    let (quick, slow) =
        timeout(2 * PATIENCE, all).await.context("the polite clients do not come to an end")?;
    silent.abort_all();
    let flooded = connected.load(Relaxed);
    outcome.figure(format!("{flooded} silent connections in {} s", seconds(began.elapsed())));
    ensure!(flooded > 100, "the flood did not reach the server: {flooded} connections");
    for (kind, served) in [("whole request", quick), ("request in 0.8 s", slow)] {
        let asked = served.len();
        let times: Vec<_> = served.into_iter().flatten().collect();
        let longest = times.iter().max().copied().unwrap_or_default();
        outcome.figure(format!("{kind}: longest wait {} s", seconds(longest)));
        outcome.exactly(&format!("polite clients served, {kind}"), times.len(), asked);
        outcome.expect(format!("somebody asked, {kind}"), asked, asked > 5);
    }
    siege.end(FULL_CHAT, server, &mut outcome).await;
    Ok(outcome)
}

/// Connects, and waits to be cut.
async fn say_nothing(address: SocketAddr, connected: Arc<AtomicUsize>) {
    // A connection that cannot be made in that time is part of the flood, too.
    let Ok(Ok(mut raw)) = timeout(STAY, Raw::connect_from(FLOOD, address, None)).await else {
        return;
    };
    connected.fetch_add(1, Relaxed);
    let mut byte = [0; 1];
    // Any end is an end.
    let _ = timeout(STAY, raw.tcp.read(&mut byte)).await;
}

/// Runs a polite client. Returns how long it waited for its 101.
async fn enter(address: SocketAddr, pause: Duration) -> Result<Duration> {
    let began = Instant::now();
    let upgraded = async {
        let raw = Raw::connect_from(POLITE, address, None).await?;
        raw.open(Dialect::Reconnect.target(), None, pause).await
    };
    timeout(PATIENCE, upgraded).await??;
    Ok(began.elapsed())
}
