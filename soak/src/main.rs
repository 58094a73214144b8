//! Clients of all kinds against `full_chat`, for as long as one likes.
//!
//!     cargo run --release -p ws101-soak -- --minutes 10
//!
//! Starts the server as a child process. Witnesses, well-behaved clients in all
//! dialects, check every message they hear, while others cut, reset, dawdle,
//! flood and break frames around them. At the end all that was accepted must
//! have been heard by everyone once and in order, and memory and descriptors
//! must have come back; else the exit code is 1.

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
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            let _ = writeln!(stderr(), "{error:#}\n{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    // Said first: a run that hangs or is ended can be repeated too.
    // A reader that is gone ends no run, and changes no exit code.
    let _ = writeln!(stdout(), "seed {}", options.seed);
    let report = run::run(options).await?;
    let _ = write!(stdout(), "{report}");
    Ok(if report.complaints().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
