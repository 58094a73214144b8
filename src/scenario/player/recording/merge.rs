//! Makes one recording of two: what differs in values is loosened, and another order is an error.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::loosen::{likeness, loosened};
use super::not_deterministic::Variance;
use crate::wst::{Item, Scenario, Step};

/// The most lines of a step whose order is looked into.
const ORDER_LIMIT: usize = 64;

/// A line in which recordings differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loosened {
    /// The line as the recording has it.
    pub line: String,
    /// The line as it came the first time.
    pub first: String,
}

/// The lines that are not as they came first.
pub(super) fn differing(first: &Scenario, merged: &Scenario) -> Vec<Loosened> {
    let lines = |scenario: &Scenario| -> Vec<Item> {
        let lines = scenario.steps.iter().flat_map(|step| &step.lines);
        lines.map(|line| line.item.clone()).collect()
    };
    let pairs = lines(first).into_iter().zip(lines(merged));
    let differing = pairs.filter(|(first, merged)| first != merged);
    let told =
        |(first, merged): (Item, Item)| Loosened { line: merged.to_line(), first: first.to_line() };
    differing.map(told).collect()
}

/// `merged` with everything loosened in which `other` differs; the error is about events that `other`
/// does not have, or has in another order.
///
/// Lanes have no order between them, so each is looked at for itself.
pub(super) fn merge(
    run: usize,
    first: &Scenario,
    merged: &Scenario,
    other: &Scenario,
) -> Result<Scenario, Variance> {
    let mut out = merged.clone();
    let steps = first.steps.iter().zip(&other.steps).zip(&mut out.steps);
    for ((was, is), step) in steps {
        let (mut firsts, mut others) = (by_lane(was), by_lane(is));
        let names: BTreeSet<_> = firsts.keys().chain(others.keys()).cloned().collect();
        for name in names {
            let (first, other) = (
                firsts.remove(&name).unwrap_or_default(),
                others.remove(&name).unwrap_or_default(),
            );
            if first == other {
                continue;
            }
            let lane = step.lines.iter_mut().filter(|line| line.item.lane() == Some(&name));
            let merged: Vec<_> = lane.collect();
            let is_other_order = first.len() != other.len() || are_swapped(&first, &other);
            let fits = !is_other_order
                && merged.into_iter().zip(&other).all(|(line, other)| {
                    let both = loosened(&line.item, other);
                    both.map(|both| line.item = both).is_some()
                });
            if !fits {
                let lines = |items: &[Item]| items.iter().map(Item::to_line).collect();
                let (first, other) = (lines(&first), lines(&other));
                return Err(Variance { run, step: was.title.clone(), first, other });
            }
        }
    }
    Ok(out)
}

/// Whether two lines of one are more like each other's counterparts than like their own.
fn are_swapped(first: &[Item], other: &[Item]) -> bool {
    let differ = (0..first.len()).filter(|&at| first[at] != other[at]);
    let differ: Vec<_> = differ.take(ORDER_LIMIT).collect();
    let like = |one: usize, two: usize| likeness(&first[one], &other[two]);
    differ.iter().enumerate().any(|(n, &one)| {
        differ[n + 1..].iter().any(|&two| {
            let (Some(crossed), Some(back)) = (like(one, two), like(two, one)) else {
                return false;
            };
            match (like(one, one), like(two, two)) {
                (Some(straight), Some(too)) => crossed + back > straight + too,
                _ => true,
            }
        })
    })
}

/// The lines of each client in a step.
pub(super) fn by_lane(step: &Step) -> BTreeMap<String, Vec<Item>> {
    let mut lanes = BTreeMap::<_, Vec<_>>::new();
    for line in &step.lines {
        if let Some(name) = line.item.lane() {
            lanes.entry(name.to_owned()).or_default().push(line.item.clone());
        }
    }
    lanes
}
