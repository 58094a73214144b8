//! The classroom of `ws101 lesson`, over real sockets: what pages see, what the teacher may do, and what
//! nobody else may.

#![cfg(unix)]

mod classroom;
mod echoing;

use std::time::Duration;

use classroom::{Lesson, PATIENCE, command, echoes, event, received};
use echoing::echoing;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};
use ws101::client::Received;
use ws101::frame::{Decoder, Frame};

/// A lesson before an echo.
async fn lesson(options: &[&str]) -> Lesson {
    let server = echoing("/ws").await;
    Lesson::start(&format!("ws://{server}/ws"), options).await
}

/// The requests that only the teacher may send.
const TEACHERS: [(&str, &str); 16] = [
    ("GET /class/faults", ""),
    ("POST /class/faults", r#"{"fault": "reset"}"#),
    ("DELETE /class/faults", ""),
    ("DELETE /class/faults/1", ""),
    ("GET /class/holds", ""),
    ("POST /class/holds", r#"{"kind": "text"}"#),
    ("DELETE /class/holds/1", ""),
    ("POST /class/held/c1-1", r#"{"do": "drop"}"#),
    ("POST /class/server", r#"{"do": "kill"}"#),
    ("GET /class/server", ""),
    ("GET /class/question", ""),
    ("POST /class/question", r#"{"quiz": 1}"#),
    ("DELETE /class/question", ""),
    ("POST /class/broken", "{}"),
    ("DELETE /class/broken", ""),
    ("GET /class/notes.md", ""),
];

#[tokio::test]
async fn without_the_key_nothing_is_broken() {
    let lesson = lesson(&[]).await;
    let wrong = "0".repeat(lesson.key.len());
    for (line, body) in TEACHERS {
        for header in ["X-Key: none".to_owned(), format!("Authorization: Bearer {wrong}")] {
            let (status, answer) = lesson.ask(line, &[&header], body).await;
            assert_eq!(status, 403, "{line}: {answer}");
            assert!(answer.contains("the key"), "{line}: {answer}");
        }
    }
    // The key is in no address, either.
    let line = format!("GET /class/faults?key={}", lesson.key);
    assert_eq!(lesson.ask(&line, &[], "").await.0, 403);
    assert_eq!(lesson.teacher("GET /class/faults", "").await, (200, json!({"faults": []})));
}

#[tokio::test]
async fn a_page_of_another_site_gets_nothing() {
    let lesson = lesson(&[]).await;
    let key = format!("Authorization: Bearer {}", lesson.key);
    let reading = ["", "teach", "events", "session.wst", "session.jsonl", "lesson.md"];
    let reading = reading.map(|path| (format!("GET /class/{path}"), ""));
    let teachers = TEACHERS.map(|(line, body)| (line.to_owned(), body));
    for (line, body) in reading.iter().chain(&teachers) {
        for origin in ["http://evil.example", "http://localhost:1", "null"] {
            let origin = format!("Origin: {origin}");
            let (status, answer) = lesson.ask(line, &[&key, &origin], body).await;
            assert_eq!(status, 403, "{line}, {origin}: {answer}");
        }
        // A name that its owner points at this computer.
        let (status, _) = lesson.ask(line, &[&key, "Host: evil.example"], body).await;
        assert_eq!(status, 421, "{line}");
    }
    let own = format!("Origin: http://{}", lesson.at);
    assert_eq!(lesson.ask("GET /class/", &[&own], "").await.0, 200);
}

#[tokio::test]
async fn the_key_is_in_no_answer_no_recording_and_no_later_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().display().to_string();
    let lesson = lesson(&["--save", &path]).await;
    let key = lesson.key.clone();
    let mut viewer = lesson.viewer().await;
    let mut client = lesson.client().await;
    lesson.fault("duplicate text from server").await;
    client.send(Frame::text("one")).await.unwrap();
    let mut told = String::new();
    while !told.contains("duplicate text from server") || !told.contains(r#""text":"one""#) {
        told += &String::from_utf8_lossy(&received(&mut viewer).await.payload);
    }
    for page in ["", "session.wst", "session.jsonl"] {
        told += &lesson.ask(&format!("GET /class/{page}"), &[], "").await.1;
    }
    told += &lesson.end().await;
    told += &std::fs::read_to_string(path).unwrap();
    assert!(told.contains("one") && !told.contains(&key), "{told}");
}

#[tokio::test]
async fn the_class_and_the_example_share_one_port() {
    let lesson = lesson(&[]).await;
    let (status, page) = lesson.ask("GET /class/", &["Connection: keep-alive"], "").await;
    assert_eq!(status, 200);
    assert!(page.contains("\r\nConnection: close\r\n") && page.contains("text/html"), "{page}");
    assert_eq!(lesson.ask("GET /class/none.js", &[], "").await.0, 404);
    assert_eq!(lesson.ask("GET /class/../Cargo.toml", &[], "").await.0, 404);
    assert_eq!(lesson.ask("PUT /class/", &[], "").await.0, 405);
    let (status, english) = lesson.ask("GET /class/lesson.md", &[], "").await;
    assert!(status == 200 && english.contains("# 3. "), "{english}");
    let (_, russian) = lesson.ask("GET /class/lesson.md?lang=ru", &[], "").await;
    assert!(russian.contains("[In English]"), "{russian}");
    // The echo has no pages: its own answer comes, and the connection ends with it.
    let (status, answer) = lesson.ask("GET /", &["Connection: keep-alive"], "").await;
    assert!(status != 404 && !answer.contains("classroom"), "{answer}");
    echoes(&mut lesson.client().await, "hi").await;
}

#[tokio::test]
async fn a_late_viewer_hears_of_the_class_and_then_of_the_past() {
    let lesson = lesson(&[]).await;
    echoes(&mut lesson.client().await, "early").await;
    let mut viewer = lesson.viewer().await;
    let class: Value = serde_json::from_slice(&received(&mut viewer).await.payload).unwrap();
    assert_eq!(class["type"], "class");
    assert_eq!(class["lesson"], 3);
    assert_eq!(class["url"], format!("ws://{}/ws", lesson.at));
    assert_eq!((&class["server"], &class["lang"]), (&json!("running"), &json!("en")));
    let first = received(&mut viewer).await;
    let first: Value = serde_json::from_slice(&first.payload).unwrap();
    assert_eq!((&first["event"], &first["socket"]), (&json!("request"), &json!("c1")));
    // The text and its echo; each direction of a connection tells its own frames.
    let mut senders = Vec::new();
    for _ in 0..2 {
        let frame = event(&mut viewer, |event| event["event"] == "frame").await;
        assert_eq!(frame["text"], "early");
        senders.push(frame["from"].to_string());
    }
    senders.sort();
    assert_eq!(senders, ["\"client\"", "\"server\""]);
    // A fault is told to every page, and so is its end.
    let id = lesson.fault("drop pong").await;
    let changed = event(&mut viewer, |event| event["type"] == "class").await;
    assert_eq!(changed["faults"], json!([{"id": id, "fault": "drop pong"}]));
    lesson.teacher("DELETE /class/faults", "").await;
    let changed = event(&mut viewer, |event| event["type"] == "class").await;
    assert_eq!(changed["faults"], json!([]));
    // The session is there as lines that play.
    let (_, session) = lesson.ask("GET /class/session.wst", &[], "").await;
    let session = session.split_once("\r\n\r\n").unwrap().1;
    session.parse::<ws101::wst::Scenario>().expect("it is a scenario");
    for line in ["\nc1 >> text \"early\"\n", "\nc1 << text \"early\"\n"] {
        assert!(session.contains(line), "{session}");
    }
    let (_, lines) = lesson.ask("GET /class/session.jsonl", &[], "").await;
    let lines = lines.split_once("\r\n\r\n").unwrap().1;
    assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{lines}");
}

/// Each fault, and a connection that is open when it is set.
#[tokio::test]
async fn each_fault_acts_on_an_open_connection_and_is_undone() {
    let lesson = lesson(&[]).await;
    let mut viewer = lesson.viewer().await;
    // Each fault is tried with a connection of its own, and another one follows.
    let numbers = (1..).step_by(2);
    for (fault, number) in [
        "close 1001 \"bye\"",
        "reset",
        "silence",
        "cut 5 from server",
        "slow 1000 from server",
        "split 2",
        "coalesce 50ms",
        "forge 89 00 from server",
        "drop text from server",
        "delay text 300ms from server",
        "duplicate text from server",
        "reorder text from server",
        "flip text from server",
    ]
    .into_iter()
    .zip(numbers)
    {
        let fault = &*format!("{fault} on c{number}");
        let mut client = lesson.client().await;
        echoes(&mut client, "before").await;
        let id = lesson.fault(fault).await;
        // An error is an effect: the connection may be reset already.
        let is_sent = client.send(Frame::text("one")).await.is_ok()
            && client.send(Frame::text("two")).await.is_ok();
        let told = event(&mut viewer, |event| event["event"] == "fault").await;
        assert_eq!(told["fault"], fault);
        match fault.split(' ').next().unwrap() {
            "close" => assert_eq!(received(&mut client).await, Frame::close(1001, "bye")),
            "reset" | "cut" => loop {
                let next = timeout(PATIENCE, client.receive()).await.expect("an end");
                if let Received::End(error) = next {
                    // A reset that an attempt to send has met is not told again.
                    let is_reset = error.is_some() || !is_sent;
                    assert!(is_reset || fault.starts_with("cut"), "{fault}");
                    break;
                }
            },
            // Silence and dropped frames end with their rule.
            "silence" | "drop" => {}
            "forge" => assert_eq!(received(&mut client).await, Frame::ping("")),
            "flip" => {
                // With another bit the text may be no UTF-8.
                let next = timeout(PATIENCE, client.receive()).await.expect("a frame");
                let (Received::Frame(frame) | Received::Broken(frame, _)) = next else {
                    panic!("{next:?}");
                };
                assert!(frame.payload != "one" && frame.payload.len() == 3, "{frame}");
            }
            "reorder" => assert_eq!(received(&mut client).await, Frame::text("two")),
            _ => assert_eq!(received(&mut client).await, Frame::text("one"), "{fault}"),
        }
        let (status, _) = lesson.teacher(&format!("DELETE /class/faults/{id}"), "").await;
        assert_eq!(status, 200);
        if fault.starts_with("silence") || fault.starts_with("drop") {
            client.send(Frame::text("after")).await.unwrap();
            // Frames that were on their way when the rule was undone come before it.
            while received(&mut client).await != Frame::text("after") {}
        }
        echoes(&mut lesson.client().await, "new").await;
    }
}

#[tokio::test]
async fn new_connections_are_refused_and_let_in_again() {
    let lesson = lesson(&[]).await;
    lesson.fault("refuse 404").await;
    let upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"];
    let headers = [&upgrade[..], &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]].concat();
    assert_eq!(lesson.ask("GET /ws", &headers, "").await.0, 404);
    // The classroom itself goes on.
    lesson.viewer().await;
    assert_eq!(lesson.teacher("DELETE /class/faults", "").await.1, json!({"undone": 1}));
    // One that gets no answer ends when that fault is undone.
    lesson.fault("refuse nothing").await;
    let mut viewer = lesson.viewer().await;
    let mut waiting = TcpStream::connect(lesson.at).await.unwrap();
    let request = format!("GET /ws HTTP/1.1\r\nHost: a\r\n{}\r\n\r\n", headers.join("\r\n"));
    waiting.write_all(request.as_bytes()).await.unwrap();
    event(&mut viewer, |event| event["fault"] == "refuse nothing").await;
    lesson.teacher("DELETE /class/faults", "").await;
    let read = timeout(PATIENCE, waiting.read(&mut [0; 64])).await.expect("it ends");
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    echoes(&mut lesson.client().await, "in").await;
}

#[tokio::test]
async fn a_fault_for_now_spares_those_that_come_later() {
    let lesson = lesson(&[]).await;
    let mut old = lesson.client().await;
    echoes(&mut old, "old").await;
    let body = r#"{"fault": "close 1001", "now": true}"#;
    assert_eq!(lesson.teacher("POST /class/faults", body).await.0, 201);
    assert_eq!(received(&mut old).await, Frame::close(1001, ""));
    echoes(&mut lesson.client().await, "new").await;
}

#[tokio::test]
async fn a_wrong_request_gets_a_sentence() {
    let lesson = lesson(&[]).await;
    let long = format!(r#"{{"fault": "{}"}}"#, "x".repeat(600_000));
    for (line, body, status, told) in [
        ("POST /class/faults", r#"{"fault": "explode"}"#, 400, "explode is no fault"),
        ("POST /class/faults", r#"{"fault": "hold text"}"#, 400, "is no fault"),
        ("POST /class/faults", "drop", 400, "send {"),
        ("POST /class/faults", &long, 413, "at most"),
        ("PUT /class/faults", "", 405, "GET, POST, DELETE"),
        ("DELETE /class/faults/9", "", 404, "no such fault"),
        ("POST /class/holds", r#"{"kind": "song"}"#, 400, "kind"),
        ("POST /class/holds", r#"{"kind": "text", "path": "type"}"#, 400, "begins with /"),
        ("POST /class/holds", r#"{"kind": "text", "value": 1}"#, 400, "needs a path"),
        ("POST /class/holds", r#"{"kind": "ping", "path": "/a"}"#, 400, "only text"),
        ("POST /class/held/c1-1", r#"{"do": "drop"}"#, 404, "does not wait"),
        ("POST /class/held/c1-1", r#"{"do": "keep"}"#, 400, "send {"),
        ("POST /class/server", r#"{"do": "explode"}"#, 400, "send {"),
        ("POST /class/server", r#"{"do": "stop"}"#, 409, "not started here"),
    ] {
        let (got, answer) = lesson.teacher(line, body).await;
        assert_eq!(got, status, "{line} {answer}");
        assert!(answer["error"].as_str().is_some_and(|error| error.contains(told)), "{answer}");
    }
    for _ in 0..ws101::proxy::RULES {
        lesson.fault("drop pong").await;
    }
    let (status, answer) = lesson.teacher("POST /class/faults", r#"{"fault": "reset"}"#).await;
    assert!(status == 409 && answer["error"].as_str().unwrap().contains("undo some"), "{answer}");
}

#[tokio::test]
async fn a_frame_waits_for_the_teacher_who_changes_drops_or_sends_it() {
    let lesson = lesson(&[]).await;
    let mut viewer = lesson.viewer().await;
    let mut client = lesson.client().await;
    let asked =
        r#"{"kind": "text", "from": "client", "on": "c1", "path": "/type", "value": "message"}"#;
    let (status, told) = lesson.teacher("POST /class/holds", asked).await;
    assert_eq!(status, 201, "{told}");
    let fault = told["fault"].as_str().unwrap().to_owned();
    assert_eq!(fault, "hold text with /type=\"message\" from client on c1");
    // Another type passes.
    echoes(&mut client, r#"{"type":"typing"}"#).await;
    let mut say = async |text: &'static str| client.send(Frame::text(text)).await.unwrap();
    say(r#"{"type":"message","text":"bad"}"#).await;
    let held = event(&mut viewer, |event| event["event"] == "held").await;
    assert_eq!((&held["held"], &held["fault"]), (&json!("c1-1"), &json!(fault)));
    let (_, list) = lesson.teacher("GET /class/holds", "").await;
    assert_eq!(list["held"][0]["text"], r#"{"type":"message","text":"bad"}"#);
    let body = r#"{"do": "send", "payload": "good"}"#;
    assert_eq!(lesson.teacher("POST /class/held/c1-1", body).await.0, 200);
    let changed = event(&mut viewer, |event| event["event"] == "frame" && event["text"] == "good");
    let mark = format!("{fault}: changed");
    assert_eq!(changed.await["fault"], mark);
    say(r#"{"type":"message","text":"dropped"}"#).await;
    event(&mut viewer, |event| event["held"] == "c1-2").await;
    assert_eq!(lesson.teacher("POST /class/held/c1-2", r#"{"do": "drop"}"#).await.0, 200);
    let mark = format!("{fault}: dropped");
    event(&mut viewer, |event| event["fault"] == mark).await;
    say(r#"{"type":"message","text":"sent"}"#).await;
    event(&mut viewer, |event| event["held"] == "c1-3").await;
    assert_eq!(lesson.teacher("POST /class/held/c1-3", r#"{"do": "send"}"#).await.0, 200);
    // A frame that waits when all is undone is sent on.
    say(r#"{"type":"message","text":"last"}"#).await;
    event(&mut viewer, |event| event["held"] == "c1-4").await;
    lesson.teacher("DELETE /class/faults", "").await;
    for text in
        ["good", r#"{"type":"message","text":"sent"}"#, r#"{"type":"message","text":"last"}"#]
    {
        assert_eq!(received(&mut client).await, Frame::text(text));
    }
    // No recording takes a changed frame for the client's.
    let (_, session) = lesson.ask("GET /class/session.wst", &[], "").await;
    assert!(session.contains(": changed] c1 >> text \"good\""), "{session}");
}

/// A page that does not read, on a connection with little room, loses events and hears how many.
#[tokio::test]
async fn a_slow_viewer_is_told_what_it_lost_and_delays_nobody() {
    const FRAMES: usize = 4000;
    const A_WHILE: Duration = Duration::from_secs(2);
    // With a file no event is missing in the ring itself, however slow this computer is.
    let file = tempfile::NamedTempFile::new().unwrap();
    let lesson = lesson(&["--save", &file.path().display().to_string()]).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow = socket.connect(lesson.at).await.unwrap();
    let request = format!(
        "GET /class/events HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        lesson.at
    );
    slow.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 4];
    slow.read_exact(&mut head).await.unwrap();
    // More than the ring and all buffers of a connection hold: 16 MiB each way.
    let mut client = lesson.client().await;
    let text = "x".repeat(4096);
    let mut bytes = vec![0; 64 * 1024];
    let mut unread = Vec::from(head);
    let mut read = Instant::now();
    for number in 0..FRAMES {
        // A little from time to time: a viewer that takes nothing for 20 s is cut off.
        if number % 400 == 399 || read.elapsed() > A_WHILE {
            read = Instant::now();
            let size = timeout(PATIENCE, slow.read(&mut bytes[..8192])).await.expect("some");
            unread.extend_from_slice(&bytes[..size.unwrap()]);
            // It lives: a pong with a mask of zeros.
            slow.write_all(&[0x8a, 0x80, 0, 0, 0, 0]).await.unwrap();
        }
        client.send(Frame::text(text.clone())).await.unwrap();
        assert_eq!(received(&mut client).await.payload.len(), text.len());
    }
    client.send(Frame::text("the last")).await.unwrap();
    received(&mut client).await;
    // Now it reads.
    let mut decoder = Decoder::new(64 * 1024);
    let (mut left_out, mut seen, mut last) = (0, 0, 0);
    let mut begun = false;
    // The last frame of each side; either may be told first.
    while last < 2 {
        let size = timeout(PATIENCE, slow.read(&mut bytes)).await.expect("more").unwrap();
        assert!(size > 0, "it ended after {seen} events, {left_out} left out");
        unread.extend_from_slice(&bytes[..size]);
        if !begun {
            let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") else {
                continue;
            };
            unread.drain(..end + 4);
            begun = true;
        }
        decoder.push(&std::mem::take(&mut unread));
        for frame in &mut decoder {
            let Ok(told) = serde_json::from_slice::<Value>(&frame.payload) else { continue };
            match told["type"].as_str() {
                Some("left_out") => left_out += told["events"].as_u64().unwrap(),
                Some(_) => {}
                None => {
                    seen += 1;
                    last += u32::from(told["text"] == "the last");
                }
            }
        }
    }
    // The request, its answer, and each frame both ways.
    assert_eq!(left_out + seen, 2 + 2 * (FRAMES as u64 + 1));
    assert!(left_out > 0, "{seen}");
}

/// Pupils who take every place keep the teacher from nothing.
#[tokio::test]
async fn a_full_tap_still_has_a_classroom() {
    let lesson = lesson(&[]).await;
    let mut crowd = Vec::new();
    for _ in 0..ws101::proxy::Options::default().connections {
        let mut tcp = TcpStream::connect(lesson.at).await.unwrap();
        tcp.write_all(b"GET /ws HTTP/1.1\r\n").await.unwrap();
        crowd.push(tcp);
    }
    assert_eq!(lesson.teacher("GET /class/faults", "").await.0, 200);
    assert_eq!(lesson.ask("GET /", &[], "").await.0, 503);
}

#[tokio::test]
async fn a_viewer_that_breaks_a_rule_is_closed_and_an_end_is_told() {
    let lesson = lesson(&[]).await;
    let mut viewer = lesson.viewer().await;
    received(&mut viewer).await;
    viewer.write(&Frame::text("unmasked").to_bytes()).await.unwrap();
    assert_eq!(received(&mut viewer).await, Frame::close(1002, ""));
    let mut viewer = lesson.viewer().await;
    received(&mut viewer).await;
    viewer.send(Frame::ping("here")).await.unwrap();
    assert_eq!(received(&mut viewer).await, Frame::pong("here"));
    lesson.end().await;
    assert_eq!(received(&mut viewer).await, Frame::close(1001, ""));
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_mend() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = command(&["3", "--port", &port, "--mine", "ws://127.0.0.1:1/"]).output().await;
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains(&format!("port {port} is busy")) && said.contains("--port 8090"),
        "{said}"
    );
}

#[tokio::test]
async fn without_a_terminal_lines_are_plain_and_there_are_no_keys() {
    let mut lesson = lesson(&[]).await;
    let mut client = lesson.client().await;
    echoes(&mut client, "hi").await;
    client.send(Frame::close(1000, "")).await.unwrap();
    received(&mut client).await;
    let line = timeout(PATIENCE, async {
        loop {
            let line = lesson.said.next_line().await.unwrap().expect("more lines");
            if !line.is_empty() {
                return line;
            }
        }
    });
    assert_eq!(line.await.expect("a line"), "c1 -> GET /ws");
    let welcome = lesson.welcome.clone();
    let rest = lesson.end().await;
    let said = format!("{welcome}{rest}");
    assert!(!said.contains('\u{1b}') && !said.contains("[w]"), "{said}");
    assert!(rest.contains("connections 1, WebSockets 1"), "{rest}");
    assert!(!rest.contains("text \"hi\""), "frames are shown by a key only: {rest}");
}

#[tokio::test]
async fn once_ends_when_it_is_ready_and_a_list_names_every_lesson() {
    let server = echoing("/ws").await;
    let mine = format!("ws://{server}/ws");
    let output = command(&["7", "--once", "--port", "0", "--mine", &mine]).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("7 · Heartbeat") && said.contains("/class/teach#"), "{said}");
    let output = command(&[]).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("  1  The handshake") && said.contains(" 12  "), "{said}");
    let output = command(&["99"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no lesson 99"));
}

#[tokio::test]
async fn phones_get_an_address_and_a_code() {
    let server = echoing("/ws").await;
    let mine = format!("ws://{server}/ws");
    let words = ["3", "--once", "--lan", "--port", "0", "--mine", &mine];
    let output = command(&words).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    // Without a network there is a sentence in its place.
    let has_network = said.contains("/class/phone\n") && said.contains("█ ▄▄▄▄▄ ");
    assert!(has_network || said.contains("in no network"), "{said}");
    assert!(
        !said.contains("http://localhost") || !said.contains("localhost/class/phone"),
        "{said}"
    );
}

/// A page says in which language it wants to be refused.
#[tokio::test]
async fn refusals_are_in_the_language_of_the_page() {
    let lesson = lesson(&[]).await;
    let key = lesson.header();
    for (request, body, told) in [
        ("POST /class/faults", r#"{"fault": "explode"}"#, "неисправности explode нет"),
        ("POST /class/faults", r#"{"fault": "drop ponk"}"#, "записано не так"),
        ("POST /class/faults", "{}", "пришлите"),
        ("PUT /class/faults", "", "здесь можно только GET, POST, DELETE"),
        ("DELETE /class/faults/77", "", "такой неисправности нет"),
        ("POST /class/holds", r#"{"kind": "ponk"}"#, "нет такого вида"),
        ("POST /class/held/c1-1", r#"{"do": "drop"}"#, "уже не ждёт"),
        ("GET /class/none.js", "", "такой страницы в классе нет"),
        ("GET /class/join.svg", "", "только с --lan"),
        ("POST /class/question", r#"{"quiz": 9}"#, "такого вопроса нет"),
        ("POST /class/question", "{}", "где TEXT"),
        ("DELETE /class/question", "", "вопроса сейчас нет"),
        ("GET /class/vote", "", "здесь можно только POST"),
        ("POST /class/vote", r#"{"question": 1, "answer": 0}"#, "разрешите этой странице cookie"),
        ("POST /class/broken", r#"{"check": "99.1"}"#, "нет такого сервера с ошибкой"),
    ] {
        let (_, answer) =
            lesson.ask(request, &[&key, "Accept-Language: ru-RU,en;q=0.5"], body).await;
        assert!(answer.contains(told), "{request}: {answer}");
        let (_, answer) = lesson.ask(request, &[&key, "Accept-Language: en"], body).await;
        let answer = answer.split_once("\r\n\r\n").expect("a body").1;
        assert!(answer.is_ascii(), "{request}: {answer}");
    }
    let (status, answer) =
        lesson.ask("POST /class/faults", &["Accept-Language: ru"], r#"{"fault": "reset"}"#).await;
    assert!(status == 403 && answer.contains("ключ"), "{answer}");
}

/// Slow timers are no fault of a connection, and are listed, undone and told as the others are.
#[tokio::test]
async fn the_timers_of_phones_are_throttled_until_it_is_undone() {
    let lesson = lesson(&[]).await;
    let mut phone = lesson.phone().await;
    let throttled = json!([{"id": "timers", "fault": "throttle timers"}]);
    let news =
        async |phone: &mut _| event(phone, |event| event["type"] == "class").await["faults"].take();
    assert_eq!(news(&mut phone).await, json!([]));
    // The wire is not told of it.
    echoes(&mut lesson.client().await, "hi").await;
    for undo in ["DELETE /class/faults/timers", "DELETE /class/faults"] {
        let set = lesson.teacher("POST /class/faults", r#"{"fault": "throttle timers"}"#).await;
        assert_eq!(set, (201, throttled[0].clone()));
        let told = received(&mut phone).await;
        let told: Value = serde_json::from_slice(&told.payload).unwrap();
        assert_eq!((&told["type"], &told["faults"]), (&json!("class"), &throttled));
        assert_eq!(lesson.teacher("GET /class/faults", "").await.1["faults"], throttled);
        assert_eq!(lesson.teacher(undo, "").await, (200, json!({"undone": 1})));
        assert_eq!(news(&mut phone).await, json!([]));
    }
    assert_eq!(lesson.teacher("DELETE /class/faults/timers", "").await.0, 404);
}

#[tokio::test]
async fn one_address_has_so_many_viewers_and_no_more() {
    const VIEWERS: usize = 100;
    let lesson = lesson(&[]).await;
    let mut viewers = Vec::new();
    for _ in 0..VIEWERS {
        let mut viewer = lesson.phone().await;
        received(&mut viewer).await;
        viewers.push(viewer);
    }
    let ask = async || {
        let upgrade = [
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ];
        lesson.ask("GET /class/events", &upgrade, "").await
    };
    let (status, answer) = ask().await;
    assert_eq!(status, 429, "{answer}");
    assert!(answer.contains("100 pages of this address watch the class already"), "{answer}");
    // Other pages are there, and a place that is left is free.
    assert_eq!(lesson.ask("GET /class/", &[], "").await.0, 200);
    drop(viewers.pop());
    let mut last = lesson.phone_at_last().await;
    received(&mut last).await;
}
