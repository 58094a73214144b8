//! A server for every lesson, and all the ways to get it wrong.
//!
//!     cargo run -p ws101-cli --example ws101-broken -- --break 7.3
//!
//! fails check 7.3 of `ws101 check 7` and no other; with `--lesson 7` nothing is
//! wrong. Each fault is one line, where the right thing would be: look for its
//! number. It is what the grader is graded with, and a bank of bugs to spot in class.

mod hostile;
mod opening;
mod rooms;
mod server;
mod session;

use std::sync::OnceLock;

use anyhow::{Result, bail};
use clap::Parser;

use hostile::Hostility;

/// A server for every lesson, and all the ways to get it wrong.
#[derive(Parser)]
struct Cli {
    /// The one check that it is to fail, such as 7.3
    #[arg(long = "break", value_name = "CHECK", conflicts_with_all = ["lesson", "hostile", "lessons"])]
    fault: Option<String>,
    /// The lesson whose checks it is to pass
    #[arg(long, required_unless_present_any = ["fault", "hostile", "lessons"])]
    lesson: Option<usize>,
    /// Be no server at all, but something that harms whoever it meets; with `WS_URL` set, as a client
    #[arg(long)]
    hostile: Option<Hostility>,
    /// Print the number of the last lesson that it has a room for
    #[arg(long)]
    lessons: bool,
}

/// The last lesson that has a room here.
const LAST: usize = 13;

/// The check that is to fail.
static FAULT: OnceLock<String> = OnceLock::new();

/// Whether the check of that number is to fail.
fn broken(check: &str) -> bool {
    FAULT.get().is_some_and(|fault| fault == check)
}

#[tokio::main]
async fn main() -> Result<()> {
    let Cli { fault, lesson, hostile, lessons } = Cli::parse();
    if lessons {
        println!("{LAST}");
        return Ok(());
    }
    if let Some(hostility) = hostile {
        return hostile::meet(hostility).await;
    }
    let number = fault.as_deref().and_then(|check| check.split('.').next()?.parse().ok());
    if let Some(fault) = fault {
        FAULT.get_or_init(|| fault);
    }
    match lesson.or(number) {
        Some(1..=3) => server::serve(rooms::echo::Echo).await,
        Some(4) => server::serve(rooms::connections::Connections).await,
        Some(5) => server::serve(rooms::broadcast::Broadcast::default()).await,
        Some(6..=9) => server::serve(rooms::others::Others::default()).await,
        Some(10) => server::serve(rooms::resume::Resume::default()).await,
        Some(11) => server::serve(rooms::names::Names::default()).await,
        Some(12) => server::serve(rooms::chat::Chat::default()).await,
        Some(LAST) => server::serve(rooms::sessions::Sessions::new()).await,
        _ => bail!("there is no such lesson: 1 to {LAST} have checks"),
    }
}
