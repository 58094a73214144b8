//! A tap shows everything and changes nothing.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio::sync::mpsc;
use ws101::frame::{Frame, Header, Opcode, Torn};
use ws101::handshake::HEAD_LIMIT;
use ws101::tap::Direction::{In, Out};
use ws101::tap::{Direction, EARLY_LIMIT, Limits, Seen, Tap, TapEvent};

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: x\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

/// What heads and frames are made of.
const SPICES: &[u8] = b"\r\n\n\x81\x82\x88\x05\x7e HTTP/1.";

/// A tapped stream, what is seen there, and the other end.
struct Wire {
    tap: Tap<DuplexStream>,
    seen: mpsc::Receiver<Seen>,
    far: DuplexStream,
}

impl Wire {
    fn new(limits: Limits) -> Self {
        let (near, far) = duplex(1 << 20);
        let (tap, seen) = Tap::new(near, limits);
        Self { tap, seen, far }
    }

    async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.tap.write_all(bytes.as_ref()).await.unwrap();
    }

    async fn read(&mut self, bytes: impl AsRef<[u8]>) {
        self.far.write_all(bytes.as_ref()).await.unwrap();
        let mut got = vec![0; bytes.as_ref().len()];
        self.tap.read_exact(&mut got).await.unwrap();
        assert_eq!(got, bytes.as_ref());
    }

    fn seen(&mut self) -> Vec<(Direction, TapEvent)> {
        std::iter::from_fn(|| self.seen.try_recv().ok())
            .map(|seen| (seen.direction, seen.event))
            .collect()
    }
}

fn head(text: &'static str) -> TapEvent {
    TapEvent::Head(text.into())
}

fn body(text: impl Into<bytes::Bytes>) -> TapEvent {
    TapEvent::Body(text.into())
}

#[tokio::test]
async fn it_may_sit_at_either_end() {
    let (asked, answered) = (Frame::text("hi").masked([1, 2, 3, 4]), Frame::text("hello"));

    let mut client = Wire::new(Limits::default());
    client.write(REQUEST).await;
    client.read(SWITCH).await;
    client.write(asked.to_bytes()).await;
    client.read(answered.to_bytes()).await;
    assert_eq!(
        client.seen(),
        [
            (Out, head(REQUEST)),
            (In, head(SWITCH)),
            (Out, TapEvent::Frame(asked.clone())),
            (In, TapEvent::Frame(answered.clone())),
        ]
    );

    let mut server = Wire::new(Limits::default());
    server.read(REQUEST).await;
    server.write(SWITCH).await;
    server.read(asked.to_bytes()).await;
    server.write(answered.to_bytes()).await;
    assert_eq!(
        server.seen(),
        [
            (In, head(REQUEST)),
            (Out, head(SWITCH)),
            (In, TapEvent::Frame(asked)),
            (Out, TapEvent::Frame(answered)),
        ]
    );
}

#[tokio::test]
async fn pieces_of_any_size_show_the_same() {
    let frames = [Frame::text("привет"), Frame::ping(""), Frame::binary(vec![7; 300])];
    let mut answer = SWITCH.as_bytes().to_vec();
    for frame in &frames {
        answer.extend_from_slice(&frame.to_bytes());
    }
    for size in 1..answer.len() {
        let mut wire = Wire::new(Limits::default());
        for piece in REQUEST.as_bytes().chunks(size) {
            wire.write(piece).await;
        }
        for piece in answer.chunks(size) {
            wire.read(piece).await;
        }
        let mut shown = vec![(Out, head(REQUEST)), (In, head(SWITCH))];
        shown.extend(frames.iter().map(|frame| (In, TapEvent::Frame(frame.clone()))));
        assert_eq!(wire.seen(), shown);
    }
}

#[tokio::test]
async fn one_piece_may_hold_a_head_and_much_besides() {
    // Empty lines may come before a head (RFC 9112 §2.2).
    let (request, switch) = (format!("\r\n\r\n{REQUEST}"), format!("\r\n\n{SWITCH}"));
    let long = Frame::binary(vec![7; 2 * HEAD_LIMIT]);
    let mut wire = Wire::new(Limits { keep: usize::MAX, ..Limits::default() });
    wire.write(&request).await;
    wire.read([switch.as_bytes(), &long.to_bytes(), &long.to_bytes()].concat()).await;
    assert_eq!(
        wire.seen(),
        [
            (Out, TapEvent::Head(request.into())),
            (In, TapEvent::Head(switch.into())),
            (In, TapEvent::Frame(long.clone())),
            (In, TapEvent::Frame(long)),
        ]
    );
}

#[tokio::test]
async fn without_a_101_there_are_no_frames() {
    let refusal = "HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\n";
    let mut wire = Wire::new(Limits { keep: 4, ..Limits::default() });
    wire.write(REQUEST).await;
    wire.write("\x01\x02").await;
    wire.read(format!("{refusal}why?\n")).await;
    wire.write("\x03\x04\x05\x06").await;
    assert_eq!(
        wire.seen(),
        [
            (Out, head(REQUEST)),
            (In, head(refusal)),
            (Out, body("\x01\x02")),
            (In, body("why?")),
            (Out, body("\x03\x04")),
        ],
        "of each direction's body the first four bytes are kept"
    );
}

#[tokio::test]
async fn frames_sent_early_are_seen_once_it_is_known_that_they_are_frames() {
    let early = Frame::text("early").masked([9; 4]);
    let mut wire = Wire::new(Limits::default());
    wire.write([REQUEST.as_bytes(), &early.to_bytes()].concat()).await;
    assert_eq!(wire.seen(), [(Out, head(REQUEST))]);
    wire.read(SWITCH).await;
    assert_eq!(wire.seen(), [(In, head(SWITCH)), (Out, TapEvent::Frame(early))]);
}

#[tokio::test]
async fn too_much_too_early_is_only_bytes() {
    let mut wire = Wire::new(Limits { keep: 3, ..Limits::default() });
    wire.write(REQUEST).await;
    wire.write(vec![b'x'; EARLY_LIMIT]).await;
    assert_eq!(wire.seen(), [(Out, head(REQUEST))]);
    wire.write("x").await;
    wire.read(SWITCH).await;
    wire.read(Frame::text("hi").to_bytes()).await;
    assert_eq!(
        wire.seen(),
        [(Out, body("xxx")), (In, head(SWITCH)), (In, TapEvent::Frame(Frame::text("hi")))]
    );
}

#[tokio::test]
async fn what_is_no_http_is_shown_too() {
    // An endless line.
    let mut wire = Wire::new(Limits { keep: 5, ..Limits::default() });
    wire.write(vec![b'x'; HEAD_LIMIT]).await;
    assert_eq!(wire.seen(), [(Out, body("xxxxx"))]);
    let mut wire = Wire::new(Limits { keep: 5, ..Limits::default() });
    wire.write(vec![b'x'; HEAD_LIMIT - 1]).await;
    wire.write("xy\r\n\r\n").await;
    assert_eq!(wire.seen(), [(Out, body("xxxxx"))]);
    // A head that nobody could parse is a head all the same, up to its blank line.
    let mut wire = Wire::new(Limits::default());
    wire.write("\r\nwhat?\n\nmore").await;
    wire.read("HTTP/1.1 oops\r\n\r\nmore").await;
    assert_eq!(
        wire.seen(),
        [
            (Out, head("\r\nwhat?\n\n")),
            (In, head("HTTP/1.1 oops\r\n\r\n")),
            (Out, body("more")),
            (In, body("more")),
        ]
    );
    // Half a head, and the end.
    let mut wire = Wire::new(Limits::default());
    wire.write("GET /chat").await;
    wire.tap.shutdown().await.unwrap();
    assert_eq!(wire.seen(), [(Out, body("GET /chat")), (Out, TapEvent::Eof)]);
}

#[tokio::test]
async fn of_a_long_payload_the_front_and_a_digest_are_shown() {
    let mut wire = Wire::new(Limits { keep: 3, ..Limits::default() });
    wire.write(REQUEST).await;
    wire.read(SWITCH).await;
    wire.read(Frame::text("abcdef").to_bytes()).await;
    let Some((In, TapEvent::Frame(frame))) = wire.seen().pop() else { panic!("a frame came in") };
    assert_eq!((&frame.payload[..], frame.header.len), (&b"abc"[..], 6));
    assert!(frame.digest.is_some());
}

#[tokio::test]
async fn an_end_is_seen_once_with_what_it_tore() {
    let mut wire = Wire::new(Limits::default());
    wire.write(REQUEST).await;
    wire.read(SWITCH).await;
    wire.read(b"\x81\x05he").await;
    assert_eq!(wire.tap.read(&mut []).await.unwrap(), 0);
    assert_eq!(wire.seen().len(), 2, "no room to read into is no end");
    drop(std::mem::replace(&mut wire.far, duplex(1).0));
    assert_eq!(wire.tap.read(&mut [0; 8]).await.unwrap(), 0);
    assert_eq!(wire.tap.read(&mut [0; 8]).await.unwrap(), 0);
    let error = wire.tap.write_all(b"x").await.unwrap_err();
    let torn = Torn { header: Some(Header::new(Opcode::Text, 5)), received: 2 };
    assert_eq!(
        wire.seen(),
        [
            (In, TapEvent::Torn(torn, b"\x81\x05he"[..].into())),
            (In, TapEvent::Eof),
            (Out, TapEvent::Error(error.kind()))
        ]
    );
}

#[tokio::test]
async fn what_found_no_room_is_counted() {
    let mut wire = Wire::new(Limits { events: 3, ..Limits::default() });
    wire.write(REQUEST).await;
    wire.read(SWITCH).await;
    for name in ["a", "b", "c", "d"] {
        wire.read(Frame::text(name).to_bytes()).await;
    }
    let seen = wire.seen();
    assert_eq!(seen[2..], [(In, TapEvent::Frame(Frame::text("a")))]);
    wire.read(Frame::text("e").to_bytes()).await;
    assert_eq!(wire.seen(), [(In, TapEvent::Missed(3)), (In, TapEvent::Frame(Frame::text("e")))]);

    // Even what was missed last is told, after the end.
    for _ in 0..10 {
        wire.read(Frame::text("f").to_bytes()).await;
    }
    drop(wire.tap);
    let seen: Vec<_> = std::iter::from_fn(|| wire.seen.try_recv().ok()).collect();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[3].event, TapEvent::Missed(7));
}

#[tokio::test]
async fn byte_soup_passes_unharmed_and_harms_nobody() {
    let mut dice = 101_u64;
    let mut roll = move |sides: u64| {
        // Xorshift: as random as this needs, and the same every time.
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % sides
    };
    for _ in 0..300 {
        let mut wire = Wire::new(Limits { keep: 7, events: 20 });
        for _ in 0..roll(12) {
            let soup: Vec<_> = match roll(4) {
                0 => REQUEST.into(),
                1 => SWITCH.into(),
                _ => (0..roll(60))
                    .map(|_| *SPICES.get(usize::try_from(roll(20)).unwrap()).unwrap_or(&0xff))
                    .collect(),
            };
            // Reading compares what arrives with what was sent.
            if roll(2) == 0 { wire.write(soup).await } else { wire.read(soup).await }
        }
        wire.tap.shutdown().await.unwrap();
        let seen = wire.seen();
        assert!(seen.len() <= 20, "{seen:?}");
    }
}

#[tokio::test]
async fn an_observer_who_leaves_disturbs_nobody() {
    let mut wire = Wire::new(Limits { events: 1, ..Limits::default() });
    wire.write(REQUEST).await;
    wire.seen.close();
    while wire.seen.recv().await.is_some() {}
    wire.read(SWITCH).await;
    for _ in 0..100 {
        wire.read(Frame::text("still here").to_bytes()).await;
    }
}

#[tokio::test]
async fn several_buffers_written_at_once_are_seen_as_far_as_they_went() {
    // The pipe takes less than it is offered.
    let (near, _far) = duplex(REQUEST.len() - 1);
    let (mut tap, mut seen) = Tap::new(near, Limits::default());
    assert!(tap.is_write_vectored());
    let parts = [&b"GET /chat "[..], b"HTTP/1.1\r\n", b"Host: x\r\n\r\n"].map(IoSlice::new);
    assert_eq!(tap.write_vectored(&parts).await.unwrap(), REQUEST.len() - 1);
    tap.shutdown().await.unwrap();
    assert_eq!(seen.recv().await.unwrap().event, body(&REQUEST.as_bytes()[..REQUEST.len() - 1]));
}

#[tokio::test]
async fn a_reset_is_no_orderly_end() {
    struct Reset;
    impl AsyncRead for Reset {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Err(ErrorKind::ConnectionReset.into()))
        }
    }
    let (mut tap, mut seen) = Tap::new(Reset, Limits::default());
    assert!(tap.read(&mut [0; 8]).await.is_err());
    assert_eq!(seen.recv().await.unwrap().event, TapEvent::Error(ErrorKind::ConnectionReset));
}
