//! The trait of a broker.

use std::sync::Arc;

use bytes::Bytes;

use super::entry::{Draft, Position, Presence, Published, Range};
use super::error::BrokerError;
use super::notices::Notices;

/// A store of numbered logs that several servers share.
///
/// All methods have a deadline of their own. None of them is retried here: an error means that the caller does
/// not know whether the call was done.
///
/// Every future is cancel safe in the sense of [`Draft::id`]: a call whose future was dropped may have been done
/// or not.
pub trait Broker: Send + Sync + 'static {
    /// Appends an entry under the next number and sends the notice, in one step.
    ///
    /// # Errors
    ///
    /// The entry may be in the log or not. The author must not be told that it is.
    fn publish(
        &self,
        draft: Draft<'_>,
    ) -> impl Future<Output = Result<Published, BrokerError>> + Send;

    /// The entries after `since`, at most [`RANGE_ENTRIES`](super::RANGE_ENTRIES). If `since` is of another epoch or
    /// beyond the head, or is `None`, the first entries that the log keeps.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    fn range(
        &self,
        topic: &str,
        since: Option<&Position>,
    ) -> impl Future<Output = Result<Range, BrokerError>> + Send;

    /// The notices of entries that are published after the call has returned.
    ///
    /// # Errors
    ///
    /// There is no subscription.
    fn subscribe(&self, topic: &str) -> impl Future<Output = Result<Notices, BrokerError>> + Send;

    /// Says that `node` is at the topic for [`PRESENT`](super::PRESENT) more, and what it has to say to the
    /// others, such as its members. The result is what the others said.
    ///
    /// # Errors
    ///
    /// The node may have become present or not.
    fn present(
        &self,
        topic: &str,
        node: &str,
        says: Bytes,
    ) -> impl Future<Output = Result<Presence, BrokerError>> + Send;
}

impl<B: Broker> Broker for Arc<B> {
    fn publish(
        &self,
        draft: Draft<'_>,
    ) -> impl Future<Output = Result<Published, BrokerError>> + Send {
        (**self).publish(draft)
    }

    fn range(
        &self,
        topic: &str,
        since: Option<&Position>,
    ) -> impl Future<Output = Result<Range, BrokerError>> + Send {
        (**self).range(topic, since)
    }

    fn subscribe(&self, topic: &str) -> impl Future<Output = Result<Notices, BrokerError>> + Send {
        (**self).subscribe(topic)
    }

    fn present(
        &self,
        topic: &str,
        node: &str,
        says: Bytes,
    ) -> impl Future<Output = Result<Presence, BrokerError>> + Send {
        (**self).present(topic, node, says)
    }
}
