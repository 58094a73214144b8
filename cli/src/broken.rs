//! `ws101 broken`: a server for every lesson, and all the ways to get it wrong.
//!
//! `ws101 broken --break 7.3` fails check 7.3 of `ws101 check 7` and no other; with `--lesson 7` nothing is
//! wrong. Each fault is one line, where the right thing would be: look for its number. The grader is graded
//! with it, and a class looks for the mistake.

mod mistake;
mod opening;
mod rooms;
mod server;
mod session;
mod shared;

use anyhow::Result;
use clap::Args;

use crate::exit::Exit;
use crate::form::Form;

/// Run a server with one mistake, which a class looks for: `ws101 broken --break 7.3`.
///
/// It listens on 127.0.0.1:$PORT, path /ws, and fails exactly that check of `ws101 check 7`.
#[derive(Args)]
pub struct Broken {
    /// The one check that it is to fail, such as 7.3
    #[arg(long = "break", value_name = "CHECK", conflicts_with_all = ["lesson", "lessons"])]
    fault: Option<String>,
    /// The lesson whose checks it is to pass: nothing is wrong then
    #[arg(long, required_unless_present_any = ["fault", "lessons"])]
    lesson: Option<usize>,
    /// Print the number of the last lesson that it has a room for
    #[arg(long)]
    lessons: bool,
}

/// The last lesson that has a room here.
pub const LAST: usize = 15;

impl Broken {
    pub async fn run(self) -> Result<Exit> {
        if self.lessons {
            crate::output::print_lines!("{LAST}");
            return Ok(Exit::Passed);
        }
        let fault = self.fault.as_deref().and_then(|check| check.split('.').next()?.parse().ok());
        if let Some(fault) = self.fault {
            mistake::choose(fault);
        }
        match self.lesson.or(fault) {
            Some(1..=3) => server::serve(rooms::echo::Echo).await,
            Some(4) => server::serve(rooms::connections::Connections).await,
            Some(5) => server::serve(rooms::broadcast::Broadcast::default()).await,
            Some(6..=9) => server::serve(rooms::others::Others::default()).await,
            Some(10) => server::serve(rooms::resume::Resume::default()).await,
            Some(11) => server::serve(rooms::names::Names::default()).await,
            Some(12) => server::serve(rooms::chat::Chat::default()).await,
            Some(13) => server::serve(rooms::sessions::Sessions::new()).await,
            Some(14) => server::serve(rooms::limits::Limits::new()?).await,
            Some(LAST) => server::serve(rooms::games::Games::new()?).await,
            _ => Err(no_such_lesson().into()),
        }?;
        Ok(Exit::Passed)
    }
}

fn no_such_lesson() -> Form {
    Form::new(
        format!("there is no such lesson: 1 to {LAST} have checks"),
        format!("такого урока нет: проверки есть у уроков с 1 по {LAST}"),
    )
}
