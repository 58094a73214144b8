//! The state of one client of a transcript, in the task of the test.

mod fence;

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::client::ClientCommand;
use super::fence_token::is_fence_token;
use super::printing::Printer;
use crate::client::Asked;
use crate::frame::{Decoder, Frame, Opcode, Role, Torn};
use crate::handshake::{parse_request, parse_response};
use crate::tap::{Direction, Seen, TapEvent};
use crate::wst::{Action, Item, LineWriter};

/// A client's name and its latest connection.
pub(crate) struct Lane {
    pub(crate) name: String,
    /// The request's key, subprotocols and extensions: the answer is checked against them.
    pub(crate) asked: Asked,
    /// The request, until it is known whether the tap could read it.
    request: Option<Bytes>,
    commands: Option<mpsc::Sender<ClientCommand>>,
    reports: mpsc::Receiver<Seen>,
    seen: Vec<Noted>,
    /// The indexes in `seen` of the pings and closes that the client has not answered, by payload.
    open: HashMap<(Opcode, Bytes), VecDeque<usize>>,
    /// The pongs and closes that the client has sent since the last report.
    answers: HashSet<(Opcode, Bytes)>,
    phase: Phase,
    /// Decodes what was written after the 101, to know whether it ends inside a frame.
    said: Decoder,
    /// The incomplete frame that was last written down.
    torn: Option<Torn>,
    /// Whether fences are sent to the server.
    is_fenced: bool,
    /// The payload of the last fence whose pong came.
    fence: Bytes,
    /// Whether the client was told to cut or reset: later events are dropped.
    is_gone: bool,
    /// The error of connecting, if there never was a connection.
    pub(crate) refusal: Option<io::ErrorKind>,
}

/// An event, and the answer to it that the client sent by itself.
///
/// The two directions have no order between them: the bytes that the client reads before it answers
/// differ from run to run. So an answer is kept with the event that it answers.
struct Noted {
    seen: Seen,
    answer: Option<Seen>,
}

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Open,
    /// A close frame was sent or received, or the answer was not 101: only the end is left.
    Closing,
    Over,
}

impl Lane {
    pub(crate) fn new(
        name: &str,
        request: Bytes,
        commands: mpsc::Sender<ClientCommand>,
        reports: mpsc::Receiver<Seen>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            asked: Asked::of(&request),
            request: Some(request),
            commands: Some(commands),
            reports,
            seen: Vec::new(),
            open: HashMap::new(),
            answers: HashSet::new(),
            phase: Phase::Opening,
            said: Decoder::new(0),
            torn: None,
            is_fenced: true,
            fence: Bytes::new(),
            is_gone: false,
            refusal: None,
        }
    }

    /// The lane of a client that could not connect.
    pub(crate) fn unconnected(name: &str, why: io::ErrorKind) -> Self {
        let mut lane = Self::new(name, Bytes::new(), mpsc::channel(1).0, mpsc::channel(1).1);
        (lane.request, lane.phase, lane.refusal) = (None, Phase::Over, Some(why));
        lane
    }

    /// Whether the client still takes commands.
    pub(crate) fn is_alive(&self) -> bool {
        self.commands.as_ref().is_some_and(|commands| !commands.is_closed())
    }

    /// Whether the end of the connection was received.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether the client takes part in fences and in closing: a mute client does not.
    pub(crate) fn is_talking(&self) -> bool {
        self.is_fenced
    }

    /// Sends the client a command. Not cancel safe: a dropped call may have changed the lane only.
    pub(crate) async fn tell(&mut self, command: ClientCommand) {
        match command {
            ClientCommand::Mute | ClientCommand::StopReading | ClientCommand::HalfClose => {
                self.is_fenced = false;
            }
            ClientCommand::Resume => self.is_fenced = true,
            ClientCommand::Reset => self.vanish(),
            ClientCommand::Write { .. } => {}
        }
        if let Some(commands) = &self.commands {
            // An error means that the client has ended.
            let _ = commands.send(command).await;
        }
    }

    pub(crate) async fn write(&mut self, bytes: Bytes) {
        let mut close = false;
        if self.phase != Phase::Opening {
            self.said.push(&bytes);
            for frame in &mut self.said {
                close |= frame.header.opcode == Opcode::Close;
            }
        }
        if close {
            self.phase = Phase::Closing;
        }
        let torn = self.said.pending().is_some();
        self.tell(ClientCommand::Write { bytes, torn, close }).await;
    }

    /// Ends the client, which cuts its connection.
    pub(crate) fn cut(&mut self) {
        self.vanish();
        self.commands = None;
    }

    /// Drops all later events: those that the server sends before it notices the end differ from run to run.
    fn vanish(&mut self) {
        self.catch_up();
        self.is_gone = true;
    }

    /// A line for each event since the last report, except fences.
    pub(super) fn report(&mut self, printer: &mut Printer, since: Option<Instant>) -> Vec<Item> {
        let noted = std::mem::take(&mut self.seen);
        self.open.clear();
        self.answers.clear();
        let seen: Vec<_> = noted
            .into_iter()
            .flat_map(|noted| [Some(noted.seen), noted.answer])
            .flatten()
            .collect();
        let mut lines = printer.lines(&self.name, &self.asked, &seen, since);
        if let Some(request) = self.request.take() {
            let is_shown = seen.iter().any(|seen| seen.direction == Direction::Out);
            if !is_shown && matches!(parse_request(&request), Ok(Some(_))) {
                // The tap will report the request.
                self.request = Some(request);
            } else if !is_shown {
                // The request is no complete head: the tap reports it only at the end.
                lines.insert(0, printer.writer.stray(&self.name, Role::Client, &request));
            }
        }
        let torn = self.said.pending();
        if let Some(torn) = torn
            && self.torn != Some(torn)
        {
            // A tap reports an incomplete frame only at the end, so it is written down here.
            let is_sent = |line: &Item| {
                matches!(line, Item::Action(_, Action::Send(..) | Action::SendPart(..)))
            };
            let last = lines.iter().rposition(is_sent);
            let part = LineWriter::part(&self.name, Role::Client, torn);
            lines.insert(last.map_or(0, |last| last + 1), part);
        }
        self.torn = torn;
        lines
    }

    /// Receives the next event, or the end of the events. Cancel safe.
    pub(crate) fn poll_see(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.phase == Phase::Over {
            return Poll::Pending;
        }
        self.reports.poll_recv(cx).map(|seen| match seen {
            Some(seen) => self.note(seen),
            None => self.phase = Phase::Over,
        })
    }

    /// The events received since the last report, without fences and without the first `from`.
    ///
    /// The second value is the `from` of the next call.
    pub(crate) fn came_in(&self, from: usize) -> (impl Iterator<Item = &Seen>, usize) {
        let new = self.seen.iter().skip(from).map(|noted| &noted.seen);
        (new.filter(|seen| seen.direction == Direction::In), self.seen.len())
    }

    /// Whether the client has sent such a pong or close since the last report.
    pub(crate) fn has_said(&self, opcode: Opcode, payload: Bytes) -> bool {
        self.answers.contains(&(opcode, payload))
    }

    /// Receives the events that are there, without waiting.
    pub(crate) fn catch_up(&mut self) {
        while let Ok(seen) = self.reports.try_recv() {
            self.note(seen);
        }
    }

    fn note(&mut self, seen: Seen) {
        if self.is_gone {
            return;
        }
        match (&seen.event, seen.direction) {
            // The client was told to half-close, and that is shown.
            (TapEvent::Eof, Direction::Out) => return,
            (TapEvent::Head(head), Direction::In) => {
                let response = parse_response(head).ok().flatten();
                let is_101 = response.is_some_and(|(response, _)| response.status() == 101);
                self.phase = if is_101 { Phase::Open } else { Phase::Closing };
            }
            (TapEvent::Frame(frame), direction) => match frame.header.opcode {
                Opcode::Close => self.phase = Phase::Closing,
                Opcode::Ping | Opcode::Pong if is_fence_token(&frame.payload) => {
                    if direction == Direction::In {
                        self.fence = frame.payload.clone();
                    }
                    return;
                }
                _ => {}
            },
            _ => {}
        }
        match self.asked(&seen) {
            Some(at) => self.seen[at].answer = Some(seen),
            None => self.seen.push(Noted { seen, answer: None }),
        }
    }

    /// The index of the ping or Close that `seen` answers: the first of that payload without an answer.
    fn asked(&mut self, seen: &Seen) -> Option<usize> {
        let TapEvent::Frame(Frame { header, payload, .. }) = &seen.event else { return None };
        match (seen.direction, header.opcode) {
            (Direction::In, opcode @ (Opcode::Ping | Opcode::Close)) => {
                let open = self.open.entry((opcode, payload.clone())).or_default();
                open.push_back(self.seen.len());
                None
            }
            (Direction::Out, opcode @ (Opcode::Pong | Opcode::Close)) => {
                self.answers.insert((opcode, payload.clone()));
                let asked = if opcode == Opcode::Pong { Opcode::Ping } else { opcode };
                self.open.get_mut(&(asked, payload.clone()))?.pop_front()
            }
            _ => None,
        }
    }
}
