//! The inputs kept in `corpus/`: those that once were, or well might be, trouble.

use std::fs;
use std::path::Path;

use ws101::frame::{Checker, Decoder, Role};
use ws101::handshake::{Policy, parse_request};
use ws101_fuzz::{CLIENTS, Message, check_request, play};

/// The files of one folder, by name; there must be some.
fn corpus(of: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(of);
    let entries = fs::read_dir(folder).expect("the corpus is there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no input in corpus/{of}");
    files.iter().map(|file| fs::read(file).expect("it can be read")).collect()
}

fn texts(of: &str) -> Vec<String> {
    corpus(of).into_iter().map(|bytes| String::from_utf8(bytes).expect("texts are UTF-8")).collect()
}

#[test]
fn frames() {
    for bytes in corpus("frames") {
        let mut decoder = Decoder::new(16);
        let mut checker = Checker::new(Role::Client);
        decoder.push(&bytes);
        let verdicts: Vec<_> = decoder.by_ref().map(|frame| checker.check(&frame)).collect();
        assert!(!verdicts.is_empty() || decoder.pending().is_some());
    }
}

#[test]
fn handshakes() {
    for head in corpus("handshakes") {
        let verdict = parse_request(&head);
        if let Ok(Some((request, _))) = verdict {
            assert!(Policy::default().answer(&request).is_err());
        } else {
            assert!(verdict.is_err());
        }
    }
}

#[test]
fn requests() {
    for text in texts("requests") {
        check_request(&text);
    }
}

/// A line is who speaks, and what is said.
#[tokio::test(start_paused = true)]
async fn chat() {
    for file in texts("chat") {
        let said = file.lines().map(|line| {
            let (name, text) = line.split_once(' ').expect("who, and what");
            let who = CLIENTS.iter().position(|(known, _)| *known == name).expect("a client");
            (who, Message::Text(text.to_owned()))
        });
        play(&said.collect::<Vec<_>>()).await;
    }
}
