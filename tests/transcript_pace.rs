//! Events that a transcript leaves out, shows on request and waits for, in process and over TCP.

use std::collections::VecDeque;
use std::future::pending;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{io, thread};

use bytes::Bytes;
use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep_until};
use ws101::address::Address;
use ws101::client::{ConnectError, Connection, Route, RouteFuture};
use ws101::frame::{Decoder, Frame, Opcode};
use ws101::scenario::Scenario;
use ws101::transcript::{Pipe, Transcript, UNTIL};

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    X-Server: ours\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// How long a slow server thinks: longer than the quiet time.
const SLOW: Duration = Duration::from_millis(200);

/// Upgrades, sends a ping and a tick, and sends each text back after `thinking`.
async fn serve(mut io: impl AsyncRead + AsyncWrite + Unpin, thinking: Duration) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if io.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let mut hello = SWITCH.as_bytes().to_vec();
    hello.extend_from_slice(&Frame::ping("on its own").to_bytes());
    hello.extend_from_slice(&Frame::text(r#"{"type":"tick"}"#).to_bytes());
    io.write_all(&hello).await.unwrap();
    let mut decoder = Decoder::new(1024);
    let mut bytes = [0; 1024];
    let mut answers = VecDeque::new();
    loop {
        let due = answers.front().map(|(due, _)| *due);
        let due = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => pending().await,
            }
        };
        let out = tokio::select! {
            () = due => answers.pop_front().map(|(_, frame)| frame).into_iter().collect(),
            read = io.read(&mut bytes) => {
                let Ok(size @ 1..) = read else { return };
                decoder.push(&bytes[..size]);
                let mut out = Vec::new();
                for frame in &mut decoder {
                    match frame.header.opcode {
                        Opcode::Text => {
                            answers.push_back((Instant::now() + thinking, Frame::text(frame.payload)));
                        }
                        Opcode::Ping => out.push(Frame::new(Opcode::Pong, frame.payload)),
                        Opcode::Close => out.push(Frame::new(Opcode::Close, frame.payload)),
                        _ => {}
                    }
                }
                out
            }
        };
        for frame in out {
            if io.write_all(&frame.to_bytes()).await.is_err() {
                return;
            }
        }
    }
}

async fn over_tcp(thinking: Duration) -> Transcript {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, thinking));
        }
    });
    let mut t = Transcript::tcp(address);
    t.ignore("ping");
    t.ignore("type=tick");
    t
}

fn in_process() -> Transcript {
    let mut t = Transcript::new(|pipe| serve(pipe, Duration::ZERO));
    t.ignore("ping");
    t.ignore("type=tick");
    t
}

const HI: &str = "bob -> GET /\nbob <- 101\nbob >> text \"hi\"\nbob << text \"hi\"\n";

#[tokio::test]
async fn a_slow_answer_over_tcp_is_waited_for_and_the_text_is_the_same() {
    for thinking in [Duration::ZERO, SLOW] {
        let mut t = over_tcp(thinking).await;
        t.connect("ann", "/").await;
        t.connect("bob", "/").await;
        t.send("bob", "hi").await;
        t.until("bob", "hi").await;
        assert_eq!(t.to_string(), format!("ann -> GET /\nann <- 101\n{HI}"));
    }
    let mut t = over_tcp(SLOW).await;
    t.quiet(2 * SLOW);
    t.connect("bob", "/").await;
    t.send("bob", "hi").await;
    assert_eq!(t.to_string(), HI);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_is_told() {
    let mut t = in_process();
    t.connect("bob", "/").await;
    t.send("bob", "hi").await;
    t.until("bob", "hi").await;
    let waiting = AssertUnwindSafe(t.until("bob", "ho")).catch_unwind();
    let told = waiting.await.unwrap_err().downcast_ref::<String>().cloned().unwrap();
    assert_eq!(
        told,
        format!("bob received no line with \"ho\" after the last action\n{}", HI.trim_end())
    );
    // Events before the last action do not count.
    t.send("bob", "on").await;
    let waiting = AssertUnwindSafe(t.until("bob", "\"hi\"")).catch_unwind();
    assert!(waiting.await.is_err(), "{t}");
}

#[tokio::test]
async fn real_times_are_shown_on_request_only() {
    let mut t = over_tcp(SLOW).await;
    t.connect("bob", "/").await;
    t.send("bob", "hi").await;
    t.pass(2 * SLOW).await;
    assert!(t.to_string().ends_with("-- wait 400ms\nbob << text \"hi\"\n"), "{t}");
    t.show_times();
    t.send("bob", "ho").await;
    t.pass(2 * SLOW).await;
    assert!(t.to_string().contains("bob << text \"ho\" at "), "{t}");
}

#[tokio::test(start_paused = true)]
async fn a_header_is_shown_and_a_message_is_given_as_it_came() {
    let mut t = in_process();
    t.show_header("X-Server");
    t.connect("bob", "/").await;
    assert!(t.to_string().ends_with("bob <- 101 x-server=ours\n"), "{t}");
    let id = "0123456789abcdef0123456789abcdef";
    t.send("bob", id).await;
    assert!(t.to_string().ends_with("bob << text \"<bob>\"\n"), "{t}");
    assert_eq!(t.received("bob").map(|frame| frame.payload.clone()).unwrap(), id);
}

#[tokio::test(start_paused = true)]
async fn several_send_at_once_and_the_application_does_something() {
    let (stop, stopped) = watch::channel(false);
    let mut t = Transcript::new(move |pipe| {
        let mut stopped = stopped.clone();
        async move {
            tokio::select! {
                () = serve(pipe, Duration::ZERO) => {}
                _ = stopped.changed() => {}
            }
        }
    });
    t.ignore("ping");
    t.ignore("type=tick");
    t.connect("ann", "/").await;
    t.connect("bob", "/").await;
    t.step("both, then the end");
    t.send_at_once([("bob", "b"), ("ann", "a")]).await;
    t.cause("the server stops", async {
        stop.send_replace(true);
    })
    .await;
    let text = t.to_string();
    let end = "\
        == both, then the end\n\
        ann >> text \"a\"\n\
        ann << text \"a\"\n\
        bob >> text \"b\"\n\
        bob << text \"b\"\n\
        # the server stops\n\
        ann -- eof\n\
        bob -- eof\n";
    assert!(text.ends_with(end), "{text}");
}

#[tokio::test]
async fn late_answers_of_several_stand_where_they_would_have_come_in_time() {
    for thinking in [Duration::ZERO, SLOW] {
        let mut t = over_tcp(thinking).await;
        t.connect("ann", "/").await;
        t.connect("bob", "/").await;
        t.step("both at once");
        t.send_at_once([("bob", "b"), ("ann", "a")]).await;
        t.until("bob", "\"b\"").await;
        t.until("ann", "\"a\"").await;
        let end = "\
            == both at once\n\
            ann >> text \"a\"\n\
            ann << text \"a\"\n\
            bob >> text \"b\"\n\
            bob << text \"b\"\n";
        assert!(t.to_string().ends_with(end), "{thinking:?}: {t}");
    }
}

#[tokio::test]
async fn what_does_not_come_over_tcp_is_waited_for_and_told() {
    let mut t = over_tcp(Duration::ZERO).await;
    t.connect("bob", "/").await;
    t.send("bob", "hi").await;
    let began = Instant::now();
    let waiting = AssertUnwindSafe(t.until("bob", "ho")).catch_unwind();
    let told = waiting.await.unwrap_err().downcast_ref::<String>().cloned().unwrap();
    assert!(told.starts_with("bob received no line with \"ho\" within 5s\n"), "{told}");
    assert!(began.elapsed() >= UNTIL, "{:?}", began.elapsed());
}

/// A frame without a mask gets one, and a mask that the test has chosen stays.
#[tokio::test(start_paused = true)]
async fn a_mask_of_ones_own_is_sent() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let log = sent.clone();
    let mut t = Transcript::new(move |mut pipe: Pipe| {
        let log = log.clone();
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                if pipe.read_buf(&mut head).await.unwrap_or(0) == 0 {
                    return;
                }
            }
            let _ = pipe.write_all(SWITCH.as_bytes()).await;
            let mut bytes = Vec::new();
            while pipe.read_buf(&mut bytes).await.is_ok_and(|size| size > 0) {
                log.lock().unwrap().clone_from(&bytes);
            }
        }
    });
    t.connect("bob", "/").await;
    let own = Frame::text("hi").masked([9; 4]);
    t.send_at_once([("bob", own.clone()), ("bob", Frame::text("ho"))]).await;
    let sent = sent.lock().unwrap().clone();
    assert!(sent.starts_with(&own.to_bytes()), "{sent:02x?}");
    let second = &sent[own.to_bytes().len()..];
    assert_eq!(second[1] & 0x80, 0x80, "{sent:02x?}");
}

/// A connection whose thread does not run for a while after each write.
#[derive(Debug)]
struct Preempted(TcpStream);

/// How long its thread does not run: longer than another client takes to hear what was written.
const PREEMPTED: Duration = Duration::from_millis(100);

impl AsyncRead for Preempted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Preempted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.0).poll_write(cx, buf));
        thread::sleep(PREEMPTED);
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Connection for Preempted {
    fn reset(self: Box<Self>) {}
}

/// The way to a server whose clients are preempted.
#[derive(Debug)]
struct Busy;

impl Route for Busy {
    fn connect<'r>(
        &'r self,
        peer: SocketAddr,
        _address: &'r Address,
        _limit: Duration,
    ) -> RouteFuture<'r, Result<Box<dyn Connection>, ConnectError>> {
        Box::pin(async move {
            let tcp = TcpStream::connect(peer).await.unwrap();
            Ok(Box::new(Preempted(tcp)) as Box<dyn Connection>)
        })
    }
}

/// Upgrades, and hands each text of `own` to all others.
async fn tell_others(mut tcp: TcpStream, own: usize, told: broadcast::Sender<(usize, Bytes)>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        tcp.read_buf(&mut head).await.unwrap();
    }
    let mut hears = told.subscribe();
    tcp.write_all(SWITCH.as_bytes()).await.unwrap();
    let mut decoder = Decoder::new(1024);
    let mut bytes = [0; 1024];
    loop {
        let frames = tokio::select! {
            said = hears.recv() => match said.unwrap() {
                (speaker, _) if speaker == own => Vec::new(),
                (_, text) => vec![Frame::text(text)],
            },
            read = tcp.read(&mut bytes) => {
                let Ok(size @ 1..) = read else { return };
                decoder.push(&bytes[..size]);
                let mut pongs = Vec::new();
                for frame in &mut decoder {
                    match frame.header.opcode {
                        Opcode::Text => drop(told.send((own, frame.payload))),
                        Opcode::Ping => pongs.push(Frame::new(Opcode::Pong, frame.payload)),
                        _ => {}
                    }
                }
                pongs
            }
        };
        for frame in frames {
            if tcp.write_all(&frame.to_bytes()).await.is_err() {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_sent_stands_before_what_it_causes() {
    const TEXT: &str = "\
ann -> GET /
ann <- 101
bob -> GET /
bob <- 101
ann >> text \"hi\"
bob << text \"hi\"
ann >> text \"ho\"
bob << text \"ho\"
";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = listener.local_addr().unwrap();
    let (told, _) = broadcast::channel(16);
    tokio::spawn(async move {
        for own in 0.. {
            let (tcp, _) = listener.accept().await.unwrap();
            tokio::spawn(tell_others(tcp, own, told.clone()));
        }
    });
    let (host, port) = (peer.ip().to_string(), peer.port());
    let address = Address { tls: false, host, port, target: "/".to_owned() };
    let t = Transcript::over(Arc::new(Busy), peer, address);
    let scenario: Scenario = TEXT.parse().unwrap();
    let played = scenario.play(t).await;
    assert_eq!(played.to_string(), TEXT);
}
