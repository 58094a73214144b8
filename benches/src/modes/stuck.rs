//! Clients that read nothing while many messages are broadcast.

use super::{Contender, Sample, cost};
use crate::load::{Load, Plan, Until};

const READERS: usize = 10;

/// Nearly the longest message that the chat allows. 50,000 of them are 200 MB for each client.
const PADDING: usize = 3_900;
const MESSAGES: usize = 50_000;

/// How much slower the chat is with `stuck` clients that do not read, how much memory it takes for
/// them, and how many of them it keeps.
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
