//! One run: clients connect, send, go quiet; then the counts are compared.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::ledger::Ledger;
use crate::options::Options;
use crate::report::Report;
use crate::stage::{Phase, Stage};
use crate::vitals::Vitals;
use crate::{fault, witness};
use ws101_soak::dialect::Dialect;
use ws101_soak::server::Server;

/// The pause between two reports of the server.
const LOOK: Duration = Duration::from_millis(500);

/// How long lines may take to arrive, clients to leave, and memory to be freed.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The warm-up lasts one part in `WARM` of the run. The server may keep the memory that it holds
/// after it.
const WARM: u32 = 5;

/// Runs `full_chat` and all clients.
pub async fn run(options: Options) -> Result<Report> {
    let server = Server::start().await?;
    let start = Vitals::take(&server).await?;
    let (director, phase) = watch::channel(Phase::Talking);
    let stage = Stage { address: server.address, ledger: Arc::<Ledger>::default(), phase };
    let mut rng = StdRng::seed_from_u64(options.seed);
    let mut witnesses = JoinSet::new();
    let mut faults = JoinSet::new();
    let crowd = options.witnesses + options.roamers;
    for (place, &dialect) in Dialect::ALL.iter().cycle().take(crowd).enumerate() {
        let roams = place >= options.witnesses;
        witnesses.spawn(witness::attend(stage.clone(), place, dialect, rng.random(), roams));
    }
    for _ in 0..options.faults {
        faults.spawn(fault::visit(stage.clone(), rng.random()));
    }

    let began = Instant::now();
    let mut warm = None;
    let mut peak = start;
    while began.elapsed() < options.time {
        sleep(LOOK).await;
        let now = Vitals::take(&server).await?;
        peak = peak.max(now);
        if began.elapsed() >= options.time / WARM {
            warm.get_or_insert(now);
        }
    }

    director.send_replace(Phase::Quiet);
    timeout(TIMEOUT, faults.join_all()).await.context("a misbehaving client does not end")?;
    eventually(async || Ok(stage.ledger.settled() >= witnesses.len())).await?;
    director.send_replace(Phase::Settled);
    timeout(2 * TIMEOUT, witnesses.join_all()).await.context("a witness does not end")?;

    // A closed socket's descriptor is freed when its task ends, a moment later.
    let mut end = Vitals::take(&server).await?;
    eventually(async || {
        end = Vitals::take(&server).await?;
        Ok(end.connections == 0 && end.descriptors <= start.descriptors)
    })
    .await?;
    let stats = server.stats().await?;
    let ended = server.stop().await?;
    let findings = stage.ledger.findings(|findings| findings.clone());
    let warm = warm.unwrap_or(peak);
    Ok(Report { options, findings, start, warm, peak, end, stats, ended })
}

/// Polls until `done` or a deadline. After the deadline the report shows what is missing.
async fn eventually(mut done: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    while !done().await? && began.elapsed() < TIMEOUT {
        sleep(LOOK).await;
    }
    Ok(())
}
