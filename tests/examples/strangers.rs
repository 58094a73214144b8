//! What `full_chat` gives to strangers who mean no good: no memory, no log line of theirs, no way in.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use ws101::frame::{Frame, Header, Opcode};
use ws101::transcript::Request;

use crate::program::Program;
use crate::{EXAMPLES, HEAD, SWITCHED, read, talk_to};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// How much a program may grow by for reasons of its own.
const GROWTH: u64 = 16 << 20;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_promise_of_a_tebibyte_takes_no_memory() {
    let program = Program::start("full_chat", &[]).await;
    let mut promise = bytes::BytesMut::new();
    let header = Header::new(Opcode::Binary, 1 << 40);
    Header { mask: Some(KEY), size: header.size + KEY.len(), ..header }.encode(&mut promise);
    let crumb = Frame::new(Opcode::Continuation, "x").unfinished().masked(KEY).to_bytes();
    let start = Frame::text("x").unfinished().masked(KEY).to_bytes();
    let crumbs = [start.to_vec(), crumb.repeat(2_000)].concat();
    let mut open = Vec::new();
    let before = program.memory().await;
    for bytes in [&promise[..], &crumbs] {
        for _ in 0..100 {
            let mut tcp = TcpStream::connect(program.address).await.unwrap();
            tcp.write_all(HEAD.as_bytes()).await.unwrap();
            read(&mut tcp, SWITCHED).await;
            tcp.write_all(bytes).await.unwrap();
            // The goodbye, so that what was sent has been judged.
            read(&mut tcp, 2).await;
            open.push(tcp);
        }
    }
    let grown = program.memory().await.saturating_sub(before);
    assert!(grown < GROWTH, "{grown} bytes for {} strangers", open.len());
}

#[tokio::test]
async fn a_stranger_writes_no_line_of_the_log() {
    let program = Program::start("full_chat", &[]).await;
    let mut t = talk_to(program.address);
    let long = format!("agent [INFO] forged {}", "x".repeat(8_000));
    let target = "/ws?x=%0d%0a[INFO]%20forged%1b[31m";
    t.connect("eve", Request::new(target).header("User-Agent", &long)).await;
    t.send("eve", r#"{"type":"hello","username":"eve\r\n[INFO] forged\u001b[31m"}"#).await;
    t.send("eve", r#"{"type":"\u001b[31m\r\n[INFO] forged"}"#).await;
    t.close("eve", 1000, "bye\r\n[INFO] forged\u{1b}[31m\u{202e}").await;
    program.said(|said| said.contains("left").then_some(())).await;
    let said = program.stop().await.said;
    assert!(said.contains("forged"), "it is told, in its place: {said}");
    assert!(!said.contains(['\u{1b}', '\r', '\u{202e}']), "{said:?}");
    for line in said.lines() {
        assert!(!line.trim_start().starts_with("[INFO]"), "{line}");
        assert!(line.len() < 1_000, "{} bytes: {line}", line.len());
    }
}

/// 127.0.0.2 is this machine too: whoever listens everywhere listens there.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn nobody_outside_this_machine_is_let_in_unless_asked_for() {
    for (settings, open) in [(&[][..], false), (&[("HOST", "0.0.0.0")], true)] {
        for example in if open { &["full_chat"][..] } else { &EXAMPLES } {
            let program = Program::start(example, settings).await;
            let port = program.address.port();
            let connected = TcpStream::connect(("127.0.0.2", port)).await.is_ok();
            assert_eq!(connected, open, "{example}");
        }
    }
}
