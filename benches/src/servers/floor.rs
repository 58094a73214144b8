//! The floor, a minimal server: prebuilt frames and plain system calls on one thread.
//!
//! It has no JSON, no room and no limits, and checks nothing. So it costs only what the operating
//! system takes for a delivery.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpListener;

use bytes::BytesMut;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Registry, Token};
use slab::Slab;
use ws101::frame::{Decoder, Frame, Opcode, encode};
use ws101::handshake::{self, Policy, parse_request};

use crate::wording::{content_of, said};

const LISTENER: Token = Token(usize::MAX);
const EVENTS: usize = 1024;
const SCRATCH: usize = 64 * 1024;
const LONGEST: usize = 64 * 1024;

/// Serves forever. With `batching` it writes once for each client and round of events.
pub fn serve(listener: TcpListener, batching: bool) -> anyhow::Result<()> {
    let mut listener = mio::net::TcpListener::from_std(listener);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(EVENTS);
    let mut scratch = vec![0; SCRATCH];
    let mut clients = Slab::new();
    let mut round = BytesMut::new();
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &mut clients, poll.registry())?;
                continue;
            }
            let Some(client) = clients.get_mut(event.token().0) else { continue };
            if client.turn(&mut scratch, &mut round).is_err() {
                clients.remove(event.token().0);
            }
            if !batching {
                tell(&mut clients, &mut round);
            }
        }
        tell(&mut clients, &mut round);
    }
}

fn tell(clients: &mut Slab<Client>, round: &mut BytesMut) {
    if !round.is_empty() {
        for (_, client) in clients.iter_mut().filter(|(_, client)| client.place == Place::Room) {
            client.send(round);
        }
        round.clear();
    }
}

fn accept(
    listener: &mio::net::TcpListener,
    clients: &mut Slab<Client>,
    registry: &Registry,
) -> io::Result<()> {
    while let Ok((mut tcp, _)) = listener.accept() {
        tcp.set_nodelay(true)?;
        let place = clients.vacant_entry();
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut tcp, Token(place.key()), interest)?;
        place.insert(Client {
            tcp,
            place: Place::Door(Vec::new()),
            frames: Decoder::new(LONGEST),
            unsent: Vec::new(),
        });
    }
    Ok(())
}

struct Client {
    tcp: TcpStream,
    place: Place,
    frames: Decoder,
    /// Bytes not yet written. There is no limit.
    unsent: Vec<u8>,
}

/// The state of a client's connection.
#[derive(PartialEq)]
enum Place {
    /// The part of the request that has arrived.
    Door(Vec<u8>),
    /// At `/ws`, where every client receives all messages.
    Room,
    /// At `/chat`, where a client receives only its own messages.
    Alone,
}

impl Client {
    /// Writes the unsent bytes and reads what there is. Messages for all go to `round`.
    fn turn(&mut self, scratch: &mut [u8], round: &mut BytesMut) -> anyhow::Result<()> {
        if !self.unsent.is_empty() {
            let owed = std::mem::take(&mut self.unsent);
            self.send(&owed);
        }
        loop {
            let read = match self.tcp.read(scratch) {
                Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            self.heard(&scratch[..read], round)?;
            // A short read means that the socket is empty. The events are edge-triggered: more bytes are a
            // new event.
            if read < scratch.len() {
                return Ok(());
            }
        }
    }

    fn heard(&mut self, bytes: &[u8], round: &mut BytesMut) -> anyhow::Result<()> {
        if let Place::Door(head) = &mut self.place {
            head.extend_from_slice(bytes);
            let Some((request, size)) = parse_request(head)? else { return Ok(()) };
            let answer = Policy::default().answer(&request)?;
            self.frames.push(&head[size..]);
            let alone = request.uri().path() == "/chat";
            self.place = if alone { Place::Alone } else { Place::Room };
            self.send(&handshake::encode(&answer.to_response()));
        } else {
            self.frames.push(bytes);
        }
        while let Some(Frame { header, payload, .. }) = self.frames.next_frame() {
            match (header.opcode, content_of(&payload)) {
                (Opcode::Text, Some(content)) if self.place == Place::Room => {
                    encode(round, Opcode::Text, said(content).as_bytes());
                }
                (Opcode::Pong, _) => {}
                (Opcode::Ping, _) => self.send(&Frame::pong(payload).to_bytes()),
                (opcode, _) => self.send(&Frame::new(opcode, payload).to_bytes()),
            }
        }
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) {
        let mut written = 0;
        if self.unsent.is_empty() {
            while let Ok(n @ 1..) = self.tcp.write(&bytes[written..]) {
                written += n;
            }
        }
        self.unsent.extend_from_slice(&bytes[written..]);
    }
}
