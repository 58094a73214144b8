//! What is sent twice under one `id` is done once.

use std::time::Duration;

use ws101::receipts::KEPT;
use ws101::settings::Settings;

use super::{chat, enter, v1};

const SESSION: &str = "c2Vzc2lvbi1vZi1hbm5zLXRhYg";

fn hello(session: &str) -> String {
    format!(r#"{{"type":"hello","v":1,"username":"ann","session":"{session}"}}"#)
}

#[tokio::test(start_paused = true)]
async fn the_same_id_is_the_same_request() {
    let (mut t, _chat) = chat(&Settings { rate: 0, ..Settings::default() });
    enter(&mut t, "ann").await;
    enter(&mut t, "bob").await;
    t.step("a message that comes again is confirmed again, under its number, and said once");
    t.send("ann", r#"{"type":"message","id":"m1","content":"hi"}"#).await;
    t.send("bob", r#"{"type":"message","content":"meanwhile"}"#).await;
    t.send("ann", r#"{"type":"message","id":"m1","content":"hi"}"#).await;
    t.step("something else under that id is refused");
    t.send("ann", r#"{"type":"message","id":"m1","content":"bye"}"#).await;
    t.send("ann", r#"{"type":"rename","id":"m1","username":"hi"}"#).await;
    t.step("another's id is another id");
    t.send("bob", r#"{"type":"message","id":"m1","content":"hi"}"#).await;
    t.step("a new name, too, is taken once");
    t.send("ann", r#"{"type":"rename","id":"r1","username":"Аня"}"#).await;
    t.send("ann", r#"{"type":"rename","id":"r2","username":"ann"}"#).await;
    t.send("ann", r#"{"type":"rename","id":"r1","username":"Аня"}"#).await;
    t.step("one's own name is no event: its receipt has nobody's number");
    t.send("ann", r#"{"type":"rename","id":"r3","username":"ann"}"#).await;
    t.step("what was refused may be tried again");
    t.send("ann", r#"{"type":"rename","id":"r4","username":"bob"}"#).await;
    t.close("bob", 1000, "").await;
    t.send("ann", r#"{"type":"rename","id":"r4","username":"bob"}"#).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn a_session_outlives_its_connection() {
    let (mut t, _chat) = chat(&Settings { rate: 0, ..Settings::default() });
    let line = r#"{"type":"message","id":"m1","content":"did you hear?"}"#;
    t.step("ann is cut off before she knows whether she was heard");
    t.connect("ann", v1()).await;
    t.send("ann", hello(SESSION)).await;
    t.send("ann", line).await;
    t.vanish("ann").await;
    t.step("she comes back, and says it again: it was said");
    t.connect("ann", v1()).await;
    t.send("ann", hello(SESSION)).await;
    t.send("ann", line).await;
    t.step("eve, who saw the id, has another session");
    enter(&mut t, "eve").await;
    t.send("eve", line).await;
    t.close("eve", 1000, "").await;
    t.close("ann", 1000, "").await;
    t.step("after eleven minutes it is forgotten");
    t.pass(KEPT + Duration::from_secs(60)).await;
    t.connect("ann", v1()).await;
    t.send("ann", hello(SESSION)).await;
    t.send("ann", line).await;
    t.step("a session that could be guessed is refused");
    t.connect("bob", v1()).await;
    t.send("bob", hello("1")).await;
    t.send("bob", r#"{"type":"hello","session":7}"#).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn a_name_ends_with_its_connection() {
    let (mut t, _chat) = chat(&Settings { rate: 0, ..Settings::default() });
    enter(&mut t, "bob").await;
    let rename = r#"{"type":"rename","id":"r1","username":"Берта"}"#;
    t.step("ann is cut off before she knows whether she has her new name");
    t.connect("ann", v1()).await;
    t.send("ann", hello(SESSION)).await;
    t.send("ann", rename).await;
    t.vanish("ann").await;
    t.step("she comes back under the old one, and asks again");
    t.connect("ann", v1()).await;
    t.send("ann", hello(SESSION)).await;
    t.send("ann", rename).await;
    t.step("on one connection it is done once");
    t.send("ann", rename).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn without_receipts_the_message_itself_is_one() {
    let (mut t, _chat) = chat(&Settings { rate: 0, ..Settings::default() });
    enter(&mut t, "ann").await;
    let target = format!("/ws?session={SESSION}");
    let line = r#"{"type":"message","id":"m1","content":"hi"}"#;
    t.step("bob speaks the dialect reconnect");
    t.connect("bob", target.as_str()).await;
    t.send("bob", line).await;
    t.vanish("bob").await;
    t.step("he comes back, says it again, and hears it alone");
    t.connect("bob", target.as_str()).await;
    t.send("bob", line).await;
    t.step("without a session he is somebody else");
    t.vanish("bob").await;
    t.connect("bob", "/ws").await;
    t.send("bob", line).await;
    insta::assert_snapshot!(t);
}

/// Whenever a client comes between two ticks.
#[tokio::test(start_paused = true)]
async fn the_deadline_for_hello_is_exact() {
    let hello = Duration::from_millis(1_000);
    let (mut t, _chat) = chat(&Settings { hello, ..Settings::default() });
    for (name, after) in [("early", 40), ("middle", 500), ("late", 990)] {
        t.pass(Duration::from_millis(after)).await;
        t.connect(name, v1()).await;
        t.pass(hello.saturating_sub(Duration::from_millis(50))).await;
        assert!(!t.to_string().contains(&format!("{name} << close")), "{name}: too soon: {t}");
        t.pass(Duration::from_millis(100)).await;
        let closed = format!(r#"{name} << close 4107 "hello_timeout""#);
        let seen = t.to_string();
        let seen = seen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(seen.contains(&closed), "{name}: too late: {t}");
    }
}
