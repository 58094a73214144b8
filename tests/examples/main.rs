//! The examples as people run them: programs, over TCP.
//!
//! `cargo test` builds them first; with `--test examples` alone, say
//! `cargo build --examples` before.

#[cfg(unix)]
mod caps;
mod crowds;
mod drain;
mod echo_broadcast;
mod established;
mod guess;
mod hangup;
#[cfg(target_os = "linux")]
mod log_file;
#[cfg(target_os = "linux")]
mod logs;
#[cfg(target_os = "linux")]
mod memory;
mod moved;
mod names;
#[cfg(target_os = "linux")]
mod obeyed;
#[path = "../program/mod.rs"]
mod program;
mod race;
mod requests;
mod stranger;
mod strangers;
mod too_fast;
mod waits;

use std::net::SocketAddr;
use std::time::Duration;

use program::{Program, examples};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use ws101::frame::{Frame, Opcode};
use ws101::transcript::{Request, Transcript};

const HEAD: &str = "GET /chat HTTP/1.1\r\nHost: server.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// How many bytes the answer to it has.
const SWITCHED: usize = 129;

/// Exactly so many bytes, or a failure in time.
async fn read(tcp: &mut TcpStream, bytes: usize) {
    let mut buffer = vec![0; bytes];
    let reading = timeout(program::PATIENCE, tcp.read_exact(&mut buffer));
    reading.await.expect("they come in time").expect("they come");
}

/// Waits until `done`, or fails in time.
#[cfg(target_os = "linux")]
async fn eventually(what: &str, done: impl Fn() -> bool) {
    let polling = async {
        while !done() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(program::PATIENCE, polling).await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn talk_to(address: SocketAddr) -> Transcript {
    let mut t = Transcript::tcp(address);
    for field in ["epoch", "version"] {
        t.any(field);
    }
    t
}

#[tokio::test]
async fn handshake_answers_or_says_why_not() {
    let program = Program::start("handshake", &[]).await;
    let mut t = talk_to(program.address);
    t.step("as a note on WebSockets has it: without a key and a version");
    let note = "GET /chat HTTP/1.1\r\nHost: server.com\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\n\r\n";
    t.connect("bob", Request::raw(note)).await;
    t.step("the right question in the wrong place");
    t.connect("cat", "/other").await;
    insta::assert_snapshot!(t);
}

#[tokio::test]
async fn handshake_explains_every_line() {
    let program = Program::start("handshake", &[]).await;
    let mut tcp = TcpStream::connect(program.address).await.unwrap();
    tcp.write_all(HEAD.as_bytes()).await.unwrap();
    read(&mut tcp, SWITCHED).await;
    let hello = Frame::text("Hello").masked([0x37, 0xfa, 0x21, 0x3d]);
    tcp.write_all(&hello.to_bytes()).await.unwrap();
    let end = timeout(program::PATIENCE, tcp.read(&mut [0; 1])).await.expect("it ends");
    assert_eq!(end.unwrap(), 0, "the show is over");
    // SIGTERM ends this example at once, with the lines that its log has not yet written.
    program.said(|said| said.contains("and no more HTTP").then_some(())).await;
    insta::assert_snapshot!(program.stop().await.said);
}

/// What the raw echo and the echo both do: the same bytes, written by hand and by a library.
async fn echoed(program: &Program) -> Transcript {
    let mut t = talk_to(program.address);
    t.show_bytes();
    t.step("text comes back, six letters in twelve bytes");
    t.connect("ann", "/chat").await;
    t.send("ann", "Привет").await;
    t.step("binary comes back as it was");
    t.send("ann", Frame::binary(vec![0x00, 0xff])).await;
    t.step("in fragments, with a ping between");
    t.send("ann", Frame::text("hel").unfinished()).await;
    t.send("ann", Frame::ping("?")).await;
    t.send("ann", Frame::new(Opcode::Continuation, "lo")).await;
    t.step("126 bytes: a longer length");
    t.send("ann", Frame::binary(vec![0x2a; 126])).await;
    t.step("a goodbye comes back with its code");
    t.close("ann", 4321, "bye").await;
    t.step("a frame without a mask");
    t.connect("bob", "/").await;
    t.raw("bob", Frame::text("hi").to_bytes()).await;
    t.step("half a letter");
    t.connect("bob", "/").await;
    t.send("bob", Frame::text(&b"\xd1"[..])).await;
    t.step("no more than a client cut off");
    t.connect("bob", "/").await;
    t.vanish("bob").await;
    t.step("a version nobody speaks");
    t.connect("cat", Request::new("/").header("Sec-WebSocket-Version", "8")).await;
    t
}

#[tokio::test]
async fn raw_echo_and_echo_put_the_same_bytes_on_the_wire() {
    let raw = Program::start("raw_echo", &[]).await;
    let echo = Program::start("echo", &[]).await;
    let (by_hand, by_library) = (echoed(&raw).await, echoed(&echo).await);
    insta::assert_snapshot!("echoes", by_hand);
    assert_eq!(by_hand.to_string(), by_library.to_string());
}

#[tokio::test]
async fn raw_echo_shows_the_bytes() {
    let program = Program::start("raw_echo", &[]).await;
    let mut tcp = TcpStream::connect(program.address).await.unwrap();
    tcp.write_all(HEAD.as_bytes()).await.unwrap();
    read(&mut tcp, SWITCHED).await;
    for text in ["Hello", "Привет"] {
        let frame = Frame::text(text).masked([0x37, 0xfa, 0x21, 0x3d]);
        tcp.write_all(&frame.to_bytes()).await.unwrap();
        read(&mut tcp, 2 + "Принято: ".len() + text.len()).await;
    }
    drop(tcp);
    program.said(|said| said.contains("hung up").then_some(())).await;
    insta::assert_snapshot!(program.stop().await.said);
}

#[tokio::test]
async fn raw_echo_takes_no_more_than_it_can() {
    let program = Program::start("raw_echo", &[]).await;
    let mut t = talk_to(program.address);
    t.step("a length of 2^63");
    t.connect("ann", "/").await;
    t.raw("ann", &b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00\x37\xfa\x21\x3d"[..]).await;
    t.ended("ann").await;
    t.step("a message of 65537 bytes, in fragments");
    t.connect("bob", "/").await;
    t.send("bob", Frame::text("x".repeat(65_000)).unfinished()).await;
    t.send("bob", Frame::new(Opcode::Continuation, "x".repeat(537))).await;
    t.ended("bob").await;
    insta::assert_snapshot!(t);
}

#[tokio::test]
async fn broadcast_is_heard_by_all_and_forged_by_none() {
    let program = Program::start("broadcast", &[]).await;
    let mut t = talk_to(program.address);
    for name in ["ann", "bob", "eve"] {
        t.connect(name, "/").await;
    }
    t.step("everyone hears, the sender too");
    t.send("ann", r#"{"type":"user","content":"Привет всем!"}"#).await;
    t.step("fields the chat knows stay, others do not");
    t.send("bob", r#"{"content":"hi","username":"john_doe","type":"user","admin":true}"#).await;
    t.step("eve forges a line of the server's, and nobody hears it");
    t.send("eve", r#"{"type":"system","content":"Сервер выключен"}"#).await;
    t.step("what is no message is ignored, and the connection stays");
    for text in ["not JSON", "null", "42", r#"{"type":"user"}"#, r#"{"type":"user","content":7}"#] {
        t.send("eve", text).await;
    }
    t.send("eve", Frame::binary(vec![1, 2, 3])).await;
    t.send("eve", r#"{"type":"user","content":"still here"}"#).await;
    t.step("one leaves, one is cut; the loop goes on");
    t.close("ann", 1000, "пока").await;
    t.vanish("bob").await;
    t.send("eve", r#"{"type":"user","content":"alone"}"#).await;
    insta::assert_snapshot!(t);
    insta::assert_snapshot!("broadcast_says", program.stop().await.said);
}

#[tokio::test]
async fn full_chat_ends_with_a_goodbye_and_exit_code_0() {
    let program = Program::start("full_chat", &[]).await;
    let mut t = talk_to(program.address);
    t.step("ann and bob come in");
    for name in ["ann", "bob"] {
        t.connect(name, Request::new("/ws").subprotocol("ws101.chat.v1")).await;
        t.send(name, format!(r#"{{"type":"hello","v":1,"username":"{name}"}}"#)).await;
    }
    t.step("a silent third is let in and told nothing");
    t.connect("third", Request::new("/ws").subprotocol("ws101.chat.v1")).await;
    t.send("ann", r#"{"type":"message","id":"m1","content":"Привет"}"#).await;
    t.step("eve's line is nobody's");
    t.send("bob", r#"{"type":"system","content":"the server is down"}"#).await;
    t.step("where no dialect is spoken");
    t.connect("lost", "/nowhere").await;
    t.step("SIGTERM");
    let ended = program.stop().await;
    t.pass(Duration::from_millis(10)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    insta::assert_snapshot!(t);
}

#[tokio::test]
async fn whoever_asks_twice_is_obeyed_at_once() {
    let program = Program::start("full_chat", &[("WS_DRAIN_MS", "600000")]).await;
    let mut t = talk_to(program.address);
    // Waited for until it has had its time to answer the close: 3 s.
    t.connect("mute", "/ws").await;
    t.mute("mute").await;
    program.terminate().await;
    program.said(|said| said.contains("saying goodbye").then_some(())).await;
    let ended = program.stop().await;
    assert_eq!(ended.code, Some(128 + 15), "{}", ended.said);
}

#[tokio::test]
async fn full_chat_beats_as_it_is_told() {
    let settings = [("WS_HEARTBEAT_MS", "300"), ("WS_PONG_TIMEOUT_MS", "300")];
    let program = Program::start("full_chat", &settings).await;
    let mut t = talk_to(program.address);
    t.connect("ann", "/ws").await;
    t.connect("mute", "/ws").await;
    t.mute("mute").await;
    t.pass(Duration::from_secs(2)).await;
    let seen = t.to_string();
    let closed = r#"mute << close 1011 "no pong in 300 ms (RFC 6455 5.5.3)""#;
    assert!(seen.contains(closed), "{seen}");
    assert!(seen.contains(r#"ann  >> pong "1""#), "{seen}");
    assert!(!seen.contains("ann  << close"), "{seen}");
}

#[tokio::test]
async fn a_busy_port_is_one_clear_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for example in &examples() {
        let failed = program::fails(example, &[("PORT", &port.to_string())]).await;
        let fix = port.checked_add(1).unwrap_or(8080);
        let line = format!(
            "Error: port {port} is busy: another program is listening there. \
             Stop it, or choose another port: PORT={fix}\n"
        );
        assert_eq!((failed.said.as_str(), failed.code), (line.as_str(), Some(1)));
    }
}

#[tokio::test]
async fn nonsense_in_a_setting_is_one_clear_line() {
    for example in &examples() {
        let failed = program::fails(example, &[("PORT", "http")]).await;
        let line = "Error: PORT=\"http\" is not a whole number from 0 to 65535\n";
        assert_eq!((failed.said.as_str(), failed.code), (line, Some(1)));
    }
}
