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
//! | | [`doctor`] | Says why a WebSocket does not open, and which rules of the RFC a server keeps. |
//! | 4 | [`endpoint`] | Joins one room and many connections, on a warp route or on any stream. |
//! | | [`scenario`] | Plays a transcript, as a text file, against any server and compares. |
//! | 3 | [`session`] | Runs one connection: one task with one loop. |
//! | | [`room`] | The trait of a room: what clients say to each other, without sockets. |
//! | | [`server`] | Accepts connections and checks each request before it reaches a route. |
//! | | [`transcript`] | Writes down a conversation, byte by byte, for snapshot tests. |
//! | 2 | [`upgrade`] | Makes a WebSocket of a byte stream, by hand or as a warp filter. |
//! | | [`blocking`] | Does the same for a program with threads, with a deadline on every wait. |
//! | | [`client`] | Connects over any stream, and finds every fault of a 101. |
//! | | [`goodbye`] | Ends a connection so that both sides get a close code. |
//! | | [`echo`] | Sends every message back. |
//! | | [`broadcast`] | Sends one message to every member. |
//! | | [`crowd`] | Tells arrivals and departures together when there are many. |
//! | | [`history`] | Keeps the latest messages for clients that reconnect. |
//! | | [`heartbeat`] | Sends pings, and finds connections whose peer is gone. |
//! | | [`shutdown`] | Stops a server on a signal, and waits for its connections. |
//! | | [`stats`] | Counts connections, messages, bytes and close codes; tells memory and uptime. |
//! | | [`settings`] | Reads the settings of a program from its environment. |
//! | | [`page`] | Serves the files of `frontend/` with strict security headers. |
//! | 1 | [`stream`] | Byte streams: puts bytes back, and waits for the peer to close. |
//! | | [`tap`] | A stream that reports the bytes that pass through it. |
//! | | [`limits`] | Limits on what a client may send, and on how many may connect. |
//! | | [`wst`] | The wire language: events as text, parsed and printed. |
//! | | [`log`] | Writes lines to a terminal or a file without blocking the program. |
//! | 0 | [`address`] | The address of a WebSocket: `ws://localhost:8080/ws`. |
//! | | [`close_code`] | What each close code means, and whether a client reconnects after it. |
//! | | [`frame`] | Reads, writes and checks frames. |
//! | | [`handshake`] | Reads the request, and makes the 101 or a refusal. |
//! | | [`escape`] | Escapes text from a peer before it is printed. |
//! | | [`id`] | Random ids that nobody can guess. |
//! | | [`name`] | Names that people choose: readable, and no two that look alike. |
//! | | [`receipts`] | Remembers the result of a request, for a client that sends it again. |
//! | | [`timestamp`] | The time of day in the format of the messages. |
//! | | [`typed`] | Reads messages of clients: JSON objects with a `type`. |
//!
//! [`log`]: mod@log

pub mod address;
pub mod blocking;
pub mod broadcast;
pub mod chat;
pub mod client;
pub mod close_code;
pub mod crowd;
pub mod doctor;
pub mod echo;
pub mod endpoint;
pub mod escape;
pub mod frame;
pub mod goodbye;
pub mod handshake;
pub mod heartbeat;
pub mod history;
pub mod id;
pub mod limits;
pub mod log;
pub mod name;
pub mod page;
pub mod receipts;
pub mod room;
pub mod scenario;
pub mod server;
pub mod session;
pub mod settings;
pub mod shutdown;
pub mod stats;
pub mod stream;
pub mod tap;
pub mod timestamp;
pub mod transcript;
pub mod typed;
pub mod upgrade;
pub mod wst;
