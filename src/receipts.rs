//! What came of a request, for a client that sends it again.
//!
//! A client whose connection broke cannot know whether its last request arrived.
//! It gives each request an `id` of its own and sends it again under the same
//! one. [`Receipts`] tells the second from the first: by session and `id`, for
//! the last [`IDS`] of a session and until [`KEPT`] after its connection ended.
//! It keeps fingerprints, never what was sent.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

/// How many ids of one session are remembered: 200 s at five a second, more than any break lasts.
pub const IDS: usize = 1_000;

/// How many ids of all sessions are remembered: about 20 MiB. Beyond it, the session that has
/// most loses its oldest.
pub const ALL_IDS: usize = 131_072;

/// How long a session is remembered after its connection ended, unless it sends something again.
pub const KEPT: Duration = Duration::from_secs(10 * 60);

/// The first 128 bits of a SHA-256: what equal texts have in common, and nothing else has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of several texts, each apart: `["ab", "c"]` is not `["a", "bc"]`.
    #[must_use]
    pub fn of<T: AsRef<[u8]>, const N: usize>(texts: &[T; N]) -> Self {
        let mut hash = Sha256::new();
        for text in texts {
            hash.update(text.as_ref().len().to_le_bytes());
            hash.update(text);
        }
        let digest = hash.finalize();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Self(first)
    }
}

impl AsRef<[u8]> for Fingerprint {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The number of the event that it became; `None` where nothing happened.
    pub seq: Option<u64>,
    /// When.
    pub at: SystemTime,
}

/// What is known of an `id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is new, or forgotten.
    New,
    /// The same request was done before.
    Done(Receipt),
    /// Another request was done under that `id`.
    Otherwise,
}

/// One request that was done.
#[derive(Clone, Copy, Debug)]
struct Done {
    content: Fingerprint,
    receipt: Receipt,
}

/// The ids of one session, oldest first, as they are kept in [`Receipts::done`].
#[derive(Clone, Debug, Default)]
struct Session {
    ids: VecDeque<Fingerprint>,
    /// When its connection ended, unless something was sent since.
    away: Option<Duration>,
}

/// Remembers what was done, by session and `id`.
///
/// A session costs nothing before its first `id`. Every operation takes the same time,
/// however much is remembered; time is a parameter, counted from the start of the program.
#[derive(Clone, Debug, Default)]
pub struct Receipts {
    done: HashMap<Fingerprint, Done>,
    sessions: HashMap<Fingerprint, Session>,
    /// How many ids each session has.
    sizes: BTreeSet<(usize, Fingerprint)>,
    /// The sessions whose connection ended, and when.
    away: BTreeSet<(Duration, Fingerprint)>,
}

impl Receipts {
    /// What is known of `id` in `session`; `content` is the fingerprint of the whole request.
    #[must_use]
    pub fn known(&self, session: Fingerprint, id: &str, content: Fingerprint) -> Known {
        match self.done.get(&key(session, id)) {
            None => Known::New,
            Some(done) if done.content == content => Known::Done(done.receipt),
            Some(_) => Known::Otherwise,
        }
    }

    /// Remembers what came of a request that was [`New`](Known::New).
    pub fn remember(
        &mut self,
        session: Fingerprint,
        id: &str,
        content: Fingerprint,
        receipt: Receipt,
    ) {
        let key = key(session, id);
        if self.done.insert(key, Done { content, receipt }).is_some() {
            return; // Its place in the order of the session stays.
        }
        let kept = self.sessions.entry(session).or_default();
        if let Some(since) = kept.away.take() {
            self.away.remove(&(since, session));
        }
        self.sizes.remove(&(kept.ids.len(), session));
        kept.ids.push_back(key);
        self.sizes.insert((kept.ids.len(), session));
        if kept.ids.len() > IDS {
            self.forget_oldest_of(session);
        }
        if self.done.len() > ALL_IDS
            && let Some(&(_, largest)) = self.sizes.last()
        {
            self.forget_oldest_of(largest);
        }
    }

    /// The connection of `session` ended: what it sent is forgotten [`KEPT`] after `now`.
    pub fn ended(&mut self, session: Fingerprint, now: Duration) {
        let Some(kept) = self.sessions.get_mut(&session) else { return };
        if let Some(before) = kept.away.replace(now) {
            self.away.remove(&(before, session));
        }
        self.away.insert((now, session));
    }

    /// Forgets a session that nobody can come back to.
    pub fn forget(&mut self, session: Fingerprint) {
        let Some(kept) = self.sessions.remove(&session) else { return };
        self.sizes.remove(&(kept.ids.len(), session));
        if let Some(since) = kept.away {
            self.away.remove(&(since, session));
        }
        for key in kept.ids {
            self.done.remove(&key);
        }
    }

    /// Forgets the sessions whose connection ended more than [`KEPT`] before `now`.
    pub fn expire(&mut self, now: Duration) {
        while let Some(&(since, session)) = self.away.first()
            && now.saturating_sub(since) > KEPT
        {
            self.forget(session);
        }
    }

    fn forget_oldest_of(&mut self, session: Fingerprint) {
        let Some(kept) = self.sessions.get_mut(&session) else { return };
        let before = kept.ids.len();
        if let Some(oldest) = kept.ids.pop_front() {
            self.done.remove(&oldest);
        }
        self.sizes.remove(&(before, session));
        self.sizes.insert((kept.ids.len(), session));
        if kept.ids.is_empty() {
            self.forget(session);
        }
    }
}

fn key(session: Fingerprint, id: &str) -> Fingerprint {
    Fingerprint::of(&[session.as_ref(), id.as_bytes()])
}
