//! Names for ids that differ from recording to recording, and are the same wherever they stand in one.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::names::Names;
use super::by_lane;
use crate::wst::{Expectation, Item, Json, Observation, Part, Payload, Scenario, Text};

/// The fewest characters, and the fewest letters, of a value that is taken for an id.
const ID_LENGTH: usize = 8;
const ID_LETTERS: usize = 3;

/// `merged` with a name in place of each `<*>` that stood for the same id as another in every recording.
///
/// Only values with letters count. Two times may be the same in all recordings by chance.
pub(super) fn named(mut merged: Scenario, recordings: &[Scenario]) -> Scenario {
    let mut values: Vec<Vec<Option<String>>> = Vec::new();
    for recording in recordings {
        let mut hole = 0;
        visit(&mut merged, Some(recording), &mut |_, value| {
            if values.len() == hole {
                values.push(Vec::new());
            }
            values[hole].push(value.filter(|value| is_id(value)));
            hole += 1;
            None
        });
    }
    let mut counts: BTreeMap<&[Option<String>], usize> = BTreeMap::new();
    for vector in values.iter().filter(|vector| differ(vector)) {
        *counts.entry(vector).or_default() += 1;
    }
    let mut taken = names_in(&merged);
    let mut names: BTreeMap<&[Option<String>], String> = BTreeMap::new();
    let mut hole = 0;
    visit(&mut merged, None, &mut |lane, _| {
        let vector = &values.get(hole)?[..];
        hole += 1;
        if *counts.get(vector)? < 2 {
            return None;
        }
        let new = names.entry(vector).or_insert_with(|| free(lane, &mut taken));
        Some(new.clone())
    });
    merged
}

/// Whether all values are ids, and no two are the same.
fn differ(values: &[Option<String>]) -> bool {
    let different: BTreeSet<_> = values.iter().flatten().collect();
    values.len() > 1 && different.len() == values.len()
}

fn is_id(value: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    value.len() >= ID_LENGTH
        && value.chars().all(is_word)
        && value.chars().filter(char::is_ascii_alphabetic).count() >= ID_LETTERS
}

/// The next name for `lane` that is not taken: `bob`, `bob2`.
fn free(lane: &str, taken: &mut BTreeSet<String>) -> String {
    let lane = crate::wst::placeholder_name(lane);
    let mut name = lane.clone();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{lane}{number}");
        number += 1;
    }
    name
}

/// Every name that stands in the scenario already.
fn names_in(scenario: &Scenario) -> BTreeSet<String> {
    let text = scenario.to_string();
    let names = text.split('<').filter_map(|behind| behind.split_once('>'));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// The name that a hole gets, from its lane and its value.
type Each<'e> = dyn FnMut(&str, Option<String>) -> Option<String> + 'e;

/// Calls `each` for every `<*>` of `merged`, in the same order each time, with its value in `recording`.
fn visit(merged: &mut Scenario, recording: Option<&Scenario>, each: &mut Each<'_>) {
    for (at, step) in merged.steps.iter_mut().enumerate() {
        let lanes = recording.and_then(|recording| recording.steps.get(at)).map(by_lane);
        let mut done: BTreeMap<String, usize> = BTreeMap::new();
        for line in &mut step.lines {
            let Some(lane) = line.item.lane().map(str::to_owned) else { continue };
            let nth = done.entry(lane.clone()).or_default();
            let was = lanes.as_ref().and_then(|lanes| lanes.get(&lane)?.get(*nth));
            *nth += 1;
            if let Item::Expectation(_, Expectation { what: Observation::Frame(frame), .. }) =
                &mut line.item
            {
                let was = match was {
                    Some(Item::Expectation(
                        _,
                        Expectation { what: Observation::Frame(was), .. },
                    )) => Some(&was.payload),
                    _ => None,
                };
                payload(&mut frame.payload, was, &mut |value| each(&lane, value));
            }
        }
    }
}

/// The name that a hole gets, from its value.
type Hole<'h> = dyn FnMut(Option<String>) -> Option<String> + 'h;

fn payload(merged: &mut Payload, was: Option<&Payload>, each: &mut Hole<'_>) {
    match (merged, was) {
        (Payload::Text(merged, 1), Some(Payload::Text(was, 1))) => text(merged, Some(was), each),
        (Payload::Text(merged, 1), _) => text(merged, None, each),
        (Payload::Json(merged), Some(Payload::Json(was))) => json(merged, Some(was), each),
        (Payload::Json(merged), _) => json(merged, None, each),
        _ => {}
    }
}

fn text(merged: &mut Text, was: Option<&Text>, each: &mut Hole<'_>) {
    let values = was.and_then(|was| captured(merged, was)).unwrap_or_default();
    let mut values = values.into_iter();
    for part in merged.0.iter_mut().filter(|part| **part == Part::Any) {
        if let Some(name) = each(values.next().flatten()) {
            *part = Part::Name(name);
        }
    }
}

/// The value of each `<*>` of `pattern` in `text`.
fn captured(pattern: &Text, text: &Text) -> Option<Vec<Option<String>>> {
    let [Part::Plain(text)] = &text.0[..] else { return None };
    let mut open = pattern.clone();
    let mut count = 0;
    for part in open.0.iter_mut().filter(|part| **part == Part::Any) {
        // No name in a scenario has a blank.
        *part = Part::Name(format!("hole {count}"));
        count += 1;
    }
    let mut names = Names::default();
    open.matches(text, &mut names)
        .then(|| (0..count).map(|hole| names.text(&format!("hole {hole}"))).collect())
}

fn json(merged: &mut Json, was: Option<&Json>, each: &mut Hole<'_>) {
    match merged {
        Json::Any => {
            let value = match was {
                Some(Json::Text(Text(parts))) => match &parts[..] {
                    [Part::Plain(text)] => Some(text.clone()),
                    _ => None,
                },
                _ => None,
            };
            if let Some(name) = each(value) {
                *merged = Json::Name(name);
            }
        }
        Json::Text(merged) => {
            let was = match was {
                Some(Json::Text(was)) => Some(was),
                _ => None,
            };
            text(merged, was, each);
        }
        Json::Array(items, _) => {
            for (at, item) in items.iter_mut().enumerate() {
                let was = match was {
                    Some(Json::Array(was, _)) => was.get(at),
                    _ => None,
                };
                json(item, was, each);
            }
        }
        Json::Object(fields, _) => {
            for (name, value) in fields {
                let was = match was {
                    Some(Json::Object(was, _)) => {
                        was.iter().find(|(other, _)| other == name).map(|(_, value)| value)
                    }
                    _ => None,
                };
                json(value, was, each);
            }
        }
        _ => {}
    }
}
