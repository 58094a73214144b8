//! Lesson 1: start here. The server reads requests, and refuses them all.
//!
//!     cargo run

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

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

fn response(first_line: &str, headers: &[&str]) -> String {
    let first_line = format!("HTTP/1.1 {first_line}");
    [&[&*first_line], headers].concat().join("\r\n") + "\r\n\r\n"
}

fn refuse(first_line: &str) -> String {
    response(first_line, &["Content-Length: 0", "Connection: close"])
}

/// Returns the answer to a request, and whether it opens a WebSocket.
fn answer(head: &str) -> (String, bool) {
    println!("{head}");
    // Decide here. A sound request gets `(response("101 Switching Protocols", …), true)`.
    (refuse("400 Bad Request"), false)
}

/// Serves one client, in a thread of its own.
fn serve(mut tcp: TcpStream) -> io::Result<()> {
    let Some(head) = read_head(&mut tcp)? else { return Ok(()) };
    let (reply, is_open) = answer(&head);
    tcp.write_all(reply.as_bytes())?;
    // The connection stays open until the client ends it.
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
