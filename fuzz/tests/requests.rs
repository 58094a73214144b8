//! What clients of the chat ask for, against chance.

use proptest::prelude::*;
use ws101::chat::{CONTENT_CHARS, NAME_CHARS, Request};
use ws101_fuzz::{check_request, soup};

proptest! {
    // A failure prints its input; files of old ones would only gather.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_said_is_understood_or_refused_in_words(text in soup()) {
        check_request(&text);
    }

    #[test]
    fn what_is_let_through_is_within_its_limits(
        name in any::<String>(), content in any::<String>(), more in 0..2 * CONTENT_CHARS,
    ) {
        let content = content + &"x".repeat(more);
        let hello = serde_json::json!({"type": "hello", "username": name}).to_string();
        if let Ok(Request::Hello { username: Some(name), .. }) = Request::parse(&hello) {
            prop_assert!((1..=NAME_CHARS).contains(&name.chars().count()));
            prop_assert!(!name.contains(char::is_control));
        }
        let message = serde_json::json!({"type": "message", "content": content}).to_string();
        let is_sound = !content.trim().is_empty() && content.chars().count() <= CONTENT_CHARS;
        match Request::parse(&message) {
            Ok(Request::Message { content: heard, .. }) => prop_assert_eq!(heard, content),
            other => prop_assert!(!is_sound || content.len() > ws101::chat::CONTENT_BYTES, "{other:?}"),
        }
    }
}
