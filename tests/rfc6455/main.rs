//! RFC 6455, rule by rule, against three of our programs over real sockets.
//!
//! Each case is named after its section. `docs/rfc6455.md` is their list,
//! written by `just sync`. What every value of a field must come to is tried by
//! the slow half: a minute of it on CI, all of it by `just conformance`.

mod case;
mod closing;
mod control;
mod document;
mod every_value;
mod fragments;
mod framing;
mod handshake;
mod player;
#[path = "../program/mod.rs"]
mod program;
mod target;
mod utf8;

use std::collections::BTreeSet;

use anyhow::Error;
use futures::{StreamExt, stream};

use case::{Case, Step};
use player::play;
use target::Target;

/// How many cases are played at once against one target.
const AT_ONCE: usize = 32;

fn cases() -> Vec<Case> {
    [
        handshake::cases(),
        framing::cases(),
        fragments::cases(),
        control::cases(),
        closing::cases(),
        utf8::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Plays each case of `target` as `script` has it: the cases, and what went wrong in each.
async fn played(
    target: Target,
    script: impl Fn(&Case, Target) -> Vec<Step>,
) -> Vec<(Case, Option<Error>)> {
    let program = target.start().await;
    let cases = cases().into_iter().filter(|case| case.targets.contains(&target));
    let playing = cases.map(|case| {
        let (address, steps) = (program.address, script(&case, target));
        async move { (case, play(address, steps).await.err()) }
    });
    stream::iter(playing).buffer_unordered(AT_ONCE).collect().await
}

async fn all_keep_the_rules(target: Target) {
    let played = played(target, Case::script).await;
    let failed = played.iter().filter_map(|(case, error)| Some((case, error.as_ref()?)));
    let failed: Vec<_> = failed
        .map(|(Case { name, rule, .. }, error)| format!("{name}: {error:#}\n    {rule}"))
        .collect();
    assert!(failed.is_empty(), "{} of {}\n{}\n", failed.len(), played.len(), failed.join("\n"));
}

#[tokio::test]
async fn raw_echo_keeps_the_rules() {
    all_keep_the_rules(Target::RawEcho).await;
}

#[tokio::test]
async fn echo_keeps_the_rules() {
    all_keep_the_rules(Target::Echo).await;
}

#[tokio::test]
async fn full_chat_keeps_the_rules() {
    all_keep_the_rules(Target::FullChat).await;
}

/// A case that asks for something else than what comes must say so.
#[tokio::test]
async fn every_case_can_fail() {
    let passed: Vec<_> = played(Target::RawEcho, Case::turned)
        .await
        .into_iter()
        .chain(played(Target::FullChat, Case::turned).await)
        .filter_map(|(case, error)| error.is_none().then_some(case.name))
        .collect();
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn every_case_names_its_section_and_its_duty() {
    let mut names = BTreeSet::new();
    for case in cases() {
        let Case { name, rule, .. } = &case;
        let chapter = case.section().split('.').next().and_then(|number| number.parse::<u8>().ok());
        assert!(chapter.is_some_and(|chapter| (4..=11).contains(&chapter)), "{name}: no section");
        let duty = ["MUST ", "MUST NOT ", "SHOULD ", "MAY "];
        assert!(duty.iter().any(|duty| rule.starts_with(duty)), "{name}: {rule}");
        assert!(names.insert(name.clone()), "{name} is there twice");
        for known in &case.exceptions {
            assert!(case.targets.contains(&known.target), "{name}: {} is no target", known.target);
        }
    }
}
