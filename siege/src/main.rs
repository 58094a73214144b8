//! Attacks on the example servers, bounded in count and in time.
//!
//!     cargo run --release -p ws101-siege
//!
//! Each attack starts its servers as child processes on loopback, and prints its measurements beside
//! the marks that must be met. The exit code is 1 if a mark is missed or an attack cannot be run.
//! `docs/siege.md` lists the attacks with the figures of a run.

mod attack;
mod attacks;
mod clients;
mod ends;
mod options;
mod outcome;

use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::time::{Instant, timeout};

use crate::attack::{ATTACKS, Siege};
use crate::options::{Options, USAGE};
use crate::outcome::{Outcome, seconds};

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error:#}\n{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    // Each of thousands of clients takes a descriptor of this process.
    rlimit::increase_nofile_limit(u64::MAX)?;
    let ended = ws101::program::signal()?;
    // Dropping the siege kills its servers, also after Ctrl-C and SIGTERM.
    tokio::select! {
        passed = besiege(&options) => {
            Ok(if passed? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        signal = ended => {
            eprintln!("{signal}: the siege is not complete");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Runs the attacks that `options` name, one after the other. Returns whether all marks were met.
async fn besiege(options: &Options) -> Result<bool> {
    println!("the examples are built first");
    let siege = Siege::prepare(options).await?;
    println!("seed {}", siege.seed);
    if siege.short {
        println!("short: fewer clients and wider marks than the names of the attacks say");
    }
    let mut missed = Vec::new();
    let mut rows = Vec::new();
    for attack in ATTACKS.iter().filter(|attack| options.names(attack.name)) {
        println!("\n== {}: {}", attack.name, attack.about);
        let began = Instant::now();
        let carried_out = timeout(attack.bound, (attack.run)(&siege)).await;
        let outcome = carried_out
            .with_context(|| format!("not over after {} s", attack.bound.as_secs()))
            .flatten()
            .unwrap_or_else(|error| Outcome::failed(&error));
        print!("{outcome}");
        let verdict = if outcome.passed() { "passed" } else { "NOT PASSED" };
        println!("   {verdict}, after {} s", seconds(began.elapsed()));
        if !outcome.passed() {
            missed.push(attack.name);
        }
        rows.push(outcome.row(attack.name));
    }
    if options.table {
        println!("\n| attack | figures | marks missed, with what was seen |\n| --- | --- | --- |");
        for row in rows {
            println!("{row}");
        }
    }
    match missed.as_slice() {
        [] => println!("\nevery mark is met"),
        names => println!("\nmarks missed by {}: {}", names.len(), names.join(", ")),
    }
    Ok(missed.is_empty())
}
