//! The effect of each fault on frames, in virtual time.

use std::time::Duration;

use ws101::fault::{
    Decision, Fault, FrameKind, Line, Member, Out, PATIENCE, Refusal, Rule, WHOLE_FRAME,
};
use ws101::frame::Role::{Client, Server};
use ws101::frame::{Decoder, Frame, Opcode, Role};

const OPEN: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

/// A connection under rules, and its time in milliseconds.
struct Wire {
    line: Line,
    now: Duration,
}

/// A line, its time, and whether a fault made it so.
type Told = (u64, String, bool);

impl Wire {
    /// An open WebSocket, the first, at /ws.
    fn open(rules: &[&str]) -> Self {
        let rules: Vec<_> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let mut wire = Self { line: under(&rules, 1, "/ws", 7), now: Duration::ZERO };
        wire.line.take(wire.now, Server, OPEN);
        wire
    }

    /// The same, behind its answer.
    fn behind(rules: &[&str]) -> Self {
        let mut wire = Self::open(rules);
        let head = wire.line.due(wire.now, Server);
        assert_eq!(head, Some(Out::Send(OPEN.into(), None)));
        wire
    }

    fn say(&mut self, sender: Role, frame: impl Into<Frame>) -> &mut Self {
        let frame = frame.into();
        let frame = if sender == Client { frame.masked([1, 2, 3, 4]) } else { frame };
        self.line.take(self.now, sender, &frame.to_bytes());
        self
    }

    fn wait(&mut self, millis: u64) -> &mut Self {
        self.now += Duration::from_millis(millis);
        self
    }

    /// All that is sent in a direction until nothing waits: pieces of bytes, each with its time.
    fn pieces(&mut self, sender: Role) -> Vec<(u64, Out)> {
        let mut told = Vec::new();
        loop {
            match self.line.due(self.now, sender) {
                Some(Out::Reset) => {
                    told.push((millis(self.now), Out::Reset));
                    return told;
                }
                Some(Out::End) => {
                    told.push((millis(self.now), Out::End));
                    return told;
                }
                Some(out) => told.push((millis(self.now), out)),
                None => match self.line.next_at(sender) {
                    Some(at) => {
                        assert!(at > self.now, "what is due is given");
                        self.now = at;
                    }
                    None => return told,
                },
            }
        }
    }

    /// The same as frames.
    fn sent(&mut self, sender: Role) -> Vec<Told> {
        let mut decoder = Decoder::new(WHOLE_FRAME);
        let mut told = Vec::new();
        for (at, out) in self.pieces(sender) {
            match out {
                Out::Send(bytes, fault) => {
                    decoder.push(&bytes);
                    for frame in &mut decoder {
                        told.push((at, frame.to_string(), fault.is_some()));
                    }
                }
                Out::Held(number, ..) => told.push((at, format!("held {number}"), true)),
                Out::Dropped(..) => told.push((at, "dropped".to_owned(), true)),
                Out::Reset => told.push((at, "reset".to_owned(), true)),
                Out::End => told.push((at, "end".to_owned(), true)),
            }
        }
        if let Some(torn) = decoder.pending() {
            told.push((millis(self.now), format!("torn at {}", torn.received), true));
        }
        told
    }
}

/// A line under these rules from its beginning.
fn under(rules: &[Rule], socket: u64, path: &str, seed: u64) -> Line {
    let mut line = Line::new(socket, path, seed);
    for (id, rule) in (1..).zip(rules) {
        line.add(Duration::ZERO, id, rule);
    }
    line
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

fn told(at: u64, line: &str, by_fault: bool) -> Told {
    (at, line.to_owned(), by_fault)
}

#[test]
fn without_a_rule_for_it_a_connection_is_free() {
    let rules = ["reset on c2", "reset on /other"].map(|rule| rule.parse().unwrap());
    assert!(under(&rules, 1, "/ws", 0).is_free());
    assert!(!under(&rules, 2, "/ws", 0).is_free());
    assert!(!under(&rules, 1, "/other", 0).is_free());
}

#[test]
fn a_polite_close_goes_to_both_sides_and_ends_the_connection() {
    let mut wire = Wire::behind(&["close 1001 \"bye\" after 1"]);
    wire.say(Client, "one").say(Client, "two");
    assert_eq!(
        wire.sent(Client),
        [told(0, "text \"one\"", false), told(0, "close 1001 \"bye\"", true), told(0, "end", true)]
    );
    assert_eq!(wire.sent(Server), [told(0, "close 1001 \"bye\"", true), told(0, "end", true)]);
    assert_eq!(wire.line.began().len(), 1);
    assert_eq!(wire.line.began().len(), 0, "it is told once");
}

#[test]
fn a_close_of_the_tap_keeps_the_rule_of_masks() {
    let mut wire = Wire::behind(&["close 1000"]);
    for (side, is_masked) in [(Client, true), (Server, false)] {
        let pieces = wire.pieces(side);
        let Out::Send(bytes, _) = &pieces[0].1 else { panic!() };
        assert_eq!(bytes[1] & 0x80 != 0, is_masked);
    }
}

#[test]
fn a_reset_comes_at_once_and_nothing_after_it() {
    let mut wire = Wire::behind(&["reset after 2"]);
    wire.say(Client, "one");
    assert_eq!(wire.sent(Client), [told(0, "text \"one\"", false)]);
    wire.say(Server, "two");
    assert_eq!(wire.sent(Client), [told(0, "reset", true)]);
    assert_eq!(wire.sent(Server), [told(0, "reset", true)]);
}

#[test]
fn silence_drops_both_directions_and_keeps_the_connection() {
    let mut wire = Wire::behind(&["delay pong 5s", "silence after 2"]);
    wire.say(Client, Frame::pong("later")).say(Client, "one");
    wire.say(Client, "two").say(Server, "three");
    assert_eq!(wire.sent(Client), [told(0, "text \"one\"", false)]);
    assert_eq!(wire.sent(Server), []);
    assert!(wire.line.is_silent());
}

#[test]
fn a_cut_may_fall_inside_a_frame() {
    let mut wire = Wire::behind(&["cut 12 from client"]);
    wire.say(Client, "one").say(Client, "two").say(Server, "three");
    // Nine bytes of a frame, and three of the next.
    let sent = [told(0, "text \"one\"", false), told(0, "end", true), told(0, "torn at 0", true)];
    assert_eq!(wire.sent(Client), sent);
}

#[test]
fn a_request_is_refused() {
    for (rule, refusal) in
        [("refuse 503", Refusal::Status(503)), ("refuse nothing", Refusal::Nothing)]
    {
        let line = under(&[rule.parse().unwrap()], 1, "/ws", 0);
        assert_eq!(line.refusal().map(|(refusal, _)| refusal), Some(refusal));
    }
}

#[test]
fn a_slow_direction_sends_so_many_bytes_a_second_and_reads_little() {
    let mut wire = Wire::behind(&["slow 1000 from server"]);
    wire.say(Server, vec![0; 2996]).say(Client, "fast");
    assert_eq!(wire.sent(Client), [told(0, "text \"fast\"", false)]);
    let pieces = wire.pieces(Server);
    assert_eq!(pieces.len(), 30, "3000 bytes, 100 at a time");
    assert_eq!(pieces.last().unwrap().0, 3000, "after the answer");
    wire.say(Server, vec![0; 20_000]);
    assert!(!wire.line.has_room(Server) && wire.line.has_room(Client));
}

#[test]
fn bytes_are_split() {
    let mut wire = Wire::behind(&["split 2 from client"]);
    wire.say(Client, "abc").say(Server, "abc");
    let sizes = |pieces: Vec<(u64, Out)>| -> Vec<usize> {
        let size = |(_, out)| match out {
            Out::Send(bytes, None) => bytes.len(),
            other => panic!("{other:?}"),
        };
        pieces.into_iter().map(size).collect()
    };
    assert_eq!(sizes(wire.pieces(Client)), [2, 2, 2, 2, 1]);
    assert_eq!(sizes(wire.pieces(Server)), [5]);
}

#[test]
fn bytes_are_sent_together() {
    let mut wire = Wire::behind(&["coalesce 50ms"]);
    wire.say(Client, "a").wait(20).say(Client, "b").wait(20).say(Client, "c");
    let pieces = wire.pieces(Client);
    assert_eq!(pieces.len(), 1, "{pieces:?}");
    assert_eq!(pieces[0].0, 50);
    assert!(matches!(&pieces[0].1, Out::Send(bytes, None) if bytes.len() == 21));
}

#[test]
fn a_forged_frame_has_any_bits_and_comes_once() {
    let mut wire = Wire::behind(&["forge 91 02 68 69 from server after 1"]);
    wire.say(Client, "one").say(Client, "two").say(Server, "three");
    assert_eq!(
        wire.sent(Server),
        [told(0, "text \"three\"", false), told(0, "rsv=1 text \"hi\"", true)],
        "only frames of the server count"
    );
    assert_eq!(wire.sent(Client).len(), 2);
}

#[test]
fn pongs_are_left_out() {
    let mut wire = Wire::behind(&["drop pong from client"]);
    wire.say(Client, Frame::pong("1")).say(Client, "one").say(Server, Frame::pong("2"));
    assert_eq!(wire.sent(Client), [told(0, "dropped", true), told(0, "text \"one\"", false)]);
    assert_eq!(wire.sent(Server), [told(0, "pong \"2\"", false)]);
}

#[test]
fn pongs_come_late_and_others_overtake_them() {
    let mut wire = Wire::behind(&["delay pong 5s"]);
    wire.say(Client, Frame::pong("1")).say(Client, "one");
    assert_eq!(wire.sent(Client), [told(0, "text \"one\"", false), told(5000, "pong \"1\"", true)]);
}

#[test]
fn frames_come_twice_and_the_second_is_marked() {
    let mut wire = Wire::behind(&["duplicate text"]);
    wire.say(Server, "one").say(Server, Frame::ping(""));
    assert_eq!(
        wire.sent(Server),
        [told(0, "text \"one\"", false), told(0, "text \"one\"", true), told(0, "ping", false)]
    );
}

#[test]
fn of_two_frames_the_second_comes_first() {
    let mut wire = Wire::behind(&["reorder text"]);
    for word in ["one", "two", "three"] {
        wire.say(Client, word);
    }
    wire.say(Client, Frame::ping(""));
    assert_eq!(
        wire.sent(Client),
        [told(0, "text \"two\"", true), told(0, "text \"one\"", true), told(0, "ping", false)]
    );
    wire.line.finish(wire.now, Client);
    assert_eq!(wire.sent(Client), [told(0, "text \"three\"", false)], "the last is not lost");
}

#[test]
fn one_bit_of_a_payload_is_turned_and_the_seed_tells_which() {
    let flipped = |seed| {
        let rules = ["flip text".parse().unwrap()];
        let mut line = under(&rules, 1, "/ws", seed);
        line.take(Duration::ZERO, Server, OPEN);
        line.due(Duration::ZERO, Server);
        line.take(Duration::ZERO, Server, &Frame::text("hello").to_bytes());
        match line.due(Duration::ZERO, Server) {
            Some(Out::Send(bytes, Some(_))) => bytes,
            other => panic!("{other:?}"),
        }
    };
    let whole = Frame::text("hello").to_bytes();
    let bits = |bytes: &[u8]| -> u32 {
        bytes.iter().zip(&whole).map(|(one, other)| (one ^ other).count_ones()).sum()
    };
    assert_eq!(bits(&flipped(1)), 1);
    assert_eq!(flipped(1)[..2], whole[..2], "the header stays");
    assert_eq!(flipped(1), flipped(1));
    let different: std::collections::BTreeSet<_> = (0..16).map(flipped).collect();
    assert!(different.len() > 4);
}

#[test]
fn nothing_acts_before_the_answer_and_what_came_early_waits_for_it() {
    let rules = ["duplicate text".parse().unwrap(), "forge 89 00 from server".parse().unwrap()];
    let mut line = under(&rules, 1, "/ws", 0);
    let mut wire = Wire { now: Duration::ZERO, line: under(&[], 0, "", 0) };
    line.take(wire.now, Client, &Frame::text("early").masked([0; 4]).to_bytes());
    assert_eq!(line.due(wire.now, Client), None);
    line.take(wire.now, Server, &OPEN[..10]);
    assert_eq!(line.due(wire.now, Server), None);
    line.take(wire.now, Server, &OPEN[10..]);
    assert_eq!(line.due(wire.now, Server), Some(Out::Send(OPEN.into(), None)));
    wire.line = line;
    assert_eq!(wire.sent(Server), [told(0, "ping", true)]);
    assert_eq!(wire.sent(Client).len(), 2);
    // A refusal passes as it is.
    let mut line = under(&rules, 1, "/ws", 0);
    let refusal = b"HTTP/1.1 404 Not Found\r\n\r\n\x81\x01a";
    line.take(Duration::ZERO, Server, refusal);
    assert_eq!(line.due(Duration::ZERO, Server), Some(Out::Send(refusal[..].into(), None)));
}

#[test]
fn frames_are_found_however_they_are_cut_and_long_ones_pass() {
    let long = Frame::new(Opcode::Text, vec![b'x'; WHOLE_FRAME + 1]);
    let bytes: Vec<u8> =
        [long.clone(), Frame::text("short")].iter().flat_map(Frame::to_bytes).collect();
    for size in [1, 7, 4096, bytes.len()] {
        let mut wire = Wire::behind(&["duplicate text"]);
        for piece in bytes.chunks(size) {
            wire.line.take(wire.now, Server, piece);
        }
        let mut passed = Vec::new();
        for (_, out) in wire.pieces(Server) {
            let Out::Send(bytes, _) = out else { panic!() };
            passed.extend_from_slice(&bytes);
        }
        let short = Frame::text("short").to_bytes();
        assert!(passed == [long.to_bytes(), short.clone(), short].concat(), "{size}");
    }
}

/// A rule that holds such frames for a person.
fn hold(kind: FrameKind, member: Option<Member>) -> Rule {
    let Ok(like) = "drop frame from client".parse::<Rule>() else { panic!() };
    Rule { fault: Fault::Hold(kind, member), ..like }
}

#[test]
fn a_rule_acts_from_the_moment_it_is_set_until_it_is_undone() {
    let mut wire = Wire::behind(&[]);
    wire.say(Client, "one");
    assert_eq!(wire.sent(Client), [told(0, "text \"one\"", false)]);
    wire.line.add(wire.now, 7, &"duplicate text after 1".parse().unwrap());
    wire.line.add(wire.now, 8, &"reset on c2".parse().unwrap());
    wire.say(Client, "two").say(Client, "three");
    let sent = [("two", false), ("three", false), ("three", true)];
    let sent = sent.map(|(text, mark)| told(0, &format!("text {text:?}"), mark));
    assert_eq!(wire.sent(Client), sent, "`after` counts from then on");
    wire.line.remove(wire.now, 7);
    wire.say(Client, "four");
    assert_eq!(wire.sent(Client), [told(0, "text \"four\"", false)]);
}

#[test]
fn what_waits_because_of_a_rule_comes_when_it_is_undone() {
    let mut wire = Wire::behind(&["delay text 5s", "reorder ping"]);
    wire.say(Client, "late").say(Client, "later").say(Client, Frame::ping("")).wait(1000);
    wire.line.remove(wire.now, 1);
    wire.line.remove(wire.now, 2);
    let sent =
        ["text \"late\"", "text \"later\"", "ping"].map(|text| told(1000, text, text != "ping"));
    assert_eq!(wire.sent(Client), sent);
}

#[test]
fn a_pace_ends_with_its_rule() {
    let mut wire = Wire::behind(&[]);
    wire.line.add(wire.now, 1, &"slow 10 from server".parse().unwrap());
    wire.line.add(wire.now, 2, &"split 2".parse().unwrap());
    wire.say(Server, vec![0; 98]);
    assert!(wire.line.due(wire.now, Server).is_some());
    wire.line.remove(wire.now, 1);
    wire.line.remove(wire.now, 2);
    wire.wait(200);
    let pieces = wire.pieces(Server);
    assert_eq!(pieces.len(), 1, "{pieces:?}");
}

#[test]
fn a_connection_goes_on_behind_a_silence() {
    let mut wire = Wire::behind(&["silence"]);
    wire.say(Client, "lost").say(Server, "lost");
    wire.line.remove(wire.now, 1);
    wire.say(Client, "heard");
    assert_eq!(wire.sent(Client), [told(0, "text \"heard\"", false)]);
    // A frame whose front passed cannot be mended.
    let bytes = Frame::text("torn").to_bytes();
    wire.line.take(wire.now, Server, &bytes[..3]);
    assert_eq!(wire.pieces(Server).len(), 1);
    wire.line.add(wire.now, 2, &"silence".parse().unwrap());
    wire.line.take(wire.now, Server, &bytes[3..]);
    assert_eq!(wire.pieces(Server), []);
    wire.line.remove(wire.now, 2);
    assert_eq!(wire.sent(Server), [told(0, "reset", true)]);
}

#[test]
fn without_a_rule_bytes_pass_as_they_come_and_a_made_frame_stands_between_two() {
    let mut wire = Wire::behind(&[]);
    let bytes = Frame::text("abc").to_bytes();
    wire.line.take(wire.now, Server, &bytes[..3]);
    assert_eq!(wire.pieces(Server), [(0, Out::Send(bytes.slice(..3), None))]);
    wire.line.add(wire.now, 1, &"forge 89 00 from server".parse().unwrap());
    assert_eq!(wire.pieces(Server), []);
    wire.line.take(wire.now, Server, &bytes[3..]);
    assert_eq!(wire.sent(Server).len(), 1, "the rest is no frame here, the forged one is");
    let many: Vec<u8> = [bytes.clone(), bytes.clone(), bytes].concat();
    wire.line.remove(wire.now, 1);
    wire.line.take(wire.now, Server, &many);
    assert_eq!(wire.pieces(Server), [(0, Out::Send(many.into(), None))], "all at once");
}

#[test]
fn a_held_frame_waits_for_a_person_and_pings_overtake_it() {
    let mut wire = Wire::behind(&[]);
    wire.line.add(wire.now, 1, &hold(FrameKind::Of(Opcode::Text), None));
    wire.say(Client, "one").say(Client, "two").say(Client, Frame::binary("b"));
    wire.say(Client, Frame::ping("")).say(Server, "back");
    assert!(matches!(wire.line.due(wire.now, Client), Some(Out::Send(_, None))), "the ping");
    assert!(matches!(wire.line.due(wire.now, Client), Some(Out::Held(1, ..))));
    assert_eq!(wire.line.due(wire.now, Client), None);
    assert_eq!(wire.sent(Server), [told(0, "text \"back\"", false)]);
    assert!(wire.line.decide(wire.now, 1, &Decision::Change("new".into())));
    assert!(!wire.line.decide(wire.now, 1, &Decision::Send), "it is gone");
    let Some(Out::Send(bytes, Some(fault))) = wire.line.due(wire.now, Client) else { panic!() };
    let Some(Out::Held(2, ..)) = wire.line.due(wire.now, Client) else { panic!() };
    let frame = Decoder::whole(&bytes).unwrap();
    assert_eq!((&*frame.payload, &*fault), (&b"new"[..], "hold text from client: changed"));
    assert!(frame.header.mask.is_some_and(|key| key != [1, 2, 3, 4]), "a client masks anew");
    assert!(wire.line.decide(wire.now, 2, &Decision::Drop));
    assert_eq!(wire.sent(Client), [told(0, "dropped", true), told(0, "binary 62", false)]);
}

#[test]
fn a_held_frame_is_sent_on_if_nobody_decides() {
    let mut wire = Wire::behind(&[]);
    wire.line.add(wire.now, 1, &hold(FrameKind::Any, None));
    wire.say(Client, "one").wait(1000).say(Client, "two");
    let patience = millis(PATIENCE);
    let sent = wire.sent(Client);
    assert_eq!(sent[0], told(1000, "held 1", true));
    assert_eq!(sent[1..3], [told(patience, "text \"one\"", true), told(patience, "held 2", true)]);
    assert_eq!(sent[3], told(2 * patience, "text \"two\"", true));
    // An undone rule, and an end, send on what waits.
    wire.say(Client, "three");
    wire.line.remove(wire.now, 1);
    assert_eq!(wire.sent(Client).len(), 1);
    wire.line.add(wire.now, 2, &hold(FrameKind::Any, None));
    wire.say(Client, "four").say(Client, "five");
    wire.line.finish(wire.now, Client);
    assert_eq!(wire.sent(Client).len(), 2);
}

#[test]
fn frames_are_held_by_what_their_json_says() {
    let member = |pointer: &str, value: Option<&str>| {
        Some(Member { pointer: pointer.to_owned(), value: value.map(Into::into) })
    };
    for (member, is_held) in [
        (member("/type", None), true),
        (member("/type", Some("message")), true),
        (member("/type", Some("typing")), false),
        (member("/user/id", None), false),
    ] {
        let mut wire = Wire::behind(&[]);
        wire.line.add(wire.now, 1, &hold(FrameKind::Of(Opcode::Text), member));
        wire.say(Client, r#"{"type":"message"}"#);
        let out = wire.line.due(wire.now, Client);
        assert_eq!(matches!(out, Some(Out::Held(..))), is_held, "{out:?}");
    }
}

#[test]
fn what_waits_behind_a_held_frame_is_bounded() {
    let mut wire = Wire::behind(&[]);
    wire.line.add(wire.now, 1, &hold(FrameKind::Of(Opcode::Text), None));
    wire.say(Client, "held");
    let mut said = 0;
    while wire.line.has_room(Client) {
        wire.say(Client, vec![0; 60_000]);
        said += 1;
        assert!(said < 100);
    }
    wire.line.decide(wire.now, 1, &Decision::Send);
    assert!(wire.sent(Client).len() > said, "all of it comes");
    assert!(wire.line.has_room(Client));
}
