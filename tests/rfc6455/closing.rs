//! The goodbye: whose turn it is, and what may be said in it (RFC 6455 §5.5.1, §7).

use ws101::frame::{CLOSE_REASON_LIMIT, Frame, Opcode};

use crate::case::{Case, NO_CODE, Step, cont, echoed};
use crate::target::Target::{Echo, FullChat};

const ANSWER: &str = "MUST answer a close frame with one, typically with the same code";
const BODY: &str = "MUST begin with a code of two bytes: a close frame that is not empty";
const REASON: &str = "MUST be UTF-8: the reason in a close frame";
const LAST: &str = "MUST be the last word: a close frame, whatever is sent behind it";
const CODE: &str = "MUST NOT be sent: this code in a close frame";
const FIRST: &str = "SHOULD close TCP first: the server";

/// "Bad gateway", which IANA has added last.
pub const UNHEARD_OF: u16 = 1014;
const UNKNOWN: &str = "tungstenite takes 1014 for a code that may not be sent";

/// IANA has added 1012 to 1014 to those of RFC 6455 §7.4.1.
const LEGAL: [u16; 18] = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000,
    4001, 4999,
];
const ILLEGAL: [u16; 15] =
    [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 65_534, 65_535];

pub fn cases() -> Vec<Case> {
    [bodies(), codes(), ends()].into_iter().flatten().collect()
}

fn raw(payload: &[u8]) -> Frame {
    Frame::new(Opcode::Close, payload.to_vec())
}

fn bodies() -> Vec<Case> {
    let reason = |name: &str, reason: &[u8], code| {
        let payload = [&1000u16.to_be_bytes(), reason].concat();
        Case::open(format!("s5_5_1_{name}"), REASON).frames([raw(&payload)]).closed([code])
    };
    let longest = "x".repeat(CLOSE_REASON_LIMIT);
    let cyrillic = "я".repeat(CLOSE_REASON_LIMIT / 2);
    vec![
        Case::open("s5_5_1_empty_close", ANSWER).frames([raw(b"")]).closed([NO_CODE]),
        Case::open("s5_5_1_close_of_one_byte", BODY).frames([raw(b"\x03")]).closed([1002]),
        reason("reason", b"bye", 1000),
        reason("reason_of_two_byte_letters", cyrillic.as_bytes(), 1000),
        reason("longest_reason", longest.as_bytes(), 1000),
        reason("reason_no_utf8", b"\xff", 1007),
        reason("reason_with_a_letter_cut", b"hi\xd1", 1007),
        reason("reason_with_a_surrogate", b"\xed\xa0\x80", 1007),
    ]
}

fn codes() -> Vec<Case> {
    let close = |section: &str, name: &str, code: u16, rule, answer| {
        Case::open(format!("{section}_{name}_{code}"), rule)
            .frames([Frame::close(code, "why")])
            .closed([answer])
    };
    let legal = LEGAL.map(|code| {
        let case = close("s5_5_1", "legal_code", code, ANSWER, code);
        let refused = || Step::Closed(vec![1002]);
        match code {
            UNHEARD_OF => {
                case.except(Echo, UNKNOWN, refused()).except(FullChat, UNKNOWN, refused())
            }
            _ => case,
        }
    });
    let illegal = ILLEGAL.map(|code| {
        let section = if (1000..=1015).contains(&code) { "s7_4_1" } else { "s7_4_2" };
        close(section, "illegal_code", code, CODE, 1002)
    });
    legal.into_iter().chain(illegal).collect()
}

fn ends() -> Vec<Case> {
    let behind = |name: &str, frames: &[Frame]| {
        let goodbye = Frame::close(1000, "");
        Case::open(format!("s5_5_1_{name}_behind_a_close"), LAST)
            .frames([goodbye].into_iter().chain(frames.iter().cloned()))
            .closed([1000])
    };
    vec![
        behind("text", &[Frame::text("hi")]),
        behind("fragments", &[Frame::text("h").unfinished(), cont("i")]),
        behind("another_close", &[Frame::close(1001, "")]),
        behind("pong", &[Frame::pong("")]),
        behind("broken_frame", &[Frame::text("hi").rsv(7)]),
        behind("large_message", &[Frame::binary(vec![0; 60_000])]),
        Case::open("s5_5_1_close_behind_a_message", ANSWER)
            .frames([Frame::text("hi"), Frame::close(1001, "")])
            .hears([echoed("hi")])
            .closed([1001]),
        Case::open("s7_1_1_server_hangs_up_after_a_close", FIRST)
            .frames([Frame::close(1000, "")])
            .closed([1000]),
        Case::open("s7_1_1_server_hangs_up_after_a_broken_rule", FIRST)
            .frames([Frame::text("hi").rsv(4)])
            .closed([1002]),
        Case::open("s7_1_7_close_is_sent_before_the_end", "SHOULD send a close frame on failing")
            .frames([Frame::new(Opcode::Reserved(3), "hi")])
            .closed([1002]),
        Case::open(
            "s7_1_7_nothing_is_read_after_a_broken_rule",
            "MUST NOT go on with what follows",
        )
        .frames([Frame::text("hi").rsv(4), Frame::text("hi"), Frame::ping("?")])
        .closed([1002]),
    ]
}
