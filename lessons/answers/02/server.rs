//! Lesson 2: an echo that reads and writes frames byte by byte. It uses no WebSocket library.
//!
//!     cargo run

use std::collections::HashMap;
use std::env;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use data_encoding::BASE64;
use sha1::{Digest, Sha1};

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The longest request that is read.
const LONGEST_HEAD: usize = 16 * 1024;

/// The longest payload that is read.
const LONGEST_PAYLOAD: u64 = 1 << 20;

/// How long the rest of what a client sends is waited for.
const LINGER: Duration = Duration::from_secs(1);

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Reads up to the empty line. Returns the request without it, or `None` if the client leaves before.
fn read_head(tcp: &mut TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if head.len() == LONGEST_HEAD || tcp.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.extend(byte);
    }
    Ok(Some(String::from_utf8_lossy(&head).trim_end().to_owned()))
}

/// The headers of a request, whose names are in lower case.
fn headers(head: &str) -> HashMap<String, &str> {
    let lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_lowercase(), value.trim())).collect()
}

fn response(first_line: &str, headers: &[&str]) -> String {
    let first_line = format!("HTTP/1.1 {first_line}");
    [&[&*first_line], headers].concat().join("\r\n") + "\r\n\r\n"
}

fn refuse(first_line: &str) -> String {
    response(first_line, &["Content-Length: 0", "Connection: close"])
}

fn accept_value(key: &str) -> String {
    BASE64.encode(&Sha1::digest(format!("{key}{GUID}")))
}

/// Returns the answer to a request, and whether it opens a WebSocket.
fn answer(head: &str) -> (String, bool) {
    let headers = headers(head);
    let header = |name: &str| headers.get(name).copied().unwrap_or_default();
    let connection = header("connection").to_lowercase();
    let is_upgrade = header("upgrade").eq_ignore_ascii_case("websocket")
        && connection.split(',').any(|word| word.trim() == "upgrade");
    let (key, version) = (header("sec-websocket-key"), header("sec-websocket-version"));
    let path = head.split(' ').nth(1).and_then(|target| target.split('?').next());
    if !is_upgrade || version.is_empty() || key.is_empty() {
        (refuse("400 Bad Request"), false)
    } else if version != "13" {
        let version = ["Sec-WebSocket-Version: 13", "Content-Length: 0", "Connection: close"];
        (response("426 Upgrade Required", &version), false)
    } else if path != Some("/ws") {
        (refuse("404 Not Found"), false)
    } else {
        let accept = format!("Sec-WebSocket-Accept: {}", accept_value(key));
        let lines = ["Upgrade: websocket", "Connection: Upgrade", &accept];
        (response("101 Switching Protocols", &lines), true)
    }
}

/// A frame, or the close code for a frame that breaks a rule.
type Frame = Result<(u8, Vec<u8>), u16>;

/// The next `N` bytes. What comes behind them stays in the connection, for the next frame.
fn take_bytes<const N: usize>(tcp: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    tcp.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads the opcode and the payload of the next frame.
fn read_frame(tcp: &mut TcpStream) -> io::Result<Frame> {
    let [first, second] = take_bytes(tcp)?;
    let length = match second & 0x7f {
        126 => u16::from_be_bytes(take_bytes(tcp)?).into(),
        127 => u64::from_be_bytes(take_bytes(tcp)?),
        short => short.into(),
    };
    if second & 0x80 == 0 {
        return Ok(Err(1002));
    }
    if length > LONGEST_PAYLOAD {
        return Ok(Err(1009));
    }
    let key: [u8; 4] = take_bytes(tcp)?;
    let mut payload = Vec::new();
    if tcp.take(length).read_to_end(&mut payload)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    for (at, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[at % 4];
    }
    Ok(Ok((first & 0x0f, payload)))
}

/// Writes one frame, which no server masks.
fn write_frame(tcp: &mut TcpStream, opcode: u8, payload: &[u8]) -> io::Result<()> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        length @ 0..126 => frame.push(u8::try_from(length).expect("it is short")),
        length @ 126..65_536 => {
            frame.push(126);
            frame.extend(u16::try_from(length).expect("it is short").to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    tcp.write_all(&frame)
}

/// Ends the connection, and reads what still comes. Without that, a reset could overtake the close frame.
fn end(tcp: &mut TcpStream) -> io::Result<()> {
    tcp.shutdown(Shutdown::Write)?;
    tcp.set_read_timeout(Some(LINGER))?;
    io::copy(&mut tcp.take(LONGEST_PAYLOAD), &mut io::sink())?;
    Ok(())
}

/// Answers frames until the connection ends.
fn talk(tcp: &mut TcpStream) -> io::Result<()> {
    loop {
        match read_frame(tcp)? {
            Ok((TEXT, text)) => {
                write_frame(tcp, TEXT, &["Принято: ".as_bytes(), &text].concat())?;
            }
            Ok((PING, payload)) => write_frame(tcp, PONG, &payload)?,
            Ok((CLOSE, payload)) => return write_frame(tcp, CLOSE, &payload),
            Ok(_) => {}
            Err(code) => {
                write_frame(tcp, CLOSE, &code.to_be_bytes())?;
                return end(tcp);
            }
        }
    }
}

/// Serves one client, in a thread of its own.
fn serve(mut tcp: TcpStream) -> io::Result<()> {
    let Some(head) = read_head(&mut tcp)? else { return Ok(()) };
    let (reply, is_open) = answer(&head);
    tcp.write_all(reply.as_bytes())?;
    if is_open { talk(&mut tcp) } else { Ok(()) }
}

fn main() -> io::Result<()> {
    let port = env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("http://127.0.0.1:{port}");
    for tcp in listener.incoming() {
        let tcp = tcp?;
        // An error here means that this client is gone.
        thread::spawn(move || serve(tcp).ok());
    }
    Ok(())
}
