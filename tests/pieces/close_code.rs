//! One table of close codes: the checker, the page and its texts agree with it.

use std::fs;

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

#[test]
fn every_code_that_the_chat_sends_is_in_the_table() {
    let chat =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/chat/room.rs")).unwrap();
    let sent = chat.split("CloseCode::Library(").skip(1);
    let sent: Vec<u16> =
        sent.map(|rest| rest.split(')').next().unwrap().parse().unwrap()).collect();
    assert!(!sent.is_empty());
    for code in sent {
        assert!(find(code).is_some(), "{code}");
    }
}
