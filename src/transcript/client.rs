//! The task that runs one client: it writes bytes on command, and answers pings and close frames as
//! browsers do.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, Bytes, BytesMut};
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{mpsc, oneshot};

use super::faulty::FaultyStream;
use super::progress::Progress;
use crate::fault::Rule;
use crate::frame::{Decoder, Frame, Opcode};
use crate::handshake::parse_response;
use crate::tap::Tap;
use crate::wst::ConnectionAction;

/// The mask of the examples in RFC 6455 §5.7. It is fixed, so that the bytes are the same in every run.
pub(crate) const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The most bytes that are read at a time.
const READ_SIZE: usize = 8 * 1024;

/// The most bytes of a payload that the client keeps: 125, as many as a control frame can have.
const KEEP: usize = 125;

/// If more bytes than this wait for a server that does not read, the client answers no pings.
const OUTBOX_LIMIT: usize = 1024 * 1024;

/// A command for a client.
#[derive(Debug)]
pub(crate) enum ClientCommand {
    Write {
        bytes: Bytes,
        /// The bytes end inside a frame, so no answer can be written behind them.
        torn: bool,
        /// The bytes hold a close frame, so the server's close frame is its answer and is not echoed.
        close: bool,
    },
    Act(ConnectionAction),
    /// Do this to the connection from now on.
    AddFault(Box<Rule>),
    ClearFaults,
    /// Report a head or frame of which only a part has come, then tell.
    ReportPart(oneshot::Sender<()>),
    /// Tell once the bytes that can be written at once are written and reported.
    TellWritten(oneshot::Sender<()>),
}

/// Runs a client until the connection ends, it is told to reset, or its command channel is closed.
pub(super) async fn run<S>(
    io: Tap<FaultyStream<S>>,
    request: Bytes,
    commands: mpsc::Receiver<ClientCommand>,
    progress: Arc<Progress>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut client = ClientTask {
        io,
        commands,
        reading: true,
        inbox: vec![0; READ_SIZE],
        progress,
        input: Incoming::Head(BytesMut::new()),
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
            ClientEvent::Command(Some(ClientCommand::Act(action))) => match action {
                ConnectionAction::Cut => return,
                ConnectionAction::Reset => return client.io.into_inner().reset(),
                ConnectionAction::HalfClose => client.output.ending = Ending::Due,
                ConnectionAction::Mute => client.output.muted = true,
                ConnectionAction::StopReading => client.reading = false,
                ConnectionAction::Resume => client.reading = true,
                // The sender cuts what it writes into pieces.
                ConnectionAction::Dribble(_) => {}
            },
            ClientEvent::Command(Some(ClientCommand::AddFault(rule))) => {
                client.io.get_mut().add(&rule);
            }
            ClientEvent::Command(Some(ClientCommand::ClearFaults)) => client.io.get_mut().clear(),
            ClientEvent::Command(Some(ClientCommand::ReportPart(done))) => {
                client.io.report_part();
                // The caller may be gone.
                let _ = done.send(());
            }
            // The outbox has its turn before commands. The caller may be gone.
            ClientEvent::Command(Some(ClientCommand::TellWritten(done))) => drop(done.send(())),
            ClientEvent::Ended => client.output.ending = Ending::Done,
            ClientEvent::Command(Some(ClientCommand::Write { bytes, torn, close })) => {
                client.output.outbox.extend_from_slice(&bytes);
                client.output.torn = torn;
                client.output.close_sent |= close;
            }
            ClientEvent::Wrote(Ok(size)) if size > 0 => client.output.outbox.advance(size),
            // A mute client does not end its own half of the connection.
            ClientEvent::Read(Ok(0)) if client.output.muted => client.reading = false,
            ClientEvent::Read(Ok(size)) if size > 0 => client.receive(size),
            // The channel is closed, or the connection has ended and the tap has reported its end.
            ClientEvent::Command(None) | ClientEvent::Read(_) | ClientEvent::Wrote(_) => return,
        }
    }
}

struct ClientTask<S> {
    io: Tap<FaultyStream<S>>,
    commands: mpsc::Receiver<ClientCommand>,
    reading: bool,
    inbox: Vec<u8>,
    progress: Arc<Progress>,
    input: Incoming,
    output: Output,
}

/// The way the server's bytes are read.
enum Incoming {
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

/// The state of the client's half of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    NotYet,
    /// It ends as soon as everything is written.
    Due,
    Done,
}

enum ClientEvent {
    Command(Option<ClientCommand>),
    Wrote(io::Result<usize>),
    Ended,
    Read(io::Result<usize>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> ClientTask<S> {
    /// Waits for the next event. The order of the checks is fixed, so that every run is the same. Cancel safe.
    async fn next(&mut self) -> ClientEvent {
        poll_fn(|cx| {
            if !self.output.outbox.is_empty()
                && let Poll::Ready(wrote) =
                    Pin::new(&mut self.io).poll_write(cx, &self.output.outbox)
            {
                return Poll::Ready(ClientEvent::Wrote(wrote));
            }
            if self.output.outbox.is_empty()
                && self.output.ending == Ending::Due
                && Pin::new(&mut self.io).poll_shutdown(cx).is_ready()
            {
                return Poll::Ready(ClientEvent::Ended);
            }
            let mut buf = ReadBuf::new(&mut self.inbox);
            if self.reading
                && let Poll::Ready(read) = Pin::new(&mut self.io).poll_read(cx, &mut buf)
            {
                return Poll::Ready(ClientEvent::Read(read.map(|()| buf.filled().len())));
            }
            // Bytes that a fault delays are due while nobody writes. The next read tells of an error.
            let _ = Pin::new(&mut self.io).poll_flush(cx);
            self.commands.poll_recv(cx).map(ClientEvent::Command)
        })
        .await
    }

    fn receive(&mut self, size: usize) {
        self.read(size);
        let has_part = match &self.input {
            Incoming::Head(_) => true,
            Incoming::Frames(decoder) => decoder.pending().is_some(),
            Incoming::Ignored => false,
        };
        self.progress.received(size, has_part);
    }

    fn read(&mut self, size: usize) {
        let mut bytes = &self.inbox[..size];
        let after_head;
        if let Incoming::Head(head) = &mut self.input {
            head.extend_from_slice(bytes);
            self.input = match parse_response(head) {
                Ok(None) => return,
                Ok(Some((response, end)))
                    if response.status() == StatusCode::SWITCHING_PROTOCOLS =>
                {
                    after_head = head.split_off(end);
                    bytes = &after_head;
                    Incoming::Frames(Decoder::new(KEEP))
                }
                _ => Incoming::Ignored,
            };
        }
        if let Incoming::Frames(decoder) = &mut self.input {
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
