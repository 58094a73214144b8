//! The state of a class, which all its pages share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::sync::watch;
use ws101::proxy::{Faults, Ruling};

use super::files::Files;
use super::key::Key;
use super::ring::Ring;
use super::seats::Seats;
use super::server::Server;
use super::vote::Vote;
use crate::lang::Lang;
use crate::pages::Page;

/// A class that is taught.
pub struct Class {
    pub page: Page,
    pub lang: Lang,
    /// The path of the WebSocket.
    pub target: String,
    pub faults: Faults,
    pub server: Server,
    pub key: Key,
    /// Where phones join, if the network was let in.
    pub join: Option<String>,
    pub files: Files,
    pub ring: Arc<Ring>,
    /// The question that the class is asked.
    pub vote: Vote,
    /// Changes when the faults do.
    news: watch::Sender<u64>,
    is_over: watch::Sender<bool>,
    pub seats: Seats,
    /// Whether the phones' pages fire their timers once a minute, as those of hidden tabs.
    is_throttled: AtomicBool,
}

/// The fault of the timers of the phones' pages: no connection has it, so the wire language does not either.
pub const THROTTLE: &str = "throttle timers";

/// The id of that fault.
pub const TIMERS: &str = "timers";

impl Class {
    /// A class of the lesson `page`, whose WebSocket is at `target` of `server`.
    pub fn new(
        page: Page,
        target: String,
        server: Server,
        seed: u64,
        files: Files,
        join: Option<String>,
        lang: Lang,
    ) -> Arc<Self> {
        Arc::new(Self {
            page,
            lang,
            target,
            faults: Faults::live(seed),
            server,
            key: Key::random(),
            join,
            files,
            ring: Arc::new(Ring::new()),
            vote: Vote::default(),
            news: watch::Sender::new(0),
            is_over: watch::Sender::new(false),
            seats: Seats::default(),
            is_throttled: AtomicBool::new(false),
        })
    }

    /// Tells all pages that the faults or the state of the server are others now.
    pub fn tell(&self) {
        self.news.send_modify(|news| *news += 1);
    }

    /// Undoes all faults and holds, and starts the right server if another is in its place; gives how many
    /// faults and holds there were.
    ///
    /// # Errors
    ///
    /// The right server does not start.
    pub async fn undo(&self) -> Result<usize> {
        let was_throttled = self.is_throttled.swap(false, Relaxed);
        let undone = self.faults.clear() + usize::from(was_throttled);
        let mended = self.server.mend().await;
        self.tell();
        mended.map(|_| undone)
    }

    /// Slows the timers of the phones' pages, or ends that; tells whether they were slow.
    pub fn throttle(&self, is_throttled: bool) -> bool {
        let was = self.is_throttled.swap(is_throttled, Relaxed);
        self.tell();
        was
    }

    /// The fault of the timers, as pages get it, if it is in force.
    pub fn throttled(&self) -> impl Iterator<Item = Value> {
        let is_throttled = self.is_throttled.load(Relaxed);
        is_throttled.then(|| json!({"id": TIMERS, "fault": THROTTLE})).into_iter()
    }

    /// Sends all pages a close frame, and waits until their connections have ended.
    ///
    /// Cancel safe: the pages that are left get their close frame.
    pub async fn end(&self) {
        self.is_over.send_replace(true);
        // Each viewer listens to the news until its connection has ended.
        self.news.closed().await;
    }

    /// The first message of a viewer, and the message after each change.
    pub fn hello(&self, host: &str) -> Value {
        json!({
            "type": "class",
            "lesson": self.page.number,
            "title": self.page.title(self.lang),
            "example": self.page.name,
            "url": format!("ws://{host}{}", self.target),
            "lang": self.lang.code(),
            "faults": self.rulings().iter().map(told).chain(self.throttled()).collect::<Vec<_>>(),
            "server": self.server.state().code(),
            "join": self.join,
            "question": self.vote.told(),
        })
    }

    pub fn rulings(&self) -> Vec<Ruling> {
        self.faults.rulings()
    }

    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Waits for the end of the class. Cancel safe.
    pub async fn ending(&self) {
        // The sender lives as long as the class.
        let _ = self.is_over.subscribe().wait_for(|is_over| *is_over).await;
    }
}

/// A fault or a hold, as pages get it.
pub fn told(ruling: &Ruling) -> Value {
    let mut told = json!({"id": ruling.id, "fault": ruling.rule.to_string()});
    if ruling.until.is_some() {
        told["now"] = true.into();
    }
    told
}
