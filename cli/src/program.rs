//! The server under test, when it is started here.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::lang::Lang;
use crate::listeners::Listeners;
use crate::place::Place;
use crate::port;
use crate::process::Process;
use crate::strain::Strain;

/// How long a server may take until it listens.
pub const READY: Duration = Duration::from_secs(10);

/// On how many ports a server is started, if others were given the port at the same moment.
const PORTS: usize = 3;

/// The pause between two attempts to connect to a starting program.
const ATTEMPT: Duration = Duration::from_millis(30);

/// A running server, and its port.
pub struct Program {
    /// The process.
    pub process: Process,
    port: u16,
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
                Err(_) if program.process.is_displaced(program.port) => {
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
            port::free().context(lang.pick("there is no free port", "нет свободного порта"))?;
        let ours = environment(port);
        let theirs = settings.iter().map(|&(name, value)| (name, value.to_owned()));
        let process = Process::start(command, ours.into_iter().chain(theirs), lang)?;
        Ok(Self { process, port })
    }

    /// Where it listens.
    pub fn place(&self) -> Place {
        Place::local(self.port)
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
        Listeners::in_group(self.process.group(), self.port)
    }

    /// Whether its port is free again.
    pub fn is_port_free(&self) -> bool {
        TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).is_ok()
    }

    /// Starts the same command on the same port again, after it has ended.
    ///
    /// # Errors
    ///
    /// It does not listen.
    pub async fn start_again(&self, lang: Lang) -> Result<Self> {
        let process = Process::start(self.process.command(), environment(self.port), lang)?;
        let mut program = Self { process, port: self.port };
        match program.ready(READY, lang).await {
            Ok(()) => Ok(program),
            Err(error) => {
                program.process.stop().await;
                Err(error)
            }
        }
    }

    async fn ready(&mut self, limit: Duration, lang: Lang) -> Result<()> {
        let strain = Strain::of(self.process.group());
        loop {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok()
                && !self.process.is_displaced(self.port)
            {
                return Ok(());
            }
            if let Some(status) = self.process.ended() {
                self.process.catch_up().await;
                let command = self.process.command();
                let said = self.process.tail();
                let ended = lang.pick(
                    format!("{command:?} ended before it listened"),
                    format!("команда {command:?} закончилась раньше, чем стала слушать"),
                );
                bail!("{ended} ({}){said}", lang.status(status));
            }
            if strain.is_over(limit) {
                let command = self.process.command();
                let said = self.process.tail();
                let port = self.port;
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

/// Every server is told where to listen.
fn environment(port: u16) -> [(&'static str, String); 2] {
    [("PORT", port.to_string()), ("HOST", Ipv4Addr::LOCALHOST.to_string())]
}
