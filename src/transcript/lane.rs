//! The state of one client of a transcript, in the task of the test.

mod body_end;
mod fence;

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use body_end::BodyEnd;

use super::client::ClientCommand;
use super::fence_token::is_fence_token;
use super::printing::Printer;
use super::progress::Progress;
use super::serving::Handler;
use crate::client::Asked;
use crate::fault::Rule;
use crate::frame::{Decoder, Frame, Opcode, Role, Torn};
use crate::handshake::{parse_request, parse_response};
use crate::tap::{Direction, Seen, TapEvent};
use crate::wst::{Action, ConnectionAction, Item, LineWriter, Observation};

/// A client's name and its latest connection.
pub(crate) struct Lane {
    pub(crate) name: String,
    /// The request's key, subprotocols and extensions: the answer is checked against them.
    pub(crate) asked: Asked,
    /// The request, until it is known whether the tap could read it.
    request: Option<Bytes>,
    commands: Option<mpsc::Sender<ClientCommand>>,
    reports: mpsc::Receiver<Seen>,
    progress: Arc<Progress>,
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
    is_mute: bool,
    /// The payload of the last fence whose pong came.
    fence: Bytes,
    /// Whether the client was told to cut or reset: later events are dropped.
    is_gone: bool,
    /// The error of connecting, if there never was a connection.
    pub(crate) refusal: Option<io::ErrorKind>,
    /// The server's handler of this connection, if it is in this process.
    handler: Option<Arc<Handler>>,
    /// The last message that came.
    message: Option<Frame>,
    /// Where the body of an answer ends, if the answer tells.
    body: Option<BodyEnd>,
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
    /// All of an answer that is not 101 is there, and the server keeps the connection.
    Kept,
    Over,
}

impl Lane {
    pub(crate) fn new(
        name: &str,
        request: Bytes,
        commands: mpsc::Sender<ClientCommand>,
        reports: mpsc::Receiver<Seen>,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            asked: Asked::of(&request),
            request: Some(request),
            commands: Some(commands),
            reports,
            progress,
            seen: Vec::new(),
            open: HashMap::new(),
            answers: HashSet::new(),
            phase: Phase::Opening,
            said: Decoder::new(0),
            torn: None,
            is_fenced: true,
            is_mute: false,
            fence: Bytes::new(),
            is_gone: false,
            refusal: None,
            handler: None,
            message: None,
            body: None,
        }
    }

    /// The same lane, whose connection begins with faults.
    pub(super) fn unfenced(mut self) -> Self {
        self.is_fenced = false;
        self
    }

    /// The same lane, of a connection that this handler serves.
    pub(super) fn of(mut self, handler: Arc<Handler>) -> Self {
        self.handler = Some(handler);
        self
    }

    /// The message of the panic that ended the connection, if one did; `None` when it is asked again.
    pub(crate) fn receive_panic(&self) -> Option<String> {
        self.handler.as_ref()?.receive_panic()
    }

    /// Whether the client waits for the answer to its request.
    pub(super) fn is_unanswered(&self) -> bool {
        self.phase == Phase::Opening
    }

    /// The last message that the client has received.
    pub(super) fn last_message(&self) -> Option<&Frame> {
        self.message.as_ref()
    }

    /// Whether its handler runs and has begun to wait neither for the client nor for room to write.
    pub(super) fn stops_listening(&self) -> bool {
        let stops = self.handler.as_ref().is_some_and(|handler| handler.stops_listening());
        stops && self.is_alive() && !self.is_over()
    }

    /// The lane of a client that could not connect.
    pub(crate) fn unconnected(name: &str, why: io::ErrorKind) -> Self {
        let mut lane =
            Self::new(name, Bytes::new(), mpsc::channel(1).0, mpsc::channel(1).1, Arc::default());
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

    /// Whether messages may come: it was let in, and nobody has begun to close.
    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether the client takes part in fences and in closing: a mute client does not.
    pub(crate) fn is_talking(&self) -> bool {
        self.is_fenced && self.phase != Phase::Kept
    }

    /// Whether the client was told to answer neither pings nor close frames.
    pub(crate) fn is_mute(&self) -> bool {
        self.is_mute
    }

    /// Lets the client do something to its connection. Not cancel safe: a dropped call may have changed
    /// the lane only.
    pub(crate) async fn act(&mut self, action: ConnectionAction) {
        match action {
            ConnectionAction::Cut => return self.cut(),
            ConnectionAction::Reset => self.vanish(),
            ConnectionAction::Mute => self.is_mute = true,
            _ => {}
        }
        if let Some(answers) = action.answers_pings() {
            self.is_fenced = answers;
        }
        self.command(ClientCommand::Act(action)).await;
    }

    /// Sets a fault of the connection. No fence crosses it any more: the fault could act on that, and count it.
    /// Not cancel safe: a dropped call may have changed the lane only.
    pub(crate) async fn add_fault(&mut self, rule: Rule) {
        self.is_fenced = false;
        self.command(ClientCommand::AddFault(Box::new(rule))).await;
    }

    /// Undoes all faults of the connection. Not cancel safe: a dropped call may have changed the lane only.
    pub(crate) async fn clear_faults(&mut self) {
        self.is_fenced = !self.is_mute;
        self.command(ClientCommand::ClearFaults).await;
    }

    async fn command(&mut self, command: ClientCommand) {
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
        self.command(ClientCommand::Write { bytes, torn, close }).await;
    }

    /// Receives the head or frame of which only a part has come. Not cancel safe.
    pub(crate) async fn receive_part(&mut self) {
        if !self.progress.has_part() {
            return;
        }
        let (done, is_done) = oneshot::channel();
        self.command(ClientCommand::ReportPart(done)).await;
        // An error means that the client has ended, and reported the part before that.
        let _ = is_done.await;
        self.catch_up();
    }

    /// Receives the events of what the client was told to write, as far as it could be written. Cancel safe.
    pub(super) async fn receive_written(&mut self) {
        let (done, is_done) = oneshot::channel();
        self.command(ClientCommand::TellWritten(done)).await;
        // An error means that the client has ended, and reported all of it before that.
        let _ = is_done.await;
        self.catch_up();
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
        let panic = self.handler.as_ref().and_then(|handler| handler.untold_panic());
        if let Some(message) = panic {
            // The connection ended because of it.
            let is_end = |line: &Item| matches!(line, Item::Expectation(_, expect) if matches!(expect.what, Observation::End(_)));
            let end = lines.iter().rposition(is_end).unwrap_or(lines.len());
            lines.insert(end, LineWriter::panic(&self.name, &message));
        }
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

    /// Whether there are events since the last report.
    pub(super) fn has_news(&self) -> bool {
        !self.seen.is_empty()
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
                self.body = BodyEnd::of(head).filter(|_| !is_101);
                self.end_body(b"");
            }
            (TapEvent::Body(bytes), Direction::In) => self.end_body(bytes),
            (TapEvent::Frame(frame), direction) => match frame.header.opcode {
                Opcode::Close => self.phase = Phase::Closing,
                Opcode::Ping | Opcode::Pong if is_fence_token(&frame.payload) => {
                    if direction == Direction::In {
                        self.fence = frame.payload.clone();
                    }
                    return;
                }
                Opcode::Text | Opcode::Binary if direction == Direction::In => {
                    self.message = Some(frame.clone());
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

    /// Takes in a piece of a body. After the last one nothing more is to come.
    fn end_body(&mut self, piece: &[u8]) {
        if self.phase == Phase::Closing
            && self.body.as_mut().is_some_and(|body| body.is_over_with(piece))
        {
            self.phase = Phase::Kept;
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
