//! The command `ws101`: checks, examines, records, plays and taps any WebSocket server.

mod attempt;
mod broken;
mod check;
mod class;
mod code;
mod connect;
mod doctor;
mod exit;
mod form;
#[cfg(unix)]
mod guard;
mod invocation;
mod lan;
mod lang;
mod lesson;
mod listeners;
#[cfg(unix)]
mod mark;
mod notes;
mod output;
mod pages;
mod pauses;
mod place;
mod play;
mod port;
mod process;
mod processes;
mod program;
mod progress;
mod record;
mod recorded;
mod request;
mod route;
mod scenario_file;
mod server;
mod start;
mod strain;
mod tap;
mod tls;
mod usage;

use std::panic::{catch_unwind, resume_unwind};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use lang::Lang;
use output::Unread;
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
    Broken(broken::Broken),
    Check(check::Check),
    Connect(connect::Connect),
    Doctor(doctor::Doctor),
    Lesson(lesson::LessonCommand),
    Play(play::Play),
    Record(record::Record),
    Start(start::Start),
    Tap(tap::Tap),
}

/// The exit code when the reader of the output is gone: the one that a shell gives for SIGPIPE.
const EXIT_UNREAD: u8 = 128 + 13;

/// Prints no message for the panic of an output that nobody reads, and never waits to print another.
/// The panic unwinds, so that started processes are stopped.
fn silence_unread() {
    log::report_panics();
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.payload().is::<Unread>() {
            tell(panic);
        }
    }));
}

/// The exit code when standard output takes nothing more. The reason is told, unless its reader has
/// closed it, as `head` does.
fn unread(unread: Unread) -> ExitCode {
    if matches!(unread, Unread::Closed) {
        return ExitCode::from(EXIT_UNREAD);
    }
    output::print_error(format_args!("ws101: {unread}"));
    ExitCode::from(2)
}

/// The parsed command line. An error in it is one line, with control characters escaped.
fn parsed() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        {
            let lang = Lang::of_arguments(std::env::args_os().skip(1));
            output::print_error(format_args!("ws101: {}", usage::one_line(&error, lang)));
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
    silence_unread();
    match catch_unwind(run) {
        Ok(code) => code,
        Err(panic) => match panic.downcast_ref::<Unread>() {
            Some(&error) => unread(error),
            None => resume_unwind(panic),
        },
    }
}

#[tokio::main]
async fn run() -> ExitCode {
    let outcome = match parsed().command {
        Command::Broken(broken) => broken.run().await,
        Command::Check(check) => Box::pin(check.run()).await,
        Command::Connect(connect) => connect.run().await,
        Command::Doctor(doctor) => doctor.run().await,
        Command::Lesson(lesson) => lesson.run().await,
        Command::Play(play) => play.run().await,
        Command::Record(record) => record.run().await,
        Command::Start(start) => start.run(),
        Command::Tap(tap) => tap.run().await,
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => {
            if let Some(&error) = error.downcast_ref() {
                return unread(error);
            }
            let lang = Lang::of_arguments(std::env::args_os().skip(1));
            output::print_error(format_args!("ws101: {}", lang.error(&error)));
            ExitCode::from(2)
        }
    }
}
