//! What the protocols look like: every byte that crossed the wire, in virtual time.

mod abuse;
mod again;
mod chat;
mod dialects;
mod endings;
mod exchanges;
mod limits;
mod refusals;
mod violations;

use ws101::chat::{Chat, SUBPROTOCOL};
use ws101::endpoint::Endpoint;
use ws101::settings::Settings;
use ws101::transcript::{Request, Transcript};

/// A chat to talk to, and the end of it to hold on to.
fn chat(settings: &Settings) -> (Transcript, Endpoint<Chat>) {
    served(Chat::new(settings), settings)
}

/// The same for a chat of one's own.
fn served(room: Chat, settings: &Settings) -> (Transcript, Endpoint<Chat>) {
    let chat = Endpoint::open(room, settings);
    let serving = chat.clone();
    let mut t = Transcript::new(move |pipe| {
        let chat = serving.clone();
        async move { chat.accept(pipe).await.map(drop) }
    });
    // The resident memory differs from run to run, and so does its length in
    // what was sent before.
    for field in ["epoch", "rss_bytes", "bytes_out"] {
        t.any(field);
    }
    t.any("version");
    (t, chat)
}

/// A request for the canonical protocol, as our page makes it.
fn v1() -> Request {
    Request::new("/ws").subprotocol(SUBPROTOCOL)
}

/// Comes in and says hello under that name.
async fn enter(t: &mut Transcript, name: &str) {
    t.connect(name, v1()).await;
    t.send(name, format!(r#"{{"type":"hello","v":1,"username":"{name}"}}"#)).await;
}
