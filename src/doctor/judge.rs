//! Tests all rules, and finds the test that ends the whole server.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::cause::Cause;
use super::reaction::Reaction;
use super::rules::{Observed, RULES, RuleVerdict};
use super::target::Target;
use super::witness::{Look, Witness};

/// Tests all rules at `peer`; the verdicts come in the order of [`RULES`]. The first value is the cause if
/// one of the tests ended the whole server.
///
/// The gentle tests run first, at the same time. Of the others each begins alone, so that it is known
/// which of them a server dies of.
///
/// Cancel safe: dropping the future closes the connections.
pub(super) async fn judge(target: &Target, peer: SocketAddr) -> (Option<Cause>, Vec<RuleVerdict>) {
    let mut witness = Witness::new(target, peer).await;
    let mut tests = Tests { target, peer, running: JoinSet::new(), observed: BTreeMap::new() };
    let (gentle, others): (Vec<_>, Vec<_>) =
        (0..RULES.len()).partition(|&index| RULES[index].is_gentle());
    for index in gentle {
        tests.start(index);
    }
    tests.finish().await;
    if witness.look().await == Look::Dead {
        return (Some(Cause::Died), tests.verdicts());
    }
    for index in others {
        if !witness.outlives(|| tests.start(index)).await {
            // The tests beside it saw the end of the server, which answers none of their questions.
            tests.running.abort_all();
            tests.finish().await;
            tests.observed.insert(index, (Some(false), Reaction::Gone));
            return (Some(RULES[index].death()), tests.verdicts());
        }
    }
    tests.finish().await;
    let death = witness.has_ended_late().await.then_some(Cause::Died);
    (death, tests.verdicts())
}

/// The tests that run, and what those that have ended have observed.
struct Tests<'t> {
    target: &'t Target,
    peer: SocketAddr,
    running: JoinSet<(usize, Observed)>,
    /// By the index of the rule.
    observed: BTreeMap<usize, Observed>,
}

impl Tests<'_> {
    /// Starts the test of a rule. The receiver tells that it has ended.
    fn start(&mut self, index: usize) -> oneshot::Receiver<()> {
        let (target, peer) = (self.target.clone(), self.peer);
        let (ending, ended) = oneshot::channel();
        self.running.spawn(async move {
            let observed = RULES[index].test(&target, peer).await;
            // The receiver may be gone.
            let _ = ending.send(());
            (index, observed)
        });
        ended
    }

    /// Waits until all tests have ended. Cancel safe.
    async fn finish(&mut self) {
        while let Some(ended) = self.running.join_next().await {
            // An error means that it was aborted.
            if let Ok((index, observed)) = ended {
                self.observed.insert(index, observed);
            }
        }
    }

    /// A verdict for each rule. A test that did not end has met the end of the server.
    fn verdicts(mut self) -> Vec<RuleVerdict> {
        let verdicts = RULES.into_iter().enumerate().map(|(index, rule)| {
            let observed = self.observed.remove(&index);
            let (kept, seen) = observed.unwrap_or((None, Reaction::Gone));
            RuleVerdict { rule, kept, seen }
        });
        verdicts.collect()
    }
}
