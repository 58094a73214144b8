//! The command `ws101`: what a WebSocket server must do, tried on any of them.

mod check;
mod connect;
mod doctor;
mod place;
mod play;
mod process;
mod program;
mod record;
mod server;

use std::process::ExitCode;

use check::Lang;
use clap::{Parser, Subcommand};
use ws101::escape::Lines;

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

/// Whoever reads only the front of it, as `head` does, has read enough: no panic to tell of.
fn end_quietly_if_nobody_reads() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().unwrap_or_default();
        if !said.starts_with("failed printing to stdout") {
            tell(panic);
        }
    }));
}

/// What the command line says; what is wrong with it is told as it may be printed.
fn parsed() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            eprint!("{}", Lines(&error.to_string()));
            std::process::exit(error.exit_code());
        }
        // Help, and the version: nobody else wrote them.
        error.exit()
    })
}

#[tokio::main]
async fn main() -> ExitCode {
    end_quietly_if_nobody_reads();
    let outcome = match parsed().command {
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
            eprintln!("ws101: {}", Lines(&format!("{error:#}")));
            ExitCode::from(2)
        }
    }
}
