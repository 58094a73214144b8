//! What a test may cause.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::client::{self, Command, MASK};
use super::lane::Lane;
use super::{Pipe, Request, SILENCE, Server, Transcript};
use crate::client::connect;
use crate::frame::Frame;
use crate::tap::{Limits, Tap};
use crate::wst::{Action, ConnectionAction, Item, Observation, Writer};

/// How long a server may take to accept a connection: a machine that is off never does.
const CONNECT: Duration = Duration::from_secs(10);

/// How many orders may wait for a client.
const ORDERS: usize = 64;

impl Transcript {
    /// A client connects and asks: a path, or a whole [`Request`].
    ///
    /// It masks with a fixed key, and answers pings and close frames as a
    /// browser does. A connection that this client still has is cut.
    ///
    /// # Panics
    ///
    /// If the clock is not paused in process, or is over TCP.
    pub async fn connect(&mut self, name: &str, request: impl Into<Request>) {
        if self.lanes.iter().any(|lane| lane.name == name && lane.is_alive()) {
            self.vanish(name).await;
        }
        let request = request.into();
        let at = self.open(name, request.to_bytes(self.printer.writer.host()), None).await;
        self.settle(Some(at), None).await;
    }

    /// [`connect`](Self::connect) without waiting for what comes of it; gives the lane's place.
    ///
    /// Of the request `at_once` bytes are written as the client is let loose, by default all.
    pub(crate) async fn open(
        &mut self,
        name: &str,
        request: Bytes,
        at_once: Option<usize>,
    ) -> usize {
        if self.lanes.is_empty() {
            let (is_paused, in_process) =
                (is_clock_paused().await, matches!(self.server, Server::Pipes(_)));
            assert!(
                is_paused || !in_process,
                "a transcript in process needs a paused clock: #[tokio::test(start_paused = true)]"
            );
            assert!(
                !is_paused || in_process,
                "a transcript over TCP needs real time: #[tokio::test]"
            );
        }
        let (limits, at_once) = (self.limits, at_once.unwrap_or(request.len()));
        let opened = match &mut self.server {
            Server::Pipes(serve) => {
                let (near, far) = Pipe::pair(self.capacity);
                serve(far);
                Ok(start(name, near, request, at_once, limits, Pipe::reset))
            }
            // It sends at once: a delay of the kernel's would be mistaken for silence.
            Server::Tcp(addr) => connect(*addr, CONNECT).await.map(|stream| {
                start(name, stream, request, at_once, limits, |stream| {
                    let _ = stream.set_zero_linger();
                })
            }),
        };
        let (lane, failure) = match opened {
            Ok(lane) => (lane, None),
            Err(error) => (Lane::unconnected(name, error.kind()), Some(error.kind())),
        };
        let at = self.find(name).unwrap_or(self.lanes.len());
        // In the place of its last connection, or behind all others.
        self.lanes.splice(at..self.lanes.len().min(at + 1), [lane]);
        if let Some(kind) = failure {
            self.write(at, Writer::end(name, Some(kind)));
        }
        at
    }

    /// A client sends text, bytes, or any [`Frame`]; one without a mask is given the fixed one.
    pub async fn send(&mut self, name: &str, frame: impl Into<Frame>) {
        let frame = frame.into();
        let frame = if frame.header.mask.is_none() { frame.masked(MASK) } else { frame };
        self.raw(name, frame.to_bytes()).await;
    }

    /// A client sends these bytes as they are: broken frames, halves of frames, unmasked ones.
    ///
    /// Shown are the frames they make, and how much of one is still missing.
    pub async fn raw(&mut self, name: &str, bytes: impl Into<Bytes>) {
        let at = self.at(name);
        let lane = &mut self.lanes[at];
        if !lane.is_alive() {
            let what = Observation::NotConnected.into();
            self.write(at, Item::Expectation(name.to_owned(), what));
            return;
        }
        lane.write(bytes.into()).await;
        self.settle(Some(at), None).await;
    }

    /// A client begins to close, with a code and a reason; without them, send
    /// `Frame::new(Opcode::Close, "")`.
    pub async fn close(&mut self, name: &str, code: u16, reason: &str) {
        self.send(name, Frame::close(code, reason)).await;
    }

    /// A client's connection ends without a word: the process died, the cable did not.
    pub async fn vanish(&mut self, name: &str) {
        let at = self.at(name);
        self.did(at, ConnectionAction::Cut);
        self.lanes[at].cut();
        self.settle(Some(at), None).await;
    }

    /// A client's connection ends by a reset: what is under way to the server is lost.
    pub async fn reset(&mut self, name: &str) {
        self.tell(name, ConnectionAction::Reset, Command::Reset).await;
    }

    /// A client says no more, and goes on reading: its half of the connection ends in order.
    pub async fn half_close(&mut self, name: &str) {
        self.tell(name, ConnectionAction::HalfClose, Command::HalfClose).await;
    }

    /// A client no longer answers pings and close frames, nor the end of the
    /// connection: it hangs, though its system still acknowledges what arrives.
    pub async fn mute(&mut self, name: &str) {
        self.tell(name, ConnectionAction::Mute, Command::Mute).await;
    }

    /// A client no longer reads: what the server sends piles up, in the pipe, then with the server.
    pub async fn stop_reading(&mut self, name: &str) {
        self.tell(name, ConnectionAction::StopReading, Command::StopReading).await;
    }

    /// A client reads again.
    pub async fn resume(&mut self, name: &str) {
        self.tell(name, ConnectionAction::Resume, Command::Resume).await;
    }

    /// Time goes by; what happens meanwhile is shown with its time, `at 25s`.
    ///
    /// Those times are rounded, to tenths of a second and in the first second to hundredths.
    pub async fn pass(&mut self, time: Duration) {
        self.aside(Item::Wait(time));
        let since = Instant::now();
        sleep(time).await;
        self.settle(None, Some(since)).await;
    }

    /// Waits until a client's connection is over, for ten seconds at most, and writes down how it ended.
    ///
    /// Over TCP an answer to half a frame can come later than the quiet that is
    /// waited for: behind half a frame, no ping can ask whether the server is done.
    pub async fn ended(&mut self, name: &str) {
        let at = self.at(name);
        self.lanes[at].ended().await;
        self.settle(Some(at), None).await;
    }

    /// Writes down what a client does to its connection.
    pub(crate) fn did(&mut self, at: usize, action: ConnectionAction) {
        let name = self.lanes[at].name.clone();
        self.write(at, Item::Action(name, Action::Connection(action)));
    }

    async fn tell(&mut self, name: &str, action: ConnectionAction, command: Command) {
        let at = self.at(name);
        self.did(at, action);
        self.lanes[at].tell(command).await;
        self.settle(Some(at), None).await;
    }
}

/// Lets a client loose on one end of a connection.
fn start<S>(name: &str, io: S, request: Bytes, at_once: usize, limits: Limits, reset: fn(S)) -> Lane
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (tap, reports) = Tap::new(io, limits);
    let (commands, orders) = mpsc::channel(ORDERS);
    tokio::spawn(client::run(tap, request.slice(..at_once), orders, reset));
    Lane::new(name, request, commands, reports)
}

/// Whether time is the test's: only then does a sleep take exactly as long as it should.
async fn is_clock_paused() -> bool {
    // The first may begin between two ticks of the timer.
    sleep(SILENCE).await;
    let before = Instant::now();
    sleep(SILENCE).await;
    before.elapsed() == SILENCE
}
