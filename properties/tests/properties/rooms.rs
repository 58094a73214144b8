//! The chat room with a client in each of its dialects: after any actions it still works.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::runtime;
use ws101::chat::{Chat, DIALECTS, SUBPROTOCOL};
use ws101::endpoint::Endpoint;
use ws101::settings::Settings;
use ws101::transcript::{Request, Transcript};

use crate::corpus::texts;
use crate::requests::{FORGED, soup};

/// An action of a client.
#[derive(Clone, Debug)]
enum Action {
    Text(String),
    Binary(Vec<u8>),
    Vanish,
    /// Connects. If it is connected, the old connection is cut first.
    Connect,
    /// Lets time pass.
    Idle(Duration),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        24 => soup().prop_map(Action::Text),
        1 => vec(any::<u8>(), 0..20).prop_map(Action::Binary),
        1 => Just(Action::Vanish),
        3 => Just(Action::Connect),
        1 => (0..40_000_u64).prop_map(|ms| Action::Idle(Duration::from_millis(ms))),
    ]
}

/// Plays the actions over pipes, each of the client of a dialect by its place in [`DIALECTS`]. Then a new client
/// connects and sends a message. Returns the transcript.
fn play(actions: Vec<(usize, Action)>) -> String {
    let runtime = runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("no sockets are needed").block_on(async {
        let settings = Settings { rate: 0, ..Settings::default() };
        let room = Endpoint::open(Chat::new(&settings), &settings);
        let serving = room.clone();
        let mut t = Transcript::new(move |pipe| {
            let room = serving.clone();
            async move { room.accept(pipe).await.map(drop) }
        });
        for client in 0..DIALECTS.len() {
            connect(&mut t, client).await;
        }
        for (client, action) in actions {
            let name = DIALECTS[client].name();
            match action {
                Action::Text(text) => t.send(name, text.as_str()).await,
                Action::Binary(bytes) => t.send(name, bytes).await,
                Action::Vanish => t.vanish(name).await,
                Action::Connect => connect(&mut t, client).await,
                Action::Idle(time) => t.pass(time).await,
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
    let dialect = DIALECTS[client];
    let name = dialect.name();
    let request = match dialect.subprotocol() {
        Some(subprotocol) => Request::new("/ws").subprotocol(subprotocol),
        None => Request::new(&format!("/?dialect={name}")),
    };
    t.connect(name, request).await;
}

/// The room did not panic, the new client could use it, no frame broke a rule, and no client received
/// a forged `system` message.
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

/// A JSON object without the contents of its arrays and inner objects: `broadcast_server` passes any JSON on as `data`.
///
/// The transcript prints names in place of ids, so the text cannot be parsed as JSON.
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

/// A line of a file is the name of a client and its message.
#[test]
fn the_kept_conversations_leave_it_sound() {
    for file in texts("corpus/rooms") {
        let said = file.lines().map(|line| {
            let (name, text) = line.split_once(' ').expect("who, and what");
            let who = DIALECTS.iter().position(|known| known.name() == name).expect("a client");
            (who, Action::Text(text.to_owned()))
        });
        is_sound(&play(said.collect())).expect("it was mended once");
    }
}

chance! {
    /// Actions of clients of all dialects.
    fn the_room_goes_on(actions in vec((0..DIALECTS.len(), action()), 0..30)) {
        is_sound(&play(actions))?;
    }

    /// Actions of the clients of one dialect, so that each is tried often.
    fn each_dialect_by_itself_goes_on(client in 0..DIALECTS.len(), actions in vec(action(), 0..20)) {
        is_sound(&play(actions.into_iter().map(|action| (client, action)).collect()))?;
    }
}
