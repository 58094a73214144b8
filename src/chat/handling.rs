//! Does what each request asks for.

use std::time::Duration;

use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::dialect::{Dialect, Entry};
use super::event::Event;
use super::messages::Draft;
use super::numbered::Numbered;
use super::request::{Request, RequestError};
use super::room::Chat;
use crate::broadcast::{ClientId, Hub};
use crate::room::Room;

/// How long a `typing` event holds unless it is repeated.
const TYPING_EXPIRES: Duration = Duration::from_secs(6);

impl Chat {
    /// Does what a client asks for.
    ///
    /// # Errors
    ///
    /// The request cannot be done, and nothing has changed.
    pub(super) fn handle(
        &mut self,
        who: ClientId,
        request: Request,
        hub: &Hub,
    ) -> Result<(), RequestError> {
        match request {
            Request::Hello(hello) => self.hello(who, hello, hub)?,
            Request::Presence { away } => self.set_away(who, away)?,
            Request::Bye => {
                self.closed(who, CloseCode::Normal);
                hub.close(who, CloseCode::Normal, "bye");
            }
            Request::Message { id, content, username, data, reply_to } => {
                let message = Draft { id, content, username, data, reply_to };
                self.send_message(who, &message, hub)?;
            }
            Request::Edit { id, seq, content } => {
                self.edit(who, id.as_deref(), seq, &content, hub)
                    .map_err(|error| error.about(id))?;
            }
            Request::Delete { id, seq } => {
                self.delete(who, id.as_deref(), seq, hub).map_err(|error| error.about(id))?;
            }
            Request::React { id, seq, emoji, active } => {
                self.react(who, id.as_deref(), seq, emoji, active, hub)
                    .map_err(|error| error.about(id))?;
            }
            Request::Private { id, to, content } => {
                self.send_private(who, id.as_deref(), &to, &content, hub)?;
            }
            Request::Teach { id, key } => {
                self.teach(who, &key).map_err(|error| error.about(id.clone()))?;
                let receipt = self.receipt(who, None);
                let numbered = Numbered::new(id.as_deref(), ["teach"]);
                self.acknowledge(who, numbered, receipt, false, hub);
            }
            Request::Moderate { id, action } => {
                self.moderate(who, id.as_deref(), &action, hub).map_err(|error| error.about(id))?;
            }
            Request::Typing { active } => {
                let member = self.member(who)?;
                // It asks for no answer, so a member that may not write gets none.
                let may_write = self.permit(who, &member).is_ok();
                if !may_write || !self.crowd.passing(self.members.len()) {
                    return Ok(());
                }
                let typing = Event::Typing { user: &member, active, expires: TYPING_EXPIRES };
                self.dialects.broadcast(&typing, Some(who), hub);
            }
            Request::Rename { id, username } => {
                let member = self.member(who)?;
                self.permit(who, &member).map_err(|error| error.about(id.clone()))?;
                let numbered = Numbered::new(id.as_deref(), ["rename", username.as_str()]);
                // A client that comes back is a new member, so its request is done again.
                if let Some(receipt) = self.done_before(who, numbered)?
                    && receipt.by == who
                {
                    self.acknowledge(who, numbered, receipt, true, hub);
                    return Ok(());
                }
                let renamed = self.rename(who, &member, username, hub);
                let (_, receipt) = renamed.map_err(|error| error.about(id.clone()))?;
                self.confirm(who, numbered, receipt, hub);
            }
            Request::History { id, epoch, side, limit } => {
                self.member(who)?;
                self.send_history(who, id.as_deref(), epoch.as_deref(), side, limit, hub)
                    .map_err(|error| error.about(id))?;
            }
            Request::Ping { timestamp } => {
                let entry = self.dialect_of(who).map(Dialect::entry);
                if entry.is_some_and(Entry::begins_with_hello) {
                    self.member(who)?;
                }
                let pong = Event::Pong { timestamp, server_time: self.timestamp() };
                self.reply(who, &pong, hub);
            }
        }
        Ok(())
    }
}
