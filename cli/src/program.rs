//! The server under test, when it is started here.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::lang::Lang;
use crate::listeners::Listeners;
use crate::place::Place;
use crate::port::Port;
use crate::process::Process;
use crate::strain::Strain;

/// How long a server may take until it listens.
pub const READY: Duration = Duration::from_secs(10);

/// How long a server that a command has left behind may take until it listens.
const BEHIND: Duration = Duration::from_secs(3);

/// After how long without a listener on 127.0.0.1 one on `[::1]` is looked for.
const OTHER_FAMILY: Duration = Duration::from_secs(2);

/// On how many ports a server is started, if others were given the port at the same moment.
const PORTS: usize = 3;

/// The pause between two attempts to connect to a starting program.
const ATTEMPT: Duration = Duration::from_millis(30);

/// A running server, and its port.
pub struct Program {
    /// The process.
    pub process: Process,
    port: Port,
}

impl Program {
    /// Starts `command` on a free port, and waits until it listens. If another command like this one
    /// has given the same port to its server meanwhile, it tries again on another port.
    pub async fn start(
        command: &str,
        settings: &[(&str, &str)],
        limit: Duration,
        lang: Lang,
    ) -> Result<Self> {
        for _ in 1..PORTS {
            let mut program = Self::spawn(command, settings, lang)?;
            match program.ready(limit, lang).await {
                Err(_) if program.process.is_displaced(program.port.number) => {
                    program.process.stop().await;
                }
                ready => return ready.map(|()| program),
            }
        }
        let mut program = Self::spawn(command, settings, lang)?;
        program.ready(limit, lang).await?;
        Ok(program)
    }

    fn spawn(command: &str, settings: &[(&str, &str)], lang: Lang) -> Result<Self> {
        let port =
            Port::free().context(lang.pick("there is no free port", "нет свободного порта"))?;
        let ours = environment(port.number);
        let theirs = settings.iter().map(|&(name, value)| (name, value.to_owned()));
        let process = Process::start(command, ours.into_iter().chain(theirs), lang)?;
        Ok(Self { process, port })
    }

    /// Where it listens.
    pub fn place(&self) -> Place {
        Place::local(self.port.number)
    }

    /// The last lines on standard error; if it has ended, of all its output. Empty if there are none.
    pub async fn tail(&mut self, lang: Lang) -> String {
        self.process.catch_up().await;
        let ended = lang.pick("the server has ended", "сервер закончил работу");
        let tail = self.process.ended_with_tail(ended, lang);
        if tail.is_empty() {
            return self.process.stderr_tail(lang.pick("the server says", "сервер пишет"));
        }
        tail
    }

    /// The processes of its group that listen on its port.
    pub fn listeners(&self) -> Listeners {
        Listeners::in_group(self.process.group(), self.port.number)
    }

    /// Whether its port is free again.
    pub fn is_port_free(&self) -> bool {
        TcpListener::bind((Ipv4Addr::LOCALHOST, self.port.number)).is_ok()
    }

    /// Starts a command on the same port, after the one before has ended.
    ///
    /// # Errors
    ///
    /// It does not listen.
    pub async fn start_again(&self, command: &str, lang: Lang) -> Result<Self> {
        let process = Process::start(command, environment(self.port.number), lang)?;
        let mut program = Self { process, port: self.port.clone() };
        match program.ready(READY, lang).await {
            Ok(()) => Ok(program),
            Err(error) => {
                program.process.stop().await;
                Err(error)
            }
        }
    }

    /// Whether a server of this program listens on `localhost` of IPv6. The caller has found none on that of IPv4.
    async fn listens_on_ipv6_only(&self) -> bool {
        let port = self.port.number;
        let is_there = TcpStream::connect((Ipv6Addr::LOCALHOST, port)).await.is_ok();
        is_there && !self.process.is_displaced(port)
    }

    async fn ready(&mut self, limit: Duration, lang: Lang) -> Result<()> {
        let strain = Strain::of(self.process.group());
        let mut left: Option<Instant> = None;
        loop {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port.number)).await.is_ok()
                && !self.process.is_displaced(self.port.number)
            {
                let has_left = self.process.ended().is_some_and(|status| status.success());
                ensure!(!has_left, in_background(lang));
                return Ok(());
            }
            if let Some(status) = self.process.ended() {
                // It may have left a server behind that listens soon.
                if status.success() && left.get_or_insert_with(Instant::now).elapsed() < BEHIND {
                    sleep(ATTEMPT).await;
                    continue;
                }
                self.process.catch_up().await;
                let command = self.process.command();
                let said = self.process.tail();
                let ended = lang.pick(
                    format!("{command:?} ended before it listened"),
                    format!("команда {command:?} закончилась раньше, чем стала слушать"),
                );
                bail!("{ended} ({}){said}", lang.status(status));
            }
            if strain.is_over(OTHER_FAMILY.min(limit)) && self.listens_on_ipv6_only().await {
                let command = self.process.command();
                let port = self.port.number;
                bail!(lang.pick(
                    format!("{command:?} listens on [::1]:{port} alone: let it listen on 127.0.0.1 or on 0.0.0.0"),
                    format!("команда {command:?} слушает только [::1]:{port}: пусть слушает 127.0.0.1 или 0.0.0.0"),
                ));
            }
            if strain.is_over(limit) {
                let command = self.process.command();
                let said = self.process.tail();
                let port = self.port.number;
                let secs = limit.as_secs();
                let deaf = lang.pick(
                    format!(
                        "{command:?} does not listen on 127.0.0.1:{port} after {secs} s. The port is in \
                         the environment variable PORT: read it, or start the server yourself and give --url"
                    ),
                    format!(
                        "команда {command:?} за {secs} с не стала слушать 127.0.0.1:{port}. Порт лежит в \
                         переменной окружения PORT: прочитайте её, или запустите сервер сами и дайте --url"
                    ),
                );
                bail!("{deaf}{said}");
            }
            sleep(ATTEMPT).await;
        }
    }
}

/// What to say of a command that ends and leaves a server behind. Nobody could tell whether that server has ended,
/// or end it.
pub fn in_background(lang: Lang) -> &'static str {
    lang.pick(
        "the command has ended, and its server runs in the background: start it in the foreground",
        "команда закончилась, а её сервер работает в фоне: запустите его на переднем плане, без демона",
    )
}

/// Every server is told where to listen.
fn environment(port: u16) -> [(&'static str, String); 2] {
    [("PORT", port.to_string()), ("HOST", Ipv4Addr::LOCALHOST.to_string())]
}

/// A path as one word of a command.
pub fn quoted(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:".contains(&byte);
    match path.bytes().all(is_plain) {
        true => path.to_owned(),
        false if cfg!(windows) => format!("\"{path}\""),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}
