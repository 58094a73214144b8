//! Fan-out over pipes: one order, bounded memory, nobody forgotten.

use std::time::Duration;

use futures::StreamExt;
use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use ws101::broadcast::{Audience, Delivery, Hub, HubOptions, Mailbox, Outlet, Overflow};
use ws101::frame::{Decoder, Frame};

/// Long enough for everything, short enough to fail by.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

pub(super) fn member(hub: &Hub, pipe: usize) -> (Mailbox, DuplexStream) {
    let (far, near) = duplex(pipe);
    (hub.join(&Outlet::new(near)), far)
}

/// Drives a mailbox as a session does, until its membership ends.
pub(super) fn driven(mailbox: Mailbox) -> JoinHandle<Option<u16>> {
    tokio::spawn(async move { mailbox.drive().await.ok().map(|frame| frame.code.into()) })
}

pub(super) async fn texts(far: DuplexStream, n: usize) -> Vec<String> {
    let mut socket = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
    let mut texts = Vec::new();
    while texts.len() < n {
        let next = timeout(DEADLINE, socket.next()).await.expect("something is said in time");
        match next.expect("the stream goes on").expect("frames are whole") {
            Message::Text(text) => texts.push(text.to_string()),
            other => panic!("{other:?}"),
        }
    }
    texts
}

#[tokio::test]
async fn everyone_hears_in_one_order_replies_included() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let (ann, ann_far) = member(&hub, 1 << 16);
    let (bob, bob_far) = member(&hub, 1 << 16);
    let (ann_id, _bob_id) = (ann.id(), bob.id());
    let _sessions = [driven(ann), driven(bob)];
    assert_eq!(hub.broadcast("1"), Delivery { members: 2 });
    assert_eq!(hub.send(ann_id, "2 to ann"), Delivery { members: 1 });
    assert_eq!(hub.broadcast("3"), Delivery { members: 2 });
    assert_eq!(hub.broadcast_except(ann_id, "4 not to ann"), Delivery { members: 1 });
    assert_eq!(hub.broadcast("5"), Delivery { members: 2 });
    assert_eq!(texts(ann_far, 4).await, ["1", "2 to ann", "3", "5"]);
    assert_eq!(texts(bob_far, 4).await, ["1", "3", "4 not to ann", "5"]);
}

#[tokio::test]
async fn a_newcomer_hears_what_is_said_from_now_on() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let (_first, _far) = member(&hub, 1 << 16);
    hub.broadcast("before");
    let (late, late_far) = member(&hub, 1 << 16);
    let _session = driven(late);
    hub.broadcast("after");
    assert_eq!(texts(late_far, 1).await, ["after"]);
}

#[tokio::test]
async fn the_excluded_hear_only_what_is_for_them() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let (mailbox, far) = member(&hub, 1 << 16);
    let id = mailbox.id();
    let _session = driven(mailbox);
    hub.broadcast("1");
    hub.exclude(id);
    assert_eq!(hub.broadcast("2 missed"), Delivery { members: 0 });
    hub.send(id, "3 for you");
    hub.include(id);
    hub.broadcast("4");
    assert_eq!(texts(far, 3).await, ["1", "3 for you", "4"]);
}

#[tokio::test]
async fn nobody_is_a_member_after_leaving() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let (mailbox, _far) = member(&hub, 64);
    let id = mailbox.id();
    assert_eq!(hub.members(), 1);
    drop(mailbox);
    assert_eq!(hub.members(), 0);
    assert_eq!(hub.send(id, "?"), Delivery { members: 0 });
    assert_eq!(hub.broadcast("?"), Delivery { members: 0 });
    assert_ne!(member(&hub, 64).0.id(), id, "numbers are not used twice");
}

#[tokio::test(start_paused = true)]
async fn the_slow_are_let_go_and_the_others_do_not_notice() {
    let hub = Hub::new(HubOptions { capacity: 10_000, ..HubOptions::default() });
    let (slow, slow_far) = member(&hub, 100);
    let (quick, quick_far) = member(&hub, 100);
    let (slow, _quick) = (driven(slow), driven(quick));
    let heard = tokio::spawn(texts(quick_far, 500));
    for n in 0..500 {
        hub.broadcast(format!("{n:0100}"));
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(slow.await.unwrap(), Some(1013));
    assert_eq!(hub.members(), 1);
    let heard = heard.await.unwrap();
    assert!(heard.iter().enumerate().all(|(n, text)| *text == format!("{n:0100}")));
    drop(slow_far);
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_let_go_though_nobody_asks() {
    let hub = Hub::new(HubOptions {
        capacity: 10_000,
        overflow: Overflow::DropOldest,
        write_deadline: Duration::from_secs(3),
        ..HubOptions::default()
    });
    let (slow, mut slow_far) = member(&hub, 100);
    let (began, session) = (Instant::now(), driven(slow));
    hub.broadcast("x".repeat(1_000));
    for _ in 0..5 {
        sleep(Duration::from_secs(2)).await;
        slow_far.read_u8().await.unwrap();
    }
    let ended = timeout(DEADLINE, session).await.expect("it is noticed");
    assert_eq!(ended.unwrap(), Some(1013));
    assert_eq!(began.elapsed(), Duration::from_secs(13), "three since it last took something");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_let_go_because_the_server_is_slow() {
    let hub = Hub::new(HubOptions { capacity: 10_000, ..HubOptions::default() });
    let (mailbox, far) = member(&hub, 1 << 20);
    // Its session does not have a turn, and its stream would take all of it.
    for n in 0..1_000 {
        hub.send(mailbox.id(), format!("{n:0200}"));
    }
    assert_eq!(hub.members(), 1);
    let _session = driven(mailbox);
    let heard = texts(far, 1_000).await;
    assert!(heard.iter().enumerate().all(|(n, text)| *text == format!("{n:0200}")));
}

#[tokio::test(start_paused = true)]
async fn what_a_slow_member_holds_is_bounded() {
    for (overflow, most) in [(Overflow::DropOldest, 10_000), (Overflow::Disconnect, 200)] {
        let hub = Hub::new(HubOptions { capacity: 10_000, overflow, ..HubOptions::default() });
        let (far, near) = duplex(100);
        let outlet = Outlet::new(near);
        let mailbox = hub.join(&outlet);
        let session = driven(mailbox);
        for _ in 0..1_000 {
            hub.broadcast("x".repeat(198));
            sleep(Duration::from_millis(1)).await;
            assert!(outlet.unsent() <= 10_000 + 202, "{} unsent", outlet.unsent());
        }
        assert!(outlet.unsent() <= most, "{overflow:?}: {} unsent", outlet.unsent());
        assert_eq!(session.is_finished(), overflow == Overflow::Disconnect);
        drop(far);
    }
}

/// What it says itself is not for it, but puts it level with what others said.
#[tokio::test(start_paused = true)]
async fn who_speaks_and_never_reads_holds_no_more() {
    let hub = Hub::new(HubOptions { capacity: 10_000, ..HubOptions::default() });
    let (far, near) = duplex(100);
    let outlet = Outlet::new(near);
    let mailbox = hub.join(&outlet);
    let (_other, _other_far) = member(&hub, 1 << 20);
    for _ in 0..1_000 {
        hub.broadcast("x".repeat(198));
        hub.broadcast_except(mailbox.id(), "me");
        sleep(Duration::from_millis(1)).await;
        assert!(outlet.unsent() <= 10_000 + 202, "{} unsent", outlet.unsent());
    }
    assert_eq!(driven(mailbox).await.unwrap(), Some(1013));
    drop(far);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_oldest_keeps_frames_whole_and_the_newest() {
    let hub = Hub::new(HubOptions {
        capacity: 1_000,
        overflow: Overflow::DropOldest,
        ..HubOptions::default()
    });
    let (mailbox, mut far) = member(&hub, 37);
    let _session = driven(mailbox);
    for n in 0..200 {
        hub.broadcast(format!("message {n}"));
        sleep(Duration::from_millis(1)).await;
    }
    let (mut decoder, mut buffer, mut heard) = (Decoder::new(1 << 16), [0; 64], Vec::new());
    while let Ok(n) = timeout(Duration::from_secs(1), far.read(&mut buffer)).await {
        decoder.push(&buffer[..n.unwrap()]);
        heard.extend(
            decoder
                .by_ref()
                .map(|frame: Frame| String::from_utf8_lossy(&frame.payload).into_owned()),
        );
    }
    assert_eq!(decoder.pending(), None);
    assert_eq!(heard.first().map(String::as_str), Some("message 0"), "what was begun is finished");
    assert_eq!(heard.last().map(String::as_str), Some("message 199"));
    assert!(heard.len() < 200);
    let numbers: Vec<u32> = heard.iter().map(|text| text[8..].parse().unwrap()).collect();
    assert!(numbers.is_sorted());
}

/// As above, but read from now and then, so that frames are torn again and again.
#[tokio::test(start_paused = true)]
async fn what_is_torn_is_never_forgotten() {
    let hub = Hub::new(HubOptions {
        capacity: 300,
        overflow: Overflow::DropOldest,
        ..HubOptions::default()
    });
    let (mailbox, mut far) = member(&hub, 37);
    let _session = driven(mailbox);
    let (mut decoder, mut heard) = (Decoder::new(1 << 16), Vec::new());
    for n in 0..1_000 {
        hub.broadcast(format!("message {n:020}"));
        sleep(Duration::from_millis(1)).await;
        let mut buffer = [0; 13];
        let read = far.read(&mut buffer).await.unwrap();
        decoder.push(&buffer[..read]);
        heard.extend(decoder.by_ref().map(|frame| frame.payload));
    }
    assert!(heard.len() > 300 && heard.len() < 1_000);
    let numbers: Vec<u32> = heard
        .iter()
        .map(|text| std::str::from_utf8(text).unwrap().strip_prefix("message ").unwrap())
        .map(|number| number.parse().expect("every frame is whole"))
        .collect();
    assert!(numbers.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn a_reply_wakes_a_session_that_waits() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let (mailbox, far) = member(&hub, 1 << 16);
    let id = mailbox.id();
    let _session = driven(mailbox);
    sleep(Duration::from_millis(1)).await;
    hub.send(id, "wake up");
    assert_eq!(texts(far, 1).await, ["wake up"]);
}

#[tokio::test(start_paused = true)]
async fn a_close_comes_after_what_was_said() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let (mailbox, far) = member(&hub, 1 << 16);
    let id = mailbox.id();
    hub.broadcast("1");
    hub.close(id, CloseCode::Normal, "enough");
    hub.broadcast("2 too late");
    assert_eq!(u16::from(mailbox.drive().await.unwrap().code), 1000);
    // The session would now say goodbye; everything before it is on its way.
    let session = tokio::spawn(async move { mailbox.drive().await });
    assert_eq!(texts(far, 1).await, ["1"]);
    session.abort();
}

#[tokio::test]
async fn everyone_is_closed_those_still_to_come_included() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let (before, _far) = member(&hub, 64);
    hub.close_all(CloseCode::Away, "closing");
    let (after, _far) = member(&hub, 64);
    for mailbox in [before, after] {
        assert_eq!(u16::from(mailbox.drive().await.unwrap().code), 1001);
    }
    assert_eq!(hub.members(), 0);
}

#[tokio::test]
async fn a_broken_stream_ends_the_drive() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let (mailbox, far) = member(&hub, 64);
    drop(far);
    hub.broadcast("x".repeat(1000));
    assert!(timeout(DEADLINE, mailbox.drive()).await.expect("it is noticed").is_err());
}

/// The flush rule, tried: many threads, pipes that are nearly always full, and
/// readers that stop now and then. A lost wake-up would leave a reader waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_up_is_lost() {
    const SPEAKERS: usize = 4;
    const EACH: usize = 400;
    for pipe in [48, 200, 1_024, 65_536] {
        let hub = Hub::new(HubOptions { capacity: 1 << 24, ..HubOptions::default() });
        let mut heard = Vec::new();
        for _ in 0..12 {
            let (mailbox, far) = member(&hub, pipe);
            driven(mailbox);
            heard.push(tokio::spawn(texts(far, SPEAKERS * EACH)));
        }
        let speakers: Vec<_> = (0..SPEAKERS)
            .map(|speaker| {
                let hub = hub.clone();
                tokio::spawn(async move {
                    for n in 0..EACH {
                        hub.broadcast(format!("{speaker} {n} {}", "x".repeat(n % 150)));
                        if n % 7 == 0 {
                            tokio::task::yield_now().await;
                        }
                    }
                })
            })
            .collect();
        for speaker in speakers {
            speaker.await.unwrap();
        }
        let mut logs = Vec::new();
        for log in heard {
            logs.push(log.await.unwrap());
        }
        assert!(logs.iter().all(|log| *log == logs[0]), "one order for all");
        for speaker in 0..SPEAKERS {
            let own = format!("{speaker} ");
            let count = logs[0].iter().filter(|text| text.starts_with(&own)).enumerate();
            let in_order = count.map(|(n, text)| text.starts_with(&format!("{own}{n} ")));
            assert_eq!(in_order.filter(|ok| *ok).count(), EACH, "each speaker in order");
        }
    }
}

/// Two audiences, members that change between them, and one order in which all was said.
#[tokio::test]
async fn audiences_hear_their_own_words_in_one_order() {
    let (short, long) = (Audience(1), Audience(2));
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let (ann, ann_far) = member(&hub, 1 << 16);
    let (bob, bob_far) = member(&hub, 1 << 16);
    let (cat, cat_far) = member(&hub, 1 << 16);
    let [ann_id, bob_id, cat_id] = [&ann, &bob, &cat].map(Mailbox::id);
    let _sessions = [ann, bob, cat].map(driven);
    hub.seat(ann_id, short);
    hub.seat(bob_id, long);
    hub.seat(cat_id, long);
    assert_eq!([Audience::default(), short, long].map(|a| hub.listeners(a)), [0, 1, 2]);
    assert_eq!(hub.broadcast_to(short, None, "1").members, 1);
    assert_eq!(hub.broadcast_to(long, Some(cat_id), "one").members, 1);
    hub.send(cat_id, "one for cat");
    // What was said before is the old audience's, however late it is written.
    hub.seat(cat_id, short);
    hub.broadcast_to(short, None, "2");
    hub.broadcast_to(long, None, "two");
    // Who is not there cannot be spared there.
    assert_eq!(hub.broadcast_to(long, Some(ann_id), "three").members, 1);
    assert_eq!(hub.broadcast("nobody").members, 0);
    hub.seat(cat_id, long);
    hub.broadcast_to(long, None, "four");
    assert_eq!(texts(ann_far, 2).await, ["1", "2"]);
    assert_eq!(texts(bob_far, 4).await, ["one", "two", "three", "four"]);
    assert_eq!(texts(cat_far, 3).await, ["one for cat", "2", "four"]);
}

/// Moving while a round is on its way, written by another thread, neither loses nor doubles anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moving_between_audiences_loses_and_doubles_nothing() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    // Those who are written to first make a round last.
    let crowd: Vec<_> = (0..200).map(|_| member(&hub, 1 << 20)).collect();
    for (n, (mailbox, _)) in (0_u16..200).zip(&crowd) {
        hub.seat(mailbox.id(), Audience(n % 3));
    }
    let (mailbox, far) = member(&hub, 1 << 16);
    let id = mailbox.id();
    let _session = driven(mailbox);
    let mut said = Vec::new();
    for n in 0..6_000_u16 {
        let audience = Audience(n / 3 % 3);
        hub.seat(id, audience);
        hub.broadcast_to(audience, None, n.to_string());
        said.push(n.to_string());
        hub.broadcast_to(Audience((audience.0 + 1) % 3), None, "not for it");
        if n % 5 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(texts(far, said.len()).await, said);
}
