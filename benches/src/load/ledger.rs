//! Which client sent which message, and which clients received it. Counts messages that are lost,
//! doubled or in another order.

use std::time::{Duration, Instant};

use super::Outcome;

/// Every message, and the progress of every receiver.
pub struct Ledger {
    sent: Vec<Sent>,
    /// The order that all must agree on: the numbers as the first receiver of each got them.
    order: Vec<u32>,
    /// The position of each client in it.
    heard: Vec<usize>,
    /// The last message of each sender that any client received.
    last: Vec<Option<u32>>,
    /// Whether every client receives only its own messages.
    echo: bool,
    missing: u64,
    outcome: Outcome,
}

struct Sent {
    speaker: usize,
    at: Instant,
    missing: usize,
}

impl Ledger {
    /// A ledger for `clients` clients.
    pub fn new(clients: usize, echo: bool) -> Self {
        Self {
            sent: Vec::new(),
            order: Vec::new(),
            heard: vec![0; clients],
            last: vec![None; clients],
            echo,
            missing: 0,
            outcome: Outcome::default(),
        }
    }

    /// How many messages were sent.
    pub fn said(&self) -> usize {
        self.sent.len()
    }

    /// How many deliveries are missing.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Records a message and returns its number.
    pub fn say(&mut self, speaker: usize, at: Instant) -> u32 {
        let missing = if self.echo { 1 } else { self.heard.len() };
        self.missing += missing as u64;
        self.sent.push(Sent { speaker, at, missing });
        self.sent.len() as u32 - 1
    }

    /// Records that `client` received message `number`. Returns the sender if no other client still
    /// misses the message.
    pub fn heard(
        &mut self,
        client: usize,
        number: u32,
        at: Instant,
        bytes: usize,
    ) -> Option<usize> {
        let Some(sent) = self.sent.get_mut(number as usize) else {
            self.outcome.disordered += 1;
            return None;
        };
        let speaker = sent.speaker;
        let position = self.heard[client];
        let next = |last: &mut Option<u32>| last.replace(number) < Some(number);
        let in_order = if self.echo {
            speaker == client && next(&mut self.last[client])
        } else if let Some(expected) = self.order.get(position) {
            *expected == number
        } else {
            self.order.push(number);
            next(&mut self.last[speaker])
        };
        self.heard[client] += 1;
        self.outcome.disordered += u64::from(!in_order);
        self.outcome.deliveries += 1;
        self.outcome.bytes += bytes as u64;
        self.outcome.latency.add(at - sent.at);
        let missing = sent.missing.checked_sub(1)?;
        sent.missing = missing;
        self.missing -= 1;
        (missing == 0).then_some(speaker)
    }

    /// The result.
    pub fn close(self, wall: Duration) -> Outcome {
        Outcome { lost: self.missing, wall, ..self.outcome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two clients. The second sends three messages, and each receives the given numbers.
    fn after(heard: [&[u32]; 2]) -> Outcome {
        let mut ledger = Ledger::new(2, false);
        let now = Instant::now();
        for _ in 0..3 {
            ledger.say(1, now);
        }
        for (client, numbers) in heard.iter().enumerate() {
            for number in *numbers {
                ledger.heard(client, *number, now, 0);
            }
        }
        ledger.close(Duration::ZERO)
    }

    #[test]
    fn what_everyone_hears_in_order_is_whole() {
        let outcome = after([&[0, 1, 2], &[0, 1, 2]]);
        assert_eq!((outcome.lost, outcome.disordered, outcome.deliveries), (0, 0, 6));
    }

    #[test]
    fn a_gap_is_noticed_and_so_is_a_repetition() {
        assert_eq!(after([&[0, 1, 2], &[0, 2]]).lost, 1);
        assert_eq!(after([&[0, 1, 2], &[0, 2]]).disordered, 1);
        assert_eq!(after([&[0, 1, 2], &[0, 1, 1, 2]]).disordered, 2);
    }

    #[test]
    fn another_order_is_noticed_at_one_and_at_all() {
        assert_eq!(after([&[0, 1, 2], &[0, 2, 1]]).disordered, 2);
        assert_eq!(after([&[1, 0, 2], &[1, 0, 2]]).disordered, 1);
    }
}
