//! A broker in Redis, for several servers. Valkey will do as well.

mod link;

use std::time::Duration;

use ::redis::aio::PubSub;
use ::redis::{Client, FromRedisValue, Script, ScriptInvocation};
use bytes::Bytes;
use futures::StreamExt;

pub use self::link::CALL_DEADLINE;
use self::link::{Link, explained};
use super::entry::{
    Draft, ENTRY_BYTES, Entry, LOG_ENTRIES, PRESENT, Position, Presence, Published, RANGE_ENTRIES,
    Range,
};
use super::error::BrokerError;
use super::notices::{Notice, Notices, Sender};
use super::topic::Broker;
use crate::escape::Shown;
use crate::id;
use crate::receipts::Fingerprint;

/// How long a request is known by its id.
pub const REQUESTS_KEPT: Duration = Duration::from_secs(10 * 60);

/// How long the log of a topic is kept that nobody follows.
pub const TOPIC_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// What a script answers: an epoch, a number, and more.
type Answer<T> = (String, u64, T);

/// An entry of a stream: its id, and its fields with their values.
type StreamEntry = (String, Vec<Vec<u8>>);

/// A broker in Redis 6.2 or newer, or in Valkey.
///
/// A topic `t` is the stream `ws101:{t}:log`, whose ids are the numbers, the hash `ws101:{t}:meta`, one key
/// for each request, and the channel `ws101:{t}`. Calls share one connection; each subscription has one of its
/// own. Nothing is sent before the first call, and a connection that breaks is made anew by the next one.
///
/// Numbers are never given twice in one epoch, because each script compares the `run_id` of the server with that
/// of the last call: the first call after a restart turns the epoch, unless Redis writes every command to
/// its disk before it answers (`appendfsync always`). A replica that takes over has another
/// `run_id`, too, but replication is not on that disk: do not combine both.
#[derive(Debug)]
pub struct Redis {
    link: Link,
    publish: Script,
    range: Script,
    present: Script,
}

impl Redis {
    /// The broker at `address`, such as `redis://127.0.0.1:6379` or `redis://user:password@host/1`.
    ///
    /// # Errors
    ///
    /// The text is no such address. Nothing was connected yet.
    pub fn new(address: &str) -> Result<Self, BrokerError> {
        let opening = concat!(include_str!("redis/open.lua"), "\n");
        let script = |rest: &str| Script::new(&format!("{opening}{rest}"));
        // The error does not quote the address, which may have a password.
        let client = Client::open(address).map_err(|error| explained(&error))?;
        Ok(Self {
            link: Link::new(client),
            publish: script(include_str!("redis/publish.lua")),
            range: script(include_str!("redis/range.lua")),
            present: Script::new(include_str!("redis/present.lua")),
        })
    }

    /// Why the last call failed, in words for an operator; `None` if it succeeded. The same words were logged
    /// when the calls began to fail.
    #[must_use]
    pub fn trouble(&self) -> Option<BrokerError> {
        self.link.trouble()
    }

    /// Runs a script on a log, with the arguments that all of them begin with.
    async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        topic: &str,
        add: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<T, BrokerError> {
        let run = async |_, mut connected: link::Connected| {
            let mut script = script.prepare_invoke();
            script.key(key(topic, "log")).key(key(topic, "meta"));
            script.arg(id::random()).arg(u8::from(connected.is_durable));
            add(&mut script);
            script.invoke_async(&mut connected.connection).await
        };
        self.link.call(run).await
    }
}

fn channel(topic: &str) -> String {
    format!("ws101:{{{topic}}}")
}

fn key(topic: &str, part: &str) -> String {
    format!("{}:{part}", channel(topic))
}

fn hexadecimal(fingerprint: Fingerprint) -> String {
    data_encoding::HEXLOWER.encode(fingerprint.as_ref())
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Broker for Redis {
    async fn publish(&self, draft: Draft<'_>) -> Result<Published, BrokerError> {
        let Draft { topic, session, id, content, payload } = draft;
        if payload.len() > ENTRY_BYTES {
            return Err(BrokerError::TooLong);
        }
        let request = hexadecimal(Fingerprint::of(&[session.as_ref(), id.as_bytes()]));
        let published = self.run(&self.publish, topic, |script| {
            script.key(key(topic, &format!("request:{request}")));
            script.arg(hexadecimal(content)).arg(milliseconds(REQUESTS_KEPT));
            script.arg(&payload[..]).arg(LOG_ENTRIES).arg(milliseconds(TOPIC_KEPT));
            script.arg(channel(topic));
        });
        let (epoch, seq, outcome): Answer<String> = published.await?;
        let position = Position { epoch: epoch.into(), seq };
        Ok(match &*outcome {
            "new" => Published::New(position),
            "before" => Published::Before(position),
            _ => Published::Otherwise,
        })
    }

    async fn range(&self, topic: &str, since: Option<&Position>) -> Result<Range, BrokerError> {
        let (epoch, seq) = since.map_or(("", 0), |since| (&*since.epoch, since.seq));
        let range = self.run(&self.range, topic, |script| {
            script.arg(epoch).arg(seq).arg(RANGE_ENTRIES).arg(milliseconds(TOPIC_KEPT));
        });
        let (epoch, seq, entries): Answer<Vec<StreamEntry>> = range.await?;
        let entries = entries.into_iter().map(entry).collect::<Option<_>>();
        let foreign = || BrokerError::Foreign(Shown::of(&key(topic, "log")));
        let entries = entries.ok_or_else(foreign)?;
        Ok(Range { head: Position { epoch: epoch.into(), seq }, entries })
    }

    async fn subscribe(&self, topic: &str) -> Result<Notices, BrokerError> {
        let subscribe = async |client: Client, _| {
            let mut subscription = client.get_async_pubsub().await?;
            subscription.subscribe(channel(topic)).await?;
            Ok(subscription)
        };
        let subscription = self.link.call(subscribe).await?;
        let (sender, notices) = Notices::channel();
        tokio::spawn(pass_on(subscription, sender));
        Ok(notices)
    }

    async fn present(&self, topic: &str, node: &str, says: Bytes) -> Result<Presence, BrokerError> {
        let present = async |_, mut connected: link::Connected| {
            let mut script = self.present.prepare_invoke();
            script.key(key(topic, "nodes")).arg(key(topic, "node:"));
            script.arg(node).arg(&says[..]).arg(milliseconds(PRESENT));
            script.invoke_async(&mut connected.connection).await
        };
        let (here, gone): (Vec<(String, Vec<u8>)>, Vec<String>) = self.link.call(present).await?;
        let here = here.into_iter().map(|(node, says)| (node, says.into())).collect();
        Ok(Presence { here, gone })
    }
}

/// An entry of ours; `None` if the stream has another one.
fn entry((id, fields): StreamEntry) -> Option<Entry> {
    let seq = id.strip_suffix("-0")?.parse().ok()?;
    let [_, payload] = <[Vec<u8>; 2]>::try_from(fields).ok()?;
    Some(Entry { seq, payload: payload.into() })
}

/// Gives the notices of a subscription to its follower until either ends. Notices that the follower has no room
/// for are dropped.
async fn pass_on(mut subscription: PubSub, sender: Sender) {
    let mut messages = subscription.on_message();
    loop {
        let message = tokio::select! {
            message = messages.next() => message,
            () = sender.closed() => None,
        };
        let Some(message) = message else { return };
        let bytes = Bytes::copy_from_slice(message.get_payload_bytes());
        if let Some(notice) = Notice::read(&bytes) {
            let _ = sender.try_send(notice);
        }
    }
}
