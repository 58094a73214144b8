//! `ws101 connect`: a WebSocket by hand, control frames and all.

use std::io::{BufRead, stdin};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use ws101::address::Address;
use ws101::doctor::{Patient, examine};
use ws101::escape::{Hex, Lines};
use ws101::frame::{Checker, Decoder, Frame, Opcode, Role, Violation};
use ws101::handshake::{AcceptKey, parse_response};
use ws101::transcript::Request;

use crate::doctor::sentence;
use crate::place::plain;
use crate::{Lang, Verdict};

/// How long the server may take to answer a request, or a close frame.
const ANSWER: Duration = Duration::from_secs(10);

/// How long the server may take to accept what is typed.
const WRITE: Duration = Duration::from_secs(10);

/// How many typed lines may wait.
const TYPED: usize = 64;

/// How much of a payload is kept: more than a line shows.
const KEEP: usize = 4 * 1024;

/// How many bytes of a frame are shown.
const SHOWN: usize = 64;

const HELP: &str = "  \
  text            sends it; //text sends /text
  /ping TEXT      /pong TEXT
  /close 1000 BYE begins to close; Ctrl-D is /close 1000
  /binary 01 02   a binary message
  /raw 81 02 68   these bytes, as they are
  /bytes          shows the bytes of each frame, or no longer";

/// Talk to a server by hand: every frame is shown, and its bytes if you like.
///
/// What you type is sent as text; /help tells the rest. Exit codes: 0 closed as
/// it should be, 1 not opened or cut, 2 could not run.
#[derive(Args)]
pub struct Connect {
    /// Where it is: <ws://localhost:8080/ws>
    #[arg(value_parser = plain)]
    url: Address,
    /// Come as a page of this origin, such as <https://example.com>
    #[arg(long)]
    origin: Option<String>,
    /// Offer these subprotocols, the preferred first, with commas between
    #[arg(long, value_name = "NAMES")]
    subprotocols: Option<String>,
    /// Show the bytes of each frame
    #[arg(long)]
    bytes: bool,
    /// The language of what is wrong; else as LANG says
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

impl Connect {
    pub async fn run(self) -> Result<Verdict> {
        let Some((tcp, hasty)) = self.open().await? else {
            let lang = self.lang.unwrap_or_else(Lang::of_environment);
            let Self { url: address, origin, subprotocols, .. } = self;
            let patient = Patient { origin, subprotocols, ..Patient::new(address) };
            println!("{}", Lines(&sentence(&patient, &examine(&patient).await, lang)));
            return Ok(Verdict::Failed);
        };
        Talk::new(tcp, self.bytes).run(&hasty).await
    }

    /// Shakes hands, and shows how; nothing if that did not work out.
    async fn open(&self) -> Result<Option<(TcpStream, Vec<u8>)>> {
        let address = (self.url.host.as_str(), self.url.port);
        let Ok(Ok(mut tcp)) = timeout(ANSWER, TcpStream::connect(address)).await else {
            return Ok(None);
        };
        tcp.set_nodelay(true)?;
        let key = generate_key();
        let mut request = Request::new(&self.url.target).header("Sec-WebSocket-Key", &key);
        for (name, value) in
            [("Origin", &self.origin), ("Sec-WebSocket-Protocol", &self.subprotocols)]
        {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let request = request.to_bytes(&self.url.authority());
        print_head("->", &request);
        tcp.write_all(&request).await.context("it was cut")?;
        let mut said = Vec::new();
        let answered = timeout(ANSWER, async {
            loop {
                match parse_response(&said) {
                    Ok(Some((response, size))) => return Some((is_sound(&response, &key), size)),
                    Ok(None) if tcp.read_buf(&mut said).await.is_ok_and(|n| n > 0) => {}
                    Ok(None) | Err(_) => return None,
                }
            }
        });
        let Ok(Some((is_sound, size))) = answered.await else { return Ok(None) };
        let hasty = said.split_off(size);
        print_head("<-", &said);
        Ok(is_sound.then_some((tcp, hasty)))
    }
}

/// Whether an answer opens the WebSocket, by a server that read the key (RFC 6455 §4.1).
fn is_sound(answer: &Response<()>, key: &str) -> bool {
    let accept = answer.headers().get("Sec-WebSocket-Accept").map(HeaderValue::as_bytes);
    answer.status() == 101 && accept == Some(AcceptKey::derive(key).accept.as_bytes())
}

fn print_head(arrow: &str, head: &[u8]) {
    for line in String::from_utf8_lossy(head).trim_end().lines() {
        println!("{arrow} {}", ws101::escape::Line::of(line));
    }
}

/// A connection and what is shown of it.
struct Talk {
    tcp: TcpStream,
    decoder: Decoder,
    checker: Checker,
    bytes: bool,
    /// By when the server should have answered our close frame.
    closing: Option<Instant>,
}

impl Talk {
    fn new(tcp: TcpStream, bytes: bool) -> Self {
        let (decoder, checker) = (Decoder::new(KEEP), Checker::new(Role::Server));
        Self { tcp, decoder, checker, bytes, closing: None }
    }

    async fn run(mut self, hasty: &[u8]) -> Result<Verdict> {
        println!("-- open. /help tells what else you can type");
        let mut typed = Some(keyboard());
        if let Some(verdict) = self.heard(hasty).await? {
            return Ok(verdict);
        }
        let mut buffer = [0; 8 * 1024];
        loop {
            let patience = self.closing.unwrap_or_else(Instant::now);
            tokio::select! {
                line = async { typed.as_mut()?.recv().await }, if typed.is_some() => {
                    let Some(line) = line else {
                        typed = None;
                        if self.closing.is_none() {
                            self.say(Frame::close(1000, "")).await?;
                        }
                        continue;
                    };
                    match order(&line) {
                        Ok(order) => self.obey(order).await?,
                        Err(error) => println!("-- {error}"),
                    }
                }
                read = self.tcp.read(&mut buffer) => match read {
                    Ok(0) => {
                        println!("-- eof, without a close frame: a browser says 1006");
                        return Ok(Verdict::Failed);
                    }
                    Ok(n) => {
                        if let Some(verdict) = self.heard(&buffer[..n]).await? {
                            return Ok(verdict);
                        }
                    }
                    Err(error) => {
                        println!("-- {error}: a browser says 1006");
                        return Ok(Verdict::Failed);
                    }
                },
                () = sleep_until(patience), if self.closing.is_some() => {
                    println!("-- no answer to the close frame in {} s", ANSWER.as_secs());
                    return Ok(Verdict::Failed);
                }
            }
        }
    }

    async fn obey(&mut self, order: Order) -> Result<()> {
        match order {
            Order::Say(frame) => self.say(frame).await,
            Order::Raw(bytes) => {
                println!(">> raw {}", Hex::new(&bytes, SHOWN));
                self.write(&bytes).await
            }
            Order::Bytes => {
                self.bytes = !self.bytes;
                Ok(())
            }
            Order::Help => {
                println!("{HELP}");
                Ok(())
            }
        }
    }

    async fn say(&mut self, frame: Frame) -> Result<()> {
        if frame.header.opcode == Opcode::Close && self.closing.is_none() {
            self.closing = Some(Instant::now() + ANSWER);
        }
        let frame = frame.masked(rand::random());
        self.show(">>", &frame);
        self.write(&frame.to_bytes()).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = timeout(WRITE, self.tcp.write_all(bytes)).await;
        // A cut is found again by reading, and shown there.
        drop(written.context("the server does not read what is sent")?);
        Ok(())
    }

    /// Shows what came, and answers as a browser does; the verdict once it is over.
    async fn heard(&mut self, bytes: &[u8]) -> Result<Option<Verdict>> {
        self.decoder.push(bytes);
        while let Some(frame) = self.decoder.next_frame() {
            self.show("<<", &frame);
            if let Err(violation) = self.checker.check(&frame) {
                return self.broken(violation).await.map(Some);
            }
            match frame.header.opcode {
                Opcode::Ping => self.say(Frame::pong(frame.payload)).await?,
                Opcode::Close => {
                    if self.closing.is_none() {
                        self.say(Frame::new(Opcode::Close, frame.payload)).await?;
                    }
                    println!("-- closed");
                    return Ok(Some(Verdict::Passed));
                }
                _ => {}
            }
        }
        // A frame that announces 2^64 - 1 bytes is never whole.
        if let Some(header) = self.decoder.pending().and_then(|torn| torn.header)
            && let Err(violation) = self.checker.check_header(&header)
        {
            return self.broken(violation).await.map(Some);
        }
        Ok(None)
    }

    /// Tells which rule the server broke, and closes.
    async fn broken(&mut self, violation: Violation) -> Result<Verdict> {
        println!("-- that breaks a rule: {}", violation.reason());
        self.say(Frame::close(violation.code(), &violation.reason())).await?;
        Ok(Verdict::Failed)
    }

    fn show(&self, arrow: &str, frame: &Frame) {
        match self.bytes {
            true => println!("{arrow} {frame} | {}", Hex::new(&frame.to_bytes(), SHOWN)),
            false => println!("{arrow} {frame}"),
        }
    }
}

/// What was typed.
enum Order {
    Say(Frame),
    Raw(Vec<u8>),
    Bytes,
    Help,
}

fn order(line: &str) -> Result<Order> {
    let Some(command) = line.strip_prefix('/') else {
        return Ok(Order::Say(Frame::text(line.to_owned())));
    };
    if command.starts_with('/') {
        return Ok(Order::Say(Frame::text(command.to_owned())));
    }
    let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
    Ok(match word {
        "ping" => Order::Say(Frame::ping(rest.to_owned())),
        "pong" => Order::Say(Frame::pong(rest.to_owned())),
        "binary" => Order::Say(Frame::binary(hex(rest)?)),
        "raw" => Order::Raw(hex(rest)?),
        "close" if rest.is_empty() => Order::Say(Frame::new(Opcode::Close, "")),
        "close" => {
            let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
            let code = code.parse().map_err(|_| anyhow!("{code:?} is no code: try /close 1000"))?;
            Order::Say(Frame::close(code, reason))
        }
        "bytes" => Order::Bytes,
        "help" => Order::Help,
        _ => bail!("/{word} is nothing known here: /help tells what is, //{word} sends it"),
    })
}

/// `81 02 68 69` as bytes.
fn hex(text: &str) -> Result<Vec<u8>> {
    let bytes = text.split_whitespace().map(|pair| u8::from_str_radix(pair, 16));
    bytes.collect::<Result<_, _>>().map_err(|_| anyhow!("not bytes: write them as in 81 02 68 69"))
}

/// The lines that are typed, until Ctrl-D.
fn keyboard() -> mpsc::Receiver<String> {
    let (typing, typed) = mpsc::channel(TYPED);
    // Reading a terminal blocks, and must not keep the program from ending.
    std::thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            if typing.blocking_send(line).is_err() {
                return;
            }
        }
    });
    typed
}
