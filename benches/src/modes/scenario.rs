//! A scenario that is played in process: a client sends a message and receives its echo, many times.

use std::fmt::Write;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::runtime::{Builder, Runtime};
use ws101::close;
use ws101::echo::echo;
use ws101::handshake::Policy;
use ws101::scenario::Scenario;
use ws101::transcript::{Pipe, Transcript};
use ws101::upgrade::{HEAD_DEADLINE, accept, config};

use super::{Contender, Sample, cost};
use crate::target::Target;

const STEPS: usize = 20;

/// Lines of each step: one message and its echo.
const PAIRS: usize = 25;

/// The other lines: the request and its answer.
const EVENTS: u64 = (STEPS * PAIRS * 2 + 2) as u64;

const TIME: Duration = Duration::from_millis(800);

/// How many lines of a scenario are played in a second, and what one costs.
pub fn run(_: &Contender) -> anyhow::Result<Sample> {
    let scenario: Scenario = text().parse()?;
    let clock = Builder::new_current_thread().enable_all().start_paused(true).build()?;
    play(&scenario, &clock)?;
    let began = Instant::now();
    let (mut sample, events) = cost::each(&Target::this(), || {
        let mut events = 0;
        while began.elapsed() < TIME {
            play(&scenario, &clock)?;
            events += EVENTS;
        }
        Ok((events, events))
    })?;
    sample.push(("k/s", events as f64 / began.elapsed().as_secs_f64() / 1e3));
    Ok(sample)
}

fn play(scenario: &Scenario, clock: &Runtime) -> anyhow::Result<()> {
    let played = clock.block_on(scenario.play(Transcript::new(serve)));
    ensure!(played.difference.is_none(), "{played}");
    Ok(())
}

async fn serve(pipe: Pipe) {
    let Ok(accepted) = accept(pipe, &Policy::default(), HEAD_DEADLINE).await else { return };
    let mut socket = accepted.into_socket(config(1 << 16)).await;
    let ended = echo(&mut socket, str::to_owned).await;
    close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await;
}

fn text() -> String {
    let mut text = String::from("ann -> GET /ws\nann <- 101\n");
    for step in 0..STEPS {
        let _ = write!(text, "\n== step {step}\n");
        for pair in 0..PAIRS {
            let said =
                format!(r#"{{"type":"message","id":"{step}-{pair}","content":"Привет всем!"}}"#);
            let _ = write!(text, "ann >> json {said}\nann << json {said}\n");
        }
    }
    text
}
