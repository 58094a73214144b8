//! Each fault over real sockets: what both ends and the events see of it.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use ws101::client::{Connection, connect};
use ws101::frame::{Decoder, Frame, Role};
use ws101::proxy::{Dial, Event, Faults, Options, What, serve};

const PATIENCE: Duration = Duration::from_secs(30);

const REQUEST: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";
const OPEN: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

/// Both ends of a WebSocket through a proxy with one fault.
struct Ends {
    client: TcpStream,
    server: TcpStream,
    events: mpsc::Receiver<Event>,
}

/// A proxy with a fault before a listener.
async fn proxy(fault: &str) -> (SocketAddr, TcpListener, mpsc::Receiver<Event>) {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = server.local_addr().unwrap();
    let dial: Dial = Arc::new(move || {
        Box::pin(async move { Ok(Box::new(connect(to, PATIENCE).await?) as Box<dyn Connection>) })
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let options =
        Options { faults: Faults::new([fault.parse().unwrap()], 0), ..Options::default() };
    let (events, _, serving) = serve(listener, dial, options);
    tokio::spawn(serving);
    (at, server, events)
}

impl Ends {
    async fn open(fault: &str) -> Self {
        let (at, listener, events) = proxy(fault).await;
        let mut client = TcpStream::connect(at).await.unwrap();
        client.write_all(REQUEST).await.unwrap();
        let (mut server, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        read(&mut server, REQUEST.len()).await;
        server.write_all(OPEN).await.unwrap();
        assert_eq!(read(&mut client, OPEN.len()).await, OPEN);
        Self { client, server, events }
    }

    async fn client_says(&mut self, frame: Frame) {
        self.client.write_all(&frame.masked([1, 2, 3, 4]).to_bytes()).await.unwrap();
    }

    async fn server_says(&mut self, frame: Frame) {
        self.server.write_all(&frame.to_bytes()).await.unwrap();
    }

    /// The fault is told when it begins.
    async fn is_told(&mut self, fault: &str) {
        loop {
            let event = timeout(PATIENCE, self.events.recv()).await.expect("it is told").unwrap();
            let What::Fault(told) = event.what else { continue };
            assert_eq!(&*told, fault);
            return;
        }
    }

    /// The fault is told, and so is which frame it made or changed.
    async fn is_marked(&mut self, fault: &str) {
        self.is_told(fault).await;
        loop {
            let event = timeout(PATIENCE, self.events.recv()).await.expect("a mark").unwrap();
            let What::Frame { fault: Some(mark), .. } = event.what else { continue };
            assert_eq!(&*mark, fault);
            return;
        }
    }
}

async fn read(from: &mut TcpStream, size: usize) -> Vec<u8> {
    let mut got = vec![0; size];
    timeout(PATIENCE, from.read_exact(&mut got)).await.expect("bytes come").unwrap();
    got
}

/// The frames that come until there are so many.
async fn frames(from: &mut TcpStream, count: usize) -> Vec<String> {
    let mut decoder = Decoder::new(1 << 20);
    let mut frames = Vec::new();
    while frames.len() < count {
        let mut bytes = [0; 4096];
        let size = timeout(PATIENCE, from.read(&mut bytes)).await.expect("a frame").unwrap();
        assert!(size > 0, "the end after {frames:?}");
        decoder.push(&bytes[..size]);
        frames.extend((&mut decoder).map(|frame| frame.to_string()));
    }
    frames
}

async fn ends(from: &mut TcpStream) -> Result<(), ErrorKind> {
    match timeout(PATIENCE, from.read(&mut [0; 64])).await.expect("an end") {
        Ok(0) => Ok(()),
        Ok(size) => panic!("{size} bytes more"),
        Err(error) => Err(error.kind()),
    }
}

/// Nothing comes, for a moment, and the connection stays.
async fn is_quiet(from: &mut TcpStream) {
    let quiet = timeout(Duration::from_millis(100), from.read(&mut [0; 64])).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[tokio::test]
async fn close() {
    let mut ends_of = Ends::open("close 4001 \"enough\" after 1").await;
    ends_of.client_says(Frame::text("hi")).await;
    let (client, server) = (&mut ends_of.client, &mut ends_of.server);
    assert_eq!(frames(client, 1).await, ["close 4001 \"enough\""]);
    assert_eq!(frames(server, 2).await, ["text \"hi\"", "close 4001 \"enough\""]);
    assert_eq!(ends(client).await, Ok(()));
    assert_eq!(ends(server).await, Ok(()));
    ends_of.is_marked("close 4001 \"enough\" after 1").await;
}

#[tokio::test]
async fn reset() {
    let mut ends_of = Ends::open("reset after 1").await;
    ends_of.server_says(Frame::text("hi")).await;
    // A reset may overtake what was sent just before it, and destroys it.
    let mut got = Vec::new();
    for end in [&mut ends_of.client, &mut ends_of.server] {
        let read = timeout(PATIENCE, end.read_to_end(&mut got)).await.unwrap();
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    ends_of.is_told("reset after 1").await;
}

#[tokio::test]
async fn silence() {
    let mut ends_of = Ends::open("silence").await;
    ends_of.client_says(Frame::text("hi")).await;
    ends_of.server_says(Frame::text("hi")).await;
    is_quiet(&mut ends_of.client).await;
    is_quiet(&mut ends_of.server).await;
    ends_of.is_told("silence").await;
}

#[tokio::test]
async fn cut() {
    let mut ends_of = Ends::open("cut 5 from server").await;
    ends_of.server_says(Frame::text("hello")).await;
    assert_eq!(read(&mut ends_of.client, 5).await, b"\x81\x05hel");
    assert_eq!(ends(&mut ends_of.client).await, Ok(()));
    assert_eq!(ends(&mut ends_of.server).await, Ok(()));
    ends_of.is_told("cut 5 from server").await;
}

#[tokio::test]
async fn refuse() {
    for (fault, status) in
        [("refuse 404", "404 Not Found"), ("refuse 503", "503 Service Unavailable")]
    {
        let (at, _, mut events) = proxy(fault).await;
        let mut client = TcpStream::connect(at).await.unwrap();
        client.write_all(REQUEST).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, client.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        let what = events.recv().await.unwrap().what;
        assert!(matches!(what, What::Request { .. }), "{what:?}");
        let what = events.recv().await.unwrap().what;
        assert!(matches!(&what, What::Fault(told) if **told == *fault), "{what:?}");
    }
    let (at, _, _events) = proxy("refuse nothing").await;
    let mut client = TcpStream::connect(at).await.unwrap();
    client.write_all(REQUEST).await.unwrap();
    is_quiet(&mut client).await;
}

#[tokio::test]
async fn slow() {
    let mut ends_of = Ends::open("slow 1000 from server").await;
    let begin = Instant::now();
    ends_of.server_says(Frame::binary(vec![0; 398])).await;
    frames(&mut ends_of.client, 1).await;
    assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());
    ends_of.is_told("slow 1000 from server").await;
    // The server feels it: no more than the buffers of two sockets and a little is taken.
    let flood = vec![0; 1 << 20];
    let writing = async {
        for _ in 0..64 {
            ends_of.server.write_all(&flood).await.unwrap();
        }
    };
    assert!(timeout(Duration::from_millis(300), writing).await.is_err());
}

#[tokio::test]
async fn split_and_coalesce() {
    let mut ends_of = Ends::open("split 1 from client").await;
    ends_of.client_says(Frame::text("hi")).await;
    let mut first = [0; 64];
    let size = timeout(PATIENCE, ends_of.server.read(&mut first)).await.unwrap().unwrap();
    assert!(size < 8, "a part of the frame comes alone");
    read(&mut ends_of.server, 8 - size).await;

    let mut ends_of = Ends::open("coalesce 200ms from client").await;
    for _ in 0..5 {
        ends_of.client_says(Frame::text("hi")).await;
        tokio::task::yield_now().await;
    }
    let size = timeout(PATIENCE, ends_of.server.read(&mut first)).await.unwrap().unwrap();
    assert_eq!(size, 40, "all come at once");
}

#[tokio::test]
async fn forge() {
    let mut ends_of = Ends::open("forge b3 03 61 62 63 from server").await;
    assert_eq!(frames(&mut ends_of.client, 1).await, ["rsv=3 opcode=3 \"abc\""]);
    is_quiet(&mut ends_of.server).await;
    ends_of.is_marked("forge b3 03 61 62 63 from server").await;
}

#[tokio::test]
async fn faults_of_frames() {
    for (fault, expected) in [
        ("drop pong", &["text \"a\"", "text \"b\""][..]),
        ("delay pong 100ms", &["text \"a\"", "text \"b\"", "pong"]),
        ("duplicate text", &["text \"a\"", "text \"a\"", "pong", "text \"b\"", "text \"b\""]),
        ("reorder text", &["pong", "text \"b\"", "text \"a\""]),
    ] {
        let mut ends_of = Ends::open(fault).await;
        for frame in [Frame::text("a"), Frame::pong(""), Frame::text("b")] {
            ends_of.server_says(frame).await;
        }
        assert_eq!(frames(&mut ends_of.client, expected.len()).await, expected, "{fault}");
        is_quiet(&mut ends_of.client).await;
        ends_of.is_marked(fault).await;
    }
    let mut ends_of = Ends::open("flip text after 1").await;
    ends_of.server_says(Frame::text("abc")).await;
    ends_of.server_says(Frame::text("abc")).await;
    let both = read(&mut ends_of.client, 10).await;
    let bits: u32 = both[..5].iter().zip(&both[5..]).map(|(a, b)| (a ^ b).count_ones()).sum();
    assert_eq!(bits, 1, "{both:02x?}");
    ends_of.is_marked("flip text after 1").await;
}

#[tokio::test]
async fn what_is_not_for_a_connection_leaves_it_alone() {
    let mut ends_of = Ends::open("reset on c2").await;
    ends_of.client_says(Frame::text("hi")).await;
    assert_eq!(frames(&mut ends_of.server, 1).await, ["text \"hi\""]);
    ends_of.server_says(Frame::text("hi")).await;
    assert_eq!(frames(&mut ends_of.client, 1).await, ["text \"hi\""]);
    drop(ends_of.client);
    assert_eq!(ends(&mut ends_of.server).await, Ok(()));
    drop(ends_of.server);
    let mut senders = Vec::new();
    while let Some(event) = timeout(PATIENCE, ends_of.events.recv()).await.unwrap() {
        match event.what {
            What::Frame { fault, .. } => assert_eq!(fault, None),
            What::Ended { sender, .. } => senders.push(sender),
            _ => {}
        }
        if senders.len() == 2 {
            break;
        }
    }
    assert_eq!(senders, [Role::Client, Role::Server]);
}
