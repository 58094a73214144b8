//! Remembers the result of a request, for a client that sends it again.
//!
//! A client whose connection broke cannot know whether its last request arrived. So it gives each
//! request an `id`, and sends an unanswered request again under the same `id`. [`Receipts`] finds
//! the first one by its session and `id`. It keeps the last [`IDS`] of a session, until [`KEPT`]
//! after the session's connection ended. It keeps fingerprints, never the text of a request.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use sha2::{Digest, Sha256};

/// The most ids of one session that are kept: 200 s at five requests a second, which is longer than
/// a client waits before it reconnects.
pub const IDS: usize = 1_000;

/// The most ids of all sessions that are kept: about 20 MiB. Beyond it, the session with the most
/// ids loses its oldest.
pub const ALL_IDS: usize = 131_072;

/// How long a session is kept after its connection ended, unless it sends another request.
pub const KEPT: Duration = Duration::from_secs(10 * 60);

/// The first 128 bits of a SHA-256. Equal texts have equal fingerprints; different texts do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of several texts. It depends on where each ends: that of `["ab", "c"]` is not
    /// that of `["a", "bc"]`.
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

impl From<[u8; 16]> for Fingerprint {
    /// A fingerprint that was kept elsewhere, as its bytes.
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Fingerprint {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Whether a request was done before under its `id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<R> {
    /// The `id` is new, or was forgotten.
    New,
    /// The same request was done before, with this result.
    Done(R),
    /// Another request was done under that `id`.
    Otherwise,
}

/// One request that was done.
#[derive(Clone, Copy, Debug)]
struct Done<R> {
    content: Fingerprint,
    result: R,
}

/// The ids of one session, oldest first, as they are kept in [`Receipts::done`].
#[derive(Clone, Debug, Default)]
struct Session {
    ids: VecDeque<Fingerprint>,
    /// When its connection ended, unless something was sent since.
    away: Option<Duration>,
}

/// The requests that were done, by session and `id`, each with its result `R`.
///
/// A session takes no memory before its first `id`. Every operation takes O(log n) time. Times are
/// parameters, counted from the start of the program.
#[derive(Clone, Debug)]
pub struct Receipts<R> {
    done: HashMap<Fingerprint, Done<R>>,
    sessions: HashMap<Fingerprint, Session>,
    /// The number of ids of each session.
    sizes: BTreeSet<(usize, Fingerprint)>,
    /// The sessions whose connection ended, by that time.
    away: BTreeSet<(Duration, Fingerprint)>,
    /// The most ids of all sessions.
    most: usize,
}

impl<R> Default for Receipts<R> {
    /// At most [`ALL_IDS`].
    fn default() -> Self {
        Self {
            done: HashMap::new(),
            sessions: HashMap::new(),
            sizes: BTreeSet::new(),
            away: BTreeSet::new(),
            most: ALL_IDS,
        }
    }
}

impl<R: Copy> Receipts<R> {
    /// Keeps at most `most` ids of all sessions.
    #[must_use]
    pub fn of_at_most(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// The most ids of all sessions that are kept.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// Whether a request was done before under `id` in `session`; `content` is the fingerprint of
    /// the whole request.
    #[must_use]
    pub fn known(&self, session: Fingerprint, id: &str, content: Fingerprint) -> Known<R> {
        match self.done.get(&key(session, id)) {
            None => Known::New,
            Some(done) if done.content == content => Known::Done(done.result),
            Some(_) => Known::Otherwise,
        }
    }

    /// Keeps the result of a request that was [`New`](Known::New).
    pub fn remember(&mut self, session: Fingerprint, id: &str, content: Fingerprint, result: R) {
        let key = key(session, id);
        if self.done.insert(key, Done { content, result }).is_some() {
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
        if self.done.len() > self.most
            && let Some(&(_, largest)) = self.sizes.last()
        {
            self.forget_oldest_of(largest);
        }
    }

    /// Records that the connection of `session` ended: its ids are forgotten [`KEPT`] after `now`.
    pub fn ended(&mut self, session: Fingerprint, now: Duration) {
        let Some(kept) = self.sessions.get_mut(&session) else { return };
        if let Some(before) = kept.away.replace(now) {
            self.away.remove(&(before, session));
        }
        self.away.insert((now, session));
    }

    /// Forgets a session at once, for a client that cannot return to it.
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
