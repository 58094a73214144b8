//! The client at the other end: a browser's manners, and no will of its own.

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

/// The mask of the examples in RFC 6455 §5.7: any will do, a random one would change the bytes.
pub(crate) const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What is read at a time.
const READ_SIZE: usize = 8 * 1024;

/// The most bytes of a frame the client looks at; control frames have no more.
const KEEP: usize = 125;

/// Above this many bytes unsent to a server that does not read, pings go unanswered.
const OUTBOX_LIMIT: usize = 1024 * 1024;

/// What a client is told to do.
#[derive(Debug)]
pub(crate) enum Command {
    Write {
        bytes: Bytes,
        /// They end in the middle of a frame, where no answer can be put.
        torn: bool,
        /// They say goodbye, so that the server's Close is the answer.
        goodbye: bool,
    },
    Mute,
    StopReading,
    Resume,
    HalfClose,
    Reset,
}

/// Runs a client until its server hangs up, it is told to reset, or nobody is left to tell it.
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
        ear: Ear::Head(BytesMut::new()),
        voice: Voice {
            outbox: BytesMut::from(request),
            muted: false,
            ending: Ending::NotYet,
            torn: false,
            said_goodbye: false,
        },
    };
    loop {
        match client.next().await {
            Next::Command(Some(Command::Reset)) => return reset(client.io.into_inner()),
            Next::Command(Some(Command::Mute)) => client.voice.muted = true,
            Next::Command(Some(Command::StopReading)) => client.reading = false,
            Next::Command(Some(Command::Resume)) => client.reading = true,
            Next::Command(Some(Command::HalfClose)) => client.voice.ending = Ending::Due,
            Next::Ended => client.voice.ending = Ending::Done,
            Next::Command(Some(Command::Write { bytes, torn, goodbye })) => {
                client.voice.outbox.extend_from_slice(&bytes);
                client.voice.torn = torn;
                client.voice.said_goodbye |= goodbye;
            }
            Next::Wrote(Ok(size)) if size > 0 => client.voice.outbox.advance(size),
            // Someone who is mute does not hang up either.
            Next::Read(Ok(0)) if client.voice.muted => client.reading = false,
            Next::Read(Ok(size)) if size > 0 => client.hear(size),
            // Let go of; or a farewell, an end without one, a reset: the tap has seen which.
            Next::Command(None) | Next::Read(_) | Next::Wrote(_) => return,
        }
    }
}

struct Client<S> {
    io: Tap<S>,
    commands: mpsc::Receiver<Command>,
    reading: bool,
    inbox: Vec<u8>,
    ear: Ear,
    voice: Voice,
}

/// What the server's bytes mean.
enum Ear {
    Head(BytesMut),
    Frames(Decoder),
    /// It answered something else than 101.
    Deaf,
}

/// What is to be written, and whether the client adds to it of its own accord.
struct Voice {
    outbox: BytesMut,
    muted: bool,
    ending: Ending,
    torn: bool,
    said_goodbye: bool,
}

/// Whether the client's half of the connection is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    NotYet,
    /// Once all is written.
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
    /// What can happen next, always asked in this order, so that runs repeat. Cancel safe.
    async fn next(&mut self) -> Next {
        poll_fn(|cx| {
            if !self.voice.outbox.is_empty()
                && let Poll::Ready(wrote) =
                    Pin::new(&mut self.io).poll_write(cx, &self.voice.outbox)
            {
                return Poll::Ready(Next::Wrote(wrote));
            }
            if self.voice.outbox.is_empty()
                && self.voice.ending == Ending::Due
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

    fn hear(&mut self, size: usize) {
        let mut bytes = &self.inbox[..size];
        let after_head;
        if let Ear::Head(head) = &mut self.ear {
            head.extend_from_slice(bytes);
            self.ear = match parse_response(head) {
                Ok(None) => return,
                Ok(Some((response, end)))
                    if response.status() == StatusCode::SWITCHING_PROTOCOLS =>
                {
                    after_head = head.split_off(end);
                    bytes = &after_head;
                    Ear::Frames(Decoder::new(KEEP))
                }
                _ => Ear::Deaf,
            };
        }
        if let Ear::Frames(decoder) = &mut self.ear {
            decoder.push(bytes);
            for frame in decoder {
                self.voice.answer(frame);
            }
        }
    }
}

impl Voice {
    /// Pongs and echoes Close, as browsers do, until a Close was said (RFC 6455 §5.5.1, §5.5.2).
    fn answer(&mut self, frame: Frame) {
        let has_ended = self.ending != Ending::NotYet || self.said_goodbye;
        if self.muted || self.torn || has_ended || self.outbox.len() > OUTBOX_LIMIT {
            return;
        }
        let opcode = match frame.header.opcode {
            Opcode::Ping => Opcode::Pong,
            Opcode::Close => {
                self.said_goodbye = true;
                Opcode::Close
            }
            _ => return,
        };
        Frame::new(opcode, frame.payload).masked(MASK).encode(&mut self.outbox);
    }
}
