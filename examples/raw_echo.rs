//! A WebSocket echo in bytes: no async, no WebSocket crate.
//!
//!     cargo run --example raw_echo
//!
//! then open <http://127.0.0.1:8080> and type into that tab's console:
//! `ws = new WebSocket("ws://127.0.0.1:8080/chat"); ws.onmessage = console.log`
//! and `ws.send("Привет")`. Look at the bytes it prints: six letters are
//! twelve bytes, masked on their way in, plain on their way out.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use anyhow::{Result, ensure};
use ws101::frame::{Checker, Decoder, Frame, Opcode, Role};
use ws101::handshake::{Policy, blocking};
use ws101::settings::{Settings, StartError};
use ws101::{escape::Hex, stream::LINGER, upgrade::MAX_MESSAGE_BYTES};

fn main() -> Result<(), StartError> {
    let settings = Settings::from_env()?;
    let listener = settings.bind()?;
    println!("listening on ws://{}/chat", listener.local_addr()?);
    for tcp in listener.incoming().flatten() {
        let policy = settings.policy();
        let serving = move || serve(tcp, &policy).unwrap_or_else(|error| println!("{error:#}"));
        drop(std::thread::Builder::new().spawn(serving)); // No thread to be had: that client is let go.
    }
    Ok(())
}

fn serve(mut tcp: TcpStream, policy: &Policy) -> Result<()> {
    if let Ok((_, hasty)) = blocking::accept(&mut tcp, policy)? {
        talk(&mut tcp, &hasty)?;
    }
    tcp.shutdown(Shutdown::Write)?;
    tcp.set_read_timeout(Some(LINGER))?; // Closing over unread input would destroy the goodbye.
    while tcp.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {}
    Ok(())
}

fn talk(tcp: &mut TcpStream, hasty: &[u8]) -> Result<()> {
    let (mut decoder, mut checker) = (Decoder::new(MAX_MESSAGE_BYTES), Checker::new(Role::Client));
    let (mut kind, mut message, mut buffer) = (Opcode::Text, Vec::new(), [0; 4096]);
    decoder.push(hasty);
    loop {
        while let Some(frame) = decoder.next_frame() {
            if let Err(broken) = checker.check(&frame) {
                return send(tcp, &Frame::close(broken.code(), &broken.reason()));
            }
            match frame.header.opcode {
                Opcode::Ping => send(tcp, &Frame::pong(frame.payload.clone()))?,
                Opcode::Close => return send(tcp, &Frame::new(Opcode::Close, frame.payload)),
                Opcode::Text | Opcode::Binary => kind = frame.header.opcode,
                _ => {} // A pong asks for nothing; a continuation goes on with what was begun.
            }
            if !frame.header.opcode.is_control() {
                message.extend_from_slice(&frame.payload);
                if frame.header.fin && message.len() <= MAX_MESSAGE_BYTES {
                    let accepted = if kind == Opcode::Text { "Принято: " } else { "" };
                    let reply = [accepted.as_bytes(), &std::mem::take(&mut message)].concat();
                    send(tcp, &Frame::new(kind, reply))?;
                }
            }
        }
        let coming = decoder.pending().and_then(|torn| torn.header).map_or(0, |header| header.len);
        if coming.saturating_add(message.len() as u64) > MAX_MESSAGE_BYTES as u64 {
            return send(tcp, &Frame::close(1009, "a message may have 65536 bytes"));
        }
        let n = tcp.read(&mut buffer)?;
        ensure!(n > 0, "hung up without a close frame");
        println!("← {}", Hex::new(&buffer[..n], 32));
        decoder.push(&buffer[..n]);
    }
}

fn send(tcp: &mut TcpStream, frame: &Frame) -> Result<()> {
    println!("→ {}", Hex::new(&frame.to_bytes(), 32));
    Ok(tcp.write_all(&frame.to_bytes())?)
}
