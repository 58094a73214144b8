//! Edits, deletions and reactions of clients that mean no good, and what the history keeps of them.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;
use ws101::chat::{Chat, EDIT_WITHIN, REACTIONS_MAX};
use ws101::room::Room;
use ws101::settings::Settings;

use super::crowd::{Meter, Town};

/// The first member, who sends, and the second, who is watched.
const ANN: u64 = 1;
const BOB: u64 = 2;

/// The events that a client was sent since it was asked last.
async fn told(meter: &Meter) -> Vec<Value> {
    sleep(Duration::from_millis(1)).await;
    meter.heard()
}

async fn codes(meter: &Meter) -> Vec<Value> {
    told(meter).await.into_iter().filter_map(|said| said.get("code").cloned()).collect()
}

/// The events that the room keeps.
async fn kept(town: &mut Town, meter: &Meter) -> Vec<Value> {
    town.say(BOB, &json!({"type": "history", "before": 1_u64 << 40}));
    let answers = told(meter).await;
    let history = answers.iter().find(|said| said["type"] == "history").unwrap();
    history["events"].as_array().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_reactions_of_one_member_are_one() {
    let mut town = Town::new(1 << 20);
    town.arrive(1, "v1");
    let bob = town.watch("v1");
    town.say(ANN, &json!({"type": "message", "content": "hi"}));
    told(&bob).await;
    for nth in 0..1_000 {
        town.say(ANN, &json!({"type": "react", "seq": 3, "emoji": "👍", "id": format!("r{nth}")}));
    }
    let told = told(&bob).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["type"], "reaction");
    let kept = kept(&mut town, &bob).await;
    assert_eq!(kept.last().unwrap()["seq"], 4);
    assert_eq!(kept[2]["reactions"][0]["users"].as_array().unwrap().len(), 1, "{kept:?}");
}

#[tokio::test(start_paused = true)]
async fn a_message_has_at_most_so_many_reactions() {
    let mut town = Town::new(1 << 20);
    town.arrive(1, "v1");
    let bob = town.watch("v1");
    town.say(ANN, &json!({"type": "message", "content": "hi"}));
    let crowd = town.arrive(REACTIONS_MAX + 20, "v1");
    town.tick().await;
    told(&bob).await;
    for who in &crowd {
        town.say(*who, &json!({"type": "react", "seq": 3, "emoji": "🎉"}));
    }
    let reactions = told(&bob).await.iter().filter(|said| said["type"] == "reaction").count();
    assert_eq!(reactions, REACTIONS_MAX);
    town.say(BOB, &json!({"type": "react", "seq": 3, "emoji": "👍"}));
    assert_eq!(codes(&bob).await, ["forbidden"]);
    // One that is taken back makes room.
    town.say(crowd[0], &json!({"type": "react", "seq": 3, "emoji": "🎉", "active": false}));
    town.say(BOB, &json!({"type": "react", "seq": 3, "emoji": "👍"}));
    assert_eq!(told(&bob).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_edit_is_not_larger_than_a_message() {
    let mut town = Town::new(1 << 20);
    let ann = town.watch("v1");
    let bob = town.watch("v1");
    town.say(ANN, &json!({"type": "message", "content": "hi"}));
    told(&ann).await;
    for content in ["x".repeat(4_001), "🙂".repeat(4_000) + "!", "  ".to_owned()] {
        town.say(ANN, &json!({"type": "edit", "seq": 3, "content": content}));
    }
    assert_eq!(codes(&ann).await, ["too_long", "too_long", "bad_message"]);
    assert_eq!(kept(&mut town, &bob).await[2]["content"], "hi");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_evicted_is_changed_by_nobody() {
    let mut town = Town::new(1 << 20);
    town.chat = Chat::new(&Settings::default()).keep(2_000);
    let ann = town.watch("v1");
    let bob = town.watch("v1");
    for _ in 0..20 {
        town.say(ANN, &json!({"type": "message", "content": "hi"}));
    }
    told(&ann).await;
    let oldest = kept(&mut town, &bob).await[0]["seq"].as_u64().unwrap();
    for request in [
        json!({"type": "edit", "content": "ho"}),
        json!({"type": "delete"}),
        json!({"type": "react", "emoji": "👍"}),
    ] {
        for seq in [oldest - 1, 0, 1_u64 << 52] {
            let mut request = request.clone();
            request["seq"] = seq.into();
            town.say(ANN, &request);
            assert_eq!(codes(&ann).await, ["not_found"], "{request}");
        }
    }
    // A longer text pushes out what is older, in both places.
    let last = kept(&mut town, &bob).await.last().unwrap()["seq"].as_u64().unwrap();
    town.say(ANN, &json!({"type": "edit", "seq": last, "content": "x".repeat(1_800)}));
    told(&ann).await;
    town.say(ANN, &json!({"type": "delete", "seq": last - 1}));
    assert_eq!(codes(&ann).await, ["not_found"]);
}

#[tokio::test(start_paused = true)]
async fn an_old_message_is_only_deleted() {
    let mut town = Town::new(1 << 20);
    let ann = town.watch("v1");
    town.say(ANN, &json!({"type": "message", "content": "hi"}));
    town.chat.now(EDIT_WITHIN);
    town.say(ANN, &json!({"type": "edit", "seq": 2, "content": "ho"}));
    town.chat.now(EDIT_WITHIN + Duration::from_millis(1));
    told(&ann).await;
    town.say(ANN, &json!({"type": "edit", "seq": 2, "content": "hey"}));
    assert_eq!(codes(&ann).await, ["forbidden"]);
    town.say(ANN, &json!({"type": "delete", "seq": 2}));
    assert_eq!(told(&ann).await[0]["type"], "deleted");
}

/// The history keeps the last text of a message that was edited often, and no other.
#[tokio::test(start_paused = true)]
async fn the_history_keeps_the_last_text_only() {
    let mut town = Town::new(1 << 30);
    town.arrive(1, "v1");
    let bob = town.watch("v1");
    town.say(ANN, &json!({"type": "message", "content": "text 0"}));
    for nth in 1..=500 {
        town.say(ANN, &json!({"type": "edit", "seq": 3, "content": format!("text {nth}")}));
    }
    told(&bob).await;
    let mut before = 1_u64 << 40;
    let mut texts = Vec::new();
    loop {
        town.say(BOB, &json!({"type": "history", "before": before}));
        let answer = told(&bob).await.pop().unwrap();
        let events = answer["events"].as_array().unwrap();
        texts
            .extend(events.iter().filter_map(|event| event["content"].as_str().map(str::to_owned)));
        before = events[0]["seq"].as_u64().unwrap();
        if answer["more"] == false {
            break;
        }
    }
    // In the message itself, and in the last event.
    assert_eq!(texts, ["text 500", "text 500"]);
}
