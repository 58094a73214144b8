//! Delivery: whatever is said, cut, repeated, saved and restarted, a client that resumes shows each message
//! once, in the order of the room, and is told when some are missing.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::disk::Disk;
use super::world::{Action, PIPE, World, action, action_or_change, play, show};

/// How many lasting events the small histories keep, about.
const FEW: usize = 1_000;

/// No client shows a message twice or out of order, none lacks one without having been told, and every
/// line that was sent has an answer.
fn is_delivered(world: &World) -> Result<(), TestCaseError> {
    for client in &world.clients {
        prop_assert!(client.open.is_empty(), "no answer: {:?}", client.open);
        let messages: Vec<_> = client.shown.iter().flatten().collect();
        let ids: BTreeSet<_> = messages.iter().map(|(epoch, _, id)| (epoch, id)).collect();
        prop_assert_eq!(ids.len(), messages.len(), "shown twice: {:?}", &client.shown);
        // Between two warnings, all of the room's messages are there.
        for part in client.shown.split(Option::is_none) {
            let shown: Vec<_> = part.iter().flatten().collect();
            let (Some((epoch, first, _)), Some((_, last, _))) = (shown.first(), shown.last())
            else {
                continue;
            };
            let range = (epoch.clone(), *first)..=(epoch.clone(), *last);
            for ((_, seq), id) in world.ledger.range(range) {
                let is_shown = shown.iter().any(|(_, number, name)| number == seq && name == id);
                // A deleted one is not shown to those who had not read it.
                let post = client.posts.get(seq);
                let is_deleted = post.is_some_and(|post| post.content.is_none());
                prop_assert!(
                    is_shown || is_deleted,
                    "{id} ({seq}) is missing: {:?}",
                    &client.shown
                );
            }
            prop_assert!(shown.is_sorted_by(|a, b| a.1 < b.1), "disorder: {:?}", &client.shown);
        }
    }
    Ok(())
}

/// How many times in a schedule the server was started again, and how many times without all that had happened:
/// after the store had failed.
fn restarts(actions: &[(usize, Action)]) -> [usize; 2] {
    let mut restarts = [0, 0];
    let mut has_failed = false;
    for (_, action) in actions {
        match action {
            Action::Fail => has_failed = true,
            Action::Restart => {
                restarts[0] += 1;
                restarts[1] += usize::from(std::mem::take(&mut has_failed));
            }
            _ => {}
        }
    }
    restarts
}

fn most_warnings(world: &World, most: usize) -> Result<(), TestCaseError> {
    for client in &world.clients {
        let warnings = client.shown.iter().filter(|shown| shown.is_none()).count();
        prop_assert!(warnings <= most, "{warnings} warnings of {most}: {:?}", client.shown);
    }
    Ok(())
}

/// No message was shown twice, and everyone shows all that was confirmed, though the server was killed.
fn is_in_one_life(world: &World) -> Result<(), TestCaseError> {
    for client in &world.clients {
        let shown: Vec<_> = client.shown.iter().flatten().collect();
        let ids: BTreeSet<_> = shown.iter().map(|(_, _, id)| id).collect();
        prop_assert_eq!(ids.len(), shown.len(), "shown twice: {:?}", &client.shown);
        let confirmed = world
            .ledger
            .iter()
            .filter(|((_, seq), _)| shown.first().is_some_and(|first| first.1 <= *seq));
        for ((_, seq), id) in confirmed {
            prop_assert!(ids.contains(id), "{id} ({seq}) was confirmed, and is gone");
        }
    }
    Ok(())
}

/// A newcomer is told of each message as everyone shows it, and as it was confirmed last. A deleted text is
/// nowhere.
fn is_as_confirmed(world: &World) -> Result<(), TestCaseError> {
    let mut posts = BTreeMap::new();
    for event in &world.history {
        show(&mut posts, event);
    }
    for client in &world.clients {
        for (seq, post) in &client.posts {
            prop_assert_eq!(Some(post), posts.get(seq), "of {}: {:?}", seq, &world.history);
        }
    }
    for (seq, request) in &world.changes {
        let event = world.history.iter().find(|event| event["seq"] == *seq);
        prop_assert_eq!(event.map(|event| &event["target"]), Some(&request["seq"]));
        let target = request["seq"].as_u64().unwrap_or_default();
        let content = posts.get(&target).and_then(|post| post.content.as_deref());
        if request["type"] == "delete" {
            prop_assert_eq!(content, None, "{} was deleted", target);
        } else if request["type"] == "edit" {
            let mut later = world.changes.range(seq + 1..);
            let is_last =
                !later.any(|(_, other)| other["seq"] == request["seq"] && other["type"] != "react");
            let text = request["content"].as_str();
            prop_assert!(!is_last || content == text, "{content:?} instead of {text:?}");
        }
    }
    for event in &world.history {
        let target = event["target"].as_u64().filter(|_| event["type"] == "edited");
        let post = target.and_then(|target| posts.get(&target));
        if let (Some(post), Some(text)) = (post, event["content"].as_str()) {
            prop_assert_eq!(post.content.as_deref(), Some(text), "an old text is kept");
        }
    }
    Ok(())
}

chance! {
    /// Messages are changed, and the server is killed: all that was confirmed is there, and authors are
    /// authors still.
    fn a_restart_with_a_store_keeps_changes(actions in vec(action_or_change(), 0..60)) {
        // Clients have tokens if there is a change.
        let actions = [vec![(0, Action::Say), (0, Action::Edit)], actions].concat();
        let world = play(PIPE / 2, Some(Disk::new()), actions);
        is_delivered(&world)?;
        most_warnings(&world, 0)?;
        is_as_confirmed(&world)?;
    }

    /// A history that keeps everything: nobody is told that something is missing, but after a restart.
    fn a_client_that_resumes_misses_nothing(actions in vec(action(0), 0..60)) {
        let [restarts, _] = restarts(&actions);
        let world = play(PIPE / 2, None, actions);
        is_delivered(&world)?;
        most_warnings(&world, restarts)?;
    }

    /// A history that keeps few events: whoever misses more is told.
    fn a_client_is_told_of_a_gap(actions in vec(action(0), 0..60)) {
        is_delivered(&play(FEW, None, actions))?;
    }

    /// A history in a store: a restart is no more than a cut.
    fn a_restart_with_a_store_loses_nothing(actions in vec(action(0), 0..60)) {
        let world = play(PIPE / 2, Some(Disk::new()), actions);
        is_delivered(&world)?;
        most_warnings(&world, 0)?;
        is_in_one_life(&world)?;
    }

    /// A store that fails: it is as if there were none from then on, and nothing was confirmed that it lacks.
    fn a_store_that_fails_is_told_of(actions in vec(action(1), 0..60)) {
        let [_, restarts] = restarts(&actions);
        let world = play(PIPE / 2, Some(Disk::new()), actions);
        is_delivered(&world)?;
        most_warnings(&world, restarts)?;
    }
}
