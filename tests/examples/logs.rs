//! The log of an example: nobody reads it, or it is closed, and the example serves all the same.

use std::fs::File;
use std::io::{PipeReader, Read, Write};
use std::net::SocketAddr;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;
use ws101::frame::Frame;

use super::program::examples;
use super::program::{self, PATIENCE, Port, Program, socket_path};

/// The bytes that a pipe of Linux holds; the next one blocks.
const PIPE_BYTES: usize = 64 * 1024;

/// How many clients come: each makes two lines at least, together more than a pipe holds where a line
/// names the client's 250 characters.
pub const CLIENTS: usize = 300;

/// What becomes of standard output or error.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reader {
    /// A file that takes no byte: `/dev/full`.
    Full,
    /// A pipe that nobody will ever read: each write fails.
    Gone,
    /// A pipe that is open, full from the start, and not read.
    Asleep,
}

impl Reader {
    /// The end for the program, and the reader's end to be kept.
    fn pipe(self) -> (Stdio, Option<PipeReader>) {
        if self == Self::Full {
            return (File::options().write(true).open("/dev/full").unwrap().into(), None);
        }
        let (reader, mut writer) = std::io::pipe().unwrap();
        if self == Self::Gone {
            return (writer.into(), None);
        }
        writer.write_all(&vec![b'x'; PIPE_BYTES]).unwrap();
        (writer.into(), Some(reader))
    }
}

/// An example whose standard output and error go to such readers.
struct Unread {
    child: Child,
    port: Port,
    readers: [Option<PipeReader>; 2],
}

impl Unread {
    async fn start(example: &str, reader: Reader) -> Self {
        let port = Port::reserve().unwrap();
        let mut command: Command = program::command(&[], example, &[("PORT", &port.number())]);
        let (stdout, out) = reader.pipe();
        let (stderr, err) = reader.pipe();
        let child = command.stdout(stdout).stderr(stderr).spawn().unwrap();
        let unread = Self { child, port, readers: [out, err] };
        let ready = async {
            while TcpStream::connect(unread.port.address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, ready).await.unwrap_or_else(|_| panic!("{example} does not listen"));
        unread
    }

    /// SIGTERM, and how it ended.
    async fn stop(&mut self) -> std::process::ExitStatus {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        timeout(PATIENCE, self.child.wait()).await.expect("SIGTERM ends it").unwrap()
    }
}

/// A client that opens, says a long line and is gone; it must be let in.
pub async fn visit(address: SocketAddr, path: &str, name: usize) -> Result<(), String> {
    let mut tcp = TcpStream::connect(address).await.map_err(|e| e.to_string())?;
    let agent = "x".repeat(250);
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\nUser-Agent: {name}{agent}\r\n\r\n"
    );
    tcp.write_all(head.as_bytes()).await.map_err(|e| e.to_string())?;
    let mut answer = [0; 12];
    let read = timeout(PATIENCE, tcp.read_exact(&mut answer)).await;
    read.map_err(|_| "no answer".to_owned())?.map_err(|e| e.to_string())?;
    if answer != *b"HTTP/1.1 101" {
        return Err(String::from_utf8_lossy(&answer).into_owned());
    }
    let said = Frame::text(agent).masked([1, 2, 3, 4]).to_bytes();
    // An example may already have ended it.
    let _ = tcp.write_all(&said).await;
    Ok(())
}

async fn survives(example: &str, reader: Reader) {
    let mut unread = Unread::start(example, reader).await;
    for name in 0..CLIENTS {
        if example == "poll_vs_push" {
            break;
        }
        let visited = visit(unread.port.address, socket_path(example), name).await;
        assert_eq!(visited, Ok(()), "{example}, {reader:?}: client {name}");
    }
    assert!(unread.child.try_wait().unwrap().is_none(), "{example}, {reader:?}: it has ended");
    let ended = unread.stop().await;
    let drains = ["shutdown", "reconnect", "names_and_typing", "full_chat", "guess"];
    if drains.contains(&example) {
        assert_eq!(ended.code(), Some(0), "{example}, {reader:?}");
    }
    drop(unread.readers);
}

async fn all_survive(reader: Reader) {
    for example in &examples() {
        survives(example, reader).await;
    }
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_no_example_up() {
    all_survive(Reader::Asleep).await;
}

#[tokio::test]
async fn a_log_whose_reader_is_gone_ends_no_example() {
    all_survive(Reader::Gone).await;
}

#[tokio::test]
async fn a_log_on_a_full_disk_ends_no_example() {
    all_survive(Reader::Full).await;
}

/// The standard library prints the error of `main`, and would wait for a reader.
#[tokio::test]
async fn an_error_that_nobody_reads_ends_each_example() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for example in &examples() {
        let (stderr, reader) = Reader::Asleep.pipe();
        let mut command = program::command(&[], example, &[("PORT", &port)]);
        let mut child = command.stderr(stderr).spawn().unwrap();
        let ended = timeout(PATIENCE, child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("{example} waits for a reader")).unwrap();
        assert_eq!(ended.code(), Some(1), "{example}");
        drop(reader);
    }
}

#[tokio::test]
async fn what_was_lost_is_counted_once_somebody_reads() {
    let mut unread = Unread::start("full_chat", Reader::Asleep).await;
    // The pipe is full, twice 256 KiB are with the writer, and 300 bytes a line at least.
    for name in 0..3_000 {
        assert_eq!(visit(unread.port.address, "/ws", name).await, Ok(()));
    }
    let mut reader = unread.readers[0].take().unwrap();
    let (saying, mut said) = watch::channel(Vec::new());
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(size @ 1..) = reader.read(&mut piece) {
            saying.send_modify(|said| said.extend_from_slice(&piece[..size]));
        }
    });
    let told =
        |said: &Vec<u8>| String::from_utf8_lossy(said).contains(" lines of this log were lost");
    timeout(PATIENCE, said.wait_for(told)).await.expect("what was lost is told").unwrap();
    let ended = unread.stop().await;
    assert_eq!(ended.code(), Some(0));
    let goodbye = |said: &Vec<u8>| said.ends_with(b"had not left in time\n");
    timeout(PATIENCE, said.wait_for(goodbye)).await.expect("the last line is there").unwrap();
}

/// A client that plants what acts on a terminal wherever an example may quote it.
pub async fn plant(address: SocketAddr, example: &str) {
    const ODD: &str = "\u{9b}31m\u{202e}\u{2028}";
    let mut tcp = TcpStream::connect(address).await.unwrap();
    let path = socket_path(example);
    let head = format!(
        "GET {path}?{ODD} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\nUser-Agent: {ODD}\r\nX-Odd: {ODD}\r\n\r\n"
    );
    tcp.write_all(head.as_bytes()).await.unwrap();
    let _ = timeout(PATIENCE, tcp.read(&mut [0; 4096])).await.expect("it answers");
    let text = format!("{ODD}\u{1b}[2J\r\nforged");
    let json =
        serde_json::json!({"type": &text, "message": &text, "content": &text, "username": &text});
    let frames = [
        Frame::text(text.clone()),
        Frame::text(json.to_string()),
        Frame::ping(text.clone()),
        Frame::close(1000, &text),
    ];
    let said: Vec<u8> =
        frames.into_iter().flat_map(|frame| frame.masked([1, 2, 3, 4]).to_bytes()).collect();
    // An example may have ended it already: its answer, or the end, is waited for.
    let _ = tcp.write_all(&said).await;
    let _ = timeout(PATIENCE, tcp.read_to_end(&mut Vec::new())).await.expect("it ends");
    // One with a version nobody speaks: the refusal quotes it.
    let mut tcp = TcpStream::connect(address).await.unwrap();
    let head = head.replace("Version: 13", &format!("Version: {ODD}"));
    tcp.write_all(head.as_bytes()).await.unwrap();
    let _ = timeout(PATIENCE, tcp.read(&mut [0; 4096])).await.expect("it answers");
}

#[tokio::test]
async fn no_example_lets_a_client_speak_to_the_terminal() {
    for example in &examples() {
        let program = Program::start(example, &[]).await;
        plant(program.address, example).await;
        let said = program.stop().await.said;
        let odd = said.chars().find(|&char| char != '\n' && ws101::escape::acts(char));
        assert_eq!(odd, None, "{example}: {said:?}");
        assert!(!said.lines().any(|line| line.starts_with("forged")), "{example}: {said:?}");
    }
}
