//! The cost of connections that send nothing: their memory, and the time to connect and disconnect.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Contender, Sample, cost};
use crate::churn;
use crate::load::{Load, Plan, Until};
use crate::servers::Kind;

const IDLE: usize = 10_000;
/// Connections to the naive server, which takes 130 kB for each.
const IDLE_NAIVE: usize = 1000;

/// Connections that stand before memory is measured. The first ones load code, and that is no memory of theirs.
const FIRST: usize = 100;

/// How long a server may take to free memory before it is measured.
const PAUSE: Duration = Duration::from_millis(500);

const CYCLES: usize = 3000;

/// Memory for each connection, at first and after all of them received messages.
pub fn idle(contender: &Contender) -> anyhow::Result<Sample> {
    let target = contender.start()?;
    let count = if contender.is(Kind::Naive) { IDLE_NAIVE } else { IDLE };
    let first = Load::connect(&target, FIRST)?;
    sleep(PAUSE);
    let before = target.memory()?;
    let each = |now: u64| now.saturating_sub(before) as f64 / count as f64;
    let began = Instant::now();
    let mut load = Load::connect(&target, count)?;
    let rate = count as f64 / began.elapsed().as_secs_f64();
    sleep(PAUSE);
    let idle = each(target.memory()?);
    let until = Until::Messages(20);
    load.run(&Plan { speakers: 4, in_flight: 1, period: None, padding: 0, echo: false, until })?;
    sleep(PAUSE);
    let after = each(target.memory()?);
    drop(first);
    Ok(vec![("B idle", idle), ("B after", after), ("k connects/s", rate / 1e3)])
}

/// Processor time for one connection that connects, upgrades and closes.
pub fn churn(contender: &Contender) -> anyhow::Result<Sample> {
    // At `/chat` the server sends no welcome, as the minimal server does not.
    let target = contender.start()?.at("/chat");
    churn::run(&target, CYCLES / 10)?;
    let began = Instant::now();
    let (mut sample, count) = cost::each(&target, || {
        let count = churn::run(&target, CYCLES)?;
        Ok((count as u64, count))
    })?;
    sample.push(("k/s", count as f64 / began.elapsed().as_secs_f64() / 1e3));
    Ok(sample)
}
