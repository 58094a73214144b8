//! Questions to the class of `ws101 lesson`: votes of phones, and servers with one mistake.

#![cfg(unix)]

mod classroom;
mod echoing;

use classroom::{Lesson, PATIENCE, event, received};
use echoing::echoing;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use ws101::client::{Client, Received};
use ws101::frame::Frame;

async fn lesson() -> Lesson {
    Lesson::start(&format!("ws://{}/ws", echoing("/ws").await), &[]).await
}

/// The header with the ballot that a phone gets with its page.
async fn ballot(lesson: &Lesson) -> String {
    let (status, answer) = lesson.ask("GET /class/phone", &[], "").await;
    assert_eq!(status, 200);
    let cookie = answer.lines().find_map(|line| line.strip_prefix("Set-Cookie: ")).expect(&answer);
    assert!(cookie.ends_with("; Path=/class/; HttpOnly; SameSite=Strict"), "{cookie}");
    format!("Cookie: other=1; {}", cookie.split(';').next().unwrap())
}

async fn votes(lesson: &Lesson, ballot: &str, question: u64, answer: u64) -> u16 {
    let body = json!({"question": question, "answer": answer}).to_string();
    lesson.ask("POST /class/vote", &[ballot], &body).await.0
}

/// The next message about the class whose question is like this.
async fn question(viewer: &mut Client<TcpStream>, is_it: impl Fn(&Value) -> bool) -> Value {
    event(viewer, |it| it["type"] == "class" && is_it(&it["question"])).await["question"].take()
}

#[tokio::test]
async fn a_class_votes_and_sees_the_result_when_the_vote_is_over() {
    let lesson = lesson().await;
    let mut phone = lesson.phone().await;
    assert!(question(&mut phone, |_| true).await.is_null());
    let (anna, boris) = (ballot(&lesson).await, ballot(&lesson).await);
    assert_ne!(anna, boris);

    let (status, told) = lesson.teacher("POST /class/question", r#"{"quiz": 1}"#).await;
    assert_eq!((status, &told), (201, &json!({"id": 1})));
    let asked = question(&mut phone, |it| it["id"] == 1).await;
    assert!(asked["ask"]["ru"].as_str().unwrap().starts_with('«'), "{asked}");
    assert_eq!(asked["answers"].as_array().unwrap().len(), 3);
    assert_eq!((asked.get("right"), asked.get("tally")), (None, None), "the vote is open");

    assert_eq!(votes(&lesson, "Cookie: ws101_ballot=made-up", 1, 0).await, 403);
    assert_eq!(votes(&lesson, &anna, 1, 3).await, 400);
    assert_eq!(votes(&lesson, &anna, 2, 0).await, 409);
    assert_eq!(votes(&lesson, &anna, 1, 1).await, 200);
    assert_eq!(votes(&lesson, &anna, 1, 0).await, 409, "one vote a phone");
    assert_eq!(votes(&lesson, &boris, 1, 0).await, 200);
    let asked = question(&mut phone, |it| it["votes"] == 2).await;
    assert_eq!(asked.get("tally"), None, "nobody sees how others vote");

    let (status, told) = lesson.teacher("DELETE /class/question", "").await;
    assert_eq!((status, &told["tally"], &told["right"]), (200, &json!([1, 1, 0]), &json!(1)));
    assert!(told["why"]["en"].as_str().unwrap().starts_with("Not always."), "{told}");
    assert_eq!(question(&mut phone, |it| it["open"] == false).await, told);
    assert_eq!(votes(&lesson, &ballot(&lesson).await, 1, 0).await, 409, "the vote is over");

    // Away, and the next one: a phone that has voted votes again.
    assert_eq!(lesson.teacher("DELETE /class/question", "").await.0, 200);
    assert!(question(&mut phone, Value::is_null).await.is_null());
    assert_eq!(lesson.teacher("DELETE /class/question", "").await.0, 404);
    let text = |text: &str| json!({"en": text, "ru": text});
    let own = json!({"ask": text("?"), "answers": [text("a"), text("b"), text("c")], "right": 2, "why": text("so")});
    assert_eq!(lesson.teacher("POST /class/question", &own.to_string()).await.0, 201);
    assert_eq!(votes(&lesson, &anna, 2, 2).await, 200);
}

#[tokio::test]
async fn a_malformed_question_is_refused() {
    let lesson = lesson().await;
    let text = json!({"en": "", "ru": ""});
    let long = json!({"en": "x".repeat(3000), "ru": ""});
    for body in [
        json!({"quiz": 0}),
        json!({"quiz": 4}),
        json!({}),
        json!({"ask": text, "answers": [text, text], "right": 0, "why": text}),
        json!({"ask": text, "answers": [text, text, text], "right": 3, "why": text}),
        json!({"ask": long, "answers": [text, text, text], "right": 0, "why": text}),
    ] {
        let (status, told) = lesson.teacher("POST /class/question", &body.to_string()).await;
        assert_eq!(status, 400, "{body}: {told}");
    }
    assert_eq!(lesson.ask("GET /class/vote", &[], "").await.0, 405);
    let (status, told) = lesson.ask("GET /class/notes.md?lang=ru", &[&lesson.header()], "").await;
    assert!(status == 200 && told.contains("## Где ошибаются"), "{told}");
}

/// A phone is told of the class, and not of the frames of everybody.
#[tokio::test]
async fn a_phone_is_sent_no_events() {
    let lesson = lesson().await;
    let mut phone = lesson.phone().await;
    let mut viewer = lesson.viewer().await;
    let mut client = lesson.client().await;
    classroom::echoes(&mut client, "hello").await;
    event(&mut viewer, |it| it["text"] == "hello" && it["from"] == "server").await;
    lesson.fault("silence").await;
    for faults in 0..2 {
        let told: Value = serde_json::from_slice(&received(&mut phone).await.payload).unwrap();
        let told = (told["type"].clone(), told["faults"].as_array().map(Vec::len));
        assert_eq!(told, (json!("class"), Some(faults)));
    }
}

/// The code that the server answers a close frame with.
async fn answered(lesson: &Lesson, code: u16) -> Option<u16> {
    let mut client = lesson.client().await;
    client.send(Frame::close(code, "")).await.unwrap();
    match timeout(PATIENCE, client.receive()).await.expect("an answer") {
        Received::Frame(frame) => frame.close_code().map(|(code, _)| code),
        _ => None,
    }
}

#[tokio::test]
async fn a_server_with_a_mistake_takes_the_place_of_the_right_one() {
    let right = format!("{} broken --lesson 3", env!("CARGO_BIN_EXE_ws101"));
    let lesson = Lesson::start(&right, &[]).await;
    let mut phone = lesson.phone().await;
    assert_eq!(answered(&lesson, 1001).await, Some(1001));

    let (status, told) = lesson.teacher("POST /class/broken", r#"{"check": "7.3"}"#).await;
    assert_eq!(status, 409, "of another lesson: {told}");
    let (_, offered) = lesson.teacher("GET /class/question", "").await;
    assert!(
        offered["broken"].as_array().unwrap().iter().any(|it| it["check"] == "3.4"),
        "{offered}"
    );
    let (status, told) = lesson.teacher("POST /class/broken", r#"{"check": "3.4"}"#).await;
    assert_eq!((status, &told["server"]), (200, &json!("broken")), "{told}");
    let asked = question(&mut phone, |it| it["open"] == true).await;
    assert!(!asked.to_string().contains("3.4"), "the number would tell: {asked}");
    assert_eq!(answered(&lesson, 1001).await, Some(1000), "3.4 answers another code");
    let (_, told) = lesson.teacher("DELETE /class/question", "").await;
    assert!(told["why"]["en"].as_str().unwrap().contains("3.4"), "{told}");

    // It is stopped and started as it is, and undone with all faults.
    for (change, state) in [("stop", "stopped"), ("start", "broken")] {
        let (_, told) =
            lesson.teacher("POST /class/server", &json!({"do": change}).to_string()).await;
        assert_eq!(told["server"], state);
    }
    assert_eq!(lesson.teacher("DELETE /class/faults", "").await.0, 200);
    assert_eq!(answered(&lesson, 1001).await, Some(1001));
    lesson.end().await;
}

#[tokio::test]
async fn a_server_that_was_not_started_here_is_not_replaced() {
    let lesson = lesson().await;
    let (status, told) = lesson.teacher("POST /class/broken", "{}").await;
    assert_eq!(status, 409, "{told}");
    assert_eq!(lesson.teacher("DELETE /class/faults", "").await.0, 200);
}
