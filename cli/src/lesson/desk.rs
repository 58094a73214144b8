//! The effects of the keys in the terminal.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use ws101::log;

use super::keys::{Key, Keys};
use super::words;
use crate::class::{Change, Class, State};
use crate::lang::Lang;

/// The longest that all checks of a lesson may take.
const CHECKS: Duration = Duration::from_secs(5 * 60);

/// The teacher's desk: the terminal.
pub struct Desk {
    class: Arc<Class>,
    shows_frames: Arc<AtomicBool>,
    /// Where the server is without the tap: its checks cause no events of the class.
    server: String,
    /// The teacher's page.
    teacher: String,
    lang: Lang,
    /// The checks that run.
    checking: Option<JoinHandle<()>>,
}

impl Desk {
    pub fn new(
        class: Arc<Class>,
        shows_frames: Arc<AtomicBool>,
        server: String,
        teacher: String,
        lang: Lang,
    ) -> Self {
        Self { class, shows_frames, server, teacher, lang, checking: None }
    }

    /// Does what the keys mean until one ends the lesson, and tells pages of each change of the server.
    pub async fn attend(&mut self, keys: &mut Option<Keys>) {
        let mut states = self.class.server.states();
        loop {
            let pressed = async {
                match keys {
                    Some(keys) => keys.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Ok(()) = states.changed() => self.class.tell(),
                key = pressed => match key {
                    Some(key) if self.press(key) => {}
                    Some(_) => return,
                    // The terminal is gone, and the lesson goes on.
                    None => *keys = None,
                },
            }
        }
    }

    /// Does what a key means; `false` to end the lesson.
    fn press(&mut self, key: Key) -> bool {
        match key {
            Key::Quit => return false,
            Key::Wire => {
                let is_on = !self.shows_frames.fetch_xor(true, Relaxed);
                log!("# {}", words::wire(is_on, self.lang));
            }
            Key::Teacher => self.open_teacher(),
            Key::Check => self.check(),
            Key::Server => self.change_server(),
            Key::Undo => self.undo(),
        }
        true
    }

    fn open_teacher(&self) {
        let mut words = match () {
            () if cfg!(windows) => vec!["cmd", "/C", "start", ""],
            () if cfg!(target_os = "macos") => vec!["open"],
            () => vec!["xdg-open"],
        };
        words.push(&self.teacher);
        let quiet = || Stdio::null();
        let mut command = std::process::Command::new(words[0]);
        command.args(&words[1..]).stdin(quiet()).stdout(quiet()).stderr(quiet());
        if command.spawn().is_err() {
            log!("# {}", words::no_browser(self.lang));
        }
    }

    fn change_server(&self) {
        let change = match self.class.server.state() {
            State::Running | State::Broken => Change::Stop,
            State::Stopped => Change::Start,
        };
        let (class, lang) = (self.class.clone(), self.lang);
        tokio::spawn(async move {
            match class.server.change(change).await {
                Ok(state) => log!("# {}", words::state(state, lang)),
                Err(error) => log!("# {error:#}"),
            }
        });
    }

    fn undo(&self) {
        let (class, lang) = (self.class.clone(), self.lang);
        tokio::spawn(async move {
            match class.undo().await {
                Ok(count) => log!("# {}", words::undone(count, lang)),
                Err(error) => log!("# {error:#}"),
            }
        });
    }

    /// Runs `ws101 check`, one at a time.
    fn check(&mut self) {
        if self.checking.as_ref().is_some_and(|checking| !checking.is_finished()) {
            return;
        }
        let lang = self.lang;
        log!("# {}", words::checking(self.class.page.number, lang));
        let Ok(program) = std::env::current_exe() else { return };
        let mut command = Command::new(program);
        command.args(["check", &self.class.page.number.to_string(), "--url", &self.server]);
        command.args(["--lang", lang.code()]).stdin(Stdio::null()).kill_on_drop(true);
        self.checking = Some(tokio::spawn(async move {
            match timeout(CHECKS, command.output()).await {
                Ok(Ok(output)) => {
                    for text in [output.stdout, output.stderr] {
                        String::from_utf8_lossy(&text).lines().for_each(|line| log!("{line}"));
                    }
                }
                Ok(Err(error)) => log!("# {error}"),
                Err(_) => log!("# {}", words::slow_checks(lang)),
            }
        }));
    }
}
