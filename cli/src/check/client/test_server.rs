//! The server that a client under test connects to: one address for one client.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::http::StatusCode;
use ws101::client::Request;
use ws101::close::{CLOSE_DEADLINE, close_frame, start};
use ws101::frame::{Frame, Role};
use ws101::handshake::{self, Policy};
use ws101::stream::{LINGER, Rewind, linger};
use ws101::upgrade::{AcceptError, Accepted, HEAD_DEADLINE, Head, Peer, config, read_head};
use ws101::wst::{Item, LineWriter, Observation, Payload, ResponsePattern};

use super::failure::Failure;
use crate::lang::Lang;
use crate::process::Process;
use crate::strain::Strain;

/// The longest message that a client may send, in bytes: no client of these trials needs as much.
const MESSAGE_LIMIT: usize = 64 * 1024;

/// The backoff that the client is told to use: before attempt n at most `retry·2ⁿ`, never more than `cap`.
#[derive(Clone, Copy)]
pub struct Waits {
    /// The upper bound of the first wait.
    pub retry: Duration,
    /// The upper bound of every wait.
    pub cap: Duration,
}

/// A running client, and the server that it connects to.
pub struct TestServer {
    /// The backoff that the client was told to use.
    pub waits: Waits,
    /// The client's name in the transcript.
    name: &'static str,
    lang: Lang,
    process: Process,
    /// The waits of the client for a processor, since its start or the end of the last connection.
    pub strain: Strain,
    listener: TcpListener,
    /// The first request, until a trial takes it.
    first: Option<Pending>,
    /// When the server ended the last connection.
    ended: Instant,
    writer: LineWriter,
    wire: String,
}

/// A handshake request that is not answered yet.
pub struct Pending {
    head: Box<Head<TcpStream>>,
    /// How long after the last connection it came; the first one, how long after the start.
    pub waited: Duration,
    /// How much of this time the client, or this command, may have waited for a processor.
    pub starved: Duration,
}

impl Pending {
    /// The least that the client itself has waited: what the machine may have added does not count.
    pub fn least(&self) -> Duration {
        self.waited.saturating_sub(self.starved)
    }
}

/// An open connection to the client.
pub type Connection = Accepted<Rewind<TcpStream>>;

/// The next action of the client.
pub enum Next {
    Request(Pending),
    /// The client sent bytes that are not a request: why.
    Malformed(String),
    /// The client has ended.
    Ended,
    /// No request came.
    Silence,
}

impl TestServer {
    /// Starts the client, and waits for its first request, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// The client cannot be started, or sends no valid request in time.
    pub async fn open(
        name: &'static str,
        command: &str,
        waits: Waits,
        timeout: Duration,
        lang: Lang,
    ) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener =
            listener.context(lang.pick("there is no free port", "нет свободного порта"))?;
        let host = listener.local_addr()?.to_string();
        let url = format!("ws://{host}/ws");
        let process = Process::start(
            command,
            [
                ("WS_URL", url.clone()),
                ("WS_RETRY_MS", waits.retry.as_millis().to_string()),
                ("WS_RETRY_CAP_MS", waits.cap.as_millis().to_string()),
            ],
            lang,
        )?;
        let strain = Strain::of(process.group());
        let mut server = Self {
            waits,
            name,
            lang,
            process,
            strain,
            listener,
            first: None,
            ended: Instant::now(),
            writer: LineWriter::literal().for_host(&host),
            wire: String::new(),
        };
        let command = server.process.command().to_owned();
        // A client that starts slowly on a busy machine is waited for.
        let mut next = server.next(timeout).await;
        while matches!(next, Next::Silence) && !server.strain.is_over(timeout) {
            next = server.next(timeout / 4).await;
        }
        let why = match next {
            Next::Request(pending) => {
                server.first = Some(pending);
                return Ok(server);
            }
            Next::Malformed(why) => lang.pick(
                format!("{command:?} is not understood: {why}"),
                format!("команду {command:?} не понять: {why}"),
            ),
            Next::Ended => lang.pick(
                format!("{command:?} ended before it connected"),
                format!("команда {command:?} закончилась раньше, чем подключилась"),
            ),
            Next::Silence => {
                let secs = timeout.as_secs();
                lang.pick(
                    format!("{command:?} does not ask for {url} in {secs} s: does it read WS_URL?"),
                    format!("команда {command:?} за {secs} с не обратилась к {url}: читает ли она WS_URL?"),
                )
            }
        };
        bail!("{why}{}", server.process.tail())
    }

    /// The transcript, and the last lines that the client printed if it has ended.
    pub fn into_report(mut self, ended: &str) -> (String, String) {
        let tail = self.process.ended_with_tail(ended, self.lang);
        (self.wire, tail)
    }

    /// The next request of the client. Not cancel safe.
    ///
    /// # Errors
    ///
    /// None comes within `timeout`.
    pub async fn request(&mut self, timeout: Duration) -> Result<Pending, Failure> {
        match self.next(timeout).await {
            Next::Request(pending) => Ok(pending),
            Next::Malformed(why) => Err(Failure::Handshake(why)),
            Next::Ended => Err(Failure::Ended),
            Next::Silence => Err(Failure::Away(timeout)),
        }
    }

    /// The next thing that the client does, within `timeout`. Not cancel safe: a request may be half read.
    pub async fn next(&mut self, timeout: Duration) -> Next {
        if let Some(first) = self.first.take() {
            return Next::Request(first);
        }
        let next = tokio::select! {
            biased;
            next = next_request(&self.listener, self.ended, &self.strain) => next,
            () = self.process.end() => Next::Ended,
            () = sleep(timeout) => Next::Silence,
        };
        match &next {
            Next::Request(pending) => {
                if !self.wire.is_empty() {
                    self.remark(&self.later(pending.waited));
                }
                // Only the target is shown: other headers differ between HTTP libraries.
                let target = pending.head.request.uri().to_string();
                let request = Request::new(&target).to_bytes(self.writer.host());
                let item = self.writer.request(self.name, &request);
                self.event(&item);
            }
            Next::Malformed(_) => self.remark(self.lang.pick(
                "it sent something that is no request",
                "клиент прислал что-то, что не похоже на запрос",
            )),
            Next::Ended => {
                self.remark(self.lang.pick("it has ended", "клиент закончил работу"));
            }
            Next::Silence => {
                let nobody = self.lang.pick("nobody came", "никто не пришёл");
                self.remark(&format!("{}: {nobody}", self.later(timeout)));
            }
        }
        next
    }

    /// Refuses the client with this status.
    pub fn refuse(&mut self, mut pending: Pending, status: StatusCode) {
        self.answered(status);
        self.has_ended();
        tokio::spawn(async move {
            let answer =
                format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            // An error means that the client is gone.
            let _ = pending.head.io.write_all(answer.as_bytes()).await;
            linger(&mut pending.head.io, LINGER).await;
        });
    }

    /// Answers the request with 101. Not cancel safe.
    ///
    /// # Errors
    ///
    /// The request is not a valid handshake (RFC 6455 §4.2.1), or has a wrong path.
    pub async fn accept(&mut self, pending: Pending) -> Result<Connection, Failure> {
        let Head { request, bytes, size, mut io } = *pending.head;
        let policy = Policy { paths: vec!["/ws".into()], ..Policy::default() };
        match policy.answer(&request) {
            Ok(agreement) => {
                self.answered(StatusCode::SWITCHING_PROTOCOLS);
                let peer = Peer::new(&request, &agreement);
                // An error means that the client is gone, which the next read shows.
                let _ = io.write_all(&handshake::encode(&agreement.to_response())).await;
                Ok(Accepted { peer, io: Rewind::new(&bytes[size..], io) })
            }
            Err(rejection) => {
                self.answered(rejection.status());
                Err(Failure::Handshake(rejection.to_string()))
            }
        }
    }

    /// Answers with 101, and sends the position of an empty history. Not cancel safe.
    pub async fn accept_with_hello(&mut self, pending: Pending) -> Result<Connection, Failure> {
        let mut connection = self.accept(pending).await?;
        self.send_hello(&mut connection, "E", 0, false).await;
        Ok(connection)
    }

    /// Sends the first message: the epoch, the number of the last line, and whether the missed lines
    /// follow. Not cancel safe.
    pub async fn send_hello(
        &mut self,
        connection: &mut Connection,
        epoch: &str,
        seq: u64,
        recovered: bool,
    ) {
        let said = json!({"type": "connection_established", "connectionId": "you",
            "epoch": epoch, "seq": seq, "recovered": recovered});
        self.send(connection, &said).await;
    }

    /// Sends the line with this number. Not cancel safe.
    pub async fn send_line(&mut self, connection: &mut Connection, seq: u64) {
        let id = format!("line{seq}");
        let content = format!("строка {seq}");
        let said = json!({"type": "message", "seq": seq, "id": id, "connectionId": "ann",
            "content": content});
        self.send(connection, &said).await;
    }

    async fn send(&mut self, connection: &mut Connection, said: &Value) {
        let frame = Frame::text(said.to_string());
        let item = self.writer.frame(self.name, Role::Server, &frame);
        self.event(&item);
        let _ = connection.io.write_all(&frame.to_bytes()).await;
    }

    /// Ends the connection without a close frame.
    pub fn cut(&mut self, mut connection: Connection) {
        self.event(&LineWriter::end(self.name, None));
        self.has_ended();
        // Lingering delivers what was sent before; a reset would discard it.
        tokio::spawn(async move { linger(&mut connection.io, LINGER).await });
    }

    /// Ends the connection with a close frame.
    pub fn close(&mut self, connection: Connection, code: u16) {
        let item = self.writer.frame(self.name, Role::Server, &Frame::close(code, ""));
        self.event(&item);
        self.has_ended();
        tokio::spawn(async move {
            let mut socket = connection.into_socket(config(MESSAGE_LIMIT)).await;
            start(&mut socket, close_frame(code.into(), ""), CLOSE_DEADLINE).await;
        });
    }

    /// From now on the client waits before its next attempt.
    fn has_ended(&mut self) {
        self.strain = Strain::of(self.process.group());
        self.ended = Instant::now();
    }

    fn answered(&mut self, status: StatusCode) {
        let answer = ResponsePattern {
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

    fn later(&self, time: Duration) -> String {
        let ms = time.as_millis();
        self.lang.pick(format!("{ms} ms later"), format!("через {ms} мс"))
    }

    fn remark(&mut self, text: &str) {
        let _ = writeln!(self.wire, "{}", Item::Comment(text.to_owned()));
    }
}

/// The next handshake request. Not cancel safe: a head that is half read is lost.
async fn next_request(listener: &TcpListener, ended: Instant, strain: &Strain) -> Next {
    loop {
        let Ok((io, _)) = listener.accept().await else {
            // The system has no descriptors or memory left: try again.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (waited, starved) = (ended.elapsed(), strain.waited());
        match read_head(io, HEAD_DEADLINE).await {
            Ok(head) => return Next::Request(Pending { head: Box::new(head), waited, starved }),
            Err(AcceptError::Rejected(why)) => return Next::Malformed(why.to_string()),
            // A connection without a request does not count.
            Err(_) => {}
        }
    }
}
