//! The memory that a person with a token costs more than one without. Alone in its process, so that memory can be counted.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt;
use http::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{Hub, HubOptions, Mailbox, Outlet};
use ws101::chat::{Chat, SUBPROTOCOL};
use ws101::handshake::Agreement;
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::upgrade::Peer;

/// Enough that a page of memory is nothing for one.
const PEOPLE: usize = 1_500;

/// The most bytes that a token, a session and the person's state may take.
const MOST: usize = 400;

/// A connection that takes everything and says nothing.
struct Idle;

impl AsyncRead for Idle {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Idle {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn memory() -> usize {
    memory_stats::memory_stats().expect("the system tells").physical_mem
}

/// A chat with so many people in it.
struct Crowd {
    _chat: Chat,
    _hub: Hub,
    _mailboxes: Vec<Mailbox>,
}

/// Lets people in, and counts the bytes that each takes then.
async fn bytes_of_one(people: usize, hello: impl Fn(usize) -> Value) -> (Crowd, usize) {
    let mut agreement = Agreement::new("dGhlIHNhbXBsZSBub25jZQ==");
    agreement.subprotocol = Some(SUBPROTOCOL.to_owned());
    let peer = || Peer::new(&Request::get("/ws").body(()).unwrap(), &agreement);
    let mut chat = Chat::new(&Settings::default());
    let hub = Hub::new(HubOptions::default());
    let before = memory();
    let mut mailboxes = Vec::with_capacity(people);
    for number in 0..people {
        let mailbox = hub.join(&Outlet::new(Idle));
        let who = mailbox.id();
        chat.joined(who, &peer(), &hub);
        chat.heard(who, Message::text(hello(number).to_string()), &hub);
        assert!(mailbox.drive().now_or_never().is_none(), "{number} is still here");
        mailboxes.push(mailbox);
        tokio::task::yield_now().await;
    }
    let bytes = memory().saturating_sub(before) / people;
    (Crowd { _chat: chat, _hub: hub, _mailboxes: mailboxes }, bytes)
}

#[tokio::test(start_paused = true)]
async fn a_token_costs_a_person_at_most_400_bytes() {
    let plain = |number| json!({"type": "hello", "v": 1, "username": format!("person {number}")});
    let known = |number| {
        let mut hello = plain(number);
        hello["token"] = json!(null);
        hello["session"] = json!(format!("session-of-person-{number:08}"));
        hello
    };
    // The first chat allocates what all of them share.
    drop(bytes_of_one(10, known).await);
    let (_without, plain) = bytes_of_one(PEOPLE, plain).await;
    let (_with, known) = bytes_of_one(PEOPLE, known).await;
    println!("{plain} bytes without a token, {known} with one");
    assert!(known <= plain + MOST, "{plain} bytes without a token, {known} with one");
}
