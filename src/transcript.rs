//! Writes down everything that clients and a server exchange, as text for a snapshot.
//!
//! A test says what the clients do. After each action the transcript waits until nothing more is sent,
//! and writes down every event since the last action, one line each: answers, messages, pongs, close
//! frames, resets. A test needs no `receive` and no timeouts. The text is the same in every run.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use ws101::transcript::{Pipe, Transcript};
//!
//! /// A server that answers every request with 404.
//! async fn serve(mut pipe: Pipe) -> std::io::Result<()> {
//!     pipe.read(&mut [0; 1024]).await?;
//!     pipe.write_all(b"HTTP/1.1 404 Not Found\r\n\r\nNobody is here.\n").await
//! }
//!
//! // In a test: #[tokio::test(start_paused = true)]
//! let mut t = Transcript::new(serve);
//! t.step("bob connects");
//! t.connect("bob", "/chat?name=bob").await;
//! assert_eq!(t.to_string(), "\
//! == bob connects
//! bob -> GET /chat?name=bob
//! bob <- 404 \"Nobody is here.\"
//! bob -- eof
//! ");
//! # }
//! ```
//!
//! Each client is a lane with an order of its own. Between lanes there is no order in time: below each
//! action stand the events of the client that acted, then those of the others, in the order in which
//! they first connected.
//!
//! | | |
//! | --- | --- |
//! | `== title` | a step |
//! | `bob -> GET /chat` | the request, with the headers that differ from the usual ones |
//! | `bob <- 101`, `bob <- 426 "…"` | the answer |
//! | `bob <- 101 bad-upgrade` | a 101 that browsers refuse, with the part that is wrong |
//! | `bob >> text "hi"` | what the client sends |
//! | `bob << json {"type":"echo"}` | what it receives; JSON in canonical form |
//! | `bob -- cut`, `bob -- eof`, `bob -- reset` | what the client does to the connection, or how it ends |
//! | `-- wait 25s` | the test waits; events meanwhile show their time: `at 25s` |
//!
//! Values that differ from run to run get a name: the first id in bob's lane is `<bob>` from then on,
//! a time is `<*>`.

mod causes;
mod chunks;
mod client;
mod faulting;
mod faults;
mod faulty;
mod fence_token;
mod finish;
#[cfg(feature = "http")]
mod http;
mod lane;
mod pace;
mod passing;
mod pipe;
mod printing;
mod progress;
mod real;
mod sent;
mod serving;
mod waiting;

use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::address::Address;
pub use crate::client::Request;
use crate::client::{Route, Tcp};
use crate::frame::Frame;
use crate::tap::{Limits, Seen, TapEvent};
use crate::wst::{Item, LineWriter, padded, width};
pub(crate) use chunks::Chunks;
pub(crate) use client::MASK;
use faults::Faults;
pub(crate) use lane::Lane;
pub use pace::UNTIL;
pub use pipe::Pipe;
use printing::Printer;
pub use serving::REAL_LIMIT;
pub(crate) use serving::Server;
use serving::{Handler, Watched};

/// The most bytes of each payload, and the most events of each client between two actions, that are kept.
const LIMITS: Limits = Limits { keep: 16 * 1024, events: 4096 };

/// How many bytes each end of a pipe may be ahead of the other by default: 64 KiB.
pub const CAPACITY: usize = 64 * 1024;

/// How long to wait for silence in process. A paused clock moves only when every task is idle, so even
/// one millisecond is enough.
const SILENCE: Duration = Duration::from_millis(1);

/// How long the clients of a real server go on reading after all fences are answered: the server may
/// send more on its own, or to other clients.
pub const QUIET: Duration = Duration::from_millis(40);

/// The same if a client sends no fences, or the server does not answer them. A server that sends twice in a
/// row may have to wait for the acknowledgement of the first, which Linux delays by up to 200 ms (Nagle's
/// algorithm, RFC 896).
pub const UNFENCED_QUIET: Duration = Duration::from_millis(250);

/// How long a client of a real server may take to tell that it has written.
const WRITTEN_LIMIT: Duration = Duration::from_millis(500);

/// How often a handler that a thread wakes at the last moment gets a turn before silence is taken for granted.
const TURNS: u32 = 8;

/// How long nothing of a server in process may have run in real time, if it waits for a socket or a thread.
pub const REAL_QUIET: Duration = Duration::from_millis(400);

/// How long a handler may go on after its connection is over, in the server's time.
pub const ENDING: Duration = Duration::from_secs(60);

/// How long a server may take to answer a close frame in [`Transcript::leave`].
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The most bytes of one event that a difference shows.
pub(crate) const BYTES_TOLD: usize = 64;

/// A conversation between clients and one server, as text.
///
/// Make one by [`new`](Self::new) for a server in this process, or by [`tcp`](Self::tcp) for a server at an
/// address. It displays as its text.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use ws101::transcript::{Pipe, Request, Transcript};
///
/// /// A server that answers every request with 404.
/// async fn serve(mut pipe: Pipe) -> std::io::Result<()> {
///     pipe.read(&mut [0; 1024]).await?;
///     pipe.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n").await
/// }
///
/// let mut t = Transcript::new(serve);
/// t.connect("ann", Request::new("/chat").subprotocol("chat")).await;
/// t.connect("bob", "/chat?name=bob").await;
/// assert_eq!(t.to_string(), "\
/// ann -> GET /chat subprotocol=chat
/// ann <- 404
/// ann -- eof
/// bob -> GET /chat?name=bob
/// bob <- 404
/// bob -- eof
/// ");
/// # }
/// ```
///
/// # Panics
///
/// Each action of a client panics if no client of that name ever connected.
pub struct Transcript {
    connector: Connector,
    lanes: Vec<Lane>,
    lines: Vec<TextEntry>,
    printer: Printer,
    capacity: usize,
    limits: Limits,
    /// The quiet time of a real server, if it is not the default.
    quiet: Option<Duration>,
    /// How long the clients of a scenario listen on after its last line.
    late: Duration,
    is_fenced: bool,
    fences: u64,
    headers: Vec<(String, String)>,
    /// The server, if it is in this process.
    server: Option<Arc<Server>>,
    /// The handler of each connection so far, by the name of its client.
    handlers: Vec<(String, Arc<Handler>)>,
    /// The panics that no handler of a client is known for.
    panics: Vec<String>,
    real_quiet: Duration,
    /// The kinds of frames that are left out.
    ignored: Vec<String>,
    /// Whether the real times of a real server are shown.
    shows_times: bool,
    /// The first line of the last action, and the client that acted.
    acted: (usize, Option<usize>),
    faults: Faults,
}

/// The way to connect to the server.
enum Connector {
    Pipes(Box<dyn FnMut(Pipe, Arc<Handler>) + Send>),
    /// Real time: a connection to `peer` for each client.
    Live {
        route: Arc<dyn Route>,
        peer: SocketAddr,
        address: Address,
    },
}

/// One entry of the text: a title, or a line.
enum TextEntry {
    /// The title of a step.
    Step(String),
    /// A line and the index of its lane; a remark or a wait has none.
    Line(Option<usize>, Box<Item>),
}

impl Transcript {
    /// A conversation with a server in this process: for each client that connects, `serve` gets one end
    /// of a pipe, and its future is spawned.
    ///
    /// It needs a paused clock, `#[tokio::test(start_paused = true)]`: then silence is exact, waiting
    /// takes no real time, and every run is the same.
    ///
    /// A paused clock waits for tasks, timers, channels and `spawn_blocking`. It does not wait for sockets
    /// and threads. If a handler waits for neither its client nor for room to write, and this process has
    /// TCP sockets, or sockets or threads that are newer than the first client, the transcript holds the
    /// clock and waits in real time; see [`real_quiet`](Self::real_quiet).
    ///
    /// A handler that panics shows as `bob -- server panicked: "…"`. [`finish`](Self::finish) fails the test
    /// if one has panicked, or has not ended with its connection.
    ///
    /// # Panics
    ///
    /// Each action panics if the server never falls silent: its tasks run 200 000 times, or for 10 s of
    /// real time, while the clock stands still. It also panics if a thread has woken a handler after the
    /// transcript took silence for granted. A handler that blocks its thread blocks the test as well.
    pub fn new<F, Served>(mut serve: F) -> Self
    where
        F: FnMut(Pipe) -> Served + Send + 'static,
        Served: Future<Output: Send> + Send + 'static,
    {
        let serve = Box::new(move |pipe, handler| {
            let served = serve(pipe);
            let serving = async move { drop(served.await) };
            drop(tokio::spawn(Watched::new(handler, serving)));
        });
        Self::with(Connector::Pipes(serve), "ws101.test")
    }

    /// A conversation with any server that listens at `addr`, in real time.
    ///
    /// After each action every client sends a ping and waits for the pong, first the client that acted;
    /// all clients do this twice. Then the transcript waits for [`QUIET`]. What the server sends later is
    /// written down below a later action. If a ping gets no pong within two seconds, that client sends no
    /// more pings, and only the quiet time is waited for, [`UNFENCED_QUIET`] then. The pings are not shown, but the server may
    /// count them as signs of life. It needs real time: `#[tokio::test]`.
    #[must_use]
    pub fn tcp(addr: SocketAddr) -> Self {
        let (host, port) = (addr.ip().to_string(), addr.port());
        let address = Address { tls: false, host, port, target: "/".to_owned() };
        Self::over(Arc::new(Tcp), addr, address).named(&addr.to_string())
    }

    /// A conversation as by [`tcp`](Self::tcp) with the server of `address`, to which `route` connects at
    /// `peer`: over TLS, through a proxy. The `Host` of requests is that of `address`.
    #[must_use]
    pub fn over(route: Arc<dyn Route>, peer: SocketAddr, address: Address) -> Self {
        let host = address.authority();
        Self::with(Connector::Live { route, peer, address }, &host)
    }

    /// Adds these headers to every request of every client, in place of others of the same name. The
    /// text does not show them: they belong to the place where it is played.
    #[must_use]
    pub fn with_headers(mut self, headers: &[(String, String)]) -> Self {
        headers.clone_into(&mut self.headers);
        self.printer.writer.leave_out(headers);
        self
    }

    fn with(connector: Connector, host: &str) -> Self {
        let server = match connector {
            Connector::Pipes(_) => Some(Server::new()),
            Connector::Live { .. } => None,
        };
        Self {
            connector,
            lanes: Vec::new(),
            lines: Vec::new(),
            printer: Printer { writer: LineWriter::default().for_host(host), wire_bytes: false },
            capacity: CAPACITY,
            limits: LIMITS,
            quiet: None,
            late: Duration::ZERO,
            is_fenced: true,
            fences: 0,
            headers: Vec::new(),
            server,
            handlers: Vec::new(),
            panics: Vec::new(),
            real_quiet: REAL_QUIET,
            ignored: Vec::new(),
            shows_times: false,
            acted: (0, None),
            faults: Faults::default(),
        }
    }

    /// Sets the `Host` of requests: `localhost:8080`. The default is `ws101.test` in process, and the
    /// address over TCP.
    #[must_use]
    pub fn named(mut self, host: &str) -> Self {
        self.printer.writer.set_host(host);
        self
    }

    /// Sets how long the clients of a scenario listen on after its last line: an event that comes then is a
    /// difference, unless it is a ping or a pong, which a server may send at any time. By default they do
    /// not.
    #[must_use]
    pub fn listening_on(mut self, late: Duration) -> Self {
        self.late = late;
        self
    }

    /// Shows `<*>` for the value of every JSON field of this name, for values that differ from run to run.
    pub fn any(&mut self, field: &str) {
        self.printer.writer.any(field);
    }

    /// Shows the bytes of each frame beside it from now on: `ping "1" | 89 01 31`.
    pub fn show_bytes(&mut self) {
        self.printer.wire_bytes = true;
    }

    /// Sets how many bytes each end of a pipe may be ahead of the other, for pipes opened from now on. With
    /// a small value the server soon notices a client that does not read. Over TCP it has no effect.
    pub fn capacity(&mut self, bytes: usize) {
        self.capacity = bytes;
    }

    /// Begins a step with this title.
    pub fn step(&mut self, title: &str) {
        self.lines.push(TextEntry::Step(title.to_owned()));
    }

    /// Writes down a remark: `# text`.
    pub fn note(&mut self, text: &str) {
        self.aside(Item::Comment(text.to_owned()));
    }

    /// Waits until all is silent, and writes down the events until then.
    async fn settle(&mut self, actor: Option<usize>, since: Option<Instant>) {
        self.fall_silent(actor).await;
        // In process silence is exact: no more of it is under way.
        if self.server.is_some() {
            for lane in &mut self.lanes {
                lane.receive_part().await;
            }
        }
        self.report(actor, since);
        self.note_waiting(actor);
        if let Some(trouble) = self.trouble() {
            panic!("{trouble}\n{}", self.end_of_text());
        }
    }

    /// Waits until all is silent: over TCP by fences, if they are on, and the quiet time. Not cancel safe.
    pub(crate) async fn fall_silent(&mut self, actor: Option<usize>) {
        match self.connector {
            Connector::Pipes(_) => {
                self.sleep(SILENCE).await;
                if self.wait_for_real().await {
                    self.sleep(SILENCE).await;
                }
                for _ in 0..TURNS {
                    if self.takes_silence() {
                        break;
                    }
                    self.sleep(SILENCE).await;
                }
            }
            Connector::Live { .. } => {
                let order = if self.is_fenced { self.order(actor) } else { Vec::new() };
                // Twice: in the first round the server may send to a client that already has its pong.
                for &lane in order.iter().chain(&order) {
                    self.fences += 1;
                    self.lanes[lane].fence(self.fences).await;
                }
                let quiet = self.quiet_time();
                // Even a sleep of no time takes a tick of the timer.
                if !quiet.is_zero() {
                    sleep(quiet).await;
                }
            }
        }
        for lane in &mut self.lanes {
            lane.catch_up();
        }
    }

    /// Receives what the client that acted has written to a real server, if another client has heard something
    /// since: its thread may report that later than theirs report the answer. Cancel safe.
    pub(crate) async fn receive_written(&mut self, actor: Option<usize>) {
        let has_heard = |(at, lane): (usize, &Lane)| Some(at) != actor && lane.has_news();
        let is_heard = self.lanes.iter().enumerate().any(has_heard);
        if let Connector::Live { .. } = self.connector
            && is_heard
            && let Some(lane) = actor.and_then(|actor| self.lanes.get_mut(actor))
        {
            // A client that has more to read than it can take hears no command.
            let _ = timeout(WRITTEN_LIMIT, lane.receive_written()).await;
        }
    }

    /// Writes down the events until now, those of the client that acted first.
    pub(crate) fn report(&mut self, actor: Option<usize>, since: Option<Instant>) {
        for at in self.order(actor) {
            let items = self.lanes[at].report(&mut self.printer, since);
            let mut left_out: Option<Item> = None;
            for item in items {
                let is_answer = left_out.as_ref().is_some_and(|cause| item.answers(cause));
                if self.is_ignored(&item) {
                    left_out = Some(item);
                } else if !is_answer {
                    self.write(at, item);
                }
            }
        }
        self.note_panics();
    }

    /// Receives the next event of any client. Cancel safe. It waits for ever if there is none.
    pub(crate) async fn see(&mut self) {
        poll_fn(|cx| {
            let mut seen = Poll::Pending;
            for lane in &mut self.lanes {
                while lane.poll_see(cx).is_ready() {
                    seen = Poll::Ready(());
                }
            }
            seen
        })
        .await;
    }

    /// Prepares to be played: sets the limits, and shows ids and times as they are.
    pub(crate) fn play(&mut self, limits: Limits) {
        self.limits = limits;
        self.printer.writer.set_literal();
    }

    /// Sets the quiet time of a real server if it is not the default, and whether fences are sent.
    pub(crate) fn pace(&mut self, quiet: Option<Duration>, is_fenced: bool) {
        self.quiet = quiet;
        self.is_fenced = is_fenced;
    }

    /// How long the clients of a real server go on reading after the fences.
    fn quiet_time(&self) -> Duration {
        let is_fenced = self.is_fenced && self.lanes.iter().all(Lane::is_known_to_be_done);
        self.quiet.unwrap_or(if is_fenced { QUIET } else { UNFENCED_QUIET })
    }

    /// How long the clients of a scenario listen on after its last line.
    pub(crate) fn late(&self) -> Duration {
        self.late
    }

    /// The number of lines and titles.
    pub(crate) fn count(&self) -> usize {
        self.lines.len()
    }

    /// The lines from the entry `from` on, each with the index of its lane if it has one.
    pub(crate) fn lines(&self, from: usize) -> impl Iterator<Item = (Option<usize>, &Item)> {
        self.lines[from.min(self.lines.len())..].iter().filter_map(|entry| match entry {
            TextEntry::Step(_) => None,
            TextEntry::Line(lane, item) => Some((*lane, &**item)),
        })
    }

    /// The names given to ids, with the ids, without the first `from`.
    pub(crate) fn ids(&self, from: usize) -> impl Iterator<Item = (&str, &str)> {
        self.printer.writer.names(from)
    }

    /// Closes all connections with 1000, so that the server can be used again.
    ///
    /// Waits until each is closed, [`CLOSE_TIMEOUT`] at most, then cuts the rest. Not cancel safe: after a
    /// dropped call some connections may stay open until the transcript is dropped.
    pub async fn leave(&mut self) {
        for lane in self.lanes.iter_mut().filter(|lane| lane.is_alive()) {
            if !lane.is_talking() {
                lane.cut();
                continue;
            }
            lane.write(Frame::close(1000, "").masked(MASK).to_bytes()).await;
        }
        let all_gone = async {
            // A connection that was cut before is not waited for.
            while self.lanes.iter().any(|lane| lane.is_alive() && !lane.is_over()) {
                self.see().await;
            }
        };
        // Connections that are still open are cut.
        let _ = timeout(CLOSE_TIMEOUT, all_gone).await;
        self.lanes.iter_mut().for_each(Lane::cut);
        sleep(self.quiet_time()).await;
    }

    /// Writes down a line without a client: a remark or a wait.
    pub(crate) fn aside(&mut self, item: Item) {
        self.lines.push(TextEntry::Line(None, Box::new(item)));
    }

    /// The events of a client as lines, and their bytes.
    pub(crate) fn told(&self, lane: usize, seen: &[Seen]) -> (Option<String>, Vec<u8>) {
        let writer = LineWriter::literal().for_host(self.printer.writer.host());
        let mut printer = Printer { writer, wire_bytes: false };
        let lane = &self.lanes[lane];
        let lines = printer.lines(&lane.name, &lane.asked, seen, None);
        let frames = seen.iter().filter_map(|seen| match &seen.event {
            TapEvent::Frame(frame) => Some(frame.to_bytes()),
            TapEvent::Body(bytes) | TapEvent::Torn(_, bytes) => Some(bytes.clone()),
            _ => None,
        });
        let text = match lane.refusal {
            Some(kind) if lines.is_empty() => {
                Some(LineWriter::end(&lane.name, Some(kind)).to_string())
            }
            _ => {
                let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
                (!lines.is_empty()).then(|| lines.join("\n"))
            }
        };
        (text, frames.flatten().take(BYTES_TOLD).collect())
    }

    /// The name of a client by its index.
    pub(crate) fn name(&self, lane: usize) -> &str {
        &self.lanes[lane].name
    }

    pub(crate) fn lane(&mut self, at: usize) -> &mut Lane {
        &mut self.lanes[at]
    }

    /// The `Host` of requests.
    pub(crate) fn host(&self) -> &str {
        self.printer.writer.host()
    }

    fn order(&self, actor: Option<usize>) -> Vec<usize> {
        let others = (0..self.lanes.len()).filter(|&lane| Some(lane) != actor);
        actor.into_iter().chain(others).collect()
    }

    pub(crate) fn write(&mut self, lane: usize, item: Item) {
        self.lines.push(TextEntry::Line(Some(lane), Box::new(item)));
    }

    /// The index of the client with this name, if it ever connected.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.name == name)
    }

    fn at(&self, name: &str) -> usize {
        self.find(name).unwrap_or_else(|| {
            panic!("{name:?} never connected: call `connect({name:?}, ..)` first")
        })
    }
}

/// The text so far: one line for each event, names padded to the longest.
impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = self.lines.iter().filter_map(|entry| match entry {
            TextEntry::Step(_) => None,
            TextEntry::Line(_, item) => Some(&**item),
        });
        let width = width(items);
        for (at, entry) in self.lines.iter().enumerate() {
            match entry {
                TextEntry::Step(title) if at == 0 => writeln!(f, "== {title}")?,
                TextEntry::Step(title) => writeln!(f, "\n== {title}")?,
                TextEntry::Line(_, item) => padded(f, item, width)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures::StreamExt;
    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;

    use super::{QUIET, Transcript, UNFENCED_QUIET};

    /// How long a client of a server that `reads` or does not listens after a fence.
    async fn quiet_with(reads: bool) -> std::time::Duration {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut socket = accept_async(tcp).await.unwrap();
            if !reads {
                pending::<()>().await;
            }
            // A socket that is read answers pings.
            while socket.next().await.is_some() {}
        });
        let mut t = Transcript::tcp(addr);
        t.connect("bob", "/").await;
        t.quiet_time()
    }

    /// It costs the two seconds in which a pong might have come.
    #[tokio::test]
    async fn a_server_that_answers_no_pings_is_listened_to_for_longer() {
        assert_eq!(quiet_with(true).await, QUIET);
        assert_eq!(quiet_with(false).await, UNFENCED_QUIET);
    }
}
