//! The cost of reading and comparing grows with the size of the input: counted, without a clock.

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::inbox::{Arrival, Arrived, Inbox};
use super::json::Path;
use super::matching::matches;
use super::mismatch::Mismatch;
use super::names::CAPTURED_LIMIT;
use super::settings::StepSettings;
use super::{Item, Json, Names, Observation, Scenario, Text};
use crate::client::Asked;
use crate::frame::{Frame, Opcode};
use crate::tap::{Direction, Seen, TapEvent};
use crate::transcript::{Lane, Pipe, Transcript};
use crate::wst::steps;

/// The number of items in the smaller input; the larger one has twice as many.
const SMALL: usize = 2_000;

/// Checks that twice the input takes at most 2.3 times the steps.
///
/// A search in a sorted set counts its logarithm, so twice the items take a little more than twice the steps.
fn grows_with_size(what: &str, cost: impl Fn(usize) -> u64) {
    let once = cost(SMALL);
    let twice = cost(2 * SMALL);
    assert!(once > 0, "{what}: nothing was counted");
    assert!(twice * 10 <= once * 23, "{what}: {once} steps for {SMALL}, {twice} for twice that");
}

fn reading(text: &str) -> u64 {
    steps::of(|| drop(text.parse::<Scenario>()))
}

/// `{"f0":0,"f1":1,...}` with `n` fields, each of `value`.
fn object(n: usize, value: &str) -> String {
    let mut out = String::from("{");
    for at in 0..n {
        let _ = write!(out, "{}\"f{at}\":{value}", if at == 0 { "" } else { "," });
    }
    out + "}"
}

fn payload(line: &str) -> Json {
    let scenario: Scenario = format!("a << json {line}").parse().unwrap();
    let Item::Expectation(_, expect) = &scenario.steps[0].lines[0].item else {
        panic!("no expectation")
    };
    let Observation::Frame(shape) = &expect.what else { panic!("no frame") };
    let super::Payload::Json(json) = &shape.payload else { panic!("no JSON") };
    json.clone()
}

#[test]
fn fields_are_compared_with_a_set_of_those_before() {
    grows_with_size("fields", |n| reading(&format!("a << json {}", object(n, "1"))));
}

#[test]
fn an_escape_does_not_count_the_column() {
    grows_with_size("escapes", |n| {
        // One character to examine for each placeholder, so that the count is not zero.
        reading(&format!("a << text \"{}\"", "<\\n\\u0041".repeat(n)))
    });
}

#[test]
fn a_character_is_looked_at_for_one_placeholder_only() {
    grows_with_size("open brackets", |n| reading(&format!("a << text \"{}\"", "<a".repeat(n))));
    grows_with_size("brackets, one closed", |n| {
        reading(&format!("a << text \"{}>\"", "<a ".repeat(n)))
    });
    grows_with_size("brackets printed", |n| {
        let text = Text::plain(&"<a ".repeat(n));
        steps::of(|| drop(text.to_string()))
    });
}

#[test]
fn a_comparison_does_not_copy_the_names() {
    grows_with_size("names in one message", |n| {
        let mut pattern = String::from("[");
        for at in 0..n {
            let _ = write!(pattern, "{}\"<n{at}>!\"", if at == 0 { "" } else { "," });
        }
        let pattern = payload(&(pattern + "]"));
        let mut names = Names::default();
        let value = serde_json::json!(vec!["x!"; n]);
        steps::of(|| pattern.matches(&value, &Path::Root, &mut names).unwrap())
    });
}

#[test]
fn a_failed_comparison_takes_back_what_it_captured_and_no_more() {
    let mut names = Names::default();
    assert!(payload("\"<a>\"").matches(&"kept".into(), &Path::Root, &mut names).is_ok());
    let before = names.clone();
    let pattern = Text(vec![super::Part::Name("b".into()), super::Part::Plain("!".into())]);
    assert!(!pattern.matches("no end", &mut names));
    assert_eq!(names, before);
    assert!(pattern.matches("an end!", &mut names));
    assert_eq!(names.text("b").as_deref(), Some("an end"));
    assert_eq!(names.text("a").as_deref(), Some("kept"));
}

#[test]
fn captured_values_have_a_limit() {
    let mut names = Names::default();
    let mut capture = |name: &str, bytes: usize| {
        let text: Scenario = format!("a << text \"<{name}>\"").parse().unwrap();
        let Item::Expectation(_, expect) = &text.steps[0].lines[0].item else { panic!() };
        let frame = Frame::text("x".repeat(bytes));
        let arrival = Arrival { at: Instant::now(), what: Arrived::Frame(frame), seen: Vec::new() };
        matches(&expect.what, &arrival, &mut names)
    };
    for n in 0..63 {
        assert_eq!(capture(&format!("n{n}"), 1 << 20), Ok(()));
    }
    assert_eq!(capture("last", 1 << 20), Err(Mismatch::Captured(CAPTURED_LIMIT)));
    assert_eq!(capture("small", 1 << 10), Ok(()), "what did not fit was given back");
}

#[test]
fn fields_that_came_are_looked_up() {
    grows_with_size("fields compared", |n| {
        let wanted = object(n, "1");
        let value = serde_json::from_str(&object(n, "1")).unwrap();
        let wanted = payload(&wanted);
        steps::of(|| wanted.matches(&value, &Path::Root, &mut Names::default()).unwrap())
    });
}

#[test]
fn a_path_is_written_only_for_a_difference() {
    // A long name with many values below it: a path for each would take the square of the line.
    grows_with_size("paths", |n| {
        let text = format!("{{\"{}\":[{}1]}}", "k".repeat(n), "1,".repeat(n));
        let wanted = payload(&text);
        let value = serde_json::from_str(&text).unwrap();
        steps::of(|| wanted.matches(&value, &Path::Root, &mut Names::default()).unwrap())
    });
}

#[test]
fn a_step_does_not_read_the_notes_of_the_file_again() {
    let words = "type=a ".repeat(200);
    let text = |n: usize| format!("@ignore {words}\n{}", "== a step\na -- cut\n".repeat(n));
    let played = |n: usize| {
        let scenario: Scenario = text(n).parse().unwrap();
        steps::of(|| {
            let file = StepSettings::of_file(&scenario);
            for step in &scenario.steps {
                assert_eq!(file.for_step(step).ignored().count(), 200);
            }
        })
    };
    // The notes are read once, whatever the number of steps.
    assert_eq!(played(10), played(1000));
}

#[test]
fn a_remark_is_looked_at_once() {
    grows_with_size("remarks", |n| {
        let scenario: Scenario = "# nothing\n".repeat(n).parse().unwrap();
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let idle = |_: Pipe| async {};
        steps::of(|| {
            runtime.block_on(async {
                let played = scenario.play(Transcript::new(idle)).await;
                assert!(played.difference.is_none());
            });
        })
    });
}

#[test]
fn what_would_be_compared_with_each_other_has_a_limit() {
    let refused = |text: &str| text.parse::<Scenario>().unwrap_err().to_string();
    let mut clients = String::new();
    for n in 0..1001 {
        let _ = writeln!(clients, "c{n} -- cut");
    }
    assert!(refused(&clients).contains("line 1001, column 1: expected at most 1000 clients"));
    let marked = |step: &str| "a << ~ ping\n".repeat(256) + step + &"a << ? ping\n".repeat(256);
    assert!(refused(&marked("")).contains("at most 256 lines in a row marked ~ or ?"));
    for parted in ["== next\n", "a << pong\n"] {
        assert!(marked(parted).parse::<Scenario>().is_ok(), "{parted}");
    }
    let notes = "@ignore ping\n".repeat(129) + "a -- cut";
    assert!(refused(&notes).contains("at most 256 words in the notes of a step"));
    let headers = " h=1".repeat(101);
    assert!(refused(&format!("a -> GET /{headers}")).contains("at most 100 headers"));
    assert!(refused(&format!("a <- 101{headers}")).contains("at most 100 headers"));
    let name = "n".repeat(65);
    assert!(refused(&format!("{name} -- cut")).contains("at most 64 characters"));
}

fn arrival(event: TapEvent) -> Seen {
    Seen { at: Instant::now(), direction: Direction::In, event }
}

/// The steps that an inbox takes to receive these events, with the fragments of messages joined.
fn hearing(events: impl Iterator<Item = TapEvent>) -> u64 {
    let mut inbox = Inbox::default();
    let asked = Asked::of(b"");
    steps::of(|| events.for_each(|event| inbox.hear(arrival(event), true, &asked)))
}

#[test]
fn a_fragment_costs_its_own_bytes() {
    grows_with_size("fragments", |n| {
        let mut begun = Frame::text("x");
        begun.header.fin = false;
        let mut next = Frame::new(Opcode::Continuation, "x");
        next.header.fin = false;
        let next = std::iter::repeat_n(TapEvent::Frame(next), n);
        hearing(std::iter::once(TapEvent::Frame(begun)).chain(next))
    });
}

#[test]
fn a_piece_of_a_body_costs_its_own_bytes() {
    for (header, piece) in
        [("Content-Length: 99999", "x"), ("Transfer-Encoding: chunked", "1\r\nx\r\n")]
    {
        grows_with_size(header, |n| {
            let head = Bytes::from(format!("HTTP/1.1 404 Not Found\r\n{header}\r\n\r\n"));
            let pieces = std::iter::repeat_n(TapEvent::Body(Bytes::from(piece)), n);
            hearing(std::iter::once(TapEvent::Head(head)).chain(pieces))
        });
    }
}

#[test]
fn an_event_is_taken_in_once() {
    grows_with_size("events", |n| {
        let (sender, reports) = mpsc::channel(1);
        let mut lane = Lane::new("a", Bytes::new(), mpsc::channel(1).0, reports, Arc::default());
        let mut inbox = Inbox::default();
        steps::of(|| {
            for _ in 0..n {
                sender.try_send(arrival(TapEvent::Frame(Frame::ping("")))).unwrap();
                lane.catch_up();
                inbox.take_in(&lane, true, |_| false);
            }
            assert_eq!(inbox.items.len(), n);
        })
    });
}
