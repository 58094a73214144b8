//! The chat room, with a client in each of its six dialects: whatever they do, it goes on.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::runtime;
use ws101::chat::{Chat, SUBPROTOCOL};
use ws101::endpoint::Endpoint;
use ws101::settings::Settings;
use ws101::transcript::{Request, Transcript};

use crate::corpus::texts;
use crate::requests::{FORGED, soup};

/// One client for each dialect, and how it asks for it.
const CLIENTS: [(&str, &str); 6] = [
    ("canonical", "/ws"),
    ("node", "/?dialect=node_chat"),
    ("broadcast", "/?dialect=broadcast_server"),
    ("reconnect", "/?dialect=reconnect"),
    ("note", "/?dialect=note"),
    ("python", "/?dialect=python_chat"),
];

/// What a client does, by its place in [`CLIENTS`].
#[derive(Clone, Debug)]
enum Deed {
    Text(String),
    Binary(Vec<u8>),
    Vanish,
    /// Comes, or comes back: its old connection is cut.
    Connect,
    /// Lets time pass.
    Idle(Duration),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        24 => soup().prop_map(Deed::Text),
        1 => vec(any::<u8>(), 0..20).prop_map(Deed::Binary),
        1 => Just(Deed::Vanish),
        3 => Just(Deed::Connect),
        1 => (0..40_000_u64).prop_map(|ms| Deed::Idle(Duration::from_millis(ms))),
    ]
}

/// Plays what clients do over pipes, then lets a newcomer speak; gives the transcript.
fn play(deeds: Vec<(usize, Deed)>) -> String {
    let runtime = runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("no sockets are needed").block_on(async {
        let settings = Settings { rate: 0, ..Settings::default() };
        let room = Endpoint::open(Chat::new(&settings), &settings);
        let serving = room.clone();
        let mut t = Transcript::new(move |pipe| {
            let room = serving.clone();
            async move { room.accept(pipe).await.map(drop) }
        });
        for client in 0..CLIENTS.len() {
            connect(&mut t, client).await;
        }
        for (client, deed) in deeds {
            let (name, _) = CLIENTS[client];
            match deed {
                Deed::Text(text) => t.send(name, text.as_str()).await,
                Deed::Binary(bytes) => t.send(name, bytes).await,
                Deed::Vanish => t.vanish(name).await,
                Deed::Connect => connect(&mut t, client).await,
                Deed::Idle(time) => t.pass(time).await,
            }
        }
        t.step("a newcomer");
        t.connect("newcomer", Request::new("/ws").subprotocol(SUBPROTOCOL)).await;
        t.send("newcomer", r#"{"type":"hello","v":1,"username":"a-newcomer"}"#).await;
        t.send("newcomer", r#"{"type":"message","id":"last","content":"still here?"}"#).await;
        t.to_string()
    })
}

async fn connect(t: &mut Transcript, client: usize) {
    let (name, target) = CLIENTS[client];
    let request = Request::new(target);
    let canonical = name == "canonical";
    t.connect(name, if canonical { request.subprotocol(SUBPROTOCOL) } else { request }).await;
}

/// The room did not panic and is usable, no frame broke a rule, and nobody
/// heard the server say what a client forged.
fn is_sound(told: &str) -> Result<(), TestCaseError> {
    prop_assert!(!told.contains("internal error"), "the room panicked:\n{told}");
    prop_assert!(!told.contains("RFC 6455"), "a frame broke a rule:\n{told}");
    let heard = |words: &str| {
        let mut lines = told.lines().filter(|line| line.starts_with("newcomer "));
        lines.any(|line| line.contains("<< json ") && line.contains(words))
    };
    prop_assert!(heard(r#""type":"welcome""#) && heard(r#""type":"ack""#), "{told}");
    for (line, json) in told.lines().filter_map(|line| Some((line, line.split_once("<< json ")?.1)))
    {
        let said = outermost(json);
        let forged = said.contains(r#""type":"system""#) && said.contains(FORGED);
        prop_assert!(!forged, "{line}\n{told}");
    }
    Ok(())
}

/// A JSON object without what its arrays and objects hold: `broadcast_server` passes any JSON on as `data`.
///
/// Names stand in it for ids, so that it is no longer JSON.
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

/// A line is who speaks, and what is said.
#[test]
fn the_kept_conversations_leave_it_sound() {
    for file in texts("corpus/rooms") {
        let said = file.lines().map(|line| {
            let (name, text) = line.split_once(' ').expect("who, and what");
            let who = CLIENTS.iter().position(|(known, _)| *known == name).expect("a client");
            (who, Deed::Text(text.to_owned()))
        });
        is_sound(&play(said.collect())).expect("it was mended once");
    }
}

chance! {
    /// Whatever anyone does.
    fn the_room_goes_on(deeds in vec((0..CLIENTS.len(), deed()), 0..30)) {
        is_sound(&play(deeds))?;
    }

    /// With each dialect by itself, so that it is looked at closely.
    fn each_dialect_by_itself_goes_on(client in 0..CLIENTS.len(), deeds in vec(deed(), 0..20)) {
        is_sound(&play(deeds.into_iter().map(|deed| (client, deed)).collect()))?;
    }
}
