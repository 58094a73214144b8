//! Messages to all members.

use serde_json::Value;

use super::dialect::Entry;
use super::event::{Event, Member};
use super::newcomer::Newcomer;
use super::numbered::{Numbered, Receipt};
use super::posts::Post;
use super::request::{EDIT_WITHIN, ErrorCode, RequestError};
use super::room::Chat;
use crate::broadcast::{ClientId, Hub};
use crate::{id, timestamp};

/// A message as its sender asks for it; see [`Request::Message`](super::Request::Message).
pub(super) struct Draft {
    pub id: Option<String>,
    pub content: String,
    pub username: Option<String>,
    pub data: Option<Value>,
    pub reply_to: Option<u64>,
}

impl Chat {
    /// Sends a message to all members. One that was sent before is confirmed once more.
    pub(super) fn send_message(
        &mut self,
        who: ClientId,
        draft: &Draft,
        hub: &Hub,
    ) -> Result<(), RequestError> {
        let mut member = self.member_or_guest(who, hub)?;
        let reply = draft.reply_to.map(|seq| seq.to_string()).unwrap_or_default();
        let content = draft.content.as_str();
        let numbered = Numbered::new(draft.id.as_deref(), ["message", content, &reply]);
        if let Some(receipt) = self.done_before(who, numbered)? {
            self.resend(who, &member, numbered, content, receipt, hub);
            return Ok(());
        }
        // It may answer a message that is no longer kept, but not one that is not there yet.
        if draft.reply_to.is_some_and(|seq| seq == 0 || seq > self.history.seq()) {
            let words = "`reply_to` is no number of this room";
            return Err(RequestError::new(ErrorCode::NotFound, words).about(draft.id.clone()));
        }
        self.permit_message(who, &member).map_err(|error| error.about(draft.id.clone()))?;
        if let Some(username) = draft.username.clone().filter(|name| **name != *member.username)
            && let Ok((renamed, _)) = self.rename(who, &member, username, hub)
        {
            member = renamed;
        }
        let receipt = self.message(who, member, draft, hub);
        self.confirm(who, numbered, receipt, hub);
        Ok(())
    }

    /// The member that sends a message; a listener becomes a guest.
    fn member_or_guest(&mut self, who: ClientId, hub: &Hub) -> Result<Member, RequestError> {
        if self.member(who).is_err()
            && let Some(dialect) = self.dialect_of(who)
            && matches!(dialect.entry(), Entry::Listener)
        {
            let name = self.guest_name(dialect.guest_language());
            self.admit(who, Newcomer::guest(name), hub);
        }
        self.member(who)
    }

    /// Sends a message to all members. The result is the receipt for its sender.
    fn message(&mut self, who: ClientId, author: Member, draft: &Draft, hub: &Hub) -> Receipt {
        let seq = self.history.seq() + 1;
        self.messages += 1;
        let receipt = self.receipt(who, Some(seq));
        let post = Post {
            author,
            id: draft.id.clone().unwrap_or_else(id::random).into(),
            content: draft.content.as_str().into(),
            reply_to: draft.reply_to,
            timestamp: timestamp::of(receipt.at),
            editable_until: self.now + EDIT_WITHIN,
            edited: None,
            last_edit: None,
            reactions: Vec::new(),
        };
        let mut message = post.event(seq);
        if let Event::Message { data, .. } = &mut message {
            *data = draft.data.as_ref();
        }
        let dialect = self.dialect_of(who);
        let for_sender = dialect.and_then(|dialect| dialect.write_to_sender(&message));
        let except = for_sender.as_ref().map(|_| who);
        let kept = self.dialects.broadcast_lasting(&message, except, hub);
        self.posts.push(seq, post);
        self.record(kept);
        if let Some(frame) = for_sender {
            hub.send(who, frame);
        }
        receipt
    }
}
