//! The chat against chance: whatever is said in whichever dialect, the room goes on.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use ws101::chat::Chat;
use ws101::endpoint::Endpoint;
use ws101::frame::Frame;
use ws101::settings::Settings;
use ws101::transcript::Transcript;

const PATHS: [&str; 5] = ["/?dialect=000", "/broadcast", "/ws", "/chat", "/py"];

/// Words that mean something to one dialect or another.
const WORDS: [&str; 18] = [
    "type",
    "user",
    "message",
    "system",
    "typing",
    "hello",
    "join",
    "rename",
    "ping",
    "bye",
    "test",
    "content",
    "username",
    "text",
    "timestamp",
    "id",
    "is_typing",
    "v",
];

/// JSON out of words that are known, and others.
fn said() -> impl Strategy<Value = Value> {
    let word = prop_oneof![4 => prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"];
    let leaf = prop_oneof![
        4 => word.clone().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(json!("я".repeat(4_001))),
    ];
    leaf.prop_recursive(2, 12, 6, move |inner| {
        let fields = vec((word.clone(), inner.clone()), 0..6);
        let kind = prop::sample::select(WORDS.to_vec());
        prop_oneof![
            1 => vec(inner, 0..4).prop_map(Value::from),
            4 => (kind, fields).prop_map(|(kind, fields)| {
                let mut object: serde_json::Map<_, _> = fields.into_iter().collect();
                object.insert("type".to_owned(), kind.into());
                object.into()
            }),
        ]
    })
}

/// A frame that keeps the rules of RFC 6455, with anything in it.
fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        8 => said().prop_map(|said| Frame::text(said.to_string())),
        2 => ".{0,40}".prop_map(Frame::from),
        1 => vec(any::<u8>(), 0..20).prop_map(Frame::from),
    ]
}

proptest! {
    // A failure prints its input; files of old ones would only gather.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn the_room_goes_on(said in vec((0..PATHS.len(), frame()), 0..30)) {
        let seen = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(async {
                let settings = Settings { rate: 0, ..Settings::default() };
                let room = Endpoint::open(Chat::new(&settings), &settings);
                let serving = room.clone();
                let mut t = Transcript::new(move |pipe| {
                    let room = serving.clone();
                    async move { room.accept(pipe).await.map(drop) }
                });
                for path in PATHS {
                    t.connect(path, path).await;
                }
                for (who, frame) in said {
                    t.send(PATHS[who], frame).await;
                }
                t.step("the end");
                t.connect("ann", "/?dialect=000").await;
                t.send("ann", r#"{"type":"user","content":"is anybody here?"}"#).await;
                t.to_string()
            });
        // A panic would be 1011; a frame that breaks a rule is shown with it.
        prop_assert!(!seen.contains("close 1011"), "{}", seen);
        prop_assert!(!seen.contains("RFC 6455"), "{}", seen);
        let end = &seen[seen.find("== the end").unwrap()..];
        prop_assert!(end.contains("ann") && end.contains("<< json") && end.contains("anybody"), "{}", end);
    }
}
