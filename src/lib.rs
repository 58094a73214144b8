//! Learn WebSockets byte by byte, and snapshot-test the servers you build.
//!
//! A **frame** is what crosses the wire and a **handshake** is what precedes the
//! first one; both are plain functions over bytes. The **pieces** stand on that,
//! none knowing another. A **session** is one connection, a **room** is what is
//! said, an **endpoint** puts one room and many sessions together. A
//! **transcript** is what crossed the wire, as text.
//!
//! A module uses only floors below its own, so each can be lifted out alone.
//!
//! | floor | module | what it is |
//! | --- | --- | --- |
//! | 5 | [`chat`] | the capstone room: names, messages, typing, comings and goings |
//! | | [`doctor`] | why a WebSocket does not open, and which rules it keeps |
//! | | [`program`] | what a program does at its start: environment, descriptors, port, signals |
//! | 4 | [`endpoint`] | a room and its connections, mounted on a warp route or any stream |
//! | | [`scenario`] | what must cross the wire, as text that can be played and compared |
//! | 3 | [`session`] | one connection: one task, one loop |
//! | | [`room`] | what is said, apart from how it travels |
//! | | [`server`] | an accept loop that judges each connection's first head |
//! | | [`transcript`] | a conversation written down, byte by byte, for snapshots |
//! | 2 | [`upgrade`] | from a byte stream to a WebSocket, by hand or as a warp filter |
//! | | [`blocking`] | the same for a program with threads, and an end to every wait |
//! | | [`client`] | the client end over any stream, and every fault of a 101 |
//! | | [`goodbye`] | ending it so that both sides know why |
//! | | [`echo`] | what comes in goes out again |
//! | | [`broadcast`] | one message in, every member's connection out |
//! | | [`crowd`] | comings and goings, told together when they are many |
//! | | [`history`] | what was said lately, for those who come back |
//! | | [`heartbeat`] | finding out that a peer is gone |
//! | | [`shutdown`] | ending a server on purpose |
//! | | [`stats`] | connections, messages, bytes, closes, memory, uptime |
//! | | [`settings`] | the options of a server, with defaults |
//! | | [`page`] | serves those files with strict headers |
//! | 1 | [`stream`] | byte streams: put bytes back, linger at the end |
//! | | [`tap`] | a stream that tells what crosses it |
//! | | [`limits`] | what a stranger may take |
//! | | [`wst`] | the wire language: what crosses the wire as text, parsed and printed |
//! | | [`log`] | lines for a terminal or a file, which never hold a program up |
//! | 0 | [`address`] | where a WebSocket is: `ws://localhost:8080/chat` |
//! | | [`close_code`] | what the number in a close frame means, and whether to come back |
//! | | [`frame`] | frames as bytes, read and written and judged |
//! | | [`frontend`] | the files of the page in `frontend/`, as a part of the program |
//! | | [`handshake`] | the request, the answer, and why not |
//! | | [`escape`] | strangers' text, made safe to print |
//! | | [`id`] | names nobody can guess |
//! | | [`name`] | names that strangers choose: readable, and no two alike |
//! | | [`receipts`] | what came of a request, for a client that sends it again |
//! | | [`timestamp`] | the time of day, as it goes over the wire |
//! | | [`typed`] | the messages that clients send: JSON objects with a `type` |
//!
//! # Features
//!
//! Both are on by default. Floors 0 and 1 need neither, except the modules that the table names.
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `server` | what a server is made of: floors 2 to 5 without the modules of `testing`, and `frontend`, `id`, `name`, `receipts`, `timestamp`, `typed` |
//! | `testing` | what tests a server: [`client`], [`wst`], [`transcript`], [`scenario`], [`doctor`]; at most 35 crates, no warp, hyper or tungstenite |
//!
//! Crates whose types stand in signatures are re-exported, so that a program has the same
//! versions: [`bytes`], [`http`], [`tokio`], [`serde_json`], and with `server` [`hyper`],
//! [`hyper_util`], [`tokio_tungstenite`], [`tokio_util`], [`tungstenite`] and [`warp`].
//!
//! [`log`]: mod@log

pub use bytes;
pub use http;
#[cfg(feature = "server")]
pub use hyper;
#[cfg(feature = "server")]
pub use hyper_util;
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
pub mod frame;
#[cfg(feature = "server")]
pub mod frontend;
#[cfg(feature = "server")]
pub mod goodbye;
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
#[cfg(feature = "server")]
pub mod timestamp;
#[cfg(feature = "testing")]
pub mod transcript;
#[cfg(feature = "server")]
pub mod typed;
#[cfg(feature = "server")]
pub mod upgrade;
#[cfg(feature = "testing")]
pub mod wst;
