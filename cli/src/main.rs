//! The command `ws101`: what a WebSocket server must do, tried on any of them.

mod check;
mod connect;
mod doctor;
#[cfg(unix)]
mod guard;
mod log;
mod place;
mod play;
mod process;
mod program;
mod record;
mod server;

use std::io;
use std::panic::{catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::time::Duration;

use check::Lang;
use clap::{Parser, Subcommand};
use tokio::time::sleep;
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

/// What `println!` panics with when nobody reads any more: `head` has read enough, a terminal is closed.
const NOBODY_READS: &str = "failed printing to std";

/// The exit code of a command that nobody read to the end: what a shell gives to one that SIGPIPE ended.
const UNREAD: u8 = 128 + 13;

/// Keeps a panic of `println!` quiet; it unwinds, so that all that was started is ended.
fn end_quietly_if_nobody_reads() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().unwrap_or_default();
        if !said.starts_with(NOBODY_READS) {
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

fn main() -> ExitCode {
    #[cfg(unix)]
    if std::env::args_os().nth(1).is_some_and(|word| word == guard::WORD) {
        return guard::stand();
    }
    end_quietly_if_nobody_reads();
    match catch_unwind(run) {
        Ok(code) => code,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str).unwrap_or_default();
            if said.starts_with(NOBODY_READS) {
                ExitCode::from(UNREAD)
            } else {
                resume_unwind(panic)
            }
        }
    }
}

#[tokio::main]
async fn run() -> ExitCode {
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

/// How long an interrupted command may take to stop what it started: 3 s to end politely, and some.
///
/// Then it ends anyway: it may be waiting for somebody to read what it prints.
const ENDING: Duration = Duration::from_secs(8);

/// Waits for a signal that asks this command to end, and sees to it that it does within [`ENDING`].
fn interrupted() -> io::Result<impl Future<Output = &'static str> + Send> {
    let asked = ws101::program::signal()?;
    tokio::spawn(async move {
        asked.await;
        sleep(ENDING).await;
        std::process::exit(2);
    });
    ws101::program::signal()
}
