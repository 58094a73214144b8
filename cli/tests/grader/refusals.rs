//! What cannot be graded is said in one line, and ends with exit code 2.

use std::fs;
use std::net::TcpListener;

use tokio::task::JoinSet;

use super::{server, settled, ws101};

/// What is called with these words says why not; its server's last words are indented.
async fn refusal(words: Vec<String>) -> String {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let graded = ws101(&words).await;
    assert_eq!(graded.code, Some(2), "{words:?}: {}{}", graded.out, graded.err);
    let more = graded.err.lines().skip(1).all(|line| line.starts_with("    "));
    assert!(more && graded.err.starts_with("ws101: "), "{words:?}: {}", graded.err);
    graded.err
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[tokio::test]
async fn what_cannot_be_graded_is_said_in_a_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = (taken.local_addr().unwrap().port(), taken);
    let directory = tempfile::tempdir().unwrap();
    let mistaken = directory.path().join("mistaken.wst");
    fs::write(&mistaken, "== bob knocks\nbob -> GET /ws\nbob << jsn {}\n").unwrap();
    let mistaken = mistaken.to_string_lossy().into_owned();
    let url = format!("ws://127.0.0.1:{}", taken.0);

    let mut calls = vec![
        words(&["check", "99", "--cmd", "server"]),
        words(&["check", "two", "--cmd", "server"]),
        words(&["check", "2.9", "--cmd", "server"]),
        words(&["check", "2", "--cmd", ""]),
        words(&["check", "2", "--cmd", "no-such-program"]),
        words(&["check", "2", "--cmd", &server("--lesson 99")]),
        words(&["check", "2", "--url", "ws://127.0.0.1:1"]),
        words(&["play", &mistaken, "--url", &url]),
        words(&["play", "no-such-file.wst", "--url", &url]),
    ];
    if cfg!(unix) {
        calls.push(words(&["check", "2", "--cmd", "sleep 60"]));
        let late = format!("PORT={} {}", taken.0, server("--lesson 2"));
        calls.push(words(&["check", "2", "--cmd", &late]));
    }
    let refusals = calls.into_iter().enumerate();
    let refusals = refusals.map(|(at, call)| async move { (at, refusal(call).await) });
    let mut refusals = refusals.collect::<JoinSet<_>>().join_all().await;
    refusals.sort();
    let told: String = refusals.into_iter().map(|(_, told)| told).collect();
    let told = told.replace(&mistaken, "mistaken.wst").replace(&taken.0.to_string(), "<taken>");
    insta::assert_snapshot!(settled(&told));
}
