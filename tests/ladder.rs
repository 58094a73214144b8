//! The ladder is climbed in small steps: no example is long, none adds much to the one before.
//!
//! What counts is code: lines that are neither blank nor comments. What an
//! example adds is what remains of it when everything it shares with the one
//! before, in the same order, is taken away.

use std::fs;

/// How much one rung may be.
struct Rung {
    example: &'static str,
    /// Lines it may have.
    lines: usize,
    /// Lines it may add to the one before; none where something new begins.
    added: Option<usize>,
}

const fn rung(example: &'static str, lines: usize, added: Option<usize>) -> Rung {
    Rung { example, lines, added }
}

const LADDER: [Rung; 13] = [
    rung("poll_vs_push", 139, None),
    rung("handshake", 51, None),
    rung("raw_echo", 77, None),
    rung("echo", 27, None),
    rung("connections", 51, Some(36)),
    rung("broadcast", 60, Some(45)),
    rung("echo_broadcast", 90, Some(60)),
    rung("heartbeat", 100, Some(30)),
    rung("stats", 111, Some(30)),
    rung("shutdown", 122, Some(30)),
    rung("reconnect", 106, Some(60)),
    rung("names_and_typing", 142, Some(80)),
    rung("full_chat", 60, None),
];

/// The lines that count. Their indentation does not: a block put around old lines is not new code.
fn code(example: &str) -> Vec<String> {
    let path = format!("{}/examples/{example}.rs", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).map(str::to_owned).collect()
}

/// How many lines two texts share, in the same order: their longest common subsequence.
fn shared(one: &[String], other: &[String]) -> usize {
    let mut best = vec![0; other.len() + 1];
    for line in one {
        let mut before = 0;
        for (at, twin) in other.iter().enumerate() {
            let above = best[at + 1];
            best[at + 1] = if line == twin { before + 1 } else { above.max(best[at]) };
            before = above;
        }
    }
    best[other.len()]
}

#[test]
fn no_example_is_long() {
    for Rung { example, lines, .. } in LADDER {
        let count = code(example).len();
        assert!(count <= lines, "{example} has {count} lines; {lines} are allowed");
    }
}

#[test]
fn no_step_is_high() {
    for step in LADDER.windows(2) {
        let [before, Rung { example, added: Some(most), .. }] = step else { continue };
        let (old, new) = (code(before.example), code(example));
        let added = new.len() - shared(&old, &new);
        assert!(added <= *most, "{example} adds {added} lines; {most} are allowed");
    }
}

/// The first two are about bytes and HTTP, not about Rust: threads, and nothing to await.
#[test]
fn the_first_examples_do_without_async() {
    for example in ["handshake", "raw_echo"] {
        for line in code(example) {
            let foreign = ["tokio", "async", ".await", "futures::", "warp", "hyper"];
            let found = foreign.into_iter().find(|word| line.contains(word));
            assert_eq!(found, None, "{example}: {line}");
        }
    }
}

/// The other half of `reconnect`, which its lesson reads line by line.
#[test]
fn what_brings_a_page_back_is_short() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/frontend/connection.js");
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let code = lines.filter(|line| !["//", "/*", "*"].iter().any(|mark| line.starts_with(mark)));
    let count = code.count();
    assert!(count <= 60, "connection.js has {count} lines; 60 are allowed");
}

#[test]
fn every_example_is_a_rung() {
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap();
    let names = files.map(|file| file.unwrap().path().file_stem().unwrap().to_owned());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    let mut rungs = LADDER.map(|rung| rung.example.to_owned());
    names.sort_unstable();
    rungs.sort_unstable();
    assert_eq!(names, rungs);
}
