//! Sends every message back, byte by byte: no async, no WebSocket crate.
//!
//!     cargo run --example raw_echo
//!
//! Then open <http://127.0.0.1:8080> and type into that tab's console:
//! `ws = new WebSocket("ws://127.0.0.1:8080/chat"); ws.onmessage = console.log`
//! and `ws.send("Привет")`. Look at the bytes that this program prints: six letters are
//! twelve bytes, masked in the client's frame and plain in the server's.

use std::io::{Read, Write};
use std::{net::TcpStream, thread, time::Duration};

use anyhow::{Result, ensure};
use ws101::blocking::{accept, incoming, linger, within};
use ws101::frame::{Checker, Decoder, Frame, Opcode, Role};
use ws101::program::{self, StartError};
use ws101::settings::Settings;
use ws101::{escape::Hex, log, stream::LINGER};

fn main() -> Result<(), StartError> {
    // An hour, so that a learner may read the lesson while the connection waits.
    let settings =
        program::settings(Settings { idle: Duration::from_hours(1), ..Settings::default() })?;
    let listener = program::bind(&settings)?;
    log!("listening on ws://{}/chat", listener.local_addr()?);
    for tcp in incoming(&listener) {
        let settings = settings.clone();
        let serving = move || serve(&tcp, &settings).unwrap_or_else(|error| log!("{error:#}"));
        if let Err(error) = thread::Builder::new().spawn(serving) {
            log!("no thread for a client, so it is disconnected: {error}");
        }
    }
    Ok(())
}

fn serve(tcp: &TcpStream, settings: &Settings) -> Result<()> {
    if let Ok((_, hasty)) = accept(tcp, settings.head, &settings.policy())? {
        talk(tcp, settings, &hasty)?;
    }
    linger(tcp, LINGER)?; // Closing with unread input would destroy the close frame.
    Ok(())
}

fn talk(tcp: &TcpStream, settings: &Settings, hasty: &[u8]) -> Result<()> {
    let send = |frame: Frame| -> Result<()> {
        log!("→ {}", Hex::new(&frame.to_bytes(), 32));
        Ok(within(tcp, settings.write).write_all(&frame.to_bytes())?)
    };
    let most = settings.max_message_bytes;
    // One byte above the limit is kept, which shows that a message is too long.
    let mut decoder = Decoder::new(most + 1);
    let mut checker = Checker::new(Role::Client);
    let mut kind = Opcode::Text;
    let mut message = Vec::new();
    let mut buffer = [0; 4096];
    let mut is_open = false; // Whether more fragments of the message come.
    let mut due = None; // By when all of the message must have come.
    decoder.push(hasty);
    loop {
        while let Some(frame) = decoder.next_frame() {
            if let Err(broken) = checker.check(&frame) {
                return send(Frame::close(broken.code(), &broken.reason()));
            }
            match frame.header.opcode {
                Opcode::Ping => send(Frame::pong(frame.payload.clone()))?,
                Opcode::Close => return send(Frame::new(Opcode::Close, frame.payload)),
                Opcode::Text | Opcode::Binary => kind = frame.header.opcode,
                _ => {} // A pong needs no answer; a continuation belongs to the message that has begun.
            }
            if !frame.header.opcode.is_control() {
                is_open = !frame.header.fin;
                message.extend_from_slice(&frame.payload);
                if frame.header.fin && message.len() <= most {
                    let accepted = if kind == Opcode::Text { "Принято: " } else { "" };
                    let reply = [accepted.as_bytes(), &std::mem::take(&mut message)].concat();
                    send(Frame::new(kind, reply))?;
                }
            }
            due = due.filter(|_| is_open);
        }
        let coming = decoder.pending().and_then(|torn| torn.header).map_or(0, |header| header.len);
        if coming > most as u64 || message.len() > most {
            return send(Frame::close(1009, &format!("a message may have {most} bytes")));
        }
        if is_open || decoder.pending().is_some() {
            due.get_or_insert_with(|| within(tcp, settings.message));
        }
        // A message that has begun has one deadline, however often a byte of it comes.
        let (read, late) = match &mut due {
            Some(due) => (due.read(&mut buffer), (1008, "a message took too long")),
            None => {
                (within(tcp, settings.idle).read(&mut buffer), (1011, "nothing heard for too long"))
            }
        };
        let Ok(n) = read else { return send(Frame::close(late.0, late.1)) };
        ensure!(n > 0, "hung up without a close frame");
        log!("← {}", Hex::new(&buffer[..n], 32));
        decoder.push(&buffer[..n]);
    }
}
