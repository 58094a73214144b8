//! The game of `examples/guess.rs`, played without a port and without waiting. Lesson 15 shows it.

#[path = "../examples/guess.rs"]
#[allow(dead_code, reason = "a test needs neither the page nor `main`")]
mod guess;

use std::collections::BTreeSet;
use std::time::Duration;

use guess::Outside;
use ws101::handshake::Policy;
use ws101::scenario::Scenario;
use ws101::shutdown::Shutdown;
use ws101::transcript::{Pipe, Transcript};
use ws101::upgrade::{HEAD_DEADLINE, accept};

/// The longest message of a client, in bytes.
const LONGEST: usize = 1024;

/// The world of a test: every number is 42.
fn outside() -> Outside {
    Outside { number: Some(42), limit: Duration::from_mins(1), shutdown: Shutdown::default() }
}

/// Serves a client at the other end of a pipe, as the program serves one at the other end of TCP.
async fn serve(pipe: Pipe, outside: Outside) {
    let accepted = accept(pipe, &Policy::default(), HEAD_DEADLINE).await;
    guess::serve(accepted.expect("the request is right"), outside, LONGEST).await;
}

fn guess(n: u64) -> String {
    format!(r#"{{"type":"guess","n":{n}}}"#)
}

#[tokio::test(start_paused = true)]
async fn a_game_takes_a_minute() {
    let mut t = Transcript::new(|pipe| serve(pipe, outside()));
    t.step("ann guesses");
    t.connect("ann", "/ws").await;
    for n in [50, 25, 42] {
        t.send("ann", guess(n)).await;
    }
    t.step("a minute passes");
    t.pass(Duration::from_mins(1)).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn each_client_has_a_game_of_its_own() {
    let mut t = Transcript::new(|pipe| serve(pipe, outside()));
    t.step("ann guesses twice, bob once");
    t.connect("ann", "/ws").await;
    t.connect("bob", "/ws").await;
    t.send("ann", guess(50)).await;
    t.send("ann", guess(45)).await;
    t.send("bob", guess(25)).await;
    t.step("what is no guess costs no try");
    for text in ["fifty", r#"{"type":"shout"}"#, r#"{"type":"guess","n":"50"}"#] {
        t.send("bob", text).await;
    }
    t.send("bob", guess(101)).await;
    t.send("bob", guess(42)).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_server_is_the_end_of_the_game() {
    let outside = outside();
    let shutdown = outside.shutdown.clone();
    let mut t = Transcript::new(move |pipe| serve(pipe, outside.clone()));
    t.step("ann plays");
    t.connect("ann", "/ws").await;
    t.cause("the server ends", async { shutdown.begin() }).await;
    insta::assert_snapshot!(t);
}

/// The recording that `ws101 play` plays over TCP, and CI, too.
#[tokio::test(start_paused = true)]
async fn the_recording_can_be_played_here_too() {
    let scenario: Scenario = include_str!("game.wst").parse().unwrap();
    let played = scenario.play(Transcript::new(|pipe| serve(pipe, outside()))).await;
    assert!(played.difference.is_none(), "{played}");
}

/// Chance is still there where no test chooses.
#[test]
fn without_a_number_each_game_has_another() {
    let outside = Outside { number: None, ..outside() };
    let numbers: BTreeSet<_> = (0..1000).map(|_| outside.number()).collect();
    assert!(numbers.len() > 50, "{numbers:?}");
    assert!(numbers.iter().all(|n| (1..=100).contains(n)), "{numbers:?}");
}
