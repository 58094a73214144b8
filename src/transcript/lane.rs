//! One client of a transcript, as seen from the test.

mod fence;

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::client::Command;
use super::printing::Printer;
use crate::client::Asked;
use crate::frame::{Decoder, Frame, Opcode, Role, Torn};
use crate::handshake::{parse_request, parse_response};
use crate::tap::{Direction, Event, Seen};
use crate::wst::{Action, Item, Writer};

/// A client's name and its connection, the last one if there were several.
pub(crate) struct Lane {
    pub(crate) name: String,
    /// What the answer must follow from.
    pub(crate) asked: Asked,
    /// The request, until it is known whether the tap could read it.
    request: Option<Bytes>,
    commands: Option<mpsc::Sender<Command>>,
    reports: mpsc::Receiver<Seen>,
    seen: Vec<Noted>,
    /// Where the pings and closes stand that the client has not answered, by payload.
    open: HashMap<(Opcode, Bytes), VecDeque<usize>>,
    /// The pongs and closes that the client has sent since the last report.
    answers: HashSet<(Opcode, Bytes)>,
    phase: Phase,
    /// What was written after the 101, to know whether it ends within a frame.
    said: Decoder,
    /// The frame it was last shown to end within.
    torn: Option<Torn>,
    /// Whether the server is asked to answer before it is believed to be done.
    is_fenced: bool,
    /// The last fence that came back.
    fence: Bytes,
    /// Whether the client was told to vanish: what still reaches it is no longer heard.
    is_gone: bool,
    /// Why there is no connection, if there never was one.
    pub(crate) refusal: Option<io::ErrorKind>,
}

/// Something seen, and the answer to it that the client sent by itself.
///
/// The two directions have no order between them: what the client happened
/// to read before it answered differs from run to run. So an answer is kept
/// with what it answers.
struct Noted {
    seen: Seen,
    answer: Option<Seen>,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Open,
    /// Someone said Close, or the answer was not 101: what is left is the end.
    Closing,
    Over,
}

impl Lane {
    pub(crate) fn new(
        name: &str,
        request: Bytes,
        commands: mpsc::Sender<Command>,
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

    /// A client that could not connect.
    pub(crate) fn unconnected(name: &str, why: io::ErrorKind) -> Self {
        let mut lane = Self::new(name, Bytes::new(), mpsc::channel(1).0, mpsc::channel(1).1);
        (lane.request, lane.phase, lane.refusal) = (None, Phase::Over, Some(why));
        lane
    }

    /// Whether there is still a client to be told something.
    pub(crate) fn is_alive(&self) -> bool {
        self.commands.as_ref().is_some_and(|commands| !commands.is_closed())
    }

    /// Whether all that there was to see has been seen.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether it may be asked something: a client that is mute has no answer to give either.
    pub(crate) fn is_talking(&self) -> bool {
        self.is_fenced
    }

    /// Tells the client what to do next.
    pub(crate) async fn tell(&mut self, command: Command) {
        match command {
            Command::Mute | Command::StopReading | Command::HalfClose => {
                self.is_fenced = false;
            }
            Command::Resume => self.is_fenced = true,
            Command::Reset => self.vanish(),
            Command::Write { .. } => {}
        }
        if let Some(commands) = &self.commands {
            // A client that is gone needs no telling.
            let _ = commands.send(command).await;
        }
    }

    pub(crate) async fn write(&mut self, bytes: Bytes) {
        let mut goodbye = false;
        if self.phase != Phase::Opening {
            self.said.push(&bytes);
            for frame in &mut self.said {
                goodbye |= frame.header.opcode == Opcode::Close;
            }
        }
        if goodbye {
            self.phase = Phase::Closing;
        }
        let torn = self.said.pending().is_some();
        self.tell(Command::Write { bytes, torn, goodbye }).await;
    }

    /// Lets go of the client, which cuts its connection.
    pub(crate) fn cut(&mut self) {
        self.vanish();
        self.commands = None;
    }

    /// Hears no more: a client that vanishes takes a moment to, in which the server may speak.
    fn vanish(&mut self) {
        self.catch_up();
        self.is_gone = true;
    }

    /// A line for everything seen since the last time, fences apart.
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
                // The tap is about to report it.
                self.request = Some(request);
            } else if !is_shown {
                // No head, or not all of one: a tap cannot tell before the end.
                lines.insert(0, printer.writer.stray(&self.name, Role::Client, &request));
            }
        }
        let torn = self.said.pending();
        if let Some(torn) = torn
            && self.torn != Some(torn)
        {
            // No tap reports it before the end, though it is what was sent last.
            let is_sent = |line: &Item| {
                matches!(line, Item::Action(_, Action::Send(..) | Action::SendPart(..)))
            };
            let last = lines.iter().rposition(is_sent);
            let part = Writer::part(&self.name, Role::Client, torn);
            lines.insert(last.map_or(0, |last| last + 1), part);
        }
        self.torn = torn;
        lines
    }

    /// Takes in the next thing seen, or the end of all seeing. Cancel safe.
    pub(crate) fn poll_see(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.phase == Phase::Over {
            return Poll::Pending;
        }
        self.reports.poll_recv(cx).map(|seen| match seen {
            Some(seen) => self.note(seen),
            None => self.phase = Phase::Over,
        })
    }

    /// What came in since the last report, fences apart, the first `from` things that were seen apart.
    ///
    /// The second half is what to ask from the next time.
    pub(crate) fn came_in(&self, from: usize) -> (impl Iterator<Item = &Seen>, usize) {
        let new = self.seen.iter().skip(from).map(|noted| &noted.seen);
        (new.filter(|seen| seen.direction == Direction::In), self.seen.len())
    }

    /// Whether the client has sent such a pong or close since the last report.
    pub(crate) fn has_said(&self, opcode: Opcode, payload: Bytes) -> bool {
        self.answers.contains(&(opcode, payload))
    }

    /// Takes in what has been seen until now.
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
            (Event::Eof, Direction::Out) => return,
            (Event::Head(head), Direction::In) => {
                let response = parse_response(head).ok().flatten();
                let is_101 = response.is_some_and(|(response, _)| response.status() == 101);
                self.phase = if is_101 { Phase::Open } else { Phase::Closing };
            }
            (Event::Frame(frame), direction) => match frame.header.opcode {
                Opcode::Close => self.phase = Phase::Closing,
                Opcode::Ping | Opcode::Pong if fence::is_token(&frame.payload) => {
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

    /// Which ping or Close `seen` answers, if it does: the first of that payload without an answer.
    fn asked(&mut self, seen: &Seen) -> Option<usize> {
        let Event::Frame(Frame { header, payload, .. }) = &seen.event else { return None };
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
