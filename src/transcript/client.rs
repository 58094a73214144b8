//! The task that runs one client: it writes what it is told to, and answers pings and close frames as
//! browsers do.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;

use bytes::{Buf, Bytes, BytesMut};
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

use crate::frame::{Decoder, Frame, Opcode};
use crate::handshake::parse_response;
use crate::tap::Tap;

/// The mask of the examples in RFC 6455 §5.7. It is fixed, so that the bytes are the same in every run.
pub(crate) const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// How many bytes are read at a time.
const READ_SIZE: usize = 8 * 1024;

/// How many bytes of a payload the client keeps: 125, the most that a control frame has.
const KEEP: usize = 125;

/// If more bytes than this wait for a server that does not read, the client answers no pings.
const OUTBOX_LIMIT: usize = 1024 * 1024;

/// A command for a client.
#[derive(Debug)]
pub(crate) enum Command {
    Write {
        bytes: Bytes,
        /// They end inside a frame, so no answer can be written behind them.
        torn: bool,
        /// They hold a close frame, so the server's close frame is the answer and is not echoed.
        close: bool,
    },
    Mute,
    StopReading,
    Resume,
    HalfClose,
    Reset,
}

/// Runs a client until the connection ends, it is told to reset, or its command channel is closed.
pub(super) async fn run<S>(
    io: Tap<S>,
    request: Bytes,
    commands: mpsc::Receiver<Command>,
    reset: fn(S),
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut client = Client {
        io,
        commands,
        reading: true,
        inbox: vec![0; READ_SIZE],
        input: Input::Head(BytesMut::new()),
        output: Output {
            outbox: BytesMut::from(request),
            muted: false,
            ending: Ending::NotYet,
            torn: false,
            close_sent: false,
        },
    };
    loop {
        match client.next().await {
            Next::Command(Some(Command::Reset)) => return reset(client.io.into_inner()),
            Next::Command(Some(Command::Mute)) => client.output.muted = true,
            Next::Command(Some(Command::StopReading)) => client.reading = false,
            Next::Command(Some(Command::Resume)) => client.reading = true,
            Next::Command(Some(Command::HalfClose)) => client.output.ending = Ending::Due,
            Next::Ended => client.output.ending = Ending::Done,
            Next::Command(Some(Command::Write { bytes, torn, close })) => {
                client.output.outbox.extend_from_slice(&bytes);
                client.output.torn = torn;
                client.output.close_sent |= close;
            }
            Next::Wrote(Ok(size)) if size > 0 => client.output.outbox.advance(size),
            // A mute client does not end its own half of the connection.
            Next::Read(Ok(0)) if client.output.muted => client.reading = false,
            Next::Read(Ok(size)) if size > 0 => client.receive(size),
            // The channel is closed, or the connection has ended: the tap has reported how.
            Next::Command(None) | Next::Read(_) | Next::Wrote(_) => return,
        }
    }
}

struct Client<S> {
    io: Tap<S>,
    commands: mpsc::Receiver<Command>,
    reading: bool,
    inbox: Vec<u8>,
    input: Input,
    output: Output,
}

/// How the server's bytes are read.
enum Input {
    Head(BytesMut),
    Frames(Decoder),
    /// The answer is not 101, so the rest is not read as frames.
    Ignored,
}

/// The bytes to write, and whether the client may add answers to them.
struct Output {
    outbox: BytesMut,
    muted: bool,
    ending: Ending,
    torn: bool,
    close_sent: bool,
}

/// Whether the client ends its half of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    NotYet,
    /// As soon as everything is written.
    Due,
    Done,
}

enum Next {
    Command(Option<Command>),
    Wrote(io::Result<usize>),
    Ended,
    Read(io::Result<usize>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// The next thing that happens. The order of the checks is fixed, so that runs repeat. Cancel safe.
    async fn next(&mut self) -> Next {
        poll_fn(|cx| {
            if !self.output.outbox.is_empty()
                && let Poll::Ready(wrote) =
                    Pin::new(&mut self.io).poll_write(cx, &self.output.outbox)
            {
                return Poll::Ready(Next::Wrote(wrote));
            }
            if self.output.outbox.is_empty()
                && self.output.ending == Ending::Due
                && Pin::new(&mut self.io).poll_shutdown(cx).is_ready()
            {
                return Poll::Ready(Next::Ended);
            }
            let mut buf = ReadBuf::new(&mut self.inbox);
            if self.reading
                && let Poll::Ready(read) = Pin::new(&mut self.io).poll_read(cx, &mut buf)
            {
                return Poll::Ready(Next::Read(read.map(|()| buf.filled().len())));
            }
            self.commands.poll_recv(cx).map(Next::Command)
        })
        .await
    }

    fn receive(&mut self, size: usize) {
        let mut bytes = &self.inbox[..size];
        let after_head;
        if let Input::Head(head) = &mut self.input {
            head.extend_from_slice(bytes);
            self.input = match parse_response(head) {
                Ok(None) => return,
                Ok(Some((response, end)))
                    if response.status() == StatusCode::SWITCHING_PROTOCOLS =>
                {
                    after_head = head.split_off(end);
                    bytes = &after_head;
                    Input::Frames(Decoder::new(KEEP))
                }
                _ => Input::Ignored,
            };
        }
        if let Input::Frames(decoder) = &mut self.input {
            decoder.push(bytes);
            for frame in decoder {
                self.output.answer(frame);
            }
        }
    }
}

impl Output {
    /// Answers a ping by a pong and echoes a close frame, until a close frame was sent (RFC 6455 §5.5.1, §5.5.2).
    fn answer(&mut self, frame: Frame) {
        let has_ended = self.ending != Ending::NotYet || self.close_sent;
        if self.muted || self.torn || has_ended || self.outbox.len() > OUTBOX_LIMIT {
            return;
        }
        let opcode = match frame.header.opcode {
            Opcode::Ping => Opcode::Pong,
            Opcode::Close => {
                self.close_sent = true;
                Opcode::Close
            }
            _ => return,
        };
        Frame::new(opcode, frame.payload).masked(MASK).encode(&mut self.outbox);
    }
}
