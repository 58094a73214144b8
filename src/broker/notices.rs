//! A subscription: the notices of one topic, in a queue with a bound.

use std::sync::Arc;

#[cfg(feature = "redis")]
use bytes::Bytes;
use tokio::sync::mpsc;

use super::entry::Entry;

/// The notices that wait for a subscriber. One more is dropped, because the subscriber finds every entry in the
/// log, too.
pub const NOTICES: usize = 64;

/// Tells that an entry was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The epoch of the log.
    pub epoch: Arc<str>,
    /// The entry itself, so that nobody needs to read it from the log.
    pub entry: Entry,
}

/// The sending end of a subscription.
pub(super) type Sender = mpsc::Sender<Notice>;

/// The notices of one topic. Dropping them ends the subscription.
#[derive(Debug)]
pub struct Notices(mpsc::Receiver<Notice>);

impl Notices {
    pub(super) fn channel() -> (Sender, Self) {
        let (sender, receiver) = mpsc::channel(NOTICES);
        (sender, Self(receiver))
    }

    /// The next notice. `None` if the subscription is broken, and will get no more.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no notice is lost.
    pub async fn next(&mut self) -> Option<Notice> {
        self.0.recv().await
    }
}

impl Notice {
    /// Reads a notice as it is sent over a channel: the epoch, the number and the payload, with spaces
    /// between them. `None` for anything else.
    #[cfg(feature = "redis")]
    pub(super) fn read(bytes: &Bytes) -> Option<Self> {
        let mut parts = bytes.splitn(3, |&byte| byte == b' ');
        let epoch = std::str::from_utf8(parts.next()?).ok()?.into();
        let seq = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        let payload = bytes.slice_ref(parts.next()?);
        Some(Self { epoch, entry: Entry { seq, payload } })
    }
}
