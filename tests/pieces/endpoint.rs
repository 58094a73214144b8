//! A room's sessions, however they end.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::SinkExt;
use tokio::io::duplex;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{ClientId, Hub};
use ws101::endpoint::Endpoint;
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
