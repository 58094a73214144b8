//! Clients that read nothing while much is said.

use super::{Contender, Sample, cost};
use crate::load::{Load, Plan, Until};

const READERS: usize = 10;

/// Nearly the longest that the chat lets anyone say; with 50,000 of them 200 MB go past.
const PADDING: usize = 3_900;
const MESSAGES: usize = 50_000;

/// How much slower `stuck` others make it, how far memory grows, and how many of them are kept.
pub fn run(contender: &Contender, stuck: usize) -> anyhow::Result<Sample> {
    let target = contender.start()?;
    let mut load = Load::connect(&target, READERS)?;
    let until = Until::Messages(MESSAGES / 5);
    let few =
        Plan { speakers: 4, in_flight: 4, period: None, padding: PADDING, echo: false, until };
    let alone = load.run(&few)?;
    let stuck = Load::connect(&target, stuck)?;
    let before = target.memory()?;
    let many = Plan { until: Until::Messages(MESSAGES), ..few };
    let (mut sample, beside) = cost::each(&target, || {
        let outcome = load.run(&many)?;
        Ok((outcome.deliveries, outcome))
    })?;
    let growth = target.memory()?.saturating_sub(before);
    let faults = alone.lost + alone.disordered + beside.lost + beside.disordered;
    sample.extend([
        ("slower", (beside.wall.as_secs_f64() / 5.0) / alone.wall.as_secs_f64()),
        ("growth MB", growth as f64 / 1e6),
        ("stayed", stuck.stayed() as f64),
        ("faults", faults as f64),
    ]);
    Ok(sample)
}
