//! Crowds: what n strangers cost, counted in bytes and steps at n and at 2n, without a clock.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep};
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{ClientId, Hub, HubOptions, Outlet};
use ws101::chat::{Chat, SUBPROTOCOL};
use ws101::crowd::{AT_ONCE, Crowd, FRAMES, LISTED, PASSING, Roll};
use ws101::frame::Decoder;
use ws101::handshake::Agreement;
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::upgrade::Peer;

use super::broadcast::driven;

/// More than a list names, and enough that squares stand out.
const N: usize = 300;

/// What was written to some clients.
#[derive(Debug, Default)]
pub(super) struct Meter {
    bytes: AtomicUsize,
    /// How often a stream was asked to take something: the fan-out's steps.
    writes: AtomicUsize,
    first: Mutex<Option<Instant>>,
    /// The bytes themselves, of those who are watched.
    kept: Option<Mutex<Vec<u8>>>,
}

impl Meter {
    fn keeping() -> Arc<Self> {
        Arc::new(Self { kept: Some(Mutex::default()), ..Self::default() })
    }

    /// Bytes and writes since the last call.
    fn take(&self) -> [usize; 2] {
        [&self.bytes, &self.writes].map(|count| count.swap(0, Relaxed))
    }

    /// The texts that were written since the last call.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut decoder = Decoder::new(1 << 20);
        decoder.push(&std::mem::take(&mut *self.kept.as_ref().unwrap().lock().unwrap()));
        decoder.map(|frame| String::from_utf8(frame.payload.into()).unwrap()).collect()
    }

    /// The same, parsed as JSON.
    pub(super) fn heard(&self) -> Vec<Value> {
        self.texts().iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }
}

/// A client that never speaks, and reads all or nothing.
struct Client {
    meter: Arc<Meter>,
    reads: bool,
}

impl AsyncRead for Client {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Client {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.reads {
            return Poll::Pending;
        }
        self.meter.bytes.fetch_add(buf.len(), Relaxed);
        self.meter.writes.fetch_add(1, Relaxed);
        self.meter.first.lock().unwrap().get_or_insert_with(Instant::now);
        if let Some(kept) = &self.meter.kept {
            kept.lock().unwrap().extend(buf);
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn peer(dialect: &str) -> Peer {
    let mut agreement = Agreement::new("dGhlIHNhbXBsZSBub25jZQ==");
    let target = match dialect {
        "v1" => {
            agreement.subprotocol = Some(SUBPROTOCOL.to_owned());
            "/".to_owned()
        }
        _ => format!("/?dialect={dialect}"),
    };
    Peer::new(&Request::get(target).body(()).unwrap(), &agreement)
}

/// A chat and its sessions.
pub(super) struct Town {
    pub(super) chat: Chat,
    pub(super) hub: Hub,
    /// Of all clients that are not watched.
    meter: Arc<Meter>,
    sessions: BTreeMap<ClientId, JoinHandle<Option<u16>>>,
    now: Duration,
    names: usize,
}

impl Town {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            chat: Chat::new(&Settings::default()),
            hub: Hub::new(HubOptions { capacity, ..HubOptions::default() }),
            meter: Arc::default(),
            sessions: BTreeMap::new(),
            now: Duration::ZERO,
            names: 0,
        }
    }

    /// One comes in, under a name of its own.
    fn enter(&mut self, dialect: &str, meter: Arc<Meter>, reads: bool) -> ClientId {
        let mailbox = self.hub.join(&Outlet::new(Client { meter, reads }));
        let who = mailbox.id();
        self.sessions.insert(who, driven(mailbox));
        self.chat.joined(who, &peer(dialect), &self.hub);
        self.names += 1;
        let name = format!("visitor {:06}", self.names);
        match dialect {
            "v1" => self.say(who, &json!({"type": "hello", "v": 1, "username": name})),
            "python_chat" => self.say(who, &json!({"type": "join", "username": name})),
            _ => {}
        }
        who
    }

    pub(super) fn arrive(&mut self, n: usize, dialect: &str) -> Vec<ClientId> {
        let meter = self.meter.clone();
        (0..n).map(|_| self.enter(dialect, meter.clone(), true)).collect()
    }

    pub(super) fn watch(&mut self, dialect: &str) -> Arc<Meter> {
        let meter = Meter::keeping();
        self.enter(dialect, meter.clone(), true);
        meter
    }

    pub(super) fn say(&mut self, who: ClientId, said: &Value) {
        self.chat.heard(who, Message::text(said.to_string()), &self.hub);
    }

    /// A session ends, whoever ended it.
    pub(super) async fn leave(&mut self, who: ClientId) {
        let session = self.sessions.remove(&who).unwrap();
        session.abort();
        let _ = session.await;
        self.chat.left(who, &self.hub);
    }

    /// A second passes.
    pub(super) async fn tick(&mut self) {
        sleep(Duration::from_secs(1)).await;
        self.now += Duration::from_secs(1);
        self.chat.tick(self.now, &self.hub);
        sleep(Duration::from_millis(1)).await;
    }
}

/// The actions of a crowd, and their cost in bytes and in writes to streams.
type Cost = (&'static str, [usize; 2]);

/// Checks that what 2n do costs twice what n do, and a little.
async fn assert_linear(dialect: &str, costs: impl AsyncFn(usize) -> Vec<Cost>) {
    let once = costs(N).await;
    let twice = costs(2 * N).await;
    assert_eq!(once.len(), twice.len());
    for ((what, once), (_, twice)) in once.into_iter().zip(twice) {
        for (unit, once, twice) in [("bytes", once[0], twice[0]), ("writes", once[1], twice[1])] {
            println!("{dialect}, {what}: {once} {unit} for n, {twice} for 2n");
            assert!(once > 0, "{dialect}, {what}: somebody is told something");
            assert!(
                twice * 10 <= once * 22,
                "{dialect}, {what}: {once} {unit} for n, {twice} for 2n"
            );
        }
    }
}

/// The cost of n members of a dialect, from the first arrival to the last departure.
async fn life(dialect: &'static str, n: usize) -> Vec<Cost> {
    let mut costs = Vec::new();
    let mut town = Town::new(1 << 20);
    let members = town.arrive(n, dialect);
    town.tick().await;
    costs.push(("arrivals", town.meter.take()));
    assert_eq!(town.hub.members(), n, "{dialect}: nobody is evicted");

    let kind = if dialect == "node_chat" { "user" } else { "message" };
    town.say(members[0], &json!({"type": kind, "content": "hi"}));
    sleep(Duration::from_millis(1)).await;
    costs.push(("a message", town.meter.take()));
    town.tick().await;
    town.meter.take();

    // A whole room that types is shown typing a few times.
    if ["v1", "python_chat"].contains(&dialect) {
        for &who in &members {
            town.say(who, &json!({"type": "typing"}));
        }
        town.tick().await;
        costs.push(("typing", town.meter.take()));
    }

    // The members of the other dialect rename themselves and leave, too.
    let others = town.arrive(n, "v1");
    town.tick().await;
    town.meter.take();
    for who in &others {
        let name = format!("somebody {who:06}");
        town.say(*who, &json!({"type": "rename", "username": name, "id": "r"}));
    }
    town.tick().await;
    let renamings = town.meter.take();
    if dialect != "broadcast_server" {
        costs.push(("renamings", renamings));
    }
    for who in others {
        town.leave(who).await;
    }
    town.tick().await;
    costs.push(("departures", town.meter.take()));
    assert_eq!(town.hub.members(), n, "{dialect}: the others stay");
    costs
}

/// Clients that read nothing are evicted by a few messages; the others hear of it in one summary.
async fn evictions(dialect: &'static str, n: usize) -> Vec<Cost> {
    let mut town = Town::new(50_000);
    town.arrive(n, dialect);
    let meter = town.meter.clone();
    let slow: Vec<_> = (0..n).map(|_| town.enter("v1", meter.clone(), false)).collect();
    let speaker = town.arrive(1, "v1")[0];
    town.tick().await;
    // 56 kB, where 50 kB may wait.
    for _ in 0..8 {
        town.say(speaker, &json!({"type": "message", "content": "я".repeat(3_500)}));
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(town.hub.members(), n + 1, "{dialect}: those who read nothing are evicted");
    town.meter.take();
    for who in slow {
        town.leave(who).await;
    }
    town.tick().await;
    let cost = town.meter.take();
    assert_eq!(town.hub.members(), n + 1, "{dialect}: the others stay");
    vec![("evictions", cost)]
}

/// Two tests for each dialect, so that they run beside each other.
macro_rules! dialects {
    ($($dialect:ident)*) => { $(
        mod $dialect {
            use super::{assert_linear, evictions, life};

            const DIALECT: &str = stringify!($dialect);

            #[tokio::test(start_paused = true)]
            async fn twice_as_many_members_cost_twice_as_much() {
                assert_linear(DIALECT, async |n| life(DIALECT, n).await).await;
            }

            #[tokio::test(start_paused = true)]
            async fn twice_as_many_evictions_cost_twice_as_much_and_evict_nobody_else() {
                assert_linear(DIALECT, async |n| evictions(DIALECT, n).await).await;
            }
        }
    )* };
}

// The dialects of those who come in by themselves or with their first words.
dialects! { v1 node_chat broadcast_server python_chat }

/// Every array in a JSON text, at any depth.
fn lists(value: &Value) -> Vec<&Vec<Value>> {
    let inner: Vec<&Value> = match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    };
    value.as_array().into_iter().chain(inner.into_iter().flat_map(lists)).collect()
}

#[tokio::test(start_paused = true)]
async fn no_list_is_longer_than_stated_and_the_count_is_told() {
    for dialect in ["v1", "node_chat", "broadcast_server", "python_chat"] {
        let mut town = Town::new(1 << 20);
        let early = town.watch(dialect);
        town.arrive(N, "v1");
        let late = town.watch(dialect);
        town.tick().await;
        let [early, late] = [early, late].map(|meter| meter.heard());
        for said in early.iter().chain(&late) {
            assert!(lists(said).iter().all(|list| list.len() <= LISTED), "{dialect}: {said}");
        }
        let told = early.len();
        assert!(told <= 2 + AT_ONCE, "{dialect}: {told} frames for {N} arrivals");
        let last = early.last().unwrap();
        let count = match dialect {
            "node_chat" => continue,
            "broadcast_server" => &last["clientsCount"],
            _ => &last["count"],
        };
        assert_eq!(count, &json!(N + 2), "{dialect}: {last}");
        let welcome = &late[0];
        let count = match dialect {
            "v1" => &welcome["rooms"][0]["count"],
            "broadcast_server" => &welcome["clientsCount"],
            _ => &welcome["count"],
        };
        assert_eq!(count, &json!(N + 2), "{dialect}: {welcome}");
    }
}

/// A name of 128 bytes, the most there may be; those of different numbers do not look alike.
fn longest_name(number: usize) -> String {
    let sign = |digit: usize| ['🦀', '🐼', '🦊', '🐸'][number >> (2 * digit) & 3];
    (0..32).map(sign).collect()
}

/// The bytes of the lists in a period, as `ws101::crowd::FRAMES` states them.
const PERIOD_BYTES: usize = 400_000;

#[tokio::test(start_paused = true)]
async fn the_lists_of_a_period_fit_a_line_of_10_mbit_in_a_room_of_any_size() {
    let mut most = 0;
    for n in [5, 15, 99, 150] {
        let mut town = Town::new(1 << 20);
        let watched = town.watch("python_chat");
        let members = town.arrive(n, "v1");
        town.tick().await;
        let mut names = (0..).map(longest_name);
        for &who in &members {
            town.say(who, &json!({"type": "rename", "username": names.next()}));
        }
        town.tick().await;
        watched.take();
        // More than any period tells one by one.
        for who in members.iter().cycle().take(AT_ONCE + 10) {
            town.say(*who, &json!({"type": "rename", "username": names.next()}));
        }
        town.tick().await;
        let [bytes, _] = watched.take();
        println!("{n} members: {bytes} bytes");
        most = most.max(bytes);
    }
    assert!((100_000..=PERIOD_BYTES).contains(&most), "{most} bytes");
}

/// What a client of the canonical protocol knows, as `lessons` tell it to.
#[derive(Default)]
struct Known(BTreeMap<String, String>);

impl Known {
    fn put(&mut self, user: &Value) {
        let text = |field: &str| user[field].as_str().unwrap().to_owned();
        self.0.insert(text("id"), text("username"));
    }

    fn hear(&mut self, said: &Value) {
        let list = |field: &str| said[field].as_array().cloned().unwrap_or_default();
        match said["type"].as_str().unwrap() {
            "welcome" => {
                said["rooms"][0]["members"].as_array().unwrap().iter().for_each(|m| self.put(m));
            }
            "user_joined" => self.put(&said["user"]),
            "user_left" => drop(self.0.remove(said["user"]["id"].as_str().unwrap())),
            "system" if said["event"] == "renamed" => {
                let to = said["params"]["to"].as_str().unwrap().to_owned();
                self.0.insert(said["params"]["user"].as_str().unwrap().to_owned(), to);
            }
            "presence" => {
                if said["full"] == true {
                    self.0.clear();
                }
                for user in ["users", "joins", "renames"].into_iter().flat_map(list) {
                    self.put(&user);
                }
                for user in list("leaves") {
                    self.0.remove(user["id"].as_str().unwrap());
                }
            }
            _ => {}
        }
    }
}

/// Whoever follows the events knows everyone as soon as the room is small enough for a list.
#[tokio::test(start_paused = true)]
async fn who_follows_the_summaries_knows_who_is_here() {
    let mut town = Town::new(1 << 20);
    let watched = town.watch("v1");
    let mut known = Known::default();
    let mut here = Vec::new();
    // Up and down: at once, together, beyond a list, and back below it.
    for (come, rename, go) in [
        (5, 1, 1),
        (40, 10, 20),
        (300, 200, 150),
        (0, 0, 150),
        (60, 20, 5),
        (130, 0, 130),
        (0, 3, 40),
    ] {
        here.extend(town.arrive(come, "v1"));
        for &who in here.iter().rev().take(rename) {
            let name = format!("renamed {:09}", town.now.as_secs() * 1_000 + who);
            town.say(who, &json!({"type": "rename", "username": name}));
        }
        let leaving: Vec<_> = here.drain(..go.min(here.len())).collect();
        for who in leaving {
            town.leave(who).await;
        }
        town.tick().await;
        watched.heard().iter().for_each(|said| known.hear(said));
        if here.len() < LISTED {
            let newcomer = town.watch("v1");
            sleep(Duration::from_millis(1)).await;
            let mut truth = Known::default();
            newcomer.heard().iter().for_each(|said| truth.hear(said));
            watched.heard().iter().for_each(|said| known.hear(said));
            assert_eq!(known.0, truth.0, "after {come} came, {rename} renamed, {go} went");
            let newest = *town.sessions.last_key_value().unwrap().0;
            town.leave(newest).await;
            town.tick().await;
            watched.heard().iter().for_each(|said| known.hear(said));
        }
    }
}

/// Dialects that name few of those who did something together name the latest.
#[tokio::test(start_paused = true)]
async fn the_last_name_of_many_is_heard_in_each_dialect() {
    for dialect in ["v1", "node_chat", "python_chat"] {
        let mut town = Town::new(1 << 20);
        let watched = town.watch(dialect);
        let who = town.arrive(1, "v1")[0];
        town.tick().await;
        for n in 1..=40 {
            let name = format!("name {n} of 40");
            town.say(who, &json!({"type": "rename", "username": name}));
        }
        town.tick().await;
        let heard = watched.heard();
        let last = heard.last().unwrap().to_string();
        assert!(last.contains("name 40 of 40"), "{dialect}: {last}");
    }
}

#[test]
fn few_are_told_at_once_and_the_others_once_in_a_period() {
    let mut crowd = Crowd::new();
    let at_once = (0..2 * AT_ONCE).filter(|who| crowd.came(5, *who)).count();
    assert_eq!(at_once, AT_ONCE);
    assert!(!crowd.went(5, 0), "a departure is not told before the arrival");
    let summary = crowd.end_period();
    assert_eq!((summary.came.total(), summary.went.total()), (AT_ONCE, 1));
    assert_eq!(summary.came.first(usize::MAX).len(), LISTED);
    assert!(!summary.came.is_complete() && summary.went.is_complete());
    assert!(crowd.came(20, 7), "the next period begins");
    assert!(crowd.end_period().is_empty());
    // The more are told, the fewer single events there are.
    let at_once = (0..200).filter(|who| crowd.came(FRAMES / 4, *who)).count();
    assert_eq!(at_once, 4);
    let _ = crowd.end_period();
    assert!(!crowd.came(FRAMES + 1, 0));
    // What passes is counted for itself, and never told later.
    assert_eq!((0..200).filter(|_| crowd.passing(20)).count(), PASSING);
    assert_eq!(crowd.end_period().came.total(), 1);
    assert!(crowd.passing(20) && !crowd.passing(FRAMES));
}

/// How often the keys of a name were computed.
static FOLDED: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_name_is_found_without_looking_at_the_others() {
    let steps = |n: u64| {
        let mut roll = Roll::new(|name| {
            FOLDED.fetch_add(1, Relaxed);
            vec![name.to_lowercase()]
        });
        FOLDED.store(0, Relaxed);
        for who in 0..n {
            assert!(roll.enter(who, format!("Name {who}")));
            assert!(!roll.is_free(u64::MAX, &format!("nAME {who}")));
        }
        for who in 0..n {
            assert!(roll.enter(who, format!("NAME {who}")), "one's own name is free");
            assert_eq!(roll.leave(who), Some(format!("NAME {who}")));
        }
        assert!(roll.is_empty());
        FOLDED.load(Relaxed)
    };
    let [once, twice] = [1_000, 2_000].map(steps);
    assert_eq!(twice, 2 * once);
    // Coming, asking and leaving fold one name each; renaming folds the new one, and the old one twice.
    assert_eq!(once, 6 * 1_000);
}

/// A room in which somebody always has something to say, and other tasks take their time.
#[tokio::test(start_paused = true)]
async fn a_round_waits_for_silence_no_longer_than_50_ms() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let meter = Arc::new(Meter::default());
    let client = || Outlet::new(Client { meter: meter.clone(), reads: true });
    let _crowd: Vec<_> = (0..5_000).map(|_| hub.join(&client())).collect();
    let speaker = hub.clone();
    let began = Instant::now();
    let speaking = tokio::spawn(async move {
        loop {
            speaker.broadcast("more");
            advance(Duration::from_millis(5)).await;
        }
    });
    while meter.first.lock().unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    speaking.abort();
    let first = meter.first.lock().unwrap().unwrap() - began;
    assert!(first <= Duration::from_millis(100), "the first member was told after {first:?}");
}
