//! Guesses at the teacher's key, and what a member may do that has none.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;
use ws101::chat::{Chat, GUESSES, PERIOD};
use ws101::program;
use ws101::room::Room;
use ws101::settings::{Key, Settings};

use super::crowd::{Meter, Town};

const KEY: &str = "correct horse battery";

fn school() -> Town {
    let mut town = Town::new(1 << 20);
    let settings = Settings { teacher_key: Some(Key::new(KEY)), ..Settings::default() };
    town.chat = Chat::new(&settings);
    town
}

async fn told(meter: &Meter) -> Vec<Value> {
    sleep(Duration::from_millis(1)).await;
    meter.heard()
}

fn teach(key: &str) -> Value {
    json!({"type": "teach", "id": "t", "key": key})
}

/// The kind of each answer: the code of an error, or the type.
async fn answers(meter: &Meter) -> Vec<String> {
    let kind = |said: &Value| said.get("code").unwrap_or(&said["type"]).as_str().map(str::to_owned);
    told(meter).await.iter().filter_map(kind).collect()
}

#[tokio::test(start_paused = true)]
async fn wrong_keys_are_counted_over_all_connections() {
    let mut town = school();
    let ann = town.watch("v1");
    let bob = town.watch("v1");
    answers(&ann).await;
    answers(&bob).await;
    // Both come from the same address. Neither an empty key nor a long one is another way in.
    for (nth, guess) in
        ["", "x", &"y".repeat(60_000), KEY.trim_end_matches('y')].into_iter().enumerate()
    {
        town.say(1 + nth as u64 % 2, &teach(guess));
    }
    town.say(1, &teach("another"));
    let both = [answers(&ann).await, answers(&bob).await].concat();
    assert_eq!(both, vec!["forbidden"; usize::from(GUESSES)]);

    // From now on, not even the right one is looked at, for a minute.
    for _ in 0..1_000 {
        town.say(2, &teach(KEY));
    }
    let refused = answers(&bob).await;
    assert_eq!(refused, vec!["rate_limited"; 1_000]);
    town.say(2, &json!({"type": "moderate", "action": "clear"}));
    assert_eq!(answers(&bob).await, ["forbidden"]);
    town.chat.now(PERIOD);
    town.say(2, &teach(KEY));
    assert_eq!(answers(&bob).await, ["ack"]);
    town.say(2, &json!({"type": "moderate", "action": "clear"}));
    assert_eq!(answers(&bob).await, ["system"]);
}

/// Each action of a member without the key is refused, and changes nothing.
#[tokio::test(start_paused = true)]
async fn a_member_without_the_key_does_nothing() {
    for mut town in [school(), Town::new(1 << 20)] {
        let ann = town.watch("v1");
        let bob = town.watch("v1");
        town.say(2, &json!({"type": "message", "content": "hi"}));
        let user = told(&ann).await[0]["user"]["id"].clone();
        answers(&bob).await;
        let actions = ["mute", "unmute", "kick", "slow", "lock", "unlock", "clear", "announce"];
        for action in actions {
            let request = json!({
                "type": "moderate", "action": action, "user": user, "seconds": 9, "content": "hi",
            });
            town.say(1, &request);
        }
        town.say(1, &json!({"type": "delete", "seq": 3}));
        assert_eq!(answers(&ann).await, vec!["forbidden"; actions.len() + 1]);
        assert_eq!(answers(&bob).await, [""; 0]);
        town.say(2, &json!({"type": "message", "content": "still here"}));
        assert_eq!(answers(&bob).await, ["message"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_without_a_key_has_no_teacher() {
    let mut town = Town::new(1 << 20);
    let ann = town.watch("v1");
    answers(&ann).await;
    town.say(1, &teach(""));
    town.say(1, &teach(KEY));
    assert_eq!(answers(&ann).await, ["forbidden", "forbidden"]);
}

#[test]
fn the_key_is_in_no_text() {
    let with = |key: &str| {
        let key = key.to_owned();
        program::settings_from(Settings::default(), |name| {
            (name == "WS_TEACHER_KEY").then(|| key.clone())
        })
    };
    let settings = with(KEY).unwrap();
    assert_eq!(settings.teacher_key, Some(Key::new(KEY)));
    assert_ne!(settings.teacher_key, Some(Key::new("correct horse batterx")));
    assert!(!format!("{settings:?}").contains("horse"));
    for wrong in ["short key", &"x".repeat(129)] {
        let error = with(wrong).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(wrong), "{error}");
    }
}
