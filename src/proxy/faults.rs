//! The rules of a proxy, which may change while its connections run.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::fault::{Decision, Line, Out, Rule};
use crate::frame::{Decoder, Frame, Role};

/// The most rules at once.
pub const RULES: usize = 64;

/// The rules of a proxy. Its clones change the same rules, and every connection obeys the change at once.
///
/// Those of [`Faults::new`] are those of the beginning: a connection that none of them is for is copied
/// without being looked into first. With [`Faults::live`], rules may come later, so each WebSocket is
/// carried frame by frame, though no frame waits for its end as long as no rule acts on frames.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    shared: Arc<Shared>,
    is_live: bool,
}

/// A rule that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The number that it is undone by, from 1.
    pub id: u64,
    /// The rule.
    pub rule: Rule,
    /// Only for the WebSockets up to this number: those that were there when it was set.
    pub until: Option<u64>,
}

/// A frame that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFrame {
    /// The number of its WebSocket.
    pub socket: u64,
    /// Its number on this WebSocket.
    pub number: u64,
    /// The side that sent it.
    pub sender: Role,
    /// The frame.
    pub frame: Frame,
    /// The rule that holds it, as it is written.
    pub fault: Arc<str>,
}

/// There are as many rules as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {RULES} faults already: undo some")]
pub struct TooManyRules;

#[derive(Debug, Default)]
struct Shared {
    seed: u64,
    /// The highest number of a WebSocket.
    sockets: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rulings: Vec<Ruling>,
    ids: u64,
    /// The WebSockets that run: as many as the proxy has connections.
    running: BTreeMap<u64, Weak<Running>>,
}

impl Faults {
    /// These rules, and no others later. What is random follows from the seed.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Rule>, seed: u64) -> Self {
        let numbered = (1..).zip(rules);
        let rulings: Vec<_> = numbered.map(|(id, rule)| Ruling { id, rule, until: None }).collect();
        let state = State { ids: rulings.len() as u64, rulings, running: BTreeMap::new() };
        let shared = Shared { seed, sockets: AtomicU64::new(0), state: Mutex::new(state) };
        Self { shared: Arc::new(shared), is_live: false }
    }

    /// No rule yet, and any later.
    #[must_use]
    pub fn live(seed: u64) -> Self {
        Self { is_live: true, ..Self::new([], seed) }
    }

    /// Sets a rule; gives its number. With `is_for_present` it is for the WebSockets that are open now,
    /// and for none that comes later.
    ///
    /// # Errors
    ///
    /// There are [`RULES`] rules already.
    pub fn add(&self, rule: Rule, is_for_present: bool) -> Result<u64, TooManyRules> {
        let mut state = self.shared.state();
        if state.rulings.len() >= RULES {
            return Err(TooManyRules);
        }
        state.ids += 1;
        let until = is_for_present.then(|| self.shared.sockets.load(Relaxed));
        let ruling = Ruling { id: state.ids, rule, until };
        state.each(|running| running.act(|line, now| line.add(now, ruling.id, &ruling.rule)));
        state.rulings.push(ruling);
        Ok(state.ids)
    }

    /// Undoes the rule of this number; `false` if there is none.
    pub fn remove(&self, id: u64) -> bool {
        let mut state = self.shared.state();
        let before = state.rulings.len();
        state.rulings.retain(|ruling| ruling.id != id);
        state.each(|running| running.act(|line, now| line.remove(now, id)));
        state.rulings.len() < before
    }

    /// Undoes all rules; gives how many there were.
    pub fn clear(&self) -> usize {
        self.rulings().iter().filter(|ruling| self.remove(ruling.id)).count()
    }

    /// The rules in force, the oldest first.
    #[must_use]
    pub fn rulings(&self) -> Vec<Ruling> {
        self.shared.state().rulings.clone()
    }

    /// The frames that wait for a person.
    #[must_use]
    pub fn held(&self) -> Vec<HeldFrame> {
        let mut all = Vec::new();
        let state = self.shared.state();
        for (&socket, running) in &state.running {
            let Some(running) = running.upgrade() else { continue };
            let line = running.line();
            all.extend(line.held().filter_map(|(number, sender, bytes, fault)| {
                let frame = Decoder::whole(&bytes)?;
                Some(HeldFrame { socket, number, sender, frame, fault })
            }));
        }
        all
    }

    /// Decides about a frame that waits; `false` if it does not wait any more.
    pub fn decide(&self, socket: u64, number: u64, decision: &Decision) -> bool {
        let running = self.shared.state().running.get(&socket).and_then(Weak::upgrade);
        running.is_some_and(|running| running.act(|line, now| line.decide(now, number, decision)))
    }

    /// Whether connections need not be looked into.
    pub(super) fn is_nothing(&self) -> bool {
        !self.is_live && self.shared.state().rulings.is_empty()
    }

    /// WebSocket `socket` comes under the rules, until what is given is dropped; `None` if there is no
    /// rule for it, and none may come.
    pub(super) fn enter(&self, socket: u64, path: &str) -> Option<Entered> {
        let mut line = Line::new(socket, path, self.shared.seed);
        self.shared.sockets.fetch_max(socket, Relaxed);
        let mut state = self.shared.state();
        for ruling in &state.rulings {
            if ruling.until.is_none_or(|until| socket <= until) {
                line.add(Duration::ZERO, ruling.id, &ruling.rule);
            }
        }
        if line.is_free() && !self.is_live {
            return None;
        }
        let running = Arc::new(Running::new(line));
        state.running.insert(socket, Arc::downgrade(&running));
        Some(Entered { running, socket, shared: self.shared.clone() })
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn each(&self, act: impl Fn(&Running)) {
        self.running.values().filter_map(Weak::upgrade).for_each(|running| act(&running));
    }
}

/// A WebSocket that obeys the rules as long as this lives.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) running: Arc<Running>,
    socket: u64,
    shared: Arc<Shared>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.shared.state().running.remove(&self.socket);
    }
}

/// The line of a WebSocket, which both directions and the rules act on.
#[derive(Debug)]
pub(super) struct Running {
    line: Mutex<Line>,
    pub(super) start: Instant,
    /// Something may be due in a direction, named by its sender.
    news: [Notify; 2],
}

impl Running {
    fn new(line: Line) -> Self {
        let news = [Notify::new(), Notify::new()];
        Self { line: Mutex::new(line), start: Instant::now(), news }
    }

    pub(super) fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Acts on the line, and wakes both directions.
    pub(super) fn act<T>(&self, act: impl FnOnce(&mut Line, Duration) -> T) -> T {
        let done = act(&mut self.line(), self.start.elapsed());
        self.news.iter().for_each(Notify::notify_one);
        done
    }

    /// The next output that is due now in the direction of `sender`.
    pub(super) fn due(&self, sender: Role) -> Option<Out> {
        self.line().due(self.start.elapsed(), sender)
    }

    /// Waits until something may be due. Cancel safe.
    pub(super) async fn news(&self, sender: Role) {
        self.news[sender as usize].notified().await;
    }
}
