//! One staged illness: where it is, what the doctor says of it, and how it is staged.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::needs::{Need, clients, ensure_there};
use super::port::Port;

/// How long a command may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// How long a server may take until it listens.
const READY: Duration = Duration::from_secs(20);

const WELL: &str = "it opens and answers";
const WELL_RU: &str = "открывается и отвечает";

/// The doctor's words on one path of one server, in both languages.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The mode of the server, or the part of its configuration.
    pub mode: &'static str,
    pub path: &'static str,
    english: &'static str,
    russian: &'static str,
    is_ill: bool,
    code: i32,
    options: &'static [&'static str],
}

/// The server is ill, and this is a part of each sentence.
pub const fn ill(
    mode: &'static str,
    path: &'static str,
    english: &'static str,
    russian: &'static str,
) -> Case {
    Case { mode, path, english, russian, is_ill: true, code: 1, options: &[] }
}

/// The server is well.
pub const fn well(mode: &'static str, path: &'static str) -> Case {
    let (english, russian) = (WELL, WELL_RU);
    Case { mode, path, english, russian, is_ill: false, code: 0, options: &[] }
}

impl Case {
    /// The same with these options of the doctor.
    pub const fn with(self, options: &'static [&'static str]) -> Self {
        Self { options, ..self }
    }

    /// The same of a server that opens, and breaks a rule.
    pub const fn breaking_a_rule(self) -> Self {
        Self { code: 1, ..self }
    }

    pub const fn is_ill(&self) -> bool {
        self.is_ill
    }

    /// The faults of the doctor's report of `port`, in either language.
    pub async fn faults(&self, port: u16) -> Vec<String> {
        let (english, russian) = tokio::join!(self.fault("en", port), self.fault("ru", port));
        [english, russian].into_iter().flatten().collect()
    }

    async fn fault(&self, lang: &str, port: u16) -> Option<String> {
        let Self { mode, path, options, .. } = self;
        let url = format!("ws://127.0.0.1:{port}{path}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
        command.args(["doctor", &url, "--lang", lang, "--timeout", "3"]).args(*options);
        command.kill_on_drop(true).stdin(Stdio::null());
        let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let (sentence, connected) = match lang {
            "en" => (self.english, "connected to"),
            _ => (self.russian, "соединились с"),
        };
        let code = output.status.code();
        // Evidence may quote the same words, and they are no verdict.
        let verdict = told.lines().next().unwrap_or_default();
        let is_told = verdict.contains(sentence) && told.contains(connected);
        let is_right = is_told && code == Some(self.code);
        let expected = format!("{mode} {path}: {sentence}, code {}", self.code);
        (!is_right).then(|| format!("{expected}\nseen: code {code:?}\n{told}"))
    }
}

pub fn source(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "cases", "servers", name].iter().collect()
}

/// Starts a server that listens at `port`.
pub async fn started(mut command: Command, port: u16) -> Child {
    command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    let listening = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(READY, listening).await.expect("it listens");
    child
}

/// Starts a file of `servers/` by `need`; its last argument is the port.
pub async fn script(need: Need, name: &str, more: &[&str]) -> (Child, u16) {
    ensure_there(&[need]).unwrap();
    let held = Port::free().unwrap();
    let port = held.number;
    let mut command = Command::new(need.program());
    command.arg(source(name)).args(more).arg(port.to_string());
    command.env("NODE_PATH", clients().join("node_modules"));
    (started(command, port).await, port)
}

/// Starts `name` in the mode of each case, and asks the doctor. Cases of one mode share a server.
pub async fn staged(need: Need, name: &str, cases: &[Case]) {
    let mut faults = Vec::new();
    for mates in cases.chunk_by(|one, next| one.mode == next.mode) {
        let mode = [mates[0].mode];
        let arguments = if mode[0].is_empty() { &[][..] } else { &mode };
        let (_child, port) = script(need, name, arguments).await;
        for case in mates {
            println!("{name} {} {}", case.mode, case.path);
            faults.extend(case.faults(port).await);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
