//! The actions of clients that a test can cause.
//!
//! Each waits until all is silent and writes down the events until then. None is cancel safe: after a
//! dropped call some of these events stand below a later action.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::client;
use super::faults::refused;
use super::faulty::FaultyStream;
use super::lane::Lane;
use super::pace::masked;
use super::progress::Progress;
use super::serving::{Handler, Server};
use super::{Connector, Pipe, Request, SILENCE, Transcript};
use crate::client::{Connection, with_headers};
use crate::fault::Line;
use crate::frame::Frame;
use crate::handshake::parse_request;
use crate::tap::{Limits, Tap};
use crate::wst::{Action, ConnectionAction, Item, LineWriter, Observation};

/// How long a TCP connection may take: a machine that is switched off never answers.
const CONNECT: Duration = Duration::from_secs(10);

/// The most commands that may wait for a client.
const ORDERS: usize = 64;

impl Transcript {
    /// Connects a client and sends its request: a path, or a whole [`Request`].
    ///
    /// The client masks with a fixed key, and answers pings and close frames as a browser does. If it
    /// has a connection already, that one is cut first. Not cancel safe.
    ///
    /// # Panics
    ///
    /// If the clock is not paused in process, or if it is paused over TCP.
    pub async fn connect(&mut self, name: &str, request: impl Into<Request>) {
        if self.lanes.iter().any(|lane| lane.name == name && lane.is_alive()) {
            self.vanish(name).await;
        }
        let request = request.into();
        self.begin_act(self.find(name));
        let bytes = request.to_bytes(self.printer.writer.host());
        let is_whole = matches!(parse_request(&bytes), Ok(Some(_)));
        let at = self.open(name, bytes, None).await;
        self.acted.1 = Some(at);
        self.settle(Some(at), None).await;
        if is_whole {
            self.note_unanswered(at);
        }
    }

    /// [`connect`](Self::connect) without waiting until all is silent; gives the index of the lane.
    ///
    /// The client writes the first `at_once` bytes of the request when it starts, by default all.
    pub(crate) async fn open(
        &mut self,
        name: &str,
        request: Bytes,
        at_once: Option<usize>,
    ) -> usize {
        if self.lanes.is_empty() {
            let is_paused = is_clock_paused().await;
            let in_process = matches!(self.connector, Connector::Pipes(_));
            assert!(
                is_paused || !in_process,
                "a transcript in process needs a paused clock: #[tokio::test(start_paused = true)]"
            );
            assert!(
                !is_paused || in_process,
                "a transcript over TCP needs real time: #[tokio::test]"
            );
        }
        let request = with_headers(request, &self.headers);
        let limits = self.limits;
        let at_once = at_once.unwrap_or(request.len());
        let faults = self.faults.line(name, &request);
        let is_free = faults.is_free();
        let refusal = faults.refusal().map(|(refusal, _)| refusal);
        let opened = match (refusal, &mut self.connector) {
            (Some(refusal), _) => Ok(start(
                name,
                refused(refusal, self.capacity),
                faults,
                request,
                at_once,
                limits,
                Pipe::reset,
            )),
            (None, Connector::Pipes(serve)) => {
                let (near, far) = Pipe::pair(self.capacity);
                let server = self.server.get_or_insert_with(Server::new);
                if self.handlers.is_empty() {
                    server.begin();
                }
                let handler = Handler::new(server);
                self.handlers.push((name.to_owned(), handler.clone()));
                serve(far.of(handler.clone()), handler.clone());
                Ok(start(name, near, faults, request, at_once, limits, Pipe::reset).of(handler))
            }
            // A route sets TCP_NODELAY: a delay in the kernel would look like silence.
            (None, Connector::Live { route, peer, address }) => {
                let connected = route.connect(*peer, address, CONNECT).await;
                connected.map(|stream| {
                    start(name, stream, faults, request, at_once, limits, Connection::reset)
                })
            }
        };
        let (lane, failure) = match opened {
            Ok(lane) if is_free => (lane, None),
            Ok(lane) => (lane.unfenced(), None),
            Err(error) => (Lane::unconnected(name, error.kind()), Some(error.kind())),
        };
        let at = self.find(name).unwrap_or(self.lanes.len());
        // A new connection of a known client takes the place of its last one.
        self.lanes.splice(at..self.lanes.len().min(at + 1), [lane]);
        if let Some(kind) = failure {
            self.write(at, LineWriter::end(name, Some(kind)));
        }
        at
    }

    /// Sends text, bytes, or any [`Frame`] from a client; a frame without a mask gets the fixed mask.
    /// Not cancel safe.
    pub async fn send(&mut self, name: &str, frame: impl Into<Frame>) {
        self.raw(name, masked(frame.into()).to_bytes()).await;
    }

    /// Sends these bytes from a client as they are: broken, incomplete or unmasked frames, too.
    ///
    /// The transcript shows the frames in them, and the length of an incomplete one: `torn text 2 of 5 bytes`.
    /// Not cancel safe.
    pub async fn raw(&mut self, name: &str, bytes: impl Into<Bytes>) {
        let at = self.at(name);
        self.begin_act(Some(at));
        if self.write_from(name, bytes.into()).await {
            self.settle(Some(at), None).await;
        }
    }

    /// Lets a client write these bytes; tells whether it has a connection. Not cancel safe.
    pub(super) async fn write_from(&mut self, name: &str, bytes: Bytes) -> bool {
        let at = self.at(name);
        let lane = &mut self.lanes[at];
        let is_alive = lane.is_alive();
        if is_alive {
            lane.write(bytes).await;
        } else {
            let what = Observation::NotConnected.into();
            self.write(at, Item::Expectation(name.to_owned(), what));
        }
        is_alive
    }

    /// Sends a close frame with a code and a reason from a client. For one without a code, send
    /// `Frame::new(Opcode::Close, "")`. Not cancel safe.
    pub async fn close(&mut self, name: &str, code: u16, reason: &str) {
        self.send(name, Frame::close(code, reason)).await;
    }

    /// Ends a client's connection in order and without a close frame, as when its process dies.
    /// Not cancel safe.
    pub async fn vanish(&mut self, name: &str) {
        self.act(name, ConnectionAction::Cut).await;
    }

    /// Resets a client's connection: bytes that the server has not received are lost. Not cancel safe.
    pub async fn reset(&mut self, name: &str) {
        self.act(name, ConnectionAction::Reset).await;
    }

    /// Ends the client's half of the connection in order; the client goes on reading. Not cancel safe.
    pub async fn half_close(&mut self, name: &str) {
        self.act(name, ConnectionAction::HalfClose).await;
    }

    /// Stops a client from answering pings, close frames and the end of the connection, like a program
    /// that hangs while its system still acknowledges received bytes. Not cancel safe.
    pub async fn mute(&mut self, name: &str) {
        self.act(name, ConnectionAction::Mute).await;
    }

    /// Stops a client from reading: the server's bytes fill the pipe, then the buffers of the server.
    /// Not cancel safe.
    pub async fn stop_reading(&mut self, name: &str) {
        self.act(name, ConnectionAction::StopReading).await;
    }

    /// Lets a client read again. Not cancel safe.
    pub async fn resume(&mut self, name: &str) {
        self.act(name, ConnectionAction::Resume).await;
    }

    /// Waits for `time`; events meanwhile are written down with their time, `at 25s`; over TCP only with
    /// [`show_times`](Self::show_times).
    ///
    /// Times are rounded to tenths of a second, below 950 ms to hundredths. Not cancel safe.
    pub async fn pass(&mut self, time: Duration) {
        self.begin_act(None);
        self.aside(Item::Wait(time));
        let since = Instant::now();
        self.sleep(time).await;
        let is_exact = self.server.is_some();
        self.settle(None, Some(since).filter(|_| is_exact || self.shows_times)).await;
    }

    /// Waits until a client's connection is over, for ten seconds at most, and writes down how it ended.
    ///
    /// Use it over TCP after an incomplete frame: no ping can be sent behind one, so the answer of the
    /// server may come later than the quiet time. Not cancel safe.
    pub async fn ended(&mut self, name: &str) {
        let at = self.at(name);
        self.lanes[at].ended().await;
        self.settle(Some(at), None).await;
    }

    /// Writes down an action of a client on its connection.
    pub(crate) fn did(&mut self, at: usize, action: ConnectionAction) {
        let name = self.lanes[at].name.clone();
        self.write(at, Item::Action(name, Action::Connection(action)));
    }

    /// Lets a client do something to its connection: any action of the wire language, except for
    /// `dribble`, which only a scenario can do. Not cancel safe.
    pub async fn act(&mut self, name: &str, action: ConnectionAction) {
        let at = self.at(name);
        self.begin_act(Some(at));
        self.did(at, action);
        self.lanes[at].act(action).await;
        self.settle(Some(at), None).await;
    }
}

/// Starts the task of a client on its end of a connection.
fn start<S>(
    name: &str,
    io: S,
    line: Line,
    request: Bytes,
    at_once: usize,
    limits: Limits,
    reset: fn(S),
) -> Lane
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (tap, reports) = Tap::new(FaultyStream::new(io, reset, line), limits);
    let (commands, orders) = mpsc::channel(ORDERS);
    let progress = Arc::<Progress>::default();
    let client = client::run(tap, request.slice(..at_once), orders, progress.clone());
    tokio::spawn(client);
    Lane::new(name, request, commands, reports, progress)
}

/// Whether the clock is paused: only then a sleep takes exactly as long as it should.
async fn is_clock_paused() -> bool {
    // The first sleep may begin between two ticks of the timer.
    sleep(SILENCE).await;
    let before = Instant::now();
    sleep(SILENCE).await;
    // A clock that was paused between two ticks takes two of them.
    [SILENCE, 2 * SILENCE].contains(&before.elapsed())
}
