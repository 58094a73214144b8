//! Modules to build WebSocket servers from, and to test servers with, down to each byte.
//!
//! `ws101` is the library of a project that teaches WebSockets. Two ways to use it:
//!
//! - **Serve.** An [`endpoint`] joins a [`room`], which says what clients tell each other, and one
//!   [`session`] for each connection. Smaller pieces ([`handshake`], [`upgrade`], [`broadcast`],
//!   [`heartbeat`], [`shutdown`]) can be used alone.
//! - **Test.** A [`transcript`] writes down all that a server sends and receives, as text for a
//!   snapshot. A [`scenario`] plays such a text against any server. The [`doctor`] says why a
//!   WebSocket does not open.
//!
//! A room in which every client receives every message, and its test:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! use tokio_tungstenite::tungstenite::Message;
//! use ws101::broadcast::{ClientId, Hub};
//! use ws101::endpoint::Endpoint;
//! use ws101::frame::Frame;
//! use ws101::room::Room;
//! use ws101::settings::Settings;
//! use ws101::transcript::Transcript;
//!
//! struct Everyone;
//!
//! impl Room for Everyone {
//!     fn heard(&mut self, _: ClientId, message: Message, hub: &Hub) {
//!         hub.broadcast(message);
//!     }
//! }
//!
//! // In a test: #[tokio::test(start_paused = true)]
//! let endpoint = Endpoint::open(Everyone, &Settings::default());
//! let mut t = Transcript::new(move |pipe| {
//!     let endpoint = endpoint.clone();
//!     async move { endpoint.accept(pipe).await }
//! });
//! t.step("ann and bob connect");
//! t.connect("ann", "/").await;
//! t.connect("bob", "/").await;
//! t.step("bob sends a text");
//! t.send("bob", Frame::text("hi")).await;
//! assert_eq!(t.to_string(), "\
//! == ann and bob connect
//! ann -> GET /
//! ann <- 101
//! bob -> GET /
//! bob <- 101
//!
//! == bob sends a text
//! bob >> text \"hi\"
//! bob << text \"hi\"
//! ann << text \"hi\"
//! ");
//! # }
//! ```
//!
//! # Modules
//!
//! A module uses only modules on lower floors, so each can be taken alone. `docs/architecture.md`
//! in the repository follows a message, a refused handshake and a line of a scenario through them.
//!
//! | floor | module | what it does |
//! | --- | --- | --- |
//! | 5 | [`chat`] | The room of `full_chat`: names, messages, typing, arrivals and departures. |
//! | | [`endpoint`] | Joins one room and many connections, on a warp route or on any stream. |
//! | | [`doctor`] | Says why a WebSocket does not open, and which rules of the RFC a server keeps. |
//! | | [`program`] | Starts a program: environment, file descriptors, port, signals. |
//! | 4 | [`server`] | Accepts connections and checks each request before it reaches a route. |
//! | | [`scenario`] | Plays a transcript, as a text file, against any server and compares. |
//! | 3 | [`session`] | Runs one connection: one task with one loop. |
//! | | [`room`] | The trait of a room: what clients say to each other, without sockets. |
//! | | [`settings`] | The options of a server, with defaults. |
//! | | [`proxy`] | Stands between clients and a server, and reports each head and frame. |
//! | | [`transcript`] | Writes down a conversation, byte by byte, for snapshot tests. |
//! | 2 | [`upgrade`] | Makes a WebSocket of a byte stream, by hand or as a warp filter. |
//! | | [`blocking`] | Does the same for a program with threads, with a deadline on every wait. |
//! | | [`client`] | Connects over any stream, and finds every fault of a 101. |
//! | | [`fault`] | Faults of a connection, made on purpose, as a function of frames and time. |
//! | | [`close`] | Ends a connection so that both sides get a close code. |
//! | | [`echo`] | Sends every message back. |
//! | | [`broadcast`] | Sends one message to every member. |
//! | | [`crowd`] | Tells arrivals and departures together when there are many. |
//! | | [`history`] | Keeps the latest messages for clients that reconnect. |
//! | | [`heartbeat`] | Sends pings, and finds connections whose peer is gone. |
//! | | [`shutdown`] | Stops a server, and waits for its connections. |
//! | | [`stats`] | Counts connections, messages, bytes and close codes; tells memory and uptime. |
//! | | [`page`] | Serves the files of `frontend/` with strict security headers. |
//! | 1 | [`stream`] | Byte streams: puts bytes back, and waits for the peer to close. |
//! | | [`tap`] | A stream that reports the bytes that pass through it. |
//! | | [`limits`] | Limits on what a client may send, and on how many may connect. |
//! | | [`wst`] | The wire language: events as text, parsed and printed. |
//! | | [`log`] | Writes lines to a terminal or a file without blocking the program. |
//! | 0 | [`address`] | The address of a WebSocket: `ws://localhost:8080/ws`. |
//! | | [`close_code`] | What each close code means, and whether a client reconnects after it. |
//! | | [`frame`] | Reads, writes and checks frames. |
//! | | [`frontend`] | The files of the page, as a part of the program. |
//! | | [`handshake`] | Reads the request, and makes the 101 or a refusal. |
//! | | [`escape`] | Escapes text from a peer before it is printed. |
//! | | [`id`] | Random ids that nobody can guess. |
//! | | [`name`] | Names that people choose: readable, and no two that look alike. |
//! | | [`receipts`] | Remembers the result of a request, for a client that sends it again. |
//! | | [`timestamp`] | The time of day in the format of the messages. |
//! | | [`typed`] | Reads messages of clients: JSON objects with a `type`. |
//!
//! # Features
//!
//! The first two are on by default. Floors 0 and 1 need neither, except the modules that the table names.
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `server` | what a server is made of: floors 2 to 5 without the modules of `testing`, and `frontend`, `id`, `name`, `receipts`, `typed` |
//! | `testing` | what tests a server: [`client`], [`fault`], [`proxy`], [`wst`], [`transcript`], [`scenario`], [`doctor`]; at most 35 crates, no warp, hyper or tungstenite |
//! | `sqlite` | a [`history`] in a file, `history::Sqlite`: needs a C compiler; not on by default |
//!
//! Crates whose types stand in signatures are re-exported, so that a program has the same
//! versions: [`bytes`], [`http`], [`tokio`], [`serde_json`], and with `server` [`hyper`],
//! [`hyper_util`], [`serde`], [`tokio_tungstenite`], [`tokio_util`], [`tungstenite`] and [`warp`].
//!
//! [`log`]: mod@log

pub use bytes;
pub use http;
#[cfg(feature = "server")]
pub use hyper;
#[cfg(feature = "server")]
pub use hyper_util;
#[cfg(feature = "server")]
pub use serde;
#[cfg(any(feature = "server", feature = "testing"))]
pub use serde_json;
pub use tokio;
#[cfg(feature = "server")]
pub use tokio_tungstenite::{self, tungstenite};
#[cfg(feature = "server")]
pub use tokio_util;
#[cfg(feature = "server")]
pub use warp;

pub mod address;
#[cfg(feature = "server")]
pub mod blocking;
#[cfg(feature = "server")]
pub mod broadcast;
#[cfg(feature = "server")]
pub mod chat;
#[cfg(feature = "testing")]
pub mod client;
#[cfg(feature = "server")]
pub mod close;
pub mod close_code;
#[cfg(feature = "server")]
pub mod crowd;
#[cfg(feature = "testing")]
pub mod doctor;
#[cfg(feature = "server")]
pub mod echo;
#[cfg(feature = "server")]
pub mod endpoint;
pub mod escape;
#[cfg(feature = "testing")]
pub mod fault;
pub mod frame;
#[cfg(feature = "server")]
pub mod frontend;
pub mod handshake;
#[cfg(feature = "server")]
pub mod heartbeat;
#[cfg(feature = "server")]
pub mod history;
#[cfg(feature = "server")]
pub mod id;
pub mod limits;
pub mod log;
#[cfg(feature = "server")]
pub mod name;
#[cfg(feature = "server")]
pub mod page;
#[cfg(feature = "server")]
pub mod program;
#[cfg(feature = "testing")]
pub mod proxy;
#[cfg(feature = "server")]
pub mod receipts;
#[cfg(feature = "server")]
pub mod room;
#[cfg(feature = "testing")]
pub mod scenario;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod session;
#[cfg(feature = "server")]
pub mod settings;
#[cfg(feature = "server")]
pub mod shutdown;
#[cfg(feature = "server")]
pub mod stats;
pub mod stream;
pub mod tap;
pub mod timestamp;
#[cfg(feature = "testing")]
pub mod transcript;
#[cfg(feature = "server")]
pub mod typed;
#[cfg(feature = "server")]
pub mod upgrade;
#[cfg(feature = "testing")]
pub mod wst;
