//! The recorder itself: what it shows, and that it shows the same every time.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request as Asked, Response};
use ws101::frame::{Frame, Opcode};
use ws101::tap::{Direction, Limits, Seen, Tap, TapEvent};
use ws101::transcript::{Pipe, Request, Transcript};

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Everyone hears everyone, by tungstenite; ids are as random as a clock's hash.
#[derive(Clone, Default)]
struct Chat {
    members: Arc<Mutex<Vec<mpsc::Sender<Message>>>>,
    seed: Arc<AtomicU64>,
}

impl Chat {
    fn seeded(seed: u64) -> Self {
        Self { seed: Arc::new(AtomicU64::new(seed)), ..Self::default() }
    }

    fn broadcast(&self, text: &str) {
        self.members.lock().unwrap().retain(|to| to.try_send(text.into()).is_ok());
    }

    async fn serve(self, io: impl AsyncRead + AsyncWrite + Unpin) {
        let Ok(mut socket) = tokio_tungstenite::accept_async(io).await else { return };
        let seed = u128::from(self.seed.fetch_add(1, Ordering::Relaxed));
        let id =
            format!("{:032x}", (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834));
        let (to, mut mailbox) = mpsc::channel(64);
        self.members.lock().unwrap().push(to);
        self.broadcast(&format!(
            r#"{{"type":"joined","id":"{id}","at":"2025-01-{:02}T10:00:00.123Z","rss":{seed}}}"#,
            seed % 28 + 1
        ));
        let mut beat = tokio::time::interval(Duration::from_secs(25));
        beat.tick().await;
        loop {
            tokio::select! {
                biased;
                heard = socket.next() => match heard {
                    Some(Ok(Message::Text(text))) => {
                        self.broadcast(&format!(r#"{{"text":"{text}","type":"said","id":"{id}"}}"#));
                    }
                    Some(Ok(_)) => {}
                    _ => break,
                },
                message = mailbox.recv() => {
                    let Some(message) = message else { break };
                    if socket.send(message).await.is_err() {
                        break;
                    }
                }
                _ = beat.tick() => {
                    if socket.send(Message::Ping("1".into())).await.is_err() {
                        break;
                    }
                }
            }
        }
        self.broadcast(&format!("{id} left"));
    }
}

async fn conversation(mut t: Transcript) -> String {
    t.any("rss");
    t.step("alice waits");
    t.connect("alice", "/chat?name=alice").await;
    t.step("bob joins, and both learn who is there");
    t.connect("bob", "/chat?name=bob").await;
    t.step("bob says hi");
    t.send("bob", "hi").await;
    t.step("alice leaves in order, bob is cut off");
    t.close("alice", 1000, "bye").await;
    t.vanish("bob").await;
    t.to_string()
}

fn chat(seed: u64) -> Transcript {
    let chat = Chat::seeded(seed);
    Transcript::new(move |pipe: Pipe| chat.clone().serve(pipe))
}

#[tokio::test(start_paused = true)]
async fn a_conversation() {
    insta::assert_snapshot!(conversation(chat(0)).await);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_runs_are_one_text() {
    let first = conversation(chat(0)).await;
    for run in 1..200 {
        assert_eq!(conversation(chat(run)).await, first);
    }
}

#[tokio::test(start_paused = true)]
async fn time_costs_nothing_and_is_shown() {
    let mut t = chat(0);
    t.show_bytes();
    t.connect("ann", "/").await;
    t.connect("bob", "/").await;
    t.step("everyone is pinged, a browser answers");
    t.pass(Duration::from_secs(51)).await;
    t.step("ann hangs");
    t.mute("ann").await;
    t.pass(Duration::from_millis(24_300)).await;
    t.close("bob", 1001, "").await;
    insta::assert_snapshot!(t);
}

/// A server of few words: it reads a request and writes these bytes, then keeps quiet.
fn scripted(script: impl Into<Vec<u8>>) -> Transcript {
    let script = script.into();
    Transcript::new(move |mut pipe| {
        let script = script.clone();
        async move {
            let mut request = asked(&mut pipe).await;
            pipe.write_all(&script).await.unwrap();
            while pipe.read_buf(&mut request).await.is_ok_and(|size| size > 0) {}
        }
    })
}

fn wire(frames: &[Frame]) -> Vec<u8> {
    let mut out = SWITCH.as_bytes().to_vec();
    for frame in frames {
        out.extend_from_slice(&frame.to_bytes());
    }
    out
}

#[tokio::test(start_paused = true)]
async fn whatever_a_server_sends_is_shown_as_it_is() {
    let wide = {
        let mut frame = Frame::text("hi");
        frame.header.size = 10;
        frame
    };
    let mut t = scripted(wire(&[
        Frame::text("quotes \", \\, a tab\t, a bell\u{7}, an override\u{202e}"),
        Frame::text(""),
        Frame::text(b"no text \xff".to_vec()),
        Frame::text(r#" {"b":[1,2.50,{"z":null,"a":true}],"a":"\u0041"}"#),
        Frame::text(format!(r#"{{"long":"{}"}}"#, "x".repeat(257))),
        Frame::text("[]"),
        Frame::text("17"),
        Frame::text(r#"{"half":"#),
        Frame::text(format!("[0]{}", " ".repeat(17_000))),
        Frame::text("{}").unfinished(),
        Frame::text("x".repeat(1025)),
        Frame::text(format!("[{}0]", " ".repeat(1100))),
        Frame::text("he").unfinished(),
        Frame::ping("between"),
        Frame::new(Opcode::Continuation, "llo"),
        Frame::binary(""),
        Frame::binary(vec![0, 255]),
        Frame::binary(vec![7; 33]),
        Frame::binary(vec![7; 40_000]),
        Frame::pong(vec![0, 1]),
        Frame::text("masked").masked([1, 2, 3, 4]),
        Frame::text("compressed?").rsv(4),
        Frame::new(Opcode::Reserved(0xb), "?"),
        wide,
        Frame::close(1000, "").unfinished(),
    ]));
    t.connect("ann", "/").await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn whatever_a_client_sends_is_shown_as_it_is() {
    let mut t = scripted(SWITCH);
    t.show_bytes();
    t.connect("ann", "/").await;
    t.send("ann", r#"{"type":"hello"}"#).await;
    t.send("ann", vec![0, 1, 2]).await;
    t.send("ann", Frame::text("other mask").masked([0; 4])).await;
    t.note("by hand");
    t.raw("ann", Frame::text("unmasked").to_bytes()).await;
    t.raw("ann", &b"\x81"[..]).await;
    t.raw("ann", &b"\x05he"[..]).await;
    t.raw("ann", &b"llo\x89\x00\x82\xff\x80\0\0\0\0\0\0\0abcdefg"[..]).await;
    t.reset("ann").await;
    t.send("ann", "anyone?").await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn every_way_to_say_goodbye() {
    let mut texts = Vec::new();
    for (name, last) in [
        ("code and reason", Frame::close(1000, "bye")),
        ("a code", Frame::close(1001, "")),
        ("nothing", Frame::new(Opcode::Close, "")),
        ("half a code", Frame::new(Opcode::Close, vec![3])),
        ("no text", Frame::new(Opcode::Close, b"\x03\xe8\xff".to_vec())),
    ] {
        let mut t = scripted(wire(&[last, Frame::ping("unanswered")]));
        t.connect(name, "/").await;
        texts.push(t.to_string());
    }
    insta::assert_snapshot!(texts.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn the_ways_a_connection_ends() {
    let mut t = Transcript::new(|mut pipe: Pipe| async move {
        let request = asked(&mut pipe).await;
        pipe.write_all(SWITCH.as_bytes()).await.unwrap();
        if request.starts_with(b"GET /reset ") {
            tokio::time::sleep(Duration::from_secs(1)).await;
            pipe.reset();
        } else if request.starts_with(b"GET /torn ") {
            pipe.write_all(b"\x81\x05he").await.unwrap();
        } else {
            // The client's end shows here.
            let end = pipe.read(&mut [0; 8]).await.map_err(|error| error.kind());
            assert!(matches!(end, Ok(0) | Err(std::io::ErrorKind::ConnectionReset)));
        }
    });
    t.connect("ann", "/").await;
    t.connect("bob", "/torn").await;
    t.connect("cy", "/reset").await;
    t.pass(Duration::from_secs(2)).await;
    t.reset("ann").await;
    t.step("the name is free again");
    t.connect("bob", "/").await;
    t.step("a new connection of the same name cuts the old one");
    t.connect("bob", "/").await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn handshakes_show_what_is_not_the_same_in_all() {
    let mut t = Transcript::new(|pipe: Pipe| async move {
        #[allow(clippy::result_large_err)]
        let choose = |asked: &Asked, mut response: Response| {
            if let Some(offer) = asked.headers().get("sec-websocket-protocol") {
                let first = offer.to_str().unwrap().split(',').next().unwrap();
                response.headers_mut().insert("sec-websocket-protocol", first.parse().unwrap());
            }
            Ok(response)
        };
        let mut socket = tokio_tungstenite::accept_hdr_async(pipe, choose).await.unwrap();
        while socket.next().await.is_some_and(|heard| heard.is_ok()) {}
    });
    let request = Request::new("/ws?room=1")
        .subprotocol("ws101.chat.v1, chat")
        .header("Origin", "http://localhost:8080")
        .header("User-Agent", "ws101 (like a browser)");
    t.connect("ann", request).await;
    t.connect("bob", Request::new("/").header("Host", "example.com")).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_shown_with_their_sentence() {
    let mut texts = Vec::new();
    let refusal = |status: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    for (name, answer, request) in [
        (
            "sentence",
            refusal("426 Upgrade Required", "come as a \"socket\"\n"),
            Request::new("/").method("GET"),
        ),
        ("silent", refusal("404 Not Found", ""), Request::new("/elsewhere")),
        ("long", refusal("400 Bad Request", &"why? ".repeat(300)), Request::new("/")),
        ("bad accept", SWITCH.replace("s3pP", "s3pp"), Request::new("/")),
        (
            "extensions",
            SWITCH.replace(
                "Upgrade\r\n",
                "Upgrade\r\nSec-WebSocket-Extensions: permessage-deflate; x=1\r\n",
            ),
            Request::new("/"),
        ),
        ("no http", "SSH-2.0-OpenSSH\r\n\r\n".to_owned(), Request::new("/")),
        (
            "old",
            refusal("426 Upgrade Required", "13"),
            Request::new("/").header("Sec-WebSocket-Version", "8").method("POST"),
        ),
        (
            "no key",
            SWITCH.to_owned(),
            Request::new("/").without("sec-websocket-key").without("Host"),
        ),
        ("raw", refusal("400 Bad Request", "?"), Request::raw("hello?\r\n\r\n")),
        ("raw bytes", String::new(), Request::raw(&b"\x16\x03\x01\0"[..])),
        ("half a head", String::new(), Request::raw("GET / HTTP/1.1\r\nHo")),
    ] {
        let mut t = scripted(answer);
        t.connect(name, request).await;
        texts.push(t.to_string());
    }
    insta::assert_snapshot!(texts.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_felt_through_a_narrow_pipe() {
    let mut t = scripted(wire(&[Frame::binary(vec![1; 500]), Frame::ping("there?")]));
    t.capacity(256);
    t.connect("ann", "/").await;
    let seen = t.to_string();
    assert!(seen.contains("ping"), "who reads gets everything through: {seen}");

    let written = Arc::new(AtomicU64::new(0));
    let counter = written.clone();
    let mut t = Transcript::new(move |mut pipe: Pipe| {
        let written = counter.clone();
        async move {
            asked(&mut pipe).await;
            pipe.write_all(SWITCH.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            for _ in 0..10 {
                pipe.write_all(&Frame::binary(vec![1; 98]).to_bytes()).await.unwrap();
                written.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    t.capacity(256);
    t.connect("ann", "/").await;
    t.stop_reading("ann").await;
    t.pass(Duration::from_secs(2)).await;
    assert_eq!(written.load(Ordering::Relaxed), 2, "two frames of 100 bytes fit");
    t.resume("ann").await;
    assert_eq!(written.load(Ordering::Relaxed), 10);
    insta::assert_snapshot!(t);
}

#[tokio::test]
#[should_panic(expected = "needs a paused clock")]
async fn real_time_is_refused_where_it_would_be_guesswork() {
    chat(0).connect("ann", "/").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "\"bob\" never connected")]
async fn an_unknown_name_is_a_mistake_of_the_test() {
    let mut t = chat(0);
    t.connect("ann", "/").await;
    t.send("bob", "hi").await;
}

#[tokio::test(start_paused = true)]
async fn what_differs_from_run_to_run_is_named() {
    let said = [
        r#"{"uuid":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6","ulid":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#,
        r#"["9f86d081884c7d659a2feaa0c55ad015","at 2025-01-31T23:59:60+01:00, or 1999-12-31 00:00."]"#,
        "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6 is <f81d4fae-7dec-11d0-a765-00a0c91e6bf6>?",
        "user_01ARZ3NDEKTSV4RRFFQ69G5FAV/2025-01-31T23:59:59.123456Z",
        // None of these is random, or none is a time.
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf f81d4fae-7dec-11d0-a765-00a0c91e6bf6a",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 9f86d081884c7d659a2feaa0c55ad01",
        "ANTIDISESTABLISHMENTARIANS 91ARZ3NDEKTSV4RRFFQ69G5FAV",
        "2025-01-31, 23:59, 2025-1-31T23:59:59Z, привет-2025",
    ];
    let mut t = scripted(wire(&said.map(Frame::from)));
    t.any("count");
    t.connect("ann", "/?token=9f86d081884c7d659a2feaa0c55ad015").await;
    t.send("ann", r#"{"count":17,"deep":[{"count":{"not":"shown"},"discount":3}]}"#).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn an_answer_stands_behind_what_it_answers() {
    // However the client's reads fall: the second ping may be read with the first.
    let (first, second) = (Frame::ping("same").to_bytes(), Frame::text("x").to_bytes());
    let pieces = [&first[..], &second, &first, &second];
    let mut texts = Vec::new();
    for pause in [0, 1] {
        let pieces = pieces.map(<[u8]>::to_vec);
        let mut t = Transcript::new(move |mut pipe: Pipe| {
            let pieces = pieces.clone();
            async move {
                pipe.write_all(SWITCH.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
                for piece in pieces {
                    pipe.write_all(&piece).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                std::future::pending::<()>().await;
            }
        });
        t.connect("ann", "/").await;
        t.pass(Duration::from_secs(1)).await;
        texts.push(t.to_string());
    }
    assert_eq!(texts[0], texts[1]);
    insta::assert_snapshot!(texts[0]);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "over TCP needs real time")]
async fn a_paused_clock_is_refused_where_it_would_run_ahead() {
    Transcript::tcp(([127, 0, 0, 1], 1).into()).connect("ann", "/").await;
}

/// Reads a request to its end.
async fn asked(io: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") && io.read_buf(&mut request).await.unwrap() > 0 {}
    request
}

#[tokio::test(start_paused = true)]
async fn half_a_frame_is_not_talked_into() {
    let mut t = Transcript::new(|mut pipe: Pipe| async move {
        asked(&mut pipe).await;
        pipe.write_all(SWITCH.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(29)).await;
        pipe.write_all(&Frame::ping("1").to_bytes()).await.unwrap();
        pipe.read_to_end(&mut Vec::new()).await.unwrap();
    });
    t.connect("ann", Request::raw("GET / HTTP/1.1\r\n")).await;
    t.raw("ann", "Host: example.com\r\n\r\n").await;
    t.raw("ann", &b"\x81\x05he"[..]).await;
    t.pass(Duration::from_millis(100)).await;
    t.raw("ann", &b"llo"[..]).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_mute_does_not_hang_up_either() {
    let ends = Arc::new(Mutex::new(Vec::new()));
    let record = ends.clone();
    let mut t = Transcript::new(move |mut pipe: Pipe| {
        let record = record.clone();
        async move {
            asked(&mut pipe).await;
            pipe.write_all(SWITCH.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            pipe.write_all(&Frame::close(1001, "").to_bytes()).await.unwrap();
            pipe.shutdown().await.unwrap();
            let mut heard = Vec::new();
            let end = pipe.read_to_end(&mut heard);
            let hung_up = tokio::time::timeout(Duration::from_secs(1), end).await.is_ok();
            record.lock().unwrap().push((heard.len(), hung_up));
        }
    });
    t.connect("ann", "/").await;
    t.connect("bob", "/").await;
    t.mute("bob").await;
    t.pass(Duration::from_secs(3)).await;
    assert_eq!(*ends.lock().unwrap(), [(8, true), (0, false)], "ann answered, bob did nothing");
}

/// A chat over real sockets.
async fn listening() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let chat = Chat::default();
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(chat.clone().serve(stream));
        }
    });
    addr
}

#[tokio::test]
async fn over_tcp_the_text_is_the_same() {
    let over_tcp = conversation(Transcript::tcp(listening().await)).await;
    insta::assert_snapshot!("a_conversation", over_tcp);
}

#[tokio::test]
async fn over_tcp_connections_end_in_the_same_ways() {
    let mut t = Transcript::tcp(listening().await);
    t.connect("ann", "/").await;
    t.connect("bob", Request::new("/").without("Sec-WebSocket-Key")).await;
    t.reset("ann").await;
    t.connect("ann", Request::raw("hello?\r\n\r\n")).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut alone = Transcript::tcp(nobody);
    alone.connect("cy", "/").await;
    alone.send("cy", "anyone?").await;
    insta::assert_snapshot!(format!("{t}\n{alone}"));
}

/// Longer than a server is listened to for what nobody asked for.
const THINKING: Duration = Duration::from_millis(150);

#[tokio::test]
async fn a_slow_server_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() || message.is_close() {
                tokio::time::sleep(THINKING).await;
            }
            if message.is_text() {
                socket.send(message).await.unwrap();
            }
        }
    });
    let mut t = Transcript::tcp(addr);
    t.connect("ann", "/").await;
    t.raw("ann", &b"\x81\x82\0\0\0\0h"[..]).await;
    t.raw("ann", &b"i"[..]).await;
    t.stop_reading("ann").await;
    t.resume("ann").await;
    t.send("ann", "still there?").await;
    t.close("ann", 1000, "").await;
    insta::assert_snapshot!(t);
    server.await.unwrap();
}

#[tokio::test]
async fn a_goodbye_is_the_last_word() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let mut heard = Vec::new();
        for _ in 0..2 {
            let (stream, _) = listener.accept().await.unwrap();
            let (tap, mut seen) = Tap::new(stream, Limits::default());
            let mut socket = tokio_tungstenite::accept_async(tap).await.unwrap();
            // Whoever says nothing for a while is let go.
            while match tokio::time::timeout(THINKING, socket.next()).await {
                Ok(message) => message.is_some_and(|message| message.is_ok()),
                Err(_) => socket.close(None).await.is_ok(),
            } {}
            let (mut tap, mut rest) = (socket.into_inner(), Vec::new());
            tokio::time::timeout(3 * THINKING, tap.read_to_end(&mut rest)).await.unwrap_err();
            drop(tap);
            let mut opcodes = Vec::new();
            while let Some(Seen { direction, event, .. }) = seen.recv().await {
                if let (Direction::In, TapEvent::Frame(frame)) = (direction, event) {
                    opcodes.push(frame.header.opcode);
                }
            }
            heard.push(opcodes);
        }
        heard
    });
    let mut t = Transcript::tcp(addr);
    t.connect("ann", "/").await;
    t.close("ann", 1000, "").await;
    t.connect("bob", "/").await;
    t.pass(3 * THINKING).await;
    for heard in server.await.unwrap() {
        let goodbye = heard.iter().position(|&opcode| opcode == Opcode::Close);
        assert_eq!(goodbye, Some(heard.len() - 1), "{heard:?}");
    }
}

#[tokio::test]
async fn a_reset_arrives_as_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        asked(&mut stream).await;
        stream.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n").await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.map_err(|error| error.kind())
    });
    let mut t = Transcript::tcp(addr);
    t.connect("ann", "/").await;
    t.reset("ann").await;
    assert_eq!(server.await.unwrap(), Err(std::io::ErrorKind::ConnectionReset));
}

/// It costs the two seconds in which a pong might have come.
#[tokio::test]
async fn a_server_that_leaves_pings_unanswered_is_listened_to_all_the_same() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut heard).await.unwrap();
        }
        stream.write_all(SWITCH.as_bytes()).await.unwrap();
        while !heard.ends_with(&Frame::text("hi").masked([0x37, 0xfa, 0x21, 0x3d]).to_bytes()) {
            stream.read_buf(&mut heard).await.unwrap();
        }
        stream.write_all(&Frame::text("hello").to_bytes()).await.unwrap();
        stream.read_buf(&mut heard).await.unwrap();
    });
    let mut t = Transcript::tcp(addr);
    t.connect("ann", "/").await;
    t.send("ann", "hi").await;
    assert_eq!(
        t.to_string(),
        "ann -> GET /\nann <- 101\nann >> text \"hi\"\nann << text \"hello\"\n"
    );
}

/// Makes any number look random.
const SPREAD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834 >> 40;

/// Each name was once sought from the first on, and these took 100 s; now they take 0.6 s.
const NAMING: Duration = Duration::from_secs(20);

#[expect(clippy::disallowed_methods, reason = "work takes no time by a clock that is paused")]
#[tokio::test(start_paused = true)]
async fn the_next_name_is_not_sought_from_the_first_on() {
    const MESSAGES: u128 = 800;
    /// In one message, since a message costs more than a name.
    const IDS: u128 = 16;
    let began = std::time::Instant::now();
    let mut t = Transcript::new(move |mut pipe: Pipe| async move {
        let mut head = [0; 4096];
        let _ = pipe.read(&mut head).await?;
        pipe.write_all(SWITCH.as_bytes()).await?;
        for n in 0..MESSAGES {
            let ids = (1..=IDS).map(|m| format!("{:032x}", (n * IDS + m) * SPREAD));
            let text = ids.collect::<Vec<_>>().join(" ");
            pipe.write_all(&Frame::text(text).to_bytes()).await?;
        }
        std::io::Result::Ok(())
    });
    t.connect("bob", "/").await;
    let seen = t.to_string();
    assert!(seen.contains(&format!("<bob{}>", MESSAGES * IDS)), "{}", &seen[..500]);
    assert!(began.elapsed() < NAMING, "{:.1?}", began.elapsed());
}
