//! The messages that the history keeps, each as it is now: with its last text, and the reactions to it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use tokio_tungstenite::tungstenite::Message;

use super::event::{Event, Member, Reaction};
use super::request::{EDIT_WITHIN, REACTIONS};
use crate::timestamp;

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
    /// Until when it may be edited, on the room's clock.
    pub editable_until: Duration,
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

/// An event that a history keeps, as clients of the canonical protocol get it.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum KeptJson {
    Message {
        id: Box<str>,
        user: UserJson,
        content: Box<str>,
        reply_to: Option<u64>,
        timestamp: String,
        edited: Option<String>,
        #[serde(default)]
        reactions: Vec<ReactionJson>,
    },
    Edited {
        target: u64,
        content: Option<String>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct UserJson {
    id: Box<str>,
    username: Box<str>,
}

#[derive(Deserialize)]
struct ReactionJson {
    emoji: String,
    users: Vec<Box<str>>,
}

impl ReactionJson {
    fn read(self) -> Option<Reaction> {
        let emoji = REACTIONS.into_iter().find(|emoji| *emoji == self.emoji)?;
        Some(Reaction { emoji, users: self.users })
    }
}

impl Posts {
    /// The messages of a history that a store has. `time` is the time of day, and `now` that of the room.
    pub(super) fn read<'a>(
        kept: impl Iterator<Item = (u64, &'a Message)>,
        time: SystemTime,
        now: Duration,
    ) -> Self {
        let mut posts = Self::default();
        for (seq, event) in kept {
            let kept = event.to_text().ok().and_then(|text| serde_json::from_str(text).ok());
            match kept {
                Some(KeptJson::Message {
                    id,
                    user,
                    content,
                    reply_to,
                    timestamp,
                    edited,
                    reactions,
                }) => {
                    let sent = timestamp::read(&timestamp);
                    let age = sent.and_then(|sent| time.duration_since(sent).ok());
                    let left = EDIT_WITHIN.saturating_sub(age.unwrap_or_default());
                    let post = Post {
                        author: Member::former(user.id, user.username),
                        id,
                        content,
                        reply_to,
                        timestamp,
                        editable_until: now + left,
                        edited,
                        last_edit: None,
                        reactions: reactions.into_iter().filter_map(ReactionJson::read).collect(),
                    };
                    posts.push(seq, post);
                }
                Some(KeptJson::Edited { target, content: Some(_) }) => {
                    if let Some(post) = posts.get_mut(target) {
                        post.last_edit = Some(seq);
                    }
                }
                Some(KeptJson::Edited { content: None, .. } | KeptJson::Other) | None => {}
            }
        }
        posts
    }

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
