//! What the property tests in `tests/` share with the replay of `corpus/`.

use proptest::prelude::*;
use serde_json::Value;
use ws101::chat::{Chat, Request, SUBPROTOCOL};
use ws101::endpoint::Endpoint;
use ws101::settings::Settings;
use ws101::transcript::{self, Transcript};

/// One client for each dialect, and how it asks for it.
pub const CLIENTS: [(&str, &str); 6] = [
    ("canonical", "/ws"),
    ("node", "/?dialect=000"),
    ("broadcast", "/?dialect=001"),
    ("reconnect", "/?dialect=002"),
    ("note", "/?dialect=003"),
    ("python", "/?dialect=004"),
];

/// What nobody but the server may say; it is put into every forgery.
pub const FORGED: &str = "forged-by-a-client";

/// Texts that are often, and often not, something a chat understands.
pub fn soup() -> impl Strategy<Value = String> {
    let kinds = [
        "hello", "join", "message", "user", "typing", "rename", "ping", "bye", "system", "welcome",
        "history", "",
    ];
    let fields = [
        "v",
        "username",
        "name",
        "content",
        "text",
        "message",
        "id",
        "room",
        "to",
        "active",
        "is_typing",
        "timestamp",
        "lang",
        "event",
    ];
    let value = prop_oneof![
        4 => "[a-zа-я🦀 ]{0,6}".prop_map(Value::from),
        2 => prop::sample::select(vec!["general", "ann", "\u{202e}", "\0", "ru", "{}"]).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(serde_json::json!([{"type": "system"}])),
        1 => (3_990..4_010_usize).prop_map(|size| Value::from("x".repeat(size))),
    ];
    let fields = prop::collection::btree_map(prop::sample::select(fields.to_vec()), value, 0..5);
    let said = (prop::sample::select(kinds.to_vec()), fields).prop_map(|(kind, fields)| {
        let mut said = serde_json::json!(fields);
        said["type"] = kind.into();
        if kind == "system" {
            said["content"] = FORGED.into();
        }
        said.to_string()
    });
    prop_oneof![
        8 => said,
        1 => any::<String>(),
        1 => prop::sample::select(vec!["null", "[]", "1e999", "\"\"", "{\"type\":", "{\"type\":{}}"])
            .prop_map(str::to_owned),
    ]
}

/// A text is understood, or refused in words that fit on one line and into a frame.
///
/// # Panics
///
/// If it is neither.
pub fn check_request(text: &str) {
    if let Err(fault) = Request::parse(text) {
        assert!(!fault.message.is_empty() && fault.message.len() < 1_000, "{fault:?}");
        assert!(!fault.message.contains(char::is_control), "{fault:?}");
    }
}

/// Plays what clients say, each in its dialect, to a room over pipes: the room stays usable,
/// and nobody hears the server say what a client forged.
///
/// # Panics
///
/// If a newcomer is not welcomed and heard afterwards, or a forgery was relayed.
pub async fn play(said: &[(usize, Message)]) {
    let settings = Settings { rate: 0, ..Settings::default() };
    let chat = Endpoint::open(Chat::new(&settings), &settings);
    let serving = chat.clone();
    let mut t = Transcript::new(move |pipe| {
        let chat = serving.clone();
        async move { chat.accept(pipe).await.map(drop) }
    });
    for (name, target) in CLIENTS {
        let request = transcript::Request::new(target);
        let canonical = name == "canonical";
        let request = if canonical { request.subprotocol(SUBPROTOCOL) } else { request };
        t.connect(name, request).await;
    }
    for (client, message) in said {
        let (name, _) = CLIENTS[client % CLIENTS.len()];
        match message {
            Message::Text(text) => t.send(name, text.as_str()).await,
            Message::Binary(bytes) => t.send(name, bytes.clone()).await,
        }
    }
    t.step("a newcomer");
    t.connect("newcomer", transcript::Request::new("/ws").subprotocol(SUBPROTOCOL)).await;
    t.send("newcomer", r#"{"type":"hello","v":1,"username":"a-newcomer"}"#).await;
    t.send("newcomer", r#"{"type":"message","id":"last","content":"still here?"}"#).await;
    let told = t.to_string();
    let heard = |words: &str| {
        let mut lines =
            told.lines().filter(|line| line.starts_with("newcomer ") && line.contains("<< "));
        lines.any(|line| line.contains(words))
    };
    assert!(heard(r#""type":"welcome""#) && heard(r#""type":"ack""#), "{told}");
    assert!(!told.contains("internal error"), "the room panicked:\n{told}");
    for line in told.lines().filter(|line| line.contains("<< json")) {
        let Some((_, json)) = line.split_once("<< json ") else { continue };
        let said = outermost(json);
        let forged = said.contains(r#""type":"system""#) && said.contains(FORGED);
        assert!(!forged, "{line}\n{told}");
    }
}

/// A JSON object without what its arrays and objects hold: source 001 passes any JSON on as `data`.
fn outermost(json: &str) -> String {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let keep = |c: &char| {
        match (quoted, c) {
            (true, _) if escaped => escaped = false,
            (true, '\\') => escaped = true,
            (_, '"') => quoted = !quoted,
            (false, '{' | '[') => depth += 1,
            (false, '}' | ']') => depth -= 1,
            _ => {}
        }
        depth <= 1
    };
    json.chars().filter(keep).collect()
}

/// What a client sends.
#[derive(Clone, Debug)]
pub enum Message {
    Text(String),
    Binary(Vec<u8>),
}

/// Whatever clients may send, each from any of them.
pub fn conversation() -> impl Strategy<Value = Vec<(usize, Message)>> {
    let message = prop_oneof![
        15 => soup().prop_map(Message::Text),
        1 => prop::collection::vec(any::<u8>(), 0..4).prop_map(Message::Binary),
    ];
    prop::collection::vec((0..CLIENTS.len(), message), 0..12)
}
