//! The messages that the history keeps, each as it is now: with its last text, and the reactions to it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::{Event, Member, Reaction};

/// A message that may still be changed.
#[derive(Debug)]
pub(super) struct Post {
    pub author: Member,
    /// The `id` that its sender's client gave it, or a random one.
    pub id: Box<str>,
    pub content: Box<str>,
    pub reply_to: Option<u64>,
    /// When it was sent, as clients are told.
    pub timestamp: String,
    /// When it was sent, on the room's clock.
    pub at: Duration,
    /// When it was edited last, as clients are told.
    pub edited: Option<String>,
    /// The number of the last event that edited it.
    pub last_edit: Option<u64>,
    pub reactions: Vec<Reaction>,
}

impl Post {
    /// The message with that number, as it is now.
    pub(super) fn event(&self, seq: u64) -> Event<'_> {
        Event::Message {
            seq,
            id: &self.id,
            user: &self.author,
            content: &self.content,
            data: None,
            reply_to: self.reply_to,
            edited: self.edited.as_deref(),
            reactions: &self.reactions,
            timestamp: self.timestamp.clone(),
        }
    }
}

/// The messages that the history keeps, by number. So they take no more than a few times its capacity.
#[derive(Debug, Default)]
pub(super) struct Posts {
    kept: BTreeMap<u64, Post>,
}

impl Posts {
    pub(super) fn push(&mut self, seq: u64, post: Post) {
        self.kept.insert(seq, post);
    }

    pub(super) fn get(&self, seq: u64) -> Option<&Post> {
        self.kept.get(&seq)
    }

    pub(super) fn get_mut(&mut self, seq: u64) -> Option<&mut Post> {
        self.kept.get_mut(&seq)
    }

    pub(super) fn remove(&mut self, seq: u64) -> Option<Post> {
        self.kept.remove(&seq)
    }

    /// Forgets the messages before number `first`, which the history has dropped.
    pub(super) fn forget_before(&mut self, first: u64) {
        while let Some(oldest) = self.kept.first_entry()
            && *oldest.key() < first
        {
            oldest.remove();
        }
    }
}
