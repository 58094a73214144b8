//! Takes over a recorded step, and keeps the lines that somebody loosened by hand.

use super::loosen::covers;
use crate::frame::Opcode;
use crate::wst::{
    Action, End, Expectation, FramePattern, Item, Json, Kind, Observation, Payload,
    ResponsePattern, ScenarioLine, Text,
};

/// The recorded lines `new`; in the place of each stands the line of `old` that it fits, if there is one.
///
/// Lines of `old` that may be missing stay, and so do remarks. Both have the same actions.
pub(super) fn kept(old: &[ScenarioLine], new: &[ScenarioLine]) -> Vec<ScenarioLine> {
    let mut left: Vec<Option<&ScenarioLine>> = old.iter().map(Some).collect();
    let mut out = Vec::new();
    for line in new {
        let place = match &line.item {
            Item::Expectation(..) => find_fitting(&left, &line.item),
            item => left.iter().position(|old| old.is_some_and(|old| old.item == *item)),
        };
        let Some(place) = place else {
            // A remark that is in both stays where it was.
            out.push(line.clone());
            continue;
        };
        for before in &mut left[..place] {
            if let Some(line) = before.take_if(|line| stays(&line.item)) {
                out.push(line.clone());
            }
        }
        out.extend(left[place].take().cloned());
    }
    let rest = left.into_iter().flatten().filter(|line| stays(&line.item));
    out.extend(rest.cloned());
    out
}

/// The place of the first line that `seen` fits, before the next action.
fn find_fitting(old: &[Option<&ScenarioLine>], seen: &Item) -> Option<usize> {
    let is_act = |line: &ScenarioLine| match &line.item {
        Item::Wait(_) => true,
        Item::Action(_, action) => !is_answer(action),
        Item::Comment(_) | Item::Expectation(..) => false,
    };
    let end = old.iter().position(|line| line.is_some_and(is_act)).unwrap_or(old.len());
    old[..end].iter().position(|line| line.is_some_and(|line| fits(&line.item, seen)))
}

/// Whether a client sends it by itself.
fn is_answer(action: &Action) -> bool {
    let answers = [Kind::Frame(Opcode::Pong), Kind::Frame(Opcode::Close)];
    matches!(action, Action::Send(frame, _) if answers.contains(&frame.kind))
}

/// Whether a line stays, although nothing recorded fits it.
fn stays(item: &Item) -> bool {
    match item {
        Item::Comment(_) => true,
        Item::Expectation(_, expect) => {
            expect.optional || matches!(expect.what, Observation::Nothing(_))
        }
        Item::Wait(_) | Item::Action(..) => false,
    }
}

/// Whether the recorded line is what `old` expects.
fn fits(old: &Item, seen: &Item) -> bool {
    let (Item::Expectation(lane, old), Item::Expectation(same, seen)) = (old, seen) else {
        return false;
    };
    lane == same && expects(old, seen)
}

fn expects(old: &Expectation, seen: &Expectation) -> bool {
    match (&old.what, &seen.what) {
        (old, seen) if old == seen => true,
        (Observation::Answer(old), Observation::Answer(seen)) => answers(old, seen),
        (Observation::Stray(old), Observation::Stray(seen)) => carries(old, seen),
        (Observation::Frame(old), Observation::Frame(seen)) => frames(old, seen),
        (Observation::End(End::Any), Observation::End(end)) => *end != End::Refused,
        _ => false,
    }
}

fn answers(old: &ResponsePattern, seen: &ResponsePattern) -> bool {
    let has = |(name, wanted): &(String, Text)| {
        let found = seen.headers.iter().find(|(other, _)| other == name);
        // Which headers a recording does not show is not known.
        found.is_none_or(|(_, found)| covers(wanted, found))
    };
    seen.statuses.iter().all(|status| old.statuses.contains(status))
        && old.faults == seen.faults
        && old.headers.iter().all(has)
        && (old.body == Payload::Unsaid || carries(&old.body, &seen.body))
}

fn frames(old: &FramePattern, seen: &FramePattern) -> bool {
    let is_text =
        |frame: &FramePattern| matches!(frame.kind, Kind::Json | Kind::Frame(Opcode::Text));
    let is_kind =
        old.kind == seen.kind || is_text(old) && is_text(seen) && old.payload == Payload::Any;
    is_kind
        && (old.rsv, old.fin, old.wrong_mask) == (seen.rsv, seen.fin, seen.wrong_mask)
        && carries(&old.payload, &seen.payload)
}

fn carries(old: &Payload, seen: &Payload) -> bool {
    match (old, seen) {
        (old, seen) if old == seen => true,
        (Payload::Any, _) => true,
        (Payload::Text(old, 1), Payload::Text(seen, 1)) => covers(old, seen),
        (Payload::OpenBytes(old), Payload::Bytes(seen, 1)) => {
            let mut bytes = Text::default();
            bytes.extend_bytes(seen);
            covers(old, &bytes)
        }
        (Payload::Json(old), Payload::Json(seen)) => values(old, seen),
        (Payload::Close(codes, old), Payload::Close(others, seen)) => {
            others.iter().all(|code| codes.contains(code))
                && match (old, seen) {
                    (None, _) => true,
                    (Some(old), Some(seen)) => covers(old, seen),
                    (Some(_), None) => false,
                }
        }
        _ => false,
    }
}

fn values(old: &Json, seen: &Json) -> bool {
    match (old, seen) {
        (Json::Any | Json::Name(_), _) => true,
        (Json::Text(old), Json::Text(seen)) => covers(old, seen),
        (Json::Array(old, more), Json::Array(seen, _)) => {
            (old.len() == seen.len() || *more && old.len() < seen.len())
                && old.iter().zip(seen).all(|(old, seen)| values(old, seen))
        }
        (Json::Object(old, more), Json::Object(seen, _)) => {
            let find = |name: &String| seen.iter().find(|(other, _)| other == name);
            (*more || old.len() == seen.len())
                && old
                    .iter()
                    .all(|(name, old)| find(name).is_some_and(|(_, seen)| values(old, seen)))
        }
        (old, seen) => old == seen,
    }
}
