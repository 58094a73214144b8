//! Ping and pong, and what all control frames have in common (RFC 6455 §5.5).

use ws101::frame::{Frame, Opcode};

use crate::case::{Case, cont, echoed};

const SHORT: &str = "MUST have at most 125 bytes: a control frame";
const WHOLE: &str = "MUST NOT be fragmented: a control frame";
const ANSWER: &str = "MUST answer a ping with a pong of the same payload";
const UNASKED: &str = "MAY come unasked and is not answered: a pong";
const KINDS: [(&str, Opcode); 3] =
    [("close", Opcode::Close), ("ping", Opcode::Ping), ("pong", Opcode::Pong)];

pub fn cases() -> Vec<Case> {
    [rules(), pings(), pongs()].into_iter().flatten().collect()
}

fn rules() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, opcode) in KINDS {
        // As a close frame's too: a code, and a reason of letters.
        let payload = |len: usize| [&1000u16.to_be_bytes()[..], &vec![b'x'; len - 2]].concat();
        for len in [126, 127, 65_536] {
            let case = Case::open(format!("s5_5_{name}_of_{len}_bytes"), SHORT);
            cases.push(case.frames([Frame::new(opcode, payload(len))]).closed([1002]));
        }
        let case = Case::open(format!("s5_5_{name}_in_fragments"), WHOLE);
        let begun = Frame::new(opcode, payload(2)).unfinished();
        cases.push(case.frames([begun.clone()]).closed([1002]));
        let case = Case::open(format!("s5_5_{name}_in_fragments_inside_a_message"), WHOLE);
        cases.push(case.frames([Frame::text("h").unfinished(), begun, cont("i")]).closed([1002]));
    }
    cases
}

fn pings() -> Vec<Case> {
    let answered = |name: &str, payload: Vec<u8>| {
        Case::open(format!("s5_5_2_{name}"), ANSWER)
            .frames([Frame::ping(payload.clone())])
            .hears([Frame::pong(payload)])
    };
    let ten = || (0..10).map(|n| n.to_string());
    vec![
        answered("empty_ping", vec![]),
        answered("ping_of_text", b"are you there?".to_vec()),
        answered("ping_of_bytes_that_are_no_text", vec![0, 0xff, 0xfe, 0xc0, 0x80]),
        answered("ping_of_125_bytes", vec![0xfe; 125]),
        ten().fold(Case::open("s5_5_2_ten_pings_one_by_one", ANSWER), |case, n| {
            case.frames([Frame::ping(n.clone())]).hears([Frame::pong(n)])
        }),
        Case::open("s5_5_3_ten_pings_at_once", "MAY answer only the last of several pings")
            .frames(ten().map(Frame::ping))
            .hears(ten().map(Frame::pong)),
        Case::open("s5_5_2_pings_among_messages", ANSWER)
            .frames([Frame::ping("1"), Frame::text("a"), Frame::ping("2"), Frame::text("b")])
            .hears([Frame::pong("1"), echoed("a"), Frame::pong("2"), echoed("b")]),
        Case::open(
            "s5_5_2_ping_behind_a_close",
            "MUST answer a ping, unless a close came before it",
        )
        .frames([Frame::close(1000, ""), Frame::ping("?")])
        .closed([1000]),
    ]
}

fn pongs() -> Vec<Case> {
    let ignored = |name: &str, frames: Vec<Frame>| {
        let heard = frames.iter().filter(|frame| frame.header.opcode == Opcode::Ping);
        let heard: Vec<_> = heard.map(|ping| Frame::pong(ping.payload.clone())).collect();
        Case::open(format!("s5_5_3_{name}"), UNASKED).frames(frames).hears(heard)
    };
    vec![
        ignored("empty_pong", vec![Frame::pong("")]),
        ignored("pong_with_a_payload", vec![Frame::pong("unasked")]),
        ignored("pong_of_125_bytes", vec![Frame::pong(vec![0xff; 125])]),
        ignored("ten_pongs", (0..10).map(|n: u8| Frame::pong(n.to_string())).collect()),
        ignored("pong_then_ping", vec![Frame::pong("unasked"), Frame::ping("asked")]),
    ]
}
