//! A proxy carries every byte, and reports what it carried.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use ws101::client::{Connection, connect};
use ws101::frame::{Frame, Header, Opcode, Role, Violation};
use ws101::proxy::{Dial, Event, Options, QUEUE_BYTES, Rewrite, Totals, What, serve};

const PATIENCE: Duration = Duration::from_secs(30);

const REQUEST: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";
const OPEN: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

struct Proxied {
    at: SocketAddr,
    server: TcpListener,
    events: mpsc::Receiver<Event>,
    totals: Arc<Totals>,
}

impl Proxied {
    async fn start(options: Options) -> Self {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = server.local_addr().unwrap();
        let dial: Dial = Arc::new(move || {
            Box::pin(
                async move { Ok(Box::new(connect(to, PATIENCE).await?) as Box<dyn Connection>) },
            )
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (events, totals, serving) = serve(listener, dial, options);
        tokio::spawn(serving);
        Self { at, server, events, totals }
    }

    /// Both ends of a connection through it, before the first byte.
    async fn ends(&self) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(self.at).await.unwrap();
        (client, self.server.accept().await.unwrap().0)
    }

    /// Both ends of an open WebSocket.
    async fn open(&self) -> (TcpStream, TcpStream) {
        let (mut client, mut server) = self.ends().await;
        pass(&mut client, &mut server, REQUEST).await;
        pass(&mut server, &mut client, OPEN).await;
        (client, server)
    }

    async fn next(&mut self) -> Event {
        timeout(PATIENCE, self.events.recv()).await.expect("an event").expect("more events")
    }

    async fn what(&mut self) -> What {
        self.next().await.what
    }
}

/// Sends `bytes` through the proxy, and sees them come out unchanged.
async fn pass(from: &mut TcpStream, to: &mut TcpStream, bytes: &[u8]) {
    let mut got = vec![0; bytes.len()];
    let both = async { tokio::join!(from.write_all(bytes), to.read_exact(&mut got)) };
    let (sent, read) = timeout(PATIENCE, both).await.expect("it passes");
    sent.unwrap();
    read.unwrap();
    assert!(got == bytes, "bytes changed");
}

#[tokio::test]
async fn heads_frames_and_ends_are_reported_as_they_were() {
    let mut proxied = Proxied::start(Options::default()).await;
    let (mut client, mut server) = proxied.open().await;
    let frames = [
        Frame::text("при").unfinished().masked([1, 2, 3, 4]),
        Frame::ping("in between").masked([9, 9, 9, 9]),
        Frame::new(Opcode::Continuation, "вет").masked([0, 0, 0, 0]),
        Frame::new(Opcode::Reserved(11), vec![7; 300]).rsv(5).masked([5, 6, 7, 8]),
    ];
    for frame in &frames {
        pass(&mut client, &mut server, &frame.to_bytes()).await;
    }
    let answer = Frame::binary(vec![1; 70_000]);
    pass(&mut server, &mut client, &answer.to_bytes()).await;
    drop(server);
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
    drop(client);

    let event = proxied.next().await;
    assert_eq!((event.connection, event.socket), (1, 1));
    assert!(matches!(event.what, What::Request { head, .. } if head == REQUEST));
    assert!(matches!(proxied.what().await, What::Answer { head, .. } if head == OPEN));
    for sent in frames {
        let What::Frame { sender, frame, violation, fault } = proxied.what().await else {
            panic!()
        };
        assert_eq!((sender, &frame, fault), (Role::Client, &sent, None));
        let broken = (sent.header.rsv > 0).then_some(Violation::ReservedBits(5));
        assert_eq!(violation, broken);
    }
    let What::Frame { sender, frame, .. } = proxied.what().await else { panic!() };
    assert_eq!((sender, frame.header), (Role::Server, answer.header));
    assert_eq!(frame.payload, vec![1; 4096]);
    assert!(frame.digest.is_some());
    for side in [Role::Server, Role::Client] {
        let what = proxied.what().await;
        assert!(matches!(what, What::Ended { sender, error: None } if sender == side), "{what:?}");
    }
    assert_eq!(proxied.totals.frames_from(Role::Client), 4);
    assert_eq!(proxied.totals.frames_from(Role::Server), 1);
    let bytes = (OPEN.len() + answer.to_bytes().len()) as u64;
    assert_eq!(proxied.totals.bytes_from(Role::Server), bytes);
}

/// The frames that come as events, and those that were missed.
async fn counted(proxied: &mut Proxied, of: Role) -> (u64, u64, u64) {
    let (mut frames, mut missed, mut missed_bytes) = (0, 0, 0);
    loop {
        match proxied.what().await {
            What::Frame { sender, .. } if sender == of => frames += 1,
            What::Missed { sender, frames, bytes } if sender == of => {
                missed += frames;
                missed_bytes += bytes;
            }
            What::Ended { sender, .. } if sender == of => return (frames, missed, missed_bytes),
            _ => {}
        }
    }
}

/// 40,000 frames of many sizes. If not `is_read`, all of them pass before anybody reads an event.
async fn flood(options: Options, is_read: bool) -> (Proxied, (u64, u64, u64)) {
    let mut proxied = Proxied::start(options).await;
    let (mut client, mut server) = proxied.open().await;
    let frame = |n: usize| Frame::binary(vec![7; n % 97]).masked([1, 2, 3, 4]);
    let bytes: Vec<u8> = (0..40_000).flat_map(|n| frame(n).to_bytes()).collect();
    assert!(bytes.len() > 4 * QUEUE_BYTES);
    let reading = tokio::spawn(async move {
        let mut got = Vec::new();
        server.read_to_end(&mut got).await.unwrap();
        got
    });
    let writing = async {
        client.write_all(&bytes).await.unwrap();
        client.shutdown().await.unwrap();
        assert!(reading.await.unwrap() == bytes, "bytes changed");
    };
    if is_read {
        let (counted, ()) = tokio::join!(counted(&mut proxied, Role::Client), writing);
        return (proxied, counted);
    }
    timeout(PATIENCE, writing).await.expect("frames pass though nobody looks");
    let counted = counted(&mut proxied, Role::Client).await;
    (proxied, counted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_nobody_reads_pass_and_are_counted() {
    let (proxied, (seen, missed, bytes)) = flood(Options::default(), false).await;
    assert_eq!(seen + missed, 40_000);
    assert!(missed > 1000 && seen > 1000 && bytes > 0, "{missed} missed, {seen} seen");
    assert_eq!(proxied.totals.frames_from(Role::Client), 40_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_records_loses_no_frame() {
    let options = Options { is_lossless: true, ..Options::default() };
    let (proxied, (seen, missed, _)) = flood(options, true).await;
    assert_eq!((seen, missed), (40_000, 0));
    assert_eq!(proxied.totals.frames_from(Role::Client), 40_000);
}

#[tokio::test]
async fn a_frame_behind_a_gap_is_read_from_its_beginning() {
    let mut proxied = Proxied::start(Options::default()).await;
    let (mut client, mut server) = proxied.open().await;
    // One frame that is longer than the queue, in pieces, and then a short one that fits again.
    let long = Frame::binary(vec![3; 4 * QUEUE_BYTES]).masked([1, 1, 1, 1]).to_bytes();
    pass(&mut client, &mut server, &long).await;
    let first = proxied.what().await;
    assert!(matches!(first, What::Request { .. }), "{first:?}");
    let rest: Vec<u8> = (0..50).flat_map(|_| Frame::text("hi").masked([2; 4]).to_bytes()).collect();
    pass(&mut client, &mut server, &rest).await;
    drop(client);
    let (seen, missed, _) = counted(&mut proxied, Role::Client).await;
    assert_eq!(seen + missed, 51);
}

#[tokio::test]
async fn ten_thousand_fragments_and_a_gigabyte_that_never_ends() {
    let mut proxied = Proxied::start(Options { is_lossless: true, ..Options::default() }).await;
    let (mut client, mut server) = proxied.open().await;
    let first = Frame::text("").unfinished().masked([0; 4]).to_bytes();
    let more = Frame::new(Opcode::Continuation, "x").unfinished().masked([0; 4]).to_bytes();
    let last = Frame::new(Opcode::Continuation, "").masked([0; 4]).to_bytes();
    let mut bytes = first.to_vec();
    (0..9_998).for_each(|_| bytes.extend_from_slice(&more));
    bytes.extend_from_slice(&last);
    let mut header = bytes::BytesMut::new();
    Header { mask: Some([0; 4]), size: 14, ..Header::new(Opcode::Binary, 1 << 30) }
        .encode(&mut header);
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(&vec![0; 5000]);
    let passing = async move {
        pass(&mut client, &mut server, &bytes).await;
        drop((server, client));
    };
    let looking = async {
        let (mut frames, mut torn) = (0, None);
        loop {
            match proxied.what().await {
                What::Frame { violation, .. } => {
                    assert_eq!(violation, None);
                    frames += 1;
                }
                What::Torn { torn: part, .. } => torn = Some(part),
                What::Ended { sender: Role::Client, .. } => return (frames, torn),
                _ => {}
            }
        }
    };
    let ((frames, torn), ()) = tokio::join!(looking, passing);
    assert_eq!(frames, 10_000);
    let torn = torn.expect("the long one is torn");
    assert_eq!((torn.header.unwrap().len, torn.received), (1 << 30, 5000));
}

#[tokio::test]
async fn bytes_that_are_no_websocket_pass_and_are_shown() {
    let mut proxied = Proxied::start(Options::default()).await;
    let (mut client, mut server) = proxied.ends().await;
    pass(&mut client, &mut server, b"SSH-2.0-x\r\n").await;
    pass(&mut server, &mut client, b"\x00\x01\x02 odd").await;
    let event = proxied.next().await;
    assert_eq!(event.socket, 1);
    assert!(
        matches!(event.what, What::Stray { sender: Role::Client, bytes } if bytes == "SSH-2.0-x\r\n")
    );
    let what = proxied.what().await;
    assert!(matches!(what, What::Stray { sender: Role::Server, .. }), "{what:?}");
    // And the next client is served all the same.
    let (mut client, mut server) = proxied.open().await;
    pass(&mut client, &mut server, b"\x81\x80\0\0\0\0").await;
}

#[tokio::test]
async fn a_reset_of_the_server_resets_the_client() {
    let mut proxied = Proxied::start(Options::default()).await;
    let (mut client, server) = proxied.open().await;
    server.set_zero_linger().unwrap();
    drop(server);
    let error = timeout(PATIENCE, client.read(&mut [0; 8])).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    loop {
        if let What::Ended { sender, error } = proxied.what().await {
            assert_eq!((sender, error), (Role::Server, Some(ErrorKind::ConnectionReset)));
            return;
        }
    }
}

#[tokio::test]
async fn without_a_server_the_client_gets_502_and_without_room_503() {
    let mut proxied = Proxied::start(Options { connections: 1, ..Options::default() }).await;
    let (client, server_end) = proxied.open().await;
    let mut other = TcpStream::connect(proxied.at).await.unwrap();
    let mut answer = String::new();
    let reading = timeout(PATIENCE, other.read_to_string(&mut answer)).await;
    reading.expect("an answer").unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    loop {
        if matches!(proxied.what().await, What::Full(_)) {
            break;
        }
    }
    drop((client, other, server_end));
    let Proxied { at, server, mut events, .. } = proxied;
    drop(server);
    loop {
        let mut client = TcpStream::connect(at).await.unwrap();
        client.write_all(REQUEST).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        // The place of the one before is free a moment after its end.
        if answer.starts_with("HTTP/1.1 502 ") {
            break;
        }
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
    let mut is_asked = false;
    loop {
        match timeout(PATIENCE, events.recv()).await.unwrap().unwrap().what {
            What::Request { head, .. } => is_asked = head == REQUEST,
            What::Unreachable(_) => break,
            _ => {}
        }
    }
    assert!(is_asked, "the request is shown before the reason");
}

#[tokio::test]
async fn a_changed_request_is_reported_as_the_server_got_it() {
    let rewrite = Rewrite::new(vec![("Host".to_owned(), "b.test".to_owned())]);
    let mut proxied = Proxied::start(Options { rewrite, ..Options::default() }).await;
    let mut client = TcpStream::connect(proxied.at).await.unwrap();
    client.write_all(&[REQUEST, b"\x81"].concat()).await.unwrap();
    let (mut server, _) = timeout(PATIENCE, proxied.server.accept()).await.unwrap().unwrap();
    let changed = b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nHost: b.test\r\n\r\n\x81";
    let mut got = vec![0; changed.len()];
    server.read_exact(&mut got).await.unwrap();
    assert_eq!(got, changed);
    let what = proxied.what().await;
    assert!(
        matches!(&what, What::Request { head, .. } if **head == changed[..changed.len() - 1]),
        "{what:?}"
    );
}

#[tokio::test]
async fn an_extension_gives_reserved_bits_a_meaning() {
    let mut proxied = Proxied::start(Options::default()).await;
    let (mut client, mut server) = proxied.ends().await;
    pass(&mut client, &mut server, REQUEST).await;
    let open =
        b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    pass(&mut server, &mut client, open).await;
    let frames = [Frame::text(vec![0xca, 0xcf]).rsv(4), Frame::new(Opcode::Reserved(3), "").rsv(4)];
    for frame in &frames {
        pass(&mut server, &mut client, &frame.to_bytes()).await;
    }
    let mut broken = Vec::new();
    while broken.len() < 2 {
        if let What::Frame { frame, violation, .. } = proxied.what().await {
            assert_eq!(frame.header.rsv, 4, "it is shown as it was");
            broken.push(violation);
        }
    }
    assert_eq!(broken, [None, Some(Violation::ReservedOpcode(3))]);
}
