//! A broker whose messages are lost, doubled and late.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::entry::{Draft, Position, Presence, Published, Range};
use super::error::BrokerError;
use super::notices::Notices;
use super::topic::Broker;
use crate::escape::Shown;

/// What happens to a message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It arrives.
    Sound,
    /// It is lost.
    Lost,
    /// It arrives twice.
    Doubled,
    /// It arrives after the next one.
    Late,
}

/// Another broker whose notices are lost, doubled and late, and whose answers to
/// [`publish`](Broker::publish) are lost after it was done. For tests.
#[derive(Debug)]
pub struct Faulty<B> {
    broker: B,
    faults: Faults,
}

/// The faults in the order in which they happen, again and again.
#[derive(Clone, Debug)]
struct Faults(Arc<Mutex<(Vec<Fault>, usize)>>);

impl Faults {
    fn next(&self) -> Fault {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (list, place) = &mut *faults;
        let fault = list.get(*place % list.len().max(1)).copied();
        *place += 1;
        fault.unwrap_or(Fault::Sound)
    }
}

impl<B: Broker> Faulty<B> {
    /// `broker` with these faults. Each notice to each subscriber, and each answer, takes the next one;
    /// after the last one comes the first one again.
    #[must_use]
    pub fn new(broker: B, faults: Vec<Fault>) -> Self {
        Self { broker, faults: Faults(Arc::new(Mutex::new((faults, 0)))) }
    }

    /// The broker itself, for a test that restarts it.
    pub fn broker(&self) -> &B {
        &self.broker
    }
}

impl<B: Broker> Broker for Faulty<B> {
    async fn publish(&self, draft: Draft<'_>) -> Result<Published, BrokerError> {
        let published = self.broker.publish(draft).await;
        match self.faults.next() {
            Fault::Lost => Err(BrokerError::Away(Shown::of("the answer was lost"))),
            Fault::Sound | Fault::Doubled | Fault::Late => published,
        }
    }

    async fn range(&self, topic: &str, since: Option<&Position>) -> Result<Range, BrokerError> {
        self.broker.range(topic, since).await
    }

    async fn subscribe(&self, topic: &str) -> Result<Notices, BrokerError> {
        let mut sound = self.broker.subscribe(topic).await?;
        let (sender, notices) = Notices::channel();
        let faults = self.faults.clone();
        tokio::spawn(async move {
            let mut late = None;
            loop {
                let notice = tokio::select! {
                    notice = sound.next() => notice,
                    () = sender.closed() => None,
                };
                // The subscription ends with the one below it.
                let Some(notice) = notice else { return };
                let copies = match faults.next() {
                    Fault::Sound => 1,
                    Fault::Lost => 0,
                    Fault::Doubled => 2,
                    Fault::Late => {
                        late = Some(notice);
                        continue;
                    }
                };
                for notice in std::iter::repeat_n(notice, copies).chain(late.take()) {
                    let _ = sender.try_send(notice);
                }
            }
        });
        Ok(notices)
    }

    async fn present(&self, topic: &str, node: &str, says: Bytes) -> Result<Presence, BrokerError> {
        self.broker.present(topic, node, says).await
    }
}
