//! The server that a client under test comes back to: one address, one client.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::http::StatusCode;
use ws101::frame::{Frame, Role};
use ws101::goodbye::{close_frame, say};
use ws101::handshake::{self, Policy};
use ws101::stream::{LINGER, Rewind, linger};
use ws101::upgrade::{AcceptError, Accepted, HEAD_DEADLINE, Head, Peer, config, read_head};

use ws101::client::Request;
use ws101::wst::{Answer, Item, Observation, Payload, Writer};

use super::failure::Failure;
use crate::process::Process;

/// The longest message that a client may send: more than any of these has to say.
const MESSAGE_LIMIT: usize = 64 * 1024;

/// How a client is told to wait: at most `retry·2ⁿ` before try n, never more than `cap`.
#[derive(Clone, Copy)]
pub struct Waits {
    pub retry: Duration,
    pub cap: Duration,
}

/// A client that runs, and the server it knows.
pub struct Door {
    /// How the client was told to wait.
    pub waits: Waits,
    /// What the client is called in what crossed the wire.
    name: &'static str,
    process: Process,
    listener: TcpListener,
    /// The first knock, until someone asks for it.
    first: Option<Knock>,
    /// When the last connection was ended from here.
    ended: Instant,
    writer: Writer,
    wire: String,
}

/// A client that asks to be let in.
pub struct Knock {
    head: Box<Head<TcpStream>>,
    /// How long it stayed away; of the first knock, how long it took to start.
    pub waited: Duration,
}

/// A client that was let in.
pub type Guest = Accepted<Rewind<TcpStream>>;

/// What happens next at a door.
pub enum Next {
    Knock(Knock),
    /// Someone came with something that is no request, for this reason.
    Nonsense(String),
    /// The client has ended.
    Ended,
    /// Nobody came.
    Silence,
}

impl Door {
    /// Starts the client, and waits until it comes for the first time.
    ///
    /// The error is a client that cannot be started, or does not come.
    pub async fn open(
        name: &'static str,
        command: &str,
        waits: Waits,
        patience: Duration,
    ) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("there is no free port")?;
        let host = listener.local_addr()?.to_string();
        let url = format!("ws://{host}/ws");
        let process = Process::start(
            command,
            [
                ("WS_URL", url.clone()),
                ("WS_RETRY_MS", waits.retry.as_millis().to_string()),
                ("WS_RETRY_CAP_MS", waits.cap.as_millis().to_string()),
            ],
        )?;
        let (ended, wire) = (Instant::now(), String::new());
        let writer = Writer::literal().for_host(&host);
        let mut door = Self { waits, name, process, listener, first: None, ended, writer, wire };
        let command = door.process.command().to_owned();
        let why = match door.next(patience).await {
            Next::Knock(knock) => {
                door.first = Some(knock);
                return Ok(door);
            }
            Next::Nonsense(why) => format!("is not understood: {why}"),
            Next::Ended => "ended before it connected".to_owned(),
            Next::Silence => {
                let secs = patience.as_secs();
                format!("does not ask for {url} in {secs} s: does it read WS_URL?")
            }
        };
        bail!("{command:?} {why}{}", door.process.tail())
    }

    /// What crossed the wire, and the last lines that the client printed if it has ended.
    pub fn told(mut self, ended: &str) -> (String, String) {
        let tail = self.process.ended_with_tail(ended);
        (self.wire, tail)
    }

    /// The next knock.
    ///
    /// # Errors
    ///
    /// There is none within `patience`.
    pub async fn knock(&mut self, patience: Duration) -> Result<Knock, Failure> {
        match self.next(patience).await {
            Next::Knock(knock) => Ok(knock),
            Next::Nonsense(why) => Err(Failure::Handshake(why)),
            Next::Ended => Err(Failure::Ended),
            Next::Silence => Err(Failure::Away(patience)),
        }
    }

    /// What happens within `patience`.
    pub async fn next(&mut self, patience: Duration) -> Next {
        if let Some(first) = self.first.take() {
            return Next::Knock(first);
        }
        let next = tokio::select! {
            biased;
            next = knock(&self.listener, self.ended) => next,
            () = self.process.end() => Next::Ended,
            () = sleep(patience) => Next::Silence,
        };
        match &next {
            Next::Knock(knock) => {
                if !self.wire.is_empty() {
                    self.remark(format!("{} ms later", knock.waited.as_millis()));
                }
                // What differs from one implementation of HTTP to the next would fill the lines.
                let target = knock.head.request.uri().to_string();
                let request = Request::new(&target).to_bytes(self.writer.host());
                let item = self.writer.request(self.name, &request);
                self.event(&item);
            }
            Next::Nonsense(_) => self.remark("it sent something that is no request".to_owned()),
            Next::Ended => self.remark("it has ended".to_owned()),
            Next::Silence => {
                self.remark(format!("{} ms later: nobody came", patience.as_millis()));
            }
        }
        next
    }

    /// Refuses the client with this status.
    pub fn refuse(&mut self, mut knock: Knock, status: StatusCode) {
        self.answered(status);
        self.ended = Instant::now();
        tokio::spawn(async move {
            let answer =
                format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            // Whoever has gone meanwhile needs no answer.
            let _ = knock.head.io.write_all(answer.as_bytes()).await;
            linger(&mut knock.head.io, LINGER).await;
        });
    }

    /// Lets the client in.
    ///
    /// # Errors
    ///
    /// It does not ask for a WebSocket as it must, or for another path than it was told.
    pub async fn let_in(&mut self, knock: Knock) -> Result<Guest, Failure> {
        let Head { request, bytes, size, mut io } = *knock.head;
        match Policy::default().at("/ws").answer(&request) {
            Ok(agreement) => {
                self.answered(StatusCode::SWITCHING_PROTOCOLS);
                let peer = Peer::new(&request, &agreement);
                // What is said to a client that has gone says nothing about it.
                let _ = io.write_all(&handshake::encode(&agreement.to_response())).await;
                Ok(Accepted { peer, io: Rewind::new(&bytes[size..], io) })
            }
            Err(rejection) => {
                self.answered(rejection.status());
                Err(Failure::Handshake(rejection.to_string()))
            }
        }
    }

    /// Lets the client in and tells it where the history stands.
    pub async fn greet(&mut self, knock: Knock) -> Result<Guest, Failure> {
        let mut guest = self.let_in(knock).await?;
        self.hello(&mut guest, "E", 0, false).await;
        Ok(guest)
    }

    /// The first message: the history's name, the number of its last line, and whether `guest`
    /// will be told what it has missed.
    pub async fn hello(&mut self, guest: &mut Guest, epoch: &str, seq: u64, recovered: bool) {
        let said = json!({"type": "connection_established", "connectionId": "you",
            "epoch": epoch, "seq": seq, "recovered": recovered});
        self.say(guest, &said).await;
    }

    /// The line of that number.
    pub async fn line(&mut self, guest: &mut Guest, seq: u64) {
        let (id, content) = (format!("line{seq}"), format!("строка {seq}"));
        let said = json!({"type": "message", "seq": seq, "id": id, "connectionId": "ann",
            "content": content});
        self.say(guest, &said).await;
    }

    async fn say(&mut self, guest: &mut Guest, said: &Value) {
        let frame = Frame::text(said.to_string());
        let item = self.writer.frame(self.name, Role::Server, &frame);
        self.event(&item);
        let _ = guest.io.write_all(&frame.to_bytes()).await;
    }

    /// Ends the connection without a goodbye.
    pub fn cut(&mut self, mut guest: Guest) {
        self.event(&Writer::end(self.name, None));
        self.ended = Instant::now();
        // Nothing that was said before is lost: a reset would destroy it.
        tokio::spawn(async move { linger(&mut guest.io, LINGER).await });
    }

    /// Ends the connection with a close frame.
    pub fn close(&mut self, guest: Guest, code: u16) {
        let item = self.writer.frame(self.name, Role::Server, &Frame::close(code, ""));
        self.event(&item);
        self.ended = Instant::now();
        tokio::spawn(async move {
            let mut socket = guest.into_socket(config(MESSAGE_LIMIT)).await;
            say(&mut socket, close_frame(code.into(), "")).await;
        });
    }

    fn answered(&mut self, status: StatusCode) {
        let answer = Answer {
            statuses: vec![status.as_u16()],
            faults: Vec::new(),
            headers: Vec::new(),
            body: Payload::Unsaid,
        };
        let what = Observation::Answer(answer).into();
        self.event(&Item::Expectation(self.name.to_owned(), what));
    }

    fn event(&mut self, item: &Item) {
        let _ = writeln!(self.wire, "{}", item.to_line());
    }

    fn remark(&mut self, text: String) {
        let _ = writeln!(self.wire, "{}", Item::Comment(text));
    }
}

/// The next client that asks for something. Cancel safe but for a head that is half read.
async fn knock(listener: &TcpListener, ended: Instant) -> Next {
    loop {
        let Ok((io, _)) = listener.accept().await else {
            // The system is out of something: perhaps not for long.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let waited = ended.elapsed();
        match read_head(io, HEAD_DEADLINE).await {
            Ok(head) => return Next::Knock(Knock { head: Box::new(head), waited }),
            Err(AcceptError::Rejected(why)) => return Next::Nonsense(why.to_string()),
            // Someone who connects and asks for nothing has not knocked.
            Err(_) => {}
        }
    }
}
