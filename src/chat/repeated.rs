//! Requests with an `id`. The chat does each once, and answers it each time a client sends it: a
//! client whose connection broke sends its unanswered requests again.

use std::time::SystemTime;

use super::event::{Event, Member};
use super::request::{ErrorCode, RequestError};
use super::{Chat, Dialect};
use crate::broadcast::{ClientId, Hub};
use crate::receipts::{Fingerprint, Known, Receipt};
use crate::timestamp;

/// The fewest characters of a session's name: 128 random bits in base64 have 22.
const SESSION_CHARS_MIN: usize = 22;
/// The most characters of a session's name.
const SESSION_CHARS_MAX: usize = 64;

/// A request with an `id`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbered<'a> {
    /// The client's name for the request.
    pub id: &'a str,
    /// What it asks for: another request under the same `id` has another fingerprint.
    pub content: Fingerprint,
}

/// The session that a client names. The name must be 22 to 64 letters, digits, `_` or `-`, so that
/// it can be random enough that nobody guesses it.
pub(super) fn session(text: &str) -> Result<Fingerprint, RequestError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if (SESSION_CHARS_MIN..=SESSION_CHARS_MAX).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(Fingerprint::of(&["session", text]));
    }
    let words = format!(
        "`session` must be {SESSION_CHARS_MIN} to {SESSION_CHARS_MAX} letters, digits, `_` or `-`, made at random"
    );
    Err(RequestError::bad_message(words))
}

impl<'a> Numbered<'a> {
    /// `request` is all that the client asks for; `None` if it gave no `id`.
    pub(super) fn new<const N: usize>(id: Option<&'a str>, request: [&str; N]) -> Option<Self> {
        id.map(|id| Self { id, content: Fingerprint::of(&request) })
    }
}

impl Chat {
    /// The receipt of this request, if the chat did it before.
    ///
    /// # Errors
    ///
    /// The client sent another request under the same `id`.
    pub(super) fn done_before(
        &self,
        who: ClientId,
        request: Option<Numbered>,
    ) -> Result<Option<Receipt>, RequestError> {
        let Some(Numbered { id, content }) = request else { return Ok(None) };
        match self.receipts.known(self.session_of(who), id, content) {
            Known::New => Ok(None),
            Known::Done(receipt) => Ok(Some(receipt)),
            Known::Otherwise => {
                let words = "something else was sent under that `id` before";
                Err(RequestError::new(ErrorCode::IdReused, words).about(Some(id.to_owned())))
            }
        }
    }

    /// Remembers what a request with an `id` caused, and sends the receipt.
    pub(super) fn confirm(
        &mut self,
        who: ClientId,
        request: Option<Numbered>,
        receipt: Receipt,
        hub: &Hub,
    ) {
        let Some(Numbered { id, content }) = request else { return };
        self.receipts.remember(self.session_of(who), id, content, receipt);
        self.acknowledge(who, request, receipt, false, hub);
    }

    /// Sends a receipt, if the request had an `id`.
    pub(super) fn acknowledge(
        &self,
        who: ClientId,
        request: Option<Numbered>,
        receipt: Receipt,
        duplicate: bool,
        hub: &Hub,
    ) {
        let Some(Numbered { id, .. }) = request else { return };
        let Receipt { seq, at } = receipt;
        let timestamp = timestamp::of(at);
        self.reply(who, &Event::Ack { id, seq, timestamp, duplicate }, hub);
    }

    /// Answers a message that came before. Only its sender is told.
    pub(super) fn resend(
        &self,
        who: ClientId,
        user: &Member,
        request: Option<Numbered>,
        content: &str,
        receipt: Receipt,
        hub: &Hub,
    ) {
        self.acknowledge(who, request, receipt, true, hub);
        if self.dialect_of(who).is_some_and(Dialect::resends_duplicates)
            && let Some(Numbered { id, .. }) = request
            && let Some(seq) = receipt.seq
        {
            let timestamp = timestamp::of(receipt.at);
            let message = Event::Message { seq, id, user, content, data: None, timestamp };
            self.reply(who, &message, hub);
        }
    }

    /// The session of a connection: the one that its client named, or one of its own.
    fn session_of(&self, who: ClientId) -> Fingerprint {
        let named = self.connections.get(&who).and_then(|connection| connection.session);
        named.unwrap_or_else(|| Fingerprint::of(&["connection", &who.to_string()]))
    }

    /// Keeps the receipts of a client that may return to its session, and drops those of a client
    /// that named none.
    pub(super) fn session_ended(&mut self, who: ClientId) {
        let session = self.session_of(who);
        if self.connections.get(&who).is_some_and(|connection| connection.session.is_some()) {
            self.receipts.ended(session, self.now);
        } else {
            self.receipts.forget(session);
        }
    }

    /// The receipt of a request that is done now.
    pub(super) fn receipt(&self, seq: Option<u64>) -> Receipt {
        Receipt { seq, at: self.time() }
    }

    /// The time of day.
    pub(super) fn time(&self) -> SystemTime {
        (self.clock)()
    }
}
