//! Tests all rules, and finds the test that ends the whole server.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use http::StatusCode;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::cause::Cause;
use super::evidence::Seen;
use super::probe::probe;
use super::reaction::Reaction;
use super::rules::{Observed, RULES, RuleVerdict};
use super::target::{AGAIN, Target};
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
    let shut = tests.not_opened();
    if !shut.is_empty() {
        // A server may let in only a few at once: the witness leaves, and the tests come one by one.
        witness.leave().await;
        // After the time, the rest is not known.
        let _ = timeout(AGAIN, tests.run_again(&shut)).await;
    }
    if let [first, ..] = tests.not_opened()[..]
        && let Some(answer) = refusal(target, peer).await
    {
        let cause = Cause::LetsInNoMore { answer, after: before(first) };
        return (Some(cause), tests.verdicts());
    }
    if witness.has_ended_late().await {
        return (Some(Cause::Died), tests.verdicts());
    }
    let is_deaf = tests.met_silence() && witness.is_new_one_deaf().await;
    let cause = Cause::LetsInNoMore { answer: Seen::Silence, after: None };
    (is_deaf.then_some(cause), tests.verdicts())
}

/// The section and the words of the rule that was tested before this one; `None` for the first, which are tested
/// at the same time.
fn before(index: usize) -> Option<(&'static str, &'static str, &'static str)> {
    let is_alone = |index: &usize| !RULES[*index].is_gentle();
    let last = (0..index).rfind(is_alone).filter(|_| is_alone(&index));
    last.map(|last| (RULES[last].section, RULES[last].english, RULES[last].russian))
}

/// The answer to a handshake, if it is still a refusal.
async fn refusal(target: &Target, peer: SocketAddr) -> Option<Seen> {
    let request = target.request().to_bytes(&target.address.authority());
    match Seen::of(&probe(target, peer, &request).await) {
        Seen::Status(StatusCode::SWITCHING_PROTOCOLS) => None,
        answer @ (Seen::Status(_) | Seen::Silence) => Some(answer),
        // The server may have ended.
        _ => None,
    }
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

    /// The indexes of the tests that were not let in.
    fn not_opened(&self) -> Vec<usize> {
        let shut = self.observed.iter().filter(|(_, (_, seen))| *seen == Reaction::NotOpened);
        shut.map(|(&index, _)| index).collect()
    }

    /// Whether a connection was let in and got no answer.
    fn met_silence(&self) -> bool {
        self.observed.values().any(|(_, seen)| *seen == Reaction::Silence)
    }

    /// Runs these tests again, one by one, until one of them is not let in again. Cancel safe: what a test that
    /// was cut short has observed before stays.
    async fn run_again(&mut self, indexes: &[usize]) {
        for index in indexes {
            drop(self.start(*index));
            self.finish().await;
            if self.observed.get(index).is_some_and(|(_, seen)| *seen == Reaction::NotOpened) {
                return;
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
