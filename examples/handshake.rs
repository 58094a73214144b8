//! Answers the request that opens a WebSocket, and explains every line of it.
//!
//!     cargo run --example handshake
//!
//! then type into any page's console: `new WebSocket("ws://127.0.0.1:8080/ws")`.
//! Look at the lines it prints: HTTP once, and then never again. Break it with
//! `curl -i http://127.0.0.1:8080/ws`.

use std::io::{Read, Write};
use std::{net::TcpStream, thread};

use anyhow::{Result, ensure};
use ws101::escape::{Hex, Line};
use ws101::handshake::{Policy, encode, explain, parse_request};
use ws101::{settings::Settings, upgrade::HEAD_DEADLINE};

fn main() -> Result<()> {
    let listener = Settings::from_env()?.bind()?;
    println!("listening on ws://{}/ws", listener.local_addr()?);
    for tcp in listener.incoming().flatten() {
        let serving = move || serve(tcp).unwrap_or_else(|error| println!("{error:#}"));
        drop(thread::Builder::new().spawn(serving)); // No thread to be had: that client is let go.
    }
    Ok(())
}

fn serve(mut tcp: TcpStream) -> Result<()> {
    tcp.set_read_timeout(Some(HEAD_DEADLINE))?;
    let policy = Policy { paths: vec!["/ws".into(), "/chat".into()], ..Policy::default() };
    let (mut bytes, mut buffer) = (Vec::new(), [0; 1024]);
    let verdict = loop {
        let n = tcp.read(&mut buffer)?;
        ensure!(n > 0, "hung up before the blank line");
        bytes.extend_from_slice(&buffer[..n]);
        match parse_request(&bytes) {
            Ok(None) => {} // The blank line that ends a request is still to come.
            Ok(Some((request, _))) => {
                println!("\n→ {} {}", request.method(), Line::of(&request.uri().to_string()));
                for (name, value) in request.headers() {
                    println!("→ {name}: {}", Line::of(value));
                    println!("      {}", explain(name.as_str()).unwrap_or_default());
                }
                break policy.answer(&request).map(|granted| granted.map(|()| String::new()));
            }
            Err(rejection) => break Err(rejection),
        }
    };
    let granted = verdict.is_ok();
    let answer = encode(&verdict.unwrap_or_else(|rejection| rejection.to_response()));
    tcp.write_all(&answer)?;
    println!("\n← {}", String::from_utf8_lossy(&answer).trim_end().replace('\n', "\n← "));
    ensure!(granted, "refused, and that was all");
    let n = tcp.read(&mut buffer)?;
    println!("\nand no more HTTP: {}", Hex::new(&buffer[..n], 16));
    Ok(())
}
