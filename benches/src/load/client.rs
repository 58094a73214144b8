//! A client that does as little as possible, so that the load generator is not what is measured.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use mio::net::TcpStream;
use ws101::client::{Asked, NotOpened, Request, ResponseFault, judge_response};
use ws101::frame::{Frame, Header, Opcode};
use ws101::handshake::parse_response;

/// The mask of every frame. A fixed mask costs the server as much as a random one.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The pause between two reads of an empty socket.
const A_LITTLE: Duration = Duration::from_millis(10);

/// The request for an upgrade.
pub fn request(path: &str, host: SocketAddr) -> Bytes {
    Request::new(path).to_bytes(&host.to_string())
}

/// The client's end of a WebSocket.
pub struct Client {
    tcp: TcpStream,
    /// The request's part that the answer must match; none after the answer.
    asked: Option<Arc<Asked>>,
    /// Whether the server answered its first ping. A 101 alone does not show that its task runs.
    served: bool,
    /// Bytes read that are not a whole frame or head yet.
    partial: Vec<u8>,
    unsent: BytesMut,
}

impl Client {
    /// A client whose request, described by `asked`, has been sent.
    pub fn new(tcp: TcpStream, asked: Arc<Asked>) -> Self {
        let asked = Some(asked);
        Self { tcp, asked, served: false, partial: Vec::new(), unsent: BytesMut::new() }
    }

    /// Whether the server serves it. From then on it must receive every message.
    pub fn is_served(&self) -> bool {
        self.served
    }

    /// Sends a text message.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        self.send(Frame::text(text.to_owned()))
    }

    fn send(&mut self, frame: Frame) -> io::Result<()> {
        frame.masked(MASK).encode(&mut self.unsent);
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.tcp.write(&self.unsent) {
                Ok(n) => drop(self.unsent.split_to(n)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes what could not be written before, reads all there is, and passes on each message.
    /// Returns the number of reads.
    pub fn turn(&mut self, scratch: &mut [u8], mut heard: impl FnMut(&[u8])) -> io::Result<u64> {
        self.flush()?;
        for reads in 1.. {
            let count = match self.tcp.read(scratch) {
                Ok(0) => {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, "the server hung up"));
                }
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(reads - 1),
                Err(error) => return Err(error),
            };
            self.take(&scratch[..count], &mut heard)?;
            // A short read means that the socket is empty. The events are edge-triggered: more bytes are a
            // new event.
            if count < scratch.len() {
                return Ok(reads);
            }
        }
        unreachable!("nobody reads that often")
    }

    fn take(&mut self, bytes: &[u8], heard: &mut impl FnMut(&[u8])) -> io::Result<()> {
        if self.asked.is_none() && self.partial.is_empty() {
            let taken = self.frames(bytes, heard)?;
            self.partial.extend_from_slice(&bytes[taken..]);
            return Ok(());
        }
        let mut partial = std::mem::take(&mut self.partial);
        partial.extend_from_slice(bytes);
        if let Some(asked) = &self.asked
            && let Some((_, size)) = parse_response(&partial).map_err(io::Error::other)?
        {
            judged(asked, &partial[..size])?;
            self.asked = None;
            self.send(Frame::ping(""))?;
            partial.drain(..size);
        }
        if self.asked.is_none() {
            let taken = self.frames(&partial, heard)?;
            partial.drain(..taken);
        }
        if !partial.is_empty() {
            self.partial = partial;
        }
        Ok(())
    }

    /// Handles the whole frames at the front of `bytes`. Returns their length in bytes.
    fn frames(&mut self, bytes: &[u8], heard: &mut impl FnMut(&[u8])) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(header) = Header::parse(rest) {
            let end = header.size + usize::try_from(header.len).map_err(io::Error::other)?;
            let Some(payload) = rest.get(header.size..end) else { break };
            match header.opcode {
                Opcode::Text => heard(payload),
                Opcode::Pong => self.served = true,
                Opcode::Ping => self.send(Frame::pong(payload.to_vec()))?,
                Opcode::Close => {
                    let why = String::from_utf8_lossy(payload.get(2..).unwrap_or_default());
                    return Err(io::Error::other(format!("the server closed: {why}")));
                }
                _ => {}
            }
            rest = &rest[end..];
        }
        Ok(bytes.len() - rest.len())
    }

    /// Whether the server ends this connection before `deadline`, while the client reads everything.
    pub fn is_let_go(&mut self, deadline: Instant) -> bool {
        let mut scratch = vec![0; 1 << 16];
        while Instant::now() < deadline {
            match self.tcp.read(&mut scratch) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(A_LITTLE),
                Err(_) => return true,
            }
        }
        false
    }
}

/// Whether `head` opens a WebSocket.
///
/// # Errors
///
/// Every fault of the answer, if one is fatal.
pub fn judged(asked: &Asked, head: &[u8]) -> io::Result<()> {
    let faults = judge_response(asked, head);
    if faults.iter().any(ResponseFault::is_fatal) {
        return Err(NotOpened(faults).into());
    }
    Ok(())
}
