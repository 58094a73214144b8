//! The room with a real Redis: the same text in every run, and red for each fault of each handler.

mod server;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use futures::FutureExt;
use server::Redis;
use tokio::net::TcpListener;
use visitors::{Fault, Handler, Room, app};
use ws101::scenario::Scenario;
use ws101::transcript::Transcript;

/// How often the text must be the same.
const RUNS: u32 = 100;

const EXPECTED: &str = "\
== ann comes
ann -> GET /ws
ann <- 101
ann << json {\"guest\":1,\"history\":[],\"type\":\"hello\"}

== ann speaks, and bob comes
ann >> text \"hi\"
ann << json {\"guest\":1,\"text\":\"hi\",\"type\":\"said\"}
bob -> GET /ws
bob <- 101
bob << json {\"guest\":2,\"history\":[\"{\\\"guest\\\":1,\\\"text\\\":\\\"hi\\\",\\\"type\\\":\\\"said\\\"}\"],\"type\":\"hello\"}

== bob speaks
bob >> text \"hello\"
bob << json {\"guest\":2,\"text\":\"hello\",\"type\":\"said\"}
ann << json {\"guest\":2,\"text\":\"hello\",\"type\":\"said\"}

== a count
cat -> GET /visits
cat <- 200 \"visit 1\"
";

/// A room of its own, so that no test finds the keys of another.
async fn room(redis: &Redis) -> Room {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("room {}", NUMBER.fetch_add(1, Relaxed));
    Room::open(&redis.url(), &name).await.expect("Redis is there")
}

/// The acts, on a transcript of either kind.
async fn acts(t: &mut Transcript) {
    t.step("ann comes");
    t.connect("ann", "/ws").await;
    t.until("ann", "hello").await;
    t.step("ann speaks, and bob comes");
    t.send("ann", "hi").await;
    t.until("ann", "said").await;
    t.connect("bob", "/ws").await;
    t.until("bob", "hello").await;
    t.step("bob speaks");
    t.send("bob", "hello").await;
    t.until("bob", "said").await;
    t.until("ann", "said").await;
    t.step("a count");
    t.connect("cat", "/visits").await;
    t.until("cat", "visit").await;
}

/// In the process of the test. The connection to Redis is opened before the clock is paused.
async fn in_process(room: Room) -> Transcript {
    tokio::time::pause();
    let app = app(room);
    let mut t = Transcript::http(move || app.clone());
    // `until` waits for what comes later.
    t.real_quiet(Duration::from_millis(100));
    t
}

async fn over_tcp(room: Room) -> Transcript {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app(room)).await });
    Transcript::tcp(address)
}

/// A core that is busy until this is dropped.
struct BusyCore(&'static AtomicBool);

impl BusyCore {
    fn new() -> Self {
        let is_over: &'static AtomicBool = Box::leak(Box::default());
        thread::spawn(|| {
            while !is_over.load(Relaxed) {
                std::hint::spin_loop();
            }
        });
        Self(is_over)
    }
}

impl Drop for BusyCore {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

#[test]
fn in_process_the_text_is_the_same_in_every_run() {
    let redis = Redis::start();
    let _busy = BusyCore::new();
    for run in 0..RUNS {
        server::runtime().block_on(async {
            let mut t = in_process(room(&redis).await).await;
            acts(&mut t).await;
            assert_eq!(t.to_string(), EXPECTED, "run {run}");
            t.finish().await;
        });
    }
}

#[test]
fn over_tcp_the_text_is_the_same_in_every_run() {
    let redis = Redis::start();
    let _busy = BusyCore::new();
    for run in 0..RUNS {
        server::runtime().block_on(async {
            let mut t = over_tcp(room(&redis).await).await;
            acts(&mut t).await;
            assert_eq!(t.to_string(), EXPECTED, "run {run}");
        });
    }
}

/// The messages of the test of a room with this fault, while the clients act and at the end.
async fn told(redis: &Redis, handler: Handler, fault: Fault) -> String {
    let mut t = in_process(room(redis).await.with(handler, fault)).await;
    let acting = AssertUnwindSafe(acts(&mut t)).catch_unwind().await.err();
    let finishing = AssertUnwindSafe(t.finish()).catch_unwind().await.err();
    assert_ne!(t.to_string(), EXPECTED, "{handler:?} {fault:?}");
    let said = [acting, finishing].into_iter().flatten();
    let said = said.filter_map(|panic| panic.downcast_ref::<String>().cloned());
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_fault_of_each_handler_is_red_and_says_why() {
    let redis = Redis::start();
    let told = |handler, fault| server::runtime().block_on(told(&redis, handler, fault));
    for (handler, name) in
        [(Handler::Visits, "cat"), (Handler::Joining, "ann"), (Handler::Speaking, "ann")]
    {
        let said = told(handler, Fault::Panics);
        let finish = format!("{name}'s handler panicked: {handler:?} is broken");
        assert!(said.contains(&finish), "{said}");
        let line = format!("{name} -- server panicked: \"{handler:?} is broken\"");
        assert!(said.contains(&line), "{said}");
        let reason = match handler {
            Handler::Visits => "# cat's request has no answer",
            Handler::Joining => "ann received no line with \"hello\" within 5s",
            Handler::Speaking => "# ann's handler does not listen",
        };
        let said = told(handler, Fault::Hangs);
        assert!(said.contains(&format!("{name}'s handler still runs")), "{said}");
        assert!(said.contains(reason), "{handler:?}: {said}");
        let said = told(handler, Fault::AnswersLate);
        assert!(said.contains(reason), "{handler:?}: {said}");
    }
}

/// Plays the text as a scenario; what it said of the difference.
async fn played(redis: &Redis, faulty: (Handler, Fault), is_in_process: bool) -> String {
    let room = room(redis).await.with(faulty.0, faulty.1);
    let t = if is_in_process { in_process(room).await } else { over_tcp(room).await };
    // Three seconds are late.
    let scenario: Scenario = format!("@timeout 2s\n\n{EXPECTED}").parse().unwrap();
    let played = scenario.play(t).await;
    played.difference.map(|difference| difference.to_string()).unwrap_or_default()
}

#[test]
fn each_fault_is_a_difference_of_a_scenario_too() {
    let redis = Redis::start();
    for handler in [Handler::Visits, Handler::Joining, Handler::Speaking] {
        for fault in [Fault::Panics, Fault::Hangs, Fault::AnswersLate] {
            for is_in_process in [true, false] {
                let playing = played(&redis, (handler, fault), is_in_process);
                let said = server::runtime().block_on(playing);
                let reason = match fault {
                    Fault::Panics if is_in_process => "because   the server panicked",
                    Fault::Panics => "because   the connection ended instead",
                    Fault::Hangs | Fault::AnswersLate => "because   nothing came in 2s",
                };
                assert!(said.contains(reason), "{handler:?} {fault:?}: {said}");
            }
        }
    }
}
