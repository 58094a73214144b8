//! The command `ws101`: what a WebSocket server must do, tried on any of them.

mod address;
mod check;
mod connect;
mod doctor;
mod play;
mod process;
mod program;
mod record;
mod target;

use std::process::ExitCode;

use check::Lang;
use clap::{Parser, Subcommand};

/// What became of the whole: the command's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
}

/// Grade, examine, record and play any WebSocket server.
///
/// Exit codes: 0 passed, 1 failed, 2 could not run.
#[derive(Parser)]
#[command(name = "ws101", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Check),
    Connect(connect::Connect),
    Doctor(doctor::Doctor),
    Play(play::Play),
    Record(record::Record),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Check(check) => check.run().await,
        Command::Connect(connect) => connect.run().await,
        Command::Doctor(doctor) => doctor.run().await,
        Command::Play(play) => play.run().await,
        Command::Record(record) => record.run().await,
    };
    match outcome {
        Ok(Verdict::Passed) => ExitCode::SUCCESS,
        Ok(Verdict::Failed) => ExitCode::from(1),
        Err(error) => {
            eprintln!("ws101: {error:#}");
            ExitCode::from(2)
        }
    }
}
