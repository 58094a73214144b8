//! Tests `full_chat` with all kinds of clients for a given time.
//!
//!     cargo run --release -p ws101-soak -- --minutes 10
//!
//! Starts the server as a child process. Witnesses, which are well-behaved clients in all dialects,
//! check every message that they receive. Other clients disconnect, reset, stop reading, flood and
//! send invalid frames. At the end every witness must have received every accepted line once and in
//! order, and the server's memory and descriptors must be free again. Otherwise the exit code is 1.
//! With `--class` it runs a class of `ws101 lesson` instead.

mod class;
mod fault;
mod ledger;
mod options;
mod report;
mod run;
mod stage;
mod tally;
mod vitals;
mod witness;

use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use anyhow::Result;
use options::{Options, USAGE};

#[tokio::main]
async fn main() -> Result<ExitCode> {
    if std::env::args().nth(1).as_deref() == Some("--class") {
        return class().await;
    }
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            let _ = writeln!(stderr(), "{error:#}\n{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    // Printed first, so that a run that hangs or is killed can be repeated. A closed standard output
    // neither ends the run nor changes the exit code.
    let _ = writeln!(stdout(), "seed {}", options.seed);
    let report = run::run(options).await?;
    let _ = write!(stdout(), "{report}");
    Ok(if report.failures().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs a class; see [`class`].
async fn class() -> Result<ExitCode> {
    let options = match class::Options::parse(std::env::args().skip(2)) {
        Ok(options) => options,
        Err(error) => {
            let _ = writeln!(stderr(), "{error:#}\n{}", class::USAGE);
            return Ok(ExitCode::from(2));
        }
    };
    let report = class::run(options).await?;
    let _ = write!(stdout(), "{report}");
    Ok(if report.failures().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
