//! Broadcasting: one message comes in, and every client receives a copy.

use std::time::Duration;

use super::{Contender, Sample, cost};
use crate::load::{Load, Plan, Until};

/// How long one run lasts, after a shorter warm-up run.
const TIME: Duration = Duration::from_millis(800);
const WARM_UP: Duration = Duration::from_millis(200);

/// The clients and their plan.
pub struct Fan {
    clients: usize,
    plan: Plan,
}

const fn fan(clients: usize, speakers: usize, in_flight: usize) -> Fan {
    let until = Until::Time(TIME);
    let plan = Plan { speakers, in_flight, period: None, padding: 0, echo: false, until };
    Fan { clients, plan }
}

pub const ONE: Fan = fan(1000, 1, 1);
pub const SOME: Fan = fan(1000, 8, 4);
pub const MANY: Fan = fan(1000, 8, 8);
pub const CROWD: Fan = fan(5000, 8, 1);
pub const STEADY: Fan = Fan {
    clients: 1000,
    plan: Plan {
        period: Some(Duration::from_millis(20)),
        until: Until::Time(Duration::from_secs(2)),
        ..fan(1000, 8, 1).plan
    },
};
pub const ECHO: Fan = Fan { clients: 64, plan: Plan { echo: true, ..fan(64, 64, 1).plan } };
pub const ECHO_STEADY: Fan = Fan {
    clients: 64,
    plan: Plan {
        period: Some(Duration::from_millis(1)),
        until: Until::Time(Duration::from_secs(2)),
        ..ECHO.plan
    },
};

/// Measures one server with this load.
pub fn run(contender: &Contender, Fan { clients, plan }: &Fan) -> anyhow::Result<Sample> {
    let mut target = contender.start()?;
    if plan.echo {
        target = target.at("/chat");
    }
    let mut load = Load::connect(&target, *clients)?;
    load.run(&Plan { until: Until::Time(WARM_UP), ..plan.clone() })?;
    let (mut sample, outcome) = cost::each(&target, || {
        let outcome = load.run(plan)?;
        Ok((outcome.deliveries, outcome))
    })?;
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    sample.extend([
        ("k/s", outcome.deliveries as f64 / outcome.wall.as_secs_f64() / 1e3),
        ("p50 ms", millis(outcome.latency.quantile(0.5))),
        ("p99 ms", millis(outcome.latency.quantile(0.99))),
        ("max ms", millis(outcome.latency.quantile(1.0))),
        ("per read", outcome.deliveries as f64 / outcome.reads.max(1) as f64),
        ("B each", outcome.bytes as f64 / outcome.deliveries.max(1) as f64),
        ("faults", (outcome.lost + outcome.disordered) as f64),
    ]);
    Ok(sample)
}
