//! `guess`: chance and the clock come from the environment. `tests/guess.rs` has the game itself.

use std::time::Duration;

use ws101::transcript::Transcript;

use crate::program::{self, Program};
use crate::talk_to;

async fn guess(t: &mut Transcript, n: u64) {
    t.send("ann", format!(r#"{{"type":"guess","n":{n}}}"#)).await;
}

#[tokio::test]
async fn the_number_and_the_time_come_from_the_environment() {
    let settings = [("WS_NUMBER", "7"), ("WS_GAME_MS", "4000")];
    let program = Program::start("guess", &settings).await;
    let mut t = talk_to(program.address);
    t.step("every number is 7");
    t.connect("ann", "/ws").await;
    guess(&mut t, 8).await;
    guess(&mut t, 7).await;
    guess(&mut t, 7).await;
    t.step("a game takes four seconds");
    t.ended("ann").await;
    insta::assert_snapshot!(t);
}

#[tokio::test]
async fn the_end_of_the_program_ends_the_games() {
    let program = Program::start("guess", &[("WS_NUMBER", "7")]).await;
    let mut t = talk_to(program.address);
    t.connect("ann", "/ws").await;
    let ended = program.stop().await;
    t.pass(Duration::from_millis(10)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(ended.said.contains("closed; 0 had not left in time"), "{}", ended.said);
    assert!(t.to_string().contains("ann << close 1001"), "{t}");
}

#[tokio::test]
async fn a_number_that_nobody_can_guess_is_one_clear_line() {
    let told = [
        ("WS_NUMBER", "0", "a whole number from 1 to 100"),
        ("WS_NUMBER", "many", "a whole number from 1 to 100"),
        ("WS_GAME_MS", "0", "a whole number from 1 to 3600000"),
    ];
    for (name, value, wanted) in told {
        let failed = program::fails("guess", &[(name, value)]).await;
        let line = format!("Error: {name}={value:?} is not {wanted}\n");
        assert_eq!((failed.said, failed.code), (line, Some(1)));
    }
}
