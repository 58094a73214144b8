//! What the chat sends, to the byte: the order of fields is on the wire, and transcripts sort them.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::time::sleep;
use ws101::chat::{Chat, DIALECTS};
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::stats::Stats;

use super::crowd::Town;

/// `text` with its random ids, its measured numbers and the version replaced.
fn steady(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for char in text.chars().chain(['\n']) {
        if char.is_ascii_alphanumeric() {
            word.push(char);
            continue;
        }
        let is_id = word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        out.push_str(if is_id { "<id>" } else { &word });
        out.push(char);
        word.clear();
    }
    out.trim_end().replace(env!("CARGO_PKG_VERSION"), "<version>")
}

/// The first frame of each type that each dialect is sent.
#[tokio::test(start_paused = true)]
async fn every_frame_keeps_the_order_of_its_fields() {
    let mut town = Town::new(1 << 20);
    town.chat = Chat::new(&Settings::default()).clock(|| SystemTime::UNIX_EPOCH);
    let dialects = ["v1", "node_chat", "broadcast_server", "reconnect", "python_chat"];
    let watched = dialects.map(|dialect| (dialect, town.watch(dialect)));
    let name = json!({"type": "rename", "username": "Вера", "id": "r1"});
    let line = json!({"type": "message", "id": "m1", "content": "hi"});
    for said in [&line, &line, &name, &name, &json!({"type": "typing"})] {
        town.say(1, said);
    }
    town.say(1, &json!({"type": "ping", "timestamp": 1}));
    town.say(1, &json!({"type": "dance", "id": "d1"}));
    town.say(2, &json!({"type": "user", "content": "hi"}));
    town.say(3, &json!({"type": "test", "message": "hi", "more": [1]}));
    town.say(3, &json!({"type": "ping", "timestamp": 1}));
    town.say(3, &json!({"message": "x".repeat(4001)}));
    town.say(4, &line);
    town.say(4, &line);
    town.say(4, &json!({"type": "ping", "timestamp": 1}));
    town.say(4, &json!({"type": "dance"}));
    town.say(5, &json!({"type": "message", "text": "hi"}));
    town.say(5, &json!({"type": "typing"}));
    town.say(5, &json!({"type": "dance"}));
    let flood = tokio_tungstenite::tungstenite::Message::text(line.to_string());
    town.chat.flooded(1, flood, Duration::from_secs(2), &town.hub);
    let gone = town.arrive(1, "v1");
    for who in gone {
        town.leave(who).await;
    }
    let crowd = town.arrive(70, "v1");
    for (nth, who) in crowd.into_iter().enumerate() {
        let name = format!("renamed {nth}");
        town.say(who, &json!({"type": "rename", "username": name}));
        if nth < 3 {
            town.leave(who).await;
        }
    }
    town.tick().await;
    let report =
        ws101::stats::Report { rss_bytes: None, uptime_ms: 1000, ..Stats::start().report() };
    town.chat.report(&report, &town.hub);
    town.chat.closing(&town.hub);
    sleep(Duration::from_secs(1)).await;
    let mut seen = BTreeMap::new();
    for (dialect, meter) in watched {
        for text in meter.texts() {
            let said: Value = serde_json::from_str(&text).unwrap();
            let kind = format!("{} {}", said["type"], said["event"]);
            seen.entry((dialect, kind)).or_insert(text);
        }
    }
    let lines: Vec<_> = seen
        .into_iter()
        .map(|((dialect, _), text)| format!("{dialect} {}", steady(&text)))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// The entries of `const NAME = new Map(Object.entries({ … }));`, as pairs.
fn map(script: &str, name: &str) -> Vec<(String, String)> {
    let (_, map) = script.split_once(&format!("const {name} = new Map(Object.entries({{")).unwrap();
    let (entries, _) = map.split_once("}));").unwrap();
    let entries = entries.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let text = |text: &str| text.trim().trim_matches('\'').to_owned();
    // `canonical` alone is `canonical: canonical`.
    entries
        .map(|entry| entry.split_once(':').unwrap_or((entry, entry)))
        .map(|(key, value)| (text(key), text(value)))
        .collect()
}

#[test]
fn the_page_knows_every_dialect_by_both_names() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/frontend/dialects.js");
    let script = fs::read_to_string(path).unwrap();
    let known = map(&script, "DIALECTS");
    let old_names = map(&script, "OLD_NAMES");
    for dialect in DIALECTS {
        assert!(known.iter().any(|(name, _)| name == dialect.name()), "{}", dialect.name());
        if let Some(old) = dialect.old_name() {
            let is_known = old_names.contains(&(old.to_owned(), dialect.name().to_owned()));
            assert!(is_known, "{} by its old name", dialect.name());
        }
    }
}
