//! Messages of the chat's clients.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use ws101::chat::{
    CONTENT_BYTES, CONTENT_CHARS, Canonical, DIALECTS, Dialect, GENERAL, Hello, NAME_BYTES,
    NAME_CHARS, Request,
};
use ws101_properties::dialects::is_read_or_refused;

use crate::corpus::spoiled_text;

const CORPUS: &str = "../fuzz/corpus/dialects";

/// A text that every forged `system` message of a client contains.
pub const FORGED: &str = "forged-by-a-client";

/// Words that some dialect understands.
const WORDS: [&str; 25] = [
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
    "welcome",
    "history",
    "content",
    "username",
    "name",
    "text",
    "timestamp",
    "id",
    "is_typing",
    "active",
    "v",
    "lang",
    "room",
    "to",
];

/// Texts of which many are requests, and many are close to one.
pub fn soup() -> impl Strategy<Value = String> {
    let odd = vec!["", "general", "ann", "\u{202e}", "\0", "\u{1b}[31m", "ru", "{}", "\n"];
    let word = prop_oneof![
        4 => select(&WORDS[..]).prop_map(str::to_owned),
        1 => "[a-zа-я🦀 ]{0,6}",
        1 => select(odd).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    let leaf = prop_oneof![
        8 => word.clone().prop_map(Value::from),
        2 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        2 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => (CONTENT_CHARS - 10..CONTENT_CHARS + 10).prop_map(|size| "я".repeat(size).into()),
    ];
    let value = leaf.prop_recursive(2, 12, 6, move |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), object(word.clone(), inner)]
    });
    let said = object(select(&WORDS[..]).prop_map(str::to_owned), value.clone());
    prop_oneof![
        8 => said.prop_map(|said| said.to_string()),
        1 => value.prop_map(|said| said.to_string()),
        1 => any::<String>(),
        1 => spoiled_text(CORPUS),
    ]
}

/// An object with a `type`. A `system` message, which only the server may send, contains [`FORGED`].
fn object(
    word: impl Strategy<Value = String>,
    value: impl Strategy<Value = Value>,
) -> impl Strategy<Value = Value> {
    (select(&WORDS[..]), vec((word, value), 0..6)).prop_map(|(kind, fields)| {
        let mut said: Map<_, _> = fields.into_iter().collect();
        said.insert("type".to_owned(), kind.into());
        if kind == "system" {
            said.insert("content".to_owned(), FORGED.into());
        }
        said.into()
    })
}

chance! {
    fn any_message_is_read_or_refused_in_every_dialect(text in soup()) {
        for dialect in DIALECTS {
            is_read_or_refused(*dialect, &text);
        }
    }

    fn names_and_contents_are_within_their_limits(
        name in any::<String>(), content in any::<String>(), more in 0..2 * CONTENT_CHARS,
    ) {
        let hello = json!({"type": "hello", "username": name}).to_string();
        if let Ok(Request::Hello(Hello { username: Some(name), .. })) = Canonical.read(&hello, GENERAL) {
            prop_assert!((1..=NAME_CHARS).contains(&name.chars().count()));
            prop_assert!(name.len() <= NAME_BYTES && !name.contains(char::is_control));
        }
        let content = content + &"x".repeat(more);
        let message = json!({"type": "message", "content": content}).to_string();
        let is_sound = !content.trim().is_empty() && content.chars().count() <= CONTENT_CHARS;
        match Canonical.read(&message, GENERAL) {
            Ok(Request::Message { content: heard, .. }) => prop_assert_eq!(heard, content),
            other => prop_assert!(!is_sound || content.len() > CONTENT_BYTES, "{other:?}"),
        }
    }
}
