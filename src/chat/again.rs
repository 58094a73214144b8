//! Requests with an `id`: done once, and answered each time they are sent (protocol 3.6, rule 3).

use std::time::SystemTime;

use super::event::{Event, Member};
use super::request::{ErrorCode, Fault};
use super::{Chat, Dialect, GENERAL};
use crate::broadcast::{ClientId, Hub};
use crate::receipts::{Fingerprint, Known, Receipt};
use crate::timestamp;

/// The fewest characters of a session's name: with 128 random bits it has 22 in base64.
const SESSION_CHARS_MIN: usize = 22;
/// The most.
const SESSION_CHARS: usize = 64;

/// A request's `id`, and what tells a repetition from another request under the same `id`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub id: &'a str,
    pub content: Fingerprint,
}

/// A name for a session that its client made up, if nobody can guess it: 22 to 64 letters,
/// digits, `_` or `-`.
pub(super) fn session(text: &str) -> Result<Fingerprint, Fault> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if (SESSION_CHARS_MIN..=SESSION_CHARS).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(Fingerprint::of(&["session", text]));
    }
    let words = format!(
        "`session` must be {SESSION_CHARS_MIN} to {SESSION_CHARS} letters, digits, `_` or `-`, made at random"
    );
    Err(Fault::new(ErrorCode::BadMessage, words))
}

impl<'a> Asked<'a> {
    /// `request` is all that was asked for. Without an `id` there is nothing to remember.
    pub(super) fn new<const N: usize>(id: Option<&'a str>, request: [&str; N]) -> Option<Self> {
        id.map(|id| Self { id, content: Fingerprint::of(&request) })
    }
}

impl Chat {
    /// What was done under this `id` before, if anything was.
    pub(super) fn done_before(
        &self,
        who: ClientId,
        asked: Option<Asked>,
    ) -> Result<Option<Receipt>, Fault> {
        let Some(Asked { id, content }) = asked else { return Ok(None) };
        match self.receipts.known(self.session_of(who), id, content) {
            Known::New => Ok(None),
            Known::Done(receipt) => Ok(Some(receipt)),
            Known::Otherwise => {
                let words = "something else was sent under that `id` before";
                Err(Fault::new(ErrorCode::IdReused, words).about(Some(id.to_owned())))
            }
        }
    }

    /// Confirms a request that had an `id`, and remembers what came of it.
    pub(super) fn confirm(
        &mut self,
        who: ClientId,
        asked: Option<Asked>,
        receipt: Receipt,
        hub: &Hub,
    ) {
        let Some(Asked { id, content }) = asked else { return };
        self.receipts.remember(self.session_of(who), id, content, receipt);
        self.acknowledge(who, asked, receipt, false, hub);
    }

    /// Sends a receipt. Without an `id` there is none: nobody asked for it.
    pub(super) fn acknowledge(
        &self,
        who: ClientId,
        asked: Option<Asked>,
        receipt: Receipt,
        duplicate: bool,
        hub: &Hub,
    ) {
        let Some(Asked { id, .. }) = asked else { return };
        let Receipt { seq, at } = receipt;
        let timestamp = timestamp::of(at);
        self.reply(who, &Event::Ack { id, room: GENERAL, seq, timestamp, duplicate }, hub);
    }

    /// Confirms a message that came again. It goes to nobody but its sender.
    pub(super) fn said_before(
        &self,
        who: ClientId,
        user: &Member,
        asked: Option<Asked>,
        content: &str,
        receipt: Receipt,
        hub: &Hub,
    ) {
        self.acknowledge(who, asked, receipt, true, hub);
        // Source 002 has no receipts: there the message itself is one.
        if user.dialect == Dialect::Reconnect
            && let Some(Asked { id, .. }) = asked
            && let Some(seq) = receipt.seq
        {
            let timestamp = timestamp::of(receipt.at);
            let username = &user.username;
            let said = Event::Message {
                room: GENERAL,
                seq,
                id,
                user,
                username,
                content,
                data: None,
                timestamp,
            };
            self.reply(who, &said, hub);
        }
    }

    /// The session of a connection: the one it named, or itself.
    fn session_of(&self, who: ClientId) -> Fingerprint {
        let named = self.seats.get(&who).and_then(|seat| seat.session);
        named.unwrap_or_else(|| Fingerprint::of(&["connection", &who.to_string()]))
    }

    /// Keeps what `who` sent for when they come back; forgets it where nobody can.
    pub(super) fn session_ended(&mut self, who: ClientId) {
        let session = self.session_of(who);
        if self.seats.get(&who).is_some_and(|seat| seat.session.is_some()) {
            self.receipts.ended(session, self.now);
        } else {
            self.receipts.forget(session);
        }
    }

    /// What came of a request just now.
    pub(super) fn receipt(&self, seq: Option<u64>) -> Receipt {
        Receipt { seq, at: self.time() }
    }

    pub(super) fn time(&self) -> SystemTime {
        (self.clock)()
    }
}
