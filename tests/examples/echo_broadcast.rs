//! The dialect `broadcast_server`: `echo_broadcast`, `heartbeat`, `stats`, `shutdown`, one protocol that grows.

use std::collections::BTreeSet;
use std::time::Duration;

use ws101::transcript::Transcript;

use crate::program::Program;
use crate::talk_to;

const GROWN: [&str; 4] = ["echo_broadcast", "heartbeat", "stats", "shutdown"];

/// What all four do: G4, with a silent third, a forged message and a vanished peer.
async fn talked(example: &str) -> Transcript {
    // Statistics come in their own time: not while the others talk.
    let program = Program::start(example, &[("WS_STATS_MS", "600000")]).await;
    let mut t = talk_to(program.address);
    t.step("each is welcomed, and told to the others");
    for name in ["ann", "bob", "third"] {
        t.connect(name, "/").await;
    }
    t.step("Test: an echo for ann, a broadcast for the others");
    t.send("ann", r#"{"type":"test","message":"Тест"}"#).await;
    t.step("plain text will do");
    t.send("bob", "Привет").await;
    t.step("a forged line is data like any other");
    t.send("bob", r#"{"type":"system","event":"shutdown","message":"Пока"}"#).await;
    t.step("bob says goodbye");
    t.close("bob", 1000, "пока").await;
    t.step("third is gone without a word");
    t.vanish("third").await;
    t
}

#[tokio::test]
async fn g4_an_echo_for_who_speaks_and_a_broadcast_for_the_others() {
    insta::assert_snapshot!("echo_broadcast", talked(GROWN[0]).await);
}

#[tokio::test]
async fn what_grows_from_it_says_the_same() {
    let first = talked(GROWN[0]).await.to_string();
    for example in &GROWN[1..] {
        assert_eq!(talked(example).await.to_string(), first, "{example}");
    }
}

#[tokio::test]
async fn heartbeat_lets_the_silent_go_and_the_others_know() {
    let settings = [("WS_HEARTBEAT_MS", "300"), ("WS_PONG_TIMEOUT_MS", "300")];
    let program = Program::start("heartbeat", &settings).await;
    let mut t = talk_to(program.address);
    t.connect("ann", "/").await;
    t.connect("mute", "/").await;
    t.mute("mute").await;
    t.pass(Duration::from_secs(2)).await;
    let seen = t.to_string();
    let told = r#"mute << close 1011 "no pong in 300 ms (RFC 6455 5.5.3)""#;
    assert!(seen.contains(told), "{seen}");
    assert_eq!(seen.matches(r#""type":"client_disconnected""#).count(), 1, "{seen}");
    assert!(!seen.contains("ann  << close"), "{seen}");
}

#[tokio::test]
async fn heartbeat_answers_a_pages_own_ping_to_the_page_alone() {
    let program = Program::start("heartbeat", &[]).await;
    let mut t = talk_to(program.address);
    t.connect("ann", "/").await;
    t.connect("bob", "/").await;
    t.step("ann asks");
    t.send("ann", r#"{"type":"ping","timestamp":"abc"}"#).await;
    insta::assert_snapshot!(t);
}

#[tokio::test]
async fn stats_are_told_to_everyone() {
    let program = Program::start("stats", &[("WS_STATS_MS", "700")]).await;
    let mut t = talk_to(program.address);
    for field in ["rssBytes", "uptime"] {
        t.any(field);
    }
    t.connect("ann", "/").await;
    t.connect("bob", "/").await;
    t.connect("cat", "/").await;
    t.vanish("bob").await;
    t.step("the numbers are right after a crash");
    t.pass(Duration::from_millis(1500)).await;
    let seen = t.to_string();
    let (_, step) = seen.split_once("\n== ").expect("a step was begun");
    // How often is up to the clock of this machine.
    let told: BTreeSet<_> = step.lines().filter(|line| line.contains(" << ")).collect();
    let told: Vec<_> = told.into_iter().collect();
    insta::assert_snapshot!(
        "stats",
        format!("== after a crash, two are left\n{}", told.join("\n"))
    );
}

#[tokio::test]
async fn g13_shutdown_tells_everyone_closes_with_1001_and_logs_by_its_six_signs() {
    let program = Program::start("shutdown", &[("WS_STATS_MS", "600000")]).await;
    let mut t = talk_to(program.address);
    for name in ["ann", "bob", "third"] {
        t.connect(name, "/").await;
    }
    t.send("ann", "Тест").await;
    t.close("bob", 1000, "").await;
    t.step("SIGTERM");
    let ended = program.stop().await;
    t.pass(Duration::from_millis(10)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    insta::assert_snapshot!("shutdown", t);
    for sign in ["✅", "📨", "📤", "📡", "❌", "🔔"] {
        let told = ended.said.lines().any(|line| line.starts_with(sign));
        assert!(told, "no line begins with {sign}:\n{}", ended.said);
    }
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever_for_one_who_never_answers() {
    let program = Program::start("shutdown", &[("WS_DRAIN_MS", "300")]).await;
    let mut t = talk_to(program.address);
    t.connect("mute", "/").await;
    t.mute("mute").await;
    let ended = program.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(ended.said.contains("не успели уйти: 1"), "{}", ended.said);
}
