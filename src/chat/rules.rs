//! The teacher's decisions about a room and its members.

use std::collections::BTreeMap;
use std::time::Duration;

use super::request::{ErrorCode, RequestError};
use crate::receipts::Fingerprint;

/// The most members that are muted, and the most people that are kept out. Beyond it, the one whose time
/// ends first is let go.
const NAMED_MAX: usize = 1_000;

/// The most members whose last message is remembered in slow mode. Beyond it, one of them may send again.
const SPOKE_MAX: usize = 10_000;

/// The rules of a room. Without any, they take no memory of their own.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Only the teacher may send.
    pub locked: bool,
    /// The time between two messages of one member.
    pub slow: Duration,
    /// The ids of members that may not send, and until when.
    muted: BTreeMap<Box<str>, Duration>,
    /// The ids of members that have sent a message, and when the last one came.
    spoke: BTreeMap<Box<str>, Duration>,
    /// The tokens of people that may not come in, and until when.
    barred: BTreeMap<Fingerprint, Duration>,
}

impl Rules {
    pub(super) fn mute(&mut self, id: &str, until: Duration) {
        put(&mut self.muted, id.into(), until);
    }

    pub(super) fn unmute(&mut self, id: &str) {
        self.muted.remove(id);
    }

    pub(super) fn bar(&mut self, token: Fingerprint, until: Duration) {
        put(&mut self.barred, token, until);
    }

    pub(super) fn is_barred(&self, token: Fingerprint, now: Duration) -> bool {
        self.barred.get(&token).is_some_and(|&until| now < until)
    }

    /// Whether a member may send, edit and react.
    pub(super) fn permit(&self, id: &str, now: Duration) -> Result<(), RequestError> {
        if self.locked {
            let words = "only the teacher may send in this room now";
            return Err(RequestError::new(ErrorCode::RoomLocked, words));
        }
        match self.muted.get(id) {
            Some(&until) if now < until => Err(RequestError::muted(until.saturating_sub(now))),
            _ => Ok(()),
        }
    }

    /// Whether a member may send a message after its last one. If so, this is its last one.
    pub(super) fn permit_message(&mut self, id: &str, now: Duration) -> Result<(), RequestError> {
        self.permit(id, now)?;
        if self.slow.is_zero() {
            return Ok(());
        }
        let next = self.spoke.get(id).map(|&last| last + self.slow);
        if let Some(wait) =
            next.and_then(|next| next.checked_sub(now)).filter(|wait| !wait.is_zero())
        {
            return Err(RequestError::rate_limited(wait));
        }
        self.spoke.insert(id.into(), now);
        if self.spoke.len() > SPOKE_MAX {
            self.spoke.pop_first();
        }
        Ok(())
    }

    /// Forgets what has ended.
    pub(super) fn expire(&mut self, now: Duration) {
        self.muted.retain(|_, until| now < *until);
        self.barred.retain(|_, until| now < *until);
        let slow = self.slow;
        self.spoke.retain(|_, last| now < *last + slow);
    }
}

fn put<K: Ord + Clone>(map: &mut BTreeMap<K, Duration>, key: K, until: Duration) {
    map.insert(key, until);
    if map.len() > NAMED_MAX
        && let Some(first) = map.iter().min_by_key(|(_, until)| **until)
    {
        let first = first.0.clone();
        map.remove(&first);
    }
}
