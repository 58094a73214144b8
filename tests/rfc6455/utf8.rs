//! Text is UTF-8, all of it, however it is cut (RFC 6455 §5.6, §8.1).

use ws101::frame::Frame;

use crate::case::{Case, PREFIX, cont};

const VALID: &str = "MUST take every text that is UTF-8";
const CUT: &str = "MUST take a code point cut by the end of a fragment";
const INVALID: &str = "MUST fail the connection on text that is not UTF-8";

/// The word of the suites before ours: two-byte letters, and one of three.
const KOSME: &str = "κόσμε";

pub fn cases() -> Vec<Case> {
    [valid(), cut(), invalid(), not_text()].into_iter().flatten().collect()
}

fn fragments(parts: &[&[u8]]) -> Vec<Frame> {
    let frames = parts.iter().enumerate().map(|(at, part)| match at {
        0 => Frame::text(part.to_vec()),
        _ => cont(part.to_vec()),
    });
    let mut frames: Vec<_> = frames.map(Frame::unfinished).collect();
    if let Some(last) = frames.last_mut() {
        last.header.fin = true;
    }
    frames
}

fn taken(name: String, rule: &'static str, parts: &[&[u8]]) -> Case {
    let reply = [PREFIX.as_bytes(), &parts.concat()].concat();
    Case::open(name, rule).frames(fragments(parts)).hears([Frame::text(reply)])
}

fn valid() -> Vec<Case> {
    [
        ("mixed_letters", "Hello-µ@ßöäüàá-UTF-8!!"),
        ("kosme", KOSME),
        ("emoji", "👍🏽👨‍👩‍👧"),
        ("byte_order_mark", "\u{feff}hi"),
        ("first_of_one_byte", "\0"),
        ("last_of_one_byte", "\u{7f}"),
        ("first_of_two_bytes", "\u{80}"),
        ("last_of_two_bytes", "\u{7ff}"),
        ("first_of_three_bytes", "\u{800}"),
        ("last_of_three_bytes", "\u{ffff}"),
        ("first_of_four_bytes", "\u{10000}"),
        ("last_of_four_bytes", "\u{10ffff}"),
        ("last_before_the_surrogates", "\u{d7ff}"),
        ("first_after_the_surrogates", "\u{e000}"),
        ("replacement_character", "\u{fffd}"),
        ("noncharacters", "\u{fffe}\u{fdd0}\u{1fffe}\u{1ffff}\u{10fffe}"),
    ]
    .map(|(name, text)| taken(format!("s8_1_valid_{name}"), VALID, &[text.as_bytes()]))
    .into()
}

fn cut() -> Vec<Case> {
    let mut cases = Vec::new();
    for at in 1..KOSME.len() {
        let (one, two) = KOSME.as_bytes().split_at(at);
        cases.push(taken(format!("s5_6_kosme_cut_at_{at}"), CUT, &[one, two]));
    }
    let bytes: Vec<_> = "κ👍".as_bytes().chunks(1).collect();
    cases.push(taken("s5_6_a_fragment_for_each_byte".to_owned(), CUT, &bytes));
    let empty: Vec<_> = "👍".as_bytes().chunks(1).flat_map(|byte| [byte, &[]]).collect();
    cases.push(taken("s5_6_empty_fragments_inside_a_code_point".to_owned(), CUT, &empty));
    let (one, two) = "👍".as_bytes().split_at(2);
    let [start, end] = [&fragments(&[one, two])[0], &fragments(&[one, two])[1]];
    cases.push(
        Case::open("s5_6_ping_inside_a_code_point", CUT)
            .frames([start.clone(), Frame::ping("👍"), end.clone()])
            .hears([Frame::pong("👍"), Frame::text(format!("{PREFIX}👍"))]),
    );
    cases
}

fn invalid() -> Vec<Case> {
    let surrogate = [KOSME.as_bytes(), b"\xed\xa0\x80edited"].concat();
    let beyond = [KOSME.as_bytes(), b"\xf4\x90\x80\x80edited"].concat();
    let mut cases = Vec::new();
    for (name, parts) in [
        ("surrogate_behind_kosme", &[&surrogate[..]][..]),
        ("beyond_the_last_behind_kosme", &[&beyond[..]]),
        ("byte_ff", &[b"\xff"]),
        ("byte_fe", &[b"\xfe"]),
        ("lone_continuation_80", &[b"\x80"]),
        ("lone_continuation_bf", &[b"\xbf"]),
        ("six_continuations", &[b"\x80\xbf\x80\xbf\x80\xbf"]),
        ("two_bytes_cut_short", &[b"\xc2"]),
        ("three_bytes_cut_short", &[b"\xe2\x82"]),
        ("four_bytes_cut_short", &[b"\xf0\x9f\x91"]),
        ("start_without_an_end", &[b"\xc2 "]),
        ("overlong_slash_in_two", &[b"\xc0\xaf"]),
        ("overlong_slash_in_three", &[b"\xe0\x80\xaf"]),
        ("overlong_slash_in_four", &[b"\xf0\x80\x80\xaf"]),
        ("overlong_nul", &[b"\xc0\x80"]),
        ("longest_overlong_in_two", &[b"\xc1\xbf"]),
        ("longest_overlong_in_three", &[b"\xe0\x9f\xbf"]),
        ("longest_overlong_in_four", &[b"\xf0\x8f\xbf\xbf"]),
        ("five_bytes", &[b"\xf8\x88\x80\x80\x80"]),
        ("six_bytes", &[b"\xfc\x84\x80\x80\x80\x80"]),
        ("first_beyond_the_last", &[b"\xf4\x90\x80\x80"]),
        ("byte_f5", &[b"\xf5\x80\x80\x80"]),
        ("first_surrogate", &[b"\xed\xa0\x80"]),
        ("last_surrogate", &[b"\xed\xbf\xbf"]),
        ("surrogates_in_a_pair", &[b"\xed\xa0\x80\xed\xb0\x80"]),
        ("latin_1", &[b"na\xefve"]),
        ("in_the_second_fragment", &[b"hi", b"\xff"]),
        ("in_an_unfinished_first_fragment", &[b"\xff", b"hi"]),
        ("overlong_cut_between_fragments", &[b"\xc0", b"\xaf"]),
        ("surrogate_cut_between_fragments", &[b"\xed", b"\xa0\x80"]),
        ("beyond_the_last_cut_between_fragments", &[b"\xf4", b"\x90", b"\x80\x80"]),
        ("letter_that_goes_on_as_another", &[b"\xd1", b"hi"]),
        ("letter_cut_by_the_end", &[b"hi", b"\xd1"]),
        ("letter_cut_by_an_empty_end", &[b"\xd1", b""]),
    ] {
        let case = Case::open(format!("s8_1_invalid_{name}"), INVALID);
        cases.push(case.frames(fragments(parts)).closed([1007]));
    }
    cases.push(
        Case::open("s8_1_invalid_behind_a_valid_message", INVALID)
            .frames([Frame::text("я"), Frame::text(vec![0xff])])
            .hears([Frame::text(format!("{PREFIX}я"))])
            .closed([1007]),
    );
    cases
}

fn not_text() -> Vec<Case> {
    vec![
        Case::open("s5_6_binary_that_is_no_utf8", "MUST NOT be judged as text: binary")
            .frames([Frame::binary(vec![0xff, 0xc0, 0x80])])
            .hears([Frame::binary(vec![0xff, 0xc0, 0x80])]),
        Case::open("s5_6_binary_fragments_that_are_no_utf8", "MUST NOT be judged as text: binary")
            .frames([Frame::binary(vec![0xff]).unfinished(), cont(vec![0xc0])])
            .hears([Frame::binary(vec![0xff, 0xc0])]),
    ]
}
