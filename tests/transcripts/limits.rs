//! What a client may take, and what happens to one who takes more.

use std::time::Duration;

use ws101::frame::{Frame, Opcode};
use ws101::limits::{MAX_FRAGMENTS, MESSAGE_DEADLINE, WRITE_DEADLINE};
use ws101::settings::Settings;
use ws101::transcript::Request;

use super::{chat, enter, v1};

#[tokio::test(start_paused = true)]
async fn whoever_speaks_too_fast_is_told_when_to_go_on() {
    let settings = Settings { rate: 1, stats: Duration::from_secs(3600), ..Settings::default() };
    let (mut t, _chat) = chat(&settings);
    t.any("retry_after_ms");
    t.step("four at once, hello among them, and no more");
    enter(&mut t, "ann").await;
    for n in 1..=4 {
        t.send("ann", format!(r#"{{"type":"message","id":"m{n}","content":"{n}"}}"#)).await;
    }
    t.step("a second later there is one more");
    t.pass(Duration::from_secs(1)).await;
    t.send("ann", r#"{"type":"message","id":"m4","content":"4"}"#).await;
    t.step("in the words of each dialect");
    for (name, target, text) in [
        ("node", "/", r#"{"type":"user","content":"x"}"#),
        ("test", "/broadcast", "x"),
        ("ping", "/ws", r#"{"type":"ping"}"#),
        ("python", "/py", r#"{"type":"typing"}"#),
    ] {
        t.connect(name, target).await;
        for _ in 0..5 {
            t.send(name, text).await;
        }
    }
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_listen_is_closed_with_1008() {
    let (mut t, _chat) = chat(&Settings { rate: 1, ..Settings::default() });
    enter(&mut t, "eve").await;
    for n in 0..30 {
        t.send("eve", format!(r#"{{"type":"message","content":"{n}"}}"#)).await;
    }
    let seen = t.to_string();
    assert_eq!(seen.matches(r#""code":"rate_limited""#).count(), 20, "{seen}");
    assert!(seen.contains(r#"eve << close 1008 "too many messages""#), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn whoever_says_too_much_is_told_when_to_go_on() {
    let settings = Settings { rate: 1_000, ..Settings::default() };
    let (mut t, _chat) = chat(&settings);
    enter(&mut t, "ann").await;
    enter(&mut t, "eve").await;
    t.step("what eve may say at once");
    let padding = "x".repeat(16_000);
    let line =
        |n| format!(r#"{{"type":"message","id":"m{n}","content":"{n}","padding":"{padding}"}}"#);
    for n in 1..=8 {
        t.send("eve", line(n)).await;
    }
    let seen = t.to_string();
    assert_eq!(seen.matches(r#"eve << json {"duplicate":false"#).count(), 8, "{seen}");
    t.step("one more is refused, and told by how much it came too soon");
    t.send("eve", line(9)).await;
    let seen = t.to_string();
    let refused = &seen[seen.find("== one more").unwrap()..];
    assert!(refused.contains(r#""code":"rate_limited""#), "{refused}");
    assert!(refused.contains(r#""ref":"m9""#), "{refused}");
    let wait = refused.split(r#""retry_after_ms":"#).nth(1).unwrap();
    let wait: u64 = wait.split([',', '}']).next().unwrap().parse().unwrap();
    assert!((300..500).contains(&wait), "{refused}");
    assert!(!refused.contains("ann <<"), "nobody hears it: {refused}");
    t.step("which is the truth");
    t.pass(Duration::from_millis(wait)).await;
    t.send("eve", line(9)).await;
    let seen = t.to_string();
    assert!(seen[seen.find("== which").unwrap()..].contains("ann << json"), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_any_kind_is_heard_as_far_as_the_burst() {
    for kind in ["message", "typing", "history", "ping"] {
        let (mut t, _chat) = chat(&Settings::default());
        enter(&mut t, "ann").await;
        enter(&mut t, "eve").await;
        t.step("the flood");
        for _ in 0..100 {
            t.send("eve", format!(r#"{{"type":"{kind}","content":"x"}}"#)).await;
        }
        let seen = t.to_string();
        let flood = &seen[seen.find("== the flood").unwrap()..];
        let heard = flood.matches("ann << json").count();
        // The burst, less her hello, and what the time adds that the sending takes.
        assert!(heard <= 22, "{kind}: {heard}");
        // That she left is heard in any case.
        assert_eq!(heard > 1, ["message", "typing"].contains(&kind), "{kind}: {heard}");
        assert!(flood.contains(r#"eve << close 1008 "too many messages""#), "{kind}: {flood}");
    }
}

#[tokio::test(start_paused = true)]
async fn pings_count_too() {
    let (mut t, _chat) = chat(&Settings::default());
    t.connect("eve", v1()).await;
    for _ in 0..300 {
        t.send("eve", Frame::ping("")).await;
    }
    let seen = t.to_string();
    assert!(seen.contains(r#"eve << close 1008 "too many frames a second""#), "{seen}");
    // The burst is answered, and what the time adds that the sending takes.
    assert!((240..270).contains(&seen.matches("<< pong").count()), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn a_message_comes_in_so_many_frames_and_no_more() {
    let (mut t, _chat) = chat(&Settings::default());
    t.connect("ann", "/chat").await;
    t.connect("eve", "/chat").await;
    for name in ["ann", "eve"] {
        t.send(name, Frame::text("x").unfinished()).await;
        for _ in 2..MAX_FRAGMENTS {
            t.send(name, Frame::new(Opcode::Continuation, "x").unfinished()).await;
        }
    }
    t.send("ann", Frame::new(Opcode::Continuation, "x")).await;
    t.send("eve", Frame::new(Opcode::Continuation, "x").unfinished()).await;
    t.send("eve", Frame::new(Opcode::Continuation, "x")).await;
    let seen = t.to_string();
    assert!(seen.contains("ann << text 1040 bytes"), "{}", &seen[seen.len() - 900..]);
    let told = r#"eve << close 1008 "a message in more than 1024 frames""#;
    assert!(seen.contains(told), "{}", &seen[seen.len() - 900..]);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_finished_in_time() {
    let (mut t, _chat) = chat(&Settings::default());
    t.connect("slow", "/chat").await;
    t.send("slow", Frame::text("still").unfinished()).await;
    t.step("pongs prove that it lives, and not that it ever ends");
    t.pass(MESSAGE_DEADLINE + Duration::from_secs(25)).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn a_frame_in_drops_lives_as_long_as_a_message_may() {
    let (mut t, _chat) = chat(&Settings::default());
    t.connect("slow", "/chat").await;
    t.mute("slow").await;
    let frame = Frame::text("x".repeat(1_000)).masked([1, 2, 3, 4]).to_bytes();
    for at in 0..30 {
        t.raw("slow", frame.slice(at..=at)).await;
        t.pass(Duration::from_secs(1)).await;
    }
    let told = r#"slow << close 1008 "a message of more than 30000 ms""#;
    assert!(t.to_string().contains(told), "{t}");
}

/// Pongs wait behind a long frame: no pong can overtake it.
#[tokio::test(start_paused = true)]
async fn a_long_frame_on_a_slow_line_is_heard() {
    let settings = Settings {
        heartbeat: Duration::from_secs(2),
        pong_timeout: Duration::from_secs(3),
        idle: Duration::from_secs(5),
        ..Settings::default()
    };
    let (mut t, chat) = chat(&settings);
    t.connect("slow", "/chat").await;
    t.mute("slow").await;
    let frame = Frame::text("x".repeat(25_000)).masked([1, 2, 3, 4]).to_bytes();
    for piece in frame.chunks(1_000) {
        t.raw("slow", frame.slice_ref(piece)).await;
        t.pass(Duration::from_secs(1)).await;
    }
    // The pongs come as soon as the protocol lets one: 26 s late for the first ping.
    for n in 1..=13 {
        t.send("slow", Frame::pong(n.to_string())).await;
    }
    assert_eq!(chat.report().connections, 1, "{t}");
    assert_eq!(chat.report().messages_in, 1);
    t.step("then nothing more: the deadlines count from the last byte");
    t.pass(Duration::from_millis(2_900)).await;
    assert_eq!(chat.report().connections, 1, "{t}");
    t.pass(Duration::from_millis(2_150)).await;
    let told = r#"slow << close 1011 "no pong in 3000 ms (RFC 6455 5.5.3)""#;
    assert!(t.to_string().contains(told), "{t}");
}

/// Each end of a deadline within 50 ms: not before it, and there after it.
#[tokio::test(start_paused = true)]
async fn a_message_that_stops_is_ended_at_its_deadline() {
    let starts = [
        ("a fragment", Frame::text("half").unfinished().masked([0; 4]).to_bytes()),
        ("half a frame", Frame::text("x".repeat(100)).masked([0; 4]).to_bytes().slice(..50)),
        ("half a header", Frame::text("x").masked([0; 4]).to_bytes().slice(..1)),
        ("half a ping", Frame::ping("x").masked([0; 4]).to_bytes().slice(..6)),
    ];
    for (what, start) in starts {
        let settings = Settings { message: Duration::from_secs(2), ..Settings::default() };
        let (mut t, chat) = chat(&settings);
        t.connect("slow", "/chat").await;
        t.raw("slow", start).await;
        t.pass(Duration::from_millis(1_950)).await;
        assert_eq!(chat.report().connections, 1, "{what}: {t}");
        t.pass(Duration::from_millis(100)).await;
        let told = r#"slow << close 1008 "a message of more than 2000 ms""#;
        assert!(t.to_string().contains(told), "{what}: {t}");
    }
}

/// The next message has time of its own, even if it begins where the last one ends.
#[tokio::test(start_paused = true)]
async fn every_message_has_its_own_time() {
    let settings = Settings { message: Duration::from_secs(2), rate: 0, ..Settings::default() };
    let (mut t, chat) = chat(&settings);
    t.connect("busy", "/chat").await;
    let frame = Frame::text("x".repeat(100)).masked([0; 4]).to_bytes();
    // Each piece ends inside a frame, of its header or of its payload.
    let stream = frame.repeat(10);
    for piece in stream.chunks(frame.len() + 1) {
        t.raw("busy", piece.to_vec()).await;
        t.pass(Duration::from_millis(1_500)).await;
    }
    assert_eq!(chat.report().connections, 1, "{t}");
    assert_eq!(chat.report().messages_in, 10);
}

#[tokio::test(start_paused = true)]
async fn pongs_to_our_own_pings_are_no_excess() {
    for beat in [1, 10] {
        let settings = Settings { heartbeat: Duration::from_millis(beat), ..Settings::default() };
        let (mut t, chat) = chat(&settings);
        t.connect("ann", "/chat").await;
        t.pass(Duration::from_secs(10)).await;
        assert_eq!(chat.report().closes, [].into());
        assert!(t.to_string().contains(r#"ann >> pong "1000""#));
        t.step("those that nobody asked for are");
        for _ in 0..500 {
            t.send("ann", Frame::pong("stray")).await;
        }
        let seen = t.to_string();
        let told = r#"ann << close 1008 "too many frames a second""#;
        assert!(seen.contains(told), "{}", &seen[seen.len() - 900..]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_let_go_whatever_it_says() {
    let (mut t, chat) = chat(&Settings::default());
    t.capacity(512);
    enter(&mut t, "ann").await;
    enter(&mut t, "eve").await;
    t.stop_reading("eve").await;
    for n in 1..=8 {
        t.send("ann", format!(r#"{{"type":"message","content":"line {n}"}}"#)).await;
    }
    t.pass(WRITE_DEADLINE).await;
    // She has not seen the ping, and knows what it says: they count up.
    t.pass(Duration::from_secs(16)).await;
    t.send("eve", Frame::pong("1")).await;
    t.pass(Duration::from_secs(25)).await;
    t.send("eve", Frame::pong("2")).await;
    t.pass(Duration::from_secs(5)).await;
    assert_eq!(chat.report().closes, [(1013, 1)].into());
}

#[tokio::test(start_paused = true)]
async fn every_deadline_is_a_setting() {
    let short = Duration::from_millis(300);
    let settings =
        Settings { head: short, hello: short, message: short, close: short, ..Settings::default() };
    let (mut t, _chat) = chat(&settings);
    t.step("for a head");
    t.connect("head", Request::raw("GET /ws HTTP/1.1\r\n")).await;
    t.pass(2 * short).await;
    t.step("for a message");
    t.connect("message", "/chat").await;
    t.send("message", Frame::text("half").unfinished()).await;
    t.pass(2 * short).await;
    t.step("for a hello: looked at once a second");
    t.connect("hello", v1()).await;
    t.pass(Duration::from_secs(2)).await;
    t.step("for the answer to a goodbye");
    t.connect("close", v1()).await;
    t.mute("close").await;
    t.pass(Duration::from_secs(4)).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn there_is_room_for_so_many_and_for_the_next_when_one_leaves() {
    let (mut t, _chat) = chat(&Settings { max_connections: 2, ..Settings::default() });
    t.step("two are enough");
    t.connect("ann", "/chat").await;
    t.connect("bob", "/chat").await;
    t.connect("cat", "/chat").await;
    t.step("one leaves, one comes; a broken handshake takes no place");
    t.vanish("ann").await;
    t.connect("dan", Request::new("/chat").without("Sec-WebSocket-Key")).await;
    t.connect("cat", "/chat").await;
    insta::assert_snapshot!(t);
}
