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
//! | | [`settings`] | what a program may be told by its environment |
//! | | [`page`] | `frontend/`, served with strict headers |
//! | 1 | [`stream`] | byte streams: put bytes back, linger at the end |
//! | | [`tap`] | a stream that tells what crosses it |
//! | | [`limits`] | what a stranger may take |
//! | | [`wst`] | the wire language: what crosses the wire as text, parsed and printed |
//! | | [`log`] | lines for a terminal or a file, which never hold a program up |
//! | 0 | [`address`] | where a WebSocket is: `ws://localhost:8080/chat` |
//! | | [`close_code`] | what the number in a close frame means, and whether to come back |
//! | | [`frame`] | frames as bytes, read and written and judged |
//! | | [`handshake`] | the request, the answer, and why not |
//! | | [`escape`] | strangers' text, made safe to print |
//! | | [`id`] | names nobody can guess |
//! | | [`name`] | names that strangers choose: readable, and no two alike |
//! | | [`receipts`] | what came of a request, for a client that sends it again |
//! | | [`timestamp`] | the time of day, as it goes over the wire |
//! | | [`typed`] | the messages that clients send: JSON objects with a `type` |
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
