//! Requests with an `id`. The chat does each once, and answers it each time a client sends it: a
//! client whose connection broke sends its unanswered requests again.

use std::time::SystemTime;

use super::dialect::Dialect;
use super::event::{Event, Member};
use super::keeping::Keeping;
use super::numbered::{Numbered, Receipt};
use super::request::{ErrorCode, RequestError};
use super::room::Chat;
use crate::broadcast::{ClientId, Hub};
use crate::history::SavedReceipt;
use crate::receipts::{Fingerprint, Known};
use crate::timestamp;

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

    /// Answers a request that was done before. False if it was not.
    pub(super) fn answered_before(
        &self,
        who: ClientId,
        request: Option<Numbered>,
        hub: &Hub,
    ) -> Result<bool, RequestError> {
        let receipt = self.done_before(who, request)?;
        if let Some(receipt) = receipt {
            self.acknowledge(who, request, receipt, true, hub);
        }
        Ok(receipt.is_some())
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
        let session = self.session_of(who);
        self.receipts.remember(session, id, content, receipt);
        if let Keeping::Saved(unsaved) = &mut self.keeping
            && self.connections.get(&who).is_some_and(|connection| connection.session.is_some())
        {
            let Receipt { seq, at, .. } = receipt;
            unsaved.push(SavedReceipt { session, id: id.to_owned(), content, seq, at });
        }
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
        let Receipt { seq, at, .. } = receipt;
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
            let message = Event::Message {
                seq,
                id,
                user,
                content,
                data: None,
                reply_to: None,
                edited: None,
                reactions: &[],
                timestamp,
            };
            self.reply(who, &message, hub);
        }
    }

    /// The session of a connection: the one that its client named, or one of its own.
    fn session_of(&self, who: ClientId) -> Fingerprint {
        let connection = self.connections.get(&who);
        let named = connection.and_then(|connection| connection.session.as_deref().copied());
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

    /// The receipt of a request of `by` that is done now.
    pub(super) fn receipt(&self, by: ClientId, seq: Option<u64>) -> Receipt {
        Receipt { seq, at: self.time(), by }
    }

    /// The time of day.
    pub(super) fn time(&self) -> SystemTime {
        (self.clock)()
    }
}
