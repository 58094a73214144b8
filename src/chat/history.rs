//! Parts of the history, for a client that asks: older events to show, or those that it missed.

use tokio_tungstenite::tungstenite::Message;

use super::event::Event;
use super::request::{ErrorCode, RequestError, Side};
use super::room::Chat;
use crate::broadcast::{ClientId, Hub};

/// The most bytes of events in one answer: a sixteenth of what a hub queues for one member.
pub const PAGE_BYTES: usize = 64 * 1024;

impl Chat {
    /// Sends a part of the history to a member.
    ///
    /// # Errors
    ///
    /// The history does not keep all that came after the number, or counts in another epoch.
    pub(super) fn send_history(
        &self,
        who: ClientId,
        reference: Option<&str>,
        epoch: Option<&str>,
        side: Side,
        limit: usize,
        hub: &Hub,
    ) -> Result<(), RequestError> {
        let ours = self.history.epoch();
        let gone = || {
            let words = "the room does not keep all of these events, or not any more";
            RequestError::new(ErrorCode::HistoryGone, words)
        };
        if epoch.is_some_and(|epoch| epoch != ours) {
            return Err(gone());
        }
        let (events, more) = match side {
            Side::Before(seq) => {
                let (mut events, more) = page(self.history.before(seq), limit);
                events.reverse();
                (events, more)
            }
            Side::After(seq) => page(self.history.after(ours, seq).ok_or_else(gone)?, limit),
        };
        self.reply(who, &Event::History { reference, epoch: ours, events, more }, hub);
        Ok(())
    }
}

/// The first events, at most `limit` and [`PAGE_BYTES`], and whether there are more.
fn page<'a>(events: impl Iterator<Item = &'a Message>, limit: usize) -> (Vec<&'a Message>, bool) {
    let mut page = Vec::new();
    let mut bytes = 0;
    for event in events {
        bytes += event.len();
        if page.len() == limit || bytes > PAGE_BYTES {
            return (page, true);
        }
        page.push(event);
    }
    (page, false)
}
