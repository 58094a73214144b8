//! Doing what clients do.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::super::difference::{NOTHING_MORE, Why};
use super::super::expect::{Agenda, OwnAnswer};
use super::super::inbox::{Heard, Inbox, What};
use super::super::{Act, Ask, Deed, End, Kind, Shape};
use super::{Lane, Player, Verdict};
use crate::frame::Opcode;
use crate::transcript::Command;

/// Between two pieces of what is dribbled: enough for each to be read alone.
const DRIP: Duration = Duration::from_millis(1);

impl Player {
    pub(super) async fn act(&mut self, name: &str, act: &Act) -> Verdict {
        if let Act::Say(shape, _) = act
            && self.is_own_answer(name, shape)
        {
            return Ok(());
        }
        self.settle().await?;
        self.since = None;
        match act {
            Act::Ask(ask) => self.ask(name, ask).await?,
            Act::Say(shape, _) => {
                let bytes = shape.to_bytes(&self.names);
                self.write(name, bytes).await?;
            }
            Act::Raw(payload) => {
                let bytes = payload.to_bytes(&self.names);
                self.write(name, bytes).await?;
            }
            Act::Do(Deed::Dribble(bytes)) => {
                self.paces.retain(|(other, _)| other != name);
                self.paces.extend((*bytes > 0).then(|| (name.to_owned(), *bytes)));
            }
            Act::Do(deed) => self.deed(name, *deed).await?,
        }
        self.actor = self.t.find(name);
        self.acted = Instant::now();
        Ok(())
    }

    /// Whether this is what the client says by itself; then it is waited for.
    pub(super) fn is_own_answer(&mut self, name: &str, shape: &Shape) -> bool {
        let question = match shape.kind {
            Kind::Frame(Opcode::Pong) => Opcode::Ping,
            Kind::Frame(Opcode::Close) => Opcode::Close,
            _ => return false,
        };
        let Some(lane) = self.t.find(name).map(|at| &mut self.lanes[at]) else { return false };
        if lane.is_mute {
            return false;
        }
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

    async fn ask(&mut self, name: &str, ask: &Ask) -> Verdict {
        let request = ask.to_bytes(self.t.host(), &self.names);
        let request = request.map_err(|unknown| self.differs(None, Why::Unknown(unknown)))?;
        if let Some(at) = self.t.find(name) {
            if self.t.lane(at).is_alive() {
                self.t.write(at, "-- cut".to_owned());
                self.t.lane(at).cut();
            }
            if let Some(heard) = self.lanes[at].inbox.pop() {
                return Err(self.unexpected(at, &heard, NOTHING_MORE));
            }
        }
        let pace = self.pace(name);
        let at = self.t.open(name, request.clone(), pace.map(|pace| pace.min(request.len()))).await;
        let lane =
            Lane { inbox: Inbox::default(), agenda: Agenda::new(Instant::now()), is_mute: false };
        // In the place of its last connection, or behind all others.
        self.lanes.splice(at..self.lanes.len().min(at + 1), [lane]);
        if let Some(kind) = self.t.lane(at).refusal {
            let what = match kind {
                std::io::ErrorKind::ConnectionRefused => What::End(End::Refused),
                _ => What::Failed,
            };
            self.lanes[at].inbox.push(Heard { at: Instant::now(), what, seen: Vec::new() });
        } else if let Some(pace) = pace {
            self.drip(at, request.slice(pace.min(request.len())..), pace).await;
        }
        Ok(())
    }

    async fn write(&mut self, name: &str, bytes: Result<Bytes, String>) -> Verdict {
        let bytes = bytes.map_err(|unknown| self.differs(None, Why::Unknown(unknown)))?;
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

    async fn deed(&mut self, name: &str, deed: Deed) -> Verdict {
        let at = self.connected(name)?;
        self.t.write(at, format!("-- {deed}"));
        let lane = self.t.lane(at);
        match deed {
            Deed::Cut => lane.cut(),
            Deed::Reset => lane.tell(Command::Reset).await,
            Deed::HalfClose => lane.tell(Command::HalfClose).await,
            Deed::Mute => {
                self.lanes[at].is_mute = true;
                lane.tell(Command::Mute).await;
            }
            Deed::StopReading => lane.tell(Command::StopReading).await,
            Deed::Resume => lane.tell(Command::Resume).await,
            Deed::Dribble(_) => {}
        }
        Ok(())
    }

    fn connected(&mut self, name: &str) -> Result<usize, Box<super::Difference>> {
        match self.t.find(name) {
            Some(at) if self.t.lane(at).is_alive() => Ok(at),
            _ => Err(self.differs(None, Why::NotConnected)),
        }
    }
}
