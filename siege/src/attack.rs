//! The list of attacks, and the environment in which each runs.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use ws101_soak::server::{Log, Server, build};

use crate::attacks::{crowd, evictions, flood, growth, herd, logs, odd, renames, silent, upload};
use crate::options::Options;
use crate::outcome::{Outcome, seconds};

/// The example of each lesson; each is attacked with odd requests and with an unread log.
pub static EXAMPLES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let pages = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../lessons/en"));
    let pages = pages.into_iter().flatten().flatten();
    let names = pages.filter_map(|page| page.file_name().into_string().ok());
    let name = |page: String| Some(page.strip_suffix(".md")?.split_once('_')?.1.to_owned());
    let mut names: Vec<_> = names.filter_map(name).collect();
    names.sort_unstable();
    names
});

/// The examples that handle SIGTERM and end in order. The system ends the others.
const GRACEFUL: [&str; 5] = ["full_chat", "guess", "names_and_typing", "reconnect", "shutdown"];

/// How long a server may take to end after SIGTERM: 5 s for its drain, 3 s for a close, and a reserve
/// for a busy machine.
const ENDING: Duration = Duration::from_secs(12);

/// The path at which an example accepts WebSockets.
pub fn target(example: &str) -> &'static str {
    match example {
        "connections" | "guess" | "handshake" | "poll_vs_push" | "reconnect" | "strangers_page"
        | "too_fast" => "/ws",
        "raw_echo" => "/chat",
        _ => "/",
    }
}

/// Settings without pings and idle timeouts, which would end clients that a busy machine delays.
pub const PATIENT: [(&str, &str); 3] =
    [("WS_HEARTBEAT_MS", "0"), ("WS_IDLE_MS", "0"), ("WS_STATS_MS", "600000")];

/// One attack.
pub struct Attack {
    pub name: &'static str,
    /// The attack in a few words.
    pub about: &'static str,
    /// The longest time that it may take.
    pub bound: Duration,
    pub run: fn(&Siege) -> BoxFuture<'_, Result<Outcome>>,
}

macro_rules! attacks {
    ($($name:literal, $about:literal, $seconds:literal, $run:expr;)*) => {
        /// All attacks, in the order in which they run.
        pub const ATTACKS: &[Attack] = &[$(Attack {
            name: $name,
            about: $about,
            bound: Duration::from_secs($seconds),
            run: |siege| Box::pin($run(siege)),
        }),*];
    };
}

attacks! {
    "crowd-node_chat", "2,000 node_chat clients at once, then half of them leave", 180, crowd::of_node_chat;
    "crowd-broadcast_server", "2,000 broadcast_server clients at once, then half of them leave", 180, crowd::of_broadcast_server;
    "crowd-reconnect", "2,000 reconnect clients at once, then half of them leave", 180, crowd::of_reconnect;
    "crowd-note", "2,000 note clients at once, then half of them leave", 180, crowd::of_note;
    "crowd-python_chat", "2,000 python_chat clients at once, then half of them leave", 180, crowd::of_python_chat;
    "crowd-canonical", "2,000 canonical clients at once, then a quarter rename and a quarter leave", 180, crowd::of_canonical;
    "crowd-names", "2,000 clients of names_and_typing at once, then half of them leave", 180, crowd::of_names;
    "crowd-echo", "2,000 clients of echo_broadcast at once, then half of them leave", 180, crowd::of_echo;
    "growth", "1,000 and 5,000 canonical clients at once, while two members talk", 300, growth::run;
    "silent", "920 silent connections a second from 127.0.0.2, and polite clients from 127.0.0.1", 60, silent::run;
    "herd", "2,000 complete HTTP requests at once", 60, herd::run;
    "flood", "30 members send 16 kB messages within their rates; 20 others read at 10 Mbit/s", 180, flood::run;
    "upload", "one message of 60 kB takes longer than the timeouts of the heartbeat", 90, upload::run;
    "log-unread", "1,000 visits to each example, whose output nobody reads", 400, logs::unread;
    "log-closed", "1,000 visits to each example, whose output is closed", 400, logs::closed;
    "odd", "odd requests to each example, as the first and as the second of a connection", 180, odd::run;
    "renames", "one member renames itself ten times before 300 python_chat clients", 60, renames::run;
    "evictions", "100 of 400 python_chat members do not read while six talk", 120, evictions::run;
}

/// The environment of every attack: the programs, and the size of the run.
pub struct Siege {
    pub seed: u64,
    pub short: bool,
    programs: PathBuf,
}

impl Siege {
    /// Builds the examples.
    pub async fn prepare(options: &Options) -> Result<Self> {
        let programs = build(&EXAMPLES).await?;
        Ok(Self { seed: options.seed, short: options.short, programs })
    }

    /// `full` in a full run, `short` in a short one.
    pub fn size<T>(&self, full: T, short: T) -> T {
        if self.short { short } else { full }
    }

    /// Starts an example.
    pub async fn start<V: AsRef<str>>(
        &self,
        example: &str,
        settings: &[(&str, V)],
        log: Log,
    ) -> Result<Server> {
        Server::launch(&self.programs.join(example), settings, log).await
    }

    /// Ends an example with SIGTERM, and adds the marks for its end.
    pub async fn end(&self, example: &str, server: Server, outcome: &mut Outcome) {
        let wanted = format!("ends within {} s of SIGTERM", ENDING.as_secs());
        match server.stop_within(ENDING).await {
            Ok(ended) => {
                let in_order = ended.status.success();
                // Without a handler the signal ends it, and there is no exit code.
                let by_signal = !GRACEFUL.contains(&example) && ended.status.code().is_none();
                let seen = format!("{}, after {} s", ended.status, seconds(ended.took));
                outcome.expect(wanted, seen, in_order || by_signal);
                let panics = usize::try_from(ended.panics).unwrap_or(usize::MAX);
                outcome.exactly("panics in its log", panics, 0);
            }
            Err(error) => outcome.expect(wanted, format!("{error:#}"), false),
        }
    }
}
