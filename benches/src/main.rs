//! Measures how fast the chat broadcasts, beside a minimal server and a naive one.
//!
//!     cargo run --release -p ws101-bench [MODE...] [--rounds N]
//!         [--only NAME] [--baseline PROGRAM] [--peer NAME URL TEMPLATE PID]
//!
//! In each round every server is started in its own process and measured. The servers take turns, so that
//! other load on this machine affects all of them. Compare the ratios and their spread. The baseline is the
//! chat of another build of this program, for example of the commit before a change. A peer is any server
//! that sends a client's message to all; `{}` in its template stands for the content.

// The standard clock is right here: no test pauses it.
#![allow(clippy::disallowed_methods)]

mod churn;
mod load;
mod modes;
mod process;
mod report;
mod servers;
mod target;
mod wording;

use anyhow::Context;

use crate::modes::{Contender, MODES, Mode};
use crate::report::Row;
use crate::target::Peer;

/// Rounds of a mode with the full number of rounds.
const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    // Each connection takes one descriptor in this process and one in the server.
    rlimit::increase_nofile_limit(u64::MAX)?;
    let mut args = std::env::args().skip(1);
    let mut wanted = Vec::new();
    let mut rounds = ROUNDS;
    let mut others = Vec::new();
    let mut only = String::new();
    while let Some(arg) = args.next() {
        let mut next = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "serve" => return next()?.parse::<servers::Kind>()?.serve(),
            "--rounds" => rounds = next()?.parse()?,
            "--only" => only = next()?,
            "--baseline" => others.push(Contender::Baseline(next()?.into())),
            "--peer" => others.push(Contender::Peer(Peer {
                name: next()?,
                url: next()?,
                template: next()?,
                pid: Some(next()?.parse()?),
            })),
            name => wanted.push(mode(name)?),
        }
    }
    if wanted.is_empty() {
        wanted.extend(MODES);
    }
    let mut met = true;
    for mode in wanted {
        report::print_heading(mode);
        met &= report::print(mode, &measure(mode, rounds, &others, &only)?);
    }
    println!("\n{}", if met { "Every \"must\" is met." } else { "Not every \"must\" is met." });
    Ok(())
}

fn mode(name: &str) -> anyhow::Result<&'static Mode> {
    let names: Vec<_> = MODES.iter().map(|mode| mode.name).collect();
    let unknown = || format!("there is no mode {name}; there are {}", names.join(", "));
    MODES.iter().find(|mode| mode.name == name).with_context(unknown)
}

/// Measures all contenders in turn, for each round.
fn measure(
    mode: &Mode,
    rounds: usize,
    others: &[Contender],
    only: &str,
) -> anyhow::Result<Vec<Row>> {
    let ours = mode.kinds.iter().map(|kind| Contender::Ours(*kind));
    let others = others.iter().filter(|contender| mode.admits(contender)).cloned();
    let contenders = ours.chain(others).filter(|contender| contender.name().contains(only));
    let contenders: Vec<_> = contenders.collect();
    let mut rows: Vec<_> =
        contenders.iter().map(|one| Row { name: one.name(), samples: Vec::new() }).collect();
    for round in 0..(rounds * mode.rounds).div_ceil(10) {
        // The first contender is the last in the next round.
        for turn in 0..contenders.len() {
            let index = (round + turn) % contenders.len();
            let sample = (mode.run)(&contenders[index]);
            let about = || format!("{}, {}", mode.name, rows[index].name);
            let sample = sample.with_context(about)?;
            rows[index].samples.push(sample);
        }
    }
    Ok(rows)
}
