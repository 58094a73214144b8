//! `poll_vs_push`: one line of news, four ways, and what each of them cost.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::program::{PATIENCE, Program};

/// Asks for `target` on a connection of its own, and reads until the answer has `end` in it.
async fn ask(program: &Program, request: &str, end: &str) -> (TcpStream, String) {
    let mut tcp = TcpStream::connect(program.address).await.unwrap();
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    hear(&mut tcp, &mut answer, end).await;
    (tcp, answer)
}

async fn hear(tcp: &mut TcpStream, heard: &mut String, end: &str) {
    let mut buffer = [0; 4096];
    while !heard.contains(end) {
        let read = timeout(PATIENCE, tcp.read(&mut buffer)).await;
        let n = read.unwrap_or_else(|_| panic!("no {end:?} in {heard:?}")).unwrap();
        assert!(n > 0, "it ended without {end:?}: {heard:?}");
        // One character for each byte, whatever it is.
        heard.extend(buffer[..n].iter().copied().map(char::from));
    }
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

const UPGRADE: &str = "GET /ws?since=0 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

#[tokio::test]
async fn one_line_of_news_four_ways_and_every_byte_is_counted() {
    let program = Program::start("poll_vs_push", &[]).await;
    let (_, empty) = ask(&program, &get("/poll?since=0"), "[]").await;
    let (mut events, mut heard) = ask(&program, &get("/events?since=0"), "\r\n\r\n").await;
    let (mut ws, mut frames) = ask(&program, UPGRADE, "\r\n\r\n").await;
    let long = async { ask(&program, &get("/long?since=0"), "]").await.1 };
    let post = "POST /news?cats HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    let (long, _) = tokio::join!(long, ask(&program, post, "\r\n\r\n"));
    let (_, poll) = ask(&program, &get("/poll?since=0"), "]").await;
    hear(&mut events, &mut heard, "}\n\n").await;
    hear(&mut ws, &mut frames, "}").await;
    for answer in [&long, &poll, &heard, &frames] {
        assert!(answer.contains(r#""line":"cats","n":1}"#), "{answer}");
    }
    let (_, meter) = ask(&program, &get("/meter"), r#""now":1"#).await;
    let meter = meter.split(r#","now""#).next().unwrap().to_owned() + "}";
    let meters: Value = serde_json::from_str(meter.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    // What was sent and heard here is what was counted there.
    let sent = |target: &str| get(target).len();
    let frame = frames.chars().count();
    let wanted = serde_json::json!({
        "/poll": [2, 1, 2 * sent("/poll?since=0") + empty.len() + poll.len()],
        "/long": [1, 0, sent("/long?since=0") + long.len()],
        "/events": [1, 0, sent("/events?since=0") + heard.len()],
        "/ws": [1, 0, UPGRADE.len() + frame],
    });
    assert_eq!(meters["meters"], wanted);
    let exchanges = [
        ("polling: there is nothing", get("/poll?since=0"), empty),
        ("polling: there is something", get("/poll?since=0"), poll),
        ("long polling", get("/long?since=0"), long),
        ("server-sent events", get("/events?since=0"), heard),
        ("WebSocket", UPGRADE.to_owned(), frames),
    ];
    insta::assert_snapshot!("four_ways", exchanges.map(shown).join("\n"));
}

/// One way of getting the news: `→` is asked, `←` is answered, bytes that are no text are hex.
fn shown((way, request, answer): (&str, String, String)) -> String {
    let cost = request.len() + answer.chars().count();
    // The time of day is as long today as it will be in two hundred years.
    let (before, after) = answer.split_once(r#""at":"#).unwrap_or((&answer, ""));
    let after = after.trim_start_matches(|char: char| char.is_ascii_digit());
    let answer = if after.is_empty() { answer } else { format!(r#"{before}"at":<*>{after}"#) };
    let lines = |mark: &str, text: &str| {
        let lines = text.trim_end().replace('\r', "").replace('\n', &format!("\n{mark} "));
        format!("{mark} {lines}").replace(&format!("{mark} \n"), &format!("{mark}\n"))
    };
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let (header, text) = body.split_at(body.find(['{', '[', 'i']).unwrap_or_default());
    let header = header.chars().map(|byte| format!("{:02x} ", u32::from(byte)));
    let header = header.collect::<Vec<_>>().concat();
    let [request, answer] =
        [lines("→", &request), lines("←", &format!("{head}\n\n{header}{text}"))];
    format!("== {way}\n{request}\n\n{answer}\n\n{cost} bytes, both ways\n")
}

#[tokio::test]
async fn news_from_another_page_is_no_news() {
    let program = Program::start("poll_vs_push", &[]).await;
    let post = "POST /news?spam HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: cross-site\r\n\r\n";
    let (_, answer) = ask(&program, post, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    ask(&program, &get("/poll?since=0"), "[]").await;
}

#[tokio::test]
async fn a_number_from_before_a_restart_hides_no_news() {
    let program = Program::start("poll_vs_push", &[]).await;
    ask(&program, "POST /news?cats HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n").await;
    ask(&program, &get("/poll?since=1"), "[]").await;
    ask(&program, &get("/poll?since=7"), "cats").await;
    ask(&program, &get("/long?since=7"), "cats").await;
}

/// The numbers of the lines in an answer to `/poll` or `/long`.
fn numbers(answer: &str) -> Vec<u64> {
    let lines: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    lines.as_array().unwrap().iter().map(|line| line["n"].as_u64().unwrap()).collect()
}

/// The bytes of long lines that are kept, and that one answer may have with its last line.
const KEPT: usize = 256 * 1024;
const ANSWER: usize = 65 * 1024;

#[tokio::test]
async fn long_lines_are_kept_by_their_bytes_and_told_in_parts() {
    let program = Program::start("poll_vs_push", &[]).await;
    let line = "a".repeat(15_500);
    let posted = 40;
    for _ in 0..posted {
        let post = format!("POST /news?{line} HTTP/1.1\r\nHost: a\r\n\r\n");
        ask(&program, &post, "\r\n\r\n").await;
    }
    let mut told = Vec::new();
    let mut since = 0;
    while since < posted {
        let (_, answer) = ask(&program, &get(&format!("/poll?since={since}")), "]").await;
        assert!(answer.len() < ANSWER, "{} bytes in one answer", answer.len());
        told.extend(numbers(&answer));
        since = *told.last().expect("a part has a line at least");
    }
    let oldest = told[0];
    assert_eq!(told, (oldest..=posted).collect::<Vec<_>>(), "without a gap, each once");
    let kept = told.len() * line.len();
    assert!((KEPT * 9 / 10..KEPT).contains(&kept), "{kept} bytes are kept");
    let last = format!("id: {posted}\n");
    let (_, events) = ask(&program, &get("/events?since=0"), &last).await;
    assert_eq!(events.matches("id: ").count(), told.len(), "a push has no parts");
}

#[tokio::test]
async fn of_requests_sent_at_once_the_first_is_answered() {
    let program = Program::start("poll_vs_push", &[]).await;
    let mut tcp = TcpStream::connect(program.address).await.unwrap();
    tcp.write_all(get("/poll?since=0").repeat(5).as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, tcp.read_to_string(&mut answer)).await.expect("it ends").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n[]"), "{answer}");
    assert!(answer.contains("Connection: close\r\n"), "{answer}");
    let hasty = format!("{UPGRADE}\u{1}");
    ask(&program, &hasty, "HTTP/1.1 400 ").await;
}
