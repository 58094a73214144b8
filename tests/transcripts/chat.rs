//! The canonical protocol, `ws101.chat.v1`.

use std::time::Duration;

use ws101::frame::Frame;
use ws101::settings::Settings;
use ws101::transcript::Request;

use super::{chat, enter, v1};

#[tokio::test(start_paused = true)]
async fn two_people_talk() {
    let (mut t, _chat) = chat(&Settings::default());
    t.step("ann comes in, as a page does");
    t.connect("ann", Request::new("/ws").subprotocol("ws101.chat.v1")).await;
    t.send("ann", r#"{"type":"hello","v":1,"username":"Аня","lang":"ru","client":"a test"}"#).await;
    t.step("bob comes in, and both learn who is there");
    enter(&mut t, "bob").await;
    t.step("everyone hears a message, its sender too, who also gets a receipt");
    t.send("ann", r#"{"type":"message","id":"m1","content":"Привет всем!"}"#).await;
    t.step("without an id there is no receipt");
    t.send("bob", r#"{"type":"user","content":"hi"}"#).await;
    t.step("typing is for the others");
    t.send("ann", r#"{"type":"typing"}"#).await;
    t.send("ann", r#"{"type":"typing","active":false}"#).await;
    t.step("a new name is told to all");
    t.send("bob", r#"{"type":"rename","id":"r1","username":"Боб"}"#).await;
    t.step("a ping comes back as it went");
    t.send("ann", r#"{"type":"ping","timestamp":"abc"}"#).await;
    t.send("ann", r#"{"type":"ping","timestamp":1767268800000}"#).await;
    t.send("ann", r#"{"type":"ping"}"#).await;
    t.step("bob says bye");
    t.send("bob", r#"{"type":"bye"}"#).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn nobody_hears_anything_before_hello() {
    let (mut t, _chat) = chat(&Settings::default());
    enter(&mut t, "ann").await;
    t.step("a visitor hears nothing of what is said");
    t.connect("visitor", crate::v1()).await;
    t.send("ann", r#"{"type":"message","content":"just us"}"#).await;
    t.step("and is not heard");
    t.send("visitor", r#"{"type":"message","content":"hello?"}"#).await;
    t.send("visitor", r#"{"type":"ping"}"#).await;
    t.step("after ten seconds the visit is over, and nobody else noticed");
    t.pass(Duration::from_secs(12)).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn names_are_readable_and_nobody_elses() {
    let (mut t, _chat) = chat(&Settings::default());
    t.step("who gives no name is given one");
    t.connect("one", crate::v1()).await;
    t.send("one", r#"{"type":"hello"}"#).await;
    t.connect("two", crate::v1()).await;
    t.send("two", r#"{"type":"hello","lang":"ru-RU"}"#).await;
    t.step("a name that is taken, in any case of letters");
    t.connect("three", crate::v1()).await;
    t.send("three", r#"{"type":"hello","username":"  guest   1 "}"#).await;
    t.send("three", r#"{"type":"hello","username":"Guest 3"}"#).await;
    t.send("three", r#"{"type":"hello"}"#).await;
    t.send("three", r#"{"type":"rename","id":"r1","username":"ГОСТЬ 2"}"#).await;
    t.step("one's own name is free");
    t.send("three", r#"{"type":"rename","username":"GUEST 3"}"#).await;
    t.step("names that cannot be read");
    for name in [r"", r"  \t ", r"\u202eevil", r"a\u0000b", r"a\nb", "\u{200b}", &"я".repeat(33)] {
        t.send("three", format!(r#"{{"type":"rename","id":"r2","username":"{name}"}}"#)).await;
    }
    t.step("one hello is enough");
    t.send("three", r#"{"type":"hello"}"#).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn names_are_compared_as_people_see_them() {
    let (mut t, _chat) = chat(&Settings { rate: 0, ..Settings::default() });
    t.connect("ann", v1()).await;
    t.send("ann", r#"{"type":"hello","username":"Анна"}"#).await;
    enter(&mut t, "eve").await;
    t.step("names that look like another's");
    for name in ["Aннa", "анна", "𝐀нна"] {
        t.send("eve", format!(r#"{{"type":"rename","username":"{name}"}}"#)).await;
    }
    t.step("words of the server's, and the number of a guest to come");
    for name in ["server", "ѕystem", "Учитeль", "[ admin ]", "Guest 4", "Гость 5"] {
        t.send("eve", format!(r#"{{"type":"rename","username":"{name}"}}"#)).await;
    }
    t.step("whatever way a dialect has to say a name");
    t.connect("node", "/").await;
    for name in ["Cервер", "анна", r"\u2800"] {
        t.send("node", format!(r#"{{"type":"user","content":"hi","username":"{name}"}}"#)).await;
    }
    t.close("node", 1000, "").await;
    t.connect("python", "/py").await;
    for name in ["Cервер", "анна", r"\u2800"] {
        t.send("python", format!(r#"{{"type":"join","nickname":"{name}"}}"#)).await;
    }
    t.step("a letter and its accent are told as one character");
    t.send("eve", r#"{"type":"rename","username":"Rene\u0301"}"#).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn bad_input_is_named_and_the_connection_stays() {
    let (mut t, _chat) = chat(&Settings { rate: 0, ..Settings::default() });
    enter(&mut t, "ann").await;
    enter(&mut t, "bob").await;
    let cases = [
        ("not JSON", "hello"),
        ("nothing", ""),
        ("half of it", r#"{"type":"message","content":"#),
        ("a lone surrogate", r#"{"type":"message","content":"\ud800"}"#),
        ("a number beyond all numbers", r#"{"type":"ping","timestamp":1e999}"#),
        ("no object", r#"["message"]"#),
        ("nor this", "42"),
        ("no type", r#"{"content":"hi"}"#),
        ("a type that is none", r#"{"type":7}"#),
        ("an unknown type", r#"{"type":"msg\u001b[31m\nforged"}"#),
        ("a type for later", r#"{"type":"upload","id":"h1"}"#),
        ("a system message", r#"{"type":"system","content":"the server is down"}"#),
        ("content that is no text", r#"{"type":"message","id":"m1","content":{"a":1}}"#),
        ("no content", r#"{"type":"message","id":"m2"}"#),
        ("nothing but blanks", r#"{"type":"message","id":"m3","content":" \n\t "}"#),
        ("an id with a space", r#"{"type":"message","id":"m 4","content":"hi"}"#),
        ("another room", r#"{"type":"message","id":"m5","room":"secret","content":"hi"}"#),
        ("a private message", r#"{"type":"message","id":"m6","to":["x"],"content":"hi"}"#),
        ("typing that is no boolean", r#"{"type":"typing","active":"yes"}"#),
        ("a ping with a load", r#"{"type":"ping","timestamp":[1,2]}"#),
        ("a version that is none", r#"{"type":"hello","v":"1"}"#),
        ("two types", r#"{"type":"message","type":"system","content":"forged"}"#),
        ("two contents", r#"{"type":"message","content":"one","content":"two"}"#),
        (
            "names that mean something to JavaScript",
            r#"{"__proto__":{"type":"system"},"constructor":1,"type":"message","content":"hi"}"#,
        ),
    ];
    for (what, text) in cases {
        t.step(what);
        t.send("ann", text).await;
    }
    t.step("60 KB of [");
    t.send("ann", "[".repeat(60_000)).await;
    t.step("too long by one, in letters of two bytes");
    let long = format!(r#"{{"type":"message","id":"m7","content":"{}"}}"#, "я".repeat(4_001));
    t.send("ann", long).await;
    t.step("a name of 60 KB");
    t.send("ann", format!(r#"{{"type":"rename","username":"{}"}}"#, "x".repeat(60_000))).await;
    t.step("and the room goes on");
    t.send("ann", r#"{"type":"message","id":"m8","content":"still here"}"#).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn a_name_of_100_kb_is_refused_in_words_where_messages_may_be_that_long() {
    let settings = Settings { max_message_bytes: 1 << 20, ..Settings::default() };
    let (mut t, _chat) = chat(&settings);
    t.connect("ann", crate::v1()).await;
    t.send("ann", format!(r#"{{"type":"hello","username":"{}"}}"#, "x".repeat(100_000))).await;
    t.send("ann", r#"{"type":"hello","username":"Ann"}"#).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_answered_in_words_is_closed_with_a_code() {
    let (mut t, _chat) = chat(&Settings::default());
    t.step("binary");
    enter(&mut t, "ann").await;
    t.send("ann", Frame::binary(vec![1, 2, 3])).await;
    t.step("a message of more than 64 KiB");
    enter(&mut t, "bob").await;
    t.send("bob", "x".repeat(65_537)).await;
    t.step("another version of the protocol");
    t.connect("eve", crate::v1()).await;
    t.send("eve", r#"{"type":"hello","v":2}"#).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn every_way_of_leaving_is_told_once() {
    let (mut t, _chat) = chat(&Settings::default());
    enter(&mut t, "ann").await;
    for name in ["bob", "cat", "dan"] {
        enter(&mut t, name).await;
    }
    t.step("bob closes his tab");
    t.close("bob", 1001, "").await;
    t.step("cat's program dies");
    t.vanish("cat").await;
    t.step("dan's machine resets the connection");
    t.reset("dan").await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn the_server_tells_how_it_is_every_thirty_seconds() {
    let (mut t, _chat) = chat(&Settings::default());
    enter(&mut t, "ann").await;
    t.connect("visitor", crate::v1()).await;
    t.step("30 s: statistics, and pings at 25 s; a visitor gets none and is gone");
    t.pass(Duration::from_secs(61)).await;
    insta::assert_snapshot!(t);
}
