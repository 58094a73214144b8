//! `ws101 connect`: a WebSocket by hand, with control frames.

mod log;

use std::io::{self, BufRead, Read, stdin};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::http::{Response, StatusCode};
use ws101::address::Address;
use ws101::client::{
    Answer, Asked, Client, Connection, Received, Request, ResponseFault, Route, ask,
};
use ws101::doctor::{Cause, Target, examine};
use ws101::frame::{Frame, Opcode, Role, Violation};

use log::Log;

use crate::doctor::sentence;
use crate::exit::Exit;
use crate::lang::Lang;
use crate::output::print_error;
use crate::place::{address, connect};
use crate::request::RequestOptions;

/// How long the server may take to answer a request, or a close frame.
const ANSWER: Duration = Duration::from_secs(10);

/// How long the server may take to accept what is typed.
const WRITE: Duration = Duration::from_secs(10);

/// The most bytes of a typed line: 1 MiB.
const LINE_LIMIT: u64 = 1024 * 1024;

/// How many typed lines may wait.
const TYPED: usize = 64;

/// How long the server may take to end the connection once it is closed.
const END: Duration = Duration::from_secs(1);

/// How many bytes of a payload are kept: more than a line shows.
const KEEP: usize = 4 * 1024;

const HELP: &str = "  \
  text            sends it; //text sends /text
  /ping TEXT      /pong TEXT
  /close 1000 BYE begins to close; Ctrl-D is /close 1000
  /binary 01 02   a binary message
  /raw 81 02 68   these bytes, as they are
  /bytes          shows the bytes of each frame, or no longer";

const HELP_RU: &str = "  \
  text            пошлёт это; //text пошлёт /text
  /ping TEXT      /pong TEXT
  /close 1000 BYE начнёт закрытие; Ctrl-D — то же, что /close 1000
  /binary 01 02   двоичное сообщение
  /raw 81 02 68   эти байты как есть
  /bytes          показывать байты каждого кадра или больше не показывать";

/// Connect to a server by hand: every frame is shown, with its bytes if you like.
///
/// A line that you type is sent as text; /help lists the commands. The output is a scenario:
/// save it as a .wst file, and `ws101 play` plays it. Exit codes: 0 closed in order,
/// 1 not opened or cut, 2 could not run.
#[derive(Args)]
pub struct Connect {
    /// The address: <ws://localhost:8080/ws>
    #[arg(value_parser = address)]
    url: Address,
    /// Show the bytes of each frame
    #[arg(long)]
    bytes: bool,
    /// A JSON field whose value differs from run to run: it is shown as <*>
    #[arg(long, value_name = "FIELD")]
    any: Vec<String>,
    /// The language of messages; by default that of LANG
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    #[command(flatten)]
    options: RequestOptions,
}

impl Connect {
    pub async fn run(self) -> Result<Exit> {
        self.options.warn(self.lang());
        let route = self.options.route()?;
        let secrets = self.options.secrets(Some(&self.url));
        let mut log = Log::new(&self.url.authority(), self.bytes, &self.any, secrets, self.lang());
        match self.open(&route, &mut log).await {
            Ok(client) => return Talk::new(client, log, self.lang()).run().await,
            Err(NotOpened::Unexplained) => self.explain(route, &log).await,
            Err(NotOpened::Explained) => {}
        }
        Ok(Exit::Failed)
    }

    /// Opens the WebSocket, and shows the handshake.
    async fn open(
        &self,
        route: &Arc<dyn Route>,
        log: &mut Log,
    ) -> Result<Client<Box<dyn Connection>>, NotOpened> {
        let connected = connect(route, &self.url, ANSWER).await;
        let given = self.options.all_headers();
        let request =
            given.iter().fold(Request::new(&self.url.target), |request, (name, value)| {
                request.header(name, value)
            });
        let host = self.url.authority();
        // The line leaves the key out: a scenario has a fixed key.
        log.request(&request.to_bytes(&host), &self.options.headers());
        let mut io = match connected {
            Ok((_, io)) => io,
            Err(error) => {
                log.end(Some(error.kind()));
                return Err(NotOpened::Unexplained);
            }
        };
        io.facts().iter().for_each(|fact| log.remark(&self.lang().fact(fact)));
        let request = request.header("Sec-WebSocket-Key", &generate_key()).to_bytes(&host);
        log.request_lines(&request);
        let answer = ask(&mut io, &request, Instant::now() + ANSWER).await;
        let faults = answer.faults(&Asked::of(&request));
        let (first, response, rest) = match answer {
            Answer::Response { head, response, rest } => (head, response, rest),
            Answer::Garbage(bytes) | Answer::Torn(bytes, _) => {
                log.stray(&bytes);
                return Err(end(io, log).await);
            }
            _ => return Err(end(io, log).await),
        };
        let is_open = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        log.answer_lines(&first);
        let body = if is_open { &[] } else { whole(&response, &rest) };
        log.answer(&first, body, faults.iter().filter_map(ResponseFault::part));
        if !is_open {
            return Err(end(io, log).await);
        }
        // Printed here and not by the doctor, because its own connection might get another answer.
        let lang = self.lang();
        let is_refused = faults.iter().any(ResponseFault::is_fatal);
        if is_refused {
            log.cut();
        }
        for fault in faults {
            if fault.is_fatal() {
                let cause = Cause::Response(fault);
                let told = lang.cause(&cause);
                log.remark(&format!("{}: {told}", self.url));
            } else {
                let forgiven = lang.pick("browsers forgive it", "браузер это простит");
                let told = lang.pick(fault.to_string(), fault.in_russian());
                log.remark(&format!("{told}: {forgiven}"));
            }
        }
        if is_refused { Err(NotOpened::Explained) } else { Ok(Client::new(io, &rest, KEEP)) }
    }

    /// Runs the doctor, and shows why the WebSocket does not open.
    async fn explain(&self, route: Arc<dyn Route>, log: &Log) {
        let target = Target {
            origin: self.options.origin.clone(),
            subprotocols: self.options.subprotocols.clone(),
            headers: self.options.headers(),
            route,
            ..Target::new(self.url.clone())
        };
        let told = sentence(&target, &examine(&target).await, self.lang());
        log.remark(&told);
    }

    fn lang(&self) -> Lang {
        self.lang.unwrap_or_else(Lang::of_environment)
    }
}

/// A handshake that opened no WebSocket.
enum NotOpened {
    /// The log says why.
    Explained,
    /// The doctor may find out why.
    Unexplained,
}

/// Waits for the end of a connection that is no WebSocket.
async fn end(mut io: Box<dyn Connection>, log: &mut Log) -> NotOpened {
    let end = async {
        let mut unread = [0; 1024];
        loop {
            match io.read(&mut unread).await {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(error.kind()),
            }
        }
    };
    match timeout(END, end).await {
        Ok(failure) => log.end(failure),
        Err(_) => log.cut(),
    }
    NotOpened::Unexplained
}

/// The body of a refusal if it is complete, else nothing.
fn whole<'b>(response: &Response<()>, rest: &'b [u8]) -> &'b [u8] {
    let length = response.headers().get("content-length").and_then(|value| value.to_str().ok());
    let length = length.and_then(|length| length.parse().ok());
    if length == Some(rest.len()) { rest } else { &[] }
}

/// An open connection, and its log.
struct Talk {
    client: Client<Box<dyn Connection>>,
    log: Log,
    lang: Lang,
    /// When to stop waiting for the answer to the close frame, or for the end of the connection.
    deadline: Option<Instant>,
    /// The exit, once both sides have sent a close frame, or the server has broken a rule.
    closed: Option<Exit>,
}

impl Talk {
    fn new(client: Client<Box<dyn Connection>>, log: Log, lang: Lang) -> Self {
        Self { client, log, lang, deadline: None, closed: None }
    }

    async fn run(mut self) -> Result<Exit> {
        let lang = self.lang;
        self.log.remark(lang.pick(
            "open. /help tells what else you can type",
            "открыто. Что ещё можно ввести, скажет /help",
        ));
        let mut typed = Some(keyboard());
        loop {
            let deadline = self.deadline.unwrap_or_else(Instant::now);
            tokio::select! {
                line = async { typed.as_mut()?.recv().await }, if typed.is_some() => {
                    let Some(line) = line else {
                        typed = None;
                        if self.deadline.is_none() {
                            self.send(Frame::close(1000, "")).await?;
                        }
                        continue;
                    };
                    match order(&line, lang) {
                        // The connection is over, and only its end is waited for.
                        Ok(Order::Send(_) | Order::Raw(_)) if self.closed.is_some() => {}
                        Ok(order) => self.obey(order).await?,
                        Err(error) => self.log.remark(&error.to_string()),
                    }
                }
                received = self.client.receive() => {
                    if let Some(exit) = self.received(received).await? {
                        return Ok(exit);
                    }
                }
                () = sleep_until(deadline), if self.deadline.is_some() => {
                    if self.closed.is_none() {
                        let secs = ANSWER.as_secs();
                        self.log.remark(&lang.pick(
                            format!("no answer to the close frame in {secs} s"),
                            format!("на кадр закрытия за {secs} с нет ответа"),
                        ));
                    }
                    self.log.cut();
                    return Ok(self.closed.unwrap_or(Exit::Failed));
                }
            }
        }
    }

    async fn obey(&mut self, order: Order) -> Result<()> {
        match order {
            Order::Send(frame) => self.send(frame).await,
            Order::Raw(bytes) => {
                self.log.raw(&bytes);
                self.write(&bytes).await
            }
            Order::Bytes => {
                self.log.toggle_bytes();
                Ok(())
            }
            Order::Help => {
                self.log.remark(self.lang.pick(HELP, HELP_RU));
                Ok(())
            }
        }
    }

    async fn send(&mut self, frame: Frame) -> Result<()> {
        if frame.header.opcode == Opcode::Close && self.deadline.is_none() {
            self.deadline = Some(Instant::now() + ANSWER);
        }
        let frame = frame.masked(rand::random());
        self.log.frame(Role::Client, &frame);
        self.write(&frame.to_bytes()).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = timeout(WRITE, self.client.write(bytes)).await;
        // An error shows again in what is read.
        let deaf = self
            .lang
            .pick("the server does not read what is sent", "сервер не читает того, что ему шлют");
        drop(written.context(deaf)?);
        Ok(())
    }

    /// Shows a frame and answers as a browser does; gives the exit when the connection has ended.
    async fn received(&mut self, received: Received) -> Result<Option<Exit>> {
        match received {
            Received::End(error) => return Ok(Some(self.ended(error.as_ref()))),
            Received::Frame(frame) => {
                self.log.frame(Role::Server, &frame);
                if self.closed.is_none() {
                    self.answer(frame).await?;
                }
            }
            Received::Broken(frame, violation) => {
                self.log.frame(Role::Server, &frame);
                self.broken(violation).await?;
            }
            Received::BrokenHeader(violation) => self.broken(violation).await?,
        }
        Ok(None)
    }

    /// Prints which rule the server broke, and closes.
    async fn broken(&mut self, violation: Violation) -> Result<()> {
        if self.closed.is_none() {
            let reason = violation.reason();
            self.log.remark(&self.lang.pick(
                format!("that breaks a rule: {reason}"),
                format!("это нарушает правило: {}", violation.in_russian()),
            ));
            self.send(Frame::close(violation.code(), &reason)).await?;
            self.close(Exit::Failed);
        }
        Ok(())
    }

    async fn answer(&mut self, frame: Frame) -> Result<()> {
        match frame.header.opcode {
            Opcode::Ping => self.send(Frame::pong(frame.payload)).await,
            Opcode::Close => {
                if self.deadline.is_none() {
                    self.send(Frame::new(Opcode::Close, frame.payload)).await?;
                }
                self.log.remark(self.lang.pick("closed", "закрыто"));
                self.close(Exit::Passed);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// From now on only the end of the connection is waited for.
    fn close(&mut self, exit: Exit) {
        self.closed = Some(exit);
        self.deadline = Some(Instant::now() + END);
    }

    fn ended(&mut self, error: Option<&io::Error>) -> Exit {
        if let Some(torn) = self.client.torn() {
            self.log.part(torn);
        }
        self.log.end(error.map(io::Error::kind));
        self.closed.unwrap_or_else(|| {
            self.log.remark(self.lang.pick(
                "there was no close frame: a browser says 1006",
                "кадра закрытия не было: браузер скажет 1006",
            ));
            Exit::Failed
        })
    }
}

/// A typed line.
enum Order {
    Send(Frame),
    Raw(Vec<u8>),
    Bytes,
    Help,
}

fn order(line: &str, lang: Lang) -> Result<Order> {
    let Some(command) = line.strip_prefix('/') else {
        return Ok(Order::Send(Frame::text(line.to_owned())));
    };
    if command.starts_with('/') {
        return Ok(Order::Send(Frame::text(command.to_owned())));
    }
    let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
    Ok(match word {
        "ping" => Order::Send(Frame::ping(rest.to_owned())),
        "pong" => Order::Send(Frame::pong(rest.to_owned())),
        "binary" => Order::Send(Frame::binary(hex(rest, lang)?)),
        "raw" => Order::Raw(hex(rest, lang)?),
        "close" if rest.is_empty() => Order::Send(Frame::new(Opcode::Close, "")),
        "close" => {
            let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
            let code = code.parse().map_err(|_| {
                anyhow!(lang.pick(
                    format!("{code:?} is no code: try /close 1000"),
                    format!("{code:?} — не код: попробуйте /close 1000"),
                ))
            })?;
            Order::Send(Frame::close(code, reason))
        }
        "bytes" => Order::Bytes,
        "help" => Order::Help,
        _ => bail!(lang.pick(
            format!("/{word} is nothing known here: /help tells what is, //{word} sends it"),
            format!("команды /{word} нет: какие есть, скажет /help, а //{word} это пошлёт"),
        )),
    })
}

/// `81 02 68 69` as bytes.
fn hex(text: &str, lang: Lang) -> Result<Vec<u8>> {
    let bytes = text.split_whitespace().map(|pair| u8::from_str_radix(pair, 16));
    bytes.collect::<Result<_, _>>().map_err(|_| {
        anyhow!(lang.pick(
            "not bytes: write them as in 81 02 68 69",
            "это не байты: пишите их как 81 02 68 69",
        ))
    })
}

/// The lines that are typed, until Ctrl-D or until one is too long.
fn keyboard() -> mpsc::Receiver<String> {
    let (typing, typed) = mpsc::channel(TYPED);
    // Reading a terminal blocks, and must not keep the program from ending.
    std::thread::spawn(move || {
        let mut input = stdin().lock();
        let mut next = || {
            let mut line = String::new();
            let read = input.by_ref().take(LINE_LIMIT + 1).read_line(&mut line).ok()?;
            if read as u64 > LINE_LIMIT {
                print_error(format_args!("ws101: a line has at most 1 MiB"));
                return None;
            }
            (read > 0).then_some(line)
        };
        while let Some(mut line) = next() {
            line.truncate(line.trim_end_matches(['\r', '\n']).len());
            if typing.blocking_send(line).is_err() {
                return;
            }
        }
    });
    typed
}
