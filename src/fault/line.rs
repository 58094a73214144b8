//! One connection under rules: frames and the time come in, and what is to be sent comes out.

mod holding;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::active::{Active, closing};
use super::hold::Decision;
use super::queue::Waiting;
use super::side::Side;
use crate::frame::{Header, Role};
use crate::handshake::parse_response;
use crate::wst::{Fault, Refusal, Rule};

/// A frame of up to this many bytes is held until it is whole, so that a fault can act on it: 64 KiB. A
/// longer one passes as it comes, and no fault acts on it.
pub const WHOLE_FRAME: usize = 64 * 1024;

/// The most bytes of one direction that wait because of faults: 1 MiB. No more are read meanwhile.
pub const HELD_BYTES: usize = 1024 * 1024;

/// The same for a direction that is slow, so that the sender soon feels it.
const HELD_SLOW: usize = 16 * 1024;

/// Both directions, by their senders.
const SIDES: [Role; 2] = [Role::Client, Role::Server];

/// The next step of a connection under rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// These bytes are sent on, as if `sender` had sent them; the fault that made or changed them.
    Send(Bytes, Option<Arc<str>>),
    /// This frame was left out by this fault.
    Dropped(Bytes, Arc<str>),
    /// This frame waits for a person, by this fault and under this number ([`Line::decide`]).
    Held(u64, Bytes, Arc<str>),
    /// Both connections are reset.
    Reset,
    /// Nothing more is sent in this direction, and both connections end in order.
    End,
}

/// One connection under rules, which may change while it runs.
///
/// `now` is the time since any fixed moment; it never goes back. `sender` names a direction by who
/// sends in it.
#[derive(Debug)]
pub struct Line {
    socket: u64,
    path: String,
    rules: Vec<Active>,
    sides: [Side; 2],
    state: State,
    /// Whether a rule says that all that comes is dropped.
    is_silent: bool,
    seed: u64,
    /// How many frames were held so far.
    held: u64,
    began: Vec<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The answer has not come, or it is not 101.
    Opening,
    Open,
    /// The bytes that wait are sent, and then the connection ends.
    Ending,
    Reset,
}

impl Line {
    /// The connection of WebSocket `socket`, which asked for `path`, without a rule yet. What is random
    /// follows from the seed.
    #[must_use]
    pub fn new(socket: u64, path: &str, seed: u64) -> Self {
        Self {
            socket,
            path: path.to_owned(),
            rules: Vec::new(),
            sides: [Side::default(), Side::default()],
            state: State::Opening,
            is_silent: false,
            seed: seed ^ socket.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            held: 0,
            began: Vec::new(),
        }
    }

    /// Sets a rule, which `id` names later. A rule for other connections changes nothing. Frames that
    /// have passed already are not counted by its `after`.
    pub fn add(&mut self, now: Duration, id: u64, rule: &Rule) {
        if !rule.is_for(self.socket, &self.path) {
            return;
        }
        let since = self.frames_so_far();
        self.rules.push(Active::new(id, rule, since));
        if self.state == State::Open {
            self.trigger(now);
        }
    }

    /// Undoes a rule: what waits because of it is sent now. An ended connection stays ended, and one in
    /// which silence dropped a part of a frame is reset.
    pub fn remove(&mut self, now: Duration, id: u64) {
        let Some(at) = self.rules.iter().position(|active| active.id == id) else { return };
        let undone = self.rules.remove(at);
        for (frame, sender) in undone.held.into_iter().zip(SIDES) {
            if let Some(frame) = frame {
                self.send(now, now, sender, Waiting::plain(frame));
            }
        }
        self.pace();
        match undone.rule.fault {
            Fault::Silence => {
                let is_silence =
                    |active: &Active| active.rule.fault == Fault::Silence && active.is_on;
                self.is_silent = self.rules.iter().any(is_silence);
                if !self.is_silent && self.sides.iter().any(|side| side.is_torn) {
                    self.state = State::Reset;
                }
            }
            Fault::Delay(..) | Fault::Coalesce(_) => {
                self.sides.iter_mut().for_each(|side| side.queue.hurry(now));
            }
            Fault::Hold(..) => {
                for sender in SIDES {
                    let held = self.sides[sender as usize].hold.first();
                    if held.is_some_and(|held| held.rule == id) {
                        self.release(now, sender, &Decision::Send);
                    }
                }
            }
            _ => {}
        }
    }

    /// How the request is refused, and by which rule.
    #[must_use]
    pub fn refusal(&self) -> Option<(Refusal, Arc<str>)> {
        self.rules.iter().find_map(|active| match active.rule.fault {
            Fault::Refuse(refusal) => Some((refusal, active.text.clone())),
            _ => None,
        })
    }

    /// Whether no rule is for this connection.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.rules.is_empty()
    }

    /// The faults that have begun to act since the last call.
    pub fn began(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.began)
    }

    /// Whether more bytes of `sender` may be read now.
    #[must_use]
    pub fn has_room(&self, sender: Role) -> bool {
        let side = &self.sides[sender as usize];
        let most = if side.queue.slow.is_some() { HELD_SLOW } else { HELD_BYTES };
        let is_waiting = self.state == State::Opening || side.hold.is_on();
        side.queue.held + side.hold.bytes < most && (!is_waiting || side.unread.len() < WHOLE_FRAME)
    }

    /// Takes bytes that `sender` sent. Those of a client are frames; a server begins with its answer.
    pub fn take(&mut self, now: Duration, sender: Role, bytes: &[u8]) {
        if matches!(self.state, State::Ending | State::Reset) {
            return;
        }
        let side = &mut self.sides[sender as usize];
        side.unread.extend_from_slice(bytes);
        if self.state == State::Opening && !side.is_raw {
            if sender == Role::Client {
                return;
            }
            match parse_response(&side.unread) {
                Ok(None) => return,
                Ok(Some((response, end))) if response.status().as_u16() == 101 => {
                    let head = side.unread.split_to(end).freeze();
                    side.queue.add(now, now, Waiting::plain(head));
                    self.open(now);
                }
                Ok(Some(_)) | Err(_) => {
                    self.sides.iter_mut().for_each(|side| side.is_raw = true);
                    self.raw(now, Role::Client);
                }
            }
        }
        if self.sides[sender as usize].is_raw {
            self.raw(now, sender);
        } else {
            self.frames(now, sender);
        }
    }

    /// Takes note that the answer was 101, which the caller has sent on itself: frames follow.
    pub(crate) fn open(&mut self, now: Duration) {
        self.state = State::Open;
        self.trigger(now);
        self.frames(now, Role::Client);
    }

    /// Takes note that `sender` sends no more: what was held for a next frame goes now.
    pub fn finish(&mut self, now: Duration, sender: Role) {
        for at in 0..self.rules.len() {
            if let Some(frame) = self.rules[at].held[sender as usize].take() {
                self.send(now, now, sender, Waiting::plain(frame));
            }
        }
        while self.release(now, sender, &Decision::Send) {}
        self.raw(now, sender);
    }

    /// The next output that is due now in the direction of `sender`, if there is one.
    pub fn due(&mut self, now: Duration, sender: Role) -> Option<Out> {
        if self.state == State::Reset {
            return Some(Out::Reset);
        }
        let held = self.sides[sender as usize].hold.first();
        if held.is_some_and(|held| held.until <= now) {
            self.release(now, sender, &Decision::Send);
        }
        let queue = &mut self.sides[sender as usize].queue;
        if let Some(Waiting { bytes, fault, is_dropped }) = queue.due(now) {
            return Some(match fault {
                Some(fault) if is_dropped => Out::Dropped(bytes, fault),
                fault => Out::Send(bytes, fault),
            });
        }
        if self.state == State::Ending && queue.is_empty() {
            return Some(Out::End);
        }
        let held = self.sides[sender as usize].hold.news()?;
        Some(Out::Held(held.number, held.bytes.clone(), held.fault.clone()))
    }

    /// When something is to be sent next in the direction of `sender`.
    #[must_use]
    pub fn next_at(&self, sender: Role) -> Option<Duration> {
        let side = &self.sides[sender as usize];
        [side.queue.next_at(), side.hold.next_at()].into_iter().flatten().min()
    }

    /// Whether an end of one side is kept from the other.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.is_silent
    }

    fn raw(&mut self, now: Duration, sender: Role) {
        let unread = self.sides[sender as usize].unread.split().freeze();
        if !unread.is_empty() {
            self.send(now, now, sender, Waiting::plain(unread));
        }
    }

    /// Passes the frames of a side. A frame is held until it is whole only if a rule acts on frames.
    fn frames(&mut self, now: Duration, sender: Role) {
        let mut run = BytesMut::new();
        while self.state == State::Open {
            let acts_on_frames = self.rules.iter().any(|active| active.rule.fault.kind().is_some());
            let is_silent = self.is_silent;
            let side = &mut self.sides[sender as usize];
            if side.skip > 0 {
                if side.unread.is_empty() {
                    break;
                }
                run.unsplit(side.pass(is_silent));
                if side.skip > 0 {
                    continue;
                }
            } else {
                let Some(header) = Header::parse(&side.unread) else { break };
                let whole = header.len.saturating_add(header.size as u64);
                match usize::try_from(whole) {
                    Ok(whole) if acts_on_frames && whole <= WHOLE_FRAME => {
                        if side.unread.len() < whole {
                            break;
                        }
                        let bytes = side.unread.split_to(whole).freeze();
                        self.send_run(now, sender, &mut run);
                        self.frame(now, sender, header, bytes);
                    }
                    // It must not overtake the frame that is held.
                    _ if side.hold.is_on() => break,
                    _ => {
                        (side.skip, side.is_passing) = (whole, !is_silent);
                        continue;
                    }
                }
            }
            self.sides[sender as usize].frames += 1;
            if !self.rules.is_empty() {
                self.send_run(now, sender, &mut run);
                self.trigger(now);
            }
        }
        self.send_run(now, sender, &mut run);
    }

    /// Sends bytes of frames that pass as they come, many frames at once.
    fn send_run(&mut self, now: Duration, sender: Role, run: &mut BytesMut) {
        if !run.is_empty() {
            self.send(now, now, sender, Waiting::plain(run.split().freeze()));
        }
    }

    /// Passes one frame through the rules, in their order.
    fn pass(&mut self, now: Duration, sender: Role, header: Header, frame: Waiting) {
        let mut pieces = vec![(now, frame)];
        for at in 0..self.rules.len() {
            let Some(kind) = self.rules[at].rule.fault.kind() else { continue };
            let is_hold = matches!(self.rules[at].rule.fault, Fault::Hold(..));
            if is_hold || !self.is_due(at, sender) || !kind.is(header.opcode) {
                continue;
            }
            self.begin(at);
            self.rules[at].change(now, sender, &header, &mut pieces, &mut self.seed);
        }
        for (at, piece) in pieces {
            self.send(now, at, sender, piece);
        }
    }

    /// Begins the faults of the whole connection whose time has come.
    fn trigger(&mut self, now: Duration) {
        for at in 0..self.rules.len() {
            let active = &self.rules[at];
            let is_due = SIDES.iter().any(|side| self.is_due(at, *side));
            if active.is_on || active.rule.fault.kind().is_some() || !is_due {
                continue;
            }
            // A frame that a fault makes stands between two frames, and in none.
            let makes_frame = matches!(active.rule.fault, Fault::Close(..) | Fault::Forge(_));
            if makes_frame && self.sides.iter().any(|side| side.skip > 0) {
                continue;
            }
            let fault = active.rule.fault.clone();
            self.begin(at);
            let active = &self.rules[at];
            let sides = self.sides.iter_mut().zip(SIDES);
            let mut sides = sides.filter(|(_, side)| active.is_for(*side));
            match fault {
                Fault::Close(code, reason) => {
                    for (side, sender) in sides {
                        let bytes = closing(code, &reason, sender, &mut self.seed);
                        side.queue.add(now, now, active.makes(bytes));
                    }
                    self.state = State::Ending;
                }
                Fault::Reset => self.state = State::Reset,
                Fault::Silence => {
                    sides.for_each(|(side, _)| side.queue.clear_after(now));
                    self.is_silent = true;
                }
                Fault::Slow(_) | Fault::Split(_) | Fault::Coalesce(_) => self.pace(),
                Fault::Forge(bytes) => {
                    if let Some((side, _)) = sides.next() {
                        side.queue.add(now, now, active.makes(bytes.into()));
                    }
                }
                _ => {}
            }
        }
    }

    /// Sets how fast each direction goes.
    fn pace(&mut self) {
        for (side, sender) in self.sides.iter_mut().zip(SIDES) {
            side.pace(sender, &self.rules);
        }
    }

    /// Queues a piece, up to the byte at which a rule cuts the connection.
    fn send(&mut self, now: Duration, at: Duration, sender: Role, mut piece: Waiting) {
        if self.is_silent || matches!(self.state, State::Ending | State::Reset) {
            return;
        }
        for active in &mut self.rules {
            let Fault::Cut(most) = active.rule.fault else { continue };
            if !active.is_on || !active.is_for(sender) || piece.is_dropped {
                continue;
            }
            let left = usize::try_from(most - active.bytes).unwrap_or(usize::MAX);
            if piece.bytes.len() >= left {
                piece.bytes.truncate(left);
                piece.fault = Some(active.text.clone());
                self.state = State::Ending;
            }
            active.bytes += piece.bytes.len() as u64;
        }
        self.sides[sender as usize].queue.add(now, at, piece);
    }

    fn frames_so_far(&self) -> [u64; 2] {
        SIDES.map(|side| self.sides[side as usize].frames)
    }

    fn is_due(&self, at: usize, sender: Role) -> bool {
        self.rules[at].is_due(sender, self.frames_so_far())
    }

    fn begin(&mut self, at: usize) {
        let active = &mut self.rules[at];
        if !std::mem::replace(&mut active.is_on, true) {
            self.began.push(active.text.clone());
        }
    }
}
