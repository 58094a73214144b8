//! Models of the overflow policies, while other tasks continue.

use super::*;
use ws101_model::broadcast::Overflow;

/// A client receives either everything, or the first messages and then close code 1013.
fn all_or_let_go(heard: &[String], said: &[&str]) {
    let (end, before) = heard.split_last().expect("a goodbye is said");
    assert!(heard == said || end == "1013" && before == &said[..before.len()], "{heard:?}");
}

#[test]
fn the_slow_are_told_last() {
    check(ALL, |sizes| {
        let hub = Hub::new(HubOptions { capacity: 4, ..HubOptions::default() });
        let (who, far) = member(&hub, sizes);
        for text in ["a", "b", "c", "d"] {
            hub.send(who, Message::text(text));
        }
        hub.close(who, CloseCode::Normal, "");
        all_or_let_go(&block_on(hear(far)), &["a", "b", "c", "d", "1000"]);
    });
}

#[test]
fn the_slow_in_a_round_are_told_last() {
    check(some(), |sizes| {
        let hub = Hub::new(HubOptions { capacity: 4, ..HubOptions::default() });
        let (who, far) = member(&hub, sizes);
        hub.broadcast(Message::text("abcdef"));
        hub.broadcast(Message::text("g"));
        spawn(async move {
            hub.send(who, Message::text("h"));
            hub.close(who, CloseCode::Normal, "");
        });
        all_or_let_go(&block_on(hear(far)), &["abcdef", "g", "h", "1000"]);
    });
}

#[test]
fn the_slow_who_are_closed_in_a_round_miss_nothing_or_are_told() {
    check(some(), |sizes| {
        let hub = Hub::new(HubOptions { capacity: 4, ..HubOptions::default() });
        let (who, far) = member(&hub, sizes);
        for text in ["abcdef", "g", "h"] {
            hub.broadcast(Message::text(text));
        }
        hub.close(who, CloseCode::Normal, "");
        all_or_let_go(&block_on(hear(far)), &["abcdef", "g", "h", "1000"]);
    });
}

#[test]
fn the_newest_is_kept() {
    check(some(), |sizes| {
        // Capacity for the rest of a partly written frame and for one whole frame.
        let hub = Hub::new(HubOptions {
            capacity: 5,
            overflow: Overflow::DropOldest,
            ..HubOptions::default()
        });
        let (who, far) = member(&hub, sizes);
        let said = ["abc", "d", "e", "f"];
        spawn(async move {
            for text in said {
                hub.send(who, Message::text(text));
            }
            hub.close(who, CloseCode::Normal, "");
        });
        let heard = block_on(hear(far));
        assert!(heard.ends_with(&["f".into(), "1000".into()]), "{heard:?}");
        let mut said = said.iter();
        let (_, texts) = heard.split_last().expect("a goodbye is said");
        assert!(texts.iter().all(|text| said.any(|said| said == text)), "in order: {heard:?}");
    });
}
