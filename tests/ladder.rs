//! The ladder is climbed in small steps: no example is long, none adds much to the one before.
//!
//! Statements count, not lines, so that breaking a line costs nothing and packing two bindings
//! into one `let` gains nothing. `statements.rs` takes the examples apart. Imports and comments
//! do not count. What an example adds is what remains of it when everything it shares with the
//! one before, in the same order, is taken away.

#[path = "ladder/statements.rs"]
mod statements;

use std::fs;

use statements::{packed_lets, statements};

/// The limits of one example.
struct Rung {
    example: &'static str,
    /// Statements it may have.
    statements: usize,
    /// Statements it may add to the one before; none where something new begins.
    added: Option<usize>,
}

const fn rung(example: &'static str, statements: usize, added: Option<usize>) -> Rung {
    Rung { example, statements, added }
}

/// The limits of a lesson that has none of its own below.
const STATEMENTS: usize = 120;
const ADDED: usize = 60;

/// The limits of single examples. The order is that of the lessons.
const LIMITS: [Rung; 16] = [
    rung("poll_vs_push", 126, None),
    rung("handshake", 42, None),
    rung("raw_echo", 60, None),
    rung("echo", 20, None),
    rung("connections", 35, Some(25)),
    rung("broadcast", 42, Some(34)),
    rung("echo_broadcast", 70, Some(50)),
    rung("heartbeat", 78, Some(16)),
    rung("stats", 92, Some(20)),
    rung("shutdown", 102, Some(16)),
    rung("reconnect", 82, Some(44)),
    rung("names_and_typing", 122, Some(76)),
    rung("full_chat", 30, None),
    rung("strangers_page", 120, None),
    rung("too_fast", 60, None),
    rung("guess", 84, None),
];

fn source(example: &str) -> String {
    let path = format!("{}/examples/{example}.rs", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The statements that count.
fn code(example: &str) -> Vec<String> {
    let mut code = statements(&source(example));
    code.retain(|statement| !statement.starts_with("use "));
    code
}

/// How many statements two texts share, in the same order: their longest common subsequence.
fn shared(one: &[String], other: &[String]) -> usize {
    let mut best = vec![0; other.len() + 1];
    for statement in one {
        let mut before = 0;
        for (at, twin) in other.iter().enumerate() {
            let above = best[at + 1];
            best[at + 1] = if statement == twin { before + 1 } else { above.max(best[at]) };
            before = above;
        }
    }
    best[other.len()]
}

#[test]
fn no_example_is_long() {
    let mut long = Vec::new();
    for (example, most, _) in ladder() {
        let count = code(&example).len();
        if count > most {
            long.push(format!("{example} has {count} statements; {most} are allowed"));
        }
    }
    assert!(long.is_empty(), "\n{}\n", long.join("\n"));
}

#[test]
fn no_step_is_high() {
    let mut high = Vec::new();
    for step in ladder().windows(2) {
        let [(before, ..), (example, _, Some(most))] = step else { continue };
        let old = code(before);
        let new = code(example);
        let added = new.len() - shared(&old, &new);
        if added > *most {
            high.push(format!("{example} adds {added} statements; {most} are allowed"));
        }
    }
    assert!(high.is_empty(), "\n{}\n", high.join("\n"));
}

/// `let (a, b) = (x, y);` hides one statement in another. One binding a `let` is read at a glance.
#[test]
fn every_let_binds_one_thing() {
    let mut packed = Vec::new();
    for (example, ..) in ladder() {
        let found = packed_lets(&source(&example)).into_iter();
        packed.extend(found.map(|statement| format!("examples/{example}.rs: {statement}")));
    }
    assert!(packed.is_empty(), "one `let` for each of these:\n{}\n", packed.join("\n"));
}

/// The first two are about bytes and HTTP, not about Rust: threads, and nothing to await.
#[test]
fn the_first_examples_do_without_async() {
    for example in ["handshake", "raw_echo"] {
        for statement in statements(&source(example)) {
            let foreign = ["tokio", "async", ".await", "futures::", "warp", "hyper"];
            let found = foreign.into_iter().find(|word| statement.contains(word));
            assert_eq!(found, None, "{example}: {statement}");
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
        Some(rung) => (name.to_owned(), rung.statements, rung.added),
        None => (name.to_owned(), STATEMENTS, Some(ADDED)),
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
