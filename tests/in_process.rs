//! A server in the process of its test: that it panics, hangs, floods or waits for something real is
//! never silence.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::thread;
use std::time::Duration;

use futures::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use ws101::frame::{Decoder, Frame, Opcode};
use ws101::scenario::{Mismatch, Scenario};
use ws101::transcript::{ENDING, Pipe, Transcript};

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A server that upgrades, and for each text calls `answer` and sends what that returns.
fn answers<A, Answer>(answer: A) -> Transcript
where
    A: Fn(String) -> Answer + Clone + Send + 'static,
    Answer: Future<Output = String> + Send + 'static,
{
    Transcript::new(move |pipe| serve(pipe, answer.clone()))
}

async fn serve<A, Answer>(mut pipe: Pipe, answer: A)
where
    A: Fn(String) -> Answer,
    Answer: Future<Output = String>,
{
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if pipe.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    pipe.write_all(SWITCH.as_bytes()).await.unwrap();
    let mut decoder = Decoder::new(1024);
    let mut bytes = [0; 1024];
    while let Ok(size @ 1..) = pipe.read(&mut bytes).await {
        decoder.push(&bytes[..size]);
        while let Some(frame) = decoder.next_frame() {
            let reply = match frame.header.opcode {
                Opcode::Text => {
                    Frame::text(answer(String::from_utf8_lossy(&frame.payload).into_owned()).await)
                }
                Opcode::Close => Frame::new(Opcode::Close, frame.payload),
                _ => continue,
            };
            if pipe.write_all(&reply.to_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// Connects Bob, lets him say hi, and finishes.
async fn says_hi(t: &mut Transcript) {
    t.connect("bob", "/").await;
    t.send("bob", "hi").await;
    t.finish().await;
}

/// The message of the panic of `acting`.
async fn complaint(acting: impl Future<Output = ()>) -> String {
    let panic = AssertUnwindSafe(acting).catch_unwind().await.expect_err("it is no success");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

const HI: &str = "bob -> GET /\nbob <- 101\nbob >> text \"hi\"\nbob << text \"hi back\"\n";

/// The difference between the server and a scenario in which it answers.
async fn difference(with: Transcript) -> (Option<Mismatch>, String) {
    let scenario: Scenario = HI.parse().unwrap();
    let played = scenario.play(with).await;
    let text = played.to_string();
    (played.difference.map(|difference| difference.why), text)
}

async fn back(said: String) -> String {
    format!("{said} back")
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_well_finishes() {
    let mut t = answers(back);
    says_hi(&mut t).await;
    assert_eq!(t.to_string(), HI);
    assert_eq!(difference(answers(back)).await.0, None);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_handler_is_a_line_and_a_failure() {
    let panics = || {
        answers(async |said: String| {
            assert!(said.is_empty(), "it is {said:?}");
            said
        })
    };
    let mut t = panics();
    let told = complaint(says_hi(&mut t)).await;
    let line = "bob -- server panicked: \"it is \\\"hi\\\"\"\nbob -- eof\n";
    assert!(t.to_string().ends_with(line), "{t}");
    assert!(told.starts_with("bob's handler panicked: it is \"hi\"\n"), "{told}");
    let (why, text) = difference(panics()).await;
    assert_eq!(why, Some(Mismatch::Panicked), "{text}");
    assert!(text.contains("seen      bob -- server panicked: \"it is \\\"hi\\\"\""), "{text}");
    // The text of a transcript can be played.
    let scenario: Scenario = t.to_string().parse().unwrap();
    let played = scenario.play(panics()).await;
    assert!(played.difference.is_none(), "{played}");
}

/// What a handler does when its client has left is in no line of a scenario.
#[tokio::test(start_paused = true)]
async fn a_handler_that_ends_badly_fails_the_scenario() {
    let panics = || {
        Transcript::new(async |pipe| {
            serve(pipe, back).await;
            panic!("nobody is left");
        })
    };
    for end in ["", "bob -- cut\n", "bob -- cut\n\n== ann comes\nann -> GET /\nann <- 101\n"] {
        let scenario: Scenario = format!("{HI}{end}").parse().unwrap();
        let played = scenario.play(panics()).await;
        let text = played.to_string();
        let difference = played.difference.expect(end);
        assert_eq!(difference.why, Mismatch::Panicked, "{text}");
        let seen = "-- server panicked: \"nobody is left\"";
        assert_eq!(difference.seen.as_deref(), Some(seen), "{text}");
    }
    let stays = Transcript::new(async |pipe| {
        serve(pipe, back).await;
        std::future::pending::<()>().await
    });
    let (why, text) = difference(stays).await;
    assert_eq!(why, Some(Mismatch::Running(ENDING)), "{text}");
    assert!(text.contains("its handler still runs 60s after the connection ended"), "{text}");
}

/// As axum does with what follows an upgrade.
#[tokio::test(start_paused = true)]
async fn a_panic_of_a_task_that_a_handler_has_spawned_is_one_too() {
    let spawns = || {
        Transcript::new(|pipe| async {
            tokio::spawn(serve(pipe, async |said| panic!("nobody says {said}")));
        })
    };
    let mut t = spawns();
    let told = complaint(says_hi(&mut t)).await;
    assert!(t.to_string().contains("bob -- server panicked: \"nobody says hi\""), "{t}");
    assert!(told.starts_with("bob's handler panicked: nobody says hi"), "{told}");
    assert_eq!(difference(spawns()).await.0, Some(Mismatch::Panicked));
    // A task that has no connection at all.
    let spawns = || {
        answers(async |said: String| {
            tokio::spawn(async { panic!("in the background") });
            format!("{said} back")
        })
    };
    let mut t = spawns();
    let told = complaint(says_hi(&mut t)).await;
    assert!(t.to_string().contains("# the server panicked: in the background"), "{t}");
    assert!(told.starts_with("the server panicked: in the background"), "{told}");
    assert_eq!(difference(spawns()).await.0, Some(Mismatch::Panicked));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_is_told() {
    let mut t = Transcript::new(|pipe| async move {
        serve(pipe, back).await;
        std::future::pending::<()>().await;
    });
    let told = complaint(says_hi(&mut t)).await;
    assert!(told.starts_with("bob's handler still runs 60s after its connection ended"), "{told}");
    // One that keeps its connection, and one that only takes its time.
    let mut t = Transcript::new(|pipe| async move {
        tokio::spawn(async move { std::future::pending::<Pipe>().await });
        drop(pipe);
    });
    t.connect("bob", "/").await;
    t.finish().await;
    let mut t = Transcript::new(|pipe| async move {
        serve(pipe, back).await;
        sleep(Duration::from_secs(30)).await;
    });
    says_hi(&mut t).await;
}

/// A server that upgrades and sends these bytes.
fn sends(bytes: &'static [u8]) -> Transcript {
    Transcript::new(move |mut pipe: Pipe| async move {
        let _ = pipe.read(&mut [0; 1024]).await;
        let _ = pipe.write_all(SWITCH.as_bytes()).await;
        let _ = pipe.write_all(bytes).await;
        while matches!(pipe.read(&mut [0; 64]).await, Ok(1..)) {}
    })
}

#[tokio::test(start_paused = true)]
async fn what_has_begun_and_not_ended_is_shown() {
    let torn = b"\x81\x02hi\x81\x05hel";
    let mut t = sends(torn);
    t.connect("bob", "/").await;
    let text = "bob -> GET /\nbob <- 101\nbob << text \"hi\"\nbob << torn text 3 of 5 bytes\n";
    assert_eq!(t.to_string(), text);
    // Once, however often it is looked at.
    t.pass(Duration::from_secs(1)).await;
    assert_eq!(t.to_string().matches("torn").count(), 1, "{t}");
    let scenario = |text: &str| text.parse::<Scenario>().unwrap();
    let played = scenario(text).play(sends(torn)).await;
    assert_eq!(played.difference, None);
    // It is not passed over at the end of a scenario, and not recorded.
    let told = "the frame promises 5 bytes, and 3 came";
    let short = scenario(text.trim_end_matches("bob << torn text 3 of 5 bytes\n"));
    let difference = short.play(sends(torn)).await.difference.unwrap();
    assert_eq!(difference.seen.as_deref(), Some("<< torn text 3 of 5 bytes"));
    assert_eq!(difference.why.to_string(), told);
    let unrecorded = short.record(async || Ok(sends(torn))).await.unwrap_err();
    assert!(unrecorded.to_string().starts_with("not recorded, because"), "{unrecorded}");
    assert!(unrecorded.to_string().ends_with(told), "{unrecorded}");
    assert!(unrecorded.in_russian().ends_with("кадр обещает байт: 5, а пришло: 3"));
}

#[tokio::test(start_paused = true)]
async fn floods_and_spins_end_in_a_verdict() {
    let floods = || {
        Transcript::new(|mut pipe: Pipe| async move {
            let _ = pipe.read(&mut [0; 1024]).await;
            let _ = pipe.write_all(SWITCH.as_bytes()).await;
            let more = Frame::text("more").to_bytes();
            while pipe.write_all(&more).await.is_ok() {}
        })
    };
    let mut t = floods();
    let told = complaint(t.connect("bob", "/")).await;
    assert!(
        told.starts_with("the server never falls silent: its tasks ran 200000 times"),
        "{told:.200}"
    );
    let (why, _) = difference(floods()).await;
    assert!(why.is_some());

    let spins = || {
        answers(async |_| {
            loop {
                tokio::task::yield_now().await;
            }
        })
    };
    let mut t = spins();
    let told = complaint(says_hi(&mut t)).await;
    assert!(told.starts_with("the server never falls silent"), "{told:.200}");
    assert_eq!(difference(spins()).await.0, Some(Mismatch::Restless));
}

/// It takes the 10 s of `REAL_LIMIT`: nothing but real time shows such a task.
#[tokio::test(start_paused = true)]
async fn a_task_that_spins_beside_all_connections_ends_in_a_verdict() {
    let spins = || {
        answers(async |said| {
            tokio::spawn(async {
                loop {
                    tokio::task::yield_now().await;
                }
            });
            format!("{said} back")
        })
    };
    assert_eq!(difference(spins()).await.0, Some(Mismatch::Restless));
}

/// The places where real servers ask for an answer.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Blocking,
    Thread,
    Socket,
}

/// A database that takes `millis` of real time. Behind it the handler waits for 30 s of its own time.
async fn ask(what: Asked, millis: u64, database: std::net::SocketAddr) -> String {
    let time = Duration::from_millis(millis);
    match what {
        Asked::Blocking => spawn_blocking(move || thread::sleep(time)).await.unwrap(),
        Asked::Thread => {
            let (answer, answered) = oneshot::channel();
            thread::spawn(move || {
                thread::sleep(time);
                let _ = answer.send(());
            });
            answered.await.unwrap();
        }
        Asked::Socket => {
            let mut database = TcpStream::connect(database).await.unwrap();
            database.write_u64(millis).await.unwrap();
            database.read_u8().await.unwrap();
        }
    }
    "hi back".to_owned()
}

/// A server of the system that answers after so many milliseconds, on threads of its own.
fn database() -> std::net::SocketAddr {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut millis = [0; 8];
            client.read_exact(&mut millis).unwrap();
            thread::sleep(Duration::from_millis(u64::from_be_bytes(millis)));
            client.write_all(b"!").unwrap();
        }
    });
    address
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn what_is_real_is_waited_for() {
    let database = database();
    for what in [Asked::Blocking, Asked::Thread, Asked::Socket] {
        for millis in [0, 20, 200] {
            let asks = || answers(move |_| ask(what, millis, database));
            let mut t = asks();
            says_hi(&mut t).await;
            assert_eq!(t.to_string(), HI, "{what:?} {millis}");
            let (why, text) = difference(asks()).await;
            assert_eq!(why, None, "{what:?} {millis}: {text}");
        }
    }
}

/// The time of the server stands still while something real is waited for, and passes at once otherwise.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn no_time_of_the_server_passes_meanwhile() {
    let database = database();
    let mut t = answers(move |_| async move {
        let began = tokio::time::Instant::now();
        let answer = ask(Asked::Socket, 50, database).await;
        let took = began.elapsed();
        sleep(Duration::from_secs(30)).await;
        format!("{answer} after {} s", took.as_secs())
    });
    t.connect("bob", "/").await;
    t.send("bob", "hi").await;
    t.pass(Duration::from_secs(60)).await;
    assert!(t.to_string().ends_with("bob << text \"hi back after 0 s\" at 30s\n"), "{t}");
}

/// A thread that was there before the first client is not seen, until it wakes a handler too late.
#[tokio::test(start_paused = true)]
async fn an_answer_that_was_not_waited_for_is_refused() {
    let (questions, asked) = std::sync::mpsc::channel::<oneshot::Sender<()>>();
    thread::spawn(move || {
        for question in asked {
            thread::sleep(Duration::from_millis(50));
            let _ = question.send(());
        }
    });
    let mut t = answers(move |_| {
        let questions = questions.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            questions.send(answer).unwrap();
            answered.await.unwrap();
            "hi back".to_owned()
        }
    });
    t.real_quiet(Duration::ZERO);
    let told = complaint(says_hi(&mut t)).await;
    assert!(told.contains("a thread has woken a handler") || told.contains("still runs"), "{told}");
}

#[tokio::test]
async fn over_tcp_finishing_closes_the_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut all = Vec::new();
        let _ = tcp.read_to_end(&mut all).await;
    });
    let mut t = Transcript::tcp(address);
    t.connect("bob", "/").await;
    t.finish().await;
    served.await.unwrap();
}
