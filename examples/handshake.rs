//! Answers the request that opens a WebSocket, and explains every line of it.
//!
//!     cargo run --example handshake
//!
//! Then open <http://127.0.0.1:8080> and type into that tab's console:
//! `new WebSocket("ws://127.0.0.1:8080/ws")`. Look at the lines that this program prints: one
//! request and one answer in HTTP, then bytes of frames. See a refusal with
//! `curl -i http://127.0.0.1:8080/ws`.

use std::io::{Read, Write};
use std::{net::TcpStream, thread};

use anyhow::{Result, ensure};
use ws101::blocking::{HEAD_DEADLINE, incoming, linger, within};
use ws101::escape::{Hex, Line};
use ws101::handshake::{Policy, Rejection, encode, explain, parse_request, response};
use ws101::limits::WRITE_DEADLINE;
use ws101::log;
use ws101::program::{self, StartError};
use ws101::settings::Settings;
use ws101::stream::LINGER;

fn main() -> Result<(), StartError> {
    let settings = program::settings(Settings::default())?;
    let listener = program::bind(&settings)?;
    log!("listening on ws://{}/ws", listener.local_addr()?);
    for tcp in incoming(&listener) {
        let policy = Policy { paths: vec!["/ws".into(), "/chat".into()], ..settings.policy() };
        let serving = move || serve(&tcp, &policy).unwrap_or_else(|error| log!("{error:#}"));
        if let Err(error) = thread::Builder::new().spawn(serving) {
            log!("no thread for a client, so it is disconnected: {error}");
        }
    }
    Ok(())
}

fn serve(client: &TcpStream, policy: &Policy) -> Result<()> {
    let mut tcp = within(client, HEAD_DEADLINE);
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    let verdict = loop {
        let Ok(n) = tcp.read(&mut buffer) else { break Err(Rejection::Timeout) };
        ensure!(n > 0, "hung up before the blank line");
        bytes.extend_from_slice(&buffer[..n]);
        match parse_request(&bytes) {
            Ok(None) => {} // The blank line that ends a request is still to come.
            Ok(Some((request, _))) => {
                log!("");
                log!("→ {} {}", request.method(), Line::of(&request.uri().to_string()));
                for (name, value) in request.headers() {
                    log!("→ {name}: {}", Line::of(value));
                    if let Some(why) = explain(name.as_str()) {
                        log!("      {why}");
                    }
                }
                break policy.answer(&request);
            }
            Err(rejection) => break Err(rejection),
        }
    };
    let mut tcp = within(client, WRITE_DEADLINE);
    let answer = encode(&response(&verdict));
    tcp.write_all(&answer)?;
    log!("");
    for line in String::from_utf8_lossy(answer.trim_ascii_end()).lines() {
        log!("← {line}");
    }
    if verdict.is_err() {
        return Ok(linger(client, LINGER)?); // Closing with unread input may destroy the answer.
    }
    let n = tcp.read(&mut buffer)?;
    log!("");
    log!("and no more HTTP: {}", Hex::new(&buffer[..n], 16));
    Ok(())
}
