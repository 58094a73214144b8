//! Looks up what was sent last, to find out whether a server has died of it.

use super::Transcript;
use super::lane::Lane;
use crate::wst::{Action, Ask, End, Expectation, Item, Observation, Part};

impl Transcript {
    /// The last line about something that a client sent: a request, a frame or bytes, but no pong or
    /// close frame by which it answered.
    ///
    /// A request behind the reset of another connection, which is reset as well, does not count: the
    /// server was ending already, and never read it.
    #[must_use]
    pub fn last_sent(&self) -> Option<&Item> {
        let lines: Vec<_> = self.lines(0).collect();
        let is_sent = |at: usize| match lines[at].1 {
            Item::Action(_, Action::Connection(_) | Action::Fault(_) | Action::FaultsOff) => false,
            Item::Action(_, Action::Ask(_)) => {
                let next = lines[at + 1..].iter().find(|(lane, _)| *lane == lines[at].0);
                let is_lost = next.is_some_and(|(_, item)| is_reset(item));
                !(is_lost && at > 0 && is_reset(lines[at - 1].1))
            }
            // An answer stands behind what it answers.
            Item::Action(..) => {
                let before = at.checked_sub(1).map(|before| lines[before]);
                let (lane, item) = lines[at];
                !before.is_some_and(|(other, cause)| lane == other && item.answers(cause))
            }
            _ => false,
        };
        (0..lines.len()).rev().find(|&at| is_sent(at)).map(|at| lines[at].1)
    }

    /// The answer by which the server refused this client's last request, or else the end of the connection.
    pub(crate) fn how_it_ended(&self, lane: usize) -> Option<&Item> {
        let lines = self.lines(0).filter(|(of, _)| *of == Some(lane)).map(|(_, item)| item);
        let lines: Vec<_> = lines.collect();
        let asked =
            lines.iter().rposition(|item| matches!(item, Item::Action(_, Action::Ask(_))))?;
        let seen = |wanted: fn(&Observation) -> bool| {
            let mut since = lines[asked..].iter().copied();
            since.find(|item| matches!(item, Item::Expectation(_, seen) if wanted(&seen.what)))
        };
        let refusal = seen(|what| matches!(what, Observation::Answer(_)));
        let refusal = refusal.filter(|item| !is_101(item));
        refusal.or_else(|| seen(|what| matches!(what, Observation::End(_))))
    }

    /// The path of the last request that the server has answered by 101, with its query.
    #[must_use]
    pub fn opened_target(&self) -> Option<&str> {
        let lines: Vec<_> = self.lines(0).collect();
        let opened = lines.iter().rposition(|(_, item)| is_101(item))?;
        let lane = lines[opened].0;
        let asked = lines[..opened].iter().rev().filter(|(other, _)| *other == lane);
        asked.into_iter().find_map(|(_, item)| match item {
            Item::Action(_, Action::Ask(Ask::Usual { target, .. })) => match &target.0[..] {
                [Part::Plain(target)] => Some(target.as_str()),
                // The query has something in it that is not the same for all clients.
                [Part::Plain(front), ..] => front.split_once('?').map(|(path, _)| path),
                _ => None,
            },
            _ => None,
        })
    }

    /// Whether the server has answered one of the hidden pings of a client that is still known.
    #[must_use]
    pub fn has_answered_pings(&self) -> bool {
        self.lanes.iter().any(Lane::has_answered_fence)
    }

    /// Whether the server has sent anything: an answer, a frame or other bytes.
    #[must_use]
    pub fn has_received(&self) -> bool {
        self.lines(0).any(|(_, item)| match item {
            Item::Expectation(_, Expectation { what, .. }) => matches!(
                what,
                Observation::Answer(_) | Observation::Stray(_) | Observation::Frame(_)
            ),
            _ => false,
        })
    }
}

fn is_reset(item: &Item) -> bool {
    let Item::Expectation(_, Expectation { what, .. }) = item else { return false };
    matches!(what, Observation::End(End::Reset))
}

fn is_101(item: &Item) -> bool {
    let Item::Expectation(_, Expectation { what: Observation::Answer(answer), .. }) = item else {
        return false;
    };
    answer.statuses == [101]
}
