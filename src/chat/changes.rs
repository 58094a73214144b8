//! Changes to messages that were sent: edits, deletions and reactions.
//!
//! Each is a lasting event, so a client that was cut off gets it when it comes back. The history also
//! keeps the message itself as it is now, for a client that reads it for the first time. A text that was
//! replaced or deleted is in no part of the history.

use super::event::{Event, Member, Reaction};
use super::numbered::{Numbered, Receipt};
use super::request::{EDIT_WITHIN, ErrorCode, REACTIONS_MAX, RequestError};
use super::room::Chat;
use crate::broadcast::{ClientId, Hub};
use crate::timestamp;

impl Chat {
    /// Gives a message another text. Only its author may, for [`EDIT_WITHIN`].
    pub(super) fn edit(
        &mut self,
        who: ClientId,
        id: Option<&str>,
        target: u64,
        content: &str,
        hub: &Hub,
    ) -> Result<(), RequestError> {
        let member = self.member(who)?;
        let numbered = Numbered::new(id, ["edit", &target.to_string(), content]);
        if self.answered_before(who, numbered, hub)? {
            return Ok(());
        }
        self.permit(who, &member)?;
        let now = self.now;
        let next = self.history.seq() + 1;
        let timestamp = self.timestamp();
        let post = self.posts.get_mut(target).ok_or_else(not_kept)?;
        if post.author.id != member.id {
            return Err(forbidden("only the author of a message may edit it"));
        }
        if now > post.editable_until {
            let minutes = EDIT_WITHIN.as_secs() / 60;
            return Err(forbidden(format!("a message may be edited for {minutes} minutes")));
        }
        if *post.content == *content {
            self.confirm_nothing(who, numbered, hub);
            return Ok(());
        }
        post.content = content.into();
        post.edited = Some(timestamp.clone());
        let overtaken = post.last_edit.replace(next);
        let edited =
            Event::Edited { seq: next, target, user: &member, content: Some(content), timestamp };
        let receipt = self.tell_change(who, &edited, hub);
        self.rewrite(target);
        self.forget_edit(overtaken, target, &member);
        self.confirm(who, numbered, receipt, hub);
        Ok(())
    }

    /// Deletes a message. Only its author and the teacher may.
    pub(super) fn delete(
        &mut self,
        who: ClientId,
        id: Option<&str>,
        target: u64,
        hub: &Hub,
    ) -> Result<(), RequestError> {
        let member = self.member(who)?;
        let numbered = Numbered::new(id, ["delete", &target.to_string()]);
        if self.answered_before(who, numbered, hub)? {
            return Ok(());
        }
        let post = self.posts.get(target).ok_or_else(not_kept)?;
        if post.author.id != member.id && !self.teaches(who) {
            return Err(forbidden("only its author and the teacher may delete a message"));
        }
        let last_edit = post.last_edit;
        let author = post.author.clone();
        self.posts.remove(target);
        let user = &member;
        let seq = self.history.seq() + 1;
        let deleted = Event::Deleted { seq, target, user, timestamp: self.timestamp() };
        let receipt = self.tell_change(who, &deleted, hub);
        let in_its_place =
            Event::Deleted { seq: target, target, user, timestamp: self.timestamp() };
        self.rewrite_as(target, &in_its_place);
        self.forget_edit(last_edit, target, &author);
        self.confirm(who, numbered, receipt, hub);
        Ok(())
    }

    /// Adds a reaction to a message, or takes it back. A member has each reaction once.
    pub(super) fn react(
        &mut self,
        who: ClientId,
        id: Option<&str>,
        target: u64,
        emoji: &'static str,
        active: bool,
        hub: &Hub,
    ) -> Result<(), RequestError> {
        let member = self.member(who)?;
        let word = if active { "on" } else { "off" };
        let numbered = Numbered::new(id, ["react", &target.to_string(), emoji, word]);
        if self.answered_before(who, numbered, hub)? {
            return Ok(());
        }
        self.permit(who, &member)?;
        let post = self.posts.get_mut(target).ok_or_else(not_kept)?;
        if !changed(&mut post.reactions, &member, emoji, active)? {
            self.confirm_nothing(who, numbered, hub);
            return Ok(());
        }
        let seq = self.history.seq() + 1;
        let timestamp = self.timestamp();
        let reaction = Event::Reaction { seq, target, user: &member, emoji, active, timestamp };
        let receipt = self.tell_change(who, &reaction, hub);
        self.rewrite(target);
        self.confirm(who, numbered, receipt, hub);
        Ok(())
    }

    /// Sends a change to all members. The result is the receipt for the client that asked for it.
    fn tell_change(&mut self, who: ClientId, event: &Event, hub: &Hub) -> Receipt {
        let kept = self.dialects.broadcast_lasting(event, None, hub);
        self.record(kept);
        self.receipt(who, Some(self.history.seq()))
    }

    /// Confirms a request that changed nothing.
    fn confirm_nothing(&mut self, who: ClientId, numbered: Option<Numbered>, hub: &Hub) {
        let receipt = self.receipt(who, None);
        self.confirm(who, numbered, receipt, hub);
    }

    /// Keeps a message in the history as it is now.
    fn rewrite(&mut self, target: u64) {
        let Some(post) = self.posts.get(target) else { return };
        if let Some(message) = self.dialects.lasting(&post.event(target)) {
            self.replace(target, message);
        }
    }

    fn rewrite_as(&mut self, seq: u64, event: &Event) {
        if let Some(message) = self.dialects.lasting(event) {
            self.replace(seq, message);
        }
    }

    /// Takes the text out of an earlier edit, which a later one has overtaken.
    fn forget_edit(&mut self, edit: Option<u64>, target: u64, user: &Member) {
        let Some(seq) = edit else { return };
        let timestamp = timestamp::of(self.time());
        self.rewrite_as(seq, &Event::Edited { seq, target, user, content: None, timestamp });
    }
}

/// Changes the reactions. False if they are so already.
fn changed(
    reactions: &mut Vec<Reaction>,
    member: &Member,
    emoji: &'static str,
    active: bool,
) -> Result<bool, RequestError> {
    let total: usize = reactions.iter().map(|reaction| reaction.users.len()).sum();
    let place = reactions.iter().position(|reaction| reaction.emoji == emoji);
    let mine =
        place.and_then(|place| reactions[place].users.iter().position(|id| *id == member.id));
    match (active, place, mine) {
        (true, _, Some(_)) | (false, _, None) => return Ok(false),
        (true, ..) if total >= REACTIONS_MAX => {
            return Err(forbidden(format!("a message has at most {REACTIONS_MAX} reactions")));
        }
        (true, Some(place), None) => reactions[place].users.push(member.id.clone()),
        (true, None, None) => reactions.push(Reaction { emoji, users: vec![member.id.clone()] }),
        (false, Some(place), Some(mine)) => {
            reactions[place].users.remove(mine);
            reactions.retain(|reaction| !reaction.users.is_empty());
        }
        (false, None, Some(_)) => {}
    }
    Ok(true)
}

fn not_kept() -> RequestError {
    let words = "the room keeps no message with that number, or not any more";
    RequestError::new(ErrorCode::NotFound, words)
}

fn forbidden(words: impl Into<String>) -> RequestError {
    RequestError::new(ErrorCode::Forbidden, words)
}
