//! A disk that saves when a schedule says so, and outlives the servers that save on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use ws101::broadcast::Hub;
use ws101::history::{Change, RoomChange, SavedRoom, Store, StoreError};

/// Cheap to clone; all clones are one disk.
#[derive(Clone, Default)]
pub struct Disk(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    rooms: BTreeMap<String, SavedRoom>,
    /// Whether the rooms have all that happened.
    is_complete: bool,
    /// The server that may save. A killed one may not.
    life: u32,
    /// How many batches it may save.
    permits: usize,
    /// Whether it waits for a permit.
    waits: bool,
    /// Whether its next batch fails.
    fails: bool,
    has_failed: bool,
}

/// The store of one server.
struct Saving {
    disk: Disk,
    life: u32,
}

impl Disk {
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.0.1.notify_all();
    }

    /// The disk for a server that starts now. The one before it was killed.
    pub fn store(&self) -> impl Store + use<> {
        let mut life = 0;
        self.change(|state| {
            state.life += 1;
            life = state.life;
            (state.permits, state.waits, state.fails, state.has_failed) = (0, false, false, false);
        });
        Saving { disk: self.clone(), life }
    }

    pub fn save_one(&self) {
        // What is not needed now is not saved up for later.
        self.change(|state| state.permits = 1);
    }

    pub fn save_all(&self) {
        self.change(|state| state.permits = usize::MAX);
    }

    pub fn fail(&self) {
        self.change(|state| state.fails = true);
    }

    pub fn has_failed(&self) -> bool {
        self.state().has_failed
    }

    /// Waits until the server waits for a permit, or has nothing to save.
    pub fn settle(&self, hub: &Hub) {
        let is_settled = |state: &State| {
            let can_go_on = state.waits && (state.permits > 0 || state.fails);
            state.has_failed || (!can_go_on && (state.waits || hub.held_bytes() == 0))
        };
        while !is_settled(&self.state()) {
            thread::yield_now();
        }
    }
}

impl Store for Saving {
    fn load(&mut self) -> Result<Vec<SavedRoom>, StoreError> {
        let mut state = self.disk.state();
        if !std::mem::replace(&mut state.is_complete, true) {
            for room in state.rooms.values_mut() {
                room.epoch = ws101::id::random();
            }
        }
        Ok(state.rooms.values().cloned().collect())
    }

    fn save(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let (_, changed) = &*self.disk.0;
        let mut state = self.disk.state();
        state.waits = state.life == self.life;
        let is_stopped =
            |state: &mut State| state.life == self.life && state.permits == 0 && !state.fails;
        let state = changed.wait_while(state, is_stopped);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.life != self.life {
            return Err(StoreError::Failed("killed".into()));
        }
        state.waits = false;
        if state.fails {
            (state.fails, state.has_failed) = (false, true);
            state.is_complete = false;
            return Err(StoreError::Failed("full".into()));
        }
        state.permits = state.permits.saturating_sub(usize::from(state.permits < usize::MAX));
        for change in changes {
            match change {
                Change::Room(change) => state.save(change),
                Change::Ended(room) => drop(state.rooms.remove(room)),
            }
        }
        Ok(())
    }

    fn abandon(&mut self) {
        // Done as it failed, so that a schedule repeats.
    }
}

impl State {
    fn save(&mut self, change: &RoomChange) {
        let room = self.rooms.entry(change.room.clone()).or_insert_with(|| SavedRoom {
            room: change.room.clone(),
            epoch: change.epoch.clone(),
            seq: 0,
            messages: 0,
            events: Vec::new(),
            receipts: Vec::new(),
            people: Vec::new(),
            locked: false,
            slow: Duration::ZERO,
        });
        (room.seq, room.messages) = (change.seq, change.messages);
        room.epoch.clone_from(&change.epoch);
        room.events.extend(change.events.iter().filter_map(|(_, message)| message.clone()));
        let first = change.seq + 1 - room.events.len() as u64;
        for (seq, message) in &change.replaced {
            let place = seq.checked_sub(first).and_then(|place| usize::try_from(place).ok());
            if let Some(event) = place.and_then(|place| room.events.get_mut(place)) {
                event.clone_from(message);
            }
        }
        let kept = usize::try_from(change.seq + 1 - change.first).expect("so many are in memory");
        let dropped = room.events.len().saturating_sub(kept);
        room.events.drain(..dropped);
        room.receipts.extend(change.receipts.iter().cloned());
        let is_new = |token| change.people.iter().any(|person| person.token == token);
        room.people.retain(|person| !is_new(person.token));
        room.people.extend(change.people.iter().cloned());
        room.people.retain(|person| !change.forgotten.contains(&person.token));
        (room.locked, room.slow) = (change.locked, change.slow);
    }
}
