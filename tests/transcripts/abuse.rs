//! Claims of a client that are not true: who it is, and how far it has read.

use serde_json::{Value, json};
use ws101::chat::{Chat, Rooms, SUBPROTOCOL};
use ws101::endpoint::Endpoint;
use ws101::settings::Settings;
use ws101::transcript::{Request, Transcript};

/// The rooms of a server, and how to talk to them.
fn rooms() -> Transcript {
    let settings = Settings { rate: 0, ..Settings::default() };
    let rooms = Endpoint::open(Rooms::new(Chat::new(&settings)), &settings);
    Transcript::new(move |pipe| {
        let rooms = rooms.clone();
        async move { rooms.accept(pipe).await.map(drop) }
    })
}

/// The last event that a client was sent.
fn last(t: &Transcript, name: &str) -> Value {
    serde_json::from_slice(&t.received(name).unwrap().payload).unwrap()
}

/// Connects and says hello with these fields. The last event of the answer.
async fn hello(t: &mut Transcript, name: &str, path: &str, fields: Value) -> Value {
    t.connect(name, Request::new(path).subprotocol(SUBPROTOCOL)).await;
    let mut hello = json!({"type": "hello", "v": 1});
    hello.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    t.send(name, hello.to_string()).await;
    last(t, name)
}

/// A token opens the place of one person, in one room. Nothing made from it opens another.
#[tokio::test(start_paused = true)]
async fn a_token_that_was_not_given_opens_nothing() {
    let mut t = rooms();
    let mut sessions = Vec::new();
    for name in ["ann", "bob"] {
        let welcome = hello(&mut t, name, "/ws", json!({"username": name, "token": null})).await;
        let texts =
            [&welcome["session"]["token"], &welcome["session"]["id"], &welcome["user"]["id"]];
        sessions.push(texts.map(|text| text.as_str().unwrap().to_owned()));
    }
    let [[ann, session, id], [bob, ..]] = &sessions[..] else { panic!("{sessions:?}") };
    let (half, _) = ann.split_at(ann.len() / 2);
    let mixed = format!("{half}{}", &bob[half.len()..]);
    let upper = ann.to_uppercase();
    let zeros = "0".repeat(64);
    let guesses = [&*mixed, half, &zeros, session, id, &*upper];
    for token in guesses.into_iter().filter(|token| token != ann) {
        let error = hello(&mut t, "eve", "/ws", json!({"token": token})).await;
        assert_eq!(error["code"], "unauthorized", "{token}: {error}");
        t.close("eve", 1000, "").await;
    }
    let elsewhere = hello(&mut t, "eve", "/ws?room=other", json!({"token": ann})).await;
    assert_eq!(elsewhere["code"], "unauthorized", "{elsewhere}");
    // She is still told why, and may come in as another person.
    t.send("eve", r#"{"type":"hello","v":1,"username":"ann"}"#).await;
    assert_eq!(last(&t, "eve")["type"], "welcome");
}

/// Numbers that the room has not reached, or not in this life.
#[tokio::test(start_paused = true)]
async fn a_resume_from_the_future_is_a_gap() {
    let mut t = rooms();
    let welcome = hello(&mut t, "ann", "/ws", json!({"username": "ann"})).await;
    let room = &welcome["rooms"][0];
    let (epoch, seq) = (room["epoch"].as_str().unwrap().to_owned(), room["seq"].as_u64().unwrap());
    let places = [
        (json!(epoch), json!(seq + 100)),
        (json!(epoch), json!(u64::MAX)),
        (json!("another"), json!(seq)),
    ];
    for (epoch, seq) in places {
        let resume = json!({"resume": {"general": {"epoch": epoch, "seq": seq}}});
        let end = hello(&mut t, "eve", "/ws", resume).await;
        assert_eq!(end["type"], "replay_end", "{epoch} {seq}: {end}");
        assert_eq!(end["recovered"], false, "{epoch} {seq}: {end}");
        t.close("eve", 1000, "").await;
    }
    for seq in [json!(-1), json!(1.5), json!("1"), json!(null)] {
        let resume = json!({"resume": {"general": {"epoch": epoch, "seq": seq}}});
        let error = hello(&mut t, "eve", "/ws", resume).await;
        assert_eq!(error["code"], "bad_message", "{seq}: {error}");
        t.close("eve", 1000, "").await;
    }
}
