//! A room's sessions, however they end.

use std::collections::BTreeSet;
use std::sync::{Mutex, mpsc as std_mpsc};
use std::time::Duration;
use std::{io, thread};

use futures::{SinkExt, StreamExt};
use tokio::io::duplex;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{ClientId, Hub};
use ws101::endpoint::Endpoint;
use ws101::log::Events;
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::upgrade::Peer;

/// Tells how many members there are whenever somebody comes or goes.
struct Door(mpsc::UnboundedSender<usize>);

impl Room for Door {
    fn joined(&mut self, _who: ClientId, _peer: &Peer, hub: &Hub) {
        self.0.send(hub.members()).unwrap();
    }

    fn heard(&mut self, _who: ClientId, _message: Message, _hub: &Hub) {}

    fn left(&mut self, _who: ClientId, hub: &Hub) {
        self.0.send(hub.members()).unwrap();
    }
}

#[tokio::test]
async fn whoever_left_is_no_member_even_if_the_session_was_dropped() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let door = Endpoint::open(Door(tell), &Settings::default());
    let (far, near) = duplex(4096);
    let session = tokio::spawn({
        let door = door.clone();
        async move { door.accept(near).await.map(drop) }
    });
    let _client = client_async("ws://localhost/", far).await.expect("101");
    assert_eq!(told.recv().await, Some(1));
    session.abort();
    assert!(session.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(told.recv().await, Some(0));
}

/// Wants to be called so many milliseconds after each message that says so.
struct Alarm {
    now: Duration,
    due: BTreeSet<Duration>,
    tell: mpsc::UnboundedSender<Duration>,
    /// Whether it forgets a deadline that has passed.
    forgets: bool,
}

impl Room for Alarm {
    fn heard(&mut self, _who: ClientId, message: Message, _hub: &Hub) {
        let after = message.to_text().unwrap().parse().unwrap();
        self.due.insert(self.now + Duration::from_millis(after));
    }

    fn now(&mut self, now: Duration) {
        self.now = now;
    }

    fn deadline(&self) -> Option<Duration> {
        self.due.first().copied()
    }

    fn overdue(&mut self, _hub: &Hub) {
        let due = if self.forgets { self.due.pop_first() } else { self.due.first().copied() };
        self.tell.send(self.now.saturating_sub(due.unwrap())).unwrap();
    }
}

/// Opens a room that is woken, says `after` to it, and hears by how much it was late.
async fn alarm(forgets: bool, after: &[u64]) -> mpsc::UnboundedReceiver<Duration> {
    let (tell, told) = mpsc::unbounded_channel();
    let room = Alarm { now: Duration::ZERO, due: BTreeSet::new(), tell, forgets };
    let door = Endpoint::open(room, &Settings { stats: Duration::ZERO, ..Settings::default() });
    let (far, near) = duplex(4096);
    tokio::spawn(async move { door.accept(near).await.map(drop) });
    let (mut client, _) = client_async("ws://localhost/", far).await.expect("101");
    for after in after {
        client.send(Message::text(after.to_string())).await.expect("it is sent");
    }
    tokio::time::sleep(Duration::from_millis(900)).await; // Virtual.
    told
}

#[tokio::test(start_paused = true)]
async fn a_room_is_called_at_its_deadlines_whichever_comes_first() {
    let mut told = alarm(true, &[700, 70, 300, 2_000]).await;
    for _ in 0..3 {
        let late = told.try_recv().expect("it was called");
        assert!(late <= Duration::from_millis(2), "{late:?} late");
    }
    assert!(told.try_recv().is_err(), "the fourth is still to come");
}

#[tokio::test(start_paused = true)]
async fn a_room_that_forgets_no_deadline_is_not_called_without_end() {
    let mut told = alarm(false, &[100]).await;
    let mut calls = 0;
    while told.try_recv().is_ok() {
        calls += 1;
    }
    assert!((2..=100).contains(&calls), "{calls} calls in 0.8 s");
}

/// Tells that time passes.
struct Clock(mpsc::UnboundedSender<Duration>);

impl Room for Clock {
    fn heard(&mut self, _who: ClientId, _message: Message, _hub: &Hub) {}

    fn tick(&mut self, now: Duration, _hub: &Hub) {
        self.0.send(now).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn time_passes_in_a_room_that_is_told_no_statistics() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let _clock =
        Endpoint::open(Clock(tell), &Settings { stats: Duration::ZERO, ..Settings::default() });
    for second in 1..=3 {
        let ticked = timeout(Duration::from_secs(60), told.recv()).await.expect("it ticks");
        assert_eq!(ticked, Some(Duration::from_secs(second)));
    }
}

/// How long the other thread may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Panics at every message, and greets whoever comes.
struct Fragile;

impl Room for Fragile {
    fn joined(&mut self, who: ClientId, _peer: &Peer, hub: &Hub) {
        hub.send(who, "hello");
    }

    fn heard(&mut self, _who: ClientId, _message: Message, _hub: &Hub) {
        panic!("this room's bug");
    }

    fn noted(&mut self) -> Option<&'static str> {
        Some("noted")
    }
}

/// A log that writes nothing until it is let: each write is told, and waits for the word.
struct Stuck(std_mpsc::Sender<String>, std_mpsc::Receiver<()>);

impl io::Write for Stuck {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let gone = || io::Error::other("the test has ended");
        self.0.send(String::from_utf8_lossy(line).into_owned()).map_err(|_| gone())?;
        self.1.recv().map_err(|_| gone())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens a connection on `runtime`, hears the greeting, says something and waits for the end.
async fn visit(fragile: Endpoint<Fragile>) {
    let (far, near) = duplex(4096);
    let session = tokio::spawn(async move { fragile.accept(near).await.map(drop) });
    let (mut client, _) = client_async("ws://localhost/", far).await.expect("101");
    let hello = client.next().await.expect("a greeting").expect("it is whole");
    assert_eq!(hello, Message::text("hello"));
    client.send(Message::text("crash")).await.expect("it is sent");
    while client.next().await.is_some_and(|said| said.is_ok()) {}
    drop(client);
    session.await.expect("the session ends").expect("it was a WebSocket");
}

/// Runs one visit on a thread of its own, with a log of its own, and tells when it is over.
fn visiting(
    fragile: &Endpoint<Fragile>,
    log: impl io::Write + Send + 'static,
) -> std_mpsc::Receiver<()> {
    let (done, ended) = std_mpsc::channel();
    let fragile = fragile.clone();
    thread::spawn(move || {
        let log = Mutex::new(log);
        let log = Events::new(move |line| drop(log.lock().unwrap().write_all(line.as_bytes())));
        let _logging = tracing::subscriber::set_default(log);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(visit(fragile));
        done.send(()).unwrap();
    });
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_log_that_blocks_does_not_hold_the_room() {
    let fragile = Endpoint::open(Fragile, &Settings::default());
    let (tell, told) = std_mpsc::channel();
    let (release, released) = std_mpsc::channel();
    let ended = visiting(&fragile, Stuck(tell, released));
    // While the log waits, somebody else comes in, is greeted, crashes the room and leaves.
    for wanted in ["noted", "joined", "the room panicked", "noted", "noted", "left"] {
        let line = told.recv_timeout(PATIENCE).expect(wanted);
        assert!(line.contains(wanted), "{wanted}: {line}");
        let other = visiting(&fragile, io::sink()).recv_timeout(PATIENCE);
        assert_eq!(other, Ok(()), "the room is locked while the log writes: {line}");
        release.send(()).unwrap();
    }
    assert_eq!(ended.recv_timeout(PATIENCE), Ok(()));
}
