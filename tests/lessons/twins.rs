//! Neither language falls behind: each block of a lesson carries the hash of its twin.
//!
//! ```text
//! ## The trap
//! <!-- block: trap ru=3f9c1a2 -->
//! ```
//!
//! says what the Russian trap was when somebody last read both and found that they
//! say the same. Whoever changes one makes its twin wait, and `just stale` lists
//! those that do. `just twin 8 trap` says that they agree again: it writes both
//! hashes anew. Excerpts are left out: they are the same in both by construction.

use std::fs;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::markdown::{Block, Page};
use crate::{LANGUAGES, lessons, none, root};

/// What the blocks are called in every language, in their order.
const NAMES: [&str; 13] = [
    "hook", "run", "picture", "idea", "code", "wire", "try", "trap", "exercise", "check", "hints",
    "quiz", "further",
];

/// How much of a hash tells one version from another.
const DIGITS: usize = 7;

/// What a block says, excerpts and its own mark apart.
fn hash(block: &Block) -> String {
    let mut quoted = false;
    let said = block.lines.iter().filter(|line| {
        quoted = (quoted || line.starts_with("<!-- code:") || line.starts_with("<!-- wire:"))
            && !line.starts_with("<!-- /");
        !quoted && !line.starts_with("<!-- block:") && !line.is_empty()
    });
    let said: Vec<_> = said.map(|line| line.trim_end()).collect();
    HEXLOWER.encode(&Sha256::digest(said.join("\n")))[..DIGITS].to_owned()
}

/// The mark that agrees with `twin`, which is in `language`.
fn mark(name: &str, language: &str, twin: &Block) -> String {
    format!("<!-- block: {name} {language}={} -->", hash(twin))
}

/// The lesson, and the block or else all of them, that somebody has compared.
fn compared() -> Option<(usize, Option<String>)> {
    let said = std::env::var("TWINS_AGREE").ok()?;
    let mut words = said.split_whitespace();
    let lesson = words.next().and_then(|word| word.parse().ok()).expect("the number of a lesson");
    let block = words.next().map(str::to_owned);
    assert!(block.as_deref().is_none_or(|name| NAMES.contains(&name)), "blocks: {NAMES:?}");
    Some((lesson, block))
}

#[test]
fn neither_language_falls_behind() {
    let agreed = compared();
    let mut complaints = Vec::new();
    for pair in lessons(LANGUAGES[0]).iter().zip(&lessons(LANGUAGES[1])) {
        let pages = [&pair.0.page, &pair.1.page];
        let blocks = pages.map(Page::blocks);
        // Where one is missing, no two can be compared; another test says so.
        if blocks.iter().any(|blocks| blocks.len() != NAMES.len()) {
            continue;
        }
        let agreed = agreed.as_ref().filter(|(lesson, _)| *lesson == pair.0.number);
        for (this, other) in [(0, 1), (1, 0)] {
            let mut fresh = Vec::new();
            for ((block, twin), name) in blocks[this].iter().zip(&blocks[other]).zip(NAMES) {
                let mark = mark(name, LANGUAGES[other], twin);
                let level = block.lines.get(1) == Some(&mark);
                let compared =
                    agreed.is_some_and(|(_, it)| it.as_deref().is_none_or(|it| it == name));
                if compared {
                    fresh.extend([block.lines[0].clone(), mark]);
                    let rest = block.lines.iter().skip(1);
                    fresh.extend(rest.filter(|line| !line.starts_with("<!-- block:")).cloned());
                } else {
                    fresh.extend(block.lines.iter().cloned());
                }
                if !level && !compared {
                    let (from, to) = (twin.line, twin.line + twin.lines.len() - 1);
                    let (number, path) = (pair.0.number, &pages[other].path);
                    complaints.push(pages[this].at(block.line, format_args!(
                        "`{name}` waits for its twin: see `git diff` or `git log -L{from},{to}:{path}`; \
                         when both say the same, `just twin {number} {name}`"
                    )));
                }
            }
            if agreed.is_some() {
                fs::write(root().join(&pages[this].path), fresh.join("\n") + "\n").unwrap();
            }
        }
    }
    if agreed.is_none() {
        none(&complaints);
    }
}
