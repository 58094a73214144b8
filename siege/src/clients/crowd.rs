//! Many clients of one dialect that connect at once and receive. Some of them leave later.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use ws101::frame::{Frame, Opcode};
use ws101_soak::dialect::Dialect;
use ws101_soak::raw::Raw;

use crate::clients::{Way, holds};
use crate::ends::Ends;

/// A part of a message or a name. After [`Crowd::listen_for_fence`] every member must receive it.
pub const FENCE: &str = "fence-of-the-siege";

/// How long the welcomes of all members may take.
const ARRIVAL: Duration = Duration::from_mins(1);

/// How long the server may take to answer a close frame.
const GOODBYE: Duration = Duration::from_secs(10);

/// The most attempts of one client to connect.
const ATTEMPTS: u32 = 12;

/// The longest pause between the first two attempts of one client. It doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause between any two attempts of one client.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// The pause between two reads of the counters.
const LOOK: Duration = Duration::from_millis(50);

/// After this number of reads without a new byte everything has been received.
const QUIET_LOOKS: u32 = 10;

/// The present task of the members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// They connect and receive.
    Arriving,
    /// Some take another name, and some leave.
    Stirring,
    /// Each `note` client sends [`FENCE`] itself, because it receives nothing from the others.
    Fencing,
}

/// Members that are connected or connecting. Dropping it cuts all of them.
pub struct Crowd {
    shared: Arc<Shared>,
    director: watch::Sender<Phase>,
    size: usize,
    _members: JoinSet<()>,
}

struct Shared {
    way: Way,
    began: Instant,
    phase: watch::Receiver<Phase>,
    fencing: AtomicBool,
    welcomed: AtomicUsize,
    given_up: AtomicUsize,
    /// Members that began to leave.
    leaving: AtomicUsize,
    left: AtomicUsize,
    fenced: AtomicUsize,
    bytes: AtomicU64,
    message_bytes: AtomicU64,
    /// Microseconds after `began`.
    last_welcome: AtomicU64,
    refused: Mutex<Ends>,
    evicted: Mutex<Ends>,
}

impl Crowd {
    /// Sends `size` clients of `dialect` to `address`, all at once. Their names differ by `seed`.
    pub fn gather(address: SocketAddr, dialect: Dialect, size: usize, seed: u64) -> Self {
        let (director, phase) = watch::channel(Phase::Arriving);
        let shared = Arc::new(Shared {
            way: Way::new(address, dialect),
            began: Instant::now(),
            phase,
            fencing: AtomicBool::new(false),
            welcomed: AtomicUsize::new(0),
            given_up: AtomicUsize::new(0),
            leaving: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
            fenced: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            message_bytes: AtomicU64::new(0),
            last_welcome: AtomicU64::new(0),
            refused: Mutex::default(),
            evicted: Mutex::default(),
        });
        let mut members = JoinSet::new();
        for place in 0..size {
            members.spawn(shared.clone().attend(place, seed));
        }
        Self { shared, director, size, _members: members }
    }

    /// Waits until every client is welcomed or has given up, and no more bytes arrive.
    pub async fn arrived(&self) {
        self.welcomed_or_given_up().await;
        self.quiet().await;
    }

    /// Waits until every client is welcomed or has given up.
    pub async fn welcomed_or_given_up(&self) {
        let shared = &self.shared;
        let settled = || shared.welcomed.load(Relaxed) + shared.given_up.load(Relaxed);
        let all = async {
            while settled() < self.size {
                sleep(LOOK).await;
            }
        };
        // Members that are still missing then are counted as not welcomed.
        let _ = timeout(ARRIVAL + LONGEST_PAUSE, all).await;
    }

    /// Waits until no more bytes arrive; at most half a minute.
    pub async fn quiet(&self) {
        let quiet = async {
            let mut looks = 0;
            let mut before = self.bytes();
            while looks < QUIET_LOOKS {
                sleep(LOOK).await;
                let now = self.bytes();
                looks = if now == before { looks + 1 } else { 0 };
                before = now;
            }
        };
        // A room that never falls silent is measured as it is.
        let _ = timeout(ARRIVAL / 2, quiet).await;
    }

    /// Lets half of the members leave; of canonical ones a quarter leave and a quarter rename themselves.
    pub async fn stir(&self) {
        self.director.send_replace(Phase::Stirring);
        self.quiet().await;
        let shared = &self.shared;
        while shared.left.load(Relaxed) < shared.leaving.load(Relaxed) {
            sleep(LOOK).await;
        }
        self.quiet().await;
    }

    /// Counts every member that receives [`FENCE`] from now on.
    pub fn listen_for_fence(&self) {
        self.shared.fenced.store(0, Relaxed);
        self.shared.fencing.store(true, Relaxed);
    }

    /// Sends [`FENCE`] as a new client, and waits at most `patience` until every member has received
    /// it. Returns the number of members that have.
    pub async fn fence(&self, patience: Duration) -> usize {
        self.listen_for_fence();
        let way = self.shared.way;
        let speak = async {
            let mut raw = way.enter("speaker").await?;
            raw.send(Frame::text(way.dialect.line(1, FENCE))).await?;
            self.heard_fence(patience).await;
            io::Result::Ok(())
        };
        if way.dialect == Dialect::Note {
            self.director.send_replace(Phase::Fencing);
            return self.heard_fence(patience).await;
        }
        // The count of receivers also shows whether it could be sent.
        let _ = timeout(2 * patience, speak).await;
        self.shared.fenced.load(Relaxed)
    }

    /// Waits at most `patience` until every member has received [`FENCE`]. Returns the number of
    /// members that have.
    pub async fn heard_fence(&self, patience: Duration) -> usize {
        let all = async {
            while self.shared.fenced.load(Relaxed) < self.present() {
                sleep(LOOK).await;
            }
        };
        // The result counts the members that have not received it by then.
        let _ = timeout(patience, all).await;
        self.shared.fenced.load(Relaxed)
    }

    pub fn welcomed(&self) -> usize {
        self.shared.welcomed.load(Relaxed)
    }

    /// Between the first connection and the last welcome.
    pub fn last_welcome(&self) -> Duration {
        Duration::from_micros(self.shared.last_welcome.load(Relaxed))
    }

    /// Members that were welcomed, and neither left nor were evicted.
    pub fn present(&self) -> usize {
        let gone = self.shared.left.load(Relaxed) + self.evicted();
        self.welcomed().saturating_sub(gone)
    }

    /// Bytes that members have received, answers to handshakes included.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Relaxed)
    }

    /// Of them, those of chat messages.
    pub fn message_bytes(&self) -> u64 {
        self.shared.message_bytes.load(Relaxed)
    }

    /// Attempts that ended before a welcome.
    pub fn refused(&self) -> usize {
        lock(&self.shared.refused).total()
    }

    /// Members whose connection the server ended.
    pub fn evicted(&self) -> usize {
        lock(&self.shared.evicted).total()
    }

    /// The unwanted ends of attempts and memberships, with counts.
    pub fn ends(&self) -> String {
        let list = |what, ends: &Mutex<Ends>| {
            let ends = lock(ends);
            if ends.total() == 0 { String::new() } else { format!("; {what}{ends}") }
        };
        list("cut before the welcome", &self.shared.refused)
            + &list("evicted", &self.shared.evicted)
    }
}

impl Shared {
    /// One client, from its first attempt to its end.
    async fn attend(self: Arc<Self>, place: usize, seed: u64) {
        let mut rng = StdRng::seed_from_u64(seed ^ place as u64);
        let name = format!("m{:04x}-{place}", seed & 0xffff);
        let Some(mut raw) = self.arrive(&name, &mut rng).await else {
            self.given_up.fetch_add(1, Relaxed);
            return;
        };
        self.bytes.fetch_add(raw.received, Relaxed);
        let took = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last_welcome.fetch_max(took, Relaxed);
        self.welcomed.fetch_add(1, Relaxed);
        let stayed = self.stay(&mut raw, place, &name).await;
        match stayed {
            Ok(()) => {
                self.left.fetch_add(1, Relaxed);
            }
            Err(end) => lock(&self.evicted).count(&end.to_string()),
        }
    }

    /// Connects until there is a welcome, with random and growing pauses between the attempts.
    async fn arrive(&self, name: &str, rng: &mut StdRng) -> Option<Raw> {
        let mut most = FIRST_PAUSE;
        for _ in 0..ATTEMPTS {
            let left = ARRIVAL.checked_sub(self.began.elapsed())?;
            match timeout(left, self.way.enter(name)).await {
                Ok(Ok(raw)) => return Some(raw),
                Ok(Err(error)) => lock(&self.refused).count(&error.to_string()),
                Err(_) => lock(&self.refused).count("not welcomed in a minute"),
            }
            sleep(most.mul_f64(rng.random_range(0.5..1.0))).await;
            most = (most * 2).min(LONGEST_PAUSE);
        }
        None
    }

    /// Receives until this member must leave.
    ///
    /// # Errors
    ///
    /// The end, if the server ended the connection.
    async fn stay(&self, raw: &mut Raw, place: usize, name: &str) -> io::Result<()> {
        let mut phase = self.phase.clone();
        let mut counted = raw.received;
        let mut fenced = false;
        loop {
            let frame = tokio::select! {
                frame = raw.next() => frame,
                changed = phase.changed() => {
                    // The crowd is dropped, and all its members with it.
                    if changed.is_err() {
                        return Ok(());
                    }
                    let now = *phase.borrow_and_update();
                    let renames = self.way.dialect == Dialect::Canonical && place.is_multiple_of(4);
                    match now {
                        Phase::Stirring if renames => {
                            let request = json!({
                                "type": "rename", "id": "r", "username": format!("new-{name}"),
                            });
                            raw.send(Frame::text(request.to_string())).await?;
                        }
                        Phase::Stirring if place.is_multiple_of(2) => {
                            self.leaving.fetch_add(1, Relaxed);
                            let goodbye = async {
                                raw.send(Frame::close(1000, "")).await?;
                                io::Result::Ok(raw.end().await)
                            };
                            // It leaves, whether or not the server answers its close frame.
                            let _ = timeout(GOODBYE, goodbye).await;
                            self.bytes.fetch_add(raw.received - counted, Relaxed);
                            return Ok(());
                        }
                        Phase::Fencing if self.way.dialect == Dialect::Note => {
                            raw.send(Frame::text(FENCE)).await?;
                        }
                        _ => {}
                    }
                    continue;
                }
            };
            self.bytes.fetch_add(raw.received - counted, Relaxed);
            counted = raw.received;
            let frame = frame?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if frame.header.opcode == Opcode::Close {
                let code = frame.close_code().map_or(1005, |(code, _)| code);
                return Err(io::Error::other(format!("close {code}")));
            }
            if is_message(&frame.payload) {
                self.message_bytes.fetch_add(frame.header.len, Relaxed);
            }
            if !fenced && self.fencing.load(Relaxed) && holds(&frame.payload, FENCE) {
                fenced = true;
                self.fenced.fetch_add(1, Relaxed);
            }
        }
    }
}

/// Whether a payload is a chat message: `type` is the first field of the canonical protocol, and
/// one of the last of `python_chat`. Only the ends are searched, for lists of members are long.
fn is_message(payload: &[u8]) -> bool {
    const KIND: &str = r#""type":"message""#;
    const END: usize = 120;
    let tail = &payload[payload.len().saturating_sub(END)..];
    payload.get(1..=KIND.len()) == Some(KIND.as_bytes()) || holds(tail, KIND)
}

fn lock(ends: &Mutex<Ends>) -> MutexGuard<'_, Ends> {
    ends.lock().unwrap_or_else(PoisonError::into_inner)
}
