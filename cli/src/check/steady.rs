//! Plays every check in virtual time against the library pieces that the examples use.
//!
//! With a paused clock the load of the machine has no effect, so a check that passes once passes
//! always. `just steady` plays each a thousand times.

mod history;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, ensure};
use ws101::chat::Chat;
use ws101::close;
use ws101::echo::echo;
use ws101::endpoint::Endpoint;
use ws101::handshake::Policy;
use ws101::limits::Caps;
use ws101::program::settings_from;
use ws101::scenario::{Note, Scenario};
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::transcript::{Pipe, Transcript};
use ws101::upgrade::{HEAD_DEADLINE, accept, config};

use super::lesson::{Check, Lesson};
use super::template::Template;
use history::Remembering;

/// How often each check is played.
const RUNS: usize = 1000;

/// The checks of a page, of cookies, of a limit of its own, or of a game, which only a program has.
const OF_PROGRAMS: [&str; 19] = [
    "4.5", "13.1", "13.2", "13.3", "13.4", "13.5", "13.6", "14.1", "14.2", "14.3", "14.4", "14.5",
    "14.6", "15.1", "15.2", "15.3", "15.4", "15.5", "15.6",
];

#[test]
fn every_check_passes_in_process() {
    play_all(1);
}

#[test]
#[ignore = "it takes minutes: just steady"]
fn every_check_passes_in_process_a_thousand_times() {
    play_all(RUNS);
}

/// Plays every check `runs` times on all processors, each time with another seed.
fn play_all(runs: usize) {
    let turn = AtomicUsize::new(0);
    let failures = thread::scope(|scope| {
        let play = || {
            let mut failures = Vec::new();
            loop {
                let run = turn.fetch_add(1, Ordering::Relaxed);
                if run >= runs {
                    return failures;
                }
                failures.extend(play_each(u32::try_from(run).expect("it is small")));
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let playing: Vec<_> = (0..threads).map(|_| scope.spawn(play)).collect();
        playing.into_iter().flat_map(|one| one.join().expect("it ends")).collect::<Vec<_>>()
    });
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.concat());
}

fn play_each(seed: u32) -> Vec<String> {
    let lessons = (1..).map_while(Lesson::find);
    let checks =
        lessons.flat_map(|lesson| lesson.checks().into_iter().map(move |check| (lesson, check)));
    let checks = checks.filter(|(_, check)| {
        !check.is_of_clients() && !OF_PROGRAMS.contains(&check.number.as_str())
    });
    let played = checks.filter_map(|(lesson, check)| {
        let mut clock = tokio::runtime::Builder::new_current_thread();
        let clock = clock.enable_all().start_paused(true).build().expect("there is a runtime");
        let played = clock.block_on(play(lesson, &check, seed));
        played.err().map(|error| format!("check {} --seed {seed}: {error:#}\n", check.number))
    });
    played.collect()
}

async fn play(lesson: &Lesson, check: &Check, seed: u32) -> Result<()> {
    let server = Arc::new(Program::new(lesson)?);
    let scenario: Scenario = Template(&check.template).fill(seed).parse()?;
    let serving = server.clone();
    let transcript = Transcript::new(move |pipe| {
        let server = serving.clone();
        async move { server.serve(pipe).await }
    });
    let played = scenario.play_with(transcript, |step| {
        if step.notes.contains(&Note::SignalTerm) {
            let server = server.clone();
            tokio::spawn(async move { server.end().await });
        }
    });
    let played = played.await;
    ensure!(played.difference.is_none(), "{played}");
    Ok(())
}

/// The library pieces of a lesson's example.
struct Program {
    lesson: usize,
    chat: Endpoint<Chat>,
    caps: Caps,
    history: Remembering,
    /// Ends every connection.
    exit: Shutdown,
}

impl Program {
    fn new(lesson: &Lesson) -> Result<Self> {
        let env = lesson.settings();
        let set = |name| env.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).into());
        // How much a client may say is no matter here, and crowds say much at once.
        let defaults = Settings { rate: 0, ..Settings::default() };
        let settings = settings_from(defaults, set)?;
        Ok(Self {
            lesson: lesson.number,
            chat: Endpoint::open(Chat::new(&settings), &settings),
            caps: settings.caps(),
            history: Remembering::new(),
            exit: Shutdown::default(),
        })
    }

    async fn serve(&self, pipe: Pipe) {
        // A program would have closed its listener.
        if self.chat.shutdown().has_begun() {
            return;
        }
        let served = async {
            match self.lesson {
                1..=3 => echoes(pipe).await,
                5 => self.speak("/ws?dialect=node_chat", pipe).await,
                6..=9 => self.speak("/ws?dialect=broadcast_server", pipe).await,
                10 => self.history.serve(pipe).await,
                11 => self.speak("/ws?dialect=python_chat", pipe).await,
                // A client that is refused has got the reason.
                12 => drop(self.chat.accept(pipe).await),
                _ => self.speak("/ws", pipe).await,
            }
        };
        tokio::select! {
            () = served => {}
            () = self.exit.begun() => {}
        }
    }

    /// Serves the chat at /ws only, in the dialect of `target`.
    async fn speak(&self, target: &str, pipe: Pipe) {
        let policy = Policy { paths: vec!["/ws".into()], ..Policy::default() };
        let Ok(mut accepted) = accept(pipe, &policy, HEAD_DEADLINE).await else { return };
        accepted.peer = accepted.peer.with_target(target.parse().expect("it is a path"));
        let Some(permit) = self.caps.enter(accepted.peer.ip()) else { return };
        let _awaited = self.chat.shutdown().hold();
        self.chat.serve(accepted, permit).await;
    }

    /// Ends it as SIGTERM would.
    async fn end(&self) {
        self.chat.close().await;
        self.exit.begin();
    }
}

async fn echoes(pipe: Pipe) {
    let policy = Policy { paths: vec!["/ws".into()], ..Policy::default() };
    let Ok(accepted) = accept(pipe, &policy, HEAD_DEADLINE).await else { return };
    let mut socket = accepted.into_socket(config(1 << 20)).await;
    let ended = echo(&mut socket, |said| format!("Принято: {said}")).await;
    close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await;
}
