//! Makes one line of two that differ only in values: what differs becomes `<*>`, `...` or `end`.

mod text;

use crate::wst::{
    End, Expectation, FramePattern, Item, Json, Kind, Modifiers, Observation, Part, Payload,
    ResponsePattern, Text,
};
pub(super) use text::covers;
use text::{bytes, text};

/// The most bytes of a payload of which the differing ones are looked for.
const BYTES_WRITTEN: usize = 16 * 1024;

/// The line that both are like; `None` if they are different events.
///
/// Values of any shape may differ: numbers, dates, tokens, arrays, a part of a text. Where a value in one
/// is `<*>` already, it stays so.
pub(super) fn loosened(one: &Item, other: &Item) -> Option<Item> {
    match (one, other) {
        _ if one == other => Some(one.clone()),
        (Item::Expectation(lane, one), Item::Expectation(same, other)) if lane == same => {
            Some(Item::Expectation(lane.clone(), expectation(one, other)?))
        }
        _ => None,
    }
}

/// How much two lines have in common: the characters that stay when what differs is loosened; `None` if
/// they are different events.
pub(super) fn likeness(one: &Item, other: &Item) -> Option<usize> {
    let line = loosened(one, other)?.to_line();
    let holes = [("<*>", 3), ("...", 3)];
    let open: usize = holes.iter().map(|(hole, size)| line.matches(hole).count() * size).sum();
    Some(line.len() - open)
}

fn expectation(one: &Expectation, other: &Expectation) -> Option<Expectation> {
    Some(Expectation {
        any_order: one.any_order || other.any_order,
        optional: one.optional || other.optional,
        what: observation(&one.what, &other.what)?,
        modifiers: Modifiers {
            timing: one.modifiers.timing.filter(|_| one.modifiers.timing == other.modifiers.timing),
            wire: one.modifiers.wire.clone().filter(|_| one.modifiers.wire == other.modifiers.wire),
        },
    })
}

fn observation(one: &Observation, other: &Observation) -> Option<Observation> {
    Some(match (one, other) {
        _ if one == other => one.clone(),
        (Observation::Answer(one), Observation::Answer(other)) => {
            Observation::Answer(answer(one, other)?)
        }
        (Observation::Stray(one), Observation::Stray(other)) => {
            Observation::Stray(payload(one, other))
        }
        (Observation::Frame(one), Observation::Frame(other)) => {
            Observation::Frame(frame(one, other)?)
        }
        // Which of the two depends on who was quicker.
        (Observation::End(one), Observation::End(other)) if is_end(*one) && is_end(*other) => {
            Observation::End(End::Any)
        }
        _ => return None,
    })
}

fn is_end(end: End) -> bool {
    matches!(end, End::Eof | End::Reset | End::Any)
}

/// Answers with one status. Another status is another event.
fn answer(one: &ResponsePattern, other: &ResponsePattern) -> Option<ResponsePattern> {
    let names = |answer: &ResponsePattern| -> Vec<String> {
        answer.headers.iter().map(|(name, _)| name.clone()).collect()
    };
    let is_same =
        one.statuses == other.statuses && one.faults == other.faults && names(one) == names(other);
    let pairs = one.headers.iter().zip(&other.headers);
    let headers = pairs.map(|((name, one), (_, other))| (name.clone(), text(one, other)));
    is_same.then(|| ResponsePattern {
        statuses: one.statuses.clone(),
        faults: one.faults.clone(),
        headers: headers.collect(),
        body: payload(&one.body, &other.body),
    })
}

/// Frames of one opcode with the same bits.
fn frame(one: &FramePattern, other: &FramePattern) -> Option<FramePattern> {
    let bits = |frame: &FramePattern| (frame.rsv, frame.fin, frame.wrong_mask, frame.fragments);
    if opcode(one.kind) != opcode(other.kind) || bits(one) != bits(other) {
        return None;
    }
    let mut merged = one.clone();
    if one.kind == other.kind {
        merged.payload = payload(&one.payload, &other.payload);
    } else {
        // JSON in one, and a text that is none in the other.
        merged.kind = opcode(one.kind);
        merged.payload = Payload::Any;
    }
    merged.header = one.header.filter(|_| one.header == other.header);
    merged.len = one.len.filter(|_| one.len == other.len);
    Some(merged)
}

fn opcode(kind: Kind) -> Kind {
    match kind {
        Kind::Json => Kind::Frame(crate::frame::Opcode::Text),
        kind @ Kind::Frame(_) => kind,
    }
}

fn payload(one: &Payload, other: &Payload) -> Payload {
    match (one, other) {
        _ if one == other => one.clone(),
        (Payload::Text(one, 1), Payload::Text(other, 1)) => Payload::Text(text(one, other), 1),
        (Payload::Bytes(..) | Payload::OpenBytes(_), Payload::Bytes(..)) => {
            match (written(one), written(other)) {
                (Some(one), Some(other)) => Payload::OpenBytes(bytes(&one, &other)),
                _ => Payload::Any,
            }
        }
        (Payload::Json(one), Payload::Json(other)) => Payload::Json(json(one, other)),
        (Payload::Close(codes, one), Payload::Close(others, other)) => {
            let mut codes = codes.clone();
            codes.extend(others);
            codes.sort_unstable();
            codes.dedup();
            let reason = match (one, other) {
                (Some(one), Some(other)) => Some(text(one, other)),
                _ => None,
            };
            Payload::Close(codes, reason)
        }
        _ => Payload::Any,
    }
}

/// The bytes of a payload, each as the character of its number; `None` if they are too many to write.
fn written(payload: &Payload) -> Option<Text> {
    let mut text = Text::default();
    match payload {
        Payload::OpenBytes(text) => return Some(text.clone()),
        Payload::Bytes(bytes, times) if bytes.len().saturating_mul(*times) <= BYTES_WRITTEN => {
            text.extend_bytes(&bytes.repeat(*times));
        }
        _ => return None,
    }
    Some(text)
}

fn json(one: &Json, other: &Json) -> Json {
    match (one, other) {
        _ if one == other => one.clone(),
        (Json::Text(one), Json::Text(other)) => match text(one, other) {
            Text(parts) if parts == [Part::Any] => Json::Any,
            merged => Json::Text(merged),
        },
        (Json::Array(one, is_open), Json::Array(other, is_other_open))
            if one.len() == other.len() =>
        {
            let items = one.iter().zip(other).map(|(one, other)| json(one, other));
            Json::Array(items.collect(), *is_open || *is_other_open)
        }
        (Json::Object(one, is_open), Json::Object(other, is_other_open)) => {
            let find = |name: &String| {
                other.iter().find(|(other, _)| other == name).map(|(_, value)| value)
            };
            let both = one.iter().filter_map(|(name, value)| {
                find(name).map(|other| (name.clone(), json(value, other)))
            });
            let both: Vec<_> = both.collect();
            let is_more = both.len() < one.len().max(other.len());
            Json::Object(both, *is_open || *is_other_open || is_more)
        }
        _ => Json::Any,
    }
}
