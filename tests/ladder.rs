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

/// The limits of a lesson that has none of its own below.
const LINES: usize = 150;
const ADDED: usize = 80;

/// The limits of single examples. The order is that of the lessons.
const LIMITS: [Rung; 13] = [
    rung("poll_vs_push", 139, None),
    rung("handshake", 51, None),
    rung("raw_echo", 77, None),
    rung("echo", 27, None),
    rung("connections", 51, Some(36)),
    rung("broadcast", 60, Some(45)),
    rung("echo_broadcast", 94, Some(64)),
    rung("heartbeat", 104, Some(30)),
    rung("stats", 117, Some(30)),
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
    for (example, lines, _) in ladder() {
        let count = code(&example).len();
        assert!(count <= lines, "{example} has {count} lines; {lines} are allowed");
    }
}

#[test]
fn no_step_is_high() {
    for step in ladder().windows(2) {
        let [(before, ..), (example, _, Some(most))] = step else { continue };
        let old = code(before);
        let new = code(example);
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

/// The examples of the lessons, in their order: `lessons/en/05_broadcast.md`. Other files in
/// `examples/`, such as a learner's own, have no limits.
fn ladder() -> Vec<(String, usize, Option<usize>)> {
    let pages = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/lessons/en")).unwrap();
    let names = pages.map(|page| page.unwrap().file_name().into_string().unwrap());
    let page = |name: String| name.strip_suffix(".md").map(str::to_owned);
    let mut pages: Vec<_> = names.filter_map(page).collect();
    pages.sort_unstable();
    let names = pages.iter().map(|page| page.split_once('_').unwrap().1);
    let limits = names.map(|name| match LIMITS.iter().find(|rung| rung.example == name) {
        Some(rung) => (name.to_owned(), rung.lines, rung.added),
        None => (name.to_owned(), LINES, Some(ADDED)),
    });
    limits.collect()
}

#[test]
fn every_limit_is_of_a_lesson() {
    let ladder = ladder();
    for Rung { example, .. } in LIMITS {
        assert!(ladder.iter().any(|(name, ..)| name == example), "no lesson is about {example}");
    }
}
