//! Does the actions of clients.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::super::expect::{Agenda, OwnAnswer};
use super::super::inbox::{Arrival, Arrived, Inbox};
use super::super::mismatch::{Mismatch, NOTHING_MORE};
use super::super::{Action, Ask, ConnectionAction, End, FramePattern, Kind};
use super::{LaneProgress, Player, StepResult};
use crate::frame::Opcode;

/// The time between two pieces of a dribbled write: enough for the server to read each alone.
const DRIP: Duration = Duration::from_millis(1);

impl Player {
    pub(super) async fn act(&mut self, name: &str, action: &Action) -> StepResult {
        if let Action::Send(shape, _) = action
            && self.is_own_answer(name, shape)
        {
            return Ok(());
        }
        self.settle().await?;
        self.since = None;
        match action {
            Action::Ask(ask) => self.ask(name, ask).await?,
            Action::Send(shape, _) => {
                let bytes = shape.to_bytes(&self.names);
                self.write(name, bytes).await?;
            }
            Action::SendRaw(payload) => {
                let bytes = payload.to_bytes(&self.names);
                self.write(name, bytes).await?;
            }
            Action::SendPart(part, _) => {
                return Err(self.differs(None, Mismatch::NotWritten(part.to_string())));
            }
            Action::Connection(ConnectionAction::Dribble(bytes)) => {
                self.paces.retain(|(other, _)| other != name);
                self.paces.extend((*bytes > 0).then(|| (name.to_owned(), *bytes)));
            }
            Action::Connection(action) => self.connection_action(name, *action).await?,
            Action::Fault(rule) => self.t.set_fault(name, rule).await,
            Action::FaultsOff => self.t.undo_faults(name).await,
        }
        self.actor = self.t.find(name);
        self.acted = Instant::now();
        Ok(())
    }

    /// Whether the client sends this by itself; the player then waits for it.
    pub(super) fn is_own_answer(&mut self, name: &str, shape: &FramePattern) -> bool {
        let question = match shape.kind {
            Kind::Frame(Opcode::Pong) => Opcode::Ping,
            Kind::Frame(Opcode::Close) => Opcode::Close,
            _ => return false,
        };
        let Some(at) = self.t.find(name) else { return false };
        if self.t.lane(at).is_mute() {
            return false;
        }
        let lane = &mut self.lanes[at];
        if !lane.agenda.is_asked(question, &shape.payload) {
            return false;
        }
        let Kind::Frame(opcode) = shape.kind else { return false };
        lane.agenda.own.push_back(OwnAnswer {
            line: self.line,
            opcode,
            payload: shape.payload.clone(),
            text: self.current.clone(),
        });
        true
    }

    async fn ask(&mut self, name: &str, ask: &Ask) -> StepResult {
        let request = ask.to_bytes(self.t.host(), &self.names);
        let request = request.map_err(|why| self.differs(None, why))?;
        if let Some(at) = self.t.find(name) {
            if self.t.lane(at).is_alive() {
                self.t.did(at, ConnectionAction::Cut);
                self.t.lane(at).cut();
            }
            if let Some(arrival) = self.lanes[at].inbox.pop() {
                return Err(self.unexpected(at, &arrival, NOTHING_MORE));
            }
        }
        let pace = self.pace(name);
        let at = self.t.open(name, request.clone(), pace.map(|pace| pace.min(request.len()))).await;
        let lane = LaneProgress { inbox: Inbox::default(), agenda: Agenda::new(Instant::now()) };
        // A new connection of a known client takes the place of its last one.
        self.lanes.splice(at..self.lanes.len().min(at + 1), [lane]);
        if let Some(kind) = self.t.lane(at).refusal {
            let what = match kind {
                std::io::ErrorKind::ConnectionRefused => Arrived::End(End::Refused),
                kind => Arrived::Failed(kind),
            };
            self.lanes[at].inbox.push(Arrival { at: Instant::now(), what, seen: Vec::new() });
        } else if let Some(pace) = pace {
            self.drip(at, request.slice(pace.min(request.len())..), pace).await;
        }
        Ok(())
    }

    async fn write(&mut self, name: &str, bytes: Result<Bytes, Mismatch>) -> StepResult {
        let bytes = bytes.map_err(|why| self.differs(None, why))?;
        let at = self.connected(name)?;
        match self.pace(name) {
            Some(pace) => self.drip(at, bytes, pace).await,
            None => self.t.lane(at).write(bytes).await,
        }
        Ok(())
    }

    async fn drip(&mut self, at: usize, bytes: Bytes, pace: usize) {
        for piece in bytes.chunks(pace) {
            sleep(DRIP).await;
            self.t.lane(at).write(Bytes::copy_from_slice(piece)).await;
        }
    }

    fn pace(&self, name: &str) -> Option<usize> {
        self.paces.iter().find(|(other, _)| other == name).map(|(_, pace)| *pace)
    }

    async fn connection_action(&mut self, name: &str, action: ConnectionAction) -> StepResult {
        let at = self.connected(name)?;
        self.t.did(at, action);
        self.t.lane(at).act(action).await;
        Ok(())
    }

    fn connected(&mut self, name: &str) -> Result<usize, Box<super::Difference>> {
        match self.t.find(name) {
            Some(at) if self.t.lane(at).is_alive() => Ok(at),
            lane => {
                let mut difference = self.differs(None, Mismatch::NotConnected);
                difference.seen =
                    lane.and_then(|at| self.t.how_it_ended(at)).map(ToString::to_string);
                Err(difference)
            }
        }
    }
}
