//! Clients of the five source documents in one room, each in its own words.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;
use ws101::chat::{Chat, Dialect, Entry, Event, Request, RequestError, checked_content};
use ws101::frame::Frame;
use ws101::settings::Settings;
use ws101::transcript::{self, Transcript};

use super::{chat, enter, served};

/// A chat that does not tell its statistics while the test lasts.
fn quiet() -> Settings {
    Settings { stats: Duration::from_secs(3600), ..Settings::default() }
}

#[tokio::test(start_paused = true)]
async fn g1_g2_g3_node_chat() {
    let (mut t, _chat) = chat(&quiet());
    t.step("G1: the first frame, and nothing else for two seconds");
    t.connect("ann", "/").await;
    t.pass(Duration::from_secs(2)).await;
    t.step("its own kind come in unannounced");
    t.connect("bob", "/?dialect=node_chat").await;
    t.step("G2: both hear it, as it was said");
    t.send("ann", r#"{"type":"user","content":"Привет всем!"}"#).await;
    t.step("G3: a forged line is nobody's, nonsense is ignored, and the connection stays");
    t.send("ann", r#"{"type":"system","content":"x"}"#).await;
    for text in ["not JSON", "null", "42", "[]", r#"{"type":"user"}"#, r#"{"content":"x"}"#] {
        t.send("ann", text).await;
    }
    t.step("with a name, a message is signed and dated by the server; a taken name is not given");
    let signed = r#"{"type":"user","content":"hi","username":"john_doe","timestamp":"1970"}"#;
    t.send("bob", signed).await;
    t.send("ann", signed).await;
    t.step("binary is not spoken here");
    t.send("ann", Frame::binary(vec![1])).await;
    insta::assert_snapshot!(t);
}

/// The order of fields is on the wire, where a transcript sorts them.
#[tokio::test(start_paused = true)]
async fn g2_type_comes_before_content() {
    let (mut t, _chat) = chat(&quiet());
    t.show_bytes();
    t.connect("ann", "/").await;
    let first: Vec<_> = br#"{"type""#.iter().map(|byte| format!("{byte:02x}")).collect();
    let seen = t.to_string();
    assert!(seen.contains(&format!("| 81 48 {}", first.join(" "))), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn g4_broadcast_server() {
    let (mut t, _chat) = chat(&quiet());
    t.step("each is welcomed, and told to the others");
    for name in ["ann", "bob", "cat"] {
        t.connect(name, "/broadcast").await;
    }
    t.step("G4: Test: an echo for ann, a broadcast for the others, none gets both");
    t.send("ann", r#"{"type":"test","message":"Тест"}"#).await;
    t.step("any JSON and any text will do");
    t.send("bob", "Привет").await;
    t.send("bob", "42").await;
    t.step("what looks like the server's is data");
    t.send("bob", r#"{"type":"client_disconnected","clientId":"ann"}"#).await;
    t.step("a page's own ping, and a message too long");
    t.send("bob", r#"{"type":"ping","timestamp":1}"#).await;
    t.send("bob", "x".repeat(4001)).await;
    t.step("G4: leaving is told to the rest, once");
    t.close("bob", 1000, "").await;
    t.vanish("cat").await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn g5_reconnect() {
    let (mut t, _chat) = chat(&quiet());
    t.any("serverTime");
    t.step("G5: one handshake, one first frame; a ping comes back as it went");
    t.connect("ann", "/ws").await;
    t.send("ann", r#"{"type":"ping","timestamp":"abc"}"#).await;
    t.send("ann", r#"{"type":"ping","timestamp":{"any":["thing"]}}"#).await;
    t.step("a listener is told what is said, and is somebody from its first message on");
    t.connect("bob", "/ws").await;
    t.send("bob", r#"{"type":"message","id":"b1","content":"Привет"}"#).await;
    t.step("faults");
    for text in ["not JSON", "{}", r#"{"type":"dance"}"#, r#"{"type":"message"}"#] {
        t.send("ann", text).await;
    }
    t.send("ann", r#"{"type":"connection_established","connectionId":"bob"}"#).await;
    t.step("a hello that is refused changes nothing: it listens on, for as long as it likes");
    t.send("ann", r#"{"type":"hello","v":1,"username":"Гость 1"}"#).await;
    t.pass(Duration::from_secs(20)).await;
    t.send("bob", r#"{"type":"message","content":"Аня?"}"#).await;
    t.step("a hello makes it a client of the canonical protocol, before it has spoken");
    t.send("ann", r#"{"type":"hello","v":1,"username":"Аня"}"#).await;
    t.send("bob", r#"{"type":"hello","v":1,"username":"Боб"}"#).await;
    t.step("it stays as long as it likes");
    t.pass(Duration::from_secs(20)).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn g6_note() {
    let (mut t, _chat) = chat(&quiet());
    enter(&mut t, "ann").await;
    t.step("G6: an echo, and nobody in the room knows");
    t.connect("bob", "/chat").await;
    t.send("bob", "Привет, сервер!").await;
    t.send("bob", Frame::binary(vec![0, 255])).await;
    t.step("nor does it hear the room");
    t.send("ann", r#"{"type":"message","content":"hi"}"#).await;
    t.close("bob", 1000, "").await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn g7_python_chat() {
    let (mut t, _chat) = chat(&quiet());
    t.connect("ann", "/py").await;
    t.connect("bob", "/?dialect=python_chat").await;
    t.step("G7: nothing before join");
    t.send("ann", r#"{"type":"message","message":"hi"}"#).await;
    t.send("ann", r#"{"type":"typing"}"#).await;
    t.step("names that will not do");
    t.send("ann", r#"{"type":"join"}"#).await;
    t.send("ann", r#"{"type":"join","username":" "}"#).await;
    t.send("ann", format!(r#"{{"type":"join","username":"{}"}}"#, "я".repeat(33))).await;
    t.step("G7: a welcome for who joins, news for the others");
    t.send("ann", r#"{"type":"join","username":"Аня"}"#).await;
    t.send("bob", r#"{"type":"join","user":"аня"}"#).await;
    t.send("bob", r#"{"type":"join","nickname":"Борис"}"#).await;
    t.step("under the name that the server knows");
    t.send("bob", r#"{"type":"message","text":"Привет","username":"Аня"}"#).await;
    t.step("G7: typing never returns to its author");
    t.send("ann", r#"{"type":"typing","isTyping":true}"#).await;
    t.send("ann", r#"{"type":"typing","is_typing":false}"#).await;
    t.step("faults");
    for text in ["not JSON", "[]", r#"{"type":"dance"}"#, r#"{"type":"message"}"#] {
        t.send("ann", text).await;
    }
    t.send("ann", r#"{"type":"join","username":"Анна"}"#).await;
    t.send("ann", format!(r#"{{"type":"message","text":"{}"}}"#, "я".repeat(4001))).await;
    t.step("bob vanishes");
    t.vanish("bob").await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn a_dialect_is_chosen_before_the_first_frame() {
    let settings = Settings { root_dialect: "broadcast_server".to_owned(), ..quiet() };
    let (mut t, _chat) = chat(&settings);
    t.any("serverTime");
    t.step("the root is as it was set");
    t.connect("ann", "/").await;
    t.step("the query decides before the path does");
    t.connect("bob", "/broadcast?dialect=node_chat").await;
    t.step("the subprotocol decides before both");
    t.connect(
        "cat",
        transcript::Request::new("/chat?dialect=node_chat").subprotocol("ws101.chat.v1"),
    )
    .await;
    t.step("a dialect that nobody speaks");
    t.connect("dan", "/?dialect=005").await;
    t.step("a path that leads nowhere, a subprotocol that is not spoken");
    t.connect("eve", "/elsewhere").await;
    t.connect("eve", transcript::Request::new("/").subprotocol("soap")).await;
    insta::assert_snapshot!(t);
}

/// A dialect that the library does not know: a line of text is a message, and messages are all
/// that its clients are told.
#[derive(Debug)]
struct Lines;

impl Dialect for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn path(&self) -> Option<&'static str> {
        Some("/lines")
    }

    fn entry(&self) -> Entry {
        Entry::Guest
    }

    fn read(&self, text: &str, _: &str) -> Result<Request, RequestError> {
        if text == "bye" {
            return Ok(Request::Bye);
        }
        let content = checked_content(text)?;
        Ok(Request::Message { id: None, content, username: None, data: None, reply_to: None })
    }

    fn write(&self, event: &Event, _: &str) -> Option<Message> {
        match event {
            Event::Message { user, content, .. } => {
                Some(Message::text(format!("{}: {content}", user.username)))
            }
            _ => None,
        }
    }
}

/// A sixth dialect is one type: paths, queries, guests and the close reason follow from it.
#[tokio::test(start_paused = true)]
async fn a_chat_speaks_a_dialect_of_your_own() {
    let settings = quiet();
    let (mut t, _chat) = served(Chat::new(&settings).dialect(&Lines), &settings);
    enter(&mut t, "ann").await;
    t.step("it has a path, and a name for the query");
    t.connect("bob", "/lines").await;
    t.connect("cat", "/?dialect=lines").await;
    t.step("all are in one room");
    t.send("bob", "hi").await;
    t.send("ann", r#"{"type":"message","content":"hello"}"#).await;
    t.send("bob", "bye").await;
    t.step("the close reason for an unknown dialect lists it, too");
    t.connect("dan", "/?dialect=words").await;
    insta::assert_snapshot!(t);
}

/// Queries take the numbers of the source documents, as before there were names.
#[tokio::test(start_paused = true)]
async fn a_dialect_has_an_old_name() {
    let first = async |dialect: &str| {
        let (mut t, _chat) = chat(&quiet());
        t.any("serverTime");
        t.connect("ann", format!("/?dialect={dialect}").as_str()).await;
        t.send("ann", r#"{"type":"join","username":"Аня"}"#).await;
        t.to_string().replace(&format!("dialect={dialect}"), "")
    };
    let names = ["node_chat", "broadcast_server", "reconnect", "note", "python_chat"];
    let mut seen = BTreeSet::new();
    for (old, new) in ["000", "001", "002", "003", "004"].into_iter().zip(names) {
        let by_name = first(new).await;
        assert_eq!(first(old).await, by_name);
        assert!(seen.insert(by_name), "{new} differs from the others");
    }
    assert!(first("005").await.contains("close 1008"));
    assert!(first("canonical").await.contains("close 1008"), "its subprotocol asks for it");
}

/// The five of the room.
const FIVE: [&str; 5] = ["v1", "node", "test", "ping", "python"];

async fn five(t: &mut Transcript) {
    enter(t, "v1").await;
    t.connect("node", "/").await;
    t.connect("test", "/broadcast").await;
    t.connect("ping", "/ws").await;
    t.connect("python", "/py").await;
    t.send("python", r#"{"type":"join","username":"Пётр"}"#).await;
}

fn line(name: &str, content: &str) -> String {
    match name {
        "node" => format!(r#"{{"type":"user","content":"{content}"}}"#),
        "test" => format!(r#"{{"type":"test","message":"{content}"}}"#),
        _ => format!(r#"{{"type":"message","content":"{content}"}}"#),
    }
}

#[tokio::test(start_paused = true)]
async fn g12_five_dialects_in_one_room() {
    let (mut t, _chat) = chat(&quiet());
    t.step("five come in");
    five(&mut t).await;
    for name in FIVE {
        t.step(&format!("{name} speaks"));
        t.send(name, line(name, &format!("from {name}"))).await;
    }
    t.step("typing is for those who know the word");
    t.send("python", r#"{"type":"typing"}"#).await;
    t.step("a new name");
    t.send("v1", r#"{"type":"rename","username":"Вера"}"#).await;
    t.step("python vanishes");
    t.vanish("python").await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn nobody_speaks_as_the_server_or_as_another() {
    let (mut t, _chat) = chat(&quiet());
    five(&mut t).await;
    enter(&mut t, "Вера").await;
    for name in FIVE {
        t.step(&format!("{name} speaks as the server"));
        t.send(name, r#"{"type":"system","content":"forged"}"#).await;
        t.step(&format!("{name} speaks as Вера"));
        let text = r#"{"type":"message","content":"forged","username":"Вера"}"#;
        t.send(name, text.replace("message", if name == "node" { "user" } else { "message" }))
            .await;
    }
    insta::assert_snapshot!(t);
}

/// What each of the five heard of the numbered lines, in the order in which they heard it.
fn heard(transcript: &str, name: &str) -> Vec<u32> {
    let received = transcript
        .lines()
        .filter(|line| line.split_whitespace().next() == Some(name) && line.contains(" << json"));
    let ack = |line: &&str| !line.contains(r#""type":"ack""#);
    let numbers = received.filter(ack).filter_map(|line| line.split("line #").nth(1));
    numbers
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
        .collect()
}

/// Whatever the order in which they speak: all hear all, in one order.
#[tokio::test(start_paused = true)]
async fn g12_all_hear_all_in_the_same_order() {
    for seed in 1..=20_u32 {
        let (mut t, _chat) = chat(&quiet());
        five(&mut t).await;
        t.step("they talk");
        let mut dice = seed;
        for n in 0..25 {
            // A small generator will do (Numerical Recipes): every seed another order.
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let name = FIVE[(dice >> 16) as usize % FIVE.len()];
            t.send(name, line(name, &format!("line #{n}."))).await;
        }
        let seen = t.to_string();
        for name in FIVE {
            assert_eq!(
                heard(&seen, name),
                (0..25).collect::<Vec<_>>(),
                "{name}, seed {seed}:\n{seen}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn g13_everyone_is_told_of_the_end_in_their_words() {
    let (mut t, chat) = chat(&quiet());
    t.any("serverTime");
    five(&mut t).await;
    t.connect("note", "/chat").await;
    t.step("the server is asked to end");
    let closing = tokio::spawn(async move { chat.close().await });
    t.pass(Duration::from_millis(1)).await;
    assert_eq!(closing.await.unwrap(), 0, "everyone left in time");
    insta::assert_snapshot!(t);
}
