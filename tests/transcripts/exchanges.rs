//! The exchanges that the pages on the protocol quote, played against the chat.

use ws101::chat::{Chat, Rooms};
use ws101::endpoint::Endpoint;
use ws101::scenario::Scenario;
use ws101::settings::{Key, Settings};
use ws101::transcript::Transcript;

use super::chat;

const RESUME: &str = include_str!("resume.wst");
const HISTORY: &str = include_str!("history.wst");
const IDENTITY: &str = include_str!("identity.wst");

const ROOMS: &str = include_str!("rooms.wst");

const PRIVATE: &str = include_str!("private.wst");

const CHANGES: &str = include_str!("changes.wst");

const TEACHER: &str = include_str!("teacher.wst");

const EXCHANGES: [&str; 7] = [RESUME, HISTORY, IDENTITY, ROOMS, PRIVATE, CHANGES, TEACHER];

async fn play(exchange: &str) {
    let scenario: Scenario = exchange.parse().unwrap();
    let teacher_key = Some(Key::new("correct horse battery"));
    let (t, _chat) = chat(&Settings { rate: 0, teacher_key, ..Settings::default() });
    let played = scenario.play(t).await;
    assert!(played.difference.is_none(), "{}", played.difference.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_is_sent_again() {
    play(RESUME).await;
}

#[tokio::test(start_paused = true)]
async fn parts_of_the_history_are_sent_on_request() {
    play(HISTORY).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_keeps_name_and_place() {
    play(IDENTITY).await;
}

#[tokio::test(start_paused = true)]
async fn a_private_message_reaches_nobody_else() {
    play(PRIVATE).await;
}

#[tokio::test(start_paused = true)]
async fn messages_are_edited_deleted_and_reacted_to() {
    play(CHANGES).await;
}

#[tokio::test(start_paused = true)]
async fn the_teacher_keeps_order() {
    play(TEACHER).await;
}

#[tokio::test(start_paused = true)]
async fn a_room_has_its_own_members_and_numbers() {
    let scenario: Scenario = ROOMS.parse().unwrap();
    let settings = Settings { rate: 0, ..Settings::default() };
    let rooms = Endpoint::open(Rooms::new(Chat::new(&settings)), &settings);
    let t = Transcript::new(move |pipe| {
        let rooms = rooms.clone();
        async move { rooms.accept(pipe).await.map(drop) }
    });
    let played = scenario.play(t).await;
    assert!(played.difference.is_none(), "{}", played.difference.unwrap());
}

/// The pages on the protocol quote these exchanges, and name every error that the chat sends.
#[test]
fn the_pages_on_the_protocol_are_right() {
    let codes = include_str!("../../src/chat/request.rs").split("Self::").filter_map(|variant| {
        let (_, code) = variant.split_once("=> \"")?;
        Some(code.split_once('"')?.0)
    });
    let codes: Vec<_> = codes.collect();
    assert!(codes.len() >= 12, "{codes:?}");
    for page in [include_str!("../../docs/protocol.md"), include_str!("../../docs/protocol.ru.md")]
    {
        let blocks = page.split("```wst\n").skip(1).filter_map(|rest| rest.split("```").next());
        let mut quoted = [0; EXCHANGES.len()];
        for block in blocks {
            let of = EXCHANGES.iter().position(|exchange| exchange.contains(block));
            quoted[of.unwrap_or_else(|| panic!("in no exchange: {block}"))] += 1;
        }
        assert!(quoted.iter().all(|&blocks| blocks > 0), "{quoted:?}");
        for code in &codes {
            assert!(page.contains(&format!("`{code}`")), "no {code}");
        }
    }
}
