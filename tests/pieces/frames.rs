//! Frames as bytes: written, read in any pieces, and judged (RFC 6455 §5).

use std::io::Cursor;

use bytes::BytesMut;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::OpCode;
use ws101::frame::{self, Checker, Decoder, Frame, Header, Headers, Opcode, Role, Torn, Violation};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

#[test]
fn the_examples_of_the_rfc_are_ours() {
    // RFC 6455 §5.7.
    for (frame, wire) in [
        (Frame::text("Hello"), &b"\x81\x05Hello"[..]),
        (Frame::text("Hello").masked(KEY), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
        (Frame::text("Hel").unfinished(), b"\x01\x03Hel"),
        (Frame::new(Opcode::Continuation, "lo"), b"\x80\x02lo"),
        (Frame::ping("Hello"), b"\x89\x05Hello"),
        (Frame::pong("Hello").masked(KEY), b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
    ] {
        assert_eq!(frame.to_bytes(), wire);
        assert_eq!(all(wire, 1024), [frame]);
    }
    assert_eq!(Frame::binary(vec![0; 256]).to_bytes()[..4], [0x82, 0x7e, 1, 0]);
    assert_eq!(
        Frame::binary(vec![0; 65_536]).to_bytes()[..10],
        [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]
    );
}

#[test]
fn a_length_may_be_written_longer_than_it_need_be() {
    let header = Header { size: 4, ..Header::new(Opcode::Text, 2) };
    let frame = Frame { header, ..Frame::text("hi") };
    assert_eq!(frame.to_bytes()[..], *b"\x81\x7e\0\x02hi");
    let header = Header { size: 10, ..header };
    let frame = Frame { header, ..frame };
    assert_eq!(frame.to_bytes()[..], *b"\x81\x7f\0\0\0\0\0\0\0\x02hi");
    assert_eq!(all(&frame.to_bytes(), 9), [frame]);
    // But not shorter than it must be.
    let frame = Frame { header: Header { size: 2, len: 300, ..header }, ..Frame::text("hi") };
    assert_eq!(frame.to_bytes()[..], *b"\x81\x7e\x01\x2chi");
}

#[test]
fn the_quick_way_writes_the_same_bytes() {
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        let payload = vec![7; len];
        let mut out = BytesMut::from("before");
        frame::encode(&mut out, Opcode::Binary, &payload);
        assert_eq!(out[6..], Frame::binary(payload).to_bytes());
    }
}

#[test]
fn a_mask_may_be_applied_in_pieces() {
    let whole: Vec<u8> = (0..=50).collect();
    let mut at_once = whole.clone();
    frame::apply_mask(&mut at_once, KEY, 0);
    for cut in 0..whole.len() {
        let mut pieces = whole.clone();
        let (front, back) = pieces.split_at_mut(cut);
        frame::apply_mask(front, KEY, 0);
        frame::apply_mask(back, KEY, cut as u64);
        assert_eq!(pieces, at_once);
    }
}

/// Each first two bytes there are, each cut short at every place.
#[test]
fn tungstenite_reads_every_header_as_we_do() {
    let mut compared = 0;
    for first_two in 0..=u16::MAX {
        let mut bytes = [0x91; 16];
        bytes[..2].copy_from_slice(&first_two.to_be_bytes());
        for end in 0..bytes.len() {
            let bytes = &bytes[..end];
            let ours = Header::parse(bytes);
            if let Some(header) = ours {
                let mut out = BytesMut::new();
                header.encode(&mut out);
                assert_eq!(out, bytes[..header.size], "writing is the inverse of reading");
            }
            let mut cursor = Cursor::new(bytes);
            match FrameHeader::parse(&mut cursor) {
                Ok(theirs) => {
                    let theirs = theirs.map(|(header, len)| Header {
                        fin: header.is_final,
                        rsv: u8::from(header.rsv1) << 2
                            | u8::from(header.rsv2) << 1
                            | u8::from(header.rsv3),
                        opcode: Opcode::from_bits(OpCode::into(header.opcode)),
                        mask: header.mask,
                        len,
                        size: usize::try_from(cursor.position()).unwrap(),
                    });
                    assert_eq!(ours, theirs, "{bytes:02x?}");
                    compared += usize::from(ours.is_some());
                }
                // What tungstenite refuses to read, we still show.
                Err(_) => assert!(matches!(ours.unwrap().opcode, Opcode::Reserved(_))),
            }
        }
    }
    // 96 first bytes have a known opcode; of each, 3,052 second bytes and ends give a header.
    assert_eq!(compared, 96 * 3_052);
}

#[test]
fn every_piece_size_gives_the_same_frames() {
    let frames = [
        Frame::text("привет").masked(KEY),
        Frame::ping(""),
        Frame::binary(vec![5; 70_000]).masked(KEY),
        Frame::close(1000, "bye"),
    ];
    let mut wire = BytesMut::new();
    for frame in &frames {
        frame.encode(&mut wire);
    }
    for size in [1, 2, 3, 7, 1000, usize::MAX] {
        let mut decoder = Decoder::new(100_000);
        let mut got = Vec::new();
        for piece in wire.chunks(size) {
            decoder.push(piece);
            got.extend(&mut decoder);
        }
        assert_eq!(got, frames);
        assert_eq!(decoder.pending(), None);
    }
}

#[test]
fn of_a_long_payload_the_front_and_a_digest_are_kept() {
    let wire = Frame::text("abcdef").masked(KEY).to_bytes();
    let [frame] = &all(&wire, 3)[..] else { panic!("one frame went in") };
    assert_eq!((&frame.payload[..], frame.header.len), (&b"abc"[..], 6));
    let sha256 = "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721";
    assert_eq!(data_encoding::HEXLOWER.encode(&frame.digest.unwrap()), sha256);

    let [frame] = &all(&wire, 6)[..] else { panic!("one frame went in") };
    assert_eq!((&frame.payload[..], frame.digest), (&b"abcdef"[..], None));
}

#[test]
fn a_declared_length_is_no_reason_to_allocate_or_overflow() {
    for len in [1 << 62, 1 << 63, u64::MAX] {
        let mut bytes = BytesMut::new();
        let header = Header::new(Opcode::Binary, len);
        header.encode(&mut bytes);
        bytes.extend_from_slice(b"abc");
        let mut decoder = Decoder::new(usize::MAX);
        decoder.push(&bytes);
        assert_eq!(decoder.next_frame(), None);
        assert_eq!(decoder.pending(), Some(Torn { header: Some(header), received: 3 }));
    }
}

#[test]
fn a_torn_frame_shows_what_came_of_it() {
    let wire = Frame::text("Hello").masked(KEY).to_bytes();
    let header = Header::parse(&wire);
    for end in 0..wire.len() {
        let mut decoder = Decoder::new(1024);
        decoder.push(&wire[..end]);
        assert_eq!(decoder.next_frame(), None);
        let torn = match end {
            0 => None,
            1..6 => Some(Torn { header: None, received: 0 }),
            _ => Some(Torn { header, received: end as u64 - 6 }),
        };
        assert_eq!(decoder.pending(), torn);
    }
}

#[test]
fn each_broken_rule_has_its_name() {
    use Opcode::{Binary, Close, Continuation, Ping, Pong, Text};
    let start = || Frame::text("he").unfinished();
    let wide =
        |len, size| Frame { header: Header { size, ..Header::new(Text, len) }, ..Frame::text("") };
    for (frames, earned) in [
        // As it should be.
        (vec![Frame::text("привет"), Frame::binary(vec![0xff])], None),
        (vec![start(), Frame::ping("x"), Frame::new(Continuation, "llo")], None),
        (vec![Frame::text(vec![0xd0]).unfinished(), Frame::new(Continuation, vec![0x9f])], None),
        (vec![Frame::close(4999, "bye")], None),
        (vec![Frame::new(Close, ""), Frame::pong("x"), Frame::new(Close, "")], None),
        // RFC 6455 §5.2.
        (vec![Frame::text("x").rsv(4)], Some(Violation::ReservedBits(4))),
        (vec![Frame::new(Opcode::Reserved(3), "x")], Some(Violation::ReservedOpcode(3))),
        (vec![wide(5, 4)], Some(Violation::LengthNotMinimal(5))),
        (vec![wide(125, 10)], Some(Violation::LengthNotMinimal(125))),
        (vec![wide(65_535, 10)], Some(Violation::LengthNotMinimal(65_535))),
        (vec![wide(1 << 63, 10)], Some(Violation::LengthTopBit(1 << 63))),
        // RFC 6455 §5.4.
        (vec![Frame::new(Continuation, "x")], Some(Violation::NothingToContinue)),
        (vec![start(), Frame::text("x")], Some(Violation::Interrupted(Text))),
        (vec![start(), Frame::binary("x")], Some(Violation::Interrupted(Binary))),
        // RFC 6455 §5.5.
        (vec![Frame::ping(vec![0; 125])], None),
        (vec![Frame::ping(vec![0; 126])], Some(Violation::ControlTooLong(Ping, 126))),
        (vec![Frame::pong("x").unfinished()], Some(Violation::ControlFragmented(Pong))),
        // RFC 6455 §5.5.1, §7.4.
        (vec![Frame::new(Close, vec![3])], Some(Violation::CloseOneByte)),
        (vec![Frame::new(Close, vec![3, 232, 0xff])], Some(Violation::CloseReasonNotUtf8)),
        (vec![Frame::close(999, "")], Some(Violation::CloseCode(999))),
        (vec![Frame::close(1004, "")], Some(Violation::CloseCode(1004))),
        (vec![Frame::close(1005, "")], Some(Violation::CloseCode(1005))),
        (vec![Frame::close(1006, "")], Some(Violation::CloseCode(1006))),
        (vec![Frame::close(1015, "")], Some(Violation::CloseCode(1015))),
        (vec![Frame::close(2999, "")], Some(Violation::CloseCode(2999))),
        (vec![Frame::close(5000, "")], Some(Violation::CloseCode(5000))),
        (vec![Frame::close(1000, ""), Frame::text("x")], Some(Violation::AfterClose(Text))),
        // RFC 6455 §8.1.
        (vec![Frame::text(vec![0xff])], Some(Violation::TextNotUtf8)),
        (vec![Frame::text(vec![0xd0])], Some(Violation::TextNotUtf8)),
        (vec![start(), Frame::new(Continuation, vec![0xff])], Some(Violation::TextNotUtf8)),
    ] {
        let mut client = Checker::new(Role::Client);
        let mut server = Checker::new(Role::Server);
        let mut verdicts = (None, None);
        for frame in frames {
            assert_eq!((verdicts.0, verdicts.1), (None, None), "only the last frame is wrong");
            verdicts.0 = client.check(&frame.clone().masked(KEY)).err();
            verdicts.1 = server.check(&frame).err();
        }
        assert_eq!(verdicts, (earned, earned));
    }
    let masked = Frame::text("x").masked(KEY);
    assert_eq!(Checker::new(Role::Server).check(&masked), Err(Violation::Masked));
    assert_eq!(Checker::new(Role::Client).check(&Frame::text("x")), Err(Violation::Unmasked));
}

#[test]
fn a_checker_goes_on_after_a_violation() {
    let mut checker = Checker::new(Role::Server);
    let mut check = |frame| checker.check(&frame).err();
    let more = |payload: &'static [u8]| Frame::new(Opcode::Continuation, payload);
    assert_eq!(check(Frame::text("x").rsv(1).unfinished()), Some(Violation::ReservedBits(1)));
    assert_eq!(check(more(b"\xff").unfinished()), Some(Violation::TextNotUtf8));
    assert_eq!(check(more(b"\xff")), None, "told once a message");
    assert_eq!(check(more(b"x")), Some(Violation::NothingToContinue));
    assert_eq!(check(Frame::text("x")), None);
}

#[test]
fn what_was_not_kept_is_not_judged() {
    let mut checker = Checker::new(Role::Server);
    for frame in all(&Frame::text("привет").to_bytes(), 3) {
        assert_eq!(checker.check(&frame), Ok(()));
    }
    for frame in all(&Frame::close(1000, "я").to_bytes(), 3) {
        assert_eq!(checker.check(&frame), Ok(()));
    }
}

#[test]
fn a_violation_cites_its_section_and_knows_its_code() {
    for (violation, code) in [
        (Violation::Masked, 1002),
        (Violation::ReservedBits(4), 1002),
        (Violation::Interrupted(Opcode::Text), 1002),
        (Violation::ControlTooLong(Opcode::Ping, 126), 1002),
        (Violation::CloseOneByte, 1002),
        (Violation::CloseCode(1005), 1002),
        (Violation::TextNotUtf8, 1007),
        (Violation::CloseReasonNotUtf8, 1007),
    ] {
        let cited = format!("(RFC 6455 {})", violation.section());
        assert!(violation.to_string().ends_with(&cited), "{violation}");
        assert_eq!(violation.code(), code);
    }
}

fn all(wire: &[u8], keep: usize) -> Vec<Frame> {
    let mut decoder = Decoder::new(keep);
    decoder.push(wire);
    decoder.collect()
}

#[test]
fn a_rule_as_a_close_reason_is_ascii_and_fits() {
    use ws101::frame::Violation;
    let rules = [
        Violation::ReservedBits(7),
        Violation::ReservedOpcode(15),
        Violation::Unmasked,
        Violation::Masked,
        Violation::LengthTopBit(u64::MAX),
        Violation::LengthNotMinimal(u64::MAX),
        Violation::ControlTooLong(Opcode::Close, u64::MAX),
        Violation::ControlFragmented(Opcode::Close),
        Violation::NothingToContinue,
        Violation::Interrupted(Opcode::Binary),
        Violation::TextNotUtf8,
        Violation::CloseOneByte,
        Violation::CloseCode(65535),
        Violation::CloseReasonNotUtf8,
        Violation::AfterClose(Opcode::Continuation),
    ];
    for rule in rules {
        let reason = rule.reason();
        assert!(reason.is_ascii() && reason.len() <= 123, "{rule:?}: {reason}");
        assert_eq!(reason.matches("RFC 6455").count(), 1, "{rule:?}: {reason}");
    }
}

#[test]
fn the_next_start_is_found_wherever_a_stream_is_cut() {
    let frames =
        [Frame::text("hello"), Frame::ping("").masked([1; 4]), Frame::binary(vec![0; 300])];
    let bytes: Vec<u8> = frames.iter().flat_map(Frame::to_bytes).collect();
    let mut starts = vec![0];
    for frame in &frames {
        starts.push(starts.last().unwrap() + frame.to_bytes().len());
    }
    for cut in 0..bytes.len() {
        let mut headers = Headers::default();
        headers.feed(&bytes[..cut], |_| {});
        let next = starts.iter().find(|&&start| start >= cut).map(|start| start - cut);
        assert_eq!(headers.next_start(&bytes[cut..]), next, "{cut}");
        let short = &bytes[cut..bytes.len() - 1];
        assert_eq!(headers.next_start(short), next.filter(|&next| next <= short.len()), "{cut}");
    }
}
