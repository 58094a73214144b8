//! One frame: its mask, its bits, its opcode, its length (RFC 6455 §5.1 to §5.3).

use bytes::{Bytes, BytesMut};
use ws101::frame::{Frame, Header, Opcode};

use crate::case::{Case, MASK, Step, cont, echoed, masked};
use crate::target::LIMIT;
use crate::target::Target::{Echo, FullChat};

const MASKED: &str = "MUST close on a frame that is not masked";
const RSV: &str = "MUST fail the connection on reserved bits that nobody agreed on";
const OPCODE: &str = "MUST fail the connection on an unknown opcode";
const MINIMAL: &str = "MUST be the shortest form: a length";
const LENGTH: &str = "MUST understand a length in 7, 7+16 and 7+64 bits";
const PIECES: &str = "MUST depend on the bytes alone, not on the pieces they come in";
const TOO_BIG: &str = "SHOULD say 1009 to a message too big to process";
const LENIENT: &str = "tungstenite accepts lengths longer than need be";

pub fn cases() -> Vec<Case> {
    [masks(), bits(), lengths(), pieces(), sizes()].into_iter().flatten().collect()
}

fn masks() -> Vec<Case> {
    let unmasked = |name: &str, frame: Frame| {
        Case::open(format!("s5_1_unmasked_{name}"), MASKED).send(frame.to_bytes()).closed([1002])
    };
    let keyed = |name: &str, keys: &[[u8; 4]]| {
        let frames = keys.iter().map(|key| Frame::text("Привет").masked(*key).to_bytes());
        Case::open(format!("s5_3_{name}"), "MUST unmask each frame with the key it brings")
            .send(frames.collect::<Vec<_>>().concat())
            .hears(keys.iter().map(|_| echoed("Привет")))
    };
    let all: Vec<u8> = (0..=255).collect();
    vec![
        unmasked("text", Frame::text("hi")),
        unmasked("empty_text", Frame::text("")),
        unmasked("binary", Frame::binary("hi")),
        unmasked("ping", Frame::ping("?")),
        unmasked("close", Frame::close(1000, "")),
        Case::open("s5_1_unmasked_fragment", MASKED)
            .send([masked([Frame::text("h").unfinished()]), cont("i").to_bytes()].concat())
            .closed([1002]),
        keyed("key_of_zeros", &[[0; 4]]),
        keyed("key_of_ones", &[[255; 4]]),
        keyed("another_key_in_each_frame", &[MASK, [1, 2, 3, 4], [0; 4], [0x80, 0, 0, 1]]),
        Case::open("s5_3_every_byte_there_is", "MUST unmask each byte with its own of the key")
            .frames([Frame::binary(all.clone())])
            .hears([Frame::binary(all)]),
    ]
}

fn bits() -> Vec<Case> {
    let mut cases = Vec::new();
    for bits in 1..=7 {
        let case = Case::open(format!("s5_2_rsv_{bits}"), RSV);
        cases.push(case.frames([Frame::text("hi").rsv(bits)]).closed([1002]));
    }
    for (name, frame) in [
        ("binary", Frame::binary("hi").rsv(4)),
        ("ping", Frame::ping("?").rsv(4)),
        ("pong", Frame::pong("!").rsv(2)),
        ("close", Frame::close(1000, "").rsv(1)),
    ] {
        let case = Case::open(format!("s5_2_rsv_in_a_{name}"), RSV);
        cases.push(case.frames([frame]).closed([1002]));
    }
    cases.push(
        Case::open("s5_2_rsv_in_a_continuation", RSV)
            .frames([Frame::text("h").unfinished(), cont("i").rsv(4)])
            .closed([1002]),
    );
    cases.push(
        Case::open("s5_2_rsv_after_a_sound_message", RSV)
            .frames([Frame::text("hi"), Frame::text("hi").rsv(4)])
            .hears([echoed("hi")])
            .closed([1002]),
    );
    for opcode in [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        let case = Case::open(format!("s5_2_opcode_{opcode:x}"), OPCODE);
        cases.push(case.frames([Frame::new(Opcode::Reserved(opcode), "hi")]).closed([1002]));
    }
    for (name, opcode) in [("data", 3), ("control", 0xB)] {
        let case = Case::open(format!("s5_2_reserved_{name}_between_fragments"), OPCODE);
        let frames = [Frame::text("h").unfinished(), Frame::new(Opcode::Reserved(opcode), "")];
        cases.push(case.frames(frames).closed([1002]));
    }
    cases
}

/// A frame whose length takes `more` bytes beyond the first two.
fn stretched(frame: Frame, more: usize) -> Bytes {
    let mut frame = frame.masked(MASK);
    frame.header.size = 2 + more + MASK.len();
    frame.to_bytes()
}

/// Nothing but a header, with a length nothing of which follows.
fn promised(opcode: Opcode, len: u64) -> Bytes {
    let mut bytes = BytesMut::new();
    let header = Header::new(opcode, len);
    Header { mask: Some(MASK), size: header.size + MASK.len(), ..header }.encode(&mut bytes);
    bytes.freeze()
}

fn lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    for len in [0, 1, 124, 125, 126, 127, 128, 255, 256, 65_535, 65_536] {
        let bytes: Bytes = (0..=255).cycle().take(len).collect();
        cases.push(
            Case::open(format!("s5_2_binary_of_{len}_bytes"), LENGTH)
                .frames([Frame::binary(bytes.clone())])
                .hears([Frame::binary(bytes)]),
        );
    }
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        let text = "x".repeat(len);
        cases.push(
            Case::open(format!("s5_2_text_of_{len}_bytes"), LENGTH)
                .frames([Frame::text(text.clone())])
                .hears([echoed(&text)]),
        );
    }
    for (len, more) in [(0, 2), (5, 2), (125, 2), (5, 8), (125, 8), (126, 8), (65_535, 8)] {
        let text = "x".repeat(len);
        let lenient = Step::Hears(vec![echoed(&text)]);
        cases.push(
            Case::open(format!("s5_2_length_{len}_in_{more}_bytes"), MINIMAL)
                .send(stretched(Frame::text(text), more))
                .closed([1002])
                .except(Echo, LENIENT, lenient.clone())
                .except(FullChat, LENIENT, lenient),
        );
    }
    for (name, len) in [("alone", 1 << 63), ("and_all_others", u64::MAX)] {
        cases.push(
            Case::open(
                format!("s5_2_length_with_the_top_bit_{name}"),
                "MUST be 0: the top bit of a 64-bit length",
            )
            .send(promised(Opcode::Binary, len))
            .closed([1002, 1009]),
        );
    }
    cases
}

fn pieces() -> Vec<Case> {
    let hello = masked([Frame::text("Привет")]);
    let many = || (0..200).map(|n| format!("line {n}"));
    vec![
        Case::open("s5_2_text_byte_by_byte", PIECES)
            .byte_by_byte(hello.clone())
            .hears([echoed("Привет")]),
        Case::open("s5_2_long_header_byte_by_byte", PIECES)
            .byte_by_byte(masked([Frame::binary(vec![7; 300])]))
            .hears([Frame::binary(vec![7; 300])]),
        Case::open("s5_2_ping_byte_by_byte", PIECES)
            .byte_by_byte(masked([Frame::ping("are you there?")]))
            .hears([Frame::pong("are you there?")]),
        Case::open("s5_2_close_byte_by_byte", PIECES)
            .byte_by_byte(masked([Frame::close(1000, "bye")]))
            .closed([1000]),
        Case::open("s5_2_half_a_frame_is_waited_for", PIECES)
            .send([masked([Frame::ping("1")]), hello.slice(..9)].concat())
            .hears([Frame::pong("1")])
            .send(hello.slice(9..))
            .hears([echoed("Привет")]),
        Case::open("s5_2_many_frames_in_one_write", PIECES)
            .frames(many().map(Frame::from))
            .hears(many().map(|text| echoed(&text))),
        Case::open("s5_2_all_kinds_in_one_write", PIECES)
            .frames([
                Frame::text("a"),
                Frame::ping("b"),
                Frame::binary("c"),
                Frame::pong("d"),
                Frame::text("e").unfinished(),
                cont("f"),
            ])
            .hears([echoed("a"), Frame::pong("b"), Frame::binary("c"), echoed("ef")]),
    ]
}

fn sizes() -> Vec<Case> {
    let limit = LIMIT as u64;
    let fragments = |count: usize, each: usize| {
        let first = Frame::binary(vec![0; each]).unfinished();
        let rest = (1..count).map(move |_| cont(vec![0; each]).unfinished());
        masked([first].into_iter().chain(rest))
    };
    vec![
        Case::open("s7_4_1_message_too_big", TOO_BIG)
            .frames([Frame::binary(vec![0; LIMIT + 1])])
            .closed([1009]),
        Case::open("s7_4_1_text_too_big", TOO_BIG)
            .frames([Frame::text("x".repeat(LIMIT + 1))])
            .closed([1009]),
        Case::open("s10_4_promise_too_big", TOO_BIG)
            .send(promised(Opcode::Binary, limit + 1))
            .closed([1009]),
        Case::open("s10_4_promise_of_a_tebibyte", TOO_BIG)
            .send(promised(Opcode::Text, 1 << 40))
            .closed([1009]),
        Case::open("s10_4_fragments_too_big_together", "MUST limit a message however it is cut")
            .send(fragments(5, LIMIT / 4))
            .closed([1009]),
        Case::open("s10_4_last_fragment_too_big", "MUST limit a message however it is cut")
            .frames([Frame::binary(vec![0; LIMIT]).unfinished(), cont("x")])
            .closed([1009]),
        Case::open("s10_4_fragments_that_just_fit", LENGTH)
            .frames([Frame::binary(vec![1; LIMIT - 1]).unfinished(), cont([1u8].to_vec())])
            .hears([Frame::binary(vec![1; LIMIT])]),
    ]
}
