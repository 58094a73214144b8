//! Lesson 1: opens a WebSocket, or refuses to. It uses no WebSocket library.
//!
//!     cargo run

use std::collections::HashMap;
use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use data_encoding::BASE64;
use sha1::{Digest, Sha1};

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The longest request that is read.
const LONGEST_HEAD: usize = 16 * 1024;

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

/// Serves one client, in a thread of its own.
fn serve(mut tcp: TcpStream) -> io::Result<()> {
    let Some(head) = read_head(&mut tcp)? else { return Ok(()) };
    let (reply, is_open) = answer(&head);
    tcp.write_all(reply.as_bytes())?;
    // The connection stays open until the client ends it. Lesson 2 reads what comes.
    while is_open && tcp.read(&mut [0; 4096])? > 0 {}
    Ok(())
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
