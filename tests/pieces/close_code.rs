//! One table of close codes: the checker, the page and its texts agree with it.

use std::fs;
use std::path::{Path, PathBuf};

use ws101::close_code::{Sender, TABLE, Then, english, find, russian, then};
use ws101::frame::{Checker, Frame, Role};

fn page(name: &str) -> String {
    fs::read_to_string(format!("{}/frontend/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The number in each of the page's keys `close_1000`, in order.
fn keys(texts: &str) -> Vec<u16> {
    let lines = texts.lines().filter_map(|line| line.trim_start().strip_prefix("close_"));
    lines.filter_map(|line| line.split(':').next()?.parse().ok()).filter(|&code| code > 0).collect()
}

#[test]
fn every_code_has_one_row_and_words_in_both_languages() {
    assert!(TABLE.is_sorted_by_key(|row| row.code));
    for row in TABLE {
        assert_eq!(find(row.code), Some(row));
        assert!(!row.english.is_empty() && !row.russian.is_empty(), "{}", row.code);
    }
    assert_eq!(find(4500), None);
    assert_eq!((english(4500), russian(3500)), ("this application's own code", "код библиотеки"));
}

#[test]
fn a_close_frame_may_carry_what_somebody_may_send() {
    for row in TABLE {
        let refused = Checker::new(Role::Server).check(&Frame::close(row.code, "")).is_err();
        assert_eq!(refused, row.sender == Sender::Nobody, "{}", row.code);
    }
}

#[test]
fn the_page_has_words_for_every_code_in_both_languages() {
    let texts = page("texts.js");
    let (first, second) = texts.split_once("close_other").unwrap();
    let codes: Vec<u16> = TABLE.iter().map(|row| row.code).collect();
    assert_eq!(keys(first), codes, "English");
    assert_eq!(keys(second), codes, "Russian");
}

#[test]
fn the_page_comes_back_where_the_table_says_so() {
    let connection = page("connection.js");
    let (_, rule) = connection.split_once("isFinal = (code) => [").unwrap();
    let (list, rule) = rule.split_once(']').unwrap();
    assert!(rule.starts_with(".includes(code) || (code >= 4000 && code < 4100);"));
    let listed: Vec<u16> = list.split(", ").map(|code| code.parse().unwrap()).collect();
    for code in 1000..5000 {
        let stays_away = listed.contains(&code) || (4000..4100).contains(&code);
        assert_eq!(stays_away, then(code) == Then::Stop, "{code}");
    }
}

/// The codes of its own that a source file sends: `CloseCode::Library(4107)`.
fn sent(path: &Path) -> Vec<u16> {
    let source = fs::read_to_string(path).unwrap();
    let code = |rest: &str| {
        let code = rest.split(')').next().unwrap();
        code.parse().unwrap_or_else(|_| panic!("{}: write {code} as a number", path.display()))
    };
    source.split("CloseCode::Library(").skip(1).map(code).collect()
}

/// The Rust files in a directory and below it.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (directories, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|it| it == "rs"));
    files.chain(directories.iter().flat_map(|directory| sources(directory))).collect()
}

#[test]
fn every_code_that_the_project_sends_is_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["src", "examples"].into_iter().flat_map(|part| sources(&root.join(part)));
    let codes: Vec<_> = files.flat_map(|file| sent(&file)).collect();
    assert!(!codes.is_empty());
    for code in codes {
        assert!(find(code).is_some(), "{code}");
    }
}

/// The reasons that a source file gives a close frame as a literal.
fn reasons(path: &Path) -> Vec<String> {
    let source = fs::read_to_string(path).unwrap();
    let calls = ["hub.close(", "hub.close_all(", "CloseFrame {", "#[error("];
    let after = calls.iter().flat_map(|call| source.split(call).skip(1));
    let literals = after.filter_map(|rest| {
        let call = rest.split([';', '}']).next().unwrap_or(rest);
        Some(call.split_once('"')?.1.split_once('"')?.0.to_owned())
    });
    literals.collect()
}

/// The page's key for a reason: its words without numbers and without the section of the RFC.
fn key(reason: &str) -> String {
    let said = reason.split(" (RFC").next().unwrap().replace("{}", "");
    let words = said.split(|it: char| !it.is_ascii_alphabetic()).filter(|it| !it.is_empty());
    format!("  reason_{}: ", words.collect::<Vec<_>>().join("_"))
}

#[test]
fn the_page_has_words_for_every_reason_of_the_chat_in_both_languages() {
    let texts = page("texts.js");
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let pieces = ["endpoint.rs", "heartbeat.rs", "broadcast/outlet.rs", "chat.rs"];
    let files = pieces.iter().map(|file| src.join(file)).chain(sources(&src.join("chat")));
    let reasons: Vec<_> = files.flat_map(|file| reasons(&file)).collect();
    assert!(reasons.iter().any(|it| it == "server shutting down"), "{reasons:?}");
    assert!(reasons.len() > 8, "{reasons:?}");
    for reason in &reasons {
        let times = texts.matches(&key(reason)).count();
        assert_eq!(times, 2, "{:?} of {reason:?} in frontend/texts.js", key(reason));
    }
}
