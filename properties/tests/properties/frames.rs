//! Frames: random ones, compared with what tungstenite accepts.

use std::io::{self, Read, Write};

use bytes::{Buf, BytesMut};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::Role as TheirRole;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket};
use ws101::frame::{Checker, Decoder, Frame, Header, Opcode, Role, Violation};
use ws101_properties::frames::is_decoded;

use crate::corpus::spoiled;

const CORPUS: &str = "../fuzz/corpus/frames";

/// Payloads of every length class, many of them with UTF-8 that is cut or invalid.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-zа-я🦀]{0,5}".prop_map(String::into_bytes),
        prop::sample::select(vec![b"\xd0".to_vec(), b"\x9f".to_vec(), b"\xf0\x9f".to_vec()]),
        prop::sample::select(vec![
            b"\xa6\x80".to_vec(),
            b"\xed\xa0\x80".to_vec(),
            b"\xc0".to_vec()
        ]),
        (0..5100_u16, "[a-z]{0,3}")
            .prop_map(|(code, reason)| { [&code.to_be_bytes(), reason.as_bytes()].concat() }),
        vec(any::<u8>(), 0..4),
        (120..130_usize).prop_map(|len| vec![b'x'; len]),
        (65_530..65_540_usize).prop_map(|len| vec![b'x'; len]),
    ]
}

/// Any frame; most of them break no rule.
fn frame() -> impl Strategy<Value = Frame> {
    let opcode = prop_oneof![
        10 => 0..3_u8, 4 => 8..11_u8, 1 => 0..16_u8
    ];
    (
        opcode,
        payload(),
        any::<bool>(),
        weighted(0.05, 1..8_u8),
        any::<[u8; 4]>(),
        weighted(0.97, Just(())),
    )
        .prop_map(|(opcode, payload, fin, rsv, key, masked)| {
            let frame = Frame::new(Opcode::from_bits(opcode), payload).rsv(rsv.unwrap_or(0));
            let frame = if masked.is_some() { frame.masked(key) } else { frame };
            if fin { frame } else { frame.unfinished() }
        })
}

/// `frame`, sometimes with a longer header than it needs.
fn any_header() -> impl Strategy<Value = Frame> {
    (frame(), prop::sample::select(vec![0, 2, 8])).prop_map(|(mut frame, extra)| {
        let key = frame.header.mask.map_or(0, |key| key.len());
        frame.header.size = frame.header.size.max(2 + extra + key);
        frame
    })
}

fn wire(frames: &[Frame]) -> BytesMut {
    let mut out = BytesMut::new();
    for frame in frames {
        frame.encode(&mut out);
    }
    out
}

chance! {
    fn reading_undoes_writing_in_pieces_of_any_size(
        frames in vec(any_header(), 0..8),
        cuts in vec(1..200_000_usize, 0..20),
        keep in prop_oneof![Just(0), 1..200_usize, Just(1 << 20)],
    ) {
        let mut wire = wire(&frames);
        let mut decoder = Decoder::new(keep);
        let mut got = Vec::new();
        for cut in cuts.into_iter().chain([usize::MAX]) {
            let piece = wire.split_to(cut.min(wire.len()));
            decoder.push(&piece);
            got.extend(&mut decoder);
        }
        prop_assert_eq!(decoder.pending(), None);
        prop_assert_eq!(got.len(), frames.len());
        for (got, sent) in got.iter().zip(&frames) {
            prop_assert_eq!(got.header, sent.header);
            prop_assert_eq!(&got.payload[..], &sent.payload[..keep.min(sent.payload.len())]);
            prop_assert_eq!(got.digest.is_some(), sent.payload.len() > keep);
        }
    }

    fn any_bytes_are_decoded(
        bytes in prop_oneof![vec(any::<u8>(), 0..1000), spoiled(CORPUS)],
        cuts in vec(1..100_usize, 0..10),
        keep in 0..100_usize,
    ) {
        is_decoded(&bytes, cuts, keep);
    }

    fn tungstenite_lets_the_same_frames_pass(frames in vec(frame(), 1..10)) {
        let mut checker = Checker::new(Role::Client);
        let mut theirs = WebSocket::from_raw_socket(Pipe::default(), TheirRole::Server, None);
        for frame in frames {
            let verdict = checker.check(&frame);
            theirs.get_mut().0.extend_from_slice(&frame.to_bytes());
            let read = theirs.read();
            let refused = match (&read, frame.close_code()) {
                // A code that may not be sent is answered with 1002, and not shown.
                (Ok(Message::Close(Some(close))), Some((code, _))) => u16::from(close.code) != code,
                (Ok(_), _) => false,
                (Err(Error::Io(error)), _) => error.kind() != io::ErrorKind::WouldBlock,
                (Err(_), _) => true,
            };
            // Registered with IANA after RFC 6455, and unknown to tungstenite.
            if frame.close_code().is_none_or(|(code, _)| code != 1014) {
                prop_assert_eq!(verdict.is_err(), refused, "{:?}: {:?}, {:?}", frame, verdict, read);
            }
            // Both stop reading here, or one of them does.
            if refused || frame.header.opcode == Opcode::Close {
                break;
            }
        }
    }

    /// RFC 6455 §5.2 requires the shortest form of the length; tungstenite does not check it.
    fn only_the_length_of_the_length_is_a_rule_of_ours_alone(mut frame in frame(), extra in 1..9_usize) {
        frame.header.size += extra;
        let wire = frame.to_bytes();
        let header = Header::parse(&wire).expect("a whole one was written");
        let verdict = Checker::new(Role::Client).check(&Frame { header, ..frame });
        prop_assert_eq!(verdict == Err(Violation::LengthNotMinimal(header.len)), !header.is_minimal()
            && header.rsv == 0 && header.mask.is_some() && !matches!(header.opcode, Opcode::Reserved(_)));
    }
}

/// A stream that returns the bytes put into it, then `WouldBlock`. Writes are ignored.
#[derive(Default)]
struct Pipe(BytesMut);

impl Read for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let size = buf.len().min(self.0.len());
        self.0.copy_to_slice(&mut buf[..size]);
        Ok(size)
    }
}

impl Write for Pipe {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
