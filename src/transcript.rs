//! What crossed the wire, as text: a test causes, and everything that follows is written down.
//!
//! There is no `receive` to forget and no order to guess. A test says what the
//! clients do; after each of these causes, everything that crossed the wire
//! until silence becomes lines of text, down to pongs, close frames and resets.
//! The text is the same in every run, so that it can be a snapshot.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use ws101::transcript::{Pipe, Transcript};
//!
//! /// A server of few words.
//! async fn serve(mut pipe: Pipe) -> std::io::Result<()> {
//!     pipe.read(&mut [0; 1024]).await?;
//!     pipe.write_all(b"HTTP/1.1 404 Not Found\r\n\r\nNobody is here.\n").await
//! }
//!
//! // In a test: #[tokio::test(start_paused = true)]
//! let mut t = Transcript::new(serve);
//! t.step("bob knocks");
//! t.connect("bob", "/chat?name=bob").await;
//! assert_eq!(t.to_string(), "\
//! == bob knocks
//! bob -> GET /chat?name=bob
//! bob <- 404 \"Nobody is here.\"
//! bob -- eof
//! ");
//! # }
//! ```
//!
//! Each client is a lane with an order of its own. Lanes are not ordered
//! against each other: within one cause the client that acted comes first, then
//! the others as they first appeared.
//!
//! | | |
//! | --- | --- |
//! | `== title` | a step |
//! | `bob -> GET /chat` | the request: what differs from any other |
//! | `bob <- 101`, `bob <- 426 "…"` | the answer |
//! | `bob <- 101 bad-upgrade` | a 101 that browsers refuse, by the part of it that is wrong |
//! | `bob >> text "hi"` | what the client sends |
//! | `bob << json {"type":"echo"}` | what it receives; JSON in canonical form |
//! | `bob -- cut`, `bob -- eof`, `bob -- reset` | what becomes of the connection |
//! | `-- wait 25s` | what becomes of the time; events say when: `at 25s` |
//!
//! What differs from run to run is shown by name: the first id that bob's lane
//! sees is `<bob>` from then on, a time is `<*>`.

mod causes;
mod chunks;
mod client;
mod lane;
mod pipe;
mod printing;

use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

pub use crate::client::Request;
use crate::frame::Frame;
use crate::tap::{Event, Limits, Seen};
use crate::wst::{Item, Writer, padded, width};
pub(crate) use chunks::Chunks;
pub(crate) use client::{Command, MASK};
pub(crate) use lane::Lane;
pub use pipe::Pipe;
use printing::Printer;

/// What is kept of one client between two causes, and of each payload.
const LIMITS: Limits = Limits { keep: 16 * 1024, events: 4096 };

/// How far each end of a pipe may be ahead of the other, unless a test says otherwise: 64 KiB.
pub const CAPACITY: usize = 64 * 1024;

/// How long nothing has happened when all is silent in process: on a paused
/// clock time moves only once every task is idle, so any length is exact.
const SILENCE: Duration = Duration::from_millis(1);

/// How long a real server is listened to after it has answered all fences: for
/// what it sends on its own, or to others than those it answered.
pub const QUIET: Duration = Duration::from_millis(40);

/// How long a server may take to answer a goodbye.
pub const FAREWELL: Duration = Duration::from_secs(1);

/// How many bytes of one thing that was seen are told.
pub(crate) const BYTES_TOLD: usize = 64;

/// A conversation, as it is caused and as it is written down.
///
/// # Panics
///
/// All that is done with a client panics if no client of that name ever connected.
pub struct Transcript {
    server: Server,
    lanes: Vec<Lane>,
    lines: Vec<Entry>,
    printer: Printer,
    capacity: usize,
    limits: Limits,
    quiet: Duration,
    is_fenced: bool,
    fences: u64,
}

/// Who is talked to.
enum Server {
    Pipes(Box<dyn FnMut(Pipe) + Send>),
    Tcp(SocketAddr),
}

/// What is written down.
enum Entry {
    /// A step begins.
    Step(String),
    /// A line, and the place of its lane; `None` for a remark or a wait.
    Line(Option<usize>, Box<Item>),
}

impl Transcript {
    /// A conversation with a server in this process: `serve` gets one end of a
    /// pipe for each client that connects, and is spawned.
    ///
    /// It needs a paused clock, `#[tokio::test(start_paused = true)]`: then
    /// silence is exact, waiting costs nothing, and runs repeat.
    pub fn new<F, Served>(mut serve: F) -> Self
    where
        F: FnMut(Pipe) -> Served + Send + 'static,
        Served: Future<Output: Send> + Send + 'static,
    {
        let serve = Box::new(move |pipe| drop(tokio::spawn(serve(pipe))));
        Self::with(Server::Pipes(serve), "ws101.test")
    }

    /// A conversation with any server that listens at `addr`, in real time.
    ///
    /// After each cause every client in turn sends a ping, the one that acted
    /// first, and waits for the pong, twice round; then there must be a short
    /// [`QUIET`]. What a server does because of a cause, and later than that,
    /// is written down at a later cause. A server that leaves a ping unanswered
    /// for two seconds is given the quiet only. The pings are not shown, but
    /// the server counts them as signs of life. It needs real time.
    #[must_use]
    pub fn tcp(addr: SocketAddr) -> Self {
        Self::with(Server::Tcp(addr), &addr.to_string())
    }

    fn with(server: Server, host: &str) -> Self {
        Self {
            server,
            lanes: Vec::new(),
            lines: Vec::new(),
            printer: Printer { writer: Writer::default().for_host(host), wire_bytes: false },
            capacity: CAPACITY,
            limits: LIMITS,
            quiet: QUIET,
            is_fenced: true,
            fences: 0,
        }
    }

    /// Names the server so in requests: `localhost:8080`. Else it is `ws101.test`, or its address.
    #[must_use]
    pub fn named(mut self, host: &str) -> Self {
        self.printer.writer.set_host(host);
        self
    }

    /// Shows `<*>` for the value of every JSON field of this name: it differs from run to run.
    pub fn any(&mut self, field: &str) {
        self.printer.writer.any(field);
    }

    /// Shows the bytes of each frame beside it from now on: `ping "1" | 89 01 31`.
    pub fn show_bytes(&mut self) {
        self.printer.wire_bytes = true;
    }

    /// Lets each end of the pipes opened from now on be `bytes` ahead of the
    /// other: little, to have a slow reader felt soon. No matter over TCP.
    pub fn capacity(&mut self, bytes: usize) {
        self.capacity = bytes;
    }

    /// Begins a step: what it is about, and a line to part it from the one before.
    pub fn step(&mut self, title: &str) {
        self.lines.push(Entry::Step(title.to_owned()));
    }

    /// Writes a remark down.
    pub fn note(&mut self, text: &str) {
        self.aside(Item::Comment(text.to_owned()));
    }

    /// Waits until all is silent, and writes down what was seen until then.
    async fn settle(&mut self, actor: Option<usize>, since: Option<Instant>) {
        self.fall_silent(actor).await;
        self.report(actor, since);
    }

    /// Waits until all is silent: a real server is asked, if it may be, and given a short quiet.
    pub(crate) async fn fall_silent(&mut self, actor: Option<usize>) {
        match self.server {
            Server::Pipes(_) => sleep(SILENCE).await,
            Server::Tcp(_) => {
                let order = if self.is_fenced { self.order(actor) } else { Vec::new() };
                // Twice, since the first round may make one client's server
                // speak to a client whose fence is already back.
                for &lane in order.iter().chain(&order) {
                    self.fences += 1;
                    self.lanes[lane].fence(self.fences).await;
                }
                sleep(self.quiet).await;
            }
        }
        for lane in &mut self.lanes {
            lane.catch_up();
        }
    }

    /// Writes down what was seen until now, the client that acted first.
    pub(crate) fn report(&mut self, actor: Option<usize>, since: Option<Instant>) {
        for at in self.order(actor) {
            for item in self.lanes[at].report(&mut self.printer, since) {
                self.write(at, item);
            }
        }
    }

    /// Takes in the next thing that any client sees. Cancel safe; it waits for ever if none does.
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

    /// Prepares to be played: what is kept of payloads, and ids and times as they are.
    pub(crate) fn play(&mut self, limits: Limits) {
        self.limits = limits;
        self.printer.writer.set_literal();
    }

    /// How a real server is asked whether it is done: how long it is listened to, and whether by pings.
    pub(crate) fn pace(&mut self, quiet: Option<Duration>, is_fenced: bool) {
        self.quiet = quiet.unwrap_or(QUIET);
        self.is_fenced = is_fenced;
    }

    /// How many lines and titles are written down.
    pub(crate) fn count(&self) -> usize {
        self.lines.len()
    }

    /// What is written down from the line `from` on: the place of its lane, if it has one, and the line.
    pub(crate) fn lines(&self, from: usize) -> impl Iterator<Item = (Option<usize>, &Item)> {
        self.lines[from.min(self.lines.len())..].iter().filter_map(|entry| match entry {
            Entry::Step(_) => None,
            Entry::Line(lane, item) => Some((*lane, &**item)),
        })
    }

    /// What the names in it stand for, `bob` and the id; the first `from` apart.
    pub(crate) fn ids(&self, from: usize) -> impl Iterator<Item = (&str, &str)> {
        self.printer.writer.names(from)
    }

    /// Every client says goodbye and goes, so that the server can be used again.
    ///
    /// Waits until each is answered, [`FAREWELL`] at most.
    pub async fn leave(&mut self) {
        for lane in self.lanes.iter_mut().filter(|lane| lane.is_alive()) {
            if !lane.is_talking() {
                lane.cut();
                continue;
            }
            lane.write(Frame::close(1000, "").masked(MASK).to_bytes()).await;
        }
        let all_gone = async {
            // Who was cut off before is not waited for.
            while self.lanes.iter().any(|lane| lane.is_alive() && !lane.is_over()) {
                self.see().await;
            }
        };
        // Who does not answer is.
        let _ = timeout(FAREWELL, all_gone).await;
        self.lanes.iter_mut().for_each(Lane::cut);
        sleep(self.quiet).await;
    }

    /// Writes down what is about no client.
    pub(crate) fn aside(&mut self, item: Item) {
        self.lines.push(Entry::Line(None, Box::new(item)));
    }

    /// What a client has seen, as lines, and the bytes of it if they are frames.
    pub(crate) fn told(&self, lane: usize, seen: &[Seen]) -> (Option<String>, Vec<u8>) {
        let writer = Writer::literal().for_host(self.printer.writer.host());
        let mut printer = Printer { writer, wire_bytes: false };
        let lane = &self.lanes[lane];
        let lines = printer.lines(&lane.name, &lane.asked, seen, None);
        let frames = seen.iter().filter_map(|seen| match &seen.event {
            Event::Frame(frame) => Some(frame.to_bytes()),
            Event::Body(bytes) => Some(bytes.clone()),
            _ => None,
        });
        let text = match lane.refusal {
            Some(kind) if lines.is_empty() => Some(Writer::end(&lane.name, Some(kind)).to_string()),
            _ => {
                let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
                (!lines.is_empty()).then(|| lines.join("\n"))
            }
        };
        (text, frames.flatten().take(BYTES_TOLD).collect())
    }

    /// The name of a client by its place.
    pub(crate) fn name(&self, lane: usize) -> &str {
        &self.lanes[lane].name
    }

    pub(crate) fn lane(&mut self, at: usize) -> &mut Lane {
        &mut self.lanes[at]
    }

    /// The server, as requests name it.
    pub(crate) fn host(&self) -> &str {
        self.printer.writer.host()
    }

    fn order(&self, actor: Option<usize>) -> Vec<usize> {
        let others = (0..self.lanes.len()).filter(|&lane| Some(lane) != actor);
        actor.into_iter().chain(others).collect()
    }

    pub(crate) fn write(&mut self, lane: usize, item: Item) {
        self.lines.push(Entry::Line(Some(lane), Box::new(item)));
    }

    /// The place of the client of that name, if one ever connected.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.name == name)
    }

    fn at(&self, name: &str) -> usize {
        self.find(name).unwrap_or_else(|| {
            panic!("{name:?} never connected: call `connect({name:?}, ..)` first")
        })
    }
}

/// The text so far: one line an event, lanes padded to the longest name.
impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = self.lines.iter().filter_map(|entry| match entry {
            Entry::Step(_) => None,
            Entry::Line(_, item) => Some(&**item),
        });
        let width = width(items);
        for (at, entry) in self.lines.iter().enumerate() {
            match entry {
                Entry::Step(title) if at == 0 => writeln!(f, "== {title}")?,
                Entry::Step(title) => writeln!(f, "\n== {title}")?,
                Entry::Line(_, item) => padded(f, item, width)?,
            }
        }
        Ok(())
    }
}
