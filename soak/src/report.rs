//! The result of a run as text, and whether the run is good.

use std::fmt;

use crate::ledger::Findings;
use crate::options::Options;
use crate::vitals::Vitals;
use ws101_soak::server::{Ended, Stats};

/// The memory that the server may hold at the end beyond what it held after the warm-up.
const MEMORY: u64 = 8 * 1024 * 1024;

/// The result of a run.
pub struct Report {
    pub options: Options,
    pub findings: Findings,
    /// Before the first client.
    pub start: Vitals,
    /// After the warm-up, when all kinds of clients had connected.
    pub warm: Vitals,
    pub peak: Vitals,
    /// After all clients left.
    pub end: Vitals,
    /// The server's own counters at the end.
    pub stats: Stats,
    pub ended: Ended,
}

impl Report {
    /// Why the run failed; empty if it is good.
    pub fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        let mut expect = |good: bool, words: &str| {
            if !good {
                failures.push(words.to_owned());
            }
        };
        let Self { start, warm, end, findings, ended, .. } = self;
        expect(
            findings.faults() == 0,
            "messages were lost or out of order, or a well-behaved client was disconnected",
        );
        expect(
            findings.said > 0 && findings.heard > findings.said,
            "no client received lines of another",
        );
        expect(end.connections == 0, "connections stayed open");
        expect(end.descriptors <= start.descriptors, "the server did not free its descriptors");
        let allowed = warm.memory.map(|bytes| bytes + MEMORY);
        expect(end.memory <= allowed, "the server did not free its memory");
        expect(ended.panics == 0, "the server panicked");
        expect(ended.status.success(), "the server ended with an error");
        failures
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { options, findings, stats, ended, .. } = self;
        let Options { time, seed, witnesses, roamers, faults } = options;
        writeln!(f, "{} s, seed {seed}", time.as_secs())?;
        writeln!(f, "{witnesses} witnesses, {roamers} roamers, {faults} faults at a time")?;
        writeln!(f)?;
        let Findings { said, heard, lives, .. } = findings;
        writeln!(f, "lines sent    {said:>10}, in {lives} connections")?;
        writeln!(f, "received      {heard:>10}")?;
        for (name, count) in [
            ("lost", findings.lost),
            ("doubled", findings.doubled),
            ("out of order", findings.out_of_order),
            ("misnumbered", findings.misnumbered),
            ("wronged", findings.wronged),
        ] {
            writeln!(f, "{name:<13} {count:>10}")?;
        }
        writeln!(f)?;
        for (name, vitals) in
            [("start", self.start), ("warm", self.warm), ("peak", self.peak), ("end", self.end)]
        {
            writeln!(f, "{name:<6} {vitals}")?;
        }
        writeln!(f)?;
        for (fault, outcomes) in &findings.visits {
            let visits: u64 = outcomes.values().sum();
            write!(f, "{fault:<17} {visits:>6}:")?;
            for (outcome, count) in outcomes {
                write!(f, "  {outcome} {count}")?;
            }
            writeln!(f)?;
        }
        writeln!(f)?;
        let Stats { connections_total, messages_in, messages_out, .. } = stats;
        writeln!(
            f,
            "the server counted {connections_total} connections, {messages_in} messages in, {messages_out} out"
        )?;
        write!(f, "closed with      ")?;
        for (code, count) in &stats.closes {
            write!(f, "  {code} {count}")?;
        }
        writeln!(f)?;
        let status = ended.status;
        writeln!(
            f,
            "ended with       {status}, after {:.1} s; panics {}",
            ended.took.as_secs_f32(),
            ended.panics
        )?;
        for words in &findings.words {
            writeln!(f, "  {words}")?;
        }
        let failures = self.failures();
        let verdict = if failures.is_empty() { "good".to_owned() } else { failures.join("; ") };
        writeln!(f, "\n{verdict}")
    }
}
