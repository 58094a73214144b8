//! The command `ws101`: checks, examines, records and plays any WebSocket server.

mod check;
mod connect;
mod doctor;
mod exit;
#[cfg(unix)]
mod guard;
mod lang;
#[cfg(unix)]
mod mark;
mod output;
mod place;
mod play;
mod port;
mod process;
mod program;
mod record;
mod server;

use std::panic::{catch_unwind, resume_unwind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ws101::log;

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

/// The start of the panic message of `println!` when the reader of the pipe or the terminal is gone.
const PIPE_CLOSED: &str = "failed printing to std";

/// The exit code when the reader of the output is gone: the one that a shell gives for SIGPIPE.
const EXIT_UNREAD: u8 = 128 + 13;

/// Prints no message for a panic of `println!` on a closed pipe, and never waits to print another.
/// The panic unwinds, so that started processes are stopped.
fn silence_closed_pipe() {
    log::report_panics();
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().unwrap_or_default();
        if !said.starts_with(PIPE_CLOSED) {
            tell(panic);
        }
    }));
}

/// The parsed command line. An error in it is printed with control characters escaped.
fn parsed() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            output::print_error(format_args!("{}", error.to_string().trim_end()));
            std::process::exit(error.exit_code());
        }
        // Help and version: they hold no text of the user.
        error.exit()
    })
}

fn main() -> ExitCode {
    #[cfg(unix)]
    {
        let mut words = std::env::args_os().skip(1);
        if words.next().is_some_and(|word| word == guard::WORD) {
            let mark = words.next().and_then(|mark| mark.into_string().ok()).unwrap_or_default();
            return guard::stand(&mark::Mark::of(mark));
        }
    }
    silence_closed_pipe();
    match catch_unwind(run) {
        Ok(code) => code,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str).unwrap_or_default();
            if said.starts_with(PIPE_CLOSED) {
                ExitCode::from(EXIT_UNREAD)
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
        Ok(exit) => exit.into(),
        Err(error) => {
            output::print_error(format_args!("ws101: {error:#}"));
            ExitCode::from(2)
        }
    }
}
