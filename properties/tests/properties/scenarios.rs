//! Scenarios: a printed one is parsed again as it was, and any text is parsed or refused.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use ws101::frame::Opcode;
use ws101::wst::{
    Action, Ask, ConnectionAction, End, Expectation, FAILURES, FramePattern, Item, Json, Kind,
    LineNumber, Modifiers, Note, Observation, Part, PartialFrame, Payload, ResponsePart,
    ResponsePattern, Scenario, ScenarioLine, Step, Text, Timing,
};
use ws101_properties::scenarios::{is_parsed_or_refused, is_printed};

use crate::corpus::{spoiled_text, texts};

const CORPUS: &str = "../fuzz/corpus/scenarios";

/// The checks of the lessons, which learners' servers must pass.
const CHECKS: &str = "../cli/checks";

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,3}"
}

/// Text with characters that a printer must escape or a parser could misread.
fn plain() -> impl Strategy<Value = String> {
    let odd = select(vec![
        "<", ">", "<*>", "<a>", "\"", "\\", "\n", " ", "|", "#", "...", "я", "🦀", "\u{7}",
        "\u{2028}", "\u{202e}", "*", "%", "/", "é", "e\u{301}",
    ]);
    vec(
        prop_oneof![3 => odd.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)],
        1..5,
    )
    .prop_map(|parts| parts.concat())
}

/// A title or a remark: the parser refuses what acts on a terminal outside quotes.
fn line_of_text() -> impl Strategy<Value = String> {
    plain().prop_map(|text| text.replace(ws101::escape::acts, "").trim().to_owned())
}

fn text(open: bool) -> impl Strategy<Value = Text> {
    let part = prop_oneof![
        plain().prop_map(Part::Plain),
        name().prop_map(Part::Name),
        Just(if open { Part::Any } else { Part::Name("n".to_owned()) }),
    ];
    vec(part, 0..4).prop_map(|parts| {
        let mut text = Text::default();
        for part in parts {
            match (text.0.last_mut(), part) {
                (Some(Part::Plain(last)), Part::Plain(more)) => last.push_str(&more),
                (_, part) => text.0.push(part),
            }
        }
        text
    })
}

fn json(open: bool) -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        name().prop_map(Json::Name),
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(|n| Json::Number(n.into())),
        (-1e6..1e6f64)
            .prop_map(|n| serde_json::Number::from_f64(n).map_or(Json::Null, Json::Number)),
        text(open).prop_map(Json::Text),
        Just(if open { Json::Any } else { Json::Null }),
        Just(if open { Json::Long(300, "0aff".to_owned()) } else { Json::Null }),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            (vec(inner.clone(), 0..4), any::<bool>())
                .prop_map(move |(items, more)| Json::Array(items, more && open)),
            (vec((plain(), inner), 0..4), any::<bool>()).prop_map(move |(mut fields, more)| {
                fields.sort_by(|a, b| a.0.cmp(&b.0));
                fields.dedup_by(|a, b| a.0 == b.0);
                Json::Object(fields, more && open)
            }),
        ]
    })
}

fn bytes() -> impl Strategy<Value = Payload> {
    (vec(any::<u8>(), 1..5), 1..9usize).prop_map(|(bytes, times)| Payload::Bytes(bytes, times))
}

/// The payload of a frame; with `open` also the patterns of an expectation.
fn payload(open: bool) -> BoxedStrategy<Payload> {
    let known = prop_oneof![
        Just(Payload::Unsaid),
        (text(open), 1..9usize).prop_map(|(text, times)| Payload::Text(text, times)),
        bytes(),
    ];
    if !open {
        return known.boxed();
    }
    let digest = (0..1_000_000u64).prop_map(|len| Payload::Digest(len, "0123456789ab".to_owned()));
    prop_oneof![4 => known, 1 => Just(Payload::Any), 1 => digest].boxed()
}

fn close(open: bool) -> impl Strategy<Value = Payload> {
    let codes = vec(1000..5000u16, 1..if open { 4 } else { 2 });
    (codes, text(open), any::<bool>()).prop_map(move |(codes, reason, any)| {
        Payload::Close(codes, (!any || !open).then_some(reason))
    })
}

fn frame(open: bool) -> BoxedStrategy<FramePattern> {
    let opcodes = [1, 2, 0, 9, 10, 3, 15].map(|bits| Kind::Frame(Opcode::from_bits(bits)));
    let carried = prop_oneof![
        (select(opcodes.to_vec()), payload(open)),
        (Just(Kind::Json), json(open).prop_map(Payload::Json)),
        (Just(Kind::Frame(Opcode::Close)), close(open)),
    ];
    let header = (0..8u8, option::of(any::<bool>()), any::<bool>(), option::of(2..15usize));
    let lengths = (option::of(any::<u64>()), option::of(1..9usize));
    (carried, header, lengths)
        .prop_map(move |((kind, payload), header, (len, fragments))| {
            let is_message =
                matches!(kind, Kind::Json | Kind::Frame(Opcode::Text | Opcode::Binary));
            let (rsv, fin, wrong_mask, header) = header;
            let fragments = fragments.filter(|_| is_message && !open);
            FramePattern {
                rsv,
                fin,
                wrong_mask,
                header,
                len,
                fragments,
                payload,
                ..FramePattern::new(kind)
            }
        })
        .boxed()
}

fn part() -> impl Strategy<Value = PartialFrame> {
    let opcode = select([1, 2, 0, 8, 9, 10, 3, 15].map(Opcode::from_bits).to_vec());
    let payload = (opcode, any::<u64>(), any::<u64>())
        .prop_map(|(opcode, received, len)| PartialFrame::Payload { opcode, received, len });
    prop_oneof![Just(PartialFrame::Any), Just(PartialFrame::Header), payload]
}

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![0..1500u64, (0..3000u64).prop_map(|n| n * 500)].prop_map(Duration::from_millis)
}

fn modifiers() -> impl Strategy<Value = Modifiers> {
    let timing = prop_oneof![
        (time(), time()).prop_map(|(a, b)| Timing::Within(a.min(b), a.max(b))),
        time().prop_map(Timing::At),
    ];
    let wire = (vec(any::<u8>(), 1..9), any::<bool>());
    (option::of(timing), option::of(wire)).prop_map(|(timing, wire)| Modifiers { timing, wire })
}

fn header(open: bool) -> impl Strategy<Value = (String, Text)> {
    (select(vec!["version", "key", "subprotocol", "user-agent", "no-x"]), text(open))
        .prop_map(|(name, value)| (name.to_owned(), value))
}

fn action() -> BoxedStrategy<Action> {
    let headers = vec((header(false), any::<bool>()), 0..3).prop_map(|headers| {
        let there = |((name, value), there): ((String, Text), bool)| (name, there.then_some(value));
        headers.into_iter().map(there).collect()
    });
    let target = text(false).prop_filter("a path is something", |text| !text.0.is_empty());
    let ask =
        (select(vec!["GET", "POST"]), target, headers).prop_map(|(method, target, headers)| {
            Ask::Usual { method: method.to_owned(), target, headers }
        });
    let actions = vec![
        ConnectionAction::Cut,
        ConnectionAction::Reset,
        ConnectionAction::HalfClose,
        ConnectionAction::Mute,
        ConnectionAction::StopReading,
        ConnectionAction::Resume,
        ConnectionAction::Dribble(0),
        ConnectionAction::Dribble(7),
    ];
    prop_oneof![
        ask.prop_map(Action::Ask),
        payload(false).prop_map(|bytes| Action::Ask(Ask::Raw(bytes))),
        (frame(false), modifiers()).prop_map(|(frame, with)| Action::Send(frame, with)),
        (part(), modifiers()).prop_map(|(part, with)| Action::SendPart(part, with)),
        payload(false).prop_map(Action::SendRaw),
        select(actions).prop_map(Action::Connection),
        select(vec![
            "close 4000 \"bye\"",
            "delay pong 5s from client on /ws after 2",
            "forge 81 00 from server"
        ])
        .prop_map(|rule| Action::Fault(Box::new(rule.parse().expect("a rule")))),
        Just(Action::FaultsOff),
    ]
    .boxed()
}

fn expect() -> BoxedStrategy<Expectation> {
    let faults = subsequence(ResponsePart::ALL.to_vec(), 0..=ResponsePart::ALL.len());
    let answer = (vec(100..1000u16, 1..3), faults, vec(header(true), 0..3), payload(true));
    let answer = answer.prop_map(|(statuses, faults, headers, body)| {
        Observation::Answer(ResponsePattern { statuses, faults, headers, body })
    });
    let mut ends = vec![End::Eof, End::Reset, End::Any, End::Refused];
    ends.extend(FAILURES.map(|(_, kind)| End::Failed(kind)));
    let seen = prop_oneof![
        (answer, modifiers()),
        (payload(true).prop_map(Observation::Stray), modifiers()),
        (frame(true).prop_map(Observation::Frame), modifiers()),
        (part().prop_map(Observation::Torn), modifiers()),
        (Just(Observation::NotConnected), modifiers()),
        (any::<u64>().prop_map(Observation::Missed), modifiers()),
        (text(true).prop_map(Observation::Panicked), modifiers()),
        (select(ends).prop_map(Observation::End), modifiers()),
        (time().prop_map(Observation::Nothing), Just(Modifiers::default())),
    ];
    (any::<bool>(), any::<bool>(), seen)
        .prop_map(|(any_order, optional, (what, modifiers))| Expectation {
            any_order,
            optional,
            what,
            modifiers,
        })
        .boxed()
}

fn line() -> impl Strategy<Value = ScenarioLine> {
    let lane = || {
        prop_oneof![
            4 => "[a-zа-я][a-z0-9]{0,6}".prop_map(String::from),
            1 => "[a-z]{1,3} {1,2}[a-z]{1,3}( >> [a-z])?".prop_map(String::from),
            1 => plain(),
        ]
    };
    let item = prop_oneof![
        1 => line_of_text().prop_map(Item::Comment),
        1 => time().prop_map(Item::Wait),
        4 => (lane(), action()).prop_map(|(lane, action)| Item::Action(lane, action)),
        4 => (lane(), expect()).prop_map(|(lane, expect)| Item::Expectation(lane, expect)),
    ];
    item.prop_map(|item| ScenarioLine { place: LineNumber(0), item })
}

fn note() -> impl Strategy<Value = Note> {
    prop_oneof![
        (select(vec!["en", "ru"]), plain())
            .prop_map(|(lang, text)| Note::Hint(lang.to_owned(), text)),
        plain().prop_map(|kind| Note::Ignore(vec![format!("type=_{kind}"), "ping".to_owned()])),
        (plain(), plain()).prop_map(|(name, value)| Note::Env(name, value)),
        (time(), option::of(any::<i32>())).prop_map(|(time, code)| Note::Exits(time, code)),
        time().prop_map(Note::Timeout),
        select(vec![Note::Must, Note::Open, Note::FenceOff, Note::SignalTerm]),
    ]
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let notes = || {
        vec(note(), 0..3).prop_map(|mut notes| {
            let mut has_time = false;
            notes.retain(|note| {
                !matches!(note, Note::Timeout(_)) || !std::mem::replace(&mut has_time, true)
            });
            notes
        })
    };
    let step = (line_of_text(), notes(), vec(line(), 0..5));
    (notes(), vec(step, 0..4)).prop_map(|(notes, steps)| {
        let steps = steps.into_iter().map(|(title, notes, lines)| {
            let title = if title.is_empty() { "untitled".to_owned() } else { title };
            Step { place: LineNumber(0), title, notes, lines }
        });
        Scenario { notes, steps: steps.collect() }
    })
}

#[test]
fn every_check_is_printed_as_it_was() {
    for text in texts(CHECKS) {
        is_parsed_or_refused(&text);
    }
}

chance! {
    fn any_scenario_is_printed_and_parsed_again(scenario in scenario()) {
        is_printed(&scenario);
    }

    fn any_text_is_parsed_or_refused(
        text in prop_oneof![spoiled_text(CORPUS), spoiled_text(CHECKS)],
    ) {
        is_parsed_or_refused(&text);
    }

    fn any_printed_text_is_parsed_or_refused_after_an_insertion(
        scenario in scenario(), at in any::<Index>(), junk in plain(),
    ) {
        let mut text = scenario.to_string();
        let starts: Vec<_> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        text.insert_str(*at.get(&starts), &junk);
        is_parsed_or_refused(&text);
    }
}

#[test]
fn a_number_keeps_its_last_digit() {
    let line = r#"bob << json {"n":21464.129494283014}"#;
    let scenario: Scenario = format!("== one\n{line}\n").parse().expect("it is one");
    assert!(scenario.to_string().contains("21464.129494283014"), "{scenario}");
}
