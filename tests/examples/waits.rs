//! Nobody is waited for without end: not for a request, nor a message, nor a reader, nor a farewell.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use ws101::frame::{Frame, Opcode};

use crate::program::{PATIENCE, Program};
use crate::{HEAD, SWITCHED, read, talk_to};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// More than any buffer between two programs takes.
const FLOOD: usize = 32 << 20;

/// A WebSocket with a small window, so that the kernel holds little of what is not read.
async fn open(program: &Program, head: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut tcp = socket.connect(program.address).await.unwrap();
    tcp.write_all(head.as_bytes()).await.unwrap();
    read(&mut tcp, SWITCHED).await;
    tcp
}

/// Sends `drip` now and then, until the server has had enough.
async fn drips(tcp: &mut TcpStream, drip: &[u8]) {
    let dripping = async {
        while tcp.write_all(drip).await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, dripping).await.expect("it is cut");
}

#[tokio::test]
async fn a_request_in_drops_keeps_no_thread() {
    let raw_echo = Program::start("raw_echo", &[("WS_HEAD_MS", "300")]).await;
    let handshake = Program::start("handshake", &[]).await;
    let dawdle = async |program: &Program| {
        let mut tcp = TcpStream::connect(program.address).await.unwrap();
        tcp.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        let mut answer = [0; 12];
        let (mut reading, mut writing) = tcp.split();
        let dripping = async {
            while writing.write_all(b"y").await.is_ok() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        let answered = timeout(PATIENCE, reading.read_exact(&mut answer));
        let (answered, cut) = tokio::join!(answered, timeout(PATIENCE, dripping));
        answered.expect("it is answered").unwrap();
        assert_eq!(&answer, b"HTTP/1.1 408");
        cut.expect("it is cut");
    };
    tokio::join!(dawdle(&raw_echo), dawdle(&handshake));
}

#[tokio::test]
async fn raw_echo_lets_the_silent_go_and_says_why() {
    let program = Program::start("raw_echo", &[("WS_IDLE_MS", "300")]).await;
    let mut t = talk_to(program.address);
    t.connect("ann", "/").await;
    t.ended("ann").await;
    let seen = t.to_string();
    assert!(seen.contains(r#"ann << close 1011 "nothing heard for too long""#), "{seen}");
}

/// Each byte is something heard, and the message has no end: in one frame, in fragments, and
/// with pings between them.
#[tokio::test]
async fn a_message_in_drops_keeps_no_thread() {
    let program = Program::start("raw_echo", &[("WS_MESSAGE_MS", "300")]).await;
    let ping = Frame::ping("").masked(KEY).to_bytes();
    let mut begun = Frame::text("a").masked(KEY);
    begun.header.fin = false;
    let mut next = Frame::new(Opcode::Continuation, "").masked(KEY);
    next.header.fin = false;
    let fragments = [&next.to_bytes()[..], &ping[..]].concat();
    let long = Frame::text("x".repeat(60_000)).masked(KEY).to_bytes();
    for (first, drip) in [(&long[..8], &b"x"[..]), (&begun.to_bytes(), &fragments), (&[0x81], &[])]
    {
        let mut tcp = open(&program, HEAD).await;
        tcp.write_all(first).await.unwrap();
        let (mut reading, mut writing) = tcp.into_split();
        let dripping = async {
            while writing.write_all(drip).await.is_ok() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        let mut said = Vec::new();
        tokio::select! {
            () = dripping => {}
            read = timeout(PATIENCE, reading.read_to_end(&mut said)) => {
                read.expect("it ends").unwrap();
            }
        }
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("a message took too long"), "{said}");
    }
}

/// The deadline is one message's, not the connection's, however the bytes are cut.
#[tokio::test]
async fn a_client_that_is_always_in_a_message_is_served() {
    let program = Program::start("raw_echo", &[("WS_MESSAGE_MS", "1500")]).await;
    let mut tcp = open(&program, HEAD).await;
    let frame = Frame::text("hi").masked(KEY).to_bytes();
    let echoed = Frame::text("Принято: hi").to_bytes();
    tcp.write_all(&frame[..3]).await.unwrap();
    for _ in 0..40 {
        tcp.write_all(&[&frame[3..], &frame[..3]].concat()).await.unwrap();
        let mut answer = vec![0; echoed.len()];
        timeout(PATIENCE, tcp.read_exact(&mut answer)).await.expect("in time").unwrap();
        assert_eq!(answer, echoed);
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn whoever_talks_on_after_the_goodbye_keeps_no_thread() {
    let program = Program::start("raw_echo", &[]).await;
    let mut tcp = open(&program, HEAD).await;
    tcp.write_all(&Frame::close(1000, "").masked(KEY).to_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, tcp.read_to_end(&mut answer)).await.expect("it ends").unwrap();
    assert_eq!(answer, Frame::close(1000, "").to_bytes());
    drips(&mut tcp, b"x").await;
}

#[tokio::test]
async fn whoever_asks_and_never_reads_is_let_go() {
    let echoed = Frame::binary(vec![b'x'; 60_000]);
    let ping = format!(r#"{{"type":"ping","timestamp":"{}"}}"#, "x".repeat(60_000));
    // As long as it is allowed to take: `connections` reads no setting for it.
    let raw_echo = asks(&[("WS_WRITE_MS", "300")], "raw_echo", HEAD.to_owned(), echoed);
    let head = HEAD.replace("/chat", "/ws");
    let connections = asks(&[], "connections", head, Frame::text(ping));
    tokio::join!(raw_echo, connections);
}

async fn asks(settings: &[(&str, &str)], example: &str, head: String, question: Frame) {
    let program = Program::start(example, settings).await;
    let mut tcp = open(&program, &head).await;
    let question = question.masked(KEY).to_bytes();
    let asking = async {
        for _ in 0..FLOOD / question.len() {
            if tcp.write_all(&question).await.is_err() {
                return;
            }
        }
        panic!("{example}: all of it is taken");
    };
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{example} waits for its reader"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn whoever_takes_no_news_is_let_go() {
    let program = Program::start("poll_vs_push", &[("WS_WRITE_MS", "300")]).await;
    let alone = program.descriptors();
    let mut deaf = Vec::new();
    for request in [&HEAD.replace("/chat", "/ws"), "GET /events HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut tcp = socket.connect(program.address).await.unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        read(&mut tcp, "HTTP/1.1 ".len()).await;
        deaf.push(tcp);
    }
    let mut reporter = TcpStream::connect(program.address).await.unwrap();
    let post = format!("POST /news?{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(15_000));
    for _ in 0..FLOOD / 2 / post.len() {
        reporter.write_all(post.as_bytes()).await.unwrap();
        read(&mut reporter, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".len()).await;
    }
    drop(reporter);
    crate::eventually("both are cut", || program.descriptors() == alone).await;
}

#[tokio::test]
async fn whoever_speaks_into_a_stream_of_events_hears_no_frame() {
    let program = Program::start("poll_vs_push", &[]).await;
    let mut tcp = TcpStream::connect(program.address).await.unwrap();
    tcp.write_all(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    read(&mut tcp, head.len()).await;
    tcp.write_all(b"x").await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, tcp.read_to_end(&mut rest)).await.expect("it ends").unwrap();
    assert!(rest.is_empty(), "{rest:x?}");
}

#[tokio::test]
async fn raw_echo_takes_what_it_is_told_to_take_whatever_comes_between() {
    let program = Program::start("raw_echo", &[("WS_MAX_MESSAGE_BYTES", "125")]).await;
    let mut t = talk_to(program.address);
    t.connect("ann", "/").await;
    t.send("ann", "x".repeat(126)).await;
    t.ended("ann").await;
    let seen = t.to_string();
    assert!(seen.contains(r#"ann << close 1009 "a message may have 125 bytes""#), "{seen}");

    let mut tcp = open(&program, HEAD).await;
    let masked = |frame: Frame| frame.masked(KEY).to_bytes();
    let front = masked(Frame::binary(vec![b'x'; 125]).unfinished());
    let ping = masked(Frame::ping(vec![b'p'; 100]));
    let end = masked(Frame::new(Opcode::Continuation, ""));
    let reads = |said: &str| said.matches('←').count();
    let before = program.said(|said| Some(reads(said))).await;
    tcp.write_all(&[&front, &ping[..50]].concat()).await.unwrap();
    program.said(|said| (reads(said) > before).then_some(())).await;
    tcp.write_all(&[&ping[50..], &end].concat()).await.unwrap();
    let answers = [Frame::pong(vec![b'p'; 100]), Frame::binary(vec![b'x'; 125])];
    let answers = answers.map(|frame| frame.to_bytes()).concat();
    let mut heard = vec![0; answers.len()];
    timeout(PATIENCE, tcp.read_exact(&mut heard)).await.expect("it answers").unwrap();
    assert_eq!(heard, answers);
}

/// A frame that takes longer than a pong may: the pong waits behind it.
async fn a_long_frame_is_heard(example: &str) {
    let settings =
        [("WS_HEARTBEAT_MS", "200"), ("WS_PONG_TIMEOUT_MS", "2000"), ("WS_IDLE_MS", "2500")];
    let program = Program::start(example, &settings).await;
    let mut t = talk_to(program.address);
    let path = if ["reconnect", "full_chat"].contains(&example) { "/ws" } else { "/" };
    t.connect("slow", path).await;
    t.mute("slow").await;
    let text = format!(r#"{{"type":"ping","timestamp":1,"padding":"{}"}}"#, "x".repeat(1_000));
    let frame = Frame::text(text).masked(KEY).to_bytes();
    let pieces = 30;
    for piece in frame.chunks(frame.len().div_ceil(pieces)) {
        t.raw("slow", frame.slice_ref(piece)).await;
        t.pass(Duration::from_millis(100)).await;
    }
    t.pass(Duration::from_millis(300)).await;
    let seen = t.to_string();
    let answer = if example == "names_and_typing" { "unknown_type" } else { r#""type":"pong""# };
    assert!(seen.contains(answer), "{example}: {seen}");
}

#[tokio::test]
async fn who_sends_a_long_frame_slowly_is_no_more_gone_than_who_answers() {
    tokio::join!(
        a_long_frame_is_heard("heartbeat"),
        a_long_frame_is_heard("stats"),
        a_long_frame_is_heard("shutdown"),
        a_long_frame_is_heard("reconnect"),
        a_long_frame_is_heard("names_and_typing"),
        a_long_frame_is_heard("full_chat"),
    );
}
