//! One message in several frames, and what may come between them (RFC 6455 §5.4).

use ws101::frame::Frame;

use crate::case::{Case, cont, echoed, masked};

const JOIN: &str = "MUST put fragments together in their order";
const EMPTY: &str = "MAY be empty: any fragment";
const BETWEEN: &str = "MUST handle control frames between fragments";
const NOTHING: &str = "MUST NOT come without a beginning: a continuation";
const INSIDE: &str = "MUST NOT be interleaved: the fragments of two messages";

pub fn cases() -> Vec<Case> {
    [joined(), between(), broken()].into_iter().flatten().collect()
}

fn joined() -> Vec<Case> {
    let text = |parts: &[&str]| {
        let (first, rest) = parts.split_first().expect("it has a beginning");
        let (last, middle) = rest.split_last().expect("it has an end");
        let start = Frame::text((*first).to_owned()).unfinished();
        let middle = middle.iter().map(|part| cont((*part).to_owned()).unfinished());
        masked([start].into_iter().chain(middle).chain([cont((*last).to_owned())]))
    };
    let whole = |name: &str, rule, parts: &[&str]| {
        Case::open(format!("s5_4_{name}"), rule).send(text(parts)).hears([echoed(&parts.concat())])
    };
    let crumbs = vec!["x"; 200];
    vec![
        whole("two_fragments", JOIN, &["hel", "lo"]),
        whole("three_fragments", JOIN, &["h", "el", "lo"]),
        whole("two_hundred_fragments", JOIN, &crumbs),
        whole("first_fragment_empty", EMPTY, &["", "hello"]),
        whole("middle_fragment_empty", EMPTY, &["hel", "", "lo"]),
        whole("last_fragment_empty", EMPTY, &["hello", ""]),
        whole("all_fragments_empty", EMPTY, &["", "", ""]),
        Case::open("s5_4_binary_fragments", JOIN)
            .frames([Frame::binary(vec![0xff]).unfinished(), cont(vec![0xfe])])
            .hears([Frame::binary(vec![0xff, 0xfe])]),
        Case::open("s5_4_two_messages_in_fragments", JOIN)
            .send([text(&["a", "b"]), text(&["c", "d"])].concat())
            .hears([echoed("ab"), echoed("cd")]),
        Case::open("s5_4_fragments_byte_by_byte", JOIN)
            .byte_by_byte(text(&["hel", "lo"]))
            .hears([echoed("hello")]),
        Case::open("s5_4_binary_message_after_text_in_fragments", JOIN)
            .send([text(&["a", "b"]), masked([Frame::binary("c")])].concat())
            .hears([echoed("ab"), Frame::binary("c")]),
    ]
}

fn between() -> Vec<Case> {
    let start = || Frame::text("hel").unfinished();
    let around = |name: &str, control: &[Frame], heard: &[Frame]| {
        let frames = [start()].into_iter().chain(control.iter().cloned()).chain([cont("lo")]);
        Case::open(format!("s5_4_{name}"), BETWEEN)
            .frames(frames)
            .hears(heard.iter().cloned().chain([echoed("hello")]))
    };
    vec![
        around("ping_between", &[Frame::ping("?")], &[Frame::pong("?")]),
        around("empty_ping_between", &[Frame::ping("")], &[Frame::pong("")]),
        around("pong_between", &[Frame::pong("!")], &[]),
        around(
            "three_pings_between",
            &[Frame::ping("1"), Frame::ping("2"), Frame::ping("3")],
            &[Frame::pong("1"), Frame::pong("2"), Frame::pong("3")],
        ),
        Case::open("s5_4_ping_answered_before_the_message_ends", BETWEEN)
            .frames([start(), Frame::ping("?")])
            .hears([Frame::pong("?")])
            .frames([cont("lo")])
            .hears([echoed("hello")]),
        Case::open("s5_4_close_between", BETWEEN)
            .frames([start(), Frame::close(1000, "")])
            .closed([1000]),
    ]
}

fn broken() -> Vec<Case> {
    let breaks = |name: &str, rule, frames: Vec<Frame>| {
        Case::open(format!("s5_4_{name}"), rule).frames(frames).closed([1002])
    };
    let start = || Frame::text("hel").unfinished();
    vec![
        breaks("continuation_of_nothing", NOTHING, vec![cont("lo")]),
        breaks("unfinished_continuation_of_nothing", NOTHING, vec![cont("lo").unfinished()]),
        breaks("empty_continuation_of_nothing", NOTHING, vec![cont("")]),
        breaks("text_inside_text", INSIDE, vec![start(), Frame::text("x")]),
        breaks("binary_inside_text", INSIDE, vec![start(), Frame::binary("x")]),
        breaks("unfinished_text_inside_text", INSIDE, vec![start(), start()]),
        breaks(
            "text_inside_binary",
            INSIDE,
            vec![Frame::binary("x").unfinished(), Frame::text("x")],
        ),
        breaks(
            "text_inside_after_a_ping",
            INSIDE,
            vec![start(), Frame::pong(""), Frame::text("x")],
        ),
        Case::open("s5_4_ping_is_no_beginning", NOTHING)
            .frames([Frame::ping("?")])
            .hears([Frame::pong("?")])
            .frames([cont("lo")])
            .closed([1002]),
        Case::open("s5_4_continuation_after_the_end", NOTHING)
            .frames([start(), cont("lo"), cont("!")])
            .hears([echoed("hello")])
            .closed([1002]),
        Case::open("s5_4_continuation_after_a_whole_message", NOTHING)
            .frames([Frame::text("hello"), cont("!")])
            .hears([echoed("hello")])
            .closed([1002]),
    ]
}
